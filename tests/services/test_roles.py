"""Roles taken away: powerless from the next message on, and never the last administrator by accident."""

import pytest
from sqlalchemy import select

from bot.services.invitations import invite
from bot.services.roles import RoleRefused, held_in, take_away
from bot.store.core.tables import notices
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
