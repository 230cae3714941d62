"""A signal that rings in all instances: who calls, and that nobody answers a call with a call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from bot.services.runtime import Runtime
from bot.services.shared_signal import NAME, SharedSignal
from bot.services.signals import Signal
from bot.store.core.database import Database
from bot.store.core.listening import listening
from tests.databases import Databases
from tests.sample import CATALOGUES, ZONE


@pytest.fixture
async def postgresql(databases: Databases) -> AsyncIterator[Database]:
    """A migrated, empty database."""
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        yield database
        await database.close()


class Instance:
    """A server that queues letters, and sends them itself or not."""

    def __init__(self, database: Database, *, sends: bool = False) -> None:
        self.runtime = Runtime(database, CATALOGUES, lambda: datetime.now(UTC), ZONE)
        self.signal = self.runtime.letters_queued
        self.sends = sends

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Call and hear until the block is left."""
        task = asyncio.create_task(SharedSignal(self.runtime, lambda: self.sends).run())
        await self.signal.wait(0, 20)  # what was missed before
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_only_letters_that_are_sent_elsewhere_are_called_out(postgresql: Database) -> None:
    calls = Signal()
    instance = Instance(postgresql, sends=True)
    async with listening(postgresql, NAME, calls.ring), instance.connected():
        for _letter in range(3):
            instance.signal.ring()
            await asyncio.sleep(0)
        instance.sends = False
        for heard in range(2):
            instance.signal.ring()
            await calls.wait(heard, 20)
    assert calls.rings == 2


async def test_nobody_answers_a_call_with_a_call(postgresql: Database) -> None:
    one, other = Instance(postgresql), Instance(postgresql)
    async with one.connected(), other.connected():
        for _letter in range(50):
            heard = other.signal.rings
            one.signal.ring()
            await other.signal.wait(heard, 20)
    assert one.signal.rings <= 50 + 2, "and once for each of the two who came to the line"
