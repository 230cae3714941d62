"""The demo while it runs: its commune is made once, and a copy of it is opened at each beginning."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from sqlalchemy import update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bot.application import Application, now, spare_the_collector
from bot.channels.web.frame import PAGES
from bot.channels.web.messages import BOT, CHANNEL, address_of
from bot.channels.web.routes import PAGE_HEADERS
from bot.channels.web.words import IN_SCRIPTS
from bot.commands.demo_phones import PHONES, DemoPhone
from bot.commands.demo_said import Entry, Overheard
from bot.commands.demo_story import Story, read_letters, without_phones
from bot.commands.sample import sample_settings
from bot.services.files import FileStore
from bot.settings import Settings
from bot.store.core import outbox
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from bot.store.core.tables import conversations
from flows.conversation.replies import Typed
from flows.registration.subject import VILLAGE_CODE
from flows.words.wording import DEFAULT_LANGUAGE, Catalogue, render

SECONDS_TO_WAIT = 8.0
SECONDS_TO_READ = 0.5
MOST_READERS = 40
LANGUAGES = ("vi", "en")


class Demo:
    """A running demo. To start anew is to open a fresh copy of the commune, in which every phone has a new token."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._made = folder / "made"
        self._copies = 0
        self._language = ""  # until somebody has come
        self._ready = asyncio.Event()
        self._anew = asyncio.Event()
        self._tokens: list[str] = []
        self._application = Application(sample_settings(settings, folder))  # serves the pages until there is a copy
        self._inner = Overheard(self._application.http(), now)
        self._template = (PAGES / "demo.html").read_text("utf-8")

    def http(self) -> Starlette:
        """Return the web server's application: the demo's own pages, and all that the copy in use serves."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/demo/phones", self._phones),
                Route("/demo/reset", self._reset, methods=["POST"]),
                Mount("/", self._of_copy),
            ]
        )

    async def run(self) -> None:
        """Make the commune, and then open one copy of it after the other."""
        spare_the_collector()
        await self._make()
        while True:
            await self._open_copy()
            working = asyncio.create_task(self._live())
            self._ready.set()
            asked = asyncio.create_task(self._anew.wait())
            try:
                await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()  # which there is none of, but an error
            finally:
                asked.cancel()
                await self._close_copy(working)

    def stop(self) -> None:
        """Answer all pages that wait."""
        self._application.web.stop()

    # the commune and its copies

    async def _make(self) -> None:
        self._made.mkdir()
        settings = sample_settings(self._settings, self._made)
        database = Database(settings.database_url)
        try:
            files = FileStore(settings.evidence_folder)
            await Story(database, files, self._application.catalogues, settings.zone, now()).tell()
        finally:
            await database.close()

    async def _open_copy(self) -> None:
        await self._application.close()
        self._copies += 1
        place = self._folder / f"copy-{self._copies}"
        await asyncio.to_thread(shutil.copytree, self._made, place)
        self._application = Application(sample_settings(self._settings, place))
        self._inner = Overheard(self._application.http(), now)
        self._tokens = [self._application.web.new_token() for _phone in PHONES]
        for phone, token in zip(PHONES, self._tokens, strict=True):
            if phone.address:
                await self._hand_over(phone, address_of(token))

    async def _hand_over(self, phone: DemoPhone, address: str) -> None:
        """Let somebody of the commune be spoken for on a phone. It shows where they are, and nothing of what was."""
        database = self._application.database
        theirs = update(conversations).where(
            conversations.c.channel == CHANNEL, conversations.c.bot == BOT, conversations.c.address == phone.address
        )
        async with database.writing() as connection:
            await connection.execute(theirs.values(address=address))
        language = ("/language", self._language) if self._language not in {"", DEFAULT_LANGUAGE} else ()
        await self._say(address, (*language, "/cancel", "/status"))
        async with database.writing() as connection:
            letters = await outbox.read_new(connection, CHANNEL, BOT, address)
            seen = [letter.id for letter in letters[:-1]]
            await outbox.settle_read(connection, CHANNEL, BOT, address, seen, self._application.clock())

    async def _live(self) -> None:
        """Run the copy. Who has no phone here reads what comes, some people each second, as they would."""
        others = without_phones()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._application.run())
            while True:
                await asyncio.sleep(SECONDS_TO_READ)
                await read_letters(self._application.database, others, self._application.clock(), MOST_READERS)

    async def _say(self, address: str, texts: Iterable[str]) -> None:
        for text in texts:
            await self._application.turns.receive([Incoming(CHANNEL, BOT, address, str(uuid4()), Typed(text))])
            await self._application.turns.run_once()

    async def _close_copy(self, working: "asyncio.Task[None]") -> None:
        self._ready.clear()
        self._anew.clear()
        self.stop()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await self._application.close()
        await asyncio.to_thread(shutil.rmtree, self._application.settings.folder)

    # what is served

    async def _of_copy(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/readyz" and not self._ready.is_set():
            await _not_yet()(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _page(self, request: Request) -> Response:
        words = self._application.web.words
        reader = words.reader(self._language or None, request.headers.get("accept-language", ""))
        return Response(words.page(self._template, reader), media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)

    async def _phones(self, request: Request) -> Response:
        """Return the phones, with what was said on them. Whoever comes first is spoken to in the language of their
        page."""
        if not await self._is_ready():
            return _not_yet()
        asked = request.query_params.get("language", "")
        if not self._language and not await self._speaks(asked):
            return _not_yet()
        reader = self._application.web.words.reader(self._language, "")
        return JSONResponse(
            [
                {
                    "token": token,
                    "title": phone.title,
                    "task": render(phone.task, reader),
                    "subtitle": f"{render(phone.task, reader)} · {phone.place}",
                    "hint": render(phone.hint, reader),
                    "role": phone.role,
                    "start": _start(phone),
                    "said": [_shown(entry, _start(phone), reader) for entry in self._inner.said(token)],
                }
                for phone, token in zip(PHONES, self._tokens, strict=True)
            ]
        )

    async def _reset(self, request: Request) -> Response:
        if not await self._is_ready():
            return _not_yet()
        asked = (await request.json()).get("language", "")
        return JSONResponse({}) if await self._is_anew(asked) else _not_yet()

    async def _speaks(self, language: str) -> bool:
        """Let the phones speak the language of whoever comes first: they are in Vietnamese until then."""
        if language in LANGUAGES and language != DEFAULT_LANGUAGE:
            return await self._is_anew(language)
        self._language = DEFAULT_LANGUAGE
        return True

    async def _is_anew(self, language: str) -> bool:
        """Begin anew in a language. Tells whether the copy is open; it may take longer than a page waits."""
        self._language = language if language in LANGUAGES else DEFAULT_LANGUAGE
        self._ready.clear()
        self._anew.set()
        return await self._is_ready()

    async def _is_ready(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), SECONDS_TO_WAIT)
        return self._ready.is_set()


def _start(phone: DemoPhone) -> str:
    """Return what a phone says first."""
    return "/start" if phone.address else f"/start {VILLAGE_CODE}{phone.village}"


def _shown(entry: Entry, start: str, reader: Catalogue) -> Entry:
    """Return something that was said as its page shows it: what begins a conversation is a button there."""
    return entry | {"text": render(IN_SCRIPTS["started"], reader)} if entry["text"] == start else entry


def _not_yet() -> Response:
    return JSONResponse({"status": "the commune is being made"}, status_code=503, headers={"Retry-After": "1"})
