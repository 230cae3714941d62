"""The web chat over HTTP: open, say, upload, poll; and the page itself."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, TypeVar

import msgspec
import structlog
from msgspec.structs import replace
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, request_response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.web import messages
from bot.channels.web.frame import PAGES
from bot.channels.web.installed import InstalledChat
from bot.channels.web.limits import EVERYBODY, MOST_REMEMBERED, Door, TooMany, host_of, network_of
from bot.channels.web.messages import (
    BOT,
    CHANNEL,
    NotUsable,
    Poll,
    Said,
    ShownMessage,
    ShownPhone,
    Signer,
    UnknownToken,
    address_of,
)
from bot.channels.web.upload_quota import UploadQuota
from bot.channels.web.words import BUSY, GONE, PageWords, Words
from bot.services.files import MOST_BYTES, PHOTOS, FileRefused, FileStore, Kept, media_type_of
from bot.services.request_bodies import BodyNotReceived, BodyTooLarge, read_body, receive_body
from bot.services.runtime import Runtime
from bot.services.turns import Turns
from bot.services.typed_buttons import TypedButtons
from bot.services.wording import NoticeWording
from bot.store.core import inbox, outbox
from bot.store.core.database import despite_races
from bot.store.core.inbox import Address, Known
from bot.store.core.outbox import DueLetter
from flows.words.wording import Catalogue, _, render

log = structlog.get_logger()

MOST_PHONES = 12
MOST_SEEN = 500
MOST_WAITING = 50
SECONDS_TO_WORK_OFF = 5.0
SECONDS_BETWEEN_LOOKS = 1.0
LAST_ID = 2**63 - 1
LONGEST_WAIT = 30.0
MOST_JSON_BYTES = 128 * 1024
DIGEST = re.compile(r"[0-9a-f]{64}")
UPLOADS_A_DAY = 100 * 1024 * 1024
# A village of hundreds may share a network address: the page makes a photo smaller than half a megabyte.
UPLOADS_A_DAY_FROM_ONE_ADDRESS = 5 * 1024 * 1024 * 1024
UPLOADS_A_DAY_IN_ALL = 50 * 1024 * 1024 * 1024
MOST_UPLOADS = 500
MOST_IN_MEMORY = 4  # uploads that have arrived whole, are looked at and written under their name
SECONDS_UNTIL_ROOM = "600"
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PAGE_HEADERS = {**SECURITY_HEADERS, "Vary": "Accept-Language"}
FILE_HEADERS = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
PHOTO_HEADERS = {**FILE_HEADERS, "Content-Security-Policy": "sandbox"}  # browsers show no sandboxed PDF
NOT_USABLE = _("This cannot be sent.")
LINK_OVER = _("This link has ended. Please go back to the conversation and press the button once more.")
NO_ROOM = _("The file could not be kept right now. Please send it again later.")
REFUSED_FILE = {
    "empty": _("This file is empty."),
    "too large": _("The file is too large, 10 MB at most."),
    "neither photo nor document": _("Only photos, PDF or Word files, please."),
    "without consent": _("Please first say whether you agree to taking part; photos and files can come after that."),
    "enough for today": _("Enough for today; please go on tomorrow."),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """A phone that polls: its conversation, the messages it has shown, and the edition of its words."""

    token: str
    address: str
    seen: frozenset[int]
    after: int
    words: str | None
    most_buttons: int | None

    @property
    def place(self) -> Address:
        """Return where its letters wait."""
        return (CHANNEL, BOT, self.address)


class NoRoom(Exception):
    """The disk, or the folder of files, takes nothing."""


class WebChat:
    """The web channel of one server."""

    def __init__(self, runtime: Runtime, turns: Turns, files: FileStore, signing_key: bytes) -> None:
        self._runtime = runtime
        self._turns = turns
        self._files = files
        self.words = Words(runtime.catalogues)
        self._wording = NoticeWording(runtime.catalogues)
        self._asked_to_wait = {
            language: msgspec.json.encode({"error": render(BUSY, catalogue)})
            for language, catalogue in runtime.catalogues.items()
        }
        self._signer = Signer(signing_key)
        self._door = Door()
        most = (UPLOADS_A_DAY, UPLOADS_A_DAY_FROM_ONE_ADDRESS, UPLOADS_A_DAY_IN_ALL)
        self._budgets = tuple(UploadQuota(bytes_a_day) for bytes_a_day in most)
        self._uploads = 0
        self._in_memory = asyncio.Semaphore(MOST_IN_MEMORY)
        self._admitted: set[str] = set()
        self._letters_for = turns.letters_for
        self._looking: asyncio.Task[None] | None = None
        self._stopping = False

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves for this channel."""
        return [
            *InstalledChat(self.words).routes(),
            *(
                Route(address, compressed(page("chat.html", self.words)), methods=["GET"])
                for address in ("/chat", "/chat/{code}")
            ),
            Route("/web/open", self._gate("open", self.open), methods=["POST"]),
            Route("/web/say", self._gate("say", self.say), methods=["POST"]),
            Route("/web/poll", self._gate("poll", self.poll), methods=["POST"]),
            Route("/web/files", self._gate("upload", self.upload), methods=["POST"]),
            Route("/web/files/{digest}", self.download),
            Mount("/static", GZipMiddleware(_Static(packages=[("bot.channels.web", "static")]))),
        ]

    def _gate(self, act: str, serve: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
        """Count what is asked for at the door."""

        def refused(request: Request) -> Response | None:
            try:
                self._door.enter(act, host_of(request))
            except TooMany as error:
                return self._busy(request, error)
            return None

        return _Gate(refused, serve)

    async def open(self, request: Request) -> Response:
        """Give a browser a token of its own. Nothing is stored before it says something."""
        return JSONResponse({"token": self.new_token()})

    def new_token(self) -> str:
        """Return a token for a page."""
        return self._signer.new_token()

    async def say(self, request: Request) -> Response:
        """Keep what somebody did. 202 means that it is committed."""
        host = host_of(request)
        said = await _read(request, Said)
        incoming = messages.parse(said, self._signer)
        await self._admit(said.token, host)
        address = incoming[0].address
        self._door.speak(address)
        known = await self._look_up(address)
        if known is None:
            self._door.enter("begin", host)
        elif known.waiting + len(incoming) > MOST_WAITING:
            raise TooMany(SECONDS_TO_WORK_OFF)
        # A code is typed where a phone shows few buttons.
        await self._turns.receive(await TypedButtons(self._runtime, 0).heard(incoming))
        return JSONResponse({}, status_code=202)

    async def _admit(self, token: str, host: str) -> None:
        """Let in whoever has a token of ours. Raises UnknownToken, TooMany.

        Ours are told by their signature. Others, of an earlier version or signed with another key, are looked up, for
        somebody's form may hang on one; but only so often, for anybody can make them up.
        """
        address = address_of(token)
        if self._signer.made(token) or address in self._admitted:
            return
        self._door.enter("unsigned", host)
        if await self._look_up(address) is None:
            raise UnknownToken
        if len(self._admitted) >= MOST_REMEMBERED:
            self._admitted.clear()
        self._admitted.add(address)

    async def _look_up(self, address: str) -> Known | None:
        async with self._runtime.database.reading() as connection:
            return await inbox.look_up(connection, (CHANNEL, BOT, address))

    async def poll(self, request: Request) -> Response:
        """Answer with what is new, as soon as there is anything. What the page has seen is settled."""
        host = host_of(request)
        asked = await _read(request, Poll)
        if len(asked.phones) > MOST_PHONES:
            raise NotUsable("too many phones")
        pages = [_page(phone) for phone in asked.phones]
        for one in pages:
            await self._admit(one.token, host)
        deadline = time.monotonic() + min(max(asked.wait, 0.0), LONGEST_WAIT)
        await self._settle(pages)
        with self._letters_for.listening(page.place for page in pages) as rung:
            new = await self._new(pages, _accepted(request), first=True)
            if not _any_news(new) and deadline > time.monotonic():
                new = await self._later(pages, request, rung, deadline)
        return Response(msgspec.json.encode({"phones": new}), media_type="application/json")

    async def _later(
        self, pages: list[Page], request: Request, rung: asyncio.Event, deadline: float
    ) -> list[ShownPhone]:
        """Return what is new once something is; nothing at the deadline, when the server stops or the page is gone."""
        gone = asyncio.create_task(_is_gone(request))
        gone.add_done_callback(lambda _task: rung.set())
        new: list[ShownPhone] = []
        try:
            while not _any_news(new) and not self._stopping:
                self._look_for_others()
                if not await _is_set(rung, deadline - time.monotonic()) or gone.done():
                    break
                rung.clear()
                new = await self._new(pages, _accepted(request), first=False)
        finally:
            gone.cancel()
        return new or [ShownPhone(page.token, []) for page in pages]

    def stop(self) -> None:
        """Answer all who wait, for the server is about to stop."""
        self._stopping = True
        if self._looking is not None:
            self._looking.cancel()
        self._letters_for.ring(list(self._letters_for.listened_for))

    def _look_for_others(self) -> None:
        """Wake the waiting pages for letters of others than the turns of this server, too."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Look for all waiting pages at once, as long as there are any."""
        while waiting := [address for _channel, _bot, address in self._letters_for.listened_for]:
            try:
                async with self._runtime.database.reading() as connection:
                    found = outbox.waiting_at(connection, CHANNEL, BOT, waiting)
                    self._letters_for.ring([(CHANNEL, BOT, address) async for address in found])
            except Exception:
                log.warning("letters_not_looked_for", exc_info=True)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    async def _new(self, pages: list[Page], accepted: str, *, first: bool) -> list[ShownPhone]:
        """Return what each phone has not seen yet. Its language is looked up at first, and then with every message:
        whoever changes it is told so."""
        async with self._runtime.database.reading() as connection:
            letters = [
                await self._wording.worded(
                    connection, await outbox.read_new(connection, CHANNEL, BOT, one.address, one.after), CHANNEL
                )
                for one in pages
            ]
            look = first or any(letters)
            addresses = [one.address for one in pages if look and one.words is not None]
            chosen = await outbox.languages_of(connection, CHANNEL, BOT, addresses) if addresses else {}
        return [
            ShownPhone(
                one.token,
                await self._shown(found, one),
                self._other_words(one, chosen.get(one.address), accepted) if one.address in addresses else None,
            )
            for one, found in zip(pages, letters, strict=True)
        ]

    def _other_words(self, phone: Page, language: str | None, accepted: str) -> PageWords | None:
        """Return the words of whoever has a phone, if the page has others."""
        words = self.words.of(self.words.reader(language, accepted))
        return words if words.edition != phone.words else None

    async def _shown(self, letters: list[DueLetter], phone: Page) -> list[ShownMessage]:
        if phone.most_buttons is not None:
            buttons = TypedButtons(self._runtime, phone.most_buttons)
            letters = [await _with_few_buttons(letter, phone.place, buttons) for letter in letters]
        shown = (messages.render(letter, phone.address, self._signer, self._runtime.clock()) for letter in letters)
        return [message for message in shown if message is not None]

    async def _settle(self, pages: list[Page]) -> None:
        """Settle what was seen. What is not open, or not theirs, costs no transaction that writes."""
        if not any(page.seen for page in pages):
            return
        async with self._runtime.database.reading() as connection:
            seen = [
                (page.address, await outbox.open_among(connection, CHANNEL, BOT, page.address, page.seen))
                for page in pages
                if page.seen
            ]
        if any(ids for _address, ids in seen):
            await despite_races(partial(self._settle_open, seen))

    async def _settle_open(self, seen: Sequence[tuple[str, Collection[int]]]) -> None:
        async with self._runtime.database.writing() as connection:
            for address, ids in seen:
                await outbox.settle_read(connection, CHANNEL, BOT, address, ids, self._runtime.clock())

    async def upload(self, request: Request) -> Response:
        """Keep a file for the conversation that sends it. The page gets a signed name to refer to it."""
        host, token = host_of(request), _bearer(request)
        address = address_of(token)
        await self._admit(token, host)
        if self._uploads >= MOST_UPLOADS:
            raise TooMany(SECONDS_TO_WORK_OFF)
        self._uploads += 1
        try:
            kept = await self._kept(request, address, host)
        except FileRefused as refused:
            return JSONResponse({"error": await self._refusal(refused, address, request)}, status_code=415)
        except NoRoom:
            log.exception("upload_not_kept")
            sentence = render(NO_ROOM, await self._reader(address, request))
            return JSONResponse({"error": sentence}, status_code=507, headers={"Retry-After": SECONDS_UNTIL_ROOM})
        finally:
            self._uploads -= 1
        name = f"{kept.kind}.{kept.digest}"
        return JSONResponse({"file": f"{name}.{self._signer.sign(address, name)}", "kind": kept.kind})

    async def _kept(self, request: Request, address: str, host: str) -> Kept:
        """Keep what a request brings. Whether it may come at all is asked before its body. Raises FileRefused."""
        known = await self._look_up(address)
        if known is None or not known.consented:
            raise FileRefused("without consent")
        if (size := _declared_size(request)) > MOST_BYTES:
            raise FileRefused("too large")
        day, keys = self._runtime.clock().date(), (address, network_of(host), EVERYBODY)
        counted = [(budget, key) for budget, key in zip(self._budgets, keys, strict=True)]
        allowed = [(budget, key) for budget, key in counted if budget.allows(key, size, day)]
        kept = None
        try:
            if len(allowed) < len(counted):
                raise FileRefused("enough for today")
            kept = await self._keep(request)
            return kept
        finally:
            if kept is None:
                for budget, key in allowed:
                    budget.give_back(key, size)

    async def _keep(self, request: Request) -> Kept:
        """Take a body in on the disk: slow ones must not fill the memory. Raises FileRefused, NoRoom."""
        try:
            with self._files.arriving() as file:
                await _receive(request, file.write)
                file.seek(0)
                async with self._in_memory:
                    return await self._files.keep(file.read())
        except OSError as error:
            raise NoRoom from error

    async def _refusal(self, refused: FileRefused, address: str, request: Request) -> str:
        return render(REFUSED_FILE[str(refused)], await self._reader(address, request))

    async def _reader(self, address: str, request: Request) -> Catalogue:
        async with self._runtime.database.reading() as connection:
            chosen = await outbox.languages_of(connection, CHANNEL, BOT, [address])
        return self.words.reader(chosen.get(address), _accepted(request))

    # Exceptions are answered by coroutines: others would each go through a thread, and a flood through thousands.

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Answer a request that no page of ours sends."""
        return JSONResponse({"error": render(NOT_USABLE, self.words.reader(None, _accepted(request)))}, status_code=400)

    async def refuse_token(self, request: Request, error: Exception) -> Response:
        """Answer whoever has a token that is not ours. A page says that its conversation is gone and offers another."""
        return JSONResponse({"error": render(GONE, self.words.reader(None, _accepted(request)))}, status_code=401)

    async def ask_to_wait(self, request: Request, error: Exception) -> Response:
        """Answer a request that is one too many for now. The page sends it again by itself."""
        assert isinstance(error, TooMany)
        return self._busy(request, error)

    def _busy(self, request: Request, error: TooMany) -> Response:
        content = self._asked_to_wait[self.words.reader(None, _accepted(request)).language]
        waits = {"Retry-After": str(max(1, ceil(error.seconds)))}
        return Response(content, 429, waits, "application/json")

    async def download(self, request: Request) -> Response:
        """Give a file to the conversation it was sent to, which proves itself by the signature, for some hours."""
        digest = request.path_params["digest"]
        address, until, key = (request.query_params.get(name, "") for name in ("for", "until", "key"))
        if not DIGEST.fullmatch(digest) or not self._signer.opens(address, digest, until, key, self._runtime.clock()):
            sentence = render(LINK_OVER, self.words.reader(None, _accepted(request)))
            return Response(sentence, 404, media_type="text/plain; charset=utf-8")
        content = await self._files.read(digest)
        if content is None:
            return Response(status_code=404)
        media_type = media_type_of(content)
        return Response(content, media_type=media_type, headers=PHOTO_HEADERS if media_type in PHOTOS else FILE_HEADERS)


class _Gate:
    """Asks about each request before it goes its way through the framework: a flood is to cost as little as can be."""

    def __init__(
        self, refused: Callable[[Request], Response | None], serve: Callable[[Request], Awaitable[Response]]
    ) -> None:
        self._refused = refused
        self._behind = request_response(serve)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refused(Request(scope)) or self._behind
        await answer(scope, receive, send)


def page(name: str, words: Words) -> Callable[[Request], Awaitable[Response]]:
    """Serve one of the pages, in the language that the browser asks for."""
    template = (PAGES / name).read_text("utf-8")

    async def serve(request: Request) -> Response:
        content = words.page(template, words.reader(None, _accepted(request)))
        return Response(content, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)

    return serve


def compressed(serve: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """Send a page as small as it goes: phones load it over slow networks. What is secret is never sent so: its size
    could tell of it."""
    return GZipMiddleware(request_response(serve))


async def _with_few_buttons(letter: DueLetter, place: Address, buttons: TypedButtons) -> DueLetter:
    """Return a letter as a channel with few buttons shows it."""
    if letter.outgoing is None:
        return letter
    laid = await buttons.laid_out(place, letter.outgoing)
    rows = tuple((button,) for button in laid.buttons)
    return replace(letter, outgoing=replace(letter.outgoing, text=laid.text, buttons=rows))


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")


def _page(phone: messages.Phone) -> Page:
    """Read what a page says of a phone. Ids that no message can have are left out."""
    if len(phone.seen) > MOST_SEEN:
        raise NotUsable("too many messages")
    seen = frozenset(id_ for id_ in phone.seen if 0 < id_ <= LAST_ID)
    after = min(max(phone.after, 0), LAST_ID)
    return Page(phone.token, address_of(phone.token), seen, after, phone.words, phone.most_buttons)


def _bearer(request: Request) -> str:
    """Return the token of a request without JSON. It stands in no address, for these are kept in logs."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _declared_size(request: Request) -> int:
    """Return how much a request says it brings, the most allowed if it says nothing."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else MOST_BYTES


def _any_news(new: list[ShownPhone]) -> bool:
    return any(one.messages or one.words for one in new)


async def _is_gone(request: Request) -> None:
    """Return once whoever asks waits no longer."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but not longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
    return event.is_set()


async def _read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await read_body(request, MOST_JSON_BYTES), type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, BodyTooLarge, BodyNotReceived) as error:
        raise NotUsable("body") from error


async def _receive(request: Request, take: Callable[[bytes], object]) -> None:
    """Pass a file on piece by piece. Raises FileRefused, NotUsable."""
    try:
        await receive_body(request, MOST_BYTES, take)
    except BodyTooLarge as error:
        raise FileRefused("too large") from error
    except BodyNotReceived as error:
        raise NotUsable("body") from error


class _Static(StaticFiles):
    """Scripts and styles that browsers ask about each time: a page must not mix those of two versions."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
        return response
