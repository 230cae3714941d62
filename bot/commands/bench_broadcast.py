"""The benchmark of broadcasts: one notice to everybody, while a few residents write as before.

Against the strict Bot API server of the tests, in a process of its own, whose limits are Telegram's times a stated
factor and enforced: the whole program runs here, with a database on disk (`synchronous=FULL`), polling, and sends as
fast as that server allows. Residents type `/status` at a steady pace; how long each answer took is measured by the
server, from typing to arrival. What everybody got is read from its ledger.

The notice is paused again and again, so that what a machine's disk or neighbours do falls on answers with a broadcast
and without one alike. Rates and waits are those of the stretches between, less the second and a half in which the last
ones are on their way, or the first ones are taken again.

These residents have turned notices off: to who answers a notice within the second, Telegram's limit of one message a
second and chat makes any bot wait, and that is no matter of broadcasts to others.
"""

import asyncio
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from sqlalchemy import select

from bot.application import Application, now, spare_the_collector
from bot.channels import telegram
from bot.channels.telegram.channel import RATES
from bot.commands.bench_people import Province, found, make_admin, settle, turn_off_notices
from bot.commands.bench_turns import percentile
from bot.services.channel import Host, OpenChannel, Service
from bot.settings import SecretStr, Settings
from bot.store.core.tables import conversations, outbox
from bot.store.notices import reading, saving, writing
from flows.notices.notice import HIGHEST_LIMIT, Audience, Content, Notice, NoticeAct, NoticeState
from flows.notices.records import NoticeActed, NoticeSaved

RESIDENTS = 20
REPLIES_PER_SECOND = 2.0
WARMING_UP_SECONDS = 2.0
SENDING_SECONDS = 20.0
FEWEST_STRETCHES = 4
PAUSE_SECONDS = 10.0
SETTLING_SECONDS = 1.5
LONGEST_SECONDS = 60.0
PATIENCE_SECONDS = 3.0
# Beyond the title that its author is shown while it goes out.
NOTICE = "Kính mời bà con đến nhà văn hóa thôn"
TEXT = f"*Tuần lễ hưởng ứng học tập suốt đời* năm nay bắt đầu ngày 1 tháng 10. {NOTICE} lúc 8 giờ sáng."
TOKEN = f"1234567890:{'A' * 35}"
CHECKOUT = Path(__file__).parents[2]

Report = Callable[[str], None]


class NotMeasurable(Exception):
    """What was asked for cannot be measured; the message says what to do."""


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
    """What the server saw of the notice: how often each chat got it, when the last did, when messages of any kind came,
    and how many came too fast."""

    chats: dict[int, int]
    last: float
    times: list[float]
    too_many: int


class Waits(msgspec.Struct):
    """When each answer was asked for and how many milliseconds it took, and how many never came."""

    answered: list[tuple[float, float]]
    unanswered: int


@dataclass(slots=True)
class Stretches:
    """When the notice was being sent, or was not, in seconds of the clock."""

    spans: list[tuple[float, float]] = field(default_factory=list)

    def add(self, begun: float) -> None:
        """Add what began then and ends now, without its first moments."""
        self.spans.append((begun + SETTLING_SECONDS, max(begun + SETTLING_SECONDS, time.time())))

    def seconds(self, until: float) -> float:
        """Return how long they are, up to some time."""
        return sum(max(0.0, min(ended, until) - begun) for begun, ended in self.spans)

    def hold(self, at: float) -> bool:
        """Tell whether a time is in one of them."""
        return any(begun <= at < ended for begun, ended in self.spans)


class Watch:
    """Somebody who looks at a notice every second: its ledger must always sum up, and the memory must stay the same."""

    def __init__(self, application: Application, notice_id: int, report: Report) -> None:
        self._database = application.database
        self._notice_id = notice_id
        self._report = report
        self.looks = 0
        self.wrong_sums: list[str] = []
        self.megabytes: list[float] = []

    async def until(self, reached: Callable[[Notice], bool], seconds: float) -> bool:
        """Look until something is reached, for so many seconds at most. Tells whether it was."""
        last = time.time() + seconds
        while not reached(await self.look()):
            if (left := last - time.time()) <= 0:
                return False
            await asyncio.sleep(min(1.0, left))
        return True

    async def look(self) -> Notice:
        """Look once."""
        async with self._database.reading() as connection:
            notice = await reading.read(connection, self._notice_id)
        assert notice is not None
        if notice.started_at is not None and notice.state != "gathering":
            self._note(notice)
        return notice

    def _note(self, notice: Notice) -> None:
        self.looks += 1
        self.megabytes.append(_megabytes())
        if sum(notice.counts.values()) != notice.recipients:
            self.wrong_sums.append(f"{dict(notice.counts)} are not {notice.recipients}")
        self._report(f"{notice.count('sent'):>9,} of {notice.recipients:,}, {self.megabytes[-1]:.0f} MB")

    async def act(self, act: NoticeAct, state: NoticeState) -> None:
        """Act on the notice as its author would."""
        async with self._database.writing() as connection:
            notice = await reading.read(connection, self._notice_id)
            assert notice is not None
            await writing.act(connection, NoticeActed(self._notice_id, act, notice.version, state), now())


def _faster(speed: float) -> OpenChannel:
    """Return Telegram as it would be if it took so many times as much."""

    def opened(host: Host) -> Iterator[Service]:
        for service in telegram.opened(host):
            service.bot.rates = service.bot.rates.times(speed)
            yield service

    return opened


class Server:
    """The server, as its remote control shows it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._http = http

    async def crowd(self, count: int) -> range:
        """Let so many people press start. Returns their chats."""
        ids: list[int] = (await self._post("crowd", count=count))["ids"]
        return range(ids[0], ids[-1] + 1, ids[1] - ids[0])

    async def start_chatter(self, chats: Sequence[int], per_second: float) -> None:
        """Let people write."""
        await self._post("chatter", people=list(chats), text="/status", per_second=per_second)

    async def stop_chatter(self) -> Waits:
        """Let them fall silent. Returns how long each of them waited."""
        waits = await self._post("chatter/stop", notice=NOTICE, patience=PATIENCE_SECONDS)
        return msgspec.convert(waits, Waits)

    async def seen(self) -> Seen:
        """Return what it saw of the notice."""
        async with self._http.get("/control/tally", params={"notice": NOTICE}) as response:
            return msgspec.json.decode(await response.read(), type=Seen, strict=False)

    async def _post(self, path: str, **body: object) -> Any:
        async with self._http.post(f"/control/{path}", json=body) as response:
            response.raise_for_status()
            return await response.json()


async def measure(recipients: int, speed: float, report: Report) -> tuple[Figures, Watch]:
    """Measure a broadcast, and replies with it and without it, in one run. Raises NotMeasurable."""
    if recipients < (fewest := RATES.per_bot * speed * SETTLING_SECONDS * 2):
        raise NotMeasurable(f"{recipients:,} people have it too soon at this speed; take {fewest:,.0f} at least")
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        async with _server(speed) as server:
            application = Application(_settings(Path(folder), server.url), channels=[_faster(speed)])
            try:
                return await _measured(application, server, recipients, speed, report)
            finally:
                await application.close()


@asynccontextmanager
async def _server(speed: float) -> AsyncIterator[Server]:
    """Run the server until the block is left. Raises NotMeasurable."""
    if not (CHECKOUT / "tests" / "botapi" / "__main__.py").exists():
        raise NotMeasurable(
            "the Bot API server of the tests is not installed; run this in a checkout after: make install"
        )
    command = (sys.executable, "-m", "tests.botapi", "--token", TOKEN, "--speed", str(speed))
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise NotMeasurable("the Bot API server of the tests does not start; see why: python -m tests.botapi")
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
    (served,) = application.served
    to = (served.service.bot.channel, served.service.bot.bot)
    province = await found(application.database, len(chats), now())
    async with application.database.writing() as connection:
        await settle(connection, province, chats, to, now())
        author = await make_admin(connection, province, now())
        await turn_off_notices(connection, residents)
    spare_the_collector()
    per_second = REPLIES_PER_SECOND * speed
    at_once = max(SETTLING_SECONDS * 2, min(SENDING_SECONDS, recipients / cap / FEWEST_STRETCHES))
    async with _working(application):
        await server.start_chatter(residents, per_second)
        report(f"{len(residents)} residents write {per_second:g} times a second, alone and while a notice is sent")
        await asyncio.sleep(WARMING_UP_SECONDS)
        notice_id = await _write_notice(application, province, author)
        watch = Watch(application, notice_id, report)
        sending, alone = await _send_in_stretches(watch, at_once)
        waits = await server.stop_chatter()
    seen, ledger = await server.seen(), await _ledger(application, notice_id)
    rate = sum(map(sending.hold, [at for at in seen.times if at <= seen.last])) / sending.seconds(seen.last)
    lost_answers = [float("inf")] * waits.unanswered
    during = [wait for at, wait in waits.answered if sending.hold(at) and at <= seen.last] + lost_answers
    without = [wait for at, wait in waits.answered if alone.hold(at)]
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
        reply_p99_alone_ms=percentile(without, 99),
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
        await writing.set_limit(connection, province.unit_id, HIGHEST_LIMIT, None)
        return await saving.save(connection, saved, *author, now())


async def _send_in_stretches(watch: Watch, at_once: float) -> tuple[Stretches, Stretches]:
    """Let the notice go out with pauses. Returns when it was being sent, and when it was not."""
    sending, alone = Stretches(), Stretches()
    await watch.until(lambda notice: notice.state == "sending", LONGEST_SECONDS)
    begun = time.time()
    while not await watch.until(_is_over, at_once):
        sending.add(begun)
        await watch.act("pause", "paused")
        begun = time.time()
        await watch.until(_is_over, PAUSE_SECONDS)
        alone.add(begun)
        await watch.act("resume", "sending")
        begun = time.time()
    sending.add(begun)
    return sending, alone


def _is_over(notice: Notice) -> bool:
    return notice.ended_at is not None


def _megabytes() -> float:
    """Return how much memory this process has; where that is not told, the most it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


async def _ledger(application: Application, notice_id: int) -> dict[int, str]:
    """Return what the program says became of each chat's notice."""
    rows = (
        select(conversations.c.address, outbox.c.state)
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .where(outbox.c.notice_id == notice_id)
    )
    async with application.database.reading() as connection:
        return {int(address): state for address, state in await connection.execute(rows)}


def _is_lost(state: str, times: int) -> bool:
    """Tell whether somebody went without and nobody would know of it."""
    return state in {"queued", "sending"} or (state == "sent" and times == 0)
