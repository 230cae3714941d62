"""The trail as it is kept: one chain for all, written with the acts it tells of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry, Head, chained
from bot.store.core.database import LostRace
from bot.store.core.lists import is_among
from bot.store.core.tables import people, trail, trail_head

AnyRow = Row[*tuple[Any, ...]]

_HEAD = select(trail_head.c.number, trail_head.c.hash)
_ADD, _MOVE_HEAD = insert(trail), update(trail_head)
_HOLD_PEOPLE = (
    select(people.c.id)
    .where(is_among(people.c.id, "ids"))
    .order_by(people.c.id)
    .with_for_update(read=True, key_share=True)
)
_NO_ACTOR = {"actor_id": None, "actor_salt": None}
_NO_MATTER = {"about_id": None, "owner_id": None, "reason": "", "details": "", "salt": None}


async def append(connection: AsyncConnection, entries: Sequence[Entry], now: datetime) -> None:
    """Add entries to the trail, as the last thing that a transaction does: until it ends, nobody else adds any.

    On PostgreSQL all who act wait for one row, which is held for two statements and the commit. Nothing else is waited
    for meanwhile: who is named is held before. Raises LostRace when one of them was just erased.
    """
    if not entries:
        return
    await _hold_people(connection, entries)
    head = await read_head(connection, hold=True)
    rows = list(chained(head, entries, now))
    await execute_many(connection, _ADD, rows)
    await execute_many(connection, _MOVE_HEAD, [{name: rows[-1][name] for name in ("number", "hash")}])


async def _hold_people(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    named = {id_ for entry in entries for id_ in (entry.actor_id, entry.owner_id) if id_ is not None}
    if not named or connection.dialect.name == "sqlite":
        return
    if len((await connection.execute(_HOLD_PEOPLE, {"ids": sorted(named)})).all()) < len(named):
        raise LostRace("person")


async def read_head(connection: AsyncConnection, *, hold: bool = False) -> Head:
    """Return the last entry's head: its text stands on paper for all that was done until then."""
    row = (await connection.execute(_HEAD.with_for_update() if hold else _HEAD)).one()
    return Head(row.number, row.hash)


async def head_about(
    connection: AsyncConnection, about: str, about_id: int, until: datetime | None = None
) -> Head | None:
    """Return the head at the last entry about something, None where there is none; or at the last one until a moment.
    Its papers show this: the same however often they are printed."""
    last = select(trail.c.number, trail.c.hash).where(*_is_about(about, about_id)).order_by(trail.c.number.desc())
    last = last.where(trail.c.at <= until) if until is not None else last
    row = (await connection.execute(last.limit(1))).first()
    return Head(row.number, row.hash) if row is not None else None


async def forget(connection: AsyncConnection, person_id: int) -> int:
    """Blank who acted, and what is about somebody's own. Returns how much was blanked, which has to be entered."""
    acted = update(trail).where(trail.c.actor_id == person_id).values(_NO_ACTOR)
    owned = update(trail).where(trail.c.owner_id == person_id).values(_NO_MATTER)
    return sum([(await connection.execute(statement)).rowcount for statement in (acted, owned)])


async def rows_after(connection: AsyncConnection, number: int, most: int) -> Sequence[AnyRow]:
    """Return the next rows after a number."""
    following = select(trail).where(trail.c.number > number).order_by(trail.c.number).limit(most)
    return (await connection.execute(following)).all()


async def entries_about(connection: AsyncConnection, about: str, about_id: int) -> Sequence[AnyRow]:
    """Return all entries about something, with the names of those who acted."""
    return (await connection.execute(entries(*_is_about(about, about_id)))).all()


def entries(*which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select entries with the names of those who acted, as far as they are known, in the order in which they did."""
    return (
        select(trail, people.c.name.label("by"))
        .outerjoin(people, people.c.id == trail.c.actor_id)
        .where(*which)
        .order_by(trail.c.number)
    )


def _is_about(about: str, about_id: int) -> tuple[ColumnElement[bool], ...]:
    return trail.c.about == about, trail.c.about_id == about_id
