"""Two servers at one PostgreSQL under everything at once, either killed again and again. In the end all adds up.

`make soak ARGS='tests/system/test_two_instances.py'` is ten minutes of it, and prints figures.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, insert, select, text

from bot.channels.web.messages import Signer
from bot.services import invitations
from bot.store.core import contacts
from bot.store.core.database import Database
from bot.store.core.tables import conversations, evidence, inbox, notices, outbox, people, units
from flows.domain.people import RoleKind
from tests.botapi import DEFAULT_TOKEN, BotApiServer, Limits
from tests.databases import Databases
from tests.system.balancer import Balancer
from tests.system.broadcast import NEVER_QUIET
from tests.system.checker import complaints
from tests.system.commune import COMMUNE, VILLAGE, leave_empty, set_up
from tests.system.hurried import SPEED
from tests.system.phones import Phone, TelegramPhone, WebPage
from tests.system.process import HURRIED_HOCTAP, Deployment, Serving
from tests.system.villagers import PATIENCE, Admin, Head, SelfAssessing, Villager, is_unasked, name_of

pytestmark = pytest.mark.timeout(1200)

SECRET_KEY = "the same for both of them"
SEED = 20261127
CROWD = 300  # who only get notices
SETTLED_WITHIN = 90.0
QUIET = 3.0  # seconds in which nothing comes of what has ended
# Twenty times as fast as this, so that a notice is on its way for some seconds and can be stopped there.
RATE = "5"
SECRET = "secret"
UNWANTED = frozenset({"database_away", "batch_failed", "letters_not_looked_for", "lease_not_renewed"})
# A process that knows nothing of the one before it asks too soon, answers a press a second time, and cannot know whom
# that one was refused.
FORGIVEN = (
    "retry_after", "Too Many Requests", "answerCallbackQuery: Bad Request: query is too old", "wrote to who blocked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """How many residents do something how fast for how long. `pace` below 1 is faster; `rest` is how many seconds pass
    between two kills, at least and at most."""

    seconds: float
    residents: int
    pace: float
    rest: tuple[float, float]
    fewest_kills: int


SMALL = Load(20.0, 20, 0.3, (3.0, 6.0), 2)
FULL = Load(600.0, 40, 1.0, (4.0, 12.0), 30)


@dataclass(slots=True)
class Instance:
    """One of the two servers."""

    deployment: Deployment
    serving: Serving


@dataclass(slots=True)
class Run:
    """One run: what takes part, and what has happened."""

    telegram: BotApiServer
    balancer: Balancer
    database: Database
    instances: list[Instance]
    http: aiohttp.ClientSession
    random: Random
    villagers: list[Villager] = field(default_factory=list)
    pages: list[WebPage] = field(default_factory=list)
    polling: list[asyncio.Task[None]] = field(default_factory=list)
    kills: int = 0

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the villagers of a kind."""
        return [one for one in self.villagers if isinstance(one, kind)]


@pytest.mark.parametrize(
    "load", [pytest.param(SMALL, id="seconds"), pytest.param(FULL, marks=pytest.mark.soak, id="minutes")]
)
async def test_whichever_of_two_servers_dies_whatever_people_do_adds_up(
    load: Load, databases: Databases, tmp_path: Path
) -> None:
    begun = time.monotonic()
    async with _under_way(databases, tmp_path) as run:
        await _people_come(run, load)
        await _live(run, load)
        await _come_to_rest(run)
        print(f"\n{await _figures(run)}, {time.monotonic() - begun:.0f} s")
        erased = [name for one in run.of(SelfAssessing) for name in one.erased]
        found = await complaints(run.database, erased)
        assert found + [one for villager in run.villagers for one in villager.odd] == []
        await _every_update_was_kept_once(run)
        await _pages_have_seen_everything_once_and_in_order(run)
        await _everybody_is_still_answered(run)
        for instance in run.instances:
            assert await instance.serving.stop() == 0
        _telegram_has_nothing_to_complain_of(run)
        _nothing_went_wrong_but_by_the_kills(run)


# --- before ---


@asynccontextmanager
async def _under_way(databases: Databases, folder: Path) -> AsyncIterator[Run]:
    """A commune that has gone live with two servers behind a balancer; what still runs at the end is killed."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(databases.fresh("postgresql", leave_empty))
        telegram = await stack.enter_async_context(BotApiServer(limits=Limits(speed=SPEED), seed=SEED))
        deployments = [_deployment(folder, name, url, telegram) for name in ("first", "second")]
        random = Random(SEED)
        balancer = Balancer([one.port for one in deployments], random)
        await stack.enter_async_context(balancer.listening())
        await set_up(deployments[0])
        instances = []
        for deployment in deployments:
            deployment.settings["PUBLIC_URL"] = balancer.url
            instances.append(Instance(deployment, await deployment.serve()))
        for instance in instances:
            stack.push_async_callback(_kill, instance)
        database = Database(url)
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(balancer.url, connector=aiohttp.TCPConnector(limit=0, force_close=True))
        )
        run = Run(telegram, balancer, database, instances, http, random)
        stack.push_async_callback(_close_pages, run)
        yield run


def _deployment(folder: Path, name: str, url: str, telegram: BotApiServer) -> Deployment:
    (folder / name).mkdir()
    (evidence_folder := folder / "evidence").mkdir(exist_ok=True)
    settings = {
        "DATABASE_URL": url.replace("postgresql+asyncpg", "postgresql"),
        "SECRET_KEY": SECRET_KEY,
        "EVIDENCE_URL": evidence_folder.as_uri(),
        "TELEGRAM_TOKEN": DEFAULT_TOKEN,
        "TELEGRAM_API_URL": telegram.base_url,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_RATE": RATE,
        **NEVER_QUIET,
    }
    return Deployment(folder / name, settings, HURRIED_HOCTAP)


async def _kill(instance: Instance) -> None:
    await instance.serving.kill()


async def _close_pages(run: Run) -> None:
    for poll in run.polling:
        poll.cancel()
    await asyncio.gather(*run.polling, return_exceptions=True)


async def _people_come(run: Run, load: Load) -> None:
    """Heads, administrators and residents come, every third of them on the web, and a crowd that only listens."""
    await _crowd(run)
    names = iter([name_of(number) for number in run.random.sample(range(4000), 4000)])
    staff: tuple[tuple[type[Villager], RoleKind, str], ...] = (
        (Head, "head", VILLAGE), (Head, "head", VILLAGE), (Head, "head", VILLAGE), (Admin, "admin", COMMUNE),
        (Admin, "admin", COMMUNE),
    )  # fmt: skip
    for number, (kind, role, unit) in enumerate(staff):
        code, _expires = await invitations.invite(run.database, role, unit, datetime.now(UTC))
        name = next(names)
        run.villagers.append(kind(_phone(run, name, number), Random(run.random.random()), name, code))
    for number in range(load.residents):
        name, *others = (next(names) for _ in range(50))
        phone = _phone(run, name, number)
        chance = Random(run.random.random())
        run.villagers.append(SelfAssessing(phone, chance, name, pace=load.pace, names=others))


async def _crowd(run: Run) -> None:
    crowd, now = run.telegram.add_crowd(CROWD), datetime.now(UTC)
    async with run.database.writing() as connection:
        village = await connection.scalar(select(units.c.id).where(units.c.code == VILLAGE))
        living = [{"name": one.name, "birth_year": 1970, "unit_id": village, "created_at": now} for one in crowd]
        added = insert(people).returning(people.c.id, sort_by_parameter_order=True)
        ids = list(await connection.scalars(added, living))
        at = {"channel": "telegram", "bot": DEFAULT_TOKEN.partition(":")[0], "language": "vi", "consented": True}
        chats = [{**at, "address": str(one.id), "person_id": id_} for one, id_ in zip(crowd, ids, strict=True)]
        await connection.execute(insert(conversations), chats)
        await contacts.refresh(connection, ids)


def _phone(run: Run, name: str, number: int) -> Phone:
    if number % 3 != 1:
        return TelegramPhone(run.telegram.add_person(name))
    secret = f"a-page-of-the-tests-{len(run.pages):04}"
    page = WebPage(run.http, f"{secret}.{Signer(SECRET_KEY.encode()).sign('token', secret)}")
    run.pages.append(page)
    run.polling.append(asyncio.create_task(page.poll()))
    return page


# --- the run ---


async def _live(run: Run, load: Load) -> None:
    lives = [asyncio.create_task(one.live()) for one in run.villagers]
    try:
        await _kill_either(run, load)
    finally:
        for life in lives:
            life.cancel()
        ended = await asyncio.gather(*lives, return_exceptions=True)
    assert [one for one in ended if one is not None and not isinstance(one, asyncio.CancelledError)] == []


async def _kill_either(run: Run, load: Load) -> None:
    """Kill one of the servers, sometimes both, and start it anew, until the time is over and it died often enough."""
    until = time.monotonic() + load.seconds
    while time.monotonic() < until or run.kills < load.fewest_kills:
        await asyncio.sleep(run.random.uniform(*load.rest))
        dying = run.instances if run.random.random() < 0.1 else [run.random.choice(run.instances)]
        for instance in dying:
            await instance.serving.kill()
            run.kills += 1
        await asyncio.sleep(run.random.uniform(0.0, 2.0))
        for instance in dying:
            instance.serving = await instance.deployment.start()
        if run.random.random() < 0.8:  # else it may die before it has done anything
            await asyncio.gather(*(instance.serving.until_ready() for instance in dying))


async def _come_to_rest(run: Run) -> None:
    """Let both servers finish what people have begun. What does not come to rest is found by the checker."""
    for instance in run.instances:
        await instance.serving.until_ready()
    quiet_since = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_WITHIN):
            while time.monotonic() - quiet_since < QUIET:
                await asyncio.sleep(0.2)
                if not run.telegram.idle() or await _open(run):
                    quiet_since = time.monotonic()
    for villager in run.villagers:
        villager.settle()


async def _open(run: Run) -> int:
    waiting = select(inbox.c.id).where(inbox.c.done_at.is_(None))
    leaving = select(outbox.c.id).where(outbox.c.state.in_(("queued", "sending")), outbox.c.notice_id.is_(None))
    under_way = select(notices.c.id).where(notices.c.ended_at.is_(None), notices.c.state != "paused")
    fetched = select(evidence.c.id).where(evidence.c.kind == "photo", evidence.c.source.not_like("sha256:%"))
    async with run.database.reading() as connection:
        return len([*await connection.scalars(waiting.union_all(leaving, under_way, fetched))])


# --- what must be so ---


async def _everybody_is_still_answered(run: Run) -> None:
    """Nobody's conversation is stuck."""
    await asyncio.gather(*(one.be_answered(PATIENCE) for one in run.villagers))


async def _pages_have_seen_everything_once_and_in_order(run: Run) -> None:
    """Pages have shown every letter that counts as sent, and besides these only such as were taken back, by an erasure
    or a stop, before they were settled; none came again after that. Answers came in the order of what was said. What
    others bring about may come between."""
    letters = select(outbox.c.id, outbox.c.state).where(outbox.c.channel == "web")
    async with run.database.reading() as connection:
        states = {row.id: row.state for row in await connection.execute(letters)}
    heard = [message.id for page in run.pages for message in page.heard]
    assert len(heard) == len(set(heard))
    assert [id_ for id_, state in states.items() if state == "sent" and id_ not in heard] == []
    assert {states[id_] for id_ in heard} <= {"sent", "failed", "muted", "stopped"}
    for page in run.pages:
        answers = [message.id for message in page.heard if not is_unasked(message)]
        assert answers == sorted(answers)
        assert (page.again, page.refused) == ([], [])


async def _every_update_was_kept_once(run: Run) -> None:
    """What Telegram handed over is in the inbox, each update once. That all are answered, the checker tells."""
    kept = select(inbox.c.update_id).where(inbox.c.channel == "telegram")
    async with run.database.reading() as connection:
        ids = list(await connection.scalars(kept))
    assert sorted(ids) == sorted(str(queued.id) for queued in run.telegram.default_bot.queue.history)


def _telegram_has_nothing_to_complain_of(run: Run) -> None:
    """Every press is answered, and no rule is broken but those that a process without a past cannot know of."""
    broken = [f"{v.kind}: {v.detail}" for v in run.telegram.ledger.violations(unanswered_after=0)]
    assert [one for one in broken if not any(forgiven in one for forgiven in FORGIVEN)] == []


def _nothing_went_wrong_but_by_the_kills(run: Run) -> None:
    """No server has logged an error or waited for a database that was there, and none has answered with one. 502 is
    the balancer's own."""
    logged = [line for instance in run.instances for line in _log(instance)]
    wrong = [line for line in logged if line["level"] in {"error", "critical"} or line["event"] in UNWANTED]
    assert wrong == []
    assert {answer: n for answer, n in run.balancer.answers.items() if answer[1] >= 500 and answer[1] != 502} == {}


def _log(instance: Instance) -> Iterator[dict[str, Any]]:
    """Yield what a server has logged. A line that a kill cut off is none, any other that is not ours is an error."""
    for line in instance.deployment.log.read_text("utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            if not line.startswith("{"):
                yield {"level": "error", "event": line}


async def _figures(run: Run) -> str:
    async with run.database.reading() as connection:
        turns = await connection.scalar(select(func.count()).select_from(inbox).where(inbox.c.done_at.is_not(None)))
        ledger = await connection.scalar(select(func.count()).where(outbox.c.notice_id.is_not(None)))
        deadlocks = await connection.scalar(_DEADLOCKS)
    events = Counter(line["event"] for instance in run.instances for line in _log(instance))
    admins, heads, residents = run.of(Admin), run.of(Head), run.of(SelfAssessing)
    decided = sum(head.decided.total() for head in heads)
    return (
        f"{turns} turns, {sum(one.submitted for one in residents)} forms handed in,"
        f" {sum(one.taken_back for one in residents)} taken back, {decided} decisions,"
        f" {sum(one.sent for one in admins)} notices to {ledger} recipients,"
        f" {sum(one.paused for one in admins)} paused, {sum(one.stopped for one in admins)} stopped,"
        f" {sum(len(one.erased) for one in residents)} erased, {sum(len(page.heard) for page in run.pages)} letters on"
        f" {len(run.pages)} pages, {run.kills} kills, {deadlocks} deadlocks,"
        f" {dict(events)}"
    )


_DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
