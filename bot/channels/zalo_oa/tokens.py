"""The account's access token, which holds a day, and the refresh token that makes the next pair and works only once.

A new pair is kept in the database before it is used, and one instance makes it: two would each spend the other's.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from yarl import URL

from bot.channels.zalo_oa.client import Failure, Http, Refused, Unclear, Unreachable, decoded
from bot.metrics import TOKEN_EXPIRES, TOKEN_REFUSED
from bot.services import administrators
from bot.services.leading import Leading
from bot.services.runtime import Runtime
from bot.store.core import channel_tokens
from bot.store.core.channel_tokens import TokenPair
from bot.store.core.database import retry_while_unreachable
from flows.conversation.messages import Message
from flows.words.wording import _

log = structlog.get_logger()

# Of the 25 hours that a token holds so many are left when it is renewed: time for a human to act.
LEFT = timedelta(hours=5)
ALARM_LEFT = timedelta(hours=3)
LOOK_SECONDS = 60.0
OTHERS_SECONDS = 20.0
RETRY_SECONDS = 60.0
A_DAY = 90_000

NEW_TOKEN_NEEDED = _(
    "Zalo no longer takes the token of the Official Account, and soon no message will go out there. Please ask whoever"
    " runs the server: on developers.zalo.me a new refresh token is to be made, put into ZALO_OA_REFRESH_TOKEN, and the"
    " server started again."
)


class Made(Struct):
    """What a renewal is answered with: a pair, or an error under one of several names."""

    access_token: str = ""
    refresh_token: str = ""
    expires_in: int = A_DAY
    error: int = 0
    error_name: str = ""


class NoToken(Exception):
    """There is no token now; the message says why, without holding one."""


class OAuth:
    """Where pairs are made."""

    def __init__(self, http: Http, oauth_url: str, app_id: str, secret: str) -> None:
        self._http = http
        self._url = URL(oauth_url.rstrip("/")) / "v4/oa/access_token"
        self._app_id = app_id
        self._secret = secret

    async def renew(self, refresh: str) -> Made:
        """Spend a refresh token. Raises Refused, Unreachable, Unclear."""
        form = {"refresh_token": refresh, "app_id": self._app_id, "grant_type": "refresh_token"}
        content = await self._http.ask("POST", self._url, {"secret_key": self._secret}, data=form)
        made: Made = decoded(content, Made)
        if not made.access_token or not made.refresh_token:
            raise Refused(made.error, made.error_name[:100])
        return made


def seed_of(refresh: str) -> str:
    """Return by what a refresh token that a human gave is known."""
    return hashlib.sha256(refresh.encode()).hexdigest()


class Tokens:
    """The pairs of one account, the newest in memory."""

    def __init__(self, runtime: Runtime, oauth: OAuth, channel: str, bot: str, given: str) -> None:
        self._runtime = runtime
        self._oauth = oauth
        self._at = (channel, bot)
        self._given = given
        self._seed = seed_of(given)
        self._pair: TokenPair | None = None
        self._unsaved: TokenPair | None = None
        self._one_at_a_time = asyncio.Lock()
        self._leading = Leading(runtime.database, f"tokens:{channel}:{bot}")
        self._rests_until = datetime.min.replace(tzinfo=runtime.clock().tzinfo)
        self.trouble: str | None = None

    async def access(self, refused: str | None = None) -> str:
        """Return a token that holds, another one than a `refused` one. Raises NoToken."""
        pair = self._pair
        if pair is None or not self._holds(pair, refused):
            async with self._one_at_a_time:
                pair = await self._found_or_made(lambda known: self._holds(known, refused))
        return pair.access

    async def kept(self) -> TokenPair | None:
        """Return the pair in the database, and make none."""
        return await self._find()

    async def keep(self) -> None:
        """Renew for ever, long before the end."""
        while True:
            try:
                async with self._one_at_a_time:
                    await self._found_or_made(self._is_fresh)
            except NoToken:
                await self._tell_in_time()
            await asyncio.sleep(LOOK_SECONDS)

    def _holds(self, pair: TokenPair, refused: str | None = None) -> bool:
        return pair.seed == self._seed and pair.access != refused and pair.expires_at > self._runtime.clock()

    def _is_fresh(self, pair: TokenPair) -> bool:
        return self._holds(pair) and pair.expires_at - LEFT > self._runtime.clock()

    async def _found_or_made(self, will_do: Callable[[TokenPair], bool]) -> TokenPair:
        """Return the pair in the database where it will do, or one made by whichever instance has the lead."""
        ends = asyncio.get_running_loop().time() + OTHERS_SECONDS
        while True:
            found = self._noted(await retry_while_unreachable(self._find))
            if found is not None and will_do(found):
                return found
            async with self._lead() as leads:
                if leads:
                    return await self._make(will_do)
            if asyncio.get_running_loop().time() > ends:
                raise NoToken("another server was to renew the token and has not")
            await asyncio.sleep(0.2)

    async def _find(self) -> TokenPair | None:
        async with self._runtime.database.reading() as connection:
            return await channel_tokens.find(connection, *self._at)

    def _noted(self, pair: TokenPair | None) -> TokenPair | None:
        self._pair = pair
        TOKEN_EXPIRES.labels(self._at[0]).set(pair.expires_at.timestamp() if pair is not None else 0)
        return pair

    @asynccontextmanager
    async def _lead(self) -> AsyncIterator[bool]:
        """Hold the lead, if it is free, for as long as it takes."""
        if not await retry_while_unreachable(self._leading.holds):
            yield False
            return
        keeping = asyncio.create_task(self._leading.renew())
        try:
            yield True
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            await retry_while_unreachable(self._leading.give_up)

    async def _make(self, will_do: Callable[[TokenPair], bool]) -> TokenPair:
        """Make a pair and keep it. What another instance made meanwhile is taken. Raises NoToken."""
        if self._unsaved is not None:
            return await self._keep(self._unsaved)
        known = await retry_while_unreachable(self._find)
        if known is not None and will_do(known):
            self._clear()
            return self._noted(known) or known
        now = self._runtime.clock()
        if now < self._rests_until:
            raise NoToken(self.trouble or "the token cannot be renewed")
        for refresh in self._to_try(known):
            try:
                made = await self._oauth.renew(refresh)
            except Refused as error:
                failure: Failure = error
            except (Unreachable, Unclear) as error:
                failure = error
                break  # it may be good still
            else:
                expires = now + timedelta(seconds=made.expires_in)
                return await self._keep(TokenPair(self._seed, made.access_token, made.refresh_token, now, expires))
        raise NoToken(self._note(failure))

    def _to_try(self, known: TokenPair | None) -> list[str]:
        """Return the refresh tokens that may work: one that a human has just given, then the last that was made."""
        if known is None:
            return [self._given]
        return [known.refresh] if known.seed == self._seed else [self._given, known.refresh]

    async def _keep(self, pair: TokenPair) -> TokenPair:
        """Keep a pair before anybody uses it, however long the database is away: there is no other."""
        self._unsaved = pair

        async def keep() -> None:
            async with self._runtime.database.writing() as connection:
                await channel_tokens.keep(connection, *self._at, pair)

        await retry_while_unreachable(keep)
        self._unsaved = None
        self._noted(pair)
        self._clear()
        log.info("zalo_oa_token_renewed", bot=self._at[1], expires=str(pair.expires_at))
        return pair

    def _clear(self) -> None:
        self.trouble = None
        TOKEN_REFUSED.labels(self._at[0]).set(0)

    def _note(self, failure: Failure) -> str:
        told = f"the token cannot be renewed: {failure}"
        if self.trouble is None:
            log.warning("zalo_oa_token_not_renewed", bot=self._at[1], error=str(failure))
        self.trouble = told
        self._rests_until = self._runtime.clock() + timedelta(seconds=RETRY_SECONDS)
        TOKEN_REFUSED.labels(self._at[0]).set(1)
        return told

    async def _tell_in_time(self) -> None:
        """Tell administrators once, while messages still go out."""
        pair, now = self._pair, self._runtime.clock()
        if pair is None or pair.expires_at - ALARM_LEFT > now:
            return
        async with self._runtime.database.writing() as connection:
            if not await channel_tokens.mark_told(connection, *self._at, now):
                return
            told = await administrators.tell(connection, self._runtime, Message(NEW_TOKEN_NEEDED))
        self._runtime.letters_queued.ring()
        log.error("zalo_oa_token_needs_a_human", bot=self._at[1], told=told)
