"""Signing in to web pages: a link opens them once, a cookie keeps them open for some hours."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.runtime import Runtime
from bot.store import signing_in as store
from bot.store.core import outbox
from bot.store.core.reference import unit_name
from bot.store.signing_in import SignIn
from flows.conversation.messages import Button, Message
from flows.domain.people import ROLES, Role
from flows.signing_in.subject import PAGES_LAST, SIGN_OUT, digest_of
from flows.words.place_names import inside_sentence
from flows.words.wording import Wording, _

COOKIE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Actor:
    """Who looks at a page. `roles` are in force today, each with the name of its unit: nothing else may be shown."""

    person_id: int
    name: str
    language: str | None
    roles: tuple[tuple[Role, str], ...]
    ends: datetime


class SignIns:
    """Who is signed in to web pages."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def open(self, token: str, cookie: str | None) -> str | None:
        """Use a link up. Return the cookie of its browser; None for a link that is over or was used in another one.

        A link that is used twice was in two hands: what it opened is ended, and whoever asked for it is told.
        """
        now = self._runtime.clock()
        async with self._runtime.database.writing() as connection:
            link = await store.lock_link(connection, digest_of(token))
            if link is None:
                return None
            if link.opened_at is not None:
                return await self._again(connection, link, cookie, now)
            if link.link_ends <= now:
                return None
            fresh = secrets.token_urlsafe(COOKIE_BYTES)
            await store.open_with(connection, link.id, digest_of(fresh), now, now + PAGES_LAST)
            await self._tell(connection, link, opened(self._runtime.local(now)), now)
        self._runtime.letters_queued.ring()
        return fresh

    async def _again(self, connection: AsyncConnection, link: SignIn, cookie: str | None, now: datetime) -> str | None:
        """Go on in the browser that opened the link, as after a double tap; in others nothing is open any more."""
        if link.cookie is None:
            return None
        if cookie and digest_of(cookie) == link.cookie:
            return cookie
        await store.end(connection, link.cookie)
        await self._tell(connection, link, USED_TWICE, now)
        self._runtime.letters_queued.ring()
        return None

    async def _tell(self, connection: AsyncConnection, link: SignIn, said: Wording, now: datetime) -> None:
        out = Button(_("Sign out everywhere"), f"c:{SIGN_OUT}", lasting=True)
        letter = self._runtime.letter(link.told, Message(said, ((out,),)))
        await outbox.queue(connection, [letter], now)

    async def actor(self, cookie: str) -> Actor | None:
        """Return who is signed in with a cookie, with the roles that are in force now; None once that is over."""
        now = self._runtime.clock()
        today = self._runtime.local(now).date()
        async with self._runtime.database.reading() as connection:
            found = await store.read(connection, digest_of(cookie), now)
            if found is None:
                return None
            held = [role for role in found.roles if role.in_force(today)]
            named = [(role, inside_sentence(await unit_name(connection, role.unit_id))) for role in held]
        return Actor(found.person_id, found.name, found.language, tuple(named), self._runtime.local(found.ends))

    async def sign_out(self, cookie: str, *, everywhere: bool = False) -> None:
        """Sign one browser out, or all that its person has open."""
        async with self._runtime.database.writing() as connection:
            found = await store.read(connection, digest_of(cookie), self._runtime.clock()) if everywhere else None
            if found is not None:
                await store.sign_out(connection, [found.person_id])
            else:
                await store.end(connection, digest_of(cookie))


def opened(at: datetime) -> Wording:
    """Say that a link was used."""
    return _(
        "The web page was opened with the link that was sent here, at {time}. If that was not you, press “{out}”.",
        time=f"{at:%H:%M}",
        out=_("Sign out everywhere"),
    )


USED_TWICE = _(
    "The link to the web page was opened a second time, so somebody else may have it. The page is signed out."
    " For a new link type “web page”."
)


def named(role: Role, unit: str) -> Wording:
    """Name a role with its unit."""
    return _("{role}, {unit}", role=ROLES[role.kind], unit=unit)
