"""Brings a database to a version of its tables, up or down."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.store.core.database import Database, DatabaseUnusable, check_reachable

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic takes as long to load as a tenth of the whole program and is needed when tables change: a start only looks.
_VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"
_NUMBERED = re.compile(r"(\d{4})_\w+\.py")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the tables to a revision; `head` is the newest."""
    if not database.is_sqlite:
        await check_reachable(database)
    async with database.writing() as connection:
        if database.is_sqlite:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would not begin one for a change of tables
        await connection.run_sync(_run, revision)


def _run(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = _config()
    config.attributes["connection"] = connection
    newest = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in newest.walk_revisions()]
    if present is not None and present not in known:
        raise DatabaseUnusable("the database was made by a newer hoctap; install that version")
    if revision not in ("head", "base", *known):
        there = ", ".join(["base", *reversed(known), "head"])
        raise DatabaseUnusable(f"there is no revision {revision!r}; there are: {there}")
    go_down = revision == "base" or (
        present in known and revision in known and known.index(revision) > known.index(present)
    )
    (command.downgrade if go_down else command.upgrade)(config, revision)


async def check_migrated(database: Database) -> None:
    """Raise DatabaseUnusable when the tables are missing or of another version."""
    if database.is_missing():
        raise DatabaseUnusable("there is no database yet; run: hoctap migrate")
    await check_reachable(database)
    if not await is_newest(database):
        raise DatabaseUnusable("the tables are missing or of an older version; run: hoctap migrate")


async def is_newest(database: Database) -> bool:
    """Tell whether the tables are those of this version."""
    return not database.is_missing() and await _present(database) == newest_revision()


async def _present(database: Database) -> str | None:
    """Return the revision of the tables, None when there are none."""
    async with database.reading() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        present: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        return present


def newest_revision() -> str:
    """Return the newest revision that this program knows: migrations are numbered by their file's name."""
    return max(named[1] for path in _VERSIONS.iterdir() if (named := _NUMBERED.fullmatch(path.name)))
