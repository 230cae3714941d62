"""A bot on the Bot Platform: sends letters as text, fetches photos, and takes events by polling or by webhook."""

import asyncio
import hmac
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from yarl import URL

from bot.channels.zalo_bot.client import Client, Refused, Unclear, Unreachable
from bot.channels.zalo_bot.outcomes import NOTHING_NEW, QUOTA, WRONG_TOKEN, outcome_of
from bot.channels.zalo_bot.parse import CHANNEL, parse
from bot.services import long_texts
from bot.services.channel import Finding, Host, Service, Work
from bot.services.request_bodies import taken
from bot.services.safe_fetch import SafeFetch
from bot.services.sending import Outcome, Rates, Sent
from bot.services.typed_buttons import TypedButtons
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Outgoing

log = structlog.get_logger()

WEBHOOK_PATH = "/zalo/bot"
SECRET_HEADER = "x-bot-api-secret-token"  # noqa: S105
MOST_WEBHOOK_BYTES = 1024 * 1024
LONGEST_TEXT = 2000
RATES = Rates(per_bot=10.0, per_chat=1.0, chat_burst=5)
POLL_SECONDS = 25
# A poll that is over sooner than this was not waited for: asking again at once would go round and round.
SHORTEST_POLL = 0.5
REST, LONGEST_REST = 1.0, 30.0


class ZaloBot:
    """A bot, known by its token. A `Bot` of the application."""

    channel = CHANNEL
    link = None

    def __init__(self, host: Host, token: str, rates: Rates = RATES) -> None:
        self.bot = token.partition(":")[0]
        self.rates = rates
        self._troubles: dict[str, str] = {}
        self._buttons = TypedButtons(host.runtime, 0)
        self._client = Client(host.settings.zalo_bot_api_url, token)
        self._receive = host.receive
        self._links = host.links
        self._catalogue = host.runtime.catalogue
        self._fetch = SafeFetch({str(URL(host.settings.zalo_bot_api_url).host)})

    @property
    def trouble(self) -> str | None:
        """Return what does not work at present, or None."""
        return next((f"{method}: {error}" for method, error in self._troubles.items()), None)

    async def stop(self) -> None:
        """Close the connections."""
        await self._client.stop()
        await self._fetch.stop()

    def is_group(self, address: str) -> bool:
        """Tell whether a chat has several people in it: the bot answers none of those."""
        return False

    # sending

    async def send(
        self, address: str, outgoing: Outgoing | None, callback: str | None, standing: str | None = None
    ) -> Outcome:
        """Send a letter in as many messages as it takes. One that failed in between comes again as a whole."""
        if outgoing is None:
            return Sent()
        laid = await self._buttons.laid_out((self.channel, self.bot, address), outgoing)
        try:
            catalogue = self._catalogue(outgoing.language)
            place = (self.channel, self.bot, address)
            told = [await self._links.told(place, file, catalogue) for file in outgoing.files]
            for text in texts_of(laid.text, told):
                await self._client.call("sendMessage", {"chat_id": address, "text": text})
        except (Refused, Unreachable, Unclear) as error:
            self._note("sendMessage", error)
            return outcome_of(error)
        self._troubles.pop("sendMessage", None)
        return Sent()

    def _note(self, method: str, error: Exception) -> None:
        """Keep what is wrong with the bot as a whole, and log it when it begins."""
        human = isinstance(error, Refused) and error.code in {*WRONG_TOKEN, QUOTA}
        if not human and not isinstance(error, Unreachable):
            return
        if method not in self._troubles:
            log.warning("zalo_bot_trouble", bot=self.bot, method=method, error=str(error))
        self._troubles[method] = str(error)

    async def look(self, webhook: str = "") -> list[Finding]:
        """Find out whether the token works, and whether events come to an address, where that is wanted."""
        try:
            account = await self._client.call("getMe", {})
            info = await self._client.call("getWebhookInfo", {}) if webhook else None
        except Refused as error:
            return [Finding(False, f"the token does not work: {error}; see ZALO_BOT_TOKEN")]
        except (Unreachable, Unclear) as error:
            return [Finding(False, f"the Bot Platform does not answer: {error}; see ZALO_BOT_API_URL")]
        name = account.get("account_name", self.bot) if isinstance(account, Mapping) else self.bot
        found = Finding(True, f"the token works, the bot is {name}")
        if not webhook:
            return [found, Finding(True, "events are asked for")]
        if isinstance(info, Mapping) and info.get("url") == webhook:
            return [found, Finding(True, f"events come to {webhook}")]
        return [found, Finding(False, "the webhook is another one; hoctap serve sets it when it starts")]

    # files

    async def fetch(self, source: str, most: int) -> bytes:
        """Return a photo by the address that an event named. Raises FileTooLarge, FileGone, FileNotNow."""
        return await self._fetch.fetch(source, most)

    # events

    async def poll(self) -> None:
        """Bring events for ever. The platform gives one at a time, some again, and 408 when there is none."""
        rest = 0.0
        await self._leave_webhook()
        while True:
            try:
                event = await self._next_event()
            except (Refused, Unreachable, Unclear) as error:
                rest = self._longer("getUpdates", rest, error)
                await asyncio.sleep(rest)
            else:
                rest = 0.0
                self._troubles.pop("getUpdates", None)
                await self._take(event)

    async def _next_event(self) -> Any:
        """Return the next event, or None when there was none for a while."""
        began = time.monotonic()
        try:
            return await self._client.call("getUpdates", {"timeout": str(POLL_SECONDS)}, POLL_SECONDS + 15)
        except Refused as error:
            if error.code != NOTHING_NEW:
                raise
        if time.monotonic() - began < SHORTEST_POLL:
            await asyncio.sleep(REST)
        return None

    async def _leave_webhook(self) -> None:
        try:
            await self._client.call("deleteWebhook", {})
        except (Refused, Unreachable, Unclear) as error:
            log.info("zalo_webhook_not_left", bot=self.bot, error=str(error))

    def _longer(self, method: str, rest: float, error: Exception) -> float:
        if not rest:
            log.warning("zalo_bot_call_failed", bot=self.bot, method=method, error=str(error))
        self._note(method, error)
        return min(LONGEST_REST, max(REST, rest * 2))

    async def set_webhook(self, public_url: str, secret: str) -> None:
        """Have events brought to a public address, however long the platform cannot be reached."""
        rest = 0.0
        fields = {"url": public_url.rstrip("/") + WEBHOOK_PATH, "secret_token": secret}
        while True:
            try:
                await self._client.call("setWebhook", fields)
            except (Refused, Unreachable, Unclear) as error:
                rest = self._longer("setWebhook", rest, error)
                await asyncio.sleep(rest)
            else:
                self._troubles.pop("setWebhook", None)
                log.info("zalo_webhook_set", bot=self.bot)
                return

    async def handle(self, body: bytes) -> int:
        """Take an event in and return the HTTP status: 200 only once it is kept."""
        try:
            event = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return 400
        await self._take(event)
        return 200

    async def _take(self, event: Any) -> None:
        incoming = parse(event, self.bot) if isinstance(event, Mapping) else None
        if incoming is not None:
            await self._receive(await self.heard(incoming))

    async def heard(self, incoming: Incoming) -> list[Incoming]:
        """Return what somebody did, a typed code as the press it stands for."""
        return await self._buttons.heard([incoming])


def texts_of(text: str, told: Sequence[str]) -> Iterator[str]:
    """Yield the messages that say a letter, the one with the choices last, after what is told of files."""
    for one in told:
        yield from _split(one)
    yield from _split(text)


def _split(text: str) -> Iterator[str]:
    # Some phones write a letter and its marks apart, which counts as two.
    return long_texts.split(unicodedata.normalize("NFC", text), LONGEST_TEXT)


def served(host: Host, token: str) -> Service:
    """Return the bot of a token, with its works and its address for events."""
    bot = ZaloBot(host, token)
    secret = host.settings.zalo_bot_webhook_secret
    if host.settings.public_url and secret is not None:
        secret_text = secret.get_secret_value()
        work: Work = ("zalo bot webhook", partial(bot.set_webhook, host.settings.public_url, secret_text))
        route = Route(WEBHOOK_PATH, partial(_take_event, bot, secret_text), methods=["POST"])
        address = host.settings.public_url.rstrip("/") + WEBHOOK_PATH
        return Service(bot, (work,), (route,), look=partial(bot.look, address))
    return Service(bot, (("zalo bot events", bot.poll),), look=bot.look)


async def _take_event(bot: ZaloBot, secret: str, request: Request) -> Response:
    given = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
        return Response(status_code=403)
    return await taken(request, MOST_WEBHOOK_BYTES, bot.handle)
