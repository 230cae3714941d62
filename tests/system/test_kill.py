"""Residents fill in the whole form while the power fails again and again, and Telegram with it.

`make soak ARGS='tests/system/test_kill.py'` is a hundred of them and thirty power cuts, and prints figures.
"""

import asyncio
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from bot.delivery.flight import REPLIES_IN_FLIGHT
from bot.services.criteria_files import shipped
from flows.domain.criteria import CriteriaSet
from tests.botapi import SENDS, BotApiServer, FaultPlan, Limits
from tests.botapi.account import DEFAULT_TOKEN
from tests.system.commune import set_up, sqlite_in
from tests.system.process import HURRIED_HOCTAP, Deployment, Serving, cut_between_two_writes
from tests.system.resident import Plan, Resident

pytestmark = pytest.mark.timeout(600)

SEED = 20261101
LONGEST = 300.0
STALLED_AFTER = 45.0  # seconds in which nobody got anywhere
SETTLED_WITHIN = 60.0

# No limits: they would take an hour. The speed makes a webhook be tried again soon.
NO_LIMITS = Limits(per_bot=10_000, per_chat=10_000, per_bot_burst=100, per_chat_burst=100, speed=10)
TROUBLE = FaultPlan(
    too_many=0.01, internal=0.01, bad_gateway=0.01, reset_before=0.01, reset_after=0.01, hang=0.01,
    hang_seconds=0.3, methods=SENDS | {"answerCallbackQuery", "getFile"}, seed=SEED,
)  # fmt: skip
# A process that knows nothing of the one before it asks too soon, and answers a press a second time.
FORGIVEN = ("retry_after", "Too Many Requests", "answerCallbackQuery: Bad Request: query is too old")


@dataclass(frozen=True, slots=True)
class Size:
    """How many residents there are, and how often the power fails at least."""

    residents: int
    kills: int


SMALL, FULL = Size(40, 10), Size(100, 30)


@dataclass(slots=True)
class Run:
    """One run: who took part, and what the power cuts met."""

    server: BotApiServer
    deployment: Deployment
    size: Size
    random: Random
    residents: list[Resident]
    kills: int = 0
    open_at_kills: list[int] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Tell whether nobody has anything left to do."""
        return all(resident.done or resident.odd for resident in self.residents)


@pytest.mark.parametrize("size", [pytest.param(SMALL, id="few"), pytest.param(FULL, marks=pytest.mark.soak, id="many")])
@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_whatever_dies_no_answer_is_lost_or_doubled_and_nobody_repeats_anything(
    way: str, size: Size, tmp_path: Path
) -> None:
    begun = time.monotonic()
    settings = {"DATABASE_URL": sqlite_in(tmp_path), "TELEGRAM_TOKEN": DEFAULT_TOKEN}
    deployment = Deployment(tmp_path, settings, HURRIED_HOCTAP)
    await set_up(deployment)
    async with BotApiServer(limits=NO_LIMITS, faults=TROUBLE, seed=SEED) as server:
        deployment.settings["TELEGRAM_API_URL"] = server.base_url
        if way == "webhook":
            deployment.settings |= {"PUBLIC_URL": deployment.url, "TELEGRAM_WEBHOOK_SECRET": "secret"}
        server.shuffle()
        run = Run(server, deployment, size, Random(SEED), _residents(server, size))
        await _live_through_power_cuts(run)
    print(f"\n{way}: {_figures(run)}, {time.monotonic() - begun:.0f} s")
    _every_update_is_answered_once(run)
    _every_answer_is_kept_as_given(run)
    assert (await deployment.succeed("audit", "verify")).startswith("The trail holds: ")
    _doubles_are_within_the_bound(run)
    _telegram_has_nothing_to_complain_of(run)


def _residents(server: BotApiServer, size: Size) -> list[Resident]:
    random = Random(SEED)
    plans = [Plan.of(number, random) for number in range(size.residents)]
    assert len({plan.levels for plan in plans}) == size.residents
    return [Resident(server.add_person(plan.name), plan, Random(random.random())) for plan in plans]


# --- the run ---


async def _live_through_power_cuts(run: Run) -> None:
    lives = [asyncio.create_task(_come_and_live(run, place)) for place in range(run.size.residents)]
    disorder = asyncio.create_task(_repeat_updates(run))
    try:
        async with asyncio.timeout(LONGEST):
            await _cut_the_power(run)
    except TimeoutError:
        pass  # Who waits in vain is told below.
    finally:
        disorder.cancel()
        for life in lives:
            life.cancel()
        await asyncio.gather(disorder, *lives, return_exceptions=True)


async def _come_and_live(run: Run, place: int) -> None:
    """Come one after the other, so that there is a power cut in everybody's form."""
    while run.kills < place * 0.8 * run.size.kills // run.size.residents:
        await asyncio.sleep(0.02)
    await run.residents[place].live()


async def _repeat_updates(run: Run) -> None:
    """Have Telegram deliver once more what was acknowledged long ago, or just now."""
    random, queue = Random(SEED), run.server.default_bot.queue
    while True:
        await asyncio.sleep(0.3)
        waiting = {queued.id for queued in queue.waiting}
        acknowledged = [queued.id for queued in queue.history if queued.id not in waiting]
        run.server.redeliver(random.sample(acknowledged, min(5, len(acknowledged))))


async def _cut_the_power(run: Run) -> None:
    """Kill the process and start it again until everybody is done, or waits in vain; then let it finish."""
    startup, progress = 1.0, (0, time.monotonic())
    while not run.done and time.monotonic() - progress[1] < STALLED_AFTER:
        if (acts := sum(resident.acts for resident in run.residents)) > progress[0]:
            progress = (acts, time.monotonic())
        serving = await run.deployment.start()
        ready = asyncio.create_task(serving.until_ready())
        try:
            # Most die while they work, some before they do; once there were enough, they may work for longer.
            longest = startup + (1.6 if run.kills < run.size.kills else 5.0)
            await _sleep_unless_done(run, run.random.uniform(0.6 * startup, longest))
            if run.random.random() < 0.5:
                await cut_between_two_writes(run.deployment.folder / "hoctap.db", serving)
        finally:
            ready.cancel()
            await serving.kill()
        if ready.done() and not ready.cancelled():
            startup = _startup(ready, serving) or startup
        run.kills += 1
        run.open_at_kills.append(_count(run, "SELECT count(*) FROM outbox WHERE state = 'queued'"))
    await _finish(run)


def _startup(ready: asyncio.Task[float], serving: Serving) -> float | None:
    """Return the seconds a start took; None when the power was cut before. Any other death is a failure."""
    if ready.exception() is not None and serving.process.returncode == -signal.SIGKILL:
        return None
    return ready.result()


async def _sleep_unless_done(run: Run, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not run.done:
        await asyncio.sleep(min(0.02, max(0.0, until - time.monotonic())))


async def _finish(run: Run) -> None:
    """Let what is under way arrive, and see whether anything comes that nobody asked for."""
    serving = await run.deployment.serve()
    try:
        async with asyncio.timeout(SETTLED_WITHIN):
            while not run.server.idle() or _open(run):
                await asyncio.sleep(0.2)
    except TimeoutError:
        pass
    finally:
        assert await serving.stop() == 0
    for resident in run.residents:
        resident.listen_on()


def _open(run: Run) -> int:
    waiting = "SELECT count(*) FROM inbox WHERE done_at IS NULL"
    leaving = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"
    fetched = "SELECT count(*) FROM evidence WHERE kind = 'photo' AND source NOT LIKE 'sha256:%'"
    return sum(_count(run, statement) for statement in (waiting, leaving, fetched))


# --- what must be so ---


def _every_update_is_answered_once(run: Run) -> None:
    """Nobody waits in vain, nobody is asked to repeat anything, nothing came unasked or out of order."""
    assert [f"{r.plan.name}: {r.odd}" for r in run.residents if r.odd] == []
    assert [f"{r.plan.name} waits at {_last(r)!r}" for r in run.residents if not r.done] == []
    replies = {r.plan.name: len(r.heard) for r in run.residents}
    assert replies == {r.plan.name: r.acts for r in run.residents}
    assert _open(run) == 0
    assert _count(run, "SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0
    assert _count(run, "SELECT count(*) FROM inbox WHERE failed") == 0
    assert _count(run, "SELECT count(*) FROM inbox") == sum(r.acts for r in run.residents)


def _last(resident: Resident) -> str:
    return resident.heard[-1].text[:60] if resident.heard else "nothing"


def _every_answer_is_kept_as_given(run: Run) -> None:
    """Every form holds the sequence its resident gave, in that order, submitted, and not a change more."""
    assert _forms(run) == {r.plan.name: _given(r) for r in run.residents}
    assert _count(run, "SELECT count(*) FROM people") == run.size.residents
    assert _count(run, "SELECT count(*) FROM consents WHERE given") == run.size.residents
    assert _count(run, "SELECT count(*) FROM trail WHERE act = 'submit'") == run.size.residents
    assert _count(run, "SELECT count(*) FROM trail WHERE about = 'form'") == run.size.residents
    assert _count(run, "SELECT count(DISTINCT about_id) FROM trail WHERE about = 'form'") == run.size.residents
    tallies = "SELECT state, sum(count) FROM tallies GROUP BY state HAVING sum(count) <> 0"
    assert _rows(run, tallies) == [("submitted", run.size.residents)]


def _forms(run: Run) -> dict[object, tuple[object, ...]]:
    forms = (
        'SELECT assessments.id, name, birth_year, "group", state, version'
        " FROM assessments JOIN people ON people.id = person_id"
    )
    sequence = "SELECT indicator_id, level_id FROM answers WHERE assessment_id = ? ORDER BY at"
    proofs = "SELECT indicator_id, kind FROM evidence WHERE assessment_id = ? ORDER BY id"
    return {
        name: (born, group, state, version, _rows(run, sequence, id_), _rows(run, proofs, id_))
        for id_, name, born, group, state, version in _rows(run, forms)
    }


def _given(resident: Resident) -> tuple[object, ...]:
    plan = resident.plan
    indicators = CRITERIA[plan.group].indicators
    answers = [(i.id, i.levels[level - 1].id) for i, level in zip(indicators, plan.levels, strict=True)]
    proofs = [(indicators[at - 1].id, kind) for at, kind in resident.proofs.items()]
    changes = len(answers) + len(proofs) + 1
    return (plan.born, plan.group, "submitted", changes, answers, proofs)


def _doubles_are_within_the_bound(run: Run) -> None:
    """DESIGN.md: at most A + K·W. What was open at each power cut is known, so the bound can be closer."""
    assert run.kills >= run.size.kills
    assert _doubled(run) <= run.server.ledger.ambiguous + _on_their_way(run)


def _on_their_way(run: Run) -> int:
    """Return how many letters may have been on their way, or not settled yet, at all power cuts together."""
    return sum(min(left, REPLIES_IN_FLIGHT) for left in run.open_at_kills)


def _telegram_has_nothing_to_complain_of(run: Run) -> None:
    """Every press is answered, and no rule is broken but those that a process without a past cannot know of."""
    assert run.server.ledger.unanswered(older_than=0) == []
    broken = [f"{v.kind}: {v.detail}" for v in run.server.ledger.violations(unanswered_after=0)]
    assert [one for one in broken if not any(forgiven in one for forgiven in FORGIVEN)] == []
    failed = Counter(failure.fault for failure in run.server.ledger.failures)
    assert len(failed) == 7, f"not every failure has happened: {failed}"


def _doubled(run: Run) -> int:
    return sum(resident.doubled for resident in run.residents)


def _figures(run: Run) -> str:
    ledger = run.server.ledger
    bound = ledger.ambiguous + run.kills * REPLIES_IN_FLIGHT
    closer = ledger.ambiguous + _on_their_way(run)
    return (
        f"{sum(r.done for r in run.residents)} of {run.size.residents} submitted,"
        f" {sum(r.acts for r in run.residents)} updates,"
        f" {run.kills} kills with at most {_on_their_way(run)} letters on their way,"
        f" {dict(Counter(str(f.fault.value) for f in ledger.failures))}, {ledger.ambiguous} ambiguous,"
        f" {_doubled(run)} doubled (at most {closer}; promised {bound})"
    )


# --- the database, from outside ---


def _rows(run: Run, statement: str, *values: object) -> list[tuple[object, ...]]:
    with _database(run) as connection:
        return [tuple(row) for row in connection.execute(statement, values)]


def _count(run: Run, statement: str) -> int:
    return int(str(_rows(run, statement)[0][0]))


@contextmanager
def _database(run: Run) -> Iterator[sqlite3.Connection]:
    file = run.deployment.folder / "hoctap.db"
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        yield connection


CRITERIA: dict[str, CriteriaSet] = {criteria.group: criteria for criteria in shipped()}
