"""Decisions of the committee, the register, and what is left of both when somebody is erased."""

import asyncio

from sqlalchemy import delete, func, select

from bot.services import certificates
from bot.store.core import setup
from bot.store.core.tables import batches, recognitions, roles, titles
from flows.domain.units import Unit
from tests.commune import Commune, commune
from tests.store.test_closings import carry_out, closes, confirms, joins

__all__ = ["commune"]

DECISION = ("/recognise", "ghi quyết định", "05/QĐ-UBND", "hôm nay", "Trần Văn Bảy")


async def proposed(commune: Commune) -> None:
    """Let Lan be proposed to the committee of her commune, where Chủ and Sửu sit."""
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await joins(commune, "Chủ", "Lê Thị Chủ", "committee", "tk")
    await joins(commune, "Sửu", "Mai Văn Sửu", "committee", "tk")
    await confirms(commune, "Trường", "Lan")
    await closes(commune, "Trường")
    await commune.say("Hội", "/commune", "đề nghị công nhận", "đề nghị danh sách này")
    await carry_out(commune)


async def test_who_is_recognised_has_the_next_number_and_a_certificate_with_the_name_of_then(commune: Commune) -> None:
    await proposed(commune)
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    (title,) = await commune.rows(select(titles))
    assert (title.number, title.year, title.name, title.title) == (1, 2026, "Nguyễn Thị Lan", "Công dân học tập")
    found = await certificates.read(commune.database, title.code)
    assert found is not None
    certificate, village = found
    assert (certificate.name, certificate.valid, village) == ("Nguyễn Thị Lan", True, "Thôn Đông, xã Thần Khê")
    assert await certificates.read(commune.database, title.code[:-1] + "~") is None


async def test_of_two_who_record_a_decision_at_once_one_does_and_the_other_is_told(commune: Commune) -> None:
    await proposed(commune)
    for name in ("Chủ", "Sửu"):
        await commune.say(name, *DECISION)
    await commune.deliver()
    await commune.together(("Chủ", "công nhận"), ("Sửu", "công nhận"))
    await carry_out(commune)
    assert await commune.count(titles) == 1
    said = {name: "\n".join(await commune.texts(name)) for name in ("Chủ", "Sửu")}
    assert sorted("Đã công nhận 1 người" in text for text in said.values()) == [False, True]


async def test_carried_out_twice_nobody_is_entered_twice(commune: Commune) -> None:
    await proposed(commune)
    await commune.say("Chủ", *DECISION, "công nhận")
    await asyncio.gather(carry_out(commune), carry_out(commune))
    assert await commune.count(titles) == 1
    assert await commune.count(recognitions) == 1


async def test_nobody_recognises_themselves(commune: Commune) -> None:
    await proposed(commune)
    await joins(commune, "Lan", "Nguyễn Thị Lan", "committee", "tk")
    await commune.say("Lan", *DECISION, "công nhận")
    await carry_out(commune)
    assert await commune.count(titles) == 0
    assert (await commune.form("Lan")).state == "checked"


async def test_who_was_taken_out_of_office_meanwhile_recognises_nobody(commune: Commune) -> None:
    await proposed(commune)
    await commune.say("Chủ", *DECISION, "công nhận")
    async with commune.database.writing() as connection:
        await connection.execute(delete(roles).where(roles.c.role == "committee"))
    await carry_out(commune)
    assert await commune.count(titles) == 0


async def test_the_committee_of_another_commune_sees_nothing_of_it(commune: Commune) -> None:
    await proposed(commune)
    async with commune.database.writing() as connection:
        await setup.save_units(connection, [Unit(0, "mk", "Xã Minh Khai", "commune")], {})
    await joins(commune, "Xa", "Lý Văn Xa", "committee", "mk")
    await commune.deliver()
    await commune.say("Xa", "/recognise")
    assert "Hiện chưa có danh sách nào" in (await commune.texts("Xa"))[-1]


async def test_a_revoked_title_shows_at_once_and_an_erased_one_is_gone(commune: Commune) -> None:
    await proposed(commune)
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    code = await commune.column(select(titles.c.code))
    await commune.say("Chủ", "/register", "lan", "1", "thu hồi", "Kê khai không đúng", "đúng")
    revoked = await certificates.read(commune.database, code[0])
    assert revoked is not None
    assert not revoked[0].valid
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    assert await certificates.read(commune.database, code[0]) is None
    (title,) = await commune.rows(select(titles))
    assert (title.number, title.name, title.assessment_id) == (1, "", None)
    assert await commune.rows(select(func.count()).select_from(batches))


async def test_who_records_another_decision_for_a_list_is_told_of_the_first(commune: Commune) -> None:
    await proposed(commune)
    other = tuple(text.replace("05", "06") for text in DECISION)
    await commune.say("Chủ", *DECISION)
    await commune.say("Sửu", *other)
    await commune.say("Chủ", "công nhận")
    await commune.deliver()
    await commune.say("Sửu", "công nhận", "/recognise")
    told = "\n".join(await commune.texts("Sửu"))
    assert "quyết định số 05/QĐ-UBND ngày 01/10/2026" in told, told
    assert "Người ghi quyết định: Lê Thị Chủ." in told
    assert "Quyết định đang được thực hiện." in told
    await carry_out(commune)
    assert await commune.count(recognitions) == 1
    assert await commune.count(titles) == 1


async def test_of_two_instances_that_decide_on_one_list_one_does_and_the_other_tells_of_it(commune: Commune) -> None:
    await proposed(commune)
    await commune.say("Chủ", *DECISION)
    await commune.say("Sửu", *(text.replace("05", "06") for text in DECISION))
    await commune.deliver()
    await commune.turns.receive([commune.update(name, "công nhận") for name in ("Chủ", "Sửu")])
    instances = [commune.turns, commune.instance(), commune.instance()]
    while any(done.turns for done in await asyncio.gather(*(one.run_once() for one in instances))):
        pass
    await carry_out(commune)
    assert await commune.count(recognitions) == 1
    said = {name: "\n".join(await commune.texts(name)) for name in ("Chủ", "Sửu")}
    assert sorted("Đã công nhận 1 người" in text for text in said.values()) == [False, True]
    assert sorted("Người ghi quyết định:" in text for text in said.values()) == [False, True], said


async def test_home_says_how_many_wait_for_who_decides_on_them(commune: Commune) -> None:
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await joins(commune, "Chủ", "Lê Thị Chủ", "committee", "tk")
    assert "Đang chờ xác nhận: 1 phiếu." in await home(commune, "Trường")
    await confirms(commune, "Trường", "Lan")
    assert "Đang chờ xác nhận" not in await home(commune, "Trường")
    assert "chờ đề nghị" not in await home(commune, "Hội"), "the village is not closed yet"
    await closes(commune, "Trường")
    assert "Các thôn đã chốt còn 1 người chờ đề nghị công nhận." in await home(commune, "Hội")
    assert "Đang chờ quyết định" not in await home(commune, "Chủ")
    await commune.say("Hội", "/commune", "đề nghị công nhận", "đề nghị danh sách này")
    await carry_out(commune)
    assert "chờ đề nghị" not in await home(commune, "Hội")
    assert "Đang chờ quyết định: 1 người." in await home(commune, "Chủ")
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    assert "Đang chờ quyết định" not in await home(commune, "Chủ")


async def home(commune: Commune, name: str) -> str:
    """Return what somebody reads at home."""
    await commune.read(name)
    await commune.say(name, "/cancel")
    return (await commune.texts(name))[-1]
