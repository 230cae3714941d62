"""The page of a certificate at `/c/CODE`: whose it is, and whether it holds. Without scripts, and with no way on."""

import re
from html import escape
from importlib.resources import files as package_files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.limits import Door, TooMany
from bot.channels.web.routes import PAGE_HEADERS
from bot.channels.web.words import BUSY, Words
from bot.services import certificates
from bot.store.core.database import Database
from flows.words.wording import Catalogue, Wording, _, render

CODE = re.compile(r"[A-Za-z0-9_-]{22}")
# Revoking shows at once, and no search engine keeps names.
HEADERS = {**PAGE_HEADERS, "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
TITLE = _("Certificate")
VALID = _("✅ Valid")
REVOKED = _("⛔ Does not hold any more")
UNKNOWN = _("There is no certificate with this code.")


def in_year(year: int) -> Wording:
    """Say of which year a title is."""
    return _("year {year}", year=year)


_HOLE = re.compile(r"\{\{(\w+)\}\}")


class CertificatePage:
    """What whoever scans a certificate sees."""

    def __init__(self, database: Database, words: Words) -> None:
        self._database = database
        self._words = words
        self._door = Door()
        self._frame = (package_files("bot.channels.web") / "pages" / "certificate.html").read_text("utf-8")

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves of it."""
        return [Route("/c/{code}", self.show)]

    async def show(self, request: Request) -> Response:
        """Show a certificate. A code that none has takes as long to guess as any other."""
        reader = self._words.reader(request.query_params.get("language"), request.headers.get("accept-language", ""))
        try:
            self._door.enter("certificate", request.client.host if request.client is not None else "")
        except TooMany as busy:
            waits = {"Retry-After": str(int(busy.seconds) + 1)}
            return self._page(reader, _line(BUSY, reader), 429, waits)
        code = request.path_params["code"]
        found = await certificates.read(self._database, code) if CODE.fullmatch(code) else None
        if found is None:
            return self._page(reader, _line(UNKNOWN, reader), 404)
        certificate, village = found
        body = (
            f"<h2>{escape(certificate.name)}</h2><p>{escape(village)}</p>"
            f"<p>{escape(certificate.title)}, {escape(render(in_year(certificate.year), reader))}</p>"
            + _line(VALID if certificate.valid else REVOKED, reader, "valid" if certificate.valid else "revoked")
        )
        return self._page(reader, body)

    def _page(self, reader: Catalogue, body: str, status: int = 200, also: dict[str, str] | None = None) -> Response:
        parts = {"language": reader.language.replace("_", "-"), "title": escape(render(TITLE, reader)), "body": body}
        content = _HOLE.sub(lambda hole: parts[hole[1]], self._frame)
        return Response(content, status, media_type="text/html; charset=utf-8", headers={**HEADERS, **(also or {})})


def _line(words: Wording, reader: Catalogue, kind: str = "") -> str:
    said = escape(render(words, reader))
    return f'<p class="{kind}">{said}</p>' if kind else f"<p>{said}</p>"
