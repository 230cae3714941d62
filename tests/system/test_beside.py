"""Commands beside a running server, on one SQLite file: each waits its turn, and nobody is answered twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from random import Random

import pytest

from tests.botapi import BotApiServer, Limits
from tests.system.commune import COMMUNE, set_up
from tests.system.conftest import Serve
from tests.system.process import Deployment
from tests.system.resident import Plan, Resident

RESIDENTS = 12
ROUNDS = 2
NO_LIMITS = Limits(per_bot=10_000, per_chat=10_000, per_bot_burst=100, per_chat_burst=100)


@pytest.fixture
async def telegram() -> AsyncIterator[BotApiServer]:
    """A Bot API server without limits, of which this is no test."""
    async with BotApiServer(limits=NO_LIMITS) as server:
        yield server


async def test_commands_and_residents_do_each_other_no_harm(
    on_telegram: Deployment, telegram: BotApiServer, serve: Serve
) -> None:
    await set_up(on_telegram)
    random = Random(9)
    plans = [Plan.of(number, random) for number in range(RESIDENTS)]
    people = [Resident(telegram.add_person(plan.name), plan, random) for plan in plans]
    await serve(on_telegram)
    living = asyncio.gather(*(resident.live() for resident in people))
    commands = [await _command(on_telegram, number) for number in range(ROUNDS)]
    async with asyncio.timeout(120):
        await living
    assert [code for codes in commands for code in codes] == [0] * 5 * ROUNDS
    assert [(resident.done, resident.odd, resident.doubled) for resident in people] == [(True, [], 0)] * RESIDENTS
    with closing(sqlite3.connect(on_telegram.folder / "hoctap.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM units WHERE code LIKE 'new%'").fetchone() == (ROUNDS,)
        assert database.execute("SELECT count(*) FROM inbox WHERE done_at IS NULL").fetchone() == (0,)


async def _command(deployment: Deployment, number: int) -> list[int]:
    """Run every kind of command that writes, at the same moment."""
    (deployment.folder / f"{number}.csv").write_text(
        f"code,name,kind,parent code\nnew{number},Thôn Mới {number},thôn,{COMMUNE}\n", "utf-8"
    )
    year = str(datetime.now(UTC).year)
    days = ("--opens", f"{year}-01-01", "--closes", f"{year}-12-31")
    done = await asyncio.gather(
        deployment.run("import", "units", f"{number}.csv"),
        deployment.run("admin", "round", "--year", year, "--unit", COMMUNE, *days),
        deployment.run("admin", "invite", "--role", "head", "--unit", COMMUNE, TELEGRAM_TOKEN=""),
        deployment.run("migrate"),
        deployment.run("chat", "--own"),
    )
    return [finished.code for finished in done]


async def test_the_tables_are_not_changed_under_a_running_server(deployment: Deployment, serve: Serve) -> None:
    await set_up(deployment)
    serving = await serve(deployment)
    refused = await deployment.run("migrate", "--revision", "base")
    assert (refused.code, refused.complained) == (
        2,
        "hoctap: DATABASE_URL is in use by hoctap serve; stop it, migrate, and start it again\n",
    )
    assert await serving.stop() == 0
    await deployment.succeed("migrate", "--revision", "base")
