"""The page of a certificate at `/c/CODE`: whose it is, and whether it holds. Without scripts, and with no way on."""

import re
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.frame import PageFrame, said
from bot.channels.web.limits import Door, TooMany, host_of
from bot.channels.web.routes import PAGE_HEADERS
from bot.channels.web.words import BUSY, Words
from bot.services import certificates
from bot.store.core.database import Database
from flows.words.wording import Catalogue, Wording, _

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


class CertificatePage:
    """What whoever scans a certificate sees."""

    def __init__(self, database: Database, words: Words) -> None:
        self._database = database
        self._words = words
        self._door = Door()
        self._frame = PageFrame("certificate", TITLE, HEADERS)

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves of it."""
        return [Route("/c/{code}", self.show)]

    async def show(self, request: Request) -> Response:
        """Show a certificate. A code that none has takes as long to guess as any other."""
        reader = self._words.reader(request.query_params.get("language"), request.headers.get("accept-language", ""))
        try:
            self._door.enter("certificate", host_of(request))
        except TooMany as busy:
            waits = {"Retry-After": str(int(busy.seconds) + 1)}
            return self._frame.page(reader, _line(BUSY, reader), 429, waits)
        code = request.path_params["code"]
        found = await certificates.read(self._database, code) if CODE.fullmatch(code) else None
        if found is None:
            return self._frame.page(reader, _line(UNKNOWN, reader), 404)
        certificate, village = found
        body = (
            f"<h2>{escape(certificate.name)}</h2><p>{escape(village)}</p>"
            f"<p>{escape(certificate.title)}, {said(in_year(certificate.year), reader)}</p>"
            + _line(VALID if certificate.valid else REVOKED, reader, "valid" if certificate.valid else "revoked")
        )
        return self._frame.page(reader, body)


def _line(words: Wording, reader: Catalogue, kind: str = "") -> str:
    return f'<p class="{kind}">{said(words, reader)}</p>' if kind else f"<p>{said(words, reader)}</p>"
