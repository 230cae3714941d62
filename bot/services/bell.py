"""A bell that wakes everybody who waits for something to have happened, and forgets nobody who came late."""

import asyncio


class Bell:
    """Counts its rings, so that one between looking and waiting is not missed."""

    def __init__(self) -> None:
        self.rings = 0
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait."""
        self.rings += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, heard: int, seconds: float) -> None:
        """Return once it has rung more often than was heard, or after so many seconds."""
        if self.rings > heard:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
