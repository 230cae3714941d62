"""What instances on one PostgreSQL call to each other: a name, and nothing else. SQLite has one instance."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.store.core.database import Database


class Line:
    """A connection on which a name is called and heard."""

    def __init__(self, connection: Any, name: str) -> None:
        self._connection = connection
        self._name = name

    async def call(self) -> None:
        """Let all others hear the name."""
        await self._connection.execute(f"NOTIFY {self._name}")

    def check(self) -> None:
        """Raise ConnectionError once the connection is lost."""
        if self._connection.is_closed():
            raise ConnectionError("the line is lost")


@asynccontextmanager
async def listening(database: Database, name: str, heard: Callable[[], None]) -> AsyncIterator[Line]:
    """Hear when others call a name, until the block is left. It keeps a connection of the pool for itself."""
    async with database.reading() as connection:
        own = (await connection.get_raw_connection()).driver_connection
        assert own is not None

        def hear(_connection: Any, process: int, _name: str, _payload: str) -> None:
            if process != own.get_server_pid():
                heard()

        await own.add_listener(name, hear)
        try:
            yield Line(own, name)
        finally:
            if own.is_closed():
                await connection.invalidate()
            else:
                await own.remove_listener(name, hear)
