"""The one place where everything is put together: what `hoctap serve`, the demo and the tests run."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics
from bot.catalogues import load
from bot.channels.web import routes as web
from bot.channels.web.certificate import CertificatePage
from bot.channels.web.guide import GuidePages
from bot.channels.web.limits import TooMany
from bot.channels.web.messages import NotUsable, UnknownToken
from bot.channels.web.routes import WebChat
from bot.delivery.courier import Courier
from bot.services import evidence_folder
from bot.services.batches import BatchCarrier
from bot.services.evidence import EvidenceFetcher
from bot.services.evidence_folder import EvidenceFolder
from bot.services.files import FileRefused, FileStore
from bot.services.housekeeping import Housekeeper
from bot.services.notices import NoticeRunner
from bot.services.reminders import Reminders
from bot.services.runtime import Runtime
from bot.services.sending import FileSource, Rates
from bot.services.shared_signal import SharedSignal
from bot.services.supervisor import Supervisor
from bot.services.turns import NotKept, Turns
from bot.settings import Settings
from bot.store.core import figures
from bot.store.core.database import Database, DatabaseUnusable, check_reachable
from flows.conversation.facts import Links
from flows.conversation.messages import MenuEntry
from flows.subjects import SUBJECTS
from flows.words.wording import DEFAULT_LANGUAGE, render

if TYPE_CHECKING:
    from bot.channels.telegram.channel import TelegramChannel

MOST_WEBHOOK_BYTES = 1024 * 1024
SECONDS_FOR_NEWER = 5.0

# The work without which nobody is answered.
TURNS = "turns"

# A name and what runs for ever, or until it is done.
Work = tuple[str, Callable[[], Coroutine[Any, Any, None]]]

log = structlog.get_logger()


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what was loaded at the start, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Application:
    """A running deployment: its database, its turn loop, its channels and their deliveries."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self.settings = settings
        self.clock = clock
        self.catalogues = load()
        self.database = Database(settings.database_url)
        self.runtime = Runtime(self.database, self.catalogues, clock, settings.zone, settings.quiet)
        self.supervisor = Supervisor()
        self.files = FileStore(settings.evidence_folder)
        self.folder = EvidenceFolder(self.database, self.files)
        self.telegram = self._telegram()
        # Only on PostgreSQL may a newer version run beside this one.
        for_newer = 0.0 if self.database.is_sqlite else SECONDS_FOR_NEWER
        self.turns = Turns(self.runtime, self._links, for_newer)
        self.delivery = self._delivery()
        self.evidence = self._evidence_fetcher()
        self.web = WebChat(self.runtime, self.turns, self.files, settings.signing_key())

    def _telegram(self) -> "TelegramChannel | None":
        token = self.settings.telegram_token
        if token is None:
            return None
        from bot.channels.telegram.channel import TelegramChannel

        rates = Rates(per_bot=self.settings.telegram_rate, per_chat=1.0, chat_burst=self.settings.telegram_chat_burst)
        return TelegramChannel(token.get_secret_value(), self.settings.telegram_api_url, self.files, rates)

    def _delivery(self) -> Courier | None:
        if self.telegram is None:
            return None
        return Courier(self.runtime, self.telegram, self.turns.latency)

    def _links(self) -> Links:
        """Return where the bot and its guides are found, as far as it is known."""
        telegram = self.telegram.link if self.telegram is not None else None
        public = self.settings.public_url.rstrip("/") if self.settings.public_url else None
        start = (telegram, f"{public}/chat#{{code}}" if public else None)
        return Links(
            tuple(link for link in start if link is not None),
            f"{public}/guide" if public else None,
            f"{public}/c/{{code}}" if public else None,
        )

    def http(self, extra: list[BaseRoute] | None = None) -> Starlette:
        """Return the web server's application."""
        return Starlette(
            routes=[
                *(extra or [Route("/", lambda request: RedirectResponse("/chat"))]),
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
                Route("/telegram", self._telegram_webhook, methods=["POST"]),
                *self.web.routes(),
                *GuidePages(self.web.words, self.catalogues).routes(),
                *CertificatePage(self.database, self.web.words).routes(),
            ],
            exception_handlers={
                NotUsable: self.web.refuse,
                UnknownToken: self.web.refuse_token,
                TooMany: self.web.ask_to_wait,
                NotKept: _ask_again,
            },
        )

    async def run(self) -> None:
        """Work for ever. Each work that fails is named by `/readyz` and begins anew; it stops no other."""
        async with asyncio.TaskGroup() as group:
            for name, work in self._works():
                group.create_task(self.supervisor.run(name, work))

    def _works(self) -> Iterator[Work]:
        yield TURNS, lambda: self.turns.run(self.files.forget)
        yield "keeping notices", lambda: self.notices().run()
        yield "keeping reminders", lambda: self.reminders().run()
        yield "carrying out batches", lambda: self.batches().run()
        yield "keeping house", lambda: self.housekeeper().run(self.supervisor)
        yield "keeping the evidence folder", self._keep_folder
        if self.telegram is not None:
            yield from self._telegram_works(self.telegram)

    async def _keep_folder(self) -> None:
        await self.supervisor.keep("evidence folder", self.folder.keep, evidence_folder.RENEW_SECONDS)

    def _telegram_works(self, telegram: "TelegramChannel") -> Iterator[Work]:
        yield "telegram name", telegram.start
        yield "telegram menus", lambda: telegram.set_menus(self._menus())
        yield "fetching evidence", lambda: self.evidence.run(self.turns.evidence_given, self.supervisor)
        if (courier := self.delivery) is not None:
            yield "delivery", courier.run
            if not self.database.is_sqlite:
                yield "letters of other servers", SharedSignal(self.runtime, lambda: courier.leads).run
        if public_url := self.settings.public_url:
            yield "telegram webhook", lambda: telegram.set_webhook(public_url, self._webhook_secret())
        else:
            yield "telegram updates", lambda: telegram.poll(self.turns.receive)

    def notices(self) -> NoticeRunner:
        """Return what keeps notices going."""
        return NoticeRunner(self.runtime, self.files, self._file_sources(), self.supervisor)

    def reminders(self) -> Reminders:
        """Return what reminds people."""
        return Reminders(self.runtime, self.supervisor)

    def batches(self) -> BatchCarrier:
        """Return what acts on many forms at once."""
        return BatchCarrier(self.runtime, self.supervisor, self._links)

    def housekeeper(self) -> Housekeeper:
        """Return what clears away what nobody needs any more."""
        return Housekeeper(self.database, self.files, self.clock)

    def _file_sources(self) -> dict[tuple[str, str], FileSource]:
        return {(self.telegram.channel, self.telegram.bot): self.telegram} if self.telegram is not None else {}

    def _evidence_fetcher(self) -> EvidenceFetcher:
        return EvidenceFetcher(self.runtime, self.files, self._file_sources())

    def _menus(self) -> dict[str, tuple[MenuEntry, ...]]:
        menus = {
            language: tuple(
                [MenuEntry(name, render(words, catalogue)) for name, words in SUBJECTS.menu((), language).items()]
            )
            for language, catalogue in self.catalogues.items()
        }
        return {"": menus[DEFAULT_LANGUAGE], **menus}

    def _webhook_secret(self) -> str:
        secret = self.settings.telegram_webhook_secret
        assert secret is not None  # settings refuse a public address without one
        return secret.get_secret_value()

    async def _telegram_webhook(self, request: Request) -> Response:
        if self.telegram is None:
            return Response(status_code=404)
        try:
            body = await web.read_body(request, MOST_WEBHOOK_BYTES)
        except FileRefused:
            return Response(status_code=413)
        return Response(status_code=await self.telegram.handle(request.headers, body, self.turns.receive))

    async def _healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, request: Request) -> Response:
        try:
            await check_reachable(self.database)
        except DatabaseUnusable:
            return JSONResponse({"status": "database unreachable"}, status_code=503)
        failing = dict(self.supervisor.failing())
        if TURNS in failing:
            return JSONResponse({"status": "nobody is answered", "failing": failing}, status_code=503)
        channels = {"web": "ok"}
        if self.telegram is not None and self.delivery is not None:
            channels["telegram"] = self.telegram.trouble or self.delivery.trouble or "ok"
        return JSONResponse(
            {
                "status": "failing" if failing else "ok",
                "channels": channels,
                "failing": failing,
                "evidence": self.evidence.trouble or "ok",
            }
        )

    async def _metrics(self, request: Request) -> Response:
        try:
            async with self.database.reading() as connection:
                metrics.WAITING.set(await figures.updates_waiting(connection))
                letters = await figures.letters_waiting(connection)
        except Exception:
            log.warning("figures_not_counted", exc_info=True)  # the others are told all the same
        else:
            for channel in ("telegram", "web"):
                metrics.OUTBOX.labels(channel).set(letters.get(channel, 0))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def close(self) -> None:
        """Close what is open."""
        self.web.stop()
        if self.telegram is not None:
            await self.telegram.stop()
        await self.database.close()


async def _ask_again(request: Request, error: Exception) -> Response:
    """Answer whoever brought an update that was not kept: they send it again."""
    return Response(status_code=503, headers={"Retry-After": "1"})
