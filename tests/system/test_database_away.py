"""PostgreSQL goes away for a while, as it does when it is updated: people wait, and nobody notices more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest
from sqlalchemy import make_url

from tests.botapi import BotApiServer
from tests.databases import Databases
from tests.system.commune import VILLAGE, leave_empty, set_up
from tests.system.conftest import Serve
from tests.system.process import Deployment, free_port


@dataclass(slots=True)
class Line:
    """A line to the database server that can be cut."""

    socket_path: str
    port: int = field(default_factory=free_port)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def connect(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Refuse new connections and break those there are."""
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self.socket_path)
        ends = {writer, far_writer}
        self._open |= ends
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        self._open -= ends


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(65_536):
        writer.write(content)
        await writer.drain()
    writer.close()


@pytest.fixture
async def line(databases: Databases, on_telegram: Deployment) -> AsyncIterator[Line]:
    """The line between the deployment and an empty PostgreSQL database."""
    async with databases.fresh("postgresql", leave_empty) as address, AsyncExitStack() as stack:
        url = make_url(address)
        line = Line(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}")
        await line.connect()
        stack.push_async_callback(line.cut)
        by_line = url.set(drivername="postgresql", host="127.0.0.1", port=line.port, query={})
        on_telegram.settings["DATABASE_URL"] = by_line.render_as_string(hide_password=False)
        yield line


async def test_whoever_writes_while_the_database_is_away_is_answered_when_it_is_back(
    line: Line, on_telegram: Deployment, telegram: BotApiServer, serve: Serve
) -> None:
    await set_up(on_telegram)
    serving = await serve(on_telegram)
    for outage in range(2):
        lan, binh = telegram.add_person(f"Nguyễn Thị Lan {outage}"), telegram.add_person(f"Trần Văn Bình {outage}")
        lan.start(f"v-{VILLAGE}")
        await lan.wait_for("choose your language", timeout=20)
        await line.cut()
        lan.type("tieng viet")
        await asyncio.sleep(1.5)
        binh.start(f"v-{VILLAGE}")
        await asyncio.sleep(1.5)
        async with aiohttp.ClientSession(on_telegram.url) as http:
            assert [await _status(http, "/healthz"), await _status(http, "/readyz")] == [200, 503]
        await line.connect()
        await lan.wait_for("Xin cho biết có đồng ý không?", timeout=60)
        await binh.wait_for("choose your language", timeout=60)
        lan.press("Đồng ý")
        await lan.wait_for("họ và tên", timeout=20)
    assert [len(person.inbox) for person in telegram.people.values()] == [3, 1, 3, 1]
    assert serving.process.returncode is None


async def _status(http: aiohttp.ClientSession, path: str) -> int:
    async with http.get(path) as response:
        return response.status
