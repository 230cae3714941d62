"""The one place where everything is put together: what `hoctap serve`, the demo and the tests run."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics
from bot.catalogues import load
from bot.channels.web.certificate import CertificatePage
from bot.channels.web.guide import GuidePages
from bot.channels.web.limits import TooMany
from bot.channels.web.messages import NotUsable, UnknownToken
from bot.channels.web.officials import OfficialPages
from bot.channels.web.routes import WebChat
from bot.delivery.courier import Courier
from bot.services import evidence_folder
from bot.services.batches import BatchCarrier
from bot.services.channel import Host, OpenChannel, Service, Work
from bot.services.evidence import EvidenceFetcher
from bot.services.evidence_folder import EvidenceFolder
from bot.services.file_links import FileLinks
from bot.services.files import FileStore
from bot.services.housekeeping import Housekeeper
from bot.services.joining import CodeKeeper
from bot.services.notices import NoticeRunner
from bot.services.paper_maker import PaperMaker
from bot.services.reminders import Reminders
from bot.services.runtime import Runtime
from bot.services.shared_signal import SharedSignal
from bot.services.signing_in import SignIns
from bot.services.supervisor import Supervisor
from bot.services.turns import NotKept, Turns
from bot.settings import Settings
from bot.store.core import figures
from bot.store.core.database import Database, DatabaseUnusable, check_reachable
from flows.conversation.facts import Links, Start
from flows.conversation.messages import MenuEntry
from flows.domain.channels import CHANNELS as KNOWN
from flows.domain.channels import Window
from flows.subjects import SUBJECTS
from flows.words.wording import DEFAULT_LANGUAGE, render

WEB = "web"


def _opened(channel: str) -> OpenChannel:
    opened: OpenChannel = import_module(f"bot.channels.{channel.replace('-', '_')}").opened
    return opened


# What people write with besides the web chat, which is always there: for each line of the list there is a folder.
CHANNELS: tuple[OpenChannel, ...] = tuple(_opened(channel) for channel in KNOWN if channel != WEB)

SECONDS_FOR_NEWER = 5.0

# The work without which nobody is answered.
TURNS = "turns"

log = structlog.get_logger()


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what was loaded at the start, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    gc.enable()


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Served:
    """A bot that people write to, and the courier of its letters."""

    name: str
    service: Service
    courier: Courier

    @property
    def trouble(self) -> str | None:
        """Return what does not work at present, or None."""
        return self.service.bot.trouble or self.courier.trouble


class Application:
    """A running deployment: its database, its turn loop, its channels and their deliveries."""

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime] = now, channels: Sequence[OpenChannel] = CHANNELS
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.catalogues = load()
        self.database = Database(settings.database_url)
        self.runtime = Runtime(
            self.database, self.catalogues, clock, settings.zone, settings.quiet, settings.signing_key()
        )
        self.supervisor = Supervisor()
        self.files = FileStore(settings.evidence_folder)
        self.folder = EvidenceFolder(self.database, self.files)
        # Only on PostgreSQL may a newer version run beside this one.
        for_newer = 0.0 if self.database.is_sqlite else SECONDS_FOR_NEWER
        self.turns = Turns(self.runtime, self._links, for_newer, self._windows)
        self.file_links = FileLinks(self.runtime, self.files, settings.public_url)
        host = Host(settings, self.runtime, self.files, self.turns.receive, self._menus(), self.file_links)
        self.served = tuple(self._served([service for opened in channels for service in opened(host)]))
        self._sources = {(one.service.bot.channel, one.service.bot.bot): one.service.bot for one in self.served}
        self.evidence = EvidenceFetcher(self.runtime, self.files, self._sources)
        self.web = WebChat(self.runtime, self.turns, self.files, settings.signing_key())

    def _served(self, services: Sequence[Service]) -> Iterator[Served]:
        """Give each bot a courier and a name: its channel's, with its own number where the channel has several."""
        of_channel = Counter(service.bot.channel for service in services)
        for service in services:
            bot = service.bot
            name = bot.channel if of_channel[bot.channel] == 1 else f"{bot.channel} {bot.bot}"
            yield Served(name, service, Courier(self.runtime, bot, self.turns.latency))

    def _links(self) -> Links:
        """Return where the bot and its guides are found, as far as it is known."""
        public = self.settings.public_url.rstrip("/") if self.settings.public_url else None
        services = [one.service for one in self.served]
        start = [Start(link, one.bot.channel, one.bot.bot, one.unit) for one in services if (link := one.bot.link)]
        if public:
            start.append(Start(f"{public}/chat#{{code}}", WEB))
        return Links(
            tuple(start),
            f"{public}/guide" if public else None,
            f"{public}/c/{{code}}" if public else None,
            f"{public}/dashboard/in#{{code}}" if public else None,
        )

    def _windows(self) -> dict[str, Window]:
        """Return for how long channels take messages for somebody, of those that do not always."""
        return {one.service.bot.channel: one.service.window for one in self.served if one.service.window is not None}

    def http(self, extra: list[BaseRoute] | None = None) -> Starlette:
        """Return the web server's application."""
        return Starlette(
            routes=[
                *(extra or [Route("/", lambda request: RedirectResponse("/chat"))]),
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
                *(route for one in self.served for route in one.service.routes),
                *self.file_links.routes(),
                *self.web.routes(),
                *GuidePages(self.web.words, self.catalogues).routes(),
                *CertificatePage(self.database, self.web.words).routes(),
                *OfficialPages(self.web.words, SignIns(self.runtime), self.settings.signing_key()).routes(),
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
        yield "making papers", lambda: self.papers().run()
        yield "ending codes", lambda: CodeKeeper(self.runtime).run(self.supervisor)
        yield "keeping house", lambda: self.housekeeper().run(self.supervisor)
        yield "keeping the evidence folder", self._keep_folder
        if self.served:
            yield from self._channel_works()

    async def _keep_folder(self) -> None:
        await self.supervisor.keep("evidence folder", self.folder.keep, evidence_folder.RENEW_SECONDS)

    def _channel_works(self) -> Iterator[Work]:
        yield "fetching evidence", lambda: self.evidence.run(self.turns.evidence_given, self.supervisor)
        for one in self.served:
            yield from one.service.works
            yield f"{one.name} delivery", one.courier.run
        if not self.database.is_sqlite:
            yield "letters of other servers", SharedSignal(self.runtime, self._sends_all).run

    def _sends_all(self) -> bool:
        """Tell whether no letter queued here is another instance's to send."""
        return all(one.courier.leads for one in self.served)

    def notices(self) -> NoticeRunner:
        """Return what keeps notices going."""
        return NoticeRunner(self.runtime, self.files, self._sources, self.supervisor)

    def reminders(self) -> Reminders:
        """Return what reminds people."""
        return Reminders(self.runtime, self.supervisor)

    def batches(self) -> BatchCarrier:
        """Return what acts on many forms at once."""
        return BatchCarrier(self.runtime, self.supervisor, self._links)

    def papers(self) -> PaperMaker:
        """Return what makes papers that are asked for in chats."""
        return PaperMaker(self.runtime, self.files, self.supervisor, self._links)

    def housekeeper(self) -> Housekeeper:
        """Return what clears away what nobody needs any more."""
        return Housekeeper(self.database, self.files, self.clock)

    def _menus(self) -> dict[str, tuple[MenuEntry, ...]]:
        menus = {
            language: tuple(
                [MenuEntry(name, render(words, catalogue)) for name, words in SUBJECTS.menu((), language).items()]
            )
            for language, catalogue in self.catalogues.items()
        }
        return {"": menus[DEFAULT_LANGUAGE], **menus}

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
        channels = {WEB: "ok"} | {one.name: one.trouble or "ok" for one in self.served}
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
                outside = await figures.letters_outside(connection, self.clock())
        except Exception:
            log.warning("figures_not_counted", exc_info=True)  # the others are told all the same
        else:
            for channel in {WEB, *(one.service.bot.channel for one in self.served)}:
                metrics.OUTBOX.labels(channel).set(letters.get(channel, 0))
                metrics.OUTSIDE.labels(channel).set(outside.get(channel, 0))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def close(self) -> None:
        """Close what is open."""
        self.web.stop()
        for one in self.served:
            await one.service.bot.stop()
        await self.database.close()


async def _ask_again(request: Request, error: Exception) -> Response:
    """Answer whoever brought an update that was not kept: they send it again."""
    return Response(status_code=503, headers={"Retry-After": "1"})
