"""The web chat over HTTP: open, say, upload, poll; and the page itself."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files as package_files
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.channels.web import messages
from bot.channels.web.budget import Budget
from bot.channels.web.messages import (
    BOT,
    CHANNEL,
    NotUsable,
    Poll,
    Said,
    ShownMessage,
    ShownPhone,
    Signer,
    address_of,
)
from bot.channels.web.words import PageWords, Words
from bot.services.files import MOST_BYTES, PHOTOS, FileRefused, FileStore, media_type_of
from bot.services.turns import Turns
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Due
from flows.wording import Catalogues, _, render

log = structlog.get_logger()

MOST_PHONES = 12
MOST_REMEMBERED = 100_000
LAST_ID = 2**63 - 1
LONGEST_WAIT = 30.0
MOST_JSON_BYTES = 128 * 1024
SLOWEST_BODY = 120.0
DIGEST = re.compile(r"[0-9a-f]{64}")
UPLOADS_A_DAY = 100 * 1024 * 1024
PAGES = package_files("bot.channels.web") / "pages"
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PAGE_HEADERS = {**SECURITY_HEADERS, "Vary": "Accept-Language"}
FILE_HEADERS = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
PHOTO_HEADERS = {**FILE_HEADERS, "Content-Security-Policy": "sandbox"}  # browsers show no sandboxed PDF
NOT_USABLE = _("This cannot be sent.")
REFUSED_FILE = {
    "empty": _("This file is empty."),
    "too large": _("The file is too large, 10 MB at most."),
    "neither photo nor document": _("Only photos, PDF or Word files, please."),
    "enough for today": _("Enough for today; please go on tomorrow."),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """A phone that polls: its conversation, the last message it has, and the edition of its words."""

    token: str
    address: str
    last: int
    words: str | None


class WebChat:
    """The web channel of one server."""

    def __init__(
        self,
        turns: Turns,
        database: Database,
        files: FileStore,
        catalogues: Catalogues,
        signing_key: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        self._turns = turns
        self._database = database
        self._files = files
        self.words = Words(catalogues)
        self._signer = Signer(signing_key)
        self._clock = clock
        self._budget = Budget(UPLOADS_A_DAY)
        self._settled: dict[str, int] = {}
        self._stopping = False

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves for this channel."""
        return [
            Route("/chat", page("chat.html", self.words)),
            Route("/web/open", self.open, methods=["POST"]),
            Route("/web/say", self.say, methods=["POST"]),
            Route("/web/poll", self.poll, methods=["POST"]),
            Route("/web/files", self.upload, methods=["POST"]),
            Route("/web/files/{digest}", self.download),
            Mount("/static", _Static(packages=[("bot.channels.web", "static")])),
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
        phones = [
            Seen(phone.token, address_of(phone.token), _message_id(phone.after), phone.words) for phone in asked.phones
        ]
        deadline = time.monotonic() + min(max(asked.wait, 0.0), LONGEST_WAIT)
        await self._settle(phones)
        accepted, first = _accepted(request), True
        while True:
            heard = self._turns.letters_queued.rings
            new = await self._new(phones, accepted, first=first)
            left = deadline - time.monotonic()
            if any(one.messages or one.words for one in new) or left <= 0 or await self._is_over(request):
                return Response(msgspec.json.encode({"phones": new}), media_type="application/json")
            first = False
            await self._turns.letters_queued.wait(heard, min(left, 1.0))

    async def _is_over(self, request: Request) -> bool:
        """Tell whether waiting has become pointless: the server stops, or the page is gone."""
        return self._stopping or await request.is_disconnected()

    def stop(self) -> None:
        """Answer all who wait, for the server is about to stop."""
        self._stopping = True
        self._turns.letters_queued.ring()

    async def _new(self, phones: list[Seen], accepted: str, *, first: bool) -> list[ShownPhone]:
        """Return what each phone has not seen yet. Its language is looked up at first, and then with every message:
        whoever changes it is told so."""
        async with self._database.reading() as connection:
            letters = [await outbox.read_new(connection, CHANNEL, BOT, one.address, one.last) for one in phones]
            look = first or any(letters)
            addresses = [one.address for one in phones if look and one.words is not None]
            chosen = await outbox.languages_of(connection, CHANNEL, BOT, addresses) if addresses else {}
        return [
            ShownPhone(
                one.token,
                self._shown(found, one.address),
                self._other_words(one, chosen.get(one.address), accepted) if one.address in addresses else None,
            )
            for one, found in zip(phones, letters, strict=True)
        ]

    def _other_words(self, phone: Seen, language: str | None, accepted: str) -> PageWords | None:
        """Return the words of whoever has a phone, if the page has others."""
        words = self.words.of(self.words.reader(language, accepted))
        return words if words.edition != phone.words else None

    def _shown(self, letters: list[Due], address: str) -> list[ShownMessage]:
        shown = (messages.render(letter, address, self._signer) for letter in letters)
        return [message for message in shown if message is not None]

    async def _settle(self, phones: list[Seen]) -> None:
        """Settle what was seen, unless this process knows that it did."""
        news = [one for one in phones if one.last > self._settled.get(one.address, 0)]
        if not news:
            return
        async with self._database.writing() as connection:
            for one in news:
                await outbox.settle_read(connection, CHANNEL, BOT, one.address, one.last, self._clock())
        if len(self._settled) > MOST_REMEMBERED:
            self._settled.clear()
        self._settled.update((one.address, one.last) for one in news)

    async def upload(self, request: Request) -> Response:
        """Keep a file for the conversation that sends it. The page gets a signed name to refer to it."""
        address = address_of(request.query_params.get("token", ""))
        try:
            content = await read_body(request, MOST_BYTES)
            if not self._budget.allows(address, len(content), self._clock().date()):
                raise FileRefused("enough for today")
            kept = await self._files.keep(content)
        except FileRefused as refused:
            return JSONResponse({"error": await self._refusal(refused, address, request)}, status_code=415)
        name = f"{kept.kind}.{kept.digest}"
        return JSONResponse({"file": f"{name}.{self._signer.sign(address, name)}", "kind": kept.kind})

    async def _refusal(self, refused: FileRefused, address: str, request: Request) -> str:
        async with self._database.reading() as connection:
            chosen = await outbox.languages_of(connection, CHANNEL, BOT, [address])
        return render(REFUSED_FILE[str(refused)], self.words.reader(chosen.get(address), _accepted(request)))

    def refuse(self, request: Request, error: Exception) -> Response:
        """Answer a request that no page of ours sends."""
        return JSONResponse({"error": render(NOT_USABLE, self.words.reader(None, _accepted(request)))}, status_code=400)

    async def download(self, request: Request) -> Response:
        """Give a file to the conversation it was sent to, which proves itself by the signature."""
        digest = request.path_params["digest"]
        address, key = request.query_params.get("for", ""), request.query_params.get("key", "")
        if not DIGEST.fullmatch(digest) or not self._signer.holds(address, digest, key):
            return Response(status_code=404)
        content = await self._files.read(digest)
        if content is None:
            return Response(status_code=404)
        media_type = media_type_of(content)
        return Response(content, media_type=media_type, headers=PHOTO_HEADERS if media_type in PHOTOS else FILE_HEADERS)


def page(name: str, words: Words) -> Callable[[Request], Response]:
    """Serve one of the pages, in the language that the browser asks for."""
    template = (PAGES / name).read_text("utf-8")

    def serve(request: Request) -> Response:
        content = words.page(template, words.reader(None, _accepted(request)))
        return Response(content, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)

    return serve


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")


def _message_id(claimed: int) -> int:
    """Bring what a page claims to have seen into the range of ids."""
    return min(max(claimed, 0), LAST_ID)


async def _read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await read_body(request, MOST_JSON_BYTES), type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, FileRefused) as error:
        raise NotUsable("body") from error


async def read_body(request: Request, most: int) -> bytes:
    """Read a body without ever holding more than is allowed."""
    received = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            async for chunk in request.stream():
                received += chunk
                if len(received) > most:
                    raise FileRefused("too large")
    except (TimeoutError, ClientDisconnect) as error:
        raise NotUsable("body") from error
    return bytes(received)


class _Static(StaticFiles):
    """Scripts and styles that browsers ask about each time: a page must not mix those of two versions."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
        return response
