"""How many books are read in each village: a row each time, with nobody's name."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.lists import is_among
from bot.store.core.reference import ReferenceRead
from bot.store.core.tables import Key, metadata, units
from flows.conversation.facts import Found
from flows.reading.needs import AnyNeed, BooksWanted
from flows.reading.records import AnyRecord

books_read = Table(
    "books_read",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("unit_id", Key, ForeignKey(units.c.id), nullable=False, index=True),
    Column("books", Integer, nullable=False),
)

_COUNT = (
    select(books_read.c.unit_id, func.sum(books_read.c.books).label("books"))
    .where(is_among(books_read.c.unit_id, "units"))
    .group_by(books_read.c.unit_id)
)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    return _find_books


async def _find_books(
    connection: AsyncConnection, needs: Sequence[BooksWanted], found: Found, shared: ReferenceRead
) -> None:
    rows = await connection.execute(_COUNT, {"units": [need.unit_id for need in needs]})
    counted = {row.unit_id: row.books for row in rows}
    for need in needs:
        found.put(need, counted.get(need.unit_id, 0))


class Rows:
    """The books of a batch."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into a row."""
        self._rows.append({"unit_id": record.unit_id, "books": record.books})

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await execute_many(connection, insert(books_read), self._rows)
