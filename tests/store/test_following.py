"""Forms that follow their owner: what is kept of a move, of another group, and of a decision at the same moment."""

from datetime import date

from sqlalchemy import insert, select

from bot.services import rounds
from bot.store.core.tables import answers, assessments, evidence, trail, units
from flows.conversation.replies import Pressed
from tests.commune import Commune

TO_DOAI = ("/privacy", "sửa thông tin", "sửa thôn", "thon doai", "1", "đúng hết", "có đổi")
TO_WORKERS = ("/privacy", "sửa thông tin", "sửa nhóm", "2", "đúng hết", "có đổi")
ANOTHER_NAME = ("/privacy", "sửa thông tin", "sửa tên", "Nguyễn Thị Lân", "đúng hết")


async def unit(commune: Commune, code: str) -> int:
    return int((await commune.column(select(units.c.id).where(units.c.code == code)))[0])


async def round_of_doai(commune: Commune) -> int:
    opens, closes = date(2026, 9, 1), date(2026, 11, 20)
    return await rounds.open_round(
        commune.database, year=2026, name="Đợt thôn", unit_code="tk-doai", opens=opens, closes=closes, now=commune.now
    )


async def test_a_confirmed_form_moves_with_its_owner_and_is_counted_where_it_is(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.say("Lan", *TO_DOAI)
    moved = await commune.form("Lan")
    assert (moved.unit_id, moved.state, moved.version) == (
        await unit(commune, "tk-doai"),
        "submitted",
        form.version + 2,
    )
    assert await commune.tallies() == await commune.recount()
    acts = select(trail.c.act, trail.c.role).where(trail.c.about_id == form.id).order_by("number")
    assert [tuple(row) for row in await commune.rows(acts)][-2:] == [("confirm", "head"), ("change", "resident")]


async def test_a_form_that_nobody_else_has_seen_moves_without_a_word(commune: Commune) -> None:
    await commune.say("Minh", *TO_DOAI[:-1])
    moved = await commune.form("Minh")
    assert (moved.unit_id, moved.state, moved.total > 0) == (await unit(commune, "tk-doai"), "draft", True)
    assert [await commune.texts(name) for name in ("Trường", "Hạnh")] == [[], []]
    assert await commune.tallies() == await commune.recount()


async def test_of_a_form_begun_anew_no_answer_is_left_and_it_is_counted_for_its_new_group(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.say("Lan", *TO_WORKERS)
    anew = await commune.form("Lan")
    assert (anew.id, anew.state, anew.total) == (form.id, "draft", 0)
    assert anew.pin != form.pin
    for table in (answers, evidence):
        assert await commune.count(table, table.c.assessment_id == form.id) == 0
    assert await commune.tallies() == await commune.recount()
    await commune.say("Lan", "làm phiếu", "1")
    assert len(await commune.answers("Lan")) == 1


async def test_what_is_confirmed_at_the_moment_of_a_change_is_asked_again(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.say("Lan", *ANOTHER_NAME)
    confirmed = Pressed(f"c:confirm:{form.id}:{form.version}")
    await commune.together(("Hạnh", confirmed), ("Lan", "có đổi"))
    assert (await commune.form("Lan")).state == "submitted"
    await commune.press("Trường", confirmed.payload)
    assert (await commune.form("Lan")).state == "submitted"
    assert await commune.tallies() == await commune.recount()


async def test_somebody_with_two_forms_of_a_year_from_before_may_still_move(commune: Commune) -> None:
    own_round = await round_of_doai(commune)
    form = await commune.form("Lan")
    second = {**form._mapping, "round_id": own_round, "unit_id": await unit(commune, "tk-doai")}
    del second["id"]
    async with commune.database.writing() as connection:
        await connection.execute(insert(assessments).values(second))
    await commune.say("Lan", *TO_DOAI)
    kept = select(assessments.c.round_id).where(assessments.c.person_id == form.person_id)
    assert sorted(await commune.column(kept)) == sorted([form.round_id, own_round])


async def test_who_moves_to_another_round_of_the_year_takes_the_form_there_and_begins_no_second(
    commune: Commune,
) -> None:
    own_round = await round_of_doai(commune)
    await commune.say("Lan", *TO_DOAI, "làm phiếu")
    owner = (await commune.form("Lan")).person_id
    assert await commune.column(select(assessments.c.round_id).where(assessments.c.person_id == owner)) == [own_round]
    assert await commune.tallies() == await commune.recount()
