"""The HTTP server: tells bots apart, reads requests, lets faults happen, answers as api.telegram.org does."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from tests.botapi import rules
from tests.botapi.account import DEFAULT_TOKEN, BotAccount
from tests.botapi.faults import Fault, FaultPlan, FaultSchedule
from tests.botapi.ledger import Ledger
from tests.botapi.limits import Limits, RateLimiter
from tests.botapi.methods import BotMethods, refusal, too_many
from tests.botapi.person import Person
from tests.botapi.rules import METHODS, Json, Method, Refused, Upload, read_params
from tests.botapi.webhook import PATIENCE, WebhookPusher

_FIRST_USER = 5_000_000_000  # beyond 2^31, as real ids have been since 2021
_FIRST_GROUP = -1_001_000_000_000


class BotApiServer:
    """Telegram for one or several bots, on a port of this machine; an async context manager.

    `base_url` is what `TELEGRAM_API_URL` takes; python-telegram-bot wants `bot_url` and `file_url`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = DEFAULT_TOKEN,
        limits: Limits | None = None,
        faults: FaultPlan | None = None,
        seed: int = 0,
    ) -> None:
        self.random = Random(seed)
        self.ledger = Ledger()
        self.limits = limits or Limits()
        self.limiter = RateLimiter(self.limits)
        self.bots: dict[str, BotMethods] = {}
        self.people: dict[tuple[int, int], Person] = {}
        self._faults = FaultSchedule(faults or FaultPlan())
        self._port = port
        self._pushers: dict[str, tuple[WebhookPusher, asyncio.Task[None]]] = {}
        self._stack: list[web.AppRunner] = []
        self._http: aiohttp.ClientSession | None = None
        self.default_bot = self.add_bot(token)

    # --- running ---

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        runner = web.AppRunner(self._application(), handler_cancellation=True, shutdown_timeout=0.5)
        await runner.setup()
        self._stack.append(runner)
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        for methods in self.bots.values():
            self._start_pushing(methods.account)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_polls()
        for pusher, task in self._pushers.values():
            task.cancel()
            await pusher.stop()
        for runner in self._stack:
            await runner.cleanup()
        if self._http:
            await self._http.close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def bot_url(self) -> str:
        return f"{self.base_url}/bot"

    @property
    def file_url(self) -> str:
        return f"{self.base_url}/file/bot"

    # --- what a test arranges ---

    def add_bot(self, token: str, username: str | None = None) -> BotAccount:
        account = BotAccount(token, username or f"hoctap_{len(self.bots) + 1}_bot", self.ledger, self.random)
        self.bots[token] = BotMethods(account, self.limiter)
        if self._http:
            self._start_pushing(account)
        return account

    def add_person(
        self,
        name: str,
        language_code: str = "vi",
        *,
        bot: BotAccount | None = None,
        user_id: int | None = None,
    ) -> Person:
        """Somebody who can write to the bot; give the same id to meet two bots as one person."""
        account = bot or self.default_bot
        user_id = user_id or _FIRST_USER + 7_919 * (len(self.people) + 1)
        person = Person(account, user_id, name, language_code)
        self.people[account.id, user_id] = person
        return person

    def add_crowd(self, count: int, bot: BotAccount | None = None) -> list[Person]:
        """Many who pressed start long ago: the bot may write to them, and has nothing to answer."""
        crowd = [self.add_person(f"Người thứ {number}", bot=bot) for number in range(1, count + 1)]
        for person in crowd:
            person.chat.started = True
        return crowd

    def add_group(self, title: str, bot: BotAccount | None = None) -> int:
        """A group the bot is in; returns its chat id."""
        account = bot or self.default_bot
        group_id = _FIRST_GROUP - len(account.chats)
        account.open_chat({"id": group_id, "title": title, "type": "supergroup"})
        return group_id

    @property
    def faults(self) -> FaultPlan:
        return self._faults.plan

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        self._faults = FaultSchedule(plan)

    def redeliver(self, update_ids: Iterable[int], bot: BotAccount | None = None) -> None:
        (bot or self.default_bot).queue.redeliver(update_ids)

    def shuffle(self, on: bool = True, bot: BotAccount | None = None) -> None:
        (bot or self.default_bot).queue.shuffle(on)

    def restart_ids(self, bot: BotAccount | None = None) -> int:
        return (bot or self.default_bot).queue.restart_ids()

    def push_raw(self, kind: str, payload: Json, bot: BotAccount | None = None) -> int:
        """Queue an update of any shape: poison, unknown kinds."""
        return (bot or self.default_bot).push(kind, payload, 0)

    def idle(self) -> bool:
        """Whether every bot has confirmed all its updates."""
        return not any(m.account.queue.waiting or m.account.queue.replays for m in self.bots.values())

    # --- requests ---

    def _application(self) -> web.Application:
        from tests.botapi.control import add_control

        application = web.Application(client_max_size=rules.MAX_UPLOAD + 2**20)
        application.router.add_route("*", "/bot{token:[^/]+}/{method}", self._call)
        application.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._download)
        add_control(application, self)
        return application

    async def _call(self, request: web.Request) -> web.StreamResponse:
        methods = self.bots.get(request.match_info["token"])
        if methods is None:
            self.ledger.breach("wrong token", request.match_info["method"])
            return _refused(Refused(401, "Unauthorized"))
        method = METHODS.get(request.match_info["method"].lower())
        if method is None:
            self.ledger.breach("unknown method", request.match_info["method"])
            return _refused(Refused(404, "Not Found: method not found"))
        self.ledger.calls[method.name] += 1
        return await self._answer(request, methods, method, await _raw_params(request))

    async def _answer(
        self, request: web.Request, methods: BotMethods, method: Method, raw: dict[str, object]
    ) -> web.StreamResponse:
        chat = _chat_number(raw)
        if method.name in self.faults.methods and self.faults.blocks(chat):
            self._let_block(methods, chat)
        fault = self._faults.draw(method.name)
        if fault is None:
            return await self._carry_out(request, methods, method, raw)
        carried_out = await self._carry_out(request, methods, method, raw) if fault.accepted else None
        if carried_out is not None and carried_out.status != 200:
            return carried_out  # refused: there is no acceptance to hide
        self.ledger.fail(fault, method.name, chat)
        return await self._fail(request, methods, method, fault, chat, carried_out)

    async def _carry_out(
        self, request: web.Request, methods: BotMethods, method: Method, raw: dict[str, object]
    ) -> web.StreamResponse:
        try:
            return _json(200, {"ok": True, "result": await methods.call(method, read_params(method, raw))})
        except Refused as refused:
            # Nobody hears the end of a poll whose process was killed; that is no conflict.
            if request.transport is not None and not request.transport.is_closing():
                self.ledger.refuse(refusal(methods.account, method.name, _chat_number(raw), refused))
            return _refused(refused)

    async def _fail(
        self,
        request: web.Request,
        methods: BotMethods,
        method: Method,
        fault: Fault,
        chat: int,
        carried_out: web.StreamResponse | None,
    ) -> web.StreamResponse:
        match fault:
            case Fault.TOO_MANY:
                return self._inject_too_many(methods, method, chat)
            case Fault.INTERNAL:
                return self._inject(methods, method, chat, Refused(500, "Internal Server Error"))
            case Fault.BAD_GATEWAY:
                return self._bad_gateway()
            case Fault.RESET_BEFORE | Fault.RESET_AFTER:
                return _reset(request, carried_out)
            case Fault.HANG_BEFORE | Fault.HANG_AFTER:
                await asyncio.sleep(self.faults.hang_seconds)
                return _reset(request, carried_out)

    def _let_block(self, methods: BotMethods, chat_id: int) -> None:
        """Have somebody block the bot unheard, as one does while the bot is off for days."""
        chat = methods.account.chat(chat_id)
        if chat is not None:
            chat.blocked = True

    def _inject_too_many(self, methods: BotMethods, method: Method, chat: int) -> web.Response:
        wait = self.faults.retry_after
        self.limiter.ban(methods.account.id, 0, wait, time.monotonic())
        return self._inject(methods, method, chat, too_many(wait))

    def _inject(self, methods: BotMethods, method: Method, chat: int, refused: Refused) -> web.Response:
        self.ledger.refuse(refusal(methods.account, method.name, chat, refused, injected=True))
        return _refused(refused)

    def _bad_gateway(self) -> web.Response:
        """The gateway in front of Telegram answers in HTML or in JSON."""
        if self._faults.random.random() < 0.5:
            return _refused(Refused(502, "Bad Gateway"))
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=502, text=page, content_type="text/html")

    async def _download(self, request: web.Request) -> web.Response:
        methods = self.bots.get(request.match_info["token"])
        content = methods.account.files.at(request.match_info["path"]) if methods else None
        if content is None:
            return _refused(Refused(404, "Not Found"))
        return web.Response(body=content, content_type="application/octet-stream")

    # --- inside ---

    def _start_pushing(self, account: BotAccount) -> None:
        assert self._http is not None
        pusher = WebhookPusher(account, self._http, self.limits.speed)
        self._pushers[account.token] = (pusher, asyncio.create_task(pusher.run()))

    def _end_polls(self) -> None:
        for methods in self.bots.values():
            methods.closing = True
            methods.account.queue.changed.fire()


async def _raw_params(request: web.Request) -> dict[str, object]:
    """The fields of a request, from wherever Telegram takes them."""
    raw: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        return raw | _json_object(body)
    for name, value in (await request.post()).items():
        raw[name] = await _field(value)
    return raw


def _json_object(body: str) -> dict[str, object]:
    with suppress(ValueError):
        parsed = json.loads(body or "{}")
        if isinstance(parsed, dict):
            return parsed
    return {}


async def _field(value: object) -> object:
    if isinstance(value, web.FileField):
        content = await asyncio.to_thread(value.file.read)
        return Upload(value.filename, value.content_type, content)
    return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else value


def _chat_number(raw: dict[str, object]) -> int:
    try:
        return int(str(raw.get("chat_id", 0)))
    except ValueError:
        return 0


def _json(status: int, body: Json) -> web.Response:
    return web.json_response(body, status=status)


def _refused(refused: Refused) -> web.Response:
    return _json(refused.code, refused.body())


def _reset(request: web.Request, carried_out: web.StreamResponse | None) -> web.StreamResponse:
    """Cut the connection with a TCP reset, as a dying proxy does; what is returned reaches nobody."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return carried_out or web.Response()
