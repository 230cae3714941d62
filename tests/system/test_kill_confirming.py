"""Heads confirm whole villages while the power fails again and again: every form is decided once, and told once."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from bot.commands.bench_village import count_all, forms_wait, hold
from bot.delivery.flight import REPLIES_IN_FLIGHT
from bot.store.core.database import Database
from bot.store.core.tables import rounds, units
from tests.botapi import BotApiServer, Limits
from tests.botapi.account import DEFAULT_TOKEN
from tests.botapi.person import Person
from tests.system.commune import set_up, sqlite_in
from tests.system.process import HURRIED_HOCTAP, Deployment, cut_between_two_writes

pytestmark = pytest.mark.timeout(600)

SEED = 20261121
VILLAGES = ("tk01", "tk02")
ORDER = ("/review", "duyệt hết", "duyệt hết")
NO_LIMITS = Limits(per_bot=10_000, per_chat=10_000, per_bot_burst=100, per_chat_burst=100, speed=10)
SETTLED_WITHIN = 90.0
_IS_OPEN = (
    "SELECT (SELECT count(*) FROM batches WHERE stage <> 'ended') + (SELECT count(*) FROM inbox WHERE done_at IS NULL)"
    " + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending'))"
)
_WAITING = "SELECT count(*) FROM batch_items WHERE outcome = 'waiting'"
_UNTOLD = "SELECT count(*) FROM batch_items WHERE outcome = 'done'"


@dataclass(slots=True)
class Run:
    """One run: who takes part, and what the power cuts met."""

    server: BotApiServer
    deployment: Deployment
    heads: list[Person] = field(default_factory=list)
    owners: list[Person] = field(default_factory=list)
    left_at_kills: list[tuple[int, int]] = field(default_factory=list)
    open_at_kills: list[int] = field(default_factory=list)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the database from outside."""
        with closing(sqlite3.connect(self.deployment.folder / "hoctap.db", timeout=30)) as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def count(self, statement: str) -> int:
        """Return the one number a statement selects."""
        return int(str(self.rows(statement)[0][0]))


async def test_whatever_dies_each_form_is_confirmed_once_and_its_owner_told(tmp_path: Path) -> None:
    await _confirmed_through_power_cuts(tmp_path, kills=4, forms=60)


@pytest.mark.soak
async def test_the_process_dies_twenty_times_while_heads_confirm_all(tmp_path: Path) -> None:
    await _confirmed_through_power_cuts(tmp_path, kills=20, forms=400)


async def _confirmed_through_power_cuts(folder: Path, *, kills: int, forms: int) -> None:
    begun = time.monotonic()
    settings = {"DATABASE_URL": sqlite_in(folder), "TELEGRAM_TOKEN": DEFAULT_TOKEN}
    deployment = Deployment(folder, settings, HURRIED_HOCTAP)
    await set_up(deployment)
    async with BotApiServer(limits=NO_LIMITS, seed=SEED) as server:
        deployment.settings["TELEGRAM_API_URL"] = server.base_url
        run = Run(server, deployment)
        await _villages_wait(run, forms)
        await _ordered(run)
        await _power_fails(run, kills)
        await _settled(run)
    print(
        f"\n{len(VILLAGES) * forms} forms, {kills} kills, undecided and untold at each: {run.left_at_kills};"
        f" {_told_again(run)} told again, {time.monotonic() - begun:.0f} s"
    )
    assert any(left != (0, 0) for left in run.left_at_kills), "every power cut came when all was done"
    _each_form_is_decided_once(run, forms)
    _each_owner_is_told(run)
    assert (await deployment.succeed("audit", "verify")).startswith("The trail holds: ")


async def _villages_wait(run: Run, forms: int) -> None:
    """Let forms wait in each village, whose owners and heads have a chat."""
    bot = run.server.default_bot
    place = ("telegram", str(bot.id))
    database = Database(run.deployment.settings["DATABASE_URL"].replace("sqlite://", "sqlite+aiosqlite://"))
    now = datetime.now(UTC)
    async with database.writing() as connection:
        round_id = int(await connection.scalar(select(rounds.c.id)) or 0)
        for code in VILLAGES:
            village = int(await connection.scalar(select(units.c.id).where(units.c.code == code)) or 0)
            run.heads.append(run.server.add_person(f"Head of {code}"))
            await hold(connection, "head", village, (*place, str(run.heads[-1].id)), now)
            owners = run.server.add_crowd(forms)
            run.owners += owners
            await forms_wait(connection, (village, round_id), [(*place, str(one.id)) for one in owners], now)
        await count_all(connection)
    await database.close()


async def _ordered(run: Run) -> None:
    """Let the heads order that all be confirmed; the process dies at the moment of their last word."""
    serving = await run.deployment.serve()
    for text in ORDER[:-1]:
        for head in run.heads:
            heard = len(head.inbox)
            head.type(text)
            async with asyncio.timeout(30):
                while len(head.inbox) == heard:
                    await head.chat.changed.listen().wait()
    for head in run.heads:
        head.type(ORDER[-1])
    await cut_between_two_writes(run.deployment.folder / "hoctap.db", serving)
    await serving.kill()


async def _power_fails(run: Run, kills: int) -> None:
    """Kill the process and start it again: while it works, and right between two of its writes."""
    random = Random(SEED)
    for _kill in range(kills):
        serving = await run.deployment.serve()
        await asyncio.sleep(random.uniform(0.0, 0.3))
        if random.random() < 0.5:
            await cut_between_two_writes(run.deployment.folder / "hoctap.db", serving)
        await serving.kill()
        run.left_at_kills.append((run.count(_WAITING), run.count(_UNTOLD)))
        run.open_at_kills.append(run.count("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"))


async def _settled(run: Run) -> None:
    """Let everything end that is under way."""
    serving = await run.deployment.serve()
    async with asyncio.timeout(SETTLED_WITHIN):
        while run.count(_IS_OPEN) or not run.server.idle():
            await asyncio.sleep(0.1)
    assert await serving.stop() == 0


def _each_form_is_decided_once(run: Run, forms: int) -> None:
    every = len(VILLAGES) * forms
    assert run.rows("SELECT state, version, count(*) FROM assessments GROUP BY 1, 2") == [("confirmed", 12, every)]
    decided = Counter(run.rows("SELECT about_id FROM trail WHERE about = 'form' AND act = 'confirm'"))
    assert (len(decided), set(decided.values())) == (every, {1})
    assert run.rows("SELECT DISTINCT outcome FROM batch_items") == [("told",)]
    assert run.rows("SELECT state, sum(count) FROM tallies GROUP BY 1 HAVING sum(count) <> 0") == [("confirmed", every)]
    assert run.count("SELECT count(*) FROM batches") == len(VILLAGES)
    assert run.count("SELECT count(*) FROM inbox WHERE failed") == 0


def _each_owner_is_told(run: Run) -> None:
    """One letter each was written, and it arrived; again only where a power cut left open whether it had."""
    letters = "SELECT conversation_id, count(*) FROM outbox GROUP BY 1"
    of_owners = {number for _chat, number in run.rows(f"{letters} HAVING count(*) < {len(ORDER)}")}
    assert of_owners == {1}
    assert run.count("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0
    assert [owner.name for owner in run.owners if not owner.inbox] == []
    assert _told_again(run) <= sum(min(left, REPLIES_IN_FLIGHT) for left in run.open_at_kills)
    said = [sum("Đã xác nhận" in shown.text for shown in head.inbox) for head in run.heads]
    assert all(said), said


def _told_again(run: Run) -> int:
    return sum(len(owner.inbox) - 1 for owner in run.owners)
