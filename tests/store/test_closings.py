"""Villages closed, sent back and proposed: who comes second is told, and nothing of it depends on luck."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, insert, select, text, update

from bot.services import invitations
from bot.services.batches import BatchCarrier
from bot.store import meeting
from bot.store.commune import to_propose
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.tables import (
    assessments,
    closings,
    people,
    proposals,
    roles,
    samples,
    tallies,
    trail,
    units,
)
from flows.commune.needs import ToPropose, ToProposeWanted
from flows.conversation.replies import Pressed
from flows.domain.closings import Minutes
from flows.domain.people import RoleKind
from flows.domain.units import Scope, Unit
from flows.meeting.needs import VillagePageWanted
from tests.commune import Commune, commune, fill_in, under_way
from tests.databases import Databases
from tests.sample import NOW

__all__ = ["commune"]

MEETING = ("nhập", "hôm nay", "để trống", "nhà văn hóa", "tôi", "Lê Thị Thư", "10/12", "tất cả đồng ý", "0")
CLOSE = "chốt danh sách thôn"


async def joins(commune: Commune, name: str, full_name: str, role: RoleKind, unit: str) -> None:
    """Let somebody come who holds a role."""
    code, _expires = await invitations.invite(commune.database, role, unit, NOW)
    await commune.say(name, f"/start {code}", "vi", "đồng ý", full_name, "có")


async def confirms(commune: Commune, head: str, owner: str) -> None:
    form = await commune.form(owner)
    await commune.press(head, f"c:confirm:{form.id}:{form.version}")


async def closes(commune: Commune, head: str) -> None:
    await commune.say(head, "/meeting", *MEETING, CLOSE)


async def carry_out(commune: Commune) -> None:
    """Let ordered batches be carried out."""
    carrier = BatchCarrier(commune.runtime)
    while await carrier.run_once():
        pass


async def village_of(commune: Commune) -> Any:
    """Return the row of what was closed."""
    (row,) = await commune.rows(select(closings))
    return row


async def test_what_a_head_enters_is_kept_as_minutes(commune: Commune) -> None:
    await confirms(commune, "Trường", "Lan")
    await closes(commune, "Trường")
    row = await village_of(commune)
    assert (row.state, row.version, row.posted_until) == ("closed", 1, None)
    assert meeting.read_minutes(row) == Minutes(
        day=date(2026, 10, 1),
        place="Nhà văn hóa thôn Đông",
        chair="Trần Văn Trường",
        secretary="Lê Thị Thư",
        present=10,
        members=12,
        votes_for=10,
        registered=2,
        confirmed=1,
        passed=1,
        unfinished=1,
    )


async def test_of_two_who_close_a_village_at_once_one_does_and_the_other_is_told(commune: Commune) -> None:
    for head in ("Trường", "Hạnh"):
        await commune.say(head, "/meeting", *MEETING)
    await commune.deliver()
    await commune.together(("Trường", CLOSE), ("Hạnh", CLOSE))
    assert (await village_of(commune)).version == 1
    said = {head: "\n".join(await commune.texts(head)) for head in ("Trường", "Hạnh")}
    assert sorted("Đã chốt danh sách" in text for text in said.values()) == [False, True]
    assert sorted("vừa được chốt hoặc được trả về chi hội" in text for text in said.values()) == [False, True]


async def test_once_a_village_is_closed_its_branch_decides_nothing(commune: Commune) -> None:
    form = await commune.form("Lan")
    await closes(commune, "Trường")
    await commune.deliver()
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    assert "Thôn đã chốt danh sách" in (await commune.texts("Hạnh"))[0]
    assert (await commune.form("Lan")).state == "submitted"


async def test_what_the_association_gives_back_the_branch_decides_on_though_the_village_is_closed(
    commune: Commune,
) -> None:
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await confirms(commune, "Trường", "Lan")
    await closes(commune, "Trường")
    await commune.say("Hội", "/commune", "1", "xem phiếu", "1", "trả lại chi hội", "Điểm câu 3 chưa rõ", "có")
    form = await commune.form("Lan")
    assert form.state == "submitted"
    await confirms(commune, "Trường", "Lan")
    assert (await commune.form("Lan")).state == "confirmed"
    # And then it is with the commune once more: nothing the owner changes moves it.
    await commune.say("Lan", "/privacy", "sửa thông tin", "sửa tên", "Nguyễn Thị Lân", "đúng hết", "có")
    assert await commune.column(select(people.c.name).where(people.c.id == form.person_id)) == ["Nguyễn Thị Lan"]
    assert await commune.tallies() == await commune.recount()


async def test_the_association_proposes_what_passes_of_closed_villages(commune: Commune) -> None:
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await fill_in(commune, "Minh", 7, "4")
    await commune.say("Minh", "nộp phiếu")
    for name in ("Lan", "Minh"):
        await confirms(commune, "Trường", name)
    await commune.say("Hội", "/commune", "đề nghị")
    assert "Chưa có ai để đề nghị" in (await commune.texts("Hội"))[-1]
    await closes(commune, "Trường")
    await commune.say("Hội", "/commune", "đề nghị", "đề nghị danh sách này")
    await carry_out(commune)
    (proposal,) = await commune.rows(select(proposals))
    lan, minh = await commune.form("Lan"), await commune.form("Minh")
    assert (lan.state, lan.proposal_id) == ("checked", proposal.id)
    assert (minh.state, minh.proposal_id, minh.passed) == ("confirmed", None, False)
    assert (proposal.state, proposal.number, proposal.dated) == ("proposed", "", None)
    assert await commune.tallies() == await commune.recount()
    assert any("đã đề nghị công nhận danh hiệu" in text for text in await commune.texts("Lan"))
    kept = await commune.rows(select(trail).where(trail.c.about == "form", trail.c.act == "propose"))
    assert [(one.about_id, one.role) for one in kept] == [(lan.id, "association")]


async def test_of_two_who_propose_at_once_one_does_and_the_other_hears_that_nobody_is_left(commune: Commune) -> None:
    for name, full_name in (("Hội", "Đỗ Văn Hội"), ("Phó", "Lý Thị Phó")):
        await joins(commune, name, full_name, "association", "tk")
    await confirms(commune, "Trường", "Lan")
    await closes(commune, "Trường")
    for name in ("Hội", "Phó"):
        await commune.say(name, "/commune", "đề nghị")
    await commune.together(("Hội", "đề nghị danh sách này"), ("Phó", "đề nghị danh sách này"))
    await carry_out(commune)
    form = await commune.form("Lan")
    assert (form.state, form.version) == (
        "checked",
        (await commune.rows(select(trail).where(trail.c.about == "form")))[-1].version + 1,
    )
    assert await commune.count(trail, trail.c.about == "form", trail.c.act == "propose") == 1
    assert await commune.tallies() == await commune.recount()


async def test_a_form_that_changed_since_the_list_was_shown_is_not_proposed_and_named(commune: Commune) -> None:
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await fill_in(commune, "Minh", 7)
    await commune.say("Minh", "nộp phiếu")
    for name in ("Lan", "Minh"):
        await confirms(commune, "Trường", name)
    await closes(commune, "Trường")
    await commune.say("Hội", "/commune", "đề nghị")
    await commune.deliver()
    form = await commune.form("Lan")
    async with commune.database.writing() as connection:
        later = {"version": form.version + 1, "touched_at": commune.now}
        await connection.execute(update(assessments).where(assessments.c.id == form.id).values(later))
    await commune.say("Hội", "đề nghị danh sách này")
    await carry_out(commune)
    assert ((await commune.form("Lan")).state, (await commune.form("Minh")).state) == ("confirmed", "checked")
    assert "• Nguyễn Thị Lan: đã thay đổi" in (await commune.texts("Hội"))[-1]


async def test_nobody_proposes_their_own_form(commune: Commune) -> None:
    """Lan is of the association herself: another one has to propose hers."""
    lan = (await commune.form("Lan")).person_id
    commune_id = (await commune.column(select(units.c.id).where(units.c.code == "tk")))[0]
    await confirms(commune, "Trường", "Lan")
    await closes(commune, "Trường")
    async with commune.database.writing() as connection:
        role = {"person_id": lan, "role": "association", "unit_id": commune_id, "since": NOW}
        await connection.execute(insert(roles).values(role))
    await commune.say("Lan", "/commune", "đề nghị")
    assert "không có phiếu của chính người đề nghị" in (await commune.texts("Lan"))[-1]
    await commune.say("Lan", "đề nghị danh sách này")
    await carry_out(commune)
    assert (await commune.form("Lan")).state == "confirmed"


async def test_a_sample_is_kept_with_its_seed_and_can_be_shown_again(commune: Commune) -> None:
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await confirms(commune, "Trường", "Lan")
    await commune.say("Hội", "/commune", "kiểm tra ngẫu nhiên", "1")
    (row,) = await commune.rows(select(samples))
    assert (row.drawn_from, row.forms) == (1, f"[{(await commune.form('Lan')).id}]".encode())
    await commune.deliver()
    await commune.say("Hội", "quay lại", "kiểm tra ngẫu nhiên")
    assert "Chọn ngày 01/10/2026: 1/1 phiếu" in (await commune.texts("Hội"))[-1]


async def test_who_is_erased_is_named_in_no_minutes_and_closed_nothing(commune: Commune) -> None:
    await closes(commune, "Trường")
    await commune.deliver()
    await commune.say("Trường", "/privacy", "xoá", "xoá hết")
    row = await village_of(commune)
    assert row.person_id is None
    assert "Trường" not in row.meeting.decode()
    assert "Lê Thị Thư" in row.meeting.decode()


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that are executed, of all databases."""
    executed: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, _given: Any, _context: Any, _many: bool) -> None:
        executed.append(sql)

    event.listen(Engine, "before_cursor_execute", note)
    yield executed
    event.remove(Engine, "before_cursor_execute", note)


async def test_a_summary_is_read_from_the_tallies_alone(commune: Commune, statements: list[str]) -> None:
    commune_id = (await commune.column(select(units.c.id).where(units.c.code == "tk")))[0]
    round_id = (await commune.form("Lan")).round_id
    async with commune.database.writing() as connection:
        villages = [Unit(0, f"more-{n}", f"Thôn số {n}", "village") for n in range(40)]
        await setup.save_units(connection, villages, {unit.code: "tk" for unit in villages})
        below = select(units.c.id).where(units.c.code.like("more-%"))
        for unit_id in list(await connection.scalars(below)):
            counted = {"unit_id": unit_id, "round_id": round_id, "group": "farmer", "count": 1000}
            await connection.execute(insert(tallies).values(**counted, state="confirmed", passed=True))
    statements.clear()
    async with commune.database.reading() as connection:
        page = await meeting.page(connection, VillagePageWanted(Scope((commune_id,), 43), round_id, 0, 8))
    assert page.counts.passed == 40_000
    assert (page.count, len(page.villages), page.closed) == (42, 8, 0)
    assert not [sql for sql in statements if "assessments" in sql]
    assert len(statements) <= 6


async def test_villages_still_posted_and_not_closed_are_told_apart(commune: Commune) -> None:
    rows = {row.code: row.id for row in await commune.rows(select(units))}
    round_id = (await commune.form("Lan")).round_id
    async with commune.database.writing() as connection:
        closed = {"round_id": round_id, "state": "closed", "version": 1, "meeting": b"", "reason": "", "at": NOW}
        await connection.execute(
            insert(closings).values(**closed, unit_id=rows["tk-dong"], posted_until=date(2026, 10, 5))
        )

    async def on(day: date) -> ToPropose:
        async with commune.database.reading() as connection:
            return await to_propose(connection, ToProposeWanted(Scope((rows["tk"],), 3), round_id, day))

    assert await on(date(2026, 10, 5)) == ToPropose((), (rows["tk-dong"],), (rows["tk-doai"],), 1)
    assert await on(date(2026, 10, 6)) == ToPropose((rows["tk-dong"],), (), (rows["tk-doai"],), 1)


# on PostgreSQL, with two servers


@pytest.fixture
async def with_two_servers(databases: Databases) -> AsyncIterator[Commune]:
    """A commune under way on PostgreSQL."""
    async with databases.fresh("postgresql", under_way) as url:
        database = Database(url)
        yield Commune(database)
        await database.close()


async def _somebody_waits_for_a_lock(commune: Commune, number: int = 1) -> None:
    """Return when so many wait for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(20):
        while (await commune.column(waiting))[0] < number:
            await asyncio.sleep(0.005)


async def test_minutes_count_what_another_server_is_just_confirming(with_two_servers: Commune) -> None:
    """Hạnh confirms Lan's form on one server while Trường closes the village on another: he waits for her."""
    commune, other = with_two_servers, with_two_servers.instance()
    form = await commune.form("Lan")
    await commune.say("Trường", "/meeting", *MEETING)
    async with commune.database.writing() as connection:  # so that she is in the middle of it
        await connection.execute(select(tallies).with_for_update())
        await other.receive([commune.update("Hạnh", Pressed(f"c:confirm:{form.id}:{form.version}"))])
        confirming = asyncio.create_task(other.run_once())
        await _somebody_waits_for_a_lock(commune)
        await commune.turns.receive([commune.update("Trường", CLOSE)])
        closing = asyncio.create_task(commune.turns.run_once())
        await _somebody_waits_for_a_lock(commune, 2)
    await asyncio.gather(confirming, closing)
    minutes = meeting.read_minutes(await village_of(commune))
    assert minutes is not None
    assert (minutes.confirmed, minutes.waiting) == (1, 0)
    counted = await commune.column(select(func.sum(tallies.c.count)).where(tallies.c.state == "confirmed"))
    assert counted == [1]
