"""The server's remote control, for tests in another process: `/control/…` in JSON, and a client for it."""

import asyncio
import base64
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp import web

from tests.botapi.chatter import Chatter
from tests.botapi.faults import FaultPlan
from tests.botapi.ledger import Tally
from tests.botapi.person import Person, Shown
from tests.botapi.rules import Json

_ACTS = frozenset(
    {
        "type", "start", "press", "press_data", "edit_last", "send_photo", "send_document", "send_sticker",
        "send_voice", "share_contact", "block", "unblock",
    }
)  # fmt: skip


def add_control(application: web.Application, server: Any) -> None:
    """Add the control routes of a server to its application."""
    control = _Control(server)
    application.router.add_get("/control/ready", control.ready)
    application.router.add_post("/control/bots", control.add_bot)
    application.router.add_post("/control/people", control.add_person)
    application.router.add_post("/control/crowd", control.add_crowd)
    application.router.add_get("/control/people/{id}/inbox", control.inbox)
    application.router.add_post("/control/people/{id}/wait", control.wait)
    application.router.add_post("/control/people/{id}/{act}", control.act)
    application.router.add_get("/control/ledger", control.ledger)
    application.router.add_get("/control/tally", control.tally)
    application.router.add_post("/control/chatter", control.start_chatter)
    application.router.add_post("/control/chatter/stop", control.stop_chatter)
    application.router.add_get("/control/violations", control.violations)
    application.router.add_post("/control/{verb}", control.arrange)


class _Control:
    def __init__(self, server: Any) -> None:
        self._server = server
        self._chatter: Chatter | None = None

    async def ready(self, _: web.Request) -> web.Response:
        return _answer({"idle": self._server.idle(), "base_url": self._server.base_url})

    async def add_bot(self, request: web.Request) -> web.Response:
        account = self._server.add_bot(**await request.json())
        return _answer({"id": account.id})

    async def add_person(self, request: web.Request) -> web.Response:
        wish = await request.json()
        methods = self._server.bots.get(wish.pop("bot", None))
        person = self._server.add_person(**wish, bot=methods.account if methods else None)
        return _answer({"id": person.id})

    async def add_crowd(self, request: web.Request) -> web.Response:
        wish = await request.json()
        return _answer({"ids": [person.id for person in self._server.add_crowd(wish["count"])]})

    async def act(self, request: web.Request) -> web.Response:
        act = request.match_info["act"]
        if act not in _ACTS:
            return _wrong(f"nobody can {act!r}; one can {', '.join(sorted(_ACTS))}")
        arguments = await request.json()
        if "content" in arguments:
            arguments["content"] = base64.b64decode(arguments["content"])
        try:
            return _answer({"updates": getattr(self._person(request), act)(**arguments)})
        except (LookupError, TypeError) as error:
            return _wrong(str(error))

    async def inbox(self, request: web.Request) -> web.Response:
        person = self._person(request)
        return _answer({"inbox": person.inbox, "unread": person.unread, "toasts": person.toasts})

    async def wait(self, request: web.Request) -> web.Response:
        wish = await request.json()
        try:
            return _answer(await self._person(request).wait_for(wish["text"], wish.get("timeout", 5.0)))
        except AssertionError as error:
            return _wrong(str(error))

    async def ledger(self, _: web.Request) -> web.Response:
        ledger = self._server.ledger
        names = (
            "accepted",
            "refusals",
            "failures",
            "too_many",
            "injected_too_many",
            "ambiguous",
            "ambiguous_accepted",
        )
        seen = {name: getattr(ledger, name) for name in names}
        return _answer(seen | {"presses": list(ledger.presses.values()), "calls": ledger.calls})

    async def tally(self, request: web.Request) -> web.Response:
        return _answer(self._server.ledger.tally(request.query["notice"]))

    async def start_chatter(self, request: web.Request) -> web.Response:
        wish = await request.json()
        default = self._server.default_bot.id
        people = [self._server.people[default, user_id] for user_id in wish["people"]]
        self._chatter = Chatter(people, wish["text"], wish["per_second"])
        return _answer({})

    async def stop_chatter(self, request: web.Request) -> web.Response:
        """Fall silent, and tell how long each answer took, once they have come or had time to."""
        wish = await request.json()
        if self._chatter is None:
            return _wrong("nobody writes; start with chatter")
        await self._chatter.stop()
        await asyncio.sleep(wish.get("patience", 2.0))
        return _answer(self._chatter.waits(self._server.ledger, wish.get("notice", "")))

    async def violations(self, request: web.Request) -> web.Response:
        seconds = float(request.query.get("unanswered_after", 10.0))
        return _answer({"violations": self._server.ledger.violations(seconds)})

    async def arrange(self, request: web.Request) -> web.Response:
        wish = await request.json()
        match request.match_info["verb"]:
            case "faults":
                self._server.faults = msgspec.convert(wish, FaultPlan)
                return _answer({})
            case "redeliver":
                self._server.redeliver(wish["updates"])
                return _answer({})
            case "shuffle":
                self._server.shuffle(wish.get("on", True))
                return _answer({})
            case "restart_ids":
                return _answer({"next": self._server.restart_ids()})
            case "push":
                return _answer({"updates": [self._server.push_raw(wish["kind"], wish["payload"])]})
            case verb:
                return _wrong(f"no {verb!r} here; faults, redeliver, shuffle, restart_ids, push")

    def _person(self, request: web.Request) -> Person:
        user_id = int(request.match_info["id"])
        bot = request.query.get("bot")
        bot_id = int(bot) if bot else self._server.default_bot.id
        person: Person | None = self._server.people.get((bot_id, user_id))
        if person is None:
            raise web.HTTPNotFound(text=f"nobody has the id {user_id}")
        return person


def _answer(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _wrong(reason: str) -> web.Response:
    return web.Response(status=409, text=reason)


class Remote:
    """The control of a server in another process; an async context manager."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(self.base_url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http:
            await self._http.close()

    async def ready(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Return when the server answers."""
        async with asyncio.timeout(timeout):
            while not await self._answers():
                await asyncio.sleep(0.05)

    async def add_person(self, name: str, language_code: str = "vi") -> "RemotePerson":
        answer = await self.post("people", {"name": name, "language_code": language_code})
        return RemotePerson(self, answer["id"], name)

    async def add_crowd(self, count: int) -> list[int]:
        """Many who pressed start long ago, by their ids."""
        return list((await self.post("crowd", {"count": count}))["ids"])

    async def ledger(self) -> Json:
        return await self.get("ledger")

    async def tally(self, notice: str) -> Tally:
        """The ledger in short, for a notice that is known by a part of its text."""
        return msgspec.convert(await self.get(f"tally?{urlencode({'notice': notice})}"), Tally, strict=False)

    async def violations(self, unanswered_after: float = 10.0) -> list[Json]:
        answer = await self.get(f"violations?unanswered_after={unanswered_after}")
        return list(answer["violations"])

    async def set_faults(self, plan: FaultPlan) -> None:
        await self.post("faults", msgspec.to_builtins(plan))

    async def get(self, path: str) -> Json:
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        return await self._ask("POST", path, body)

    async def _ask(self, verb: str, path: str, body: Mapping[str, object] | None) -> Json:
        assert self._http is not None
        async with self._http.request(verb, f"/control/{path}", json=body) as response:
            if response.status != 200:
                raise AssertionError(await response.text())
            answer: Json = await response.json()
            return answer

    async def _answers(self) -> bool:
        try:
            await self.get("ready")
        except aiohttp.ClientConnectionError:
            return False
        return True


class RemotePerson:
    """A person of a server in another process. `do` takes every act of `Person` by its name."""

    def __init__(self, remote: Remote, user_id: int, name: str) -> None:
        self.id = user_id
        self.name = name
        self._remote = remote

    async def do(self, act: str, **arguments: object) -> tuple[int, ...]:
        content = arguments.get("content")
        if isinstance(content, bytes):
            arguments["content"] = base64.b64encode(content).decode()
        answer = await self._remote.post(f"people/{self.id}/{act}", arguments)
        return tuple(answer["updates"])

    async def type(self, text: str) -> tuple[int, ...]:
        return await self.do("type", text=text)

    async def press(self, label: str) -> tuple[int, ...]:
        return await self.do("press", label=label)

    async def inbox(self) -> list[Shown]:
        answer = await self._remote.get(f"people/{self.id}/inbox")
        return msgspec.convert(answer["inbox"], list[Shown])

    async def wait_for(self, text: str, timeout: float = 5.0) -> Shown:  # noqa: ASYNC109
        answer = await self._remote.post(f"people/{self.id}/wait", {"text": text, "timeout": timeout})
        return msgspec.convert(answer, Shown)
