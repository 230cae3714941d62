"""A signal that rings in all instances on one PostgreSQL: what one of them queues, another one sends."""

import asyncio
from collections.abc import Callable

from bot.services.runtime import Runtime
from bot.store.core.database import retry_while_unreachable
from bot.store.core.listening import Line, listening

NAME = "hoctap_letters_queued"
CHECK_SECONDS = 1.0
LONGEST_CALL = 5.0


class SharedSignal:
    """Calls to the others when letters were queued here, unless they are sent here, and rings here when others call.

    The line may be lost, and calls with it. Then a courier finds out when it looks again by itself, a second later.
    """

    def __init__(self, runtime: Runtime, is_sent_here: Callable[[], bool]) -> None:
        self._runtime = runtime
        self._signal = runtime.letters_queued
        self._is_sent_here = is_sent_here
        self._rings_of_others = 0

    async def run(self) -> None:
        """Call and hear for ever, on a new line when one is lost."""
        await retry_while_unreachable(self._share)

    async def _share(self) -> None:
        async with listening(self._runtime.database, NAME, self._hear) as line:
            called = -1  # nobody knows what was missed on both sides before this line
            self._hear()
            while True:
                rings = self._signal.rings
                called = await self._call(line, called)
                await self._signal.wait(rings, CHECK_SECONDS)
                line.check()

    def _hear(self) -> None:
        self._rings_of_others += 1
        self._signal.ring()

    async def _call(self, line: Line, called: int) -> int:
        """Call when this instance has rung since it called last. Returns how often it has."""
        rings = self._signal.rings - self._rings_of_others
        if rings != called and not self._is_sent_here():
            async with asyncio.timeout(LONGEST_CALL):
                await line.call()
        return rings
