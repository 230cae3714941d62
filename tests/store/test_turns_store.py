"""What the turn loop leaves in the database, whoever writes when, on both databases."""

import asyncio
from random import Random

import pytest
from sqlalchemy import select, text, update

from bot.services import invitations
from bot.services.audit import verify
from bot.services.criteria_files import shipped
from bot.services.turns import SORRY
from bot.store.core import gathering
from bot.store.core.database import Database
from bot.store.core.tables import (
    answers,
    assessments,
    conversations,
    criteria_sets,
    inbox,
    outbox,
    people,
    roles,
    trail,
)
from bot.store.core.tables import evidence as evidence_table
from flows.conversation.replies import Blocked, Edited, Pressed, SentFile
from flows.words.wording import render
from tests.commune import CHANNEL, Commune, under_way
from tests.databases import Databases
from tests.sample import CATALOGUES

SAYS = CATALOGUES["vi"].gettext
TOO_LATE = SAYS("This form is now {state}; this cannot be done any more.")
APOLOGY = render(SORRY, CATALOGUES["vi"])
ON_FORMS = select(trail.c.act).where(trail.c.about == "form").order_by(trail.c.number)

# What comes twice, late and together


async def test_an_update_that_comes_again_changes_nothing(commune: Commune) -> None:
    answer = commune.update("Minh", "2", update_id="77")
    for _time in range(3):
        await commune.turns.receive([answer, answer])
        await commune.work()
    assert len(await commune.answers("Minh")) == 4
    assert await commune.count(inbox, inbox.c.update_id == "77") == 1
    assert len(await commune.read("Minh")) == 1


async def test_updates_that_come_again_in_another_order_change_nothing(commune: Commune) -> None:
    sent = [commune.update("Minh", level, update_id=level) for level in ("2", "3", "1")]
    await commune.turns.receive(sent)
    await commune.work()
    chosen = await commune.answers("Minh")
    for again in (sent[::-1], sent[1:], [sent[2], sent[0]]):
        await commune.turns.receive(again)
        assert await commune.work() == []
    assert await commune.answers("Minh") == chosen


async def test_an_id_is_known_again_only_for_its_own_channel_and_bot(commune: Commune) -> None:
    one = commune.update("Minh", "2", update_id="77")
    for channel, bot in ((CHANNEL, "1"), (CHANNEL, "2"), ("web", "1")):
        other = type(one)(channel, bot, "somebody", "77", one.reply)
        await commune.turns.receive([one, other])
    assert await commune.count(inbox, inbox.c.update_id == "77") == 3


async def test_a_batch_has_one_turn_of_a_conversation_and_takes_them_in_order(commune: Commune) -> None:
    said = [("Minh", "2"), ("Lan", "/status"), ("Minh", "3"), ("Minh", "1"), ("Lan", "/help")]
    await commune.turns.receive([commune.update(name, reply) for name, reply in said])
    assert [done.turns for done in await commune.work()] == [2, 2, 1]
    assert await commune.count(answers) == 10 + 3 + 3
    minh = await commune.answers("Minh")
    farmer = next(criteria for criteria in shipped() if criteria.group == "farmer")
    chosen = [indicator.levels.index(indicator.level(minh[indicator.id])) + 1 for indicator in farmer.indicators[3:6]]
    assert chosen == [2, 3, 1]


async def test_a_flood_gets_one_answer_and_loses_nothing(commune: Commune) -> None:
    await commune.turns.receive([commune.update("Minh", "bla") for _message in range(30)])
    assert [done.turns for done in await commune.work()] == [1] * 30
    assert len(await commune.read("Minh")) == 1
    assert await commune.count(inbox, inbox.c.done_at.is_(None)) == 0


async def test_what_people_wrote_is_forgotten_once_their_turn_is_done(commune: Commune) -> None:
    await commune.say("Minh", "một bí mật nhỏ")
    assert await commune.count(inbox, inbox.c.body.is_not(None)) == 0


# Two instances


async def test_two_instances_on_postgresql_work_side_by_side_and_lose_no_turn(databases: Databases) -> None:
    async with databases.fresh("postgresql", under_way) as url:
        both = [Commune(Database(url)), Commune(Database(url))]
        names = [f"người {number}" for number in range(80)]
        texts = ("/start", "vi", "đồng ý", "Nguyễn Văn An", "1975")
        for text_ in texts:
            await both[0].turns.receive([both[0].update(name, text_) for name in names])
        done = await asyncio.gather(*(_until_nothing_waits(commune) for commune in both))
        assert sum(done) == len(names) * len(texts)
        letters = await both[0].rows(select(outbox.c.address, outbox.c.id).where(outbox.c.address.in_(names)))
        assert len(letters) == len(names) * len(texts)
        steps = await both[0].column(select(conversations.c.session).where(conversations.c.address.in_(names)))
        assert all(b'"step":"village"' in session for session in steps)
        for commune in both:
            await commune.database.close()


async def _until_nothing_waits(commune: Commune) -> int:
    turns = 0
    while await commune.count(inbox, inbox.c.done_at.is_(None)):
        turns += (await commune.turns.run_once()).turns
    return turns


async def test_what_one_instance_holds_the_other_leaves_alone_even_the_conversation(databases: Databases) -> None:
    async with databases.fresh("postgresql", under_way) as url:
        one, other = Commune(Database(url)), Commune(Database(url))
        said = [("Minh", "2"), ("Minh", "3"), ("Lan", "/status")]
        await one.turns.receive([one.update(name, reply) for name, reply in said])
        async with one.database.writing() as connection:
            held = await gathering.claim(connection, 1)
            assert [turn.address for turn in held.turns] == ["Minh"]
            assert [done.turns for done in await other.work()] == [1]
            assert len(await other.read("Lan")) == 1
        assert [done.turns for done in await other.work()] == [1, 1]
        for commune in (one, other):
            await commune.database.close()


async def test_two_heads_on_two_instances_decide_once(databases: Databases) -> None:
    async with databases.fresh("postgresql", under_way) as url:
        both = [Commune(Database(url)), Commune(Database(url))]
        form = await both[0].form("Lan")
        for commune, head in zip(both, ("Trường", "Hạnh"), strict=True):
            await commune.turns.receive([commune.update(head, Pressed(f"c:confirm:{form.id}:{form.version}"))])
        await asyncio.gather(*(_until_nothing_waits(commune) for commune in both))
        assert await both[0].column(ON_FORMS) == ["submit", "confirm"]
        await both[0].undo_no_more()
        assert len(await both[0].read("Lan")) == 1
        for commune in both:
            await commune.database.close()


# Two people after the same thing


async def test_of_two_heads_who_confirm_in_one_batch_one_decides_and_the_other_is_told(commune: Commune) -> None:
    form = await commune.form("Lan")
    press = Pressed(f"c:confirm:{form.id}:{form.version}")
    await commune.together(("Trường", press), ("Hạnh", press))
    assert await commune.column(ON_FORMS) == ["submit", "confirm"]
    assert (await commune.form("Lan")).state == "confirmed"
    await commune.undo_no_more()
    assert len(await commune.read("Lan")) == 1
    assert (await commune.texts("Trường"))[0].startswith(SAYS("✅ Confirmed: {name}.").format(name="Nguyễn Thị Lan"))
    assert (await commune.texts("Hạnh"))[0].startswith(TOO_LATE.format(state=SAYS("confirmed by the branch")))
    assert await commune.tallies() == await commune.recount()


async def test_a_head_who_confirms_while_the_resident_takes_the_form_back_is_told_so(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.together(("Lan", "rút lại"), ("Hạnh", Pressed(f"c:confirm:{form.id}:{form.version}")))
    assert (await commune.form("Lan")).state == "draft"
    assert await commune.column(ON_FORMS) == ["submit", "withdraw"]
    assert (await commune.texts("Hạnh"))[0].startswith(TOO_LATE.format(state=SAYS("being filled in")))
    assert await commune.tallies() == await commune.recount()


async def test_an_invitation_gives_its_role_once_even_to_two_in_one_batch(commune: Commune) -> None:
    code, _expires = await invitations.invite(commune.database, "head", "tk-doai", commune.now)
    for name in ("Tư", "Năm"):
        await commune.say(name, "/start", "vi", "đồng ý", f"/start {code}", f"Đỗ Văn {name}")
        await commune.read(name)
    await commune.together(("Tư", "có"), ("Năm", "có"))
    new = select(people.c.name).join(roles, roles.c.person_id == people.c.id).order_by(roles.c.id)
    assert (await commune.column(new))[3:] == ["Đỗ Văn Tư"]
    used = "This invitation has been used already or has expired. Please ask for a new one."
    assert (await commune.texts("Năm"))[0].startswith(SAYS(used))


# Tallies, and erasing


async def test_tallies_are_a_recount_after_whatever_people_do(commune: Commune) -> None:
    chance = Random(11)
    names = ("Lan", "Minh", "Trường", "Hạnh", "Tư")
    shown: dict[str, list[str]] = {name: [] for name in names}
    await commune.say("Tư", "/start v-tk-doai", "vi", "có", "Đỗ Văn Tư", "1980", "có", "2", "có", "bắt đầu")
    for round_ in range(60):
        for name in names:
            new = [b.payload for one in await commune.read(name) for row in one.buttons for b in row]
            shown[name] = [p for p in new if not p.endswith((":erase", ":explain", ":pause", ":en"))] or shown[name]
        some = chance.sample(names, chance.randint(2, 5))
        await commune.together(*[(name, _something(chance, shown[name])) for name in some])
        if round_ % 10 == 9:
            assert await commune.tallies() == await commune.recount()
            await _assert_totals_are_sums(commune)
    assert set(await commune.column(ON_FORMS)) >= {"submit", "withdraw", "confirm"}
    await verify(commune.database)


def _something(chance: Random, buttons: list[str]) -> str | Pressed:
    if buttons and chance.random() < 0.75:
        return Pressed(chance.choice(buttons))
    return chance.choice(["Buổi học rất bổ ích.", "/review", "/status", "1", "nộp"])


async def _assert_totals_are_sums(commune: Commune) -> None:
    points: dict[int, int] = {}
    for row in await commune.rows(select(answers)):
        points[row.assessment_id] = points.get(row.assessment_id, 0) + row.points
    assert {row.id: row.total for row in await commune.rows(select(assessments))} == {
        form_id: points.get(form_id, 0) for form_id in await commune.column(select(assessments.c.id))
    }


async def test_erasing_somebody_keeps_no_form_and_the_tallies_are_a_recount(commune: Commune) -> None:
    await commune.say("Lan", "rút lại", "sửa 2", "1")
    await commune.say("Lan", "Ảnh lớp học buổi tối")
    await commune.say("Lan", "nộp phiếu")
    form = await commune.form("Lan")
    await commune.deliver()
    traces = ("Nguyễn Thị Lan", "lớp học buổi tối")
    kept = await commune.everything()
    assert [trace in kept for trace in traces] == [True, True]
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    await commune.deliver()
    kept = await commune.everything()
    assert [trace in kept for trace in traces] == [False, False]
    assert await commune.tallies() == await commune.recount()
    for table in (answers, evidence_table):
        assert await commune.count(table, table.c.assessment_id == form.id) == 0
    assert await commune.count(assessments, assessments.c.id == form.id) == 0
    assert await commune.count(trail, trail.c.about == "form", trail.c.about_id.is_not(None)) == 0
    assert await commune.count(people, people.c.id == form.person_id) == 0


async def test_a_branch_head_who_is_erased_leaves_decisions_without_a_name(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.say("Hạnh", "/privacy", "xoá", "xoá hết")
    await commune.deliver()
    assert "Vũ Thị Hạnh" not in await commune.everything()
    acts = [(row.act, row.actor_id) for row in await commune.rows(ON_FORMS.add_columns(trail.c.actor_id))]
    assert acts == [("submit", form.person_id), ("confirm", None)]
    assert (await commune.form("Lan")).state == "confirmed"
    assert await commune.count(roles, roles.c.role == "head") == 1


async def test_what_is_written_while_the_data_is_deleted_is_answered_as_a_strangers(commune: Commune) -> None:
    await commune.say("Minh", "/privacy", "xoá")
    await commune.read("Minh")
    await commune.together(("Minh", "xoá hết"), ("Minh", "/start"))
    texts = await commune.texts("Minh")
    words = "Everything about you has been deleted. If you want to begin anew, type “start”."
    assert texts[0].startswith(SAYS(words))
    assert len(texts) == 2
    assert APOLOGY not in texts


async def test_a_photo_that_somebody_else_sent_too_outlives_the_first_sender(commune: Commune) -> None:
    source = f"sha256:{'ab' * 32}"
    for name in ("Lan", "Minh"):
        await commune.say(name, "rút lại", "sửa 2", "1")
        await commune.together((name, SentFile("photo", "lop.jpg", source)))
    for name, forgotten in (("Lan", ()), ("Minh", (source,))):
        await commune.say(name, "/privacy", "xoá")
        await commune.turns.receive([commune.update(name, "xoá hết")])
        assert [done.files for done in await commune.work()] == [forgotten]


# What cannot be worked through


async def test_an_update_that_no_version_wrote_is_set_aside_with_an_apology(commune: Commune) -> None:
    await commune.turns.receive(
        [commune.update("Minh", "2", "bad"), commune.update("Minh", "3"), commune.update("Lan", "/help")]
    )
    async with commune.database.writing() as connection:
        await connection.execute(update(inbox).where(inbox.c.update_id == "bad").values(body=b'{"type":"dance"}'))
    await commune.work()
    await _assert_only_minh_got_an_apology(commune)
    assert len(await commune.answers("Minh")) == 4


async def test_a_turn_that_the_database_refuses_is_set_aside_and_the_others_go_on(commune: Commune) -> None:
    form = await commune.form("Minh")
    async with commune.database.writing() as connection:
        for statement in _refusing_answers(form.id, is_sqlite=commune.database.is_sqlite):
            await connection.execute(text(statement))
    said = [("Lan", "/help"), ("Minh", "2"), ("Hạnh", "/help"), ("Hoa", "/help"), ("Lan", "/status")]
    await commune.turns.receive([commune.update(name, reply, update_id=reply) for name, reply in said[:2]])
    await commune.turns.receive([commune.update(name, reply) for name, reply in said[2:]])
    await commune.work()
    await _assert_only_minh_got_an_apology(commune)
    assert [len(await commune.read(name)) for name in ("Lan", "Hạnh", "Hoa")] == [2, 1, 1]


def _refusing_answers(form_id: int, *, is_sqlite: bool) -> list[str]:
    if is_sqlite:
        refuse = f"WHEN NEW.assessment_id = {form_id} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        return [f"CREATE TRIGGER refuses BEFORE INSERT ON answers {refuse}"]
    return [f"ALTER TABLE answers ADD CONSTRAINT refuses CHECK (assessment_id <> {form_id}) NOT VALID"]


async def test_a_form_whose_criteria_set_is_unknown_costs_its_own_turn_only(commune: Commune) -> None:
    await commune.say("Lan", "/status")
    await commune.read("Lan")
    async with commune.database.writing() as connection:
        body = (await connection.execute(select(criteria_sets.c.body).limit(1))).scalar_one()
        new = {"set_id": "x", "version": "1", "pin": "unheard-of", "body": body, "imported_at": commune.now}
        await connection.execute(criteria_sets.insert().values(new))
        minh = (await connection.execute(select(people.c.id).where(people.c.name == "Lê Văn Minh"))).scalar_one()
        await connection.execute(update(assessments).where(assessments.c.person_id == minh).values(pin="unheard-of"))
    await commune.together(("Lan", "/help"), ("Minh", "2"), ("Hạnh", "/help"))
    await _assert_only_minh_got_an_apology(commune)
    assert [len(await commune.read(name)) for name in ("Lan", "Hạnh")] == [1, 1]


async def test_a_statement_that_is_wrong_for_good_costs_its_turn_and_no_arrival(commune: Commune) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(text("ALTER TABLE invitations RENAME TO elsewhere"))
    lost = commune.update("Minh", "/start i-" + "A" * 24, "lost")
    others = [commune.update(f"người {number}", "/start") for number in range(200)]
    working = asyncio.create_task(commune.turns.run())
    async with asyncio.timeout(60):
        await asyncio.gather(*(commune.turns.receive([one]) for one in (lost, *others)))
        while await commune.count(inbox, inbox.c.done_at.is_(None)):
            await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.wait([working])
    await _assert_only_minh_got_an_apology(commune)
    assert {len(await commune.read(f"người {number}")) for number in range(200)} == {1}


async def test_a_role_of_a_newer_version_gives_no_rights_and_stops_nobody(commune: Commune) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(update(roles).values(role="association"))
    await commune.together(("Hạnh", "/review"), ("Minh", "2"))
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert len(await commune.answers("Minh")) == 4
    assert "Chỉ chi hội trưởng" in (await commune.texts("Hạnh"))[0]


async def test_evidence_of_a_newer_version_costs_its_own_turn_only(commune: Commune) -> None:
    form = await commune.form("Minh")
    async with commune.database.writing() as connection:
        new = {"assessment_id": form.id, "indicator_id": "x", "kind": "film", "text": "", "source": "", "name": ""}
        conversation = await connection.scalar(select(conversations.c.id).where(conversations.c.address == "Minh"))
        await connection.execute(
            evidence_table.insert().values(new | {"conversation_id": conversation, "at": commune.now})
        )
    await commune.together(("Lan", "/help"), ("Minh", "2"), ("Hạnh", "/help"))
    await _assert_only_minh_got_an_apology(commune)
    assert [len(await commune.read(name)) for name in ("Lan", "Hạnh")] == [1, 1]


async def test_what_a_newer_version_began_inside_a_form_is_left_and_the_form_goes_on(commune: Commune) -> None:
    await commune.say("Minh", "/status")
    await commune.read("Minh")
    frames = (
        b'{"step":"home","talk":{"type":"home"}}',
        b'{"step":"indicator","talk":{"type":"self-assessment","indicator":"study-plan"}}',
        b'{"step":"sing","talk":{"type":"choir"}}',
    )
    async with commune.database.writing() as connection:
        session = b'{"frames":[%s],"asked":9,"mood":"good"}' % b",".join(frames)
        await connection.execute(update(conversations).where(conversations.c.address == "Minh").values(session=session))
    await commune.say("Minh", "?")
    assert "2/10" in (await commune.texts("Minh"))[-1]


async def test_a_session_that_nobody_can_read_leads_home(commune: Commune) -> None:
    async with commune.database.writing() as connection:
        of_minh = update(conversations).where(conversations.c.address == "Minh")
        await connection.execute(of_minh.values(session=b"\x00 no JSON"))
    await commune.together(("Minh", "/status"), ("Lan", "/help"))
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert len(await commune.read("Minh")) == 1


async def _assert_only_minh_got_an_apology(commune: Commune) -> None:
    failed = select(conversations.c.address).join(inbox, inbox.c.conversation_id == conversations.c.id)
    assert await commune.column(failed.where(inbox.c.failed)) == ["Minh"]
    assert await commune.count(inbox, inbox.c.done_at.is_(None)) == 0
    texts = await commune.texts("Minh")
    assert [text_ for text_ in texts if APOLOGY in text_] == texts[:1] == [APOLOGY]


async def test_a_session_with_a_talk_that_is_no_more_leads_home_and_keeps_the_answers(commune: Commune) -> None:
    await commune.say("Minh", "/status")
    old = [b.payload for one in await commune.read("Minh") for row in one.buttons for b in row]
    gone = b'{"frames":[{"step":"home","talk":{"type":"home"}},{"step":"sing","talk":{"type":"choir"}}],"asked":%d}'
    async with commune.database.writing() as connection:
        session = gone % int(old[0].split(":")[1])
        await connection.execute(update(conversations).where(conversations.c.address == "Minh").values(session=session))
    await commune.together(("Minh", Pressed(old[0])), ("Lan", "/help"))
    assert len(await commune.answers("Minh")) == 3
    await commune.say("Minh", "tiếp tục", "2")
    assert len(await commune.answers("Minh")) == 4
    assert await commune.count(inbox, inbox.c.failed) == 0


@pytest.mark.parametrize("id_", ["9" * 19, "9" * 40, "9" * 5000])
async def test_a_number_no_database_can_keep_is_nobodys_form(commune: Commune, id_: str) -> None:
    await commune.together(("Hạnh", Pressed(f"c:confirm:{id_}:{id_}")), ("Minh", "2"))
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert len(await commune.answers("Minh")) == 4


@pytest.mark.parametrize(
    "text_", ["a\0b", "\ud800", "/start i-\ud800", "/start \0", "/start v-\0", "\U0001f642" * 2000]
)
async def test_a_text_that_a_database_cannot_keep_is_answered_kindly(commune: Commune, text_: str) -> None:
    await commune.together(("Minh", text_), ("Lan", "/help"))
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert [len(await commune.read(name)) for name in ("Minh", "Lan")] == [1, 1]


async def test_strange_characters_in_a_caption_and_a_name_are_kept_without_what_hides(commune: Commune) -> None:
    await commune.say("Minh", "sửa 2", "1")
    await commune.together(("Minh", SentFile("photo", "a\0b\ud800.jpg", "file-1", "Lớp\0 học \u202e")))
    rows = await commune.rows(select(evidence_table.c.name, evidence_table.c.text))
    assert [tuple(row) for row in rows] in ([("ab.jpg", "Lớp học")], [])
    assert await commune.count(inbox, inbox.c.failed) == 0


# What is said to nobody


async def test_a_person_who_stopped_the_bot_is_not_written_to_until_they_write_again(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.together(("Lan", Blocked()))
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    assert await commune.read("Lan") == []
    await commune.say("Lan", "/status")
    assert len(await commune.read("Lan")) == 1
    assert (await commune.column(select(conversations.c.blocked_at).where(conversations.c.address == "Lan"))) == [None]


async def test_a_button_that_leads_to_no_message_is_answered_all_the_same(commune: Commune) -> None:
    await commune.turns.receive([commune.update("Minh", "x"), commune.update("Minh", Edited(), callback="press 1")])
    await commune.turns.receive([commune.update("Minh", Pressed("a:0:x"), callback="press 2")])
    await commune.work()
    handles = await commune.column(select(outbox.c.callback).where(outbox.c.callback.is_not(None)))
    assert handles == ["press 1", "press 2"]


async def test_the_look_for_traces_finds_a_name(commune: Commune) -> None:
    assert "Lê Văn Minh" in await commune.everything()
