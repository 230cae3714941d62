"""A bell that wakes everybody who waits for something to have happened, and forgets nobody who came late."""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager


class Signal:
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


class Signals:
    """A bell for each (channel, bot, address), so that a letter wakes only those who wait for it."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, str, str], set[asyncio.Event]] = {}

    @property
    def listened_for(self) -> Collection[tuple[str, str, str]]:
        """Return the addresses that somebody waits at."""
        return self._listeners.keys()

    @contextmanager
    def listening(self, addresses: Iterable[tuple[str, str, str]]) -> Iterator[asyncio.Event]:
        """Give an event that is set by each ring at one of the addresses. Who listens before looking misses none."""
        wanted, event = set(addresses), asyncio.Event()
        for address in wanted:
            self._listeners.setdefault(address, set()).add(event)
        try:
            yield event
        finally:
            for address in wanted:
                self._listeners[address].discard(event)
                if not self._listeners[address]:
                    del self._listeners[address]

    def ring(self, addresses: Iterable[tuple[str, str, str]]) -> None:
        """Wake those who wait at these addresses."""
        for address in addresses:
            for event in self._listeners.get(address, ()):
                event.set()
