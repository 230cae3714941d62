"""`hoctap serve` and its database."""

from pathlib import Path

import pytest
import typer

from bot.commands.serve import _alone_with
from bot.store.database import Database


async def test_a_sqlite_file_has_one_server_and_is_free_again_when_that_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (Database(f"sqlite+aiosqlite:///{tmp_path / 'hoctap.db'}") for _ in range(2))
    with _alone_with(first), pytest.raises(typer.Exit), _alone_with(second):
        pass
    assert "DATABASE_URL is in use by another hoctap serve" in capsys.readouterr().err
    with _alone_with(second):
        pass


async def test_several_servers_share_a_postgresql_database() -> None:
    shared = Database("postgresql+asyncpg://hoctap@127.0.0.1:1/hoctap")
    with _alone_with(shared), _alone_with(shared):
        pass
    await shared.close()
