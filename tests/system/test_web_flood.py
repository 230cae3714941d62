"""A flood of made-up tokens beside thousands of open pages: what others notice. `pytest -m soak -s` prints figures.

Pages and flood come from a process that gives way to every other one (nice 19): on two cores they would else take from
the server what in a village they take from phones. So the flood is only as strong as the machine has time left for it;
how strong it was is printed and must be what was meant, by half at least.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.commune import set_up
from tests.system.conftest import Serve
from tests.system.process import Deployment, Serving
from tests.system.visitors import FLOOD_PAUSE, Visitor, typed

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

PAGES = 2_000
FLOODING = 1_000
PEOPLE = 80
ROUNDS = 12  # with the flood and without by turns, for a machine is not always equally quick
SECONDS = 5.0
VILLAGES = 4


@dataclass(frozen=True, slots=True)
class Crowd:
    """The process of pages and flood."""

    process: asyncio.subprocess.Process

    async def hear(self) -> str:
        """Return the next line it says."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def tell(self, order: str) -> None:
        """Switch the flood on or off, and let that come to pass."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n".encode())
        await asyncio.sleep(FLOOD_PAUSE)

    async def leave(self) -> Counter[int]:
        """Return what the flood was answered, how often."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return Counter({int(status): count for status, count in json.loads(await self.hear()).items()})


@asynccontextmanager
async def crowd(port: int) -> AsyncIterator[Crowd]:
    command = (sys.executable, "-m", "tests.system.visitors", str(port), str(PAGES), str(FLOODING))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        visiting = Crowd(process)
        assert await visiting.hear() == "ready"
        yield visiting
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Person:
    """Somebody who says something every second or so."""

    def __init__(self, visitor: Visitor, token: str, pause: float) -> None:
        self._visitor = visitor
        self._token = token
        self._pause = pause
        self._seen: list[int] = []

    @classmethod
    async def come(cls, port: int, number: int) -> "Person":
        visitor = Visitor(port, f"100.64.0.{number % VILLAGES}")
        return cls(visitor, await visitor.open(), 1 + number % 7 / 10)

    async def talk(self, until: float) -> list[float]:
        """Return how long each answer took."""
        waits = list[float]()
        while time.monotonic() < until:
            began = time.monotonic()
            assert (await self._visitor.ask("/web/say", typed(self._token)))[0] == 202
            phone = {"token": self._token, "seen": self._seen}
            _status, answer = await self._visitor.ask("/web/poll", {"phones": [phone]})
            waits.append(time.monotonic() - began)
            self._seen = [message["id"] for message in answer["phones"][0]["messages"]]
            assert self._seen
            await asyncio.sleep(self._pause)
        return waits


async def talk(people: list[Person]) -> list[float]:
    until = time.monotonic() + SECONDS
    return [wait for waits in await asyncio.gather(*(person.talk(until) for person in people)) for wait in waits]


def cpu_seconds(serving: Serving) -> float:
    """Return how much CPU a server has used: that, unlike time, is its own, whatever else the machine does."""
    fields = Path(f"/proc/{serving.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98] * 1000


async def test_a_flood_of_made_up_tokens_slows_nobody_down(deployment: Deployment, serve: Serve) -> None:
    await set_up(deployment)
    serving = await serve(deployment)
    people = [await Person.come(deployment.port, number) for number in range(PEOPLE)]
    quiet, flooded = list[list[float]](), list[list[float]]()
    busy = {"quiet": 0.0, "flood": 0.0}
    async with crowd(deployment.port) as visiting:
        await visiting.tell("on")
        await asyncio.sleep(20)  # what the flood may do at once is used up
        for _round in range(ROUNDS):
            for name, order, rounds in (("quiet", "off", quiet), ("flood", "on", flooded)):
                await visiting.tell(order)
                before = cpu_seconds(serving)
                rounds.append(await talk(people))
                busy[name] += cpu_seconds(serving) - before
        statuses = await visiting.leave()
    print(f"\n{PAGES} pages open, {FLOODING} made-up tokens; {PEOPLE} people; {ROUNDS} rounds of {SECONDS:.0f} s")
    for name, rounds in (("quiet", quiet), ("flood", flooded)):
        waits = [wait for one in rounds for wait in one]
        each = ", ".join(f"{p99(one):.0f}" for one in rounds)
        cpu = busy[name] / ROUNDS / SECONDS
        p50 = statistics.median(waits) * 1000
        print(f"{name}: {len(waits)} answers, {cpu:.0%} of a core, p50 {p50:.1f} ms, p99 {each} ms")
    ratio = statistics.median(p99(loud) / p99(still) for still, loud in zip(quiet, flooded, strict=True))
    print(f"p99 with the flood: {ratio:.2f} times; the flood was answered {dict(statuses)}")
    strength = sum(statuses.values()) / (ROUNDS * SECONDS + 20)
    print(f"about {strength:.0f} requests of the flood a second")
    assert strength >= FLOODING / FLOOD_PAUSE / 2
    assert ratio <= 1.5
