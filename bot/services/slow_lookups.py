"""What takes long to look up is looked up aside, outside of the turns' transaction: only who asked waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.signals import Signal
from bot.store.core.database import Database, retry_while_unreachable
from flows.conversation.facts import NOTHING_FOUND, Found, Need

MOST_KEPT = 1000

T = TypeVar("T")
Look = Callable[[AsyncConnection], Awaitable[T]]

log = structlog.get_logger()


class SlowLookups:
    """The looks under way, at most one a conversation, and what was found for updates that are not answered yet."""

    def __init__(self, database: Database, done: Signal) -> None:
        self._database = database
        self._done = done
        self._looking: dict[int, asyncio.Task[None]] = {}
        self._found: dict[int, Found] = {}
        self._failed: set[int] = set()

    @property
    def conversations(self) -> list[int]:
        """Return the conversations whose turn waits for a look."""
        return list(self._looking)

    def found_for(self, inbox_id: int) -> Found:
        """Return what was found for an update."""
        return self._found.get(inbox_id, NOTHING_FOUND)

    def has_failed_for(self, inbox_id: int) -> bool:
        """Tell whether something could not be looked up for an update."""
        return inbox_id in self._failed

    def forget(self, inbox_id: int) -> None:
        """Forget what was found for an update that is answered."""
        self._found.pop(inbox_id, None)
        self._failed.discard(inbox_id)

    def look(self, conversation_id: int, inbox_id: int, need: Need[T], look: Look[T]) -> None:
        """Look something up for an update, and ring when it is found."""
        self._looking[conversation_id] = asyncio.create_task(self._look(conversation_id, inbox_id, need, look))

    async def _look(self, conversation_id: int, inbox_id: int, need: Need[T], look: Look[T]) -> None:
        async def read() -> T:
            async with self._database.reading() as connection:
                return await look(connection)

        if len(self._found) + len(self._failed) >= MOST_KEPT:  # of updates that another instance has answered
            self._found.clear()
            self._failed.clear()
        try:
            found = await retry_while_unreachable(read)
            self._found.setdefault(inbox_id, Found()).put(need, found)
        except Exception:
            log.exception("look_failed", inbox_id=inbox_id)
            self._failed.add(inbox_id)
        del self._looking[conversation_id]
        self._done.ring()

    async def finish(self) -> None:
        """Wait until everything is found."""
        if self._looking:
            await asyncio.wait(self._looking.values())

    def stop(self) -> None:
        """Give up what is looked for and forget what was found: whoever answers those updates looks again."""
        for task in self._looking.values():
            task.cancel()
        self._looking.clear()
        self._found.clear()
        self._failed.clear()
