"""What all turns share: units, rounds and criteria sets, read anew when their version number has grown."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, cast, get_args

import msgspec
import structlog
from sqlalchemy import ColumnElement, Row, ScalarSelect, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.scopes import lies_in
from bot.store.core.tables import assessments, criteria_sets, reference_version, rounds, units
from flows.conversation.facts import NO_LINKS, Links, Reference
from flows.conversation.questions import Choice
from flows.domain.criteria import CriteriaSet, Group
from flows.domain.quiet_hours import QUIET, QuietHours
from flows.domain.rounds import PHASES, Round, usual_phases
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Scope, Unit
from flows.words.place_names import inside_sentence

_set_decoder = msgspec.json.Decoder(CriteriaSet)
_aliases_decoder = msgspec.json.Decoder(tuple[str, ...])
_set_ids_decoder = msgspec.json.Decoder(dict[str, str])
_GROUPS = frozenset(get_args(Group))
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
    """Read everything shared. Of units and criteria sets, only those are read that have changed since `before`."""
    version = await read_version(connection)
    by_pin = await read_criteria(connection, before.by_pin if before is not None else None)
    reference = Reference(
        units=await _read_changed_units(connection, before) if before is not None else await read_units(connection),
        rounds=await read_rounds(connection),
        criteria=newest(by_pin),
        links=links,
        quiet=quiet,
        languages=languages,
    )
    return ReferenceRead(version, reference, by_pin)


async def read_without_tree(connection: AsyncConnection) -> Reference:
    """Read rounds and criteria sets, and of the units only those that rounds are for."""
    have_rounds = await _read_units(connection, units.c.id.in_(select(rounds.c.unit_id)))
    return Reference(have_rounds, await read_rounds(connection), newest(await read_criteria(connection)))


async def read_criteria(
    connection: AsyncConnection, known: Mapping[str, CriteriaSet] | None = None
) -> Mapping[str, CriteriaSet]:
    """Read all criteria sets by pin, in the order in which they were imported. Those that are known stay what they are,
    with what was found out about them."""
    known = known or {}
    pins = (await connection.scalars(select(criteria_sets.c.pin).order_by(criteria_sets.c.id))).all()
    unknown = criteria_sets.c.pin.in_([pin for pin in pins if pin not in known])
    read = dict(_sets(await connection.execute(select(criteria_sets.c.pin, criteria_sets.c.body).where(unknown))))
    return {pin: found for pin in pins if (found := known.get(pin) or read.get(pin)) is not None}


async def criteria_of_form(connection: AsyncConnection, form_id: int) -> CriteriaSet | None:
    """Return the criteria set that a form is pinned to; None where there is no such form, or only a newer version reads
    it."""
    its = select(criteria_sets.c.pin, criteria_sets.c.body).join(assessments).where(assessments.c.id == form_id)
    return next((criteria for _pin, criteria in _sets(await connection.execute(its))), None)


def newest(by_pin: Mapping[str, CriteriaSet]) -> Mapping[str, CriteriaSet]:
    """Return the sets in force, by id: the newest version of a set is the last one imported."""
    return {criteria.id: criteria for criteria in by_pin.values()}


async def read_rounds(connection: AsyncConnection) -> tuple[Round, ...]:
    """Read all rounds."""
    return tuple([_round(row) for row in await connection.execute(select(rounds).order_by(rounds.c.id))])


def _sets(rows: Iterable[AnyRow]) -> Iterator[tuple[str, CriteriaSet]]:
    """Yield the criteria sets by pin, without those that only a newer version can read."""
    for row in rows:
        try:
            yield row.pin, _set_decoder.decode(row.body)
        except msgspec.DecodeError:
            log.warning("criteria_set_unreadable", pin=row.pin)


async def read_units(connection: AsyncConnection) -> UnitTree:
    """Read the tree of units."""
    return await _read_units(connection)


async def _read_changed_units(connection: AsyncConnection, before: ReferenceRead) -> UnitTree:
    changed = await _read_units(connection, units.c.changed_in > before.version)
    return before.reference.units.changed(changed.by_id.values())


async def read_branch(connection: AsyncConnection, unit_id: int) -> UnitTree:
    """Read a unit with what it lies in and all that lies below it."""
    here = or_(units.c.id == unit_id, lies_in(units.c.id, Scope((unit_id,), 1)))
    found = dict((await _read_units(connection, here)).by_id)
    above = found[unit_id].parent_id
    while above is not None:
        found |= (await _read_units(connection, units.c.id == above)).by_id
        above = found[above].parent_id
    return UnitTree(found)


async def _read_units(connection: AsyncConnection, *where: ColumnElement[bool]) -> UnitTree:
    # Put in order here: SQLite would look at all of them to have the few in order.
    rows = sorted(await connection.execute(select(units).where(*where)), key=attrgetter("id"))
    return UnitTree.of([_unit(row) for row in rows])


async def read_unit(connection: AsyncConnection, code: str) -> Unit | None:
    """Read one unit by its code, in whatever letters; None when there is none."""
    for same in (units.c.code == code, func.lower(units.c.code) == code.lower()):  # only the first has an index
        if (row := (await connection.execute(select(units).where(same))).first()) is not None:
            return _unit(row)
    return None


async def unit_name(connection: AsyncConnection, unit_id: int) -> str:
    """Name a unit with what it lies in, without reading all others: `Thôn Đông, xã Thần Khê`."""
    above = units.alias()
    both = select(units.c.name, above.c.name.label("above"), above.c.kind)
    named = both.outerjoin(above, above.c.id == units.c.parent_id)
    row = (await connection.execute(named.where(units.c.id == unit_id))).one()
    return ", ".join((row.name, inside_sentence(row.above))) if row.above and row.kind != "province" else str(row.name)


def _unit(row: AnyRow) -> Unit:
    return Unit(
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


def _round(row: AnyRow) -> Round:
    set_days = {name: row._mapping[name] for name in PHASES if row._mapping[name] is not None}
    phases = replace(usual_phases(row.year, row.opens, row.closes), **set_days)
    # A group of a newer version has no form here.
    kept = _set_ids_decoder.decode(row.sets).items()
    sets = {cast(Group, group): set_id for group, set_id in kept if group in _GROUPS}
    return Round(row.id, row.year, row.name, row.unit_id, row.opens, row.closes, sets, phases)
