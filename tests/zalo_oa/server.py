"""The HTTP server: makes pairs of tokens, takes messages within Zalo's limits and windows, and brings events to a
webhook, again where it is not told in two seconds that they were taken."""

import asyncio
import contextlib
import hashlib
import itertools
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web

from tests.zalo_oa.person import Json, OaPerson, Seen

APP_ID, OA_ID = "3141592653589793", "2718281828459045235"
APP_SECRET, OA_SECRET = "the-app-secret", "the-oa-secret"
FIRST_REFRESH_TOKEN = "the-first-refresh-token"

LONGEST_TEXT, MOST_BUTTONS, LONGEST_TITLE, LONGEST_PAYLOAD = 2000, 5, 100, 1000
MOST_IMAGE_BYTES, MOST_FILE_BYTES = 1024 * 1024, 5 * 1024 * 1024
FILE_KINDS = ("pdf", "doc", "docx")
FREE, PAID = timedelta(hours=48), timedelta(days=7)
ACCESS_HOLDS, REFRESH_HOLDS = timedelta(hours=25), timedelta(days=90)
DONG_A_MESSAGE, DONG_A_TEMPLATE = 55, 200
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
# Zalo waits half a minute and longer; a test waits for nothing as long.
RETRIES = (0.3, 0.6, 1.2, 2.4, 4.8)
ANSWER_SECONDS = 2.0


class _Error(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Fault:
    """What a call is answered with instead of being done; after it was done, if `late`."""

    code: int = 0
    status: int = 200
    cut: bool = False
    late: bool = False


@dataclass
class Token:
    """A token and until when it holds."""

    text: str
    until: datetime


def real_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def settings_for(server: "ZaloOaServer") -> dict[str, str]:
    """Return the settings of a deployment that speaks for the account."""
    return {
        "ZALO_OA_APP_ID": APP_ID, "ZALO_OA_SECRET": APP_SECRET, "ZALO_OA_REFRESH_TOKEN": FIRST_REFRESH_TOKEN,
        "ZALO_OA_API_URL": server.url, "ZALO_OA_OAUTH_URL": server.url, "ZALO_OA_WEBHOOK_SECRET": OA_SECRET,
    }  # fmt: skip


@dataclass
class ZaloOaServer:
    """Zalo for one account, on a port of this machine; an async context manager. `url` serves both kinds of calls.

    `twice` brings every event twice, and `patient` for as long as it takes; `quota` is how many messages may still be
    sent; `faults` are what the next sends are answered with, and after them what `trouble` makes; `signs` is how events
    are signed. `odd` lists what no client may do.
    """

    clock: Callable[[], datetime] = real_now
    twice: bool = False
    patient: bool = False
    quota: int = 1_000_000
    signs: tuple[str, str] = (APP_ID, OA_SECRET)
    webhook: str = ""
    people: dict[str, OaPerson] = field(default_factory=dict)
    templates: dict[str, Sequence[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    trouble: Callable[[], Fault | None] = lambda: None
    ambiguous: int = 0
    odd: list[str] = field(default_factory=list)
    spent: int = 0
    renewals: int = 0
    refused_renewals: int = 0
    redelivered: int = 0
    _moved: timedelta = timedelta()
    _access: Token | None = None
    _refresh: Token | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._files: dict[str, bytes] = {}
        self._uploads: dict[str, bytes] = {}
        self._pushing: set[asyncio.Task[None]] = set()
        self._refresh = Token(FIRST_REFRESH_TOKEN, self.now() + REFRESH_HOLDS)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=50 * 1024 * 1024)
        app.router.add_post("/v4/oa/access_token", self._renew)
        app.router.add_post("/v3.0/oa/message/cs", self._api(self._send))
        app.router.add_post("/v3.0/oa/message/template", self._api(self._send_template))
        app.router.add_post("/v2.0/oa/upload/image", self._api(self._upload_image))
        app.router.add_post("/v2.0/oa/upload/file", self._api(self._upload_file))
        app.router.add_get("/v2.0/oa/getoa", self._api(self._account))
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

    # the clock, people, events

    def now(self) -> datetime:
        """Return the time here."""
        return self.clock() + self._moved

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self._moved += by

    def person(self) -> OaPerson:
        """Return somebody new, whom nobody has written to yet."""
        person = OaPerson(self, f"{next(self._numbers) + 10**18}")
        self.people[person.id] = person
        return person

    def put(self, content: bytes) -> str:
        """Keep a file and return its address."""
        name = str(next(self._numbers))
        self._files[name] = content
        return f"{self.url}/files/{name}"

    def event(self, person: OaPerson, name: str, message: Json | None = None) -> bytes:
        """Return the body of an event."""
        stamped: Json = {"app_id": APP_ID, "event_name": name, "timestamp": str(int(self.now().timestamp() * 1000))}
        if message is None:
            body = stamped | {"oa_id": OA_ID, "source": "qrcode", "follower": {"id": person.id}}
        else:
            message = {"msg_id": f"{next(self._numbers):032x}"} | message
            body = stamped | {"sender": {"id": person.id}, "recipient": {"id": OA_ID}, "message": message}
        return json.dumps(body, ensure_ascii=False).encode()

    def signature(self, body: bytes) -> str:
        """Return the header that proves a body."""
        id_, secret = self.signs
        timestamp = json.loads(body)["timestamp"]
        return "mac=" + hashlib.sha256(id_.encode() + body + timestamp.encode() + secret.encode()).hexdigest()

    def push(self, person: OaPerson, name: str, message: Json | None = None) -> None:
        """Let somebody have done something: the webhook hears of it."""
        person.heard_at = self.now()
        body = self.event(person, name, message)
        for _ in range(1 + self.twice):
            self._in_background(self._bring(body))

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._pushing.add(task)
        task.add_done_callback(self._pushing.discard)

    async def _bring(self, body: bytes) -> None:
        """Bring an event, and again after pauses, until it is taken in time."""
        for pause in itertools.chain(RETRIES, itertools.repeat(RETRIES[-1]) if self.patient else (None,)):
            if await self.bring(body) == 200:
                return
            if pause is not None:
                await asyncio.sleep(pause)
                self.redelivered += 1
        self.odd.append("an event was never taken")

    async def bring(self, body: bytes, signature: str | None = None) -> int:
        """Bring a body to the webhook and return the status; 0 where none comes in time."""
        headers = {
            "Content-Type": "application/json",
            "X-ZEvent-Signature": self.signature(body) if signature is None else signature,
        }
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._http.post(self.webhook, data=body, headers=headers, timeout=timeout) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    # tokens

    async def _renew(self, request: web.Request) -> web.Response:
        form = await request.post()
        if request.headers.get("secret_key") != APP_SECRET or form.get("app_id") != APP_ID:
            return web.json_response({"error_name": "Invalid app", "error": -14001})
        now = self.now()
        if self._refresh is None or form.get("refresh_token") != self._refresh.text or self._refresh.until < now:
            self.refused_renewals += 1
            return web.json_response({"error_name": "Invalid refresh token.", "error": -14014})
        self.renewals += 1
        number = next(self._numbers)
        self._access = Token(f"access-token-{number}", now + ACCESS_HOLDS)
        self._refresh = Token(f"refresh-token-{number}", now + REFRESH_HOLDS)
        made = {"access_token": self._access.text, "refresh_token": self._refresh.text, "expires_in": "90000"}
        return web.json_response(made)

    def revoke(self, *, refresh_too: bool = False) -> None:
        """Let the access token hold no longer, as when a human takes the right back."""
        self._access = None
        if refresh_too:
            self._refresh = None

    def revoke_refresh(self) -> None:
        """Let the refresh token make no more pairs, while the access token holds on."""
        self._refresh = None

    def give_refresh_token(self, text: str) -> None:
        """Let a human have made a new refresh token."""
        self._refresh = Token(text, self.now() + REFRESH_HOLDS)

    # calls

    def _api(self, call: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def answered(request: web.Request) -> web.StreamResponse:
            fault = self._next_fault() if request.method == "POST" else None
            if fault is not None and not fault.late:
                return self._failed(request, fault)
            try:
                if self._access is None or request.headers.get("access_token") != self._access.text:
                    raise _Error(-216, "access token is invalid")
                if self._access.until < self.now():
                    raise _Error(-216, "access token has expired")
                data = await call(request)
            except _Error as error:
                return web.json_response({"error": error.code, "message": str(error)})
            if fault is not None:
                return self._failed(request, fault)
            return web.json_response({"data": data, "error": 0, "message": "Success"})

        return answered

    def _next_fault(self) -> Fault | None:
        """Return what goes wrong with the next call, and count what leaves nobody knowing."""
        fault = self.faults.pop(0) if self.faults else self.trouble()
        self.ambiguous += fault is not None and (fault.cut or fault.status != 200)
        return fault

    def _failed(self, request: web.Request, fault: Fault) -> web.Response:
        if fault.cut:
            assert request.transport is not None
            request.transport.abort()
        if fault.status != 200:
            return web.Response(status=fault.status)
        return web.json_response({"error": fault.code, "message": "as the test wants"})

    async def _account(self, request: web.Request) -> Json:
        return {"oa_id": OA_ID, "name": "Hội Khuyến học xã Thần Khê", "is_verified": True}

    async def _send(self, request: web.Request) -> Json:
        fields = await request.json()
        person = self._reader(fields["recipient"]["user_id"])
        seen = self._seen(fields["message"])
        now = self.now()
        if person.heard_at is None or now - person.heard_at > PAID:
            raise _Error(-230, "user has not interacted with the OA in the past 7 days")
        self._count()
        if now - person.heard_at > FREE:
            self.spent += DONG_A_MESSAGE
        person.read(seen)
        return {"message_id": f"{next(self._numbers):032x}", "user_id": person.id}

    async def _send_template(self, request: web.Request) -> Json:
        fields = await request.json()
        person = self._reader(fields["user_id"])
        wanted = self.templates.get(fields["template_id"])
        if wanted is None or set(wanted) != set(fields["template_data"]):
            raise _Error(-137, "template is not there or has other parameters")
        if not 6 <= self.now().astimezone(VIETNAM).hour < 22:
            raise _Error(-133, "templates do not go at night")
        self._count()
        self.spent += DONG_A_TEMPLATE
        text = "\n".join(f"{name}: {value}" for name, value in fields["template_data"].items())
        person.read(Seen(text, template=fields["template_id"]))
        return {"message_id": f"{next(self._numbers):032x}", "user_id": person.id}

    def _reader(self, id_: str) -> OaPerson:
        person = self.people.get(id_)
        if person is None:
            self._complain(f"nobody is called {id_}")
            raise _Error(-201, "user_id is invalid")
        if person.blocks:
            raise _Error(-213, "user has not followed the OA")
        return person

    def _count(self) -> None:
        if self.quota <= 0:
            raise _Error(-211, "out of quota")
        self.quota -= 1

    def _seen(self, message: Mapping[str, Any]) -> Seen:
        """Return what a message shows. Raises what Zalo says to one that is over its limits."""
        text = message.get("text", "")
        attachment = message.get("attachment")
        if attachment is None or "buttons" in attachment.get("payload", {}):
            self._must(1 <= len(text) <= LONGEST_TEXT, -210, f"a text of {len(text)} letters")
            self._must(unicodedata.is_normalized("NFC", text), -201, "a text that is not in NFC")
        if attachment is None:
            return Seen(text)
        payload = attachment["payload"]
        match attachment["type"], payload:
            case "file", {"token": token}:
                self._must(token in self._uploads, -201, "a file that was never uploaded")
                return Seen(text, files=(self._uploads[token],))
            case "template", {"template_type": "media", "elements": [{"media_type": "image", "attachment_id": id_}]}:
                self._must(id_ in self._uploads, -201, "an image that was never uploaded")
                return Seen(text, files=(self._uploads[id_],))
            case "template", {"buttons": list(buttons)}:
                self._must(1 <= len(buttons) <= MOST_BUTTONS, -210, f"{len(buttons)} buttons")
                return Seen(text, {button["title"]: self._button(button) for button in buttons})
            case _:
                self._complain(f"an attachment of an unknown shape: {attachment}")
                raise _Error(-201, "attachment is invalid")

    def _button(self, button: Json) -> Json:
        title, payload = button["title"], button["payload"]
        self._must(1 <= len(title) <= LONGEST_TITLE, -210, f"a title of {len(title)} letters")
        self._must(unicodedata.is_normalized("NFC", title), -201, "a title that is not in NFC")
        match button["type"]:
            case "oa.query.hide" | "oa.query.show":
                self._must(isinstance(payload, str) and 1 <= len(payload) <= LONGEST_PAYLOAD, -210, "a long payload")
            case "oa.open.url":
                self._must(str(payload.get("url", "")).startswith("http"), -201, "a button to nowhere")
            case kind:
                self._must(False, -201, f"a button of the kind {kind}")
        return button

    def _must(self, holds: bool, code: int, what: str) -> None:
        if not holds:
            self._complain(what)
            raise _Error(code, what)

    def _complain(self, what: str) -> None:
        self.odd.append(what)

    async def _upload_image(self, request: web.Request) -> Json:
        name, content = await _uploaded(request)
        self._must(content.startswith((b"\xff\xd8", b"\x89PNG")), -201, f"an image that is none: {name}")
        self._must(len(content) <= MOST_IMAGE_BYTES, -210, f"an image of {len(content)} bytes")
        return {"attachment_id": self._uploaded_as(content)}

    async def _upload_file(self, request: web.Request) -> Json:
        name, content = await _uploaded(request)
        self._must(name.rpartition(".")[2].lower() in FILE_KINDS, -201, f"a file called {name}")
        self._must(len(content) <= MOST_FILE_BYTES, -210, f"a file of {len(content)} bytes")
        return {"token": self._uploaded_as(content)}

    def _uploaded_as(self, content: bytes) -> str:
        handle = f"upload-{next(self._numbers)}"
        self._uploads[handle] = content
        return handle

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self._files[request.match_info["name"]])


async def _uploaded(request: web.Request) -> tuple[str, bytes]:
    form = await request.post()
    file = form["file"]
    assert isinstance(file, web.FileField)
    with contextlib.closing(file.file) as content:
        return file.filename, content.read()
