"""aiosqlite with one visit to its thread a statement.

Each visit costs as much as a small statement itself. A cursor as shipped makes four: made, executed, fetched, closed.
This one makes, executes, fetches and closes in one. Our statements return few rows, so fetching all at once is right.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

ITER_CHUNK = 64


class OneHopCursor:
    """A cursor that has everything it will ever have once it has executed."""

    def __init__(self, connection: "OneHopConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "OneHopCursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> "OneHopCursor":
        """Execute a statement."""
        return await self._visit(lambda cursor: cursor.execute(statement, parameters or ()))

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> "OneHopCursor":
        """Execute a statement with each set of parameters."""
        return await self._visit(lambda cursor: cursor.executemany(statement, parameters))

    async def _visit(self, work: Callable[[sqlite3.Cursor], object]) -> "OneHopCursor":
        self._rows = await self._connection.visit(lambda: self._run(work))
        return self

    def _run(self, work: Callable[[sqlite3.Cursor], object]) -> list[Any]:
        cursor = self._connection.sqlite.cursor()
        try:
            work(cursor)
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            return cursor.fetchall()
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        """Return the rows."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: it was closed when it had executed."""


class OneHopConnection(aiosqlite.Connection):
    """A connection whose cursors visit its thread once."""

    @property
    def sqlite(self) -> sqlite3.Connection:
        """Return the connection proper, for work inside the thread."""
        return self._conn

    async def visit(self, work: Callable[[], list[Any]]) -> list[Any]:
        """Do work in the connection's thread."""
        found: list[Any] = await self._execute(work)  # type: ignore[no-untyped-call]
        return found

    def cursor(self) -> OneHopCursor:  # type: ignore[override]
        """Make a cursor, which costs nothing before it executes."""
        return OneHopCursor(self)


def connect(path: Path | str, *, uri: bool = False) -> OneHopConnection:
    """Connect to a file. Transactions begin with the first statement that writes, and take the lock at once."""

    def open_file() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level="IMMEDIATE", uri=uri, check_same_thread=False)

    connection = OneHopConnection(open_file, ITER_CHUNK)
    connection._thread.daemon = True
    return connection
