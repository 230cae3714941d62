"""Roles taken away: powerless from the next message on, and never the last administrator by accident."""

import pytest
from sqlalchemy import select

from bot.services.invitations import invite
from bot.services.roles import RoleRefused, held_in, sign_out, take_away
from bot.store.core.tables import conversations, invitations, notices, people, trail
from tests.commune import Commune
from tests.sample import NOW


async def number_of(commune: Commune, name: str) -> int:
    return next(one.id for one in await held_in(commune.database, "tk") if one.name.endswith(name))


async def test_the_roles_of_a_unit_and_all_below_it_are_listed(commune: Commune) -> None:
    listed = [(one.role, one.unit_code) for one in await held_in(commune.database, "tk")]
    assert listed == [("head", "tk-dong"), ("head", "tk-dong"), ("admin", "tk")]
    assert await held_in(commune.database, "tk-doai") == []
    with pytest.raises(RoleRefused, match=r"there is no unit with the code 'none'"):
        await held_in(commune.database, "none")


async def test_whose_role_is_gone_sees_and_decides_nothing_from_the_next_message_on(commune: Commune) -> None:
    await commune.say("Trường", "/review")
    assert "Đang chờ" in (await commune.texts("Trường"))[-1]
    await take_away(commune.database, await number_of(commune, "Trường"), NOW)
    await commune.say("Trường", "1", "/review")
    for text in await commune.texts("Trường"):
        assert text.startswith("Chỉ chi hội trưởng mới xem được phiếu của chi hội.")


async def test_the_last_administrator_stays_unless_that_is_meant(commune: Commune) -> None:
    number = await number_of(commune, "Hoa")
    with pytest.raises(RoleRefused, match=r"nobody else administers tk; invite somebody first"):
        await take_away(commune.database, number, NOW)
    assert await number_of(commune, "Hoa") == number
    await take_away(commune.database, number, NOW, even_last=True)
    with pytest.raises(RoleRefused, match=rf"there is no role with the number {number}"):
        await take_away(commune.database, number, NOW)


async def test_an_author_has_no_say_over_a_notice_to_units_administered_no_more(commune: Commune) -> None:
    code, _expires = await invite(commune.database, "admin", "tk-doai", NOW)
    await commune.say("Hoa", f"/start {code}", "có")
    await commune.say("Hoa", "/notices", "viết thông báo", "việc khác", "Mời bà con họp thôn.", "gửi", "gửi")
    number = (await commune.column(select(notices.c.id)))[0]
    await commune.say("Hoa", "/cancel")
    await take_away(commune.database, await number_of(commune, "Hoa"), NOW, even_last=True)
    await commune.texts("Hoa")
    for verb in ("show", "report", "stop:0"):
        await commune.press("Hoa", f"c:notice:{verb.partition(':')[0]}:{number}:0")
    for text in await commune.texts("Hoa"):
        assert "Mời bà con" not in text
        assert text.startswith("Thông báo này không thuộc")
    await commune.say("Hoa", "/notices")
    assert "Mời bà con" not in "".join(await commune.texts("Hoa"))


SAID_YES = ("vi", "đồng ý", "đúng")
USED = "Lời mời này đã có người dùng hoặc đã hết hạn."


async def test_who_is_signed_out_comes_back_by_the_code_as_who_they_are_and_the_register_has_them_once(
    commune: Commune,
) -> None:
    lan, before = await commune.form("Lan"), await commune.count(people)
    done = await sign_out(commune.database, await number_of(commune, "Trường"), NOW)
    assert (done.role.name, done.chats) == ("Trần Văn Trường", 1)
    await commune.say("Trường", "/review")
    assert "Đang chờ" not in (await commune.texts("Trường"))[-1]
    await commune.say("Trường2", f"/start {done.code}", *SAID_YES, "/review")
    assert "Đang chờ" in (await commune.texts("Trường2"))[-1]
    await commune.press("Trường2", f"c:confirm:{lan.id}:{lan.version}")
    assert (await commune.form("Lan")).state == "confirmed"
    assert await commune.count(people) == before
    assert [one.name for one in await held_in(commune.database, "tk")].count("Trần Văn Trường") == 1
    acts = await commune.column(select(trail.c.act).where(trail.c.about == "role").order_by(trail.c.number.desc()))
    assert acts[:2] == ["come_back", "sign_out"]


async def test_of_two_who_come_back_by_one_code_at_once_one_does(commune: Commune) -> None:
    done = await sign_out(commune.database, await number_of(commune, "Trường"), NOW)
    for name in ("Trường2", "Sơn"):
        await commune.say(name, f"/start {done.code}", "vi", "đồng ý")
    await commune.together(("Trường2", "đúng"), ("Sơn", "đúng"))
    whose = select(conversations.c.address).where(conversations.c.person_id == done.role.person_id)
    assert await commune.column(whose) == ["Trường2"]
    assert (await commune.texts("Sơn"))[-1].startswith(USED)


async def test_a_code_to_come_back_by_ends_with_the_next_one_and_with_the_role(commune: Commune) -> None:
    number = await number_of(commune, "Trường")
    first, second = [await sign_out(commune.database, number, NOW) for _time in range(2)]
    await commune.say("Trường2", f"/start {first.code}")
    assert (await commune.texts("Trường2"))[-1].startswith(USED)
    await commune.say("Trường2", f"/start {second.code}", "vi", "đồng ý")
    await take_away(commune.database, number, NOW)
    await commune.say("Trường2", "đúng")
    assert (await commune.texts("Trường2"))[-1].startswith(USED)
    await commune.say("Sơn", f"/start {second.code}")
    assert (await commune.texts("Sơn"))[-1].startswith(USED)


async def test_what_was_sent_from_a_stolen_phone_invites_nobody(commune: Commune) -> None:
    await commune.say("Trường", "bàn giao nhiệm vụ", "2", "bàn giao")
    handing_over = (await commune.texts("Trường"))[-1].split()[-1]
    code, _expires = await invite(commune.database, "deputy", "tk-dong", NOW)  # sent by somebody else
    await sign_out(commune.database, await number_of(commune, "Trường"), NOW)
    await commune.say("Sơn", f"/start {handing_over}")
    assert (await commune.texts("Sơn"))[-1].startswith(USED)
    await commune.say("Tư", f"/start {code}", "vi", "đồng ý", "Đỗ Văn Tư", "có")
    assert "Đã nhận nhiệm vụ: Chi hội phó" in "".join(await commune.texts("Tư"))
    waiting = select(invitations.c.replaces).where(invitations.c.used_at.is_(None))
    assert None not in await commune.column(waiting)  # what is left lets him in again


async def test_a_chat_that_is_joined_meanwhile_lets_nobody_else_in(commune: Commune) -> None:
    """Whoever is about to come back has become somebody there; the code is left for another chat."""
    done = await sign_out(commune.database, await number_of(commune, "Trường"), NOW)
    await commune.say("Sơn", f"/start {done.code}", "vi", "đồng ý")
    minh = select(conversations.c.person_id).where(conversations.c.address == "Minh").scalar_subquery()
    async with commune.database.writing() as connection:
        await connection.execute(conversations.update().where(conversations.c.address == "Sơn").values(person_id=minh))
    await commune.say("Sơn", "đúng")
    assert "Nơi này đang là của Lê Văn Minh" in (await commune.texts("Sơn"))[-1]
    await commune.say("Trường2", f"/start {done.code}", *SAID_YES, "/review")
    assert "Đang chờ" in (await commune.texts("Trường2"))[-1]


async def test_nobody_is_signed_out_by_a_number_that_is_not_there(commune: Commune) -> None:
    with pytest.raises(RoleRefused, match=r"there is no role with the number 999; see: hoctap admin roles"):
        await sign_out(commune.database, 999, NOW)
