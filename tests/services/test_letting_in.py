"""Letting in who never began: two who do so at once, and what is kept of it."""

from datetime import datetime

from sqlalchemy import select

from bot.services.audit import verify
from bot.store.core.tables import assessments, people, trail
from tests.commune import Commune
from tests.sample import ZONE

LATE = datetime(2026, 11, 17, 9, 0, tzinfo=ZONE)


async def hanging(commune: Commune) -> int:
    """Register Tí, who never begins, and go past the closing day. Both heads come to the last question."""
    await commune.say("Tí", "/start v-tk-dong", "vi", "đồng ý", "Đỗ Văn Tí", "1975", "có", "1", "có")
    commune.now = LATE
    for name in ("Trường", "Hạnh"):
        await commune.say(name, "/review", "chưa xong", "cho làm muộn", "tí", f"{name} biết là đi làm xa", "1")
    await commune.deliver()
    return int((await commune.column(select(people.c.id).where(people.c.name == "Đỗ Văn Tí")))[0])


async def test_of_two_who_let_somebody_in_at_once_one_does_and_the_other_hears_of_it(
    commune: Commune,
) -> None:
    person_id = await hanging(commune)
    await commune.together(("Trường", "có"), ("Hạnh", "có"))
    said = {name: "\n".join(await commune.texts(name)) for name in ("Trường", "Hạnh", "Tí")}
    assert "Đã cho Đỗ Văn Tí làm phiếu muộn" in said["Trường"]
    assert "đã được cho làm đến hết ngày 24/11/2026" in said["Hạnh"]
    assert said["Tí"].count("Lý do: Trường biết là đi làm xa") == 1
    assert await commune.count(assessments, assessments.c.person_id == person_id) == 1
    assert await commune.tallies() == await commune.recount()


async def test_the_trail_says_who_let_whom_in_and_why_and_holds(commune: Commune) -> None:
    person_id = await hanging(commune)
    await commune.say("Hạnh", "có")
    form = await commune.form("Tí")
    (entry,) = await commune.rows(select(trail).where(trail.c.act == "let_in"))
    assert (entry.about, entry.about_id, entry.role, entry.owner_id) == ("form", form.id, "head", person_id)
    assert entry.reason == "Hạnh biết là đi làm xa"
    assert (form.state, str(form.open_until)) == ("draft", "2026-11-24")
    await verify(commune.database)


async def test_who_has_moved_away_meanwhile_is_not_let_in_here(commune: Commune) -> None:
    person_id = await hanging(commune)
    await commune.say("Tí", "/privacy", "sửa thông tin", "sửa nơi đăng ký", "thôn Đoài Thần Khê", "1", "có")
    await commune.deliver()
    await commune.say("Hạnh", "có")
    assert "không còn ở nơi mình phụ trách" in "\n".join(await commune.texts("Hạnh"))
    assert await commune.count(assessments, assessments.c.person_id == person_id) == 0
