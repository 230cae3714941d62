"""A flood of made-up tokens beside thousands of open pages: what others notice. `pytest -m soak -s` prints figures."""

import asyncio
import itertools
import json
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.application import Application, spare_the_collector
from bot.settings import Settings
from tests.databases import Databases

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

PAGES = 2_000
FLOODING = 1_000
PEOPLE = 40
ROUNDS = 4  # with the flood and without by turns, for a machine is not always equally quick
SECONDS = 10.0
POLL = 25.0
FLOOD_PAUSE = 2.0  # seconds between two requests of one made-up token: five hundred a second in all
VILLAGE_HOST, FLOOD_HOST = "100.64.0.1", "203.0.113.7"

Json = dict[str, Any]


async def ask(http: Starlette, host: str, path: str, body: Json) -> tuple[int, Json]:
    """Post to the application as its web server does, without the cost of a client."""
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
        "client": (host, 1), "server": ("hoctap.test", 80),
    }  # fmt: skip
    parts: list[Any] = [{"type": "http.request", "body": json.dumps(body).encode()}]
    status, content = 0, b""

    async def receive() -> Any:
        if parts:
            return parts.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        nonlocal status, content
        status = message.get("status", status)
        content += message.get("body", b"")

    await http(scope, receive, send)
    return status, json.loads(content or b"{}")


async def person(http: Starlette, number: int, until: float, waits: list[float]) -> None:
    """Say something every second or so and note how long the answer took."""
    token, seen = f"a-person-of-the-village-{number:05}", list[int]()
    while time.monotonic() < until:
        began = time.monotonic()
        said = {"token": token, "id": str(uuid4()), "kind": "typed", "text": "/start"}
        status, _answer = await ask(http, VILLAGE_HOST, "/web/say", said)
        assert status == 202
        _status, answer = await ask(http, VILLAGE_HOST, "/web/poll", {"phones": [{"token": token, "seen": seen}]})
        waits.append(time.monotonic() - began)
        seen = [message["id"] for message in answer["phones"][0]["messages"]]
        assert seen
        await asyncio.sleep(1 + number % 7 / 10)


async def page(http: Starlette, number: int) -> None:
    """Keep a page open, as one of many that were opened at different times."""
    await asyncio.sleep(number / PAGES * POLL)
    for _poll in itertools.count():
        phones = [{"token": f"an-open-page-{number:05}"}]
        await ask(http, f"10.1.{number // 250}.{number % 250}", "/web/poll", {"phones": phones, "wait": POLL})


async def flood(http: Starlette, number: int, on: asyncio.Event, statuses: Counter[int]) -> None:
    """Say and poll with tokens of one's own making, whatever the answer."""
    await asyncio.sleep(number / FLOODING * FLOOD_PAUSE)
    for turn in itertools.count():
        await asyncio.sleep(FLOOD_PAUSE)
        if not on.is_set():
            continue
        token = f"a-made-up-token-{number:05}-{turn // 4:05}"
        said = {"token": token, "id": str(uuid4()), "kind": "typed", "text": "/start"}
        status, _answer = (
            await ask(http, FLOOD_HOST, "/web/say", said)
            if turn % 2 == 0
            else await ask(http, FLOOD_HOST, "/web/poll", {"phones": [{"token": token}], "wait": 0})
        )
        statuses[status] += 1


async def test_a_flood_of_made_up_tokens_slows_nobody_down(databases: Databases, tmp_path: Path) -> None:
    async with databases.fresh("sqlite") as url:
        key = SecretStr("a key of the tests")
        settings = Settings(database_url=url, secret_key=key, evidence_url=f"file:{tmp_path}")
        application = Application(settings)
        http = application.http()
        spare_the_collector()

        async def village(until: float, waits: list[float]) -> None:
            await asyncio.gather(*(person(http, number, until, waits) for number in range(PEOPLE)))

        working = [asyncio.create_task(application.turns.run())]
        try:
            await asyncio.wait(working, timeout=0.1)
            working += [asyncio.create_task(page(http, number)) for number in range(PAGES)]
            on, statuses = asyncio.Event(), Counter[int]()
            on.set()
            working += [asyncio.create_task(flood(http, number, on, statuses)) for number in range(FLOODING)]
            await asyncio.sleep(POLL + 2)  # all pages are open, and what the flood may do at once is used up
            before, flooded = list[float](), list[float]()
            for _round in range(ROUNDS):
                for loud, waits in ((False, before), (True, flooded)):
                    on.set() if loud else on.clear()
                    await asyncio.sleep(1)
                    await village(time.monotonic() + SECONDS, waits)
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
            await application.close()
    quiet, flood_ms = (statistics.quantiles(waits, n=100)[98] * 1000 for waits in (before, flooded))
    print(f"\n{PAGES} pages open; {PEOPLE} people said {len(before)} and {len(flooded)} things in turns of {SECONDS} s")
    for name, waits, p99 in (("quiet", before, quiet), ("flood", flooded, flood_ms)):
        print(f"{name}: p50 {statistics.median(waits) * 1000:.1f} ms, p99 {p99:.1f} ms")
    print(f"p99 with the flood: {flood_ms / quiet:.2f} times; the flood was answered {dict(statuses)}")
    assert statuses[429] > statuses[202]
    assert flood_ms <= 1.5 * quiet
