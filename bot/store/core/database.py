"""The connection to the database: SQLite beside the program, or PostgreSQL where one machine is not enough."""

import asyncio
import errno
import fcntl
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote

import structlog
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

from bot.store.core.sqlite_connection import connect

# Set on every connection and read back, for a PRAGMA that is not understood is silently ignored.
# synchronous 2 is FULL: a committed turn outlives a power cut. Checkpoints hold everybody up while the disk writes:
# 64 MB of log are worked off at once, in which most pages come many times, instead of the 4 MB of SQLite's own choice.
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 10_000,
    "temp_store": 2,
    # What is deleted is overwritten, in free pages, too.
    "secure_delete": 1,
    # Kibibytes. What is not in it is read from the system's cache, which turns do not notice; 64 MB of it did fill up.
    "cache_size": -8_192,
    "wal_autocheckpoint": 16_384,
}
POSTGRES_CONNECTIONS = 8
# Kept open: each has a thread, and what is opened only for a rush is closed after a single use.
SQLITE_READERS = 8
SECONDS_BETWEEN_TRIES = 0.005
SECONDS_AWAY = 1.0
MOST_LOST_RACES = 4
# What PostgreSQL says when two transactions waited for each other: the same at once again goes well.
LOST_RACES = frozenset({"40001", "40P01"})
# What it says while it stops, starts, fails over to another machine or has a lock taken; classes 08 (connection),
# 53 (disk, memory, connections) and 58 (its machine) pass as a whole (PostgreSQL manual, appendix A).
PASSING = LOST_RACES | {"57P01", "57P02", "57P03", "55P03", "25006"}
PASSING_CLASSES = frozenset({"08", "53", "58"})
# Primary result codes of SQLite that pass: busy, locked, no memory, read-only, I/O error, full, cannot open, protocol.
PASSING_ON_SQLITE = frozenset({5, 6, 7, 8, 10, 13, 14, 15})
# What the system says when it cannot reach a server; ENOENT is a socket that is gone. A file that cannot be written is
# somebody else's trouble.
UNREACHABLE = frozenset({None, errno.ENOENT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})

T = TypeVar("T")
log = structlog.get_logger()


class DatabaseUnusable(Exception):
    """The database cannot be opened or is not set up; the message says what to do."""


class LostRace(Exception):
    """Somebody else changed a row between its reading and its writing: what was decided on it must be decided anew."""


class Database:
    """One writer and any number of readers.

    SQLite before 3.51.3 can corrupt a WAL that two connections write, and several writers stall each other: so there
    is one writing connection, taken in turns, and commands beside a running server wait for their turn, too, by a lock
    on a file beside the database. PostgreSQL locks rows, and writes on several connections.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = _engine(self.url, is_sqlite=self.is_sqlite)
        self._reader = _reading_engine(self.url) if self.is_sqlite else self._writer
        self._turn_to_write = asyncio.Lock()
        self._lock_file: IO[str] | None = None

    def is_missing(self) -> bool:
        """Tell whether there is no database file yet."""
        return self.is_sqlite and not Path(self.url.database or "").exists()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end, or rolls back when left by an error."""
        if not self.is_sqlite:
            async with self._writer.begin() as connection:
                yield connection
            return
        async with self._turn_to_write, self._alone(), self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Keep every other process from writing. The lock goes with the process, however it dies."""
        if not self.url.database or self.url.database == ":memory:":
            yield
            return
        if self._lock_file is None:
            self._lock_file = _lock_file(Path(f"{self.url.database}.writing"))
        while not _is_taken(self._lock_file):  # noqa: ASYNC110 - another process rings no bell
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection that only reads."""
        async with self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection that reads everything as it is at one moment, however long that takes."""
        async with self.reading() as connection:
            if not self.is_sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                yield connection
                return
            await connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                await connection.exec_driver_sql("ROLLBACK")

    async def close(self) -> None:
        """Close all connections. The last one of a SQLite file writes what is left in its log."""
        await self._reader.dispose()
        if self._lock_file is None:
            await self._writer.dispose()
            return
        async with self._turn_to_write, self._alone():
            await self._writer.dispose()
        self._lock_file.close()
        self._lock_file = None


def _lock_file(path: Path) -> IO[str]:
    try:
        return path.open("a")
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL is not usable: {path}: {error.strerror}") from error


def _is_taken(lock: IO[str]) -> bool:
    """Tell whether the lock is ours now. Asked again and again: a thread that waits for it could not be called off."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _engine(url: URL, *, is_sqlite: bool) -> AsyncEngine:
    if not is_sqlite:
        return create_async_engine(url, pool_size=POSTGRES_CONNECTIONS, pool_pre_ping=True, hide_parameters=True)
    path = url.database or ""
    # `writing` always ends its transaction, so there is nothing to roll back when the connection is given back.
    engine = create_async_engine(
        url, poolclass=StaticPool, pool_reset_on_return=None, hide_parameters=True, async_creator=lambda: connect(path)
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _reading_engine(url: URL) -> AsyncEngine:
    path = url.database or ""
    read_only = f"file:{quote(path)}?mode=ro"
    # Each statement reads by itself, so there is nothing to roll back, which would be another visit to the thread.
    return create_async_engine(
        url, poolclass=AsyncAdaptedQueuePool, pool_size=SQLITE_READERS, hide_parameters=True,
        isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True,
        async_creator=lambda: connect(read_only, uri=True),
    )  # fmt: skip


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for name, wanted in PRAGMAS.items():
        cursor.execute(f"PRAGMA {name} = {wanted}")
        cursor.execute(f"PRAGMA {name}")
        found = cursor.fetchone()[0]
        if found != wanted:
            raise DatabaseUnusable(f"SQLite keeps PRAGMA {name} at {found}, {wanted} is needed")
    cursor.close()


def is_unreachable(error: BaseException) -> bool:
    """Tell whether the database is away, locked or full, so that the same may work in a moment.

    Told by SQLSTATE and by SQLite's result codes: a statement that is wrong stays wrong, whatever class its error has.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, NoConnectionFree | ConnectionError | TimeoutError | socket.gaierror):
        return True
    said = error.orig if isinstance(error, DBAPIError) else error  # asyncpg's own where no connection came about
    state, code = getattr(said, "sqlstate", None), getattr(said, "sqlite_errorcode", None)
    if state is not None:
        return state in PASSING or state[:2] in PASSING_CLASSES
    if code is not None:
        return code & 0xFF in PASSING_ON_SQLITE
    return isinstance(said, OSError) and said.filename is None and said.errno in UNREACHABLE


def is_lost_race(error: BaseException) -> bool:
    """Tell whether a transaction came too late, or was ended so that another one could go on."""
    if isinstance(error, LostRace):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in LOST_RACES


async def despite_races(work: Callable[[], Awaitable[T]]) -> T:
    """Do a piece of work, and again at once when it lost a race. Who loses too often has other trouble: it raises."""
    for _attempt in range(MOST_LOST_RACES):
        try:
            return await work()
        except (DBAPIError, LostRace) as error:
            if not is_lost_race(error):
                raise
            log.info("race_lost")
    return await work()


async def retry_while_unreachable(work: Callable[[], Awaitable[T]]) -> T:
    """Do a round of work, again at once when it lost a race, and again after a moment while the database is away."""
    while True:
        try:
            return await despite_races(work)
        except Exception as error:
            if not is_unreachable(error):
                raise
            log.warning("database_away", error=type(error).__name__)
            await asyncio.sleep(SECONDS_AWAY)


async def check_reachable(database: Database) -> None:
    """Raise DatabaseUnusable when the database does not answer."""
    try:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:
        raise DatabaseUnusable(f"DATABASE_URL is not usable: the database does not answer: {error}") from error
