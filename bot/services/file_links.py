"""Files that a channel cannot carry, behind a link: it opens with a code that stands in the chat and works once."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from html import escape
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.services.file_types import type_of
from bot.services.files import FileStore
from bot.services.request_bodies import BodyNotReceived, BodyTooLarge, read_body
from bot.services.runtime import Runtime
from bot.store.core import file_links
from bot.store.core.file_links import FileLink
from bot.store.core.inbox import Address
from flows.conversation.messages import Attachment, ChannelFile, InlineFile, StoredFile
from flows.words.wording import Catalogue, Wording, _, render

PATH = "/f"
HOLDS = timedelta(days=3)
# Who was cut off while it came gets it once more with the same code.
STAYS_OPEN = timedelta(minutes=10)
MOST_WRONG = 5
MOST_FORM_BYTES = 1024
HEADERS = {
    "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy":
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}  # fmt: skip

TITLE = _("Open a file")
ASKED = _("Type the code of six digits that stands in your chat under this link.")
OPEN = _("Open")
WRONG = _("This code is not right. Please look at it once more.")
GONE = _("This link does not work any more. Please ask for the file again in your chat.")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_CODE = re.compile(r"\d{6}")
_PAGE = (
    "<!doctype html><html lang={language}><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>{title}</title><style>body{{font:1.3rem/1.5 sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem}}"
    "input,button{{font:inherit;padding:.6rem;width:100%;box-sizing:border-box;margin:.4rem 0}}</style>"
    "<h1>{title}</h1><p>{told}</p>{form}</html>"
)
_FORM = (
    "<form method=post><input name=code inputmode=numeric autocomplete=one-time-code maxlength=9 required"
    " aria-label='{asked}'><button>{open}</button></form>"
)


def _told(name: str, link: str, code: str) -> Wording:
    return _("📄 {name}: {link}\nCode to open it: {code} (works once, for three days)", name=name, link=link, code=code)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def file_told(file: Attachment) -> str:
    """Return what is said of a file that goes without a link; of a text, the text."""
    match file:
        case InlineFile(name, content):
            return f"📄 {name}\n{content}"
        case StoredFile(kind=kind, name=name) | ChannelFile(kind=kind, name=name):
            return f"{'📷' if kind == 'photo' else '📄'} {name}"


class FileLinks:
    """Makes links for chats, and is what answers at them. Without a public address there are none."""

    def __init__(self, runtime: Runtime, files: FileStore, public_url: str | None) -> None:
        self._runtime = runtime
        self._files = files
        self._public_url = public_url.rstrip("/") if public_url else None

    async def told(self, place: Address, file: Attachment, catalogue: Catalogue) -> str:
        """Return what tells a chat of a file: where to open it and with which code, or no more than its name where
        there can be no link; of a text, the text."""
        linked = await self._linked(place, file, catalogue) if isinstance(file, StoredFile) else None
        return linked if linked is not None else file_told(file)

    async def _linked(self, place: Address, file: StoredFile, catalogue: Catalogue) -> str | None:
        if self._public_url is None:
            return None
        token, code = secrets.token_urlsafe(16), f"{secrets.randbelow(10**6):06d}"
        expires = self._runtime.clock() + HOLDS
        link = FileLink(_hash(token), _hash(token, code), file.digest, file.name, catalogue.language, expires)
        async with self._runtime.database.writing() as connection:
            if not await file_links.add(connection, place, link):
                return None
        link_said = f"{self._public_url}{PATH}/{token}"
        return render(_told(file.name, link_said, code), catalogue)

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves of it."""
        return [Route(f"{PATH}/{{token}}", self.ask), Route(f"{PATH}/{{token}}", self.open, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """Ask for the code. Whoever only looks, as programs that show links do, opens nothing."""
        link = await self._find(request.path_params["token"])
        if link is None or not self._holds(link):
            return self._page(link, GONE, 404)
        return self._page(link, ASKED, form=True)

    async def open(self, request: Request) -> Response:
        """Give the file for its code, or count a wrong one."""
        try:
            form = parse_qs((await read_body(request, MOST_FORM_BYTES)).decode("ascii", "replace"))
        except (BodyTooLarge, BodyNotReceived):
            return Response(status_code=400)
        code = re.sub(r"\D", "", form.get("code", [""])[0])
        link = await self._find(token := request.path_params["token"])
        if link is None or not self._holds(link):  # whoever makes links up keeps nobody from writing
            return self._page(link, GONE, 404)
        async with self._runtime.database.writing() as connection:
            link = await file_links.find(connection, link.token, locked=True)
            if link is None or not self._holds(link):
                return self._page(link, GONE, 404)
            if not _CODE.fullmatch(code) or not hmac.compare_digest(_hash(token, code), link.code):
                await file_links.count_wrong(connection, link.token)
                return self._page(link, WRONG, 403, form=link.wrong + 1 < MOST_WRONG)
            soon = self._runtime.clock() + STAYS_OPEN
            if soon < link.expires_at:
                await file_links.end_at(connection, link.token, soon)
        content = await self._files.read(link.digest)
        return _file(link.name, content) if content is not None else self._page(link, GONE, 404)

    async def _find(self, token: str) -> FileLink | None:
        if not _TOKEN.fullmatch(token):
            return None
        async with self._runtime.database.reading() as connection:
            return await file_links.find(connection, _hash(token))

    def _holds(self, link: FileLink) -> bool:
        return link.wrong < MOST_WRONG and link.expires_at > self._runtime.clock()

    def _page(self, link: FileLink | None, told: Wording, status: int = 200, *, form: bool = False) -> Response:
        catalogue = self._runtime.catalogue(link.language if link is not None else None)

        def said(words: Wording) -> str:
            return escape(render(words, catalogue), quote=True)

        asked = _FORM.format(asked=said(ASKED), open=said(OPEN)) if form else ""
        language = catalogue.language.replace("_", "-")
        page = _PAGE.format(language=language, title=said(TITLE), told=said(told), form=asked)
        return Response(page, status, media_type="text/html; charset=utf-8", headers=HEADERS)


def _file(name: str, content: bytes) -> Response:
    media_type = type_of(content) or "application/octet-stream"
    headers = HEADERS | {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)
