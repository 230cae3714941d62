"""A balancer in front of several servers: each request goes to any one that is alive, over a connection of its own."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CONNECTION = re.compile(rb"\r\nconnection:[^\r]*", re.IGNORECASE)
_NOBODY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_PIECE = 65_536


class Balancer:
    """`url` is what stands for all servers. `answers` counts what came back by path and status; 502 is its own."""

    def __init__(self, ports: Sequence[int], random: Random) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.url = ""
        self._ports = ports
        self._random = random
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Balancer"]:
        """Listen at a free port; whoever is still served at the end is cut off."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on and its answer back. A server that dies meanwhile costs the answer."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                request = await _request(reader)
                path = request.split(b" ", 2)[1].decode()
                status = await self._pass_on(request, writer)
                self.answers[path, status] += 1
        finally:
            writer.close()

    async def _pass_on(self, request: bytes, writer: asyncio.StreamWriter) -> int:
        for port in self._random.sample(self._ports, len(self._ports)):
            try:
                server = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            return await _exchange(request, *server, writer)
        writer.write(_NOBODY)
        return 502


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, which asks for an end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    head = _CONNECTION.sub(b"", head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    return head + body


async def _exchange(
    request: bytes, reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter
) -> int:
    """Send a request to a server and what it answers to the client. Returns the status."""
    try:
        server.write(request)
        first = await _piece(reader)
        if not first:
            client.write(_NOBODY)
            return 502
        client.write(first)
        while piece := await _piece(reader):
            client.write(piece)
            await client.drain()
        return int(first.split(b" ", 2)[1])
    finally:
        server.close()


async def _piece(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_PIECE)
    except OSError:  # killed
        return b""
