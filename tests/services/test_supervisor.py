"""The supervisor: what fails is named and rests, and what does not fail goes on."""

import asyncio

from bot.services.supervisor import FIRST_REST, LONGEST_REST, MOST_RESTING, Supervisor


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
