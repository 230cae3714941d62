"""The web chat over HTTP: open, say, upload, poll; and the page itself."""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files as package_files
from typing import TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.channels.web import messages
from bot.channels.web.messages import BOT, CHANNEL, NotUsable, Poll, Said, ShownMessage, Signer, address_of
from bot.services.files import MOST_BYTES, FileRefused, FileStore, media_type_of
from bot.services.turns import Turns
from bot.store import outbox
from bot.store.database import Database

log = structlog.get_logger()

MOST_PHONES = 12
LONGEST_WAIT = 30.0
MOST_JSON_BYTES = 128 * 1024
STATIC = package_files("bot.channels.web") / "static"
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
REFUSED_FILE = {
    "empty": "Tệp này trống. · This file is empty.",
    "too large": "Tệp quá lớn, tối đa 10 MB. · The file is too large, 10 MB at most.",
    "neither photo nor document": "Chỉ nhận ảnh, PDF hoặc Word. · Only photos, PDF or Word files, please.",
}

T = TypeVar("T")


class WebChat:
    """The web channel of one server."""

    def __init__(
        self,
        turns: Turns,
        database: Database,
        files: FileStore,
        signing_key: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        self._turns = turns
        self._database = database
        self._files = files
        self._signer = Signer(signing_key)
        self._clock = clock
        self._seen: dict[str, int] = {}

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves for this channel."""
        return [
            Route("/chat", page("chat.html")),
            Route("/web/open", self.open, methods=["POST"]),
            Route("/web/say", self.say, methods=["POST"]),
            Route("/web/poll", self.poll, methods=["POST"]),
            Route("/web/files", self.upload, methods=["POST"]),
            Route("/web/files/{digest}", self.download),
            Mount("/static", StaticFiles(packages=[("bot.channels.web", "static")])),
        ]

    async def open(self, request: Request) -> Response:
        """Give a browser a token of its own. Nothing is stored before it says something."""
        return JSONResponse({"token": secrets.token_urlsafe(24)})

    async def say(self, request: Request) -> Response:
        """Keep what somebody did. 202 means that it is committed."""
        said = await _read(request, Said)
        await self._turns.receive([messages.parse(said, self._signer)])
        return JSONResponse({}, status_code=202)

    async def poll(self, request: Request) -> Response:
        """Answer with what is new, as soon as there is anything. What the page has seen is settled."""
        asked = await _read(request, Poll)
        if len(asked.phones) > MOST_PHONES:
            raise NotUsable("too many phones")
        places = [(phone.token, address_of(phone.token), phone.after) for phone in asked.phones]
        deadline = time.monotonic() + min(max(asked.wait, 0.0), LONGEST_WAIT)
        await self._settle({address: after for _token, address, after in places})
        while True:
            heard = self._turns.letters_queued.rings
            new = [(token, await self._new(address, after)) for token, address, after in places]
            left = deadline - time.monotonic()
            if any(shown for _token, shown in new) or left <= 0:
                phones = [{"token": token, "messages": shown} for token, shown in new]
                return Response(msgspec.json.encode({"phones": phones}), media_type="application/json")
            await self._turns.letters_queued.wait(heard, min(left, 1.0))

    async def _new(self, address: str, after: int) -> list[ShownMessage]:
        async with self._database.reading() as connection:
            letters = await outbox.read_new(connection, CHANNEL, BOT, address, after)
        shown = (messages.render(letter, address, self._signer) for letter in letters)
        return [message for message in shown if message is not None]

    async def _settle(self, seen: dict[str, int]) -> None:
        news = {address: after for address, after in seen.items() if after > self._seen.get(address, 0)}
        if not news:
            return
        async with self._database.writing() as connection:
            for address, after in news.items():
                await outbox.settle_read(connection, CHANNEL, BOT, address, after, self._clock())
        self._seen.update(news)

    async def upload(self, request: Request) -> Response:
        """Keep a file for the conversation that sends it. The page gets a signed name to refer to it."""
        address = address_of(request.query_params.get("token", ""))
        try:
            kept = await self._files.keep(await read_body(request, MOST_BYTES))
        except FileRefused as refused:
            return JSONResponse({"error": REFUSED_FILE[str(refused)]}, status_code=415)
        name = f"{kept.kind}.{kept.digest}"
        return JSONResponse({"file": f"{name}.{self._signer.sign(address, name)}", "kind": kept.kind})

    async def download(self, request: Request) -> Response:
        """Give a file to the conversation it was sent to, which proves itself by the signature."""
        digest = request.path_params["digest"]
        address, key = request.query_params.get("for", ""), request.query_params.get("key", "")
        if not self._signer.holds(address, digest, key):
            return Response(status_code=404)
        content = await self._files.read(digest)
        if content is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": "sandbox"}
        return Response(content, media_type=media_type_of(content), headers=headers)


def page(name: str) -> Callable[[Request], Response]:
    """Serve one of the pages."""
    content = (STATIC / name).read_bytes()

    def serve(request: Request) -> Response:
        return Response(content, media_type="text/html; charset=utf-8", headers=SECURITY_HEADERS)

    return serve


def refuse(request: Request, error: Exception) -> Response:
    """Answer a request that no page of ours sends."""
    return JSONResponse({"error": "This request cannot be used."}, status_code=400)


async def _read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await read_body(request, MOST_JSON_BYTES), type=kind)
    except (msgspec.MsgspecError, UnicodeError, FileRefused) as error:
        raise NotUsable("body") from error


async def read_body(request: Request, most: int) -> bytes:
    """Read a body without ever holding more than is allowed."""
    received = bytearray()
    async with asyncio.timeout(120):
        async for chunk in request.stream():
            received += chunk
            if len(received) > most:
                raise FileRefused("too large")
    return bytes(received)
