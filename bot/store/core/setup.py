"""What is set up before and between rounds: criteria sets, rounds, invitations, units."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.reference import mark_changed, read_version
from bot.store.core.tables import criteria_sets, invitations, rounds, units
from flows.domain.criteria import CriteriaSet, Group
from flows.domain.people import RoleKind
from flows.domain.rounds import PHASES
from flows.domain.units import Unit, numbered

MOST_CODES = 1000
# With so many new rows PostgreSQL would think of a table as it was, and count slowly, until it looks after a minute.
MANY = 1000
# All numbers are one parameter: one statement a unit takes PostgreSQL ten times as long.
_RENUMBER = {
    "sqlite": """
        UPDATE units SET first = json_extract(value, '$[1]'), last = json_extract(value, '$[2]')
        FROM json_each(:changed) WHERE units.id = json_extract(value, '$[0]')
    """,
    "postgresql": """
        UPDATE units SET first = (value->>1)::integer, last = (value->>2)::integer
        FROM json_array_elements(CAST(:changed AS json)) WHERE units.id = (value->>0)::bigint
    """,
}

NO_PHASES: Mapping[str, date | int] = {}


class VersionTaken(Exception):
    """Another text has this set id and version already."""


async def add_criteria(connection: AsyncConnection, sets: Iterable[CriteriaSet], now: datetime) -> list[CriteriaSet]:
    """Add the sets that are not there yet and return them. Raises VersionTaken."""
    rows = await connection.execute(select(criteria_sets.c.set_id, criteria_sets.c.version, criteria_sets.c.pin))
    pins = {(row.set_id, row.version): row.pin for row in rows}
    new = []
    for criteria in sets:
        known = pins.get((criteria.id, criteria.version))
        if known is None:
            new.append(criteria)
        elif known != criteria.pin:
            raise VersionTaken(f"{criteria.id} {criteria.version} is there already with another text")
    if new:
        await connection.execute(
            insert(criteria_sets),
            [
                {
                    "set_id": criteria.id,
                    "version": criteria.version,
                    "pin": criteria.pin,
                    "body": msgspec.json.encode(criteria),
                    "imported_at": now,
                }
                for criteria in new
            ],
        )
        await mark_changed(connection)
    return new


async def save_round(
    connection: AsyncConnection,
    *,
    year: int,
    name: str,
    unit_id: int,
    opens: date,
    closes: date,
    sets: Mapping[Group, str],
    phases: Mapping[str, date | int] = NO_PHASES,
) -> int:
    """Add a round, or change the one of this year and unit. `phases` are the days that are not as usual. Returns its
    id."""
    days = {"opens": opens, "closes": closes, **{phase: phases.get(phase) for phase in PHASES}}
    values = {"name": name, **days, "sets": msgspec.json.encode(sets)}
    same = (rounds.c.year == year) & (rounds.c.unit_id == unit_id)
    round_id = (await connection.execute(select(rounds.c.id).where(same))).scalar()
    if round_id is None:
        added = await connection.execute(
            insert(rounds).values(year=year, unit_id=unit_id, **values).returning(rounds.c.id)
        )
        round_id = added.scalar_one()
    else:
        await connection.execute(update(rounds).where(rounds.c.id == round_id).values(**values))
    await mark_changed(connection)
    return int(round_id)


async def add_invitation(
    connection: AsyncConnection, digest: str, role: RoleKind, unit_id: int, expires: datetime, about: int | None = None
) -> None:
    """Add an invitation by the digest of its token; one that is about a role lets who holds it in again."""
    added = {"digest": digest, "role": role, "unit_id": unit_id, "expires": expires, "replaces": about}
    await connection.execute(insert(invitations).values(added))


async def save_units(connection: AsyncConnection, wanted: Sequence[Unit], parents: Mapping[str, str]) -> None:
    """Add units or change them by code. `parents` maps a code to its parent's code; ids of the values are ignored."""
    # Who changes units at the same time waits here, so that numbers are those of one tree.
    await mark_changed(connection)
    changed_in = await read_version(connection)
    codes = {unit.code for unit in wanted}.union(parents.values())
    before = await _places(connection, codes)
    new = [{"code": unit.code, **_unit_values(unit)} for unit in wanted if unit.code not in before]
    if new:
        await connection.execute(insert(units), new)
    known = await _places(connection, codes) if new else before
    # Parents are set once all units are there: one may lie in another that comes after it.
    changed = [
        {
            "known_id": known[unit.code].id,
            "parent_id": known[parents[unit.code]].id if unit.code in parents else None,
            "changed_in": changed_in,
            **_unit_values(unit),
        }
        for unit in wanted
    ]
    if changed:
        await connection.execute(update(units).where(units.c.id == bindparam("known_id")), changed)
    parents_before = {place.id: place.parent_id for place in known.values()}
    if new or any(one["parent_id"] != parents_before[one["known_id"]] for one in changed):
        await number_units(connection)
    if len(new) >= MANY and connection.dialect.name == "postgresql":
        await connection.execute(text("ANALYZE units"))


async def number_units(connection: AsyncConnection) -> None:
    """Number the tree of units anew, where it has changed."""
    rows = (await connection.execute(select(units.c.id, units.c.parent_id, units.c.first, units.c.last))).all()
    now = numbered({row.id: row.parent_id for row in rows})
    before = {row.id: (row.first, row.last) for row in rows}
    changed = [(id_, *span) for id_, span in now.items() if before[id_] != span]
    if changed:
        renumber = _RENUMBER[connection.dialect.name]
        await connection.execute(text(renumber), {"changed": msgspec.json.encode(changed).decode()})


async def _places(connection: AsyncConnection, codes: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """Return where units lie, by code: their id and that of their parent. Those that are not there are left out."""
    wanted = sorted(codes)
    found: dict[str, Row[*tuple[Any, ...]]] = {}
    for start in range(0, len(wanted), MOST_CODES):
        some = units.c.code.in_(wanted[start : start + MOST_CODES])
        rows = await connection.execute(select(units.c.code, units.c.id, units.c.parent_id).where(some))
        found |= {row.code: row for row in rows}
    return found


def _unit_values(unit: Unit) -> dict[str, Any]:
    return {
        "name": unit.name,
        "kind": unit.kind,
        "aliases": msgspec.json.encode(unit.aliases),
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
    }
