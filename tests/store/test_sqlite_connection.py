"""The SQLite connection: how often it visits its thread, and what becomes of what goes along with a later visit."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.store.core.sqlite_connection import MOST_ROWS, SqliteConnection, connect


class Counted(SqliteConnection):
    """A connection that counts its visits."""

    visits = 0

    async def visit(self, work: Callable[[sqlite3.Cursor], list[Any]]) -> list[Any]:
        """Count and visit."""
        self.visits += 1
        return await super().visit(work)


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Counted]:
    file = tmp_path / "one.db"
    sqlite3.connect(file).execute("CREATE TABLE words (word TEXT NOT NULL UNIQUE)").connection.close()
    opened = Counted(lambda: sqlite3.connect(file, isolation_level="IMMEDIATE", check_same_thread=False))
    async with opened:
        yield opened


async def write(connection: SqliteConnection, *words: str | None) -> None:
    await connection.cursor().executemany("INSERT INTO words VALUES (?)", [(word,) for word in words])


async def words_in(connection: SqliteConnection) -> list[str]:
    found = await connection.cursor().execute("SELECT word FROM words ORDER BY word")
    return [word for (word,) in await found.fetchall()]


async def test_statements_with_many_rows_share_the_visit_of_the_commit(connection: Counted) -> None:
    await write(connection, "an", "ba")
    await write(connection, "ca")
    await connection.commit()
    assert connection.visits == 1
    assert await words_in(connection) == ["an", "ba", "ca"]


async def test_what_waits_is_there_for_the_next_statement(connection: Counted) -> None:
    await write(connection, "an")
    assert await words_in(connection) == ["an"]
    assert connection.visits == 1


async def test_what_is_committed_is_seen_by_others(connection: Counted, tmp_path: Path) -> None:
    await write(connection, "an")
    await connection.commit()
    other = connect(tmp_path / "one.db")
    async with other:
        assert await words_in(other) == ["an"]


async def test_what_waits_is_forgotten_by_a_rollback(connection: Counted) -> None:
    await write(connection, "an")
    await connection.rollback()
    await connection.commit()
    assert await words_in(connection) == []


async def test_what_is_wrong_is_raised_by_what_comes_next(connection: Counted) -> None:
    await write(connection, None)
    with pytest.raises(sqlite3.IntegrityError):
        await words_in(connection)


async def test_a_commit_that_fails_leaves_nothing_behind(connection: Counted) -> None:
    await write(connection, "an")
    await write(connection, None)
    with pytest.raises(sqlite3.IntegrityError):
        await connection.commit()
    assert not connection.in_transaction
    assert await words_in(connection) == []


async def test_what_is_written_in_bulk_does_not_pile_up(connection: Counted) -> None:
    for start in range(0, 4 * MOST_ROWS, 100):
        await write(connection, *(str(number) for number in range(start, start + 100)))
    assert connection.visits == 3
    await connection.commit()
    assert len(await words_in(connection)) == 4 * MOST_ROWS
