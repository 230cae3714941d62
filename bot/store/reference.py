"""What all turns share: units, rounds and criteria sets, read anew when their version number has grown."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import msgspec
import structlog
from sqlalchemy import Row, ScalarSelect, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import criteria_sets, reference_version, rounds, units
from flows.criteria import CriteriaSet, Group
from flows.facts import NO_LINKS, Links, Reference
from flows.notices import QUIET, QuietHours
from flows.questions import Choice
from flows.rounds import PHASES, Round, usual_phases
from flows.units import Unit, UnitTree

_set_decoder = msgspec.json.Decoder(CriteriaSet)
_aliases_decoder = msgspec.json.Decoder(tuple[str, ...])
_set_ids_decoder = msgspec.json.Decoder(dict[str, str])
_GROUPS = frozenset(get_args(Group))
_ALL_SETS = select(criteria_sets.c.pin, criteria_sets.c.body).order_by(criteria_sets.c.id)
AnyRow = Row[*tuple[Any, ...]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReferenceRead:
    """The reference at a version, and every criteria set there ever was, by pin."""

    version: int
    reference: Reference
    by_pin: Mapping[str, CriteriaSet]


def current_version() -> ScalarSelect[int]:
    """Return the version as something to select along with other rows."""
    return select(reference_version.c.version).where(reference_version.c.id == 1).scalar_subquery()


async def read_version(connection: AsyncConnection) -> int:
    """Return the version there is now."""
    return (await connection.execute(select(current_version()))).scalar_one()


async def mark_changed(connection: AsyncConnection) -> None:
    """Let every running instance read the reference anew."""
    await connection.execute(update(reference_version).values(version=reference_version.c.version + 1))


async def read_reference(
    connection: AsyncConnection,
    links: Links = NO_LINKS,
    quiet: QuietHours = QUIET,
    languages: tuple[Choice, ...] = (),
    before: ReferenceRead | None = None,
) -> ReferenceRead:
    """Read everything shared. The newest version of a criteria set is the last one imported.

    Units that are the same as before stay the same tree, with its index of names.
    """
    version = await read_version(connection)
    sets = list(_sets(await connection.execute(_ALL_SETS)))
    units_now = await read_units(connection)
    reference = Reference(
        units=before.reference.units if before is not None and before.reference.units == units_now else units_now,
        rounds=tuple([_round(row) for row in await connection.execute(select(rounds).order_by(rounds.c.id))]),
        criteria={criteria.id: criteria for _pin, criteria in sets},
        links=links,
        quiet=quiet,
        languages=languages,
    )
    return ReferenceRead(version, reference, dict(sets))


def _sets(rows: Iterable[AnyRow]) -> Iterator[tuple[str, CriteriaSet]]:
    """Yield the criteria sets by pin, without those that only a newer version can read."""
    for row in rows:
        try:
            yield row.pin, _set_decoder.decode(row.body)
        except msgspec.DecodeError:
            log.warning("criteria_set_unreadable", pin=row.pin)


async def read_units(connection: AsyncConnection) -> UnitTree:
    """Read the tree of units."""
    return UnitTree.of(
        [
            Unit(
                row.id,
                row.code,
                row.name,
                row.kind,
                row.parent_id,
                _aliases_decoder.decode(row.aliases),
                row.valid_from,
                row.valid_to,
                row.successor_id,
            )
            for row in await connection.execute(select(units).order_by(units.c.id))
        ]
    )


def _round(row: AnyRow) -> Round:
    set_days = {name: row._mapping[name] for name in PHASES if row._mapping[name] is not None}
    phases = replace(usual_phases(row.year, row.opens, row.closes), **set_days)
    # A group of a newer version has no form here.
    kept = _set_ids_decoder.decode(row.sets).items()
    sets = {cast(Group, group): set_id for group, set_id in kept if group in _GROUPS}
    return Round(row.id, row.year, row.name, row.unit_id, row.opens, row.closes, sets, phases)
