"""Two who write at the same moment on PostgreSQL: whoever comes too late decides anew, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bot.services import invitations
from bot.store import received
from bot.store.core import contacts, gathering, outbox, separating
from bot.store.core.database import Database
from bot.store.core.gathering import Waiting
from bot.store.core.outbox import Letter, Recipient
from bot.store.core.tables import (
    answers,
    assessments,
    conversations,
    inbox,
    joined_people,
    mutes,
    notice_units,
    notices,
    tallies,
    units,
)
from bot.store.core.tables import contacts as contact_rows
from bot.store.core.tables import outbox as letters
from bot.store.notices import keeping, pages, reading, recipients
from bot.store.notices.recipients import Gathering
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Pressed
from flows.notices.needs import RespondentsWanted
from flows.notices.notice import Audience
from flows.received.records import NoticeAnswered
from tests.commune import Commune, fill_in, under_way
from tests.databases import Databases
from tests.store.test_joining import join, whose


@pytest.fixture
async def commune(databases: Databases) -> AsyncIterator[Commune]:
    """A commune under way on PostgreSQL."""
    async with databases.fresh("postgresql", under_way) as url:
        database = Database(url)
        yield Commune(database)
        await database.close()


async def _somebody_waits_for_a_lock(
    commune: Commune, unless: asyncio.Task[Any] | None = None, number: int = 1
) -> None:
    """Return when so many wait for a lock, or when a task that ought to does not."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(20):
        while (await commune.column(waiting))[0] < number and not (unless is not None and unless.done()):
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


async def test_two_batches_that_change_the_same_counts_the_other_way_round_do_not_wait_in_a_circle(
    commune: Commune,
) -> None:
    """Minh hands his form in while Lan takes hers back on another server."""
    await fill_in(commune, "Minh", 7)
    other = commune.instance()
    with capture_logs() as logs:
        async with commune.database.writing() as connection:
            await _lock_tallies(connection, "draft")
            await commune.turns.receive([commune.update("Minh", "nộp phiếu")])
            handing_in = asyncio.create_task(commune.turns.run_once())
            await _somebody_waits_for_a_lock(commune)
            await other.receive([commune.update("Lan", "rút lại")])
            taking_back = asyncio.create_task(other.run_once())
            await _somebody_waits_for_a_lock(commune, number=2)
        await asyncio.gather(handing_in, taking_back)
    assert [line["event"] for line in logs] == []
    assert ((await commune.form("Minh")).state, (await commune.form("Lan")).state) == ("submitted", "draft")
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


async def test_who_writes_in_two_chats_at_once_goes_on_in_the_second_where_the_first_has_come_to(
    commune: Commune,
) -> None:
    """On another server Minh stops in the chat joined to his, and meanwhile types a number here."""
    await join(commune, "Minh", "Minh2")
    await commune.say("Minh", "1")
    answered = await commune.answers("Minh")
    there = select(conversations.c.id).where(conversations.c.address == "Minh2").scalar_subquery()
    await commune.turns.receive([commune.update("Minh", "1")])
    async with commune.database.writing() as stopping:
        stopped = {"conversation_id": there, "session": b'{"asked": 50}'}
        await stopping.execute(update(joined_people).values(stopped))
        working = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune)
    await working
    assert await commune.answers("Minh") == answered
    (row,) = await commune.rows(select(joined_people, conversations.c.address).join(conversations))
    assert (row.address, b'"asked":51' in row.session) == ("Minh", True)


async def test_a_turn_whose_chat_has_just_become_somebody_elses_waits_until_it_is_known_whose(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minh joins Lan's chat on another server while the next turn there is looked for."""
    (minh, lan) = [await whose(commune, name) for name in ("Minh", "Lan")]
    await commune.turns.receive([commune.update("Lan", "2")])
    is_let_on = text("CAST(pg_advisory_xact_lock_shared(1) AS text) IS NOT NULL")
    with monkeypatch.context() as patch:
        patch.setattr(gathering, "_CLAIM", gathering._CLAIM.where(is_let_on))
        async with commune.database.writing() as joining:
            await joining.execute(text("SELECT pg_advisory_xact_lock(1)"))
            claiming = asyncio.create_task(_claimed(commune))
            await _somebody_waits_for_a_lock(commune)
            theirs = update(conversations).where(conversations.c.person_id == lan)
            await joining.execute(theirs.values(person_id=minh))
        assert await claiming == []
    assert [turn.person.name for turn in await _claimed(commune) if turn.person is not None] == ["Lê Văn Minh"]


async def _claimed(commune: Commune) -> list[Waiting]:
    async with commune.database.writing() as connection:
        return list((await gathering.claim(connection, 5)).turns)


async def _end(commune: Commune) -> list[int]:
    async with commune.database.writing() as connection:
        return await keeping.end(connection, commune.now)


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


async def _sending(commune: Commune, state: str = "sending", **otherwise: object) -> int:
    """Make a notice of Hoa's that is being sent, or in another state."""
    hoa = (await commune.rows(select(conversations).where(conversations.c.address == "Hoa")))[0]
    unit_id = (await commune.column(select(units.c.id).where(units.c.code == "tk")))[0]
    written = {
        "author_id": hoa.person_id,
        "conversation_id": hoa.id,
        "content": b'{"vi":"Hop thon."}',
        "audience": b'{"unit_ids":[%d]}' % unit_id,
        "state": state,
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


async def test_who_turns_notices_off_while_a_ledger_is_written_is_not_sent_that_one_either(commune: Commune) -> None:
    notice_id = await _sending(commune, "gathering")
    await commune.turns.receive([commune.update("Lan", Pressed("c:mute:notices"))])
    async with commune.database.writing() as connection:
        await _write_ledger(connection, commune, notice_id, "Lan", "Minh")
        muting = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune, unless=muting)
    await muting
    ledger = select(letters.c.state, letters.c.address).where(letters.c.notice_id == notice_id)
    assert {tuple(row) for row in await commune.rows(ledger)} == {("muted", ""), ("queued", "Minh")}


async def test_a_notice_that_is_paused_just_when_it_has_come_to_its_end_goes_on_and_ends_later(
    commune: Commune,
) -> None:
    notice_id = await _sending(commune)
    of_notice = notices.c.id == notice_id
    async with commune.database.writing() as connection:
        await connection.execute(update(notices).where(of_notice).values(state="paused", version=2))
        ending = asyncio.create_task(_end_notices(commune))
        await _somebody_waits_for_a_lock(commune, unless=ending)
    assert await ending == []
    assert await commune.column(select(notices.c.ended_at).where(of_notice)) == [None]
    async with commune.database.writing() as connection:
        await connection.execute(update(notices).where(of_notice).values(state="sending", version=3))
    assert await _end_notices(commune) == [notice_id]
    assert await commune.column(select(notices.c.state).where(of_notice)) == ["done"]


async def _end_notices(commune: Commune) -> list[int]:
    async with commune.database.writing() as connection:
        return await keeping.end(connection, commune.now)


async def _write_ledger(connection: AsyncConnection, commune: Commune, notice_id: int, *names: str) -> None:
    """Write a piece of a ledger, for these people."""
    person_ids = select(conversations.c.person_id).where(conversations.c.address.in_(names))
    unit_ids = tuple(await connection.scalars(select(notice_units.c.unit_id)))
    piece = Gathering(notice_id, Audience(unit_ids), 0)
    await recipients.gather(connection, piece, sorted(await connection.scalars(person_ids)), commune.now)


async def test_who_acts_on_a_form_that_is_adjusted_meanwhile_sees_the_answers_as_adjusted(commune: Commune) -> None:
    lan = await commune.form("Lan")
    take_back = commune.update("Lan", "rút lại")
    await commune.turns.receive([take_back])
    async with commune.database.writing() as connection:
        await _adjust_an_answer_to_nothing(connection, lan)
        working = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune)
    await working
    taken_back = await commune.form("Lan")
    assert (taken_back.state, taken_back.total) == ("draft", 90)
    assert await commune.tallies() == await commune.recount()


async def _adjust_an_answer_to_nothing(connection: AsyncConnection, form: Row[Any]) -> None:
    """Do to a submitted form of a hundred points what a head on another server would: it no longer passes."""
    of_form = assessments.c.id == form.id
    await connection.execute(
        update(assessments).where(of_form).values(total=90, passed=False, version=form.version + 1)
    )
    first = select(func.min(answers.c.indicator_id)).where(answers.c.assessment_id == form.id).scalar_subquery()
    worst = {"points": 0, "level_id": "4", "adjusted_from": "1"}
    at = (answers.c.assessment_id == form.id, answers.c.indicator_id == first)
    await connection.execute(update(answers).where(*at).values(worst))
    submitted = (tallies.c.unit_id == form.unit_id, tallies.c.state == "submitted")
    await connection.execute(update(tallies).where(*submitted).values(passed=False))


async def test_who_is_just_written_to_is_answered_meanwhile(commune: Commune) -> None:
    minh = (await commune.rows(select(conversations).where(conversations.c.address == "Minh")))[0]
    to = Recipient(minh.id, minh.channel, minh.bot, minh.address, "vi")
    await commune.turns.receive([commune.update("Minh", "2")])
    async with commune.database.writing() as connection:
        await outbox.queue(connection, [Letter(to, Outgoing("Mời bà con dự họp."))], commune.now)
        assert [done.turns for done in await commune.work()] == [1]


async def test_who_is_just_answered_can_be_written_to_and_heard(commune: Commune) -> None:
    """Hạnh's turn is under way on another server when Lan's form is handed in anew, of which both heads hear."""
    await commune.say("Lan", "rút lại")
    await commune.turns.receive([commune.update("Hạnh", "/review")])
    async with commune.database.writing() as connection:
        held = await gathering.claim(connection, 1)
        assert [turn.address for turn in held.turns] == ["Hạnh"]
        async with asyncio.timeout(20):
            await commune.turns.receive([commune.update("Hạnh", "/help"), commune.update("Lan", "nộp phiếu")])
            assert [done.turns for done in await commune.work()] == [1]
    assert "Nguyễn Thị Lan" in (await commune.texts("Hạnh"))[0]


async def test_two_who_change_how_somebody_is_reached_are_both_heard(commune: Commune) -> None:
    """Lan turns notices off while the head confirms her form."""
    lan = await commune.form("Lan")
    confirm = commune.update("Hạnh", Pressed(f"c:confirm:{lan.id}:{lan.version}"))
    await commune.turns.receive([confirm])
    with capture_logs() as logs:
        async with commune.database.writing() as connection:
            await connection.execute(insert(mutes), {"person_id": lan.person_id, "kind": "notices"})
            await contacts.refresh(connection, [lan.person_id])
            working = asyncio.create_task(commune.work())
            await _somebody_waits_for_a_lock(commune)
        await working
    assert [line["event"] for line in logs] == []
    reached = await commune.rows(select(contact_rows).where(contact_rows.c.person_id == lan.person_id))
    assert [(row.reach, row.form_state) for row in reached] == [("muted", "confirmed")]


async def test_who_leaves_a_chat_while_a_ledger_is_written_gets_the_notice_in_the_other(commune: Commune) -> None:
    await join(commune, "Minh", "Minh2")
    notice_id = await _sending(commune, "gathering")
    (there,) = await commune.rows(select(conversations).where(conversations.c.address == "Minh2"))
    async with commune.database.writing() as leaving:
        await separating.separate(leaving, there.person_id, there.id, commune.now)
        writing = asyncio.create_task(_write_a_ledger(commune, notice_id, "Lan", "Minh"))
        await _somebody_waits_for_a_lock(commune, unless=writing)
    await writing
    ledger = select(letters.c.address).where(letters.c.notice_id == notice_id).order_by(letters.c.address)
    assert await commune.column(ledger) == ["Lan", "Minh"]
    assert await commune.column(select(notices.c.recipients).where(notices.c.id == notice_id)) == [2]


# Erasing, while others write to whoever it is, or about them


async def _may_erase(commune: Commune) -> None:
    """Let Lan say that all is to be deleted; she is asked once more."""
    await commune.say("Lan", "dữ liệu", "xóa")
    await commune.deliver()


async def test_who_is_erased_while_a_ledger_is_written_gets_no_notice(commune: Commune) -> None:
    await _may_erase(commune)
    notice_id = await _sending(commune, "gathering")
    await commune.turns.receive([commune.update("Lan", "xóa hết")])
    async with commune.database.writing() as connection:
        await _write_ledger(connection, commune, notice_id, "Lan", "Minh")
        erasing = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune, unless=erasing)
    await erasing
    ledger = select(letters.c.state, letters.c.address).where(letters.c.notice_id == notice_id)
    assert {tuple(row) for row in await commune.rows(ledger)} == {("muted", ""), ("queued", "Minh")}


async def test_a_ledger_that_is_written_during_an_erasure_leaves_them_out(commune: Commune) -> None:
    await _may_erase(commune)
    notice_id = await _sending(commune, "gathering")
    await commune.turns.receive([commune.update("Lan", "xóa hết")])
    async with commune.database.writing() as connection:
        await _lock_tallies(connection, "submitted")
        erasing = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune)
        writing = asyncio.create_task(_write_a_ledger(commune, notice_id, "Lan", "Minh"))
        await _somebody_waits_for_a_lock(commune, unless=writing, number=2)
    await asyncio.gather(erasing, writing)
    ledger = select(letters.c.state, letters.c.address).where(letters.c.notice_id == notice_id)
    assert [tuple(row) for row in await commune.rows(ledger)] == [("queued", "Minh")]


async def _lock_tallies(connection: AsyncConnection, state: str) -> None:
    await connection.execute(select(tallies).where(tallies.c.state == state).with_for_update())


async def _write_a_ledger(commune: Commune, notice_id: int, *names: str) -> None:
    async with commune.database.writing() as connection:
        await _write_ledger(connection, commune, notice_id, *names)


async def test_a_list_that_is_shown_while_somebody_is_erased_does_not_keep_their_name(commune: Commune) -> None:
    """Hạnh reads Lan's name in her list; before that is committed, Lan deletes everything on another server."""
    await _may_erase(commune)
    await commune.say("Tư", "/start v-tk-dong", "vi", "đồng ý", "Đỗ Văn Tư", "1980", "có", "1", "có")
    await commune.turns.receive([commune.update("Hạnh", "/review"), commune.update("Tư", "bắt đầu")])
    other = commune.instance()
    async with commune.database.writing() as connection:
        await _lock_tallies(connection, "draft")
        listing = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune)
        await other.receive([commune.update("Lan", "xóa hết")])
        erasing = asyncio.create_task(other.run_once())
        await _somebody_waits_for_a_lock(commune, unless=erasing, number=2)
    await asyncio.gather(listing, erasing)
    shown = [button.label for one in await commune.read("Hạnh") for row in one.buttons for button in row]
    assert [label for label in shown if "Nguyễn Thị Lan" in label] == []


async def test_who_is_named_to_an_author_is_erased_after_that(commune: Commune) -> None:
    notice_id, lan = await _sending(commune), await commune.form("Lan")
    coming = NoticeAnswered(notice_id, "come")
    async with commune.database.writing() as connection:
        await received.answer(connection, [(lan.person_id, coming)], commune.now)
    await _may_erase(commune)
    await commune.turns.receive([commune.update("Lan", "xóa hết")])
    async with commune.database.writing() as connection:
        named = await reading.respondents(connection, RespondentsWanted(notice_id, "come", 10))
        assert [one.name for one, _unit in named.named] == ["Nguyễn Thị Lan"]
        erasing = asyncio.create_task(commune.work())
        await _somebody_waits_for_a_lock(commune, unless=erasing)
        assert not erasing.done()
    await erasing


async def test_who_is_just_being_erased_does_not_hold_up_notices_for_pages(commune: Commune) -> None:
    notice_id = await _sending(commune)
    lan = (await commune.rows(select(conversations).where(conversations.c.address == "Lan")))[0]
    row = {"conversation_id": lan.id, "notice_id": notice_id, "channel": "web", "bot": "web", "address": "Lan"}
    async with commune.database.writing() as connection:
        await connection.execute(insert(letters), row | {"priority": 1, "state": "queued", "created_at": commune.now})
    async with commune.database.writing() as connection:
        await connection.execute(select(conversations).where(conversations.c.id == lan.id).with_for_update())
        async with commune.database.writing() as keeper:
            assert await pages.hand_to_pages(keeper, 10, commune.now) == 1
