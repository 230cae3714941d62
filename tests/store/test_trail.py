"""The trail in the database: every act is in it with what it did, whoever acts when, and nothing else changes it."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random
from typing import Any, get_args

import pytest
from sqlalchemy import Executable, delete, func, insert, literal, select, text, update
from sqlalchemy.exc import IntegrityError

from bot.services import invitations, rounds
from bot.services.audit import verify
from bot.services.files import FileStore
from bot.services.housekeeping import Housekeeper
from bot.services.roles import held_in, take_away
from bot.store.core import trail as store
from bot.store.core.chain import BrokenChain, Entry, Head, NoHead, read_details
from bot.store.core.database import Database, LostRace
from bot.store.core.migrating import migrate
from bot.store.core.tables import outbox, people, trail, trail_head
from flows.batches.records import BatchOrdered, BatchUndone, DoneAlone
from flows.commune.records import ProposalNumbered, Proposed, Sampled
from flows.conversation.replies import Pressed, Reply
from flows.domain.assessments import Act
from flows.forms.records import Acted, Answered, Begun, EvidenceGiven, Followed, LetIn, Vouched
from flows.households.records import HouseholdAnswered, HouseholdAsked, HouseholdLeft
from flows.joining.records import ChatLeft, CodeEnded, CodeMade, CodeMissed, CodeTyped, Joined, LettersChosen
from flows.meeting.records import VillageMoved
from flows.notices.notice import NoticeAct
from flows.notices.records import ApprovalLimitSet, NoticeActed, NoticeSaved, ReportAsked
from flows.papers.records import PaperAsked
from flows.privacy.acts import ACTS
from flows.privacy.records import Erased
from flows.publishing.records import Publishing
from flows.received.records import Muted, NoticeAnswered
from flows.recognition.records import Recognised, TitleEnded
from flows.registration.records import PersonAdded, PersonSaved
from flows.review.records import ArrivalsChosen, UnfinishedReminded
from flows.roles.records import (
    AwaySaid,
    CameBack,
    HolderSignedOut,
    InvitationUsed,
    InvitationWithdrawn,
    Invited,
    RoleTaken,
)
from flows.signing_in.records import LinkGiven, SignedOut
from flows.subjects import SubjectRecord
from tests.commune import Commune, fill_in, under_way
from tests.databases import Databases

ACTS_RECORDED = {
    Acted, Followed, Vouched, Invited, InvitationUsed, InvitationWithdrawn, RoleTaken, AwaySaid, NoticeSaved,
    NoticeActed, ApprovalLimitSet, Erased, VillageMoved, Proposed, ProposalNumbered,
    Sampled, Recognised, LetIn, Joined, ChatLeft, HolderSignedOut, CameBack,
}  # fmt: skip
# What somebody says of themselves, or asks for: nobody decides anything by it. A batch is an act on each of its forms,
# and an entry of the register ends with the act on its form. Who adds somebody to a phone is kept with the consent.
NO_ACTS = {
    Begun, Answered, EvidenceGiven, PersonAdded, PersonSaved, Muted, NoticeAnswered, ReportAsked, BatchOrdered,
    BatchUndone, DoneAlone, ArrivalsChosen, UnfinishedReminded, TitleEnded, PaperAsked, LinkGiven, SignedOut,
    CodeMade, CodeTyped, CodeEnded, CodeMissed, LettersChosen, Publishing,
    HouseholdAsked, HouseholdAnswered, HouseholdLeft,
}  # fmt: skip


def test_of_every_record_it_is_said_whether_it_is_an_act() -> None:
    assert set(get_args(SubjectRecord)) == ACTS_RECORDED | NO_ACTS
    assert not ACTS_RECORDED & NO_ACTS


def test_every_act_has_words() -> None:
    on_forms = {("form", act) for act in (*get_args(Act), "vouch")}
    for_the_commune = {
        ("village", "close"), ("village", "send_back"), ("proposal", "propose"), ("proposal", "number"),
        ("sample", "draw"), ("decision", "record"),
    }  # fmt: skip
    on_notices = {("notice", act) for act in (*get_args(NoticeAct), "write")}
    of_roles = ("invite", "take_on", "take_over", "take_away", "give_up", "withdraw_invitation", "away", "back")
    on_roles = {("role", act) for act in (*of_roles, "sign_out", "come_back")}
    on_chats = {("chat", act) for act in ("join", "separate")}
    assert set(ACTS) == on_forms | for_the_commune | on_notices | on_roles | on_chats | {("approval_limit", "set")}


async def acts(commune: Commune, after: int = 0) -> list[tuple[Any, ...]]:
    """Return what was added to the trail after an entry."""
    rows = await commune.rows(select(trail).where(trail.c.number > after).order_by(trail.c.number))
    return [(row.about, row.act, row.role, row.actor_id, row.owner_id, read_details(row.details)) for row in rows]


async def length(commune: Commune) -> int:
    return (await verify(commune.database)).head.number


async def person(commune: Commune, name: str) -> int:
    return int((await commune.column(select(people.c.id).where(people.c.name == name)))[0])


# what is in it


async def test_acts_on_a_form_say_who_acted_on_whose_and_on_which_version(commune: Commune) -> None:
    before, form = await length(commune), await commune.form("Lan")
    await commune.say("Hạnh", "/review", "1", "điều chỉnh", "3", "2", "Chưa đủ số buổi")
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:return:{form.id}:{form.version}")
    await commune.say("Hạnh", "Câu 2 chưa rõ")
    lan, hanh = form.person_id, await person(commune, "Vũ Thị Hạnh")
    added = await acts(commune, before)
    level = added[0][-1].pop("level")
    assert added == [
        ("form", "adjust", "head", hanh, lan, {"indicator": added[0][-1]["indicator"]}),
        ("form", "return", "head", hanh, lan, {}),
    ]
    assert level
    rows = await commune.rows(select(trail).where(trail.c.number > before).order_by(trail.c.number))
    assert [row.reason for row in rows] == ["Chưa đủ số buổi", "Câu 2 chưa rõ"]
    assert [(row.about_id, row.unit_id, row.version) for row in rows] == [
        (form.id, form.unit_id, form.version - 1),
        (form.id, form.unit_id, form.version),
    ]
    assert (await verify(commune.database)).head.number == before + 2


async def test_a_role_that_is_offered_taken_on_and_taken_away_is_in_it(commune: Commune) -> None:
    before = await length(commune)
    await commune.say("Hoa", "/invite", "chi hội trưởng", "thôn Đoài Thần Khê", "1", "1")
    code = re.findall(r"chat#(\S+)", "\n".join(await commune.texts("Hoa")))[-1]
    await commune.say("Tư", f"/start {code}", "vi", "đồng ý", "Đỗ Văn Tư", "có")
    await commune.say("Hoa", "/invite", "cho thôi nhiệm vụ", "thôn Đoài Thần Khê", "1", "1", "cho thôi")
    hoa, tu = await person(commune, "Phạm Thị Hoa"), await person(commune, "Đỗ Văn Tư")
    assert await acts(commune, before) == [
        ("role", "invite", "admin", hoa, None, {"role": "head"}),
        ("role", "take_on", "head", tu, tu, {"role": "head"}),
        ("role", "take_away", "admin", hoa, tu, {"role": "head"}),
    ]
    await length(commune)


async def test_acts_at_the_command_line_are_in_it_without_a_name(commune: Commune) -> None:
    before = await length(commune)
    await invitations.invite(commune.database, "head", "tk-doai", commune.now)
    opens, closes = date(2027, 9, 1), date(2027, 11, 15)
    await rounds.open_round(
        commune.database, year=2027, name="Đợt 2027", unit_code="tk", opens=opens, closes=closes, now=commune.now
    )
    role = next(one for one in await held_in(commune.database, "tk") if one.name == "Trần Văn Trường")
    await take_away(commune.database, role.id, commune.now)
    added = await acts(commune, before)
    assert [one[:5] for one in added] == [
        ("role", "invite", "operator", None, None),
        ("round", "set", "operator", None, None),
        ("role", "take_away", "operator", None, role.person_id),
    ]
    assert {name: added[1][-1][name] for name in ("year", "opens", "farmer")} == {
        "year": 2027, "opens": "2027-09-01", "farmer": "learning-citizen-farmer",
    }  # fmt: skip
    await length(commune)


async def test_what_is_refused_is_no_act(commune: Commune) -> None:
    before = await length(commune)
    role = next(one for one in await held_in(commune.database, "tk") if one.role == "admin")
    with pytest.raises(Exception, match="nobody else administers"):
        await take_away(commune.database, role.id, commune.now)
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version - 1}")
    await commune.press("Minh", f"c:confirm:{form.id}:{form.version}")
    assert await length(commune) == before


async def test_a_commune_that_goes_live_has_its_criteria_round_and_roles_in_it(commune: Commune) -> None:
    kinds = [one[:3] for one in await acts(commune)]
    assert kinds[:5] == [("criteria", "load", "operator")] * 5
    assert kinds[5] == ("round", "set", "operator")
    assert kinds[6:] == [
        *[("role", "invite", "operator"), ("role", "take_on", "head")] * 2,
        ("role", "invite", "operator"),
        ("role", "take_on", "admin"),
        ("form", "submit", "resident"),
    ]


# erasing


async def test_of_the_erased_nothing_is_left_in_it_and_it_holds(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:return:{form.id}:{form.version}")
    await commune.say("Hạnh", "Chị Lan ghi nhầm năm")
    papers = [await _head(commune)]
    hanh = await person(commune, "Vũ Thị Hạnh")
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    rows = (await commune.rows(select(trail).order_by(trail.c.number)))[-3:]
    assert [(row.act, row.role, row.actor_id) for row in rows] == [
        ("submit", "resident", None),
        ("return", "head", hanh),
        ("erase", "resident", None),
    ]
    assert [(row.about_id, row.owner_id, row.reason, row.salt) for row in rows[:2]] == [(None, None, "", None)] * 2
    assert "Chị Lan" not in await commune.everything()
    found = await verify(commune.database, papers)
    assert (found.blanked, found.head.number) == (3, papers[0].number + 1)
    await commune.say("Hạnh", "/privacy", "xoá", "xoá hết")
    # confirmed as an official, taken on a role: who acted three times, and whose role it was
    assert (await verify(commune.database, papers)).blanked == 3 + 3
    assert await commune.count(trail, trail.c.actor_id == hanh) == 0


async def test_who_comes_after_the_erased_has_nothing_of_theirs(commune: Commune) -> None:
    """SQLite may give the number of a person or a form again."""
    form = await commune.form("Lan")
    await commune.say("Minh", "/privacy", "xoá", "xoá hết")
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    await commune.say("Tư", "/start v-tk-dong", "vi", "đồng ý", "Đỗ Văn Tư", "1980", "có", "1", "có", "bắt đầu", "1")
    tu = await person(commune, "Đỗ Văn Tư")
    if commune.database.is_sqlite:
        assert tu == form.person_id
    assert await commune.count(trail, (trail.c.actor_id == tu) | (trail.c.owner_id == tu)) == 0
    assert await commune.count(trail, trail.c.about == "form", trail.c.about_id.is_not(None)) == 0


async def test_nobody_goes_while_the_trail_names_them(commune: Commune) -> None:
    known = {"name": "Đỗ Văn Tư", "created_at": commune.now}
    async with commune.database.writing() as connection:
        tu = await connection.scalar(insert(people).values(known).returning(people.c.id))
        await store.append(connection, [Entry(act="invite", role="head", about="role", actor_id=tu)], commune.now)
    gone = delete(people).where(people.c.id == tu)
    with pytest.raises(IntegrityError):
        await _execute(commune, gone)
    async with commune.database.writing() as connection:
        assert await store.forget(connection, int(tu or 0)) == 1
        await connection.execute(gone)


async def test_housekeeping_takes_nothing_out_of_it(commune: Commune, tmp_path: Any) -> None:
    before, letters = await length(commune), await commune.count(outbox)
    commune.now += timedelta(days=4000)
    housekeeper = Housekeeper(commune.database, FileStore(tmp_path), lambda: commune.now)
    await housekeeper.run_once()
    assert await commune.count(outbox) < letters
    assert await length(commune) == before


async def _execute(commune: Commune, statement: Executable) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(statement)


# written with the act, or not at all


async def test_an_act_that_is_rolled_back_leaves_no_entry(commune: Commune) -> None:
    before = await _head(commune)

    async def die() -> None:
        async with commune.database.writing() as connection:
            await store.append(connection, [Entry(act="close", role="head", about="village")] * 200, commune.now)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await die()
    assert (await verify(commune.database)).head == before == await _head(commune)


async def test_a_batch_of_hundreds_is_one_chain_and_few_statements(commune: Commune) -> None:
    before = await length(commune)
    lan = (await commune.form("Lan")).person_id
    many = [
        Entry(act="confirm", role="head", about="form", about_id=number, owner_id=lan, actor_id=lan, version=1)
        for number in range(500)
    ]
    async with commune.database.writing() as connection:
        await store.append(connection, many, commune.now)
    assert await length(commune) == before + 500


async def test_a_head_about_something_is_that_of_its_last_act(commune: Commune) -> None:
    form = await commune.form("Lan")
    async with commune.database.writing() as connection:
        closed = Entry(act="close", role="head", about="village", about_id=4)
        await store.append(
            connection, [closed, Entry(act="recognise", role="committee", about="decision")], commune.now
        )
    async with commune.database.reading() as connection:
        of_village = await store.head_about(connection, "village", 4)
        of_form = await store.head_about(connection, "form", form.id)
        assert await store.head_about(connection, "village", 5) is None
        last = await store.read_head(connection)
    assert of_village is not None
    assert of_form is not None
    assert (of_village.number, of_form.number) == (last.number - 1, last.number - 2)
    found = await verify(commune.database, [of_village, of_form, last])
    assert found.head == last


async def test_heads_that_papers_have_kept_are_compared_without_being_asked_for(commune: Commune) -> None:
    last = await _head(commune)
    await verify(commune.database, printed=[select(literal(str(last)))])
    with pytest.raises(BrokenChain, match="was printed"):
        await verify(commune.database, printed=[select(literal(f"{last.number}-{'0' * 12}"))])
    with pytest.raises(NoHead):
        await verify(commune.database, printed=[select(literal("?"))])


TAMPERINGS: dict[str, Executable] = {
    "a reason changed": update(trail).where(trail.c.number == 3).values(reason="khác"),
    "an act changed": update(trail).where(trail.c.number == 3).values(act="confirm"),
    "a time changed": text("UPDATE trail SET at = (SELECT at FROM trail WHERE number = 13) WHERE number = 3"),
    "a salt changed": update(trail).where(trail.c.number == 13).values(salt="0" * 32),
    "one taken out": delete(trail).where(trail.c.number == 5),
    "the end cut off": delete(trail).where(trail.c.number > 10),
    "blanked by hand": update(trail).where(trail.c.number == 13).values(about_id=None, owner_id=None, salt=None),
    "the kept head changed": update(trail_head).values(number=trail_head.c.number + 1),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_what_somebody_with_the_database_changes_is_found(commune: Commune, tampering: str) -> None:
    await length(commune)
    await _execute(commune, TAMPERINGS[tampering])
    with pytest.raises(BrokenChain):
        await verify(commune.database)


async def test_how_far_one_is_is_told_on_the_way(commune: Commune, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.audit.AT_ONCE", 5)
    told: list[tuple[int, int]] = []
    await verify(commune.database, on_way=lambda entries, of: told.append((entries, of)))
    assert told == [(5, 13), (10, 13), (13, 13)]


async def test_whatever_people_do_at_the_same_time_and_whoever_is_erased_it_holds(commune: Commune) -> None:
    chance = Random(11)
    await fill_in(commune, "Minh", 7)
    papers = []
    for round_ in range(40):
        if round_ == 30:
            await commune.say("Lan", "/privacy", "xoá", "xoá hết")
        forms = [f"{form}:{version}" for form, version in await _forms(commune)]
        own: list[Reply | str] = ["rút lại", "nộp phiếu"]
        returns: list[Reply | str] = [*(Pressed(f"c:return:{form}") for form in forms), *["Câu 2 chưa rõ"] * 3]
        confirms: list[Reply | str] = [*(Pressed(f"c:confirm:{form}") for form in forms), *["/review"] * 8]
        may = {"Lan": own, "Minh": own, "Hạnh": returns, "Trường": confirms}
        await commune.together(*[(name, chance.choice(may[name])) for name in chance.sample(sorted(may), 3)])
        papers.append(await _head(commune))
    found = await verify(commune.database, papers)
    acts_on_forms = await commune.column(select(trail.c.act).where(trail.c.about == "form"))
    assert set(acts_on_forms) >= {"submit", "withdraw", "return"}
    assert found.head.number == 13 + len(acts_on_forms)
    assert found.blanked >= len(acts_on_forms) // 3


async def _forms(commune: Commune) -> list[tuple[int, int]]:
    return [(row.id, row.version) for row in await commune.rows(text("SELECT id, version FROM assessments"))]


async def _head(commune: Commune) -> Head:
    async with commune.database.reading() as connection:
        return await store.read_head(connection)


# what was there before


async def test_what_was_decided_before_is_chained_in_its_order(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.say("Hạnh", "/review", "1", "điều chỉnh", "3", "2", "Chưa đủ số buổi")
    await commune.say("Trường", "/privacy", "xoá", "xoá hết")
    columns = (
        "at", "act", "role", "about", "unit_id", "version", "actor_id", "about_id", "owner_id", "reason", "details",
    )  # fmt: skip
    of_forms = select(*(trail.c[name] for name in columns)).where(trail.c.about == "form").order_by(trail.c.number)
    before = [tuple(row) for row in await commune.rows(of_forms)]
    await migrate(commune.database, "0008")
    decided = await commune.rows(text("SELECT act, actor, level_id FROM decisions ORDER BY id"))
    assert [tuple(row)[:2] for row in decided] == [("submit", "resident"), ("adjust", "head")]
    await migrate(commune.database)
    assert [tuple(row) for row in await commune.rows(of_forms)] == before
    assert (await verify(commune.database)).head.number == 2
    await commune.say("Hạnh", "/review")
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    assert (await verify(commune.database)).head.number == 3
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    assert (await verify(commune.database)).blanked == 4


# several servers


@pytest.fixture
async def on_postgres(databases: Databases) -> AsyncIterator[Commune]:
    """A commune under way on PostgreSQL."""
    async with databases.fresh("postgresql", under_way) as url:
        database = Database(url)
        yield Commune(database)
        await database.close()


async def test_many_who_write_at_once_make_one_chain(on_postgres: Commune) -> None:
    before = await length(on_postgres)
    lan = (await on_postgres.form("Lan")).person_id

    async def write(number: int) -> None:
        async with on_postgres.database.writing() as connection:
            one = Entry(act="confirm", role="head", about="form", about_id=number, owner_id=lan, actor_id=lan)
            await store.append(connection, [one] * (number % 4), on_postgres.now)

    verifying = [asyncio.create_task(_verify_meanwhile(on_postgres)) for _one in range(2)]
    await asyncio.gather(*(write(number) for number in range(60)))
    await asyncio.gather(*verifying)
    assert await length(on_postgres) == before + sum(number % 4 for number in range(60))


async def _verify_meanwhile(commune: Commune) -> None:
    for _time in range(5):
        await verify(commune.database)


async def test_it_is_looked_through_as_it_was_when_somebody_is_erased_meanwhile(
    commune: Commune,
) -> None:
    async with commune.database.snapshot() as connection:
        seen = await store.read_head(connection)
        await commune.say("Lan", "/privacy", "xoá", "xoá hết")
        blank = select(func.count()).where(trail.c.digest.is_not(None), trail.c.salt.is_(None))
        assert await connection.scalar(blank) == 0
        assert await store.read_head(connection) == seen
    assert (await verify(commune.database)).blanked == 2


async def test_nothing_is_waited_for_while_the_end_of_the_trail_is_held(on_postgres: Commune) -> None:
    """Who is being erased is waited for before: meanwhile others add entries."""
    lan = (await on_postgres.form("Lan")).person_id
    about_lan = Entry(act="confirm", role="head", about="form", about_id=1, owner_id=lan)

    async def add(entry: Entry) -> None:
        async with on_postgres.database.writing() as connection:
            await store.append(connection, [entry], on_postgres.now)

    async with on_postgres.database.writing() as connection:
        await connection.execute(select(people.c.id).where(people.c.id == lan).with_for_update())
        waiting = asyncio.create_task(add(about_lan))
        await _somebody_waits(on_postgres)
        async with asyncio.timeout(20):
            await add(Entry(act="close", role="head", about="village"))
        assert not waiting.done()
    await waiting
    await length(on_postgres)


async def test_an_act_on_what_is_somebodys_who_was_just_erased_is_decided_anew(on_postgres: Commune) -> None:
    async with on_postgres.database.writing() as connection:
        with pytest.raises(LostRace):
            await store.append(
                connection, [Entry(act="x", role="head", about="form", owner_id=987654)], on_postgres.now
            )


async def _somebody_waits(commune: Commune) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(20):
        while not (await commune.column(waiting))[0]:
            await asyncio.sleep(0.005)
