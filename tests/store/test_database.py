"""The connection to a database: several processes that write one SQLite file take turns."""

import asyncio
import fcntl
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store.core.database import Database, DatabaseUnusable

WRITERS, TIMES = 4, 25


async def test_processes_that_write_one_file_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    writers = [Database(f"sqlite+aiosqlite:///{tmp_path / 'hoctap.db'}") for _ in range(WRITERS)]
    async with writers[0].writing() as connection:
        await connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        await connection.execute(text("INSERT INTO counted VALUES (0)"))

    async def count(writer: Database) -> None:
        for _ in range(TIMES):
            async with writer.writing() as connection:
                n = (await connection.execute(text("SELECT n FROM counted"))).scalar_one()
                await connection.execute(text("UPDATE counted SET n = :n"), {"n": n + 1})

    await asyncio.gather(*map(count, writers))
    async with writers[0].reading() as connection:
        assert (await connection.execute(text("SELECT n FROM counted"))).scalar_one() == WRITERS * TIMES
    for writer in writers:
        await writer.close()


async def test_who_stops_waiting_for_the_turn_leaves_it_to_others(tmp_path: Path) -> None:
    first, second = (Database(f"sqlite+aiosqlite:///{tmp_path / 'hoctap.db'}") for _ in range(2))
    async with first.writing():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), second.writing():
                pass
    with (tmp_path / "hoctap.db.writing").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for database in (first, second):
        await database.close()


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'hoctap.db'}")
    with pytest.raises(DatabaseUnusable, match=r"^DATABASE_URL is not usable: .*No such file or directory"):
        async with database.writing():
            pass
    await database.close()
