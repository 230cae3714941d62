"""`hoctap serve` and its database."""

from pathlib import Path

import pytest
import typer

from bot.commands.running import alone_with
from bot.store.core.database import Database


async def test_a_sqlite_file_has_one_server_and_is_free_again_when_that_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hoctap.db").touch()
    first, second = (Database(f"sqlite+aiosqlite:///{tmp_path / 'hoctap.db'}") for _ in range(2))
    with alone_with(first, "is taken"), pytest.raises(typer.Exit), alone_with(second, "is taken"):
        pass
    assert capsys.readouterr().err == "hoctap: DATABASE_URL is taken\n"
    with alone_with(second, "is taken"):
        pass


async def test_several_servers_share_a_postgresql_database() -> None:
    shared = Database("postgresql+asyncpg://hoctap@127.0.0.1:1/hoctap")
    with alone_with(shared, "is taken"), alone_with(shared, "is taken"):
        pass
    await shared.close()
