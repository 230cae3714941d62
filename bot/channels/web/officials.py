"""Pages for officials at `/dashboard`: signing in with a link from the chat, who one is, and signing out.

A page asks `PageDoor` who looks at it. Whatever it shows or does is limited to the roles of that actor, which are read
anew each time. What changes something is a POST with the page's own token.
"""

import hashlib
import hmac
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.frame import PageFrame, said
from bot.channels.web.limits import Door, host_of
from bot.channels.web.messages import NotUsable
from bot.channels.web.routes import SECURITY_HEADERS
from bot.channels.web.words import Words
from bot.services.request_bodies import BodyNotReceived, BodyTooLarge, read_body
from bot.services.signing_in import Actor, SignIns, named
from flows.words.wording import Catalogue, _, render

HERE = "/dashboard"
COOKIE = "__Host-hoctap"  # only over https, only for this host, whatever stands beside it
MOST_BYTES = 4096
LONGEST_TOKEN = 128
HEADERS = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language, Cookie",
}
TITLE = _("Web page for those who hold a role")
SIGN_IN = _("Sign in")
LINK_REFUSED = _("This link was used or has ended. In the chat, type “web page” for a new one.")
NO_CONNECTION = _("There is no connection. Please wait a moment, then press again.")
SIGNED_OUT = _("You are not signed in. In the chat, type “web page”, then open the link that comes.")
NO_ROLE = _("You hold no role here.")
ONLY_SCRIPT = _("Please open this page in Chrome, Safari or Cốc Cốc.")


class SignInAsked(msgspec.Struct, frozen=True):
    """A link's token, on its way into a cookie."""

    token: str


class PageDoor:
    """Knows who looks at a page, and whether a change was asked for by a page of ours."""

    def __init__(self, sign_ins: SignIns, key: bytes) -> None:
        self._sign_ins = sign_ins
        self._key = key

    async def actor(self, request: Request) -> Actor | None:
        """Return who looks at a page; None for nobody, or when it is over."""
        cookie = cookie_of(request)
        return await self._sign_ins.actor(cookie) if cookie else None

    def form_token(self, request: Request) -> str:
        """Return what a page of this browser puts into its forms: others cannot know it."""
        return hmac.new(self._key, f"form:{cookie_of(request)}".encode(), hashlib.sha256).hexdigest()

    async def form(self, request: Request) -> Mapping[str, str]:
        """Return what was entered in a form of ours. Raises NotUsable for those of other sites."""
        try:
            body = (await read_body(request, MOST_BYTES)).decode("ascii")
        except (BodyTooLarge, BodyNotReceived, UnicodeError) as error:
            raise NotUsable("body") from error
        entered = {name: values[-1] for name, values in parse_qs(body, max_num_fields=20).items()}
        if not hmac.compare_digest(entered.get("form", "").encode(), self.form_token(request).encode()):
            raise NotUsable("form")
        return entered


class OfficialPages:
    """Signing in and out, and the page that says who one is."""

    def __init__(self, words: Words, sign_ins: SignIns, key: bytes) -> None:
        self._words = words
        self._sign_ins = sign_ins
        self._limits = Door()
        self.door = PageDoor(sign_ins, key)
        self._frame = PageFrame("official", TITLE, HEADERS)

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves of them."""
        return [
            Route(HERE, lambda request: RedirectResponse(f"{HERE}/me", 303)),
            Route(f"{HERE}/in", self.ask_in, methods=["GET"]),
            Route(f"{HERE}/in", self.sign_in, methods=["POST"]),
            Route(f"{HERE}/me", self.me),
            Route(f"{HERE}/out", self.sign_out, methods=["POST"]),
        ]

    async def ask_in(self, request: Request) -> Response:
        """Show the button that signs in. Whoever only looks at an address, as programs do, uses no link up."""
        reader = self._reader(request, None)
        body = f'<p id="said" role="status"></p><button id="in" type="button">{said(SIGN_IN, reader)}</button>'
        body += f"<noscript><p>{said(ONLY_SCRIPT, reader)}</p></noscript>"
        sentences = f'data-refused="{said(LINK_REFUSED, reader)}" data-trouble="{said(NO_CONNECTION, reader)}"'
        script = f'<script type="module" src="/static/signin.js" {sentences}></script>'
        return self._frame.page(reader, body + script)

    async def sign_in(self, request: Request) -> Response:
        """Use a link up. Only a page of ours asks so: others may not send JSON here."""
        self._limits.enter("sign in", host_of(request))
        if not request.headers.get("content-type", "").startswith("application/json") or _from_elsewhere(request):
            raise NotUsable("origin")
        try:
            asked = msgspec.json.decode(await read_body(request, MOST_BYTES), type=SignInAsked)
        except (msgspec.MsgspecError, UnicodeError, BodyTooLarge, BodyNotReceived) as error:
            raise NotUsable("body") from error
        fresh = await self._sign_ins.open(asked.token[:LONGEST_TOKEN], cookie_of(request))
        if fresh is None:
            return JSONResponse({"error": render(LINK_REFUSED, self._reader(request, None))}, 403, HEADERS)
        answer = JSONResponse({"to": f"{HERE}/me"}, headers=HEADERS)
        answer.set_cookie(COOKIE, fresh, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    async def me(self, request: Request) -> Response:
        """Say who is signed in, with which roles and until when."""
        actor = await self.door.actor(request)
        reader = self._reader(request, actor)
        if actor is None:
            return self._frame.page(reader, f"<p>{said(SIGNED_OUT, reader)}</p>", 401)
        if not actor.roles:
            return self._frame.page(reader, f"<p>{said(NO_ROLE, reader)}</p>{self._out(request, reader)}", 403)
        roles = "".join(f"<li>{said(named(role, unit), reader)}</li>" for role, unit in actor.roles)
        until = said(_("Signed in until {time}.", time=f"{actor.ends:%H:%M %d/%m/%Y}"), reader)
        return self._frame.page(
            reader, f"<h2>{escape(actor.name)}</h2><ul>{roles}</ul><p>{until}</p>{self._out(request, reader)}"
        )

    def _out(self, request: Request, reader: Catalogue) -> str:
        token = f'<input type="hidden" name="form" value="{self.door.form_token(request)}" />'
        here, everywhere = said(_("Sign out on this device"), reader), said(_("Sign out everywhere"), reader)
        return (
            f'<form method="post" action="{HERE}/out">{token}<button>{here}</button>'
            f'<button name="everywhere" value="1">{everywhere}</button></form>'
        )

    async def sign_out(self, request: Request) -> Response:
        """Sign out, here or everywhere."""
        entered = await self.door.form(request)
        if cookie := cookie_of(request):
            await self._sign_ins.sign_out(cookie, everywhere="everywhere" in entered)
        answer = RedirectResponse(f"{HERE}/me", 303, HEADERS)
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    def _reader(self, request: Request, actor: Actor | None) -> Catalogue:
        chosen = actor.language if actor is not None else None
        return self._words.reader(chosen, request.headers.get("accept-language", ""))


def cookie_of(request: Request) -> str | None:
    """Return what a browser is known by."""
    cookie = request.cookies.get(COOKIE, "")
    return cookie if 0 < len(cookie) <= LONGEST_TOKEN else None


def _from_elsewhere(request: Request) -> bool:
    """Tell whether a browser says that a page of another site asks."""
    return request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
