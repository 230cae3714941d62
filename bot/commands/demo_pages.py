"""The demo's own page: its phones, who holds which role, and starting anew."""

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.application import Application
from bot.channels.web.messages import BOT, CHANNEL, address_of
from bot.channels.web.routes import page
from bot.commands.sample import COMMUNE, VILLAGE
from bot.services.invitations import invite
from bot.store.core import outbox
from bot.store.core.inbox import Incoming
from flows.conversation.replies import Typed
from flows.domain.people import ROLES, RoleKind
from flows.registration.subject import VILLAGE_CODE
from flows.words.wording import Lines, Wording, _, render


@dataclass(frozen=True, slots=True)
class Role:
    """One of the demo's phones. Its people are made up."""

    title: str
    subtitle: Wording
    role: str
    name: str | None = None


def _beside(task: Wording, unit: str) -> Wording:
    return Lines((task, unit), " · ")


PHONES = (
    Role("Lan", _beside(_("Farmer"), "Thôn Đông"), "resident"),
    Role("Minh", _beside(_("Official"), "Thôn Đông"), "resident"),
    Role("Bà Hòa", _beside(ROLES["head"], "Thôn Đông"), "head", "Lê Thị Hòa"),
    Role("Ông Bình", _beside(ROLES["admin"], "Xã Tân An"), "admin", "Trần Văn Bình"),
)
ERASURE = ("/privacy", "xóa dữ liệu", "đồng ý xóa hết")
INVITED: dict[str, tuple[RoleKind, str]] = {"head": ("head", VILLAGE), "admin": ("admin", COMMUNE)}


class DemoPages:
    """The phones of a running demo. Starting anew erases everybody and gives every phone a new token."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._tokens: list[str] = []

    def routes(self) -> list[BaseRoute]:
        """Return what the demo serves besides the web chat."""
        return [
            Route("/", page("demo.html", self._application.web.words)),
            Route("/demo/phones", self._phones),
            Route("/demo/reset", self._reset, methods=["POST"]),
        ]

    async def open(self) -> None:
        """Give every phone a token, and let the officials take up their roles as they would in chat."""
        for token in self._tokens:
            await self._say(token, *ERASURE)
        self._tokens = [self._application.web.new_token() for _phone in PHONES]
        for phone, token in zip(PHONES, self._tokens, strict=True):
            if phone.name is not None:
                await self._take_up(phone, phone.name, token)

    async def _take_up(self, phone: Role, name: str, token: str) -> None:
        application = self._application
        role, unit = INVITED[phone.role]
        code, _expires = await invite(application.database, role, unit, application.clock())
        address = address_of(token)
        await self._say(token, f"/start {code}", "Tiếng Việt", "đồng ý", name, "có")
        async with application.database.writing() as connection:
            letters = await outbox.read_new(connection, CHANNEL, BOT, address)
            seen = [letter.id for letter in letters[:-1]]
            await outbox.settle_read(connection, CHANNEL, BOT, address, seen, application.clock())

    async def _say(self, token: str, *texts: str) -> None:
        turns = self._application.turns
        for text in texts:
            await turns.receive([Incoming(CHANNEL, BOT, address_of(token), str(uuid4()), Typed(text))])
            await turns.run_once()

    async def _phones(self, request: Request) -> Response:
        reader = self._application.web.words.reader(None, request.headers.get("accept-language", ""))
        return JSONResponse(
            [
                {
                    "token": token,
                    "title": phone.title,
                    "subtitle": render(phone.subtitle, reader),
                    "role": phone.role,
                    "start": f"/start {VILLAGE_CODE}{VILLAGE}" if phone.role == "resident" else "/start",
                }
                for phone, token in zip(PHONES, self._tokens, strict=True)
            ]
        )

    async def _reset(self, request: Request) -> Response:
        await self.open()
        return JSONResponse({})
