"""Leading on PostgreSQL: of several instances one does a work, for as long as it lives."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.services.leading import Leading
from bot.services.supervisor import Supervisor, led
from bot.store.core.database import Database
from tests.breaking import break_once
from tests.databases import Databases


@pytest.fixture
async def postgresql(databases: Databases) -> AsyncIterator[Database]:
    """A migrated, empty database."""
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        yield database
        await database.close()


async def test_a_lease_is_kept_over_a_long_round_and_ends_after_it(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.core.leases.SECONDS", 0.3)
    one, other = Leading(postgresql, "reports"), Leading(postgresql, "reports")
    renewed, hold = asyncio.Event(), one.holds
    held = []

    async def holds() -> bool:
        held.append(await hold())
        if len(held) == 10:  # three times as long as a lease lasts
            renewed.set()
        return held[-1]

    monkeypatch.setattr(one, "holds", holds)

    async def long_round() -> bool:
        await asyncio.wait_for(renewed.wait(), 20)
        assert not await other.holds()
        return True

    assert await led(one, long_round)
    async with asyncio.timeout(20):
        while not await other.holds():
            await asyncio.sleep(0.02)


async def test_an_instance_that_is_stopped_lets_another_lead_at_once(postgresql: Database) -> None:
    one, other, begun = Leading(postgresql, "reports", pause=3600.0), Leading(postgresql, "reports"), asyncio.Event()

    async def work() -> bool:
        begun.set()
        return False

    keeping = asyncio.create_task(Supervisor().keep("reports", work, 3600.0, lease=one))
    await asyncio.wait_for(begun.wait(), 20)
    assert not await other.holds()
    keeping.cancel()
    await asyncio.wait([keeping])
    assert keeping.cancelled()
    assert await other.holds()


async def test_an_instance_that_is_stopped_in_the_middle_of_a_round_lets_another_lead_at_once(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It renews its lease just then."""
    monkeypatch.setattr("bot.store.core.leases.SECONDS", 3600.0)
    one, other, renewing = Leading(postgresql, "reports"), Leading(postgresql, "reports"), asyncio.Event()

    async def renew() -> None:
        while True:
            await one.holds()
            renewing.set()

    async def long_round() -> bool:
        return await asyncio.Event().wait()

    monkeypatch.setattr(one, "renew", renew)
    keeping = asyncio.create_task(Supervisor().keep("reports", long_round, 3600.0, lease=one))
    await asyncio.wait_for(renewing.wait(), 20)
    keeping.cancel()
    await asyncio.wait([keeping])
    assert await other.holds()


async def test_a_lease_that_cannot_be_given_up_ends_by_itself_and_holds_up_no_stop(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, begun = Leading(postgresql, "reports"), asyncio.Event()
    broken = break_once(monkeypatch, lease, "give_up")

    async def work() -> bool:
        begun.set()
        return False

    keeping = asyncio.create_task(Supervisor().keep("reports", work, 3600.0, lease=lease))
    await asyncio.wait_for(begun.wait(), 20)
    keeping.cancel()
    await asyncio.wait([keeping])
    assert broken.is_set()
    assert keeping.cancelled()


async def test_a_work_is_done_by_the_instance_that_leads_it_and_no_other(postgresql: Database) -> None:
    supervisor, done = Supervisor(), []

    async def work(by: str) -> bool:
        done.append(by)
        return False

    instances = {by: Leading(postgresql, "reports") for by in ("one", "other")}
    for by, lease in [*instances.items()] * 2:
        await supervisor.attempt("reports", lambda by=by, lease=lease: led(lease, lambda: work(by)))  # type: ignore[misc]
    assert done == ["one", "one"]
