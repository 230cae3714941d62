"""People who write at a steady pace whatever happens, and how long each of them waits for the answer."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle

import msgspec

from tests.botapi.ledger import Accepted, Ledger
from tests.botapi.person import Person


class Waits(msgspec.Struct, frozen=True):
    """For each answer, when it was asked for, and how many milliseconds later it arrived at the server; and how many
    did not arrive yet."""

    answered: list[tuple[float, float]]
    unanswered: int


class Chatter:
    """Everybody types the same, one after the other, so many times a second all together."""

    def __init__(self, people: Sequence[Person], text: str, per_second: float) -> None:
        self._people = people
        self._text = text
        self._pause = 1 / per_second
        self._typed: dict[int, list[float]] = defaultdict(list)
        self._task = asyncio.create_task(self._type())

    async def _type(self) -> None:
        """Keep the pace: who was late for one types the next all the sooner."""
        begun = time.monotonic()
        for number, person in enumerate(cycle(self._people)):
            await asyncio.sleep(begun + number * self._pause - time.monotonic())
            self._typed[person.id].append(time.time())
            person.type(self._text)

    async def stop(self) -> None:
        """Fall silent."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def waits(self, ledger: Ledger, notice: str) -> Waits:
        """How long everybody waited for each answer. A notice, known by a part of its text, is none."""
        heard: dict[int, list[Accepted]] = defaultdict(list)
        for entry in ledger.messages:
            if entry.chat in self._typed and not (notice and notice in entry.text):
                heard[entry.chat].append(entry)
        answered = [wait for chat in self._typed for wait in _matched(self._typed[chat], heard[chat])]
        return Waits(answered, sum(map(len, self._typed.values())) - len(answered))


def _matched(typed: Sequence[float], heard: Sequence[Accepted]) -> Iterator[tuple[float, float]]:
    """Yield when something was typed and the milliseconds until the first message after it that answers nothing
    before."""
    answers = iter(heard)
    for at in typed:
        answer = next((entry for entry in answers if entry.at >= at), None)
        if answer is None:
            return
        yield at, (answer.at - at) * 1000
