"""The supervisor: what fails is named and rests, and what does not fail goes on."""

import asyncio
from collections.abc import Callable

import pytest

from bot.services.supervisor import FIRST_REST, LONGEST_REST, LONGEST_STANDSTILL, MOST_RESTING, Supervisor


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds that went by."""
        return self.seconds


async def broken() -> bool:
    raise ValueError("year 20266 is out of range")


async def sound() -> bool:
    return True


async def test_a_work_that_fails_is_named_rests_and_is_forgotten_when_it_succeeds() -> None:
    watch = Watch()
    supervisor = Supervisor(watch)
    assert await supervisor.attempt("reminders", broken) is False
    assert list(supervisor.failing()) == ["reminders"]
    assert supervisor.failing()["reminders"].startswith("ValueError since ")
    assert await supervisor.attempt("reminders", sound) is False, "it rests"
    assert await supervisor.attempt("notices", sound), "others do not"
    watch.seconds += FIRST_REST
    assert await supervisor.attempt("reminders", sound)
    assert supervisor.failing() == {}


async def test_the_rest_grows_and_is_bounded() -> None:
    watch = Watch()
    supervisor = Supervisor(watch)
    for _time in range(30):
        await supervisor.attempt("notice 7", broken)
        watch.seconds += LONGEST_REST - 1
    await supervisor.attempt("notice 7", broken)
    watch.seconds += LONGEST_REST - 1
    assert await supervisor.attempt("notice 7", sound) is False
    watch.seconds += 1
    assert await supervisor.attempt("notice 7", sound)


async def test_items_that_rest_are_known_by_number_and_forgotten_when_nobody_tries_them_again() -> None:
    watch = Watch()
    supervisor = Supervisor(watch)
    await supervisor.attempt("notice 7", broken)
    await supervisor.attempt("report 8", broken)
    assert supervisor.rests("notice ") == [7]
    watch.seconds += FIRST_REST + LONGEST_REST
    assert supervisor.failing() == {}


async def test_no_more_items_that_rest_are_told_than_a_query_takes() -> None:
    supervisor = Supervisor(Watch())
    for number in range(MOST_RESTING + 1):
        await supervisor.attempt(f"notice {number}", broken)
    assert len(supervisor.rests("notice ")) == MOST_RESTING


async def test_a_work_that_fails_goes_on_after_its_rest_and_never_ends() -> None:
    done = asyncio.Event()
    tried: list[int] = []

    async def work() -> bool:
        tried.append(len(tried))
        if len(tried) == 1:
            raise ValueError
        done.set()
        return False

    watch = Watch()

    def monotonic() -> float:
        watch.seconds += FIRST_REST
        return watch.seconds

    keeping = asyncio.create_task(Supervisor(monotonic).keep("work", work, idle=0))
    await asyncio.wait_for(done.wait(), 10)
    assert not keeping.done()
    keeping.cancel()


class Crashing:
    """What should run for ever, but fails so many times at first. Then it is done, or waits to be stopped."""

    def __init__(self, times: int, *, done: bool = False) -> None:
        self.left = times
        self.done = done
        self.runs = asyncio.Event()
        self.rests: list[float] = []

    async def __call__(self) -> None:
        """Run."""
        if self.left:
            self.left -= 1
            raise ExceptionGroup("several", [ValueError("one"), KeyError("another")])
        self.runs.set()
        await asyncio.sleep(0 if self.done else 3600)

    async def rest(self, seconds: float) -> None:
        """Note how long a rest should be."""
        self.rests.append(seconds)
        await asyncio.sleep(0)


async def test_what_runs_for_ever_begins_anew_after_a_failure_and_is_named_until_it_is_well() -> None:
    work, begin = Crashing(1), asyncio.Event()

    async def until_told(seconds: float) -> None:
        await begin.wait()

    supervisor = Supervisor(rest=until_told, seconds_well=0.01)
    running = asyncio.create_task(supervisor.run("turns", work))
    await until(lambda: bool(supervisor.failing()))
    assert supervisor.failing()["turns"].startswith("ValueError since ")
    begin.set()
    await asyncio.wait_for(work.runs.wait(), 10)
    await until(lambda: not supervisor.failing())
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_the_rests_of_a_crash_loop_grow_and_are_bounded() -> None:
    work = Crashing(10, done=True)
    supervisor = Supervisor(lambda: 0.0, work.rest)
    await asyncio.wait_for(supervisor.run("turns", work), 10)
    assert work.rests == [1.0, 2.0, 4.0, 8.0, 16.0, *[LONGEST_STANDSTILL] * 5]
    assert supervisor.failing() == {}, "it is done"


async def test_a_stop_ends_a_rest_at_once() -> None:
    resting = asyncio.Event()

    async def rest(seconds: float) -> None:
        resting.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(Supervisor(rest=rest).run("turns", Crashing(1)))
    await asyncio.wait_for(resting.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 10)


async def test_a_cancellation_that_nobody_asked_for_is_a_failure_like_any_other() -> None:
    async def cancelled() -> bool:
        raise asyncio.CancelledError

    supervisor = Supervisor()
    assert await supervisor.attempt("web", cancelled) is False
    assert supervisor.failing()["web"].startswith("CalledOff since ")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.001)
