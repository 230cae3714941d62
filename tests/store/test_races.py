"""Two who write at the same moment on PostgreSQL: whoever comes too late decides anew, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bot.services import invitations
from bot.store import notices as notice_store
from bot.store.database import Database
from bot.store.tables import assessments, conversations, inbox, notice_units, notices, units
from flows.replies import Pressed
from tests.commune import Commune, under_way
from tests.databases import Databases


@pytest.fixture
async def commune(databases: Databases) -> AsyncIterator[Commune]:
    """A commune under way on PostgreSQL."""
    async with databases.fresh("postgresql", under_way) as url:
        database = Database(url)
        yield Commune(database)
        await database.close()


async def _somebody_waits_for_a_lock(commune: Commune) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(20):
        while not (await commune.column(waiting))[0]:
            await asyncio.sleep(0.005)


async def _lock(connection: AsyncConnection, form_id: int) -> None:
    await connection.execute(select(assessments.c.id).where(assessments.c.id == form_id).with_for_update())


async def test_a_deadlock_is_tried_again_at_once_and_loses_nothing(commune: Commune) -> None:
    """Minh's own form is locked when the head opens Lan's; somebody else holds Lan's and wants Minh's."""
    lan, minh = await commune.form("Lan"), await commune.form("Minh")
    said = [commune.update("Minh", "2"), commune.update("Hạnh", Pressed(f"c:answers:{lan.id}"))]
    working = asyncio.create_task(commune.turns.run())
    with capture_logs() as logs:
        async with commune.database.writing() as connection:
            await _lock(connection, lan.id)
            receiving = asyncio.create_task(commune.turns.receive(said))
            await _somebody_waits_for_a_lock(commune)
            await _lock(connection, minh.id)  # PostgreSQL ends who waited first: the batch
        await receiving
        async with asyncio.timeout(20):
            while await commune.count(inbox, inbox.c.done_at.is_(None)):
                await asyncio.sleep(0.005)
    working.cancel()
    await asyncio.wait([working])
    assert "race_lost" in [line["event"] for line in logs]
    assert "database_away" not in [line["event"] for line in logs]
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert len(await commune.answers("Minh")) == 4
    assert "1. Xem tin" in (await commune.texts("Hạnh"))[-1]
    assert await commune.tallies() == await commune.recount()


async def test_who_stops_a_notice_that_changes_meanwhile_hears_what_became_of_it(commune: Commune) -> None:
    notice_id = await _sending(commune)
    stop = commune.update("Hoa", Pressed(f"c:notice:stop:{notice_id}:1"))
    await commune.turns.receive([stop])
    with capture_logs() as logs:
        async with commune.database.writing() as connection:
            finished = {"state": "done", "version": 2, "ended_at": commune.now}
            await connection.execute(update(notices).where(notices.c.id == notice_id).values(finished))
            working = asyncio.create_task(commune.work())
            await _somebody_waits_for_a_lock(commune)
        await working
    assert [line["event"] for line in logs].count("race_lost") == 1
    assert await commune.column(select(notices.c.state).where(notices.c.id == notice_id)) == ["done"]
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert "⏹" not in (await commune.texts("Hoa"))[0]


async def test_a_notice_that_is_paused_while_it_ends_is_not_ended(commune: Commune) -> None:
    notice_id = await _sending(commune)
    async with commune.database.writing() as pausing:
        await pausing.execute(update(notices).values(state="paused", version=2))
        ending = asyncio.create_task(_end(commune))
        await _somebody_waits_for_a_lock(commune)
    assert await ending == []
    row = (await commune.rows(select(notices).where(notices.c.id == notice_id)))[0]
    assert (row.state, row.version, row.ended_at) == ("paused", 2, None)


async def _end(commune: Commune) -> list[int]:
    async with commune.database.writing() as connection:
        return await notice_store.end(connection, commune.now)


async def test_of_two_who_decide_about_a_notice_at_once_the_second_hears_what_the_first_decided(
    commune: Commune,
) -> None:
    for name, full_name in (("Bình", "Ngô Văn Bình"), ("Dung", "Đỗ Thị Dung")):
        code, _expires = await invitations.invite(commune.database, "admin", "tk", commune.now)
        await commune.say(name, f"/start {code}", "vi", "đồng ý", full_name, "có")
    notice_id = await _sending(commune, state="awaiting", started_at=None, version=0)
    await commune.deliver()
    others = Commune(commune.database)
    await commune.turns.receive([commune.update("Bình", Pressed(f"c:notice:approve:{notice_id}:0"))])
    await others.turns.receive([others.update("Dung", Pressed(f"c:notice:decline:{notice_id}:0"))])
    await asyncio.gather(commune.work(), others.work())
    state = (await commune.column(select(notices.c.state).where(notices.c.id == notice_id)))[0]
    said = {name: (await commune.texts(name))[0] for name in ("Bình", "Dung")}
    late = said["Dung" if state == "scheduled" else "Bình"]
    assert state in {"scheduled", "declined"}
    assert "đã thay đổi" in late
    assert await commune.count(inbox, inbox.c.failed) == 0


async def _sending(commune: Commune, **otherwise: object) -> int:
    """Make a notice of Hoa's that is being sent."""
    hoa = (await commune.rows(select(conversations).where(conversations.c.address == "Hoa")))[0]
    unit_id = (await commune.column(select(units.c.id).where(units.c.code == "tk")))[0]
    written = {
        "author_id": hoa.person_id,
        "conversation_id": hoa.id,
        "content": b'{"vi":"Hop thon."}',
        "audience": b'{"unit_ids":[%d]}' % unit_id,
        "state": "sending",
        "version": 1,
        "created_at": commune.now,
        "started_at": commune.now,
        "recipients": 0,
        **otherwise,
    }
    async with commune.database.writing() as connection:
        kept = await connection.execute(insert(notices).returning(notices.c.id), written)
        notice_id: int = kept.scalar_one()
        await connection.execute(insert(notice_units), {"notice_id": notice_id, "unit_id": unit_id})
    return notice_id
