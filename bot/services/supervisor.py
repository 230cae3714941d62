"""The supervisor of what runs for ever: a failure costs the work or item that failed, is known, and is tried again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import structlog

from bot.services.stopping import to_the_end
from bot.store.core.database import is_unreachable, retry_while_unreachable

log = structlog.get_logger()

FIRST_REST = 1.0
LONGEST_REST = 600.0
# What everybody waits for is tried more often. It is well again once it ran for some seconds.
LONGEST_STANDSTILL = 30.0
SECONDS_WELL = 10.0
MOST_RESTING = 500
SECONDS_TO_GIVE_UP = 5.0

Work = Callable[[], Awaitable[bool]]
T = TypeVar("T")


class Lease(Protocol):
    """The right of one of several instances to do a work."""

    async def holds(self) -> bool:
        """Take or keep the right."""
        ...

    async def renew(self) -> None:
        """Keep the right for ever."""
        ...

    async def give_up(self) -> None:
        """Let another instance have the right."""
        ...


@dataclass(frozen=True, slots=True)
class Failing:
    """What fails: since when, how often by now, with what, and until when it rests."""

    since: datetime
    times: int
    error: str
    rests_until: float


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class CalledOff(Exception):
    """A work was cancelled, but nobody had asked for that."""


class Supervisor:
    """Does works again and again. It knows which of them, or which of their items, fail now."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seconds_well: float = SECONDS_WELL,
    ) -> None:
        self._monotonic = monotonic
        self._rest = rest
        self._seconds_well = seconds_well
        self._failing: dict[str, Failing] = {}

    async def run(self, name: str, forever: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run what runs for ever, or until it is done, and begin it anew after each failure and a rest.

        It is named among what fails until it is done or has run for some seconds; the rest grows until then.
        """
        while True:
            well = asyncio.get_running_loop().call_later(self._seconds_well, self._forget, name)
            try:
                # In a task of its own: one in which a task group failed looks as if it was cancelled ever after.
                await _unless_called_off(lambda: asyncio.create_task(forever()))
            except Exception as error:
                failing = self._note(name, error, LONGEST_STANDSTILL)
            else:
                return self._forget(name)
            finally:
                well.cancel()
            await self._rest(failing.rests_until - self._monotonic())

    async def keep(self, name: str, work: Work, idle: float, busy: float = 0.0, lease: Lease | None = None) -> None:
        """Do a work for ever, with a pause after each round: a shorter one while there is more to do at once."""

        async def again() -> bool:
            return await self.attempt(name, lambda: led(lease, work))

        async with given_up_at_the_end(lease):
            while True:
                more = await retry_while_unreachable(again)
                await asyncio.sleep(busy if more else idle)

    async def attempt(self, name: str, work: Work) -> bool:
        """Do a round of a work unless it rests after a failure. False when it rests or fails.

        Raises only when the database is away, which the caller waits for.
        """
        failed = self._failing.get(name)
        if failed is not None and self._monotonic() < failed.rests_until:
            return False
        try:
            more = await _unless_called_off(work)
        except Exception as error:
            if is_unreachable(error):
                raise
            self._note(name, error, LONGEST_REST)
            return False
        self._forget(name)
        return more

    def rests(self, prefix: str) -> list[int]:
        """Return the numbers of the items that rest, whose names are this and a number: as many as a query takes."""
        at = self._monotonic()
        resting = [name for name, one in self._failing.items() if name.startswith(prefix) and at < one.rests_until]
        return [int(name.removeprefix(prefix)) for name in resting[:MOST_RESTING]]

    def failing(self) -> Mapping[str, str]:
        """Return what fails, with its error and since when."""
        return {name: f"{one.error} since {one.since:%Y-%m-%dT%H:%M:%SZ}" for name, one in self._present()}

    def _present(self) -> Iterator[tuple[str, Failing]]:
        """Yield what fails, without the items that nobody tried again: they were withdrawn meanwhile."""
        over = self._monotonic() - LONGEST_REST
        self._failing = {name: one for name, one in self._failing.items() if one.rests_until > over}
        yield from sorted(self._failing.items())

    def _note(self, name: str, error: Exception, longest: float) -> Failing:
        log.error("work_failed", work=name, exc_info=error)
        before = self._failing.get(name)
        times = before.times + 1 if before is not None else 1
        rest = min(longest, FIRST_REST * 2.0 ** min(times - 1, 10))
        since = before.since if before is not None else now()
        self._failing[name] = failing = Failing(since, times, _name(error), self._monotonic() + rest)
        return failing

    def _forget(self, name: str) -> None:
        self._failing.pop(name, None)


def _name(error: BaseException) -> str:
    """Name an error; of several at once the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


async def _unless_called_off(work: Callable[[], Awaitable[T]]) -> T:
    """Do a work. Raises CalledOff when it ends by a cancellation that is not one of this task."""
    task = asyncio.current_task()
    assert task is not None
    try:
        return await work()
    except asyncio.CancelledError as error:
        if task.cancelling():
            raise
        raise CalledOff from error
    except Exception as error:
        if task.cancelling():  # a task group forgets a stop that comes while one of its tasks fails
            raise asyncio.CancelledError from error
        raise


async def led(lease: Lease | None, work: Work) -> bool:
    """Do a round of a work if this instance leads it; the lease is renewed however long the round is."""
    if lease is None:
        return await work()
    if not await lease.holds():
        return False
    renewing = asyncio.create_task(lease.renew())
    try:
        return await work()
    finally:
        renewing.cancel()
        await asyncio.wait([renewing])  # lest it takes the lease once more when that is given up


@asynccontextmanager
async def given_up_at_the_end(lease: Lease | None) -> AsyncIterator[None]:
    """Give a lease up when the block is left, so that nobody waits until it ends. When that fails it ends by itself."""
    try:
        yield
    finally:
        if lease is not None:
            await to_the_end(_give_up(lease))


async def _give_up(lease: Lease) -> None:
    try:
        async with asyncio.timeout(SECONDS_TO_GIVE_UP):
            await lease.give_up()
    except Exception as error:
        log.warning("lease_not_given_up", error=type(error).__name__)
