"""Servers of one database keep their files in one folder."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from bot.services.evidence_folder import EvidenceFolder, FolderIsAnother
from bot.services.files import MARK, FileStore
from bot.store.core.database import Database
from bot.store.core.tables import leases, reference_version
from tests.databases import Databases


def server(database: Database, folder: Path) -> EvidenceFolder:
    """Return a server's part in a folder."""
    return EvidenceFolder(database, FileStore(folder))


async def test_on_postgresql_a_second_server_with_a_folder_of_its_own_is_refused(
    databases: Databases, tmp_path: Path
) -> None:
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        first = server(database, tmp_path / "shared")
        await first.take()
        await server(database, tmp_path / "shared").take()
        with pytest.raises(FolderIsAnother, match="EVIDENCE_URL"):
            await server(database, tmp_path / "its-own").take(longest_wait=0)
        await first.keep()
        # Both see the same folder again, whatever is in it.
        (tmp_path / "shared" / MARK).rename(tmp_path / "its-own" / MARK)
        await server(database, tmp_path / "its-own").take(longest_wait=0)
        with pytest.raises(FolderIsAnother):
            await first.keep()
        await database.close()


async def test_on_postgresql_a_server_waits_until_one_with_another_folder_has_ended(
    databases: Databases, tmp_path: Path
) -> None:
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        await server(database, tmp_path / "before").take()
        starting = asyncio.create_task(server(database, tmp_path / "after").take())
        async with database.writing() as connection:
            await connection.execute(delete(leases))
        await starting
        await database.close()


async def test_a_lone_server_may_lose_its_mark_and_is_told_of_another_folder(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await server(database, tmp_path / "evidence").take()
    async with database.writing() as connection:
        await connection.execute(delete(leases))
    (tmp_path / "evidence" / MARK).unlink()
    lone = server(database, tmp_path / "evidence")
    await lone.take(longest_wait=0)
    await lone.keep()
    assert capsys.readouterr().out.count("evidence_folder_is_new") == 1
    async with database.reading() as connection:
        known = await connection.scalar(select(reference_version.c.evidence_folder))
    assert known == (tmp_path / "evidence" / MARK).read_text()
    await server(database, tmp_path / "evidence").take()
    assert "evidence_folder_is_new" not in capsys.readouterr().out


async def test_a_folder_that_cannot_be_used_keeps_nobody_from_being_answered(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "evidence").write_text("a file")
    broken = server(database, tmp_path / "evidence")
    await broken.take()
    assert "evidence_folder_unusable" in capsys.readouterr().out
    with pytest.raises(OSError, match="evidence"):
        await broken.keep()
