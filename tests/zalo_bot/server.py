"""The HTTP server: gives out one event a poll and again until the next is asked for, takes texts within its limits, and
pushes events to a webhook where one is set."""

import asyncio
import itertools
import unicodedata
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

TOKEN = "4242:the-token-of-the-tests"
LONGEST_TEXT = 2000
POLL_SECONDS = 0.3  # a test waits for nothing as long as the platform does

Json = dict[str, Any]


@dataclass
class ZaloPerson:
    """Somebody with Zalo on their phone. `inbox` is what they read."""

    server: "ZaloBotServer"
    id: str
    inbox: list[str] = field(default_factory=list)
    blocks: bool = False
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def type(self, text: str) -> None:
        """Send a text."""
        self.server.push(self, "message.text.received", {"text": text})

    def send_photo(self, content: bytes, caption: str = "") -> None:
        """Send a picture, which lies at an address of the platform."""
        self.server.push(self, "message.image.received", {"photo_url": self.server.put(content), "caption": caption})

    def send(self, kind: str) -> None:
        """Send something without words: a sticker, a voice message."""
        self.server.push(self, f"message.{kind}.received", {})

    def read(self, text: str) -> None:
        """Get a message."""
        self.inbox.append(text)
        self._arrived.set()

    async def answer(self, text: str) -> str:
        """Type something and return what comes next, all of it that comes at once."""
        before = len(self.inbox)
        self.type(text)
        return await self.next(before)

    async def next(self, before: int) -> str:
        """Return what has come after so many messages."""
        async with asyncio.timeout(20):
            while len(self.inbox) <= before:
                self._arrived.clear()
                await self._arrived.wait()
        return "\n".join(self.inbox[before:])


class ZaloBotServer:
    """The platform for one bot, on a port of this machine; an async context manager. `url` is for ZALO_BOT_API_URL.

    `twice` gives every event out twice; `quota` is how many messages the bot may still send; `refuses` is the number of
    an error with which polls are answered.
    """

    def __init__(self, *, twice: bool = False, wrapped: bool = False, quota: int = 1_000_000) -> None:
        self.people: dict[str, ZaloPerson] = {}
        self.quota = quota
        self.odd: list[str] = []
        self.polls = 0
        self.refuses = 0
        self.webhook: Json | None = None
        self._twice = twice
        self._wrapped = wrapped
        self._events: asyncio.Queue[Json] = asyncio.Queue()
        self._files: dict[str, bytes] = {}
        self._numbers = itertools.count(1)
        self._pushing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(f"/bot{TOKEN}/{{method}}", self._call)
        app.router.add_get("/files/{name}", self._file)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._pushing:
            task.cancel()
        await self._http.close()
        await self._runner.cleanup()

    def person(self) -> ZaloPerson:
        """Return somebody new, whom nobody has written to yet."""
        person = ZaloPerson(self, f"{next(self._numbers):020x}")
        self.people[person.id] = person
        return person

    def put(self, content: bytes) -> str:
        """Keep a file and return its address."""
        name = str(next(self._numbers))
        self._files[name] = content
        return f"{self.url}/files/{name}"

    def push(self, person: ZaloPerson, name: str, said: Json) -> None:
        """Let somebody have sent something."""
        event = {
            "event_name": name,
            "message": {
                "from": {"id": person.id, "display_name": "Somebody", "is_bot": False},
                "chat": {"id": person.id, "chat_type": "PRIVATE"},
                "message_id": f"{next(self._numbers):020x}",
                "date": 1793000000000,
                **said,
            },
        }
        for _ in range(1 + self._twice):
            if self.webhook is None:
                self._events.put_nowait(event)
            else:
                task = asyncio.create_task(self._bring(event, self.webhook))
                self._pushing.add(task)
                task.add_done_callback(self._pushing.discard)

    async def _bring(self, event: Json, webhook: Json) -> None:
        body = {"ok": True, "result": event} if self._wrapped else event
        headers = {"X-Bot-Api-Secret-Token": webhook["secret_token"]}
        async with self._http.post(webhook["url"], json=body, headers=headers) as response:
            if response.status != 200:
                self.odd.append(f"the webhook answered {response.status}")

    async def _call(self, request: web.Request) -> web.Response:
        fields = await _fields(request)
        match request.match_info["method"]:
            case "getUpdates":
                return await self._updates()
            case "sendMessage":
                return self._take(fields)
            case "setWebhook":
                self.webhook = fields
                return _result({"url": fields["url"]})
            case "deleteWebhook":
                self.webhook = None
                return _result({})
            case "getWebhookInfo":
                url = self.webhook["url"] if self.webhook is not None else ""
                return _result({"url": url, "updated_at": 1793000000000})
            case "getMe":
                return _result({"id": "4242", "account_name": "bot.hoctap", "account_type": "BASIC"})
            case method:
                return _error(404, f"no such method: {method}")

    async def _updates(self) -> web.Response:
        self.polls += 1
        if self.refuses:
            return _error(self.refuses, "refused")
        try:
            async with asyncio.timeout(POLL_SECONDS):
                return _result(await self._events.get())
        except TimeoutError:
            return _error(408, "Request timeout")

    def _take(self, fields: Json) -> web.Response:
        text, person = fields["text"], self.people.get(fields["chat_id"])
        if not 1 <= len(text) <= LONGEST_TEXT or not unicodedata.is_normalized("NFC", text):
            self.odd.append(f"a text of {len(text)} letters, or not in NFC")
            return _error(400, "text must be between 1 and 2000 characters")
        if person is None or person.blocks:
            return _error(403, "the user does not want to be written to")
        if self.quota <= 0:
            return _error(429, "quota exceeded")
        self.quota -= 1
        person.read(text)
        return _result({"message_id": f"{next(self._numbers):020x}", "date": 1793000000000})

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self._files[request.match_info["name"]])


async def _fields(request: web.Request) -> Json:
    """Return what a call says, as JSON or as a form: clients of others send either."""
    if request.content_type == "application/json":
        fields: Json = await request.json()
        return fields
    return {name: str(value) for name, value in (await request.post()).items()}


def _result(result: Json) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _error(code: int, description: str) -> web.Response:
    return web.json_response({"ok": False, "error_code": code, "description": description})
