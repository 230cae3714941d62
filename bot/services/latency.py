"""How long people wait for their turn, over the last seconds and right now: notices make way for them."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

WINDOW_SECONDS = 5.0


class Latency:
    """The waits of the last seconds, in seconds."""

    def __init__(self) -> None:
        self._waits: deque[tuple[float, float]] = deque(maxlen=2000)
        self._waiting = 0
        self._nobody_waits = asyncio.Event()

    @contextmanager
    def somebody_waits(self) -> Iterator[None]:
        """Tell that somebody's turn or reply is being worked on, until the block is left."""
        self._waiting += 1
        self._nobody_waits.clear()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._nobody_waits.set()

    async def until_nobody_waits(self, most: float) -> None:
        """Let people go first, if that is over within so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                while self._waiting:
                    await self._nobody_waits.wait()

    def note(self, seconds: float) -> None:
        """Keep how long somebody waited."""
        self._waits.append((time.monotonic(), seconds))

    def p99(self) -> float:
        """Return the 99th percentile. One that is slow alone is a hiccup of the disk: of fewer than two hundred it is
        what the second slowest took, and 0 when hardly anybody waited lately."""
        since = time.monotonic() - WINDOW_SECONDS
        waits = sorted(seconds for at, seconds in self._waits if at >= since)
        hiccups = max(1, len(waits) // 100)
        return waits[-1 - hiccups] if len(waits) > hiccups else 0.0
