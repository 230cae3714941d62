"""The benchmark of broadcasts: one notice to everybody, while a few residents write as before.

Against the strict Bot API server of the tests, in a process of its own, whose limits are Telegram's times a stated
factor and enforced: the whole program runs here, with a database on disk (`synchronous=FULL`), polling, and sends as
fast as that server allows. Residents type `/status` at a steady pace, first alone and then during the broadcast; how
long each answer took is measured by the server, from typing to arrival. What everybody got is read from its ledger.

These residents have turned notices off: to who answers a notice within the second, Telegram's limit of one message a
second and chat makes any bot wait, and that is no matter of broadcasts to others.
"""

import asyncio
import resource
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from pydantic import SecretStr
from sqlalchemy import select

from bot.application import Application, now, spare_the_collector
from bot.channels.telegram.channel import RATES, TelegramChannel
from bot.commands.bench_people import Province, found, make_admin, settle, turn_off_notices
from bot.commands.bench_turns import percentile
from bot.services.sending import Rates
from bot.settings import Settings
from bot.store import notices
from bot.store.tables import outbox
from flows.events import NoticeSaved
from flows.notices import Audience, Content, Notice

RESIDENTS = 20
FEWEST_ALONE_SECONDS, MOST_ALONE_SECONDS = 10.0, 60.0
REPLIES_PER_SECOND = 2.0
PATIENCE_SECONDS = 3.0
LONGEST_SECONDS = 3600.0
# Beyond the title that its author is shown while it goes out.
NOTICE = "Kính mời bà con đến nhà văn hóa thôn"
TEXT = f"*Tuần lễ hưởng ứng học tập suốt đời* năm nay bắt đầu ngày 1 tháng 10. {NOTICE} lúc 8 giờ sáng."
TOKEN = f"1234567890:{'A' * 35}"
CHECKOUT = Path(__file__).parents[2]

Report = Callable[[str], None]


class NoServer(Exception):
    """The Bot API server of the tests cannot be started; the message says what to do."""


class Figures(msgspec.Struct):
    """What was measured. Rates in messages a second; the cap is Telegram's limit times the factor."""

    recipients: int
    cap_per_s: float
    sent_per_s: float
    share_of_cap: float
    refused_429: int
    lost: int
    doubled: int
    uncertain: int
    reply_p99_ms: float
    reply_p99_alone_ms: float


class Seen(msgspec.Struct):
    """What the server saw of the notice: how often each chat got it, when the first and the last did, how many
    messages of any kind came between these, and how many came too fast."""

    chats: dict[int, int]
    first: float
    last: float
    meanwhile: int
    too_many: int


@dataclass(slots=True)
class Watch:
    """What was seen each second of the broadcast: ledgers that did not sum up, and the memory it took."""

    looks: int = 0
    wrong_sums: list[str] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)


class FasterApplication(Application):
    """The application, for a Telegram that takes so many times as much."""

    def __init__(self, settings: Settings, speed: float) -> None:
        self._speed = speed
        super().__init__(settings)

    def _telegram(self) -> TelegramChannel | None:
        channel = super()._telegram()
        if channel is not None:
            channel.rates = Rates(*(rate * self._speed for rate in (RATES.per_bot, RATES.per_chat, RATES.per_group)))
        return channel


class Server:
    """The server, as its remote control shows it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._http = http

    async def crowd(self, count: int) -> range:
        """Let so many people press start. Returns their chats."""
        ids: list[int] = (await self._post("crowd", count=count))["ids"]
        return range(ids[0], ids[-1] + 1, ids[1] - ids[0])

    async def chatter(self, chats: Sequence[int], per_second: float, until: asyncio.Event, most: float) -> list[float]:
        """Let people write, for some seconds at most. Returns how many milliseconds each of them waited."""
        await self._post("chatter", people=list(chats), text="/status", per_second=per_second)
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), most)
        waits = await self._post("chatter/stop", notice=NOTICE, patience=PATIENCE_SECONDS)
        return list(waits["milliseconds"]) + [float("inf")] * waits["unanswered"]

    async def seen(self) -> Seen:
        """Return what it saw of the notice."""
        async with self._http.get("/control/tally", params={"notice": NOTICE}) as response:
            return msgspec.json.decode(await response.read(), type=Seen, strict=False)

    async def _post(self, path: str, **body: object) -> Any:
        async with self._http.post(f"/control/{path}", json=body) as response:
            response.raise_for_status()
            return await response.json()


async def measure(recipients: int, speed: float, report: Report) -> tuple[Figures, Watch]:
    """Measure replies alone, and then a broadcast with replies, in one run."""
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        async with _server(speed) as server:
            application = FasterApplication(_settings(Path(folder), server.url), speed)
            try:
                return await _measured(application, server, recipients, speed, report)
            finally:
                await application.close()


@asynccontextmanager
async def _server(speed: float) -> AsyncIterator[Server]:
    """Run the server until the block is left. Raises NoServer."""
    if not (CHECKOUT / "tests" / "botapi" / "__main__.py").exists():
        raise NoServer("the Bot API server of the tests is not installed; run this in a checkout after: make install")
    command = (sys.executable, "-m", "tests.botapi", "--token", TOKEN, "--speed", str(speed))
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise NoServer("the Bot API server of the tests does not start; see why: python -m tests.botapi")
        async with aiohttp.ClientSession(url) as http:
            yield Server(url, http)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _settings(folder: Path, api_url: str) -> Settings:
    """Return settings of which none is the environment's."""
    return Settings(
        database_url=f"sqlite:///{folder / 'bench.db'}", telegram_token=SecretStr(TOKEN),
        telegram_api_url=api_url, public_url=None, telegram_webhook_secret=None, evidence_url=None,
        secret_key=SecretStr(secrets.token_hex(16)), quiet_hours="00:00-00:00",
    )  # fmt: skip


async def _measured(
    application: Application, server: Server, recipients: int, speed: float, report: Report
) -> tuple[Figures, Watch]:
    cap = RATES.per_bot * speed
    report(f"{recipients:,} people move in; Telegram takes {cap:,.0f} messages a second, {speed:g} times its own limit")
    chats = await server.crowd(recipients + RESIDENTS)
    residents = chats[-RESIDENTS:]
    assert application.telegram is not None
    to = (application.telegram.channel, application.telegram.bot)
    province = await found(application.database, len(chats), now())
    async with application.database.writing() as connection:
        await settle(connection, province, chats, to, now())
        author = await make_admin(connection, province, now())
        await turn_off_notices(connection, residents)
    spare_the_collector()
    per_second = REPLIES_PER_SECOND * speed
    alone_seconds = min(MOST_ALONE_SECONDS, max(FEWEST_ALONE_SECONDS, recipients / cap))
    async with _working(application):
        await server.chatter(residents, per_second, asyncio.Event(), 2.0)
        report(f"{len(residents)} residents write {per_second:g} times a second, alone")
        alone = await server.chatter(residents, per_second, asyncio.Event(), alone_seconds)
        report("and now while everybody gets a notice")
        done, watch = asyncio.Event(), Watch()
        notice_id = await _write_notice(application, province, author)
        watching = asyncio.create_task(_watch(application, notice_id, watch, done, report))
        during = await server.chatter(residents, per_second, done, LONGEST_SECONDS)
        await watching
    seen, ledger = await server.seen(), await _ledger(application, notice_id)
    rate = (seen.meanwhile - 1) / (seen.last - seen.first) if seen.last > seen.first else 0.0
    figures = Figures(
        recipients=len(ledger),
        cap_per_s=cap,
        sent_per_s=rate,
        share_of_cap=rate / cap,
        refused_429=seen.too_many,
        lost=sum(_is_lost(state, seen.chats.get(chat, 0)) for chat, state in ledger.items()),
        doubled=sum(times > 1 for times in seen.chats.values()),
        uncertain=sum(state == "uncertain" for state in ledger.values()),
        reply_p99_ms=percentile(during, 99),
        reply_p99_alone_ms=percentile(alone, 99),
    )
    return figures, watch


@asynccontextmanager
async def _working(application: Application) -> AsyncIterator[None]:
    """Let the program run until the block is left; what makes it fail ends the block."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(application.run())
        yield
        working.cancel()


async def _write_notice(application: Application, province: Province, author: tuple[int, int]) -> int:
    saved = NoticeSaved(Content(vi=TEXT, asks_who_comes=True), Audience(unit_ids=(province.unit_id,)), "scheduled")
    async with application.database.writing() as connection:
        return await notices.save(connection, saved, *author, now())


async def _watch(application: Application, notice_id: int, watch: Watch, done: asyncio.Event, report: Report) -> None:
    """Look each second until everybody has it, and see whether the counters sum to the recipients."""
    while not done.is_set():
        async with application.database.reading() as connection:
            notice = await notices.read(connection, notice_id)
        assert notice is not None
        if notice.started_at is not None and notice.state != "gathering":
            _note(notice, watch, report)
        if notice.ended_at is not None:
            done.set()
        else:
            await asyncio.sleep(1)


def _note(notice: Notice, watch: Watch, report: Report) -> None:
    watch.looks += 1
    watch.megabytes.append(_megabytes())
    if sum(notice.counts.values()) != notice.recipients:
        watch.wrong_sums.append(f"{dict(notice.counts)} are not {notice.recipients}")
    report(f"{notice.count('sent'):>9,} of {notice.recipients:,}, {watch.megabytes[-1]:.0f} MB")


def _megabytes() -> float:
    """Return how much memory this process has; where that is not told, the most it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


async def _ledger(application: Application, notice_id: int) -> dict[int, str]:
    """Return what the program says became of each chat's notice."""
    rows = select(outbox.c.address, outbox.c.state).where(outbox.c.notice_id == notice_id)
    async with application.database.reading() as connection:
        return {int(address): state for address, state in await connection.execute(rows)}


def _is_lost(state: str, times: int) -> bool:
    """Tell whether somebody went without and nobody would know of it."""
    return state in {"queued", "sending"} or (state == "sent" and times == 0)
