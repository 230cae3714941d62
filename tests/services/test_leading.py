"""Leading on PostgreSQL: of several instances one does a work, for as long as it lives."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.services.leading import Leading
from bot.services.supervisor import Supervisor, led
from bot.store.core.database import Database
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


async def test_a_work_is_done_by_the_instance_that_leads_it_and_no_other(postgresql: Database) -> None:
    supervisor, done = Supervisor(), []

    async def work(by: str) -> bool:
        done.append(by)
        return False

    instances = {by: Leading(postgresql, "reports") for by in ("one", "other")}
    for by, lease in [*instances.items()] * 2:
        await supervisor.attempt("reports", lambda by=by, lease=lease: led(lease, lambda: work(by)))  # type: ignore[misc]
    assert done == ["one", "one"]
