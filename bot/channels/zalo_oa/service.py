"""An Official Account: sends letters, fetches photos and files, and takes events by webhook."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from yarl import URL

from bot.channels.zalo_oa import signing
from bot.channels.zalo_oa.client import Api, Failure, Http, Refused, Unclear, Unreachable
from bot.channels.zalo_oa.files import FileSending
from bot.channels.zalo_oa.outcomes import HUMAN_SECONDS, meaning_of, outcome_of
from bot.channels.zalo_oa.parse import CHANNEL, parse
from bot.channels.zalo_oa.render import MOST_BUTTONS, Body, normal, texts_of
from bot.channels.zalo_oa.tokens import NoToken, OAuth, Tokens
from bot.services.channel import Finding, Host, Service
from bot.services.request_bodies import taken
from bot.services.safe_fetch import SafeFetch
from bot.services.sending import Later, Outcome, OutsideWindow, Rates, Sent
from bot.services.typed_buttons import TypedButtons
from bot.settings import SecretStr
from bot.store.core import inbox
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Typed, Unreadable
from flows.domain.channels import Window

log = structlog.get_logger()

WEBHOOK_PATH = "/zalo/oa"
MOST_WEBHOOK_BYTES = 1024 * 1024
SEND_PATH = "v3.0/oa/message/cs"
UPLOAD_PATH = "v2.0/oa/upload"
ACCOUNT_PATH = "v2.0/oa/getoa"
# 4,000 a minute are an application's.
RATES = Rates(per_bot=60.0, per_chat=1.0, chat_burst=5)
TEMPLATE_PATH = "v3.0/oa/message/template"
TEMPLATE_FIELD, LONGEST_FIELD = "noi_dung", 100
FREE, OPEN = timedelta(hours=48), timedelta(days=7)
# Zalo's hours for templates are those of Việt Nam, wherever the server stands.
VIETNAM, TEMPLATES_FROM, TEMPLATES_UNTIL = ZoneInfo("Asia/Ho_Chi_Minh"), 6, 22
# Zalo brings an event again for an hour. What is older was heard long ago and is forgotten: somebody plays it back.
OLDEST_EVENT = timedelta(days=2)
DIGITS = 14  # of a time in milliseconds, for longer than anybody needs
# An event that is brought again comes half a minute later at least; clocks differ by less than this.
LATE = timedelta(seconds=20)
REST, LONGEST_REST = 1.0, 60.0


class ZaloOa:
    """An Official Account, known by the application that speaks for it. A `Bot` of the application."""

    channel = CHANNEL

    def __init__(self, host: Host, rates: Rates = RATES) -> None:
        settings = host.settings
        assert settings.zalo_oa_app_id is not None
        self.bot = settings.zalo_oa_app_id
        self.rates = rates
        self._clock = host.runtime.clock
        self._database = host.runtime.database
        self._buttons = TypedButtons(host.runtime, MOST_BUTTONS)
        self._receive = host.receive
        self._http = Http()
        self._api = Api(self._http, settings.zalo_oa_api_url)
        self._catalogue = host.runtime.catalogue
        self._files = FileSending(host.files, host.links, self._upload, self.fetch)
        app_secret, given = _told(settings.zalo_oa_secret), _told(settings.zalo_oa_refresh_token)
        oauth = OAuth(self._http, settings.zalo_oa_oauth_url, self.bot, app_secret)
        self.tokens = Tokens(host.runtime, oauth, CHANNEL, self.bot, given)
        self._secrets = [*(one.strip() for one in _told(settings.zalo_oa_webhook_secret).split(",")), app_secret]
        self._signed_by: tuple[int, int] | None = None
        self._account_id: str | None = settings.zalo_oa_id
        self._template = settings.zalo_oa_template
        self._fetch = SafeFetch({str(URL(settings.zalo_oa_api_url).host)})
        self._troubles: dict[str, str] = {}
        self._unknown: set[int] = set()

    @property
    def trouble(self) -> str | None:
        """Return what does not work at present, or None."""
        return self.tokens.trouble or next((f"{what}: {error}" for what, error in self._troubles.items()), None)

    @property
    def link(self) -> str | None:
        """Return the address of the account once its number is known: it carries no code, which is typed."""
        return f"https://zalo.me/{self._account_id}" if self._account_id else None

    async def stop(self) -> None:
        """Close the connections."""
        await self._http.stop()
        await self._fetch.stop()

    def is_group(self, address: str) -> bool:
        """Tell whether a chat has several people in it: an account has no such chats."""
        return False

    # calls

    async def call(self, make: Callable[[str], Awaitable[Any]]) -> Any:
        """Make a call with the token, once more where it has just ended. Raises NoToken, Refused, Unreachable,
        Unclear."""
        token = await self.tokens.access()
        try:
            return await make(token)
        except Refused as error:
            if meaning_of(error) != "token":
                raise
        return await make(await self.tokens.access(refused=token))

    async def learn_account(self) -> None:
        """Find out the account's id, however long Zalo cannot be reached: let nothing wait for this."""
        rest = REST
        while True:
            try:
                account = await self.call(partial(self._api.get, ACCOUNT_PATH))
            except (NoToken, Refused, Unreachable, Unclear) as error:
                log.info("zalo_oa_not_known_yet", bot=self.bot, error=str(error))
                await asyncio.sleep(rest)
                rest = min(LONGEST_REST, rest * 2)
            else:
                if isinstance(account, Mapping) and account.get("oa_id"):
                    self._account_id = str(account["oa_id"])
                log.info("zalo_oa_ready", bot=self.bot)
                return

    async def look(self, public_url: str | None) -> list[Finding]:
        """Find out whether the token works and events come. Nothing is renewed: that is the running server's."""
        pair = await self.tokens.kept()
        if pair is None:
            found = Finding(True, "the refresh token was not used yet; hoctap serve uses it when it starts")
        elif pair.expires_at < self._clock():
            found = Finding(False, "the token has ended; hoctap serve renews it, or says in its log why it cannot")
        else:
            found = await self._account_found(pair.access)
        address = f"{(public_url or 'https://…').rstrip('/')}{WEBHOOK_PATH}"
        heard = await self._last_event()
        if public_url is None:
            events = Finding(False, "PUBLIC_URL is missing: Zalo brings events to an https address")
        elif heard is None:
            told = (
                f"no event has come yet; on developers.zalo.me the webhook has to be {address}, its events switched on"
            )
            events = Finding(False, told)
        else:
            events = Finding(True, f"the last event came at {heard:%Y-%m-%d %H:%M} UTC, to {address}")
        template = "a template is set" if self._template else "no template is set: what falls outside the window waits"
        return [found, events, Finding(True, template)]

    async def _account_found(self, token: str) -> Finding:
        try:
            account = await self._api.get(ACCOUNT_PATH, token)
        except Refused as error:
            return Finding(False, f"the token does not work: {error}")
        except (Unreachable, Unclear) as error:
            return Finding(False, f"Zalo does not answer: {error}; see ZALO_OA_API_URL and the firewall")
        number = account.get("oa_id", "?") if isinstance(account, Mapping) else "?"
        return Finding(True, f"the token works, the account is zalo.me/{number}")

    async def _last_event(self) -> datetime | None:
        async with self._database.reading() as connection:
            return await inbox.last_received(connection, self.channel, self.bot)

    # sending

    async def send(
        self, address: str, outgoing: Outgoing | None, callback: str | None, standing: str | None = None
    ) -> Outcome:
        """Send a letter in as many messages as it takes. One that failed in between comes again as a whole."""
        if outgoing is None:
            return Sent()
        laid = await self._buttons.laid_out((self.channel, self.bot, address), outgoing)
        try:
            place = (self.channel, self.bot, address)
            files = await self._files.of(place, outgoing.files, self._catalogue(outgoing.language))
            for body in (*files.messages, *texts_of(laid, files.told)):
                await self._say(address, body)
        except NoToken as error:
            return Later(str(error), HUMAN_SECONDS, whole_bot=True)
        except (Refused, Unreachable, Unclear) as error:
            self._note("sending", error)
            return outcome_of(error)
        self._troubles.pop("sending", None)
        return Sent()

    async def _upload(self, kind: str, name: str, content: bytes) -> Any:
        """Hand a file over and return what it is known by. Raises as calls do."""

        async def upload(token: str) -> Any:
            return await self._api.upload(f"{UPLOAD_PATH}/{kind}", token, name, content)

        handed = await self.call(upload)
        if not isinstance(handed, Mapping) or not ({"attachment_id", "token"} & handed.keys()):
            raise Unclear("a file was handed over, and nothing said of it")
        return handed

    async def _say(self, address: str, message: Body) -> None:
        fields = {"recipient": {"user_id": address}, "message": message}
        await self.call(partial(self._post, SEND_PATH, fields))

    async def _post(self, path: str, fields: Mapping[str, Any], token: str) -> Any:
        return await self._api.post(path, token, fields)

    def _note(self, what: str, error: Failure) -> None:
        """Keep what is wrong with the account as a whole, and log it when it begins; and each number that is in no
        table, once."""
        meaning = meaning_of(error)
        is_unknown = isinstance(error, Refused) and meaning is None
        if isinstance(error, Refused) and is_unknown and error.code not in self._unknown:
            self._unknown.add(error.code)
            log.error("zalo_oa_number_unknown", bot=self.bot, number=error.code, error=str(error))
        if meaning in {"human", "quota", "token"} or is_unknown or isinstance(error, Unreachable):
            if what not in self._troubles:
                log.warning("zalo_oa_trouble", bot=self.bot, what=what, error=str(error))
            self._troubles[what] = str(error)

    async def knock(self, address: str, outgoing: Outgoing) -> OutsideWindow | None:
        """Tell somebody by a template, where one is set, that a letter waits for their next word."""
        if self._template is None:
            return None
        if night := self._until_templates_go():
            return OutsideWindow("waits for the morning", night)
        about = " ".join(normal(outgoing.text).split())
        said = about if len(about) <= LONGEST_FIELD else about[: LONGEST_FIELD - 1].rstrip() + "…"
        fields = {"user_id": address, "template_id": self._template, "template_data": {TEMPLATE_FIELD: said}}
        try:
            await self.call(partial(self._post, TEMPLATE_PATH, fields))
        except NoToken as error:
            return OutsideWindow(str(error), HUMAN_SECONDS)
        except (Refused, Unreachable, Unclear) as error:
            self._note("templates", error)
            again = outcome_of(error)
            # What may have arrived is not sent twice; what is wrong with it once is wrong with it always.
            seconds = again.seconds if isinstance(again, Later) and not again.uncertain else None
            return OutsideWindow(str(again.error), seconds) if isinstance(again, Later) else None
        self._troubles.pop("templates", None)
        return OutsideWindow("told by a template that it waits")

    def _until_templates_go(self) -> float:
        """Return for how many seconds no template goes: at night none does."""
        now = self._clock().astimezone(VIETNAM)
        if TEMPLATES_FROM <= now.hour < TEMPLATES_UNTIL:
            return 0.0
        morning = now.replace(hour=TEMPLATES_FROM, minute=0, second=0, microsecond=0)
        return ((morning if morning > now else morning + timedelta(days=1)) - now).total_seconds()

    # files

    async def fetch(self, source: str, most: int) -> bytes:
        """Return a file by the address that an event named. Raises FileTooLarge, FileGone, FileNotNow."""
        return await self._fetch.fetch(source, most)

    # events

    async def handle(self, signature: str, body: bytes) -> int:
        """Take an event in and return the HTTP status: 200 only once it is kept."""
        try:
            event = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return 400
        if not isinstance(event, Mapping):
            return 400
        timestamp = str(event.get("timestamp", ""))
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= DIGITS):
            return 400
        if not self._is_signed(signature, body, timestamp):
            return 403
        if self._is_old(timestamp):
            log.warning("event_too_old", channel=CHANNEL)
            return 200
        incoming = parse(event, self.bot)
        if incoming is not None:
            incoming = await self._unless_late(incoming, timestamp)
            await self._receive(await self._buttons.heard([incoming]))
        return 200

    async def _unless_late(self, incoming: Incoming, timestamp: str) -> Incoming:
        """Return what somebody did. Words that come again after others were answered belong to a question of before:
        under the present one they would be a wrong answer. A button knows its question, a photo is one whenever."""
        if not isinstance(incoming.reply, Typed):
            return incoming
        said_at = datetime.fromtimestamp(int(timestamp) / 1000, UTC)
        if self._clock() - said_at <= LATE:
            return incoming
        async with self._database.reading() as connection:
            heard_at = await inbox.heard_at(connection, inbox.place_of(incoming))
        if heard_at is None or heard_at - said_at <= LATE:
            return incoming
        log.info("text_came_late", channel=CHANNEL)
        return replace(incoming, reply=Unreadable("late"))

    def _is_signed(self, signature: str, body: bytes, timestamp: str) -> bool:
        ids = [self.bot, *([self._account_id] if self._account_id else [])]
        signed = signing.signed_by(signature, body, timestamp, ids, self._secrets)
        if signed is not None and signed != self._signed_by:
            self._signed_by = signed
            log.info("zalo_oa_signed", id=("app_id", "oa_id")[signed[0]], secret=signed[1] + 1)
        return signed is not None

    def _is_old(self, timestamp: str) -> bool:
        """Tell whether an event is of a time whose events are forgotten here by now."""
        return int(timestamp) / 1000 < (self._clock() - OLDEST_EVENT).timestamp()


def _told(secret: SecretStr | None) -> str:
    assert secret is not None  # settings refuse an account without one
    return secret.get_secret_value()


def served(host: Host) -> Service:
    """Return the account that the settings name, with its works and its address for events."""
    bot = ZaloOa(host)
    works = (("zalo oa token", bot.tokens.keep), ("zalo oa name", bot.learn_account))
    window = Window(FREE, OPEN, host.settings.zalo_oa_price, host.settings.zalo_oa_template_price)
    routes = (Route(WEBHOOK_PATH, partial(_take_event, bot), methods=["POST"]),)
    look = partial(bot.look, host.settings.public_url)
    return Service(bot, works, routes, window=window, look=look)


async def _take_event(bot: ZaloOa, request: Request) -> Response:
    signature = request.headers.get(signing.HEADER, "")
    return await taken(request, MOST_WEBHOOK_BYTES, partial(bot.handle, signature))
