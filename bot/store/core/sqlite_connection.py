"""aiosqlite with as few visits to its thread as can be.

Each visit costs more than a small statement itself. A cursor as shipped makes four: made, executed, fetched, closed.
This one makes, executes, fetches and closes in one. Our statements return few rows, so fetching all at once is right.
A statement with many rows returns nothing: it goes along with the next visit, the commit at the latest.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

ITER_CHUNK = 64
# Rows that wait for the next visit. More make one of their own, so that what is written in bulk does not pile up.
MOST_ROWS = 1000

Work = Callable[[sqlite3.Cursor], object]


class SqliteCursor:
    """A cursor that has everything it will ever have once it has executed."""

    def __init__(self, connection: "SqliteConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "SqliteCursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> "SqliteCursor":
        """Execute a statement."""
        self._rows = await self._connection.visit(lambda cursor: self._run(cursor, statement, parameters or ()))
        return self

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> "SqliteCursor":
        """Have a statement executed with each set of parameters, as the connection does. No rows are counted."""
        await self._connection.executemany(statement, parameters)
        return self

    def _run(self, cursor: sqlite3.Cursor, statement: str, parameters: Sequence[Any]) -> list[Any]:
        cursor.execute(statement, parameters)
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        return cursor.fetchall()

    async def fetchall(self) -> list[Any]:
        """Return the rows."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: it was closed when it had executed."""


class SqliteConnection(aiosqlite.Connection):
    """A connection whose cursors visit its thread once, or not at all."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, ITER_CHUNK)
        self._thread.daemon = True
        self._waiting: list[Work] = []
        self._rows_waiting = 0

    def cursor(self) -> SqliteCursor:  # type: ignore[override]
        """Make a cursor, which costs nothing before it executes."""
        return SqliteCursor(self)

    async def executemany(  # type: ignore[override]
        self, statement: str, parameters: Sequence[Sequence[Any]]
    ) -> None:
        """Have a statement executed with each set of parameters before anything else is. What is wrong with it is
        raised by what is executed next."""
        self._waiting.append(lambda cursor: cursor.executemany(statement, parameters))
        self._rows_waiting += len(parameters)
        if self._rows_waiting > MOST_ROWS:
            await self.visit(lambda _cursor: [])

    async def visit(self, work: Callable[[sqlite3.Cursor], list[Any]]) -> list[Any]:
        """Do what waits in the connection's thread, then this."""
        waiting = self._taken()

        def run() -> list[Any]:
            cursor = self._conn.cursor()
            try:
                for earlier in waiting:
                    earlier(cursor)
                return work(cursor)
            finally:
                cursor.close()

        found: list[Any] = await self._execute(run)  # type: ignore[no-untyped-call]
        return found

    def _taken(self) -> list[Work]:
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        return waiting

    async def commit(self) -> None:
        """Do what waits and commit, or else roll back: SQLAlchemy takes a transaction that fails here for ended."""
        try:
            await self.visit(self._commit)
        except BaseException:
            await self.rollback()
            raise

    def _commit(self, _cursor: sqlite3.Cursor) -> list[Any]:
        self._conn.commit()
        return []

    async def rollback(self) -> None:
        """Forget what waits and roll back."""
        self._taken()
        await super().rollback()


def connect(path: Path | str, *, uri: bool = False) -> SqliteConnection:
    """Connect to a file. Transactions begin with the first statement that writes, and take the lock at once."""

    def open_file() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level="IMMEDIATE", uri=uri, check_same_thread=False)

    return SqliteConnection(open_file)
