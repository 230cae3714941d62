"""People as they tell about themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.tables import people
from flows.registration.records import AnyRecord, PersonAdded, PersonSaved

_CHANGE_PERSON = (
    update(people)
    .where(people.c.id == bindparam("_id"))
    .values({name: bindparam(name) for name in ("name", "birth_year", "unit_id", "group", "representative")})
)


async def insert_new(connection: AsyncConnection, batch: Sequence[Decided], now: datetime) -> Mapping[int, int]:
    """Insert the people of turns that make somebody known, or one more on a phone. Returns their ids by the turn's
    inbox id."""
    new = {
        one.turn.inbox_id: {**_row(record), **_help(one, record), "created_at": now}
        for one in batch
        for record in one.decision.records
        if isinstance(record, PersonAdded) or (isinstance(record, PersonSaved) and one.turn.person_id is None)
    }
    if not new:
        return {}
    statement = insert(people).returning(people.c.id, sort_by_parameter_order=True)
    return dict(zip(new, await connection.scalars(statement, list(new.values())), strict=True))


def _help(one: Decided, record: AnyRecord) -> dict[str, Any]:
    """Return who fills in for a new person, if somebody does."""
    added = one.decision.facts.person if isinstance(record, PersonAdded) and record.helped else None
    return {"helper_id": added.helper_id, "helper": added.helper} if added else {"helper_id": None, "helper": None}


class Rows:
    """What a batch changes about people who are known already."""

    def __init__(self) -> None:
        self._changed: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        if isinstance(record, PersonSaved) and one.turn.person_id is not None:  # else they have been inserted
            self._changed.append({"_id": one.turn.person_id, **_row(record)})

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await execute_many(connection, _CHANGE_PERSON, self._changed)


def _row(record: AnyRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "birth_year": record.birth_year,
        "unit_id": record.unit_id,
        "group": record.group,
        "representative": record.representative,
    }
