"""A notice to thousands of people while the power fails again and again, and Telegram with it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from bot.catalogues import load
from bot.delivery.flight import NOTICES_IN_FLIGHT
from flows.notices.words import NOTICE_STATES
from flows.words.wording import render
from tests.botapi import DEFAULT_TOKEN, BotApiServer, FaultPlan, Limits, Person, Shown
from tests.system.broadcast import NEVER_QUIET, NOTICE, Broadcast, Look, to_a_commune
from tests.system.commune import set_up, sqlite_in
from tests.system.conftest import Serve
from tests.system.hurried import SPEED
from tests.system.process import HURRIED_HOCTAP, PATIENCE, Deployment, cut_between_two_writes

pytestmark = pytest.mark.timeout(300)

FEW, MANY = 4_000, 20_000
# So often the power fails in all, and before the ledger is written.
KILLS = {FEW: 8, MANY: 20}
KILLS_WHILE_WRITING = {FEW: 2, MANY: 5}
SEED = 20261001
LONGEST = 150.0
RETRY_AFTER = 1
# What had its place when Telegram said “wait” may arrive late on a busy machine, but not after the wait is over.
ON_ITS_WAY = 1.0
TOLD_TO_WAIT = 12  # times, more or less, however many the recipients are
TROUBLE = FaultPlan(
    internal=0.01, bad_gateway=0.01, reset_before=0.005, reset_after=0.005, hang=0.01,
    forbidden=0.02, hang_seconds=0.3, retry_after=RETRY_AFTER, seed=SEED,
)  # fmt: skip
# A process that knows nothing of the one before it cannot know whom that one was refused, or that it was to wait.
FORGIVEN = ("wrote to who blocked", "retry_after ignored", "too fast")


@dataclass(slots=True)
class Run:
    """One run: what takes part, and what the power cuts met."""

    server: BotApiServer
    deployment: Deployment
    broadcast: Broadcast
    recipients: int
    random: Random
    kills: list[float] = field(default_factory=list)
    sending_at_kills: list[int] = field(default_factory=list)

    @property
    def power_cuts(self) -> int:
        """Return how often the power fails."""
        return KILLS[self.recipients]


@pytest.mark.parametrize("recipients", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
async def test_whatever_dies_nobody_gets_a_notice_twice_and_nobody_is_forgotten(
    tmp_path: Path, serve: Serve, recipients: int
) -> None:
    begun = time.monotonic()
    settings = {"DATABASE_URL": sqlite_in(tmp_path), "TELEGRAM_TOKEN": DEFAULT_TOKEN} | NEVER_QUIET
    deployment = Deployment(tmp_path, settings, HURRIED_HOCTAP)
    await set_up(deployment)
    async with BotApiServer(limits=Limits(speed=SPEED), seed=SEED) as server:
        deployment.settings["TELEGRAM_API_URL"] = server.base_url
        crowd = server.add_crowd(recipients)
        server.faults = _trouble(crowd)
        async with to_a_commune(settings["DATABASE_URL"], crowd) as broadcast:
            run = Run(server, deployment, broadcast, recipients, Random(SEED))
            await broadcast.write()
            async with broadcast.watched():
                await _live_through_power_cuts(run)
                serving = await serve(deployment)
                ended = await broadcast.until(lambda look: look.ended, LONGEST)
            ledger = await broadcast.ledger()
            print(f"\n{_figures(run, ended)}, {time.monotonic() - begun:.0f} s")
            _everybody_is_settled_and_the_counters_sum(run, ended)
            _nobody_is_lost_or_written_to_twice(run, ledger)
            _what_is_uncertain_is_within_the_bound(run, ended)
            _no_message_came_too_fast(run)
            await _the_author_sends_again_to_the_uncertain(run, crowd[0], ledger)
            assert await serving.stop() == 0


def _trouble(crowd: list[Person]) -> FaultPlan:
    """Return Telegram's troubles. The author, who has to press a button in the end, is there to stay."""
    return replace(TROUBLE, too_many=TOLD_TO_WAIT / len(crowd), faithful=frozenset({crowd[0].id}))


# --- the run ---


async def _live_through_power_cuts(run: Run) -> None:
    """Cut the power while the ledger is written, then again and again while it is worked off."""
    for _ in range(KILLS_WHILE_WRITING[run.recipients]):
        written = (await run.broadcast.look()).counts.total()
        await _live(run, partial(_has_written_more, run, written), between_writes=True)
    while len(run.kills) < run.power_cuts:
        due = run.server.ledger.sends + run.random.randint(1, run.recipients // run.power_cuts)
        await _live(run, partial(_has_sent, run, due), between_writes=run.random.random() < 0.5)


def _has_written_more(run: Run, before: int) -> bool:
    last = run.broadcast.last
    return last is not None and (last.state == "sending" or last.counts.total() > before)


def _has_sent(run: Run, due: int) -> bool:
    return run.server.ledger.sends >= due


async def _live(run: Run, is_enough: Callable[[], bool], *, between_writes: bool = False) -> None:
    """Let the process live until it is enough, and note what was on its way when the power failed."""
    serving = await run.deployment.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while not is_enough():
                assert serving.process.returncode is None, run.deployment.log.read_text()
                await asyncio.sleep(0.002)
        if between_writes:
            await cut_between_two_writes(run.deployment.folder / "hoctap.db", serving)
    finally:
        await serving.kill()
    run.kills.append(time.time())
    run.sending_at_kills.append((await run.broadcast.look()).counts["sending"])


# --- what must be so ---


def _everybody_is_settled_and_the_counters_sum(run: Run, ended: Look) -> None:
    assert run.broadcast.wrong == []
    assert run.broadcast.looks > run.power_cuts
    assert (ended.recipients, ended.settled, ended.state) == (run.recipients, run.recipients, "done")
    assert set(ended.counts) <= {"sent", "blocked", "uncertain"}
    failed = {failure.fault for failure in run.server.ledger.failures}
    assert len(failed) == 7, f"not every failure has happened: {failed}"


def _nobody_is_lost_or_written_to_twice(run: Run, ledger: dict[int, str]) -> None:
    """Each chat has it once, or the ledger says that it refused it, or that nobody knows."""
    tally = run.server.ledger.tally(NOTICE)
    assert {chat: times for chat, times in tally.chats.items() if times > 1} == {}
    assert [chat for chat, state in ledger.items() if state == "sent" and tally.chats.get(chat, 0) != 1] == []
    assert [chat for chat, state in ledger.items() if state == "blocked" and chat not in tally.blocked] == []
    assert [chat for chat, state in ledger.items() if state == "blocked" and chat in tally.chats] == []


def _what_is_uncertain_is_within_the_bound(run: Run, ended: Look) -> None:
    """DESIGN.md: at most A + K·W. What was on its way at each power cut is known, so the bound can be closer."""
    assert len(run.kills) == run.power_cuts
    assert max(run.sending_at_kills) <= NOTICES_IN_FLIGHT
    ambiguous = run.server.ledger.ambiguous
    assert ended.counts["uncertain"] <= ambiguous + run.power_cuts * NOTICES_IN_FLIGHT
    assert ended.counts["uncertain"] <= ambiguous + sum(run.sending_at_kills)


def _no_message_came_too_fast(run: Run) -> None:
    """Too fast was only what Telegram's own “wait” met on its way, or what a process that was not told of it sent."""
    refused = [refusal for refusal in run.server.ledger.refusals if refusal.code == 429]
    told = [refusal.at for refusal in refused if refusal.injected]
    assert [r for r in refused if not r.injected and not any(_is_met(run, at, r.at) for at in told)] == []
    broken = [f"{violation.kind}: {violation.detail}" for violation in run.server.ledger.violations()]
    assert [one for one in broken if not one.startswith(FORGIVEN)] == []


def _is_met(run: Run, told: float, sent: float) -> bool:
    on_its_way = told <= sent <= told + ON_ITS_WAY
    return on_its_way or any(told <= kill <= sent <= told + RETRY_AFTER for kill in run.kills)


async def _the_author_sends_again_to_the_uncertain(run: Run, author: Person, before: dict[int, str]) -> None:
    """Only then may somebody get it a second time, and nobody else does."""
    uncertain = {chat for chat, state in before.items() if state == "uncertain"}
    run.server.faults = FaultPlan(forbidden=TROUBLE.forbidden, faithful=frozenset({author.id}), seed=SEED)
    done = render(NOTICE_STATES["done"], load()["vi"])
    shown = await author.wait_for(lambda shown: done in shown.text and bool(_send_again(shown)), timeout=20)
    assert f" {len(uncertain)} " in _send_again(shown)
    author.press(_send_again(shown), shown.message_id)
    run.broadcast.last = None
    await run.broadcast.until(lambda look: look.ended and not look.counts["uncertain"])
    after, tally = await run.broadcast.ledger(), run.server.ledger.tally(NOTICE)
    assert set(after.values()) == {"sent", "blocked"}
    assert {chat: after[chat] for chat in after if chat not in uncertain} == {
        chat: before[chat] for chat in before if chat not in uncertain
    }
    assert [chat for chat, state in after.items() if state == "sent" and chat not in tally.chats] == []
    assert {chat for chat, times in tally.chats.items() if times > 1} <= uncertain
    assert max(tally.chats.values()) <= 2


def _send_again(shown: Shown) -> str:
    return next((label for label in shown.labels if "🔁" in label), "")


def _figures(run: Run, ended: Look) -> str:
    ledger, sending = run.server.ledger, sum(run.sending_at_kills)
    return (
        f"{dict(ended.counts)} of {ended.recipients}, {len(run.kills)} kills with {sending} on their way,"
        f" {dict(Counter(str(f.fault.value) for f in ledger.failures))}, {ledger.ambiguous} ambiguous:"
        f" at most {ledger.ambiguous + sending} uncertain (promised"
        f" {ledger.ambiguous + len(run.kills) * NOTICES_IN_FLIGHT}); {ledger.too_many} came while told to wait;"
        f" {run.broadcast.looks} looks"
    )
