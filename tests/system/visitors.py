"""Who comes to the web door: people who talk, and, from a process of their own, open pages and a flood.

    python -m tests.system.visitors PORT PAGES FLOODING

keeps pages open, says "ready" once all are, floods between the lines "on" and "off" of its input, and at the end of
its input prints how often the flood got which status. It gives way to every other process, so that what it costs
itself is not taken for what it costs the server.
"""

import asyncio
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

POLL = 25.0
FLOOD_PAUSE = 2.0  # seconds between two requests of one made-up token
FLOOD_HOST = "203.0.113.7"
GIVING_WAY = 19

Json = dict[str, Any]


class Visitor:
    """A connection from an address as the proxy in front of the server tells it."""

    def __init__(self, port: int, host: str) -> None:
        self._port = port
        self._host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection that the server has not closed meanwhile, as it does when nobody asks for a while."""
        if self._streams is not None and not self._streams[0].at_eof() and self._streams[0].exception() is None:
            return self._streams
        if self._streams is not None:
            self._streams[1].close()
        self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams

    async def ask(self, path: str, asked: Json, *more: str) -> tuple[int, Json]:
        """Post something and return the answer. A connection that ends meanwhile is made anew, as browsers do."""
        body = json.dumps(asked).encode()
        lines = (f"POST {path} HTTP/1.1", "Host: hoctap.test", f"X-Forwarded-For: {self._host}", *more)
        request = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", "")).encode() + body
        try:
            return await self._exchange(request)
        except (ConnectionError, asyncio.IncompleteReadError):
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> tuple[int, Json]:
        reader, writer = await self._connection()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        content = await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
        return int(head.split(" ", 2)[1]), json.loads(content)

    async def open(self) -> str:
        """Get a token as a page does."""
        status, answer = await self.ask("/web/open", {})
        assert status == 200, answer
        token: str = answer["token"]
        return token


def typed(token: str) -> Json:
    """Return a request that says something."""
    return {"token": token, "id": str(uuid4()), "kind": "typed", "text": "/start"}


async def keep_a_page_open(port: int, number: int, of: int, opened: asyncio.Semaphore) -> None:
    """Poll for ever, as one of many pages that were opened at different times."""
    visitor = Visitor(port, f"10.1.{number // 250}.{number % 250}")
    token = await visitor.open()
    wait = POLL * number / of
    opened.release()
    while True:
        await visitor.ask("/web/poll", {"phones": [{"token": token}], "wait": wait})
        wait = POLL


def made_up(number: int) -> Iterator[tuple[str, Json, tuple[str, ...]]]:
    """Yield requests with tokens of one's own making."""
    for turn in itertools.count():
        token = f"a-made-up-token-{number:05}-{turn:05}"
        yield "/web/say", typed(token), ()
        yield "/web/poll", {"phones": [{"token": token}], "wait": 0}, ()
        yield "/web/open", {}, ()
        yield "/web/files", {}, (f"Authorization: Bearer {token}",)


async def flood(port: int, number: int, of: int, on: asyncio.Event, statuses: Counter[int]) -> None:
    """Send one request after the other, whatever the answer. Each token has its own moment."""
    visitor = Visitor(port, FLOOD_HOST)
    for path, asked, more in made_up(number):
        if not on.is_set():
            await on.wait()
            await asyncio.sleep(FLOOD_PAUSE * number / of)
        status, _answer = await visitor.ask(path, asked, *more)
        statuses[status] += 1
        await asyncio.sleep(FLOOD_PAUSE)


async def visit(port: int, pages: int, flooding: int) -> None:
    """Keep pages open, and flood when told to."""
    on, opened, statuses = asyncio.Event(), asyncio.Semaphore(0), Counter[int]()
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(keep_a_page_open(port, number, pages, opened)) for number in range(pages)]
        working += [group.create_task(flood(port, number, flooding, on, statuses)) for number in range(flooding)]
        for _page in range(pages):
            await opened.acquire()
        print("ready", flush=True)
        while order := await asyncio.to_thread(sys.stdin.readline):
            on.set() if order.strip() == "on" else on.clear()
        for task in working:
            task.cancel()
    print(json.dumps(statuses), flush=True)


if __name__ == "__main__":
    os.nice(GIVING_WAY)
    asyncio.run(visit(*map(int, sys.argv[1:])))
