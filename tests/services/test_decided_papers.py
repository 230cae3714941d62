"""Papers of what was decided in chat: minutes, proposal, decision, register and certificates, read back from docx and
pdf."""

from collections import Counter
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select, update

from bot.services.documents import DocumentRefused, Wanted, make
from bot.store.core.tables import (
    assessments,
    consents,
    conversations,
    criteria_sets,
    people,
    proposals,
    recognitions,
    titles,
    trail,
)
from tests.commune import Commune, commune, fill_in
from tests.documents.made_up import LONG_NAME, ODD_NAMES, ODD_NAMES_PRINTED
from tests.documents.pages import Pdf
from tests.documents.test_docx import text_of
from tests.sample import CATALOGUES, ZONE
from tests.store.test_closings import CLOSE, MEETING, carry_out, confirms, joins

__all__ = ["commune"]

DECISION = ("/recognise", "ghi quyết định", "5/QĐ-UBND", "hôm nay", "Trần Văn Bảy")
PROVISIONAL = "(Bộ tiêu chí còn tạm thời nên kết quả chỉ để tham khảo.)"
PAGE = "https://hoctap.example/c/{code}"


async def paper(commune: Commune, kind: str, unit: str = "tk", **how: Any) -> list[str]:
    """Return the lines of a paper, made as docx."""
    made = await make(commune.database, Wanted(kind, unit, 2026, ".docx", **how), CATALOGUES["vi"], ZONE)
    return text_of(Document(BytesIO(made))).split("\n")


async def as_pdf(commune: Commune, kind: str, unit: str = "tk", **how: Any) -> str:
    """Return what a paper says, made as pdf, on one line."""
    made = await make(commune.database, Wanted(kind, unit, 2026, ".pdf", **how), CATALOGUES["vi"], ZONE)
    return " ".join(Pdf(made).text.split())


async def met(commune: Commune) -> Commune:
    """Let the branch of Thôn Đông confirm Lan, who reaches the title, and Minh, who does not, and meet."""
    await fill_in(commune, "Minh", 7, "4")
    await commune.say("Minh", "nộp phiếu", "nộp phiếu")
    await confirms(commune, "Trường", "Lan")
    await confirms(commune, "Trường", "Minh")
    told = ("nhập", "hôm nay", "19:30 đến 21:05", *MEETING[3:-2], "8 1 1", MEETING[-1])
    await commune.say("Trường", "/meeting", *told, CLOSE)
    return commune


async def proposed(commune: Commune) -> Commune:
    """Let Lan be proposed, too."""
    await met(commune)
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await joins(commune, "Chủ", "Lê Thị Chủ", "committee", "tk")
    await commune.say("Hội", "/commune", "kiểm tra ngẫu nhiên", "1", "quay lại", "đề nghị công nhận")
    await commune.say("Hội", "đề nghị danh sách này")
    await carry_out(commune)
    return commune


async def decided(commune: Commune) -> Commune:
    """Let Lan be recognised, too."""
    await proposed(commune)
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    return commune


async def head_about(commune: Commune, about: str) -> str:
    """Return the head of the trail at the newest entry about a kind of thing, as it stands on paper."""
    of_kind = select(trail.c.number, trail.c.hash).where(trail.c.about == about)
    newest = (await commune.rows(of_kind.order_by(trail.c.number.desc())))[0]
    return f"Mã kiểm tra sổ: {newest.number}-{newest.hash[:12]}"


async def test_minutes_say_what_the_head_entered_and_whom_the_branch_proposes(commune: Commune) -> None:
    said = await paper(await met(commune), "minutes", "tk-dong")
    assert "Thời gian bắt đầu: 19 giờ 30, ngày 01 tháng 10 năm 2026." in said
    assert "Cuộc họp kết thúc vào 21 giờ 05, ngày 01 tháng 10 năm 2026./." in said
    assert "Địa điểm: Nhà văn hóa thôn Đông." in said
    assert "Chủ trì (Chủ tọa): Trần Văn Trường." in said
    assert "Thư ký (người ghi biên bản): Lê Thị Thư." in said
    assert any("Có mặt: 10/12 người được mời" in line for line in said)
    assert any("đồng ý: 8 người; không đồng ý: 1 người; không biểu quyết: 1 người." in line for line in said)
    assert any("2 người đã nộp phiếu, chi hội đã xác nhận 2 phiếu" in line for line in said)
    assert "Nguyễn Thị Lan" in said
    assert any(line.startswith("- Lê Văn Minh: còn thiếu ") for line in said)
    assert PROVISIONAL in said
    assert await head_about(commune, "village") in said


async def test_minutes_keep_their_head_when_the_village_is_closed_in_another_year(commune: Commune) -> None:
    await met(commune)
    before = [line for line in await paper(commune, "minutes", "tk-dong") if "sổ:" in line]
    async with commune.database.writing() as connection:
        later = (await connection.execute(select(trail).where(trail.c.about == "village"))).mappings().one()
        row = {**later, "number": later["number"] + 1000, "at": later["at"] + timedelta(days=365)}
        await connection.execute(trail.insert().values(row))
    assert [line for line in await paper(commune, "minutes", "tk-dong") if "sổ:" in line] == before != []


async def test_who_was_confirmed_after_the_meeting_is_on_the_list_with_a_note_and_not_in_the_minutes(
    commune: Commune,
) -> None:
    await confirms(commune, "Trường", "Lan")
    await commune.say("Trường", "/meeting", *MEETING, CLOSE)
    await joins(commune, "Hội", "Đỗ Văn Hội", "association", "tk")
    await fill_in(commune, "Minh", 7, "1")
    await commune.say("Minh", "nộp phiếu", "nộp phiếu")
    await commune.say("Hội", "/commune", "1", "xem phiếu", "chờ", "1", "cho vào muộn", "Bà con ở xa về", "có")
    await confirms(commune, "Trường", "Minh")
    said = await paper(commune, "list", "tk-dong")
    assert said[said.index("Lê Văn Minh") + 3] == "bổ sung sau họp"
    assert said[said.index("Nguyễn Thị Lan") + 3] == ""
    assert "Lê Văn Minh" not in await paper(commune, "minutes", "tk-dong")


async def test_a_proposal_leaves_number_and_date_blank_and_counts_its_villages(commune: Commune) -> None:
    said = await paper(await proposed(commune), "proposal")
    assert "Số:\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0/TTr-HKH" in [line.replace("Số: ", "Số:") for line in said]
    assert any("kính đề nghị Chủ tịch Ủy ban nhân dân xã Thần Khê xem xét" in line for line in said)
    place = said.index("Thôn Đông")
    assert said[place : place + 4] == ["Thôn Đông", "2", "2", "1"]
    assert "Hội đã kiểm tra ngẫu nhiên 1 phiếu, rút mẫu 1 lần (có ghi vào sổ)." in said
    place = said.index("Nguyễn Thị Lan")
    assert said[place : place + 3] == ["Nguyễn Thị Lan", "thôn Đông", "Công dân học tập"]
    assert "Lê Văn Minh" not in said
    assert said.count(PROVISIONAL) == 2
    assert await head_about(commune, "proposal") in said


async def test_number_and_date_of_a_proposal_stand_on_it_and_on_the_decision(commune: Commune) -> None:
    await proposed(commune)
    (proposal_id,) = await commune.column(select(proposals.c.id))
    await commune.press("Chủ", f"c:proposal_number:{proposal_id}")
    await commune.say("Chủ", "9/TTr-HKH", "hôm nay", "ghi")
    assert await commune.column(select(proposals.c.number)) == [""]
    await commune.press("Hội", f"c:proposal_number:{proposal_id}")
    await commune.say("Hội", "3/TTr-HKH", "hôm nay", "ghi")
    said = await paper(commune, "proposal")
    assert "Số: 03/TTr-HKH" in said
    assert "Thần Khê, ngày 01 tháng 10 năm 2026" in said
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    said = await paper(commune, "decision")
    assert any("tại Tờ trình số 03/TTr-HKH ngày 01 tháng 10 năm 2026." in line for line in said)
    await commune.press("Hội", f"c:proposal_number:{proposal_id}")
    await commune.say("Hội", "4/TTr-HKH")
    assert await commune.column(select(proposals.c.number)) == ["03/TTr-HKH"]


async def test_a_decision_is_a_draft_until_its_number_and_date_are_recorded(commune: Commune) -> None:
    await proposed(commune)
    blank = "\u00a0" * 6
    draft = await paper(commune, "decision")
    assert f"Số: {blank}/QĐ-UBND" in draft
    assert f"Thần Khê, ngày {blank} tháng {blank} năm 2026" in draft
    assert any(line.startswith("Xét đề nghị của Hội Khuyến học xã Thần Khê tại Tờ trình số") for line in draft)
    assert "Trần Văn Bảy" not in draft
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    final = await paper(commune, "decision")
    assert "Số: 05/QĐ-UBND" in final
    assert "Thần Khê, ngày 01 tháng 10 năm 2026" in final
    assert "Trần Văn Bảy" in final
    assert "Điều 1. Công nhận 1 người đạt danh hiệu “Công dân học tập” năm 2026 (có danh sách kèm theo)." in final
    assert "Nguyễn Thị Lan" in final
    assert await head_about(commune, "decision") in final
    assert await paper(commune, "decision", number="05/QĐ-UBND") == final
    with pytest.raises(DocumentRefused, match="there is no decision 06/QĐ-UBND"):
        await paper(commune, "decision", number="06/QĐ-UBND")


async def test_the_register_and_a_certificate_name_number_decision_and_signer(commune: Commune) -> None:
    await decided(commune)
    (title,) = await commune.rows(select(titles))
    entries = await paper(commune, "register")
    place = entries.index("Nguyễn Thị Lan")
    assert entries[place - 1 : place + 5] == [
        "1",
        "Nguyễn Thị Lan",
        "thôn Đông, xã Thần Khê",
        "Công dân học tập, 2026",
        "số 05/QĐ-UBND ngày 01 tháng 10 năm 2026",
        "",
    ]
    for unit in ("tk", "tk-dong"):
        said = await as_pdf(commune, "certificates", unit, page=PAGE)
        for words in (
            "Nguyễn Thị Lan",
            "thôn Đông, xã Thần Khê",
            "“Công dân học tập” năm 2026",
            "Quyết định số 05/QĐ-UBND ngày 01 tháng 10 năm 2026",
            "Vào sổ số: 01",
            "Thần Khê, ngày 01 tháng 10 năm 2026",
            "Trần Văn Bảy",
            PROVISIONAL,
        ):
            assert words in said
    assert title.code not in said  # it is in the QR code only
    with pytest.raises(DocumentRefused, match="nobody in Thôn Đoài has a title"):
        await paper(commune, "certificates", "tk-doai")


async def test_a_title_that_was_revoked_has_no_certificate_and_stays_in_decision_and_register(commune: Commune) -> None:
    await decided(commune)
    await commune.say("Chủ", "/register", "lan", "1", "thu hồi", "Kê khai không đúng", "có")
    said = await paper(commune, "register")
    assert said[said.index("Nguyễn Thị Lan") + 4] == "Thu hồi ngày 01 tháng 10 năm 2026: Kê khai không đúng"
    assert "Nguyễn Thị Lan" in await paper(commune, "decision")
    assert "Nguyễn Thị Lan" not in await paper(commune, "list", "tk-dong")
    with pytest.raises(DocumentRefused, match="has a title of 2026 that holds"):
        await paper(commune, "certificates")


async def test_a_proposal_printed_anew_names_who_was_left_out_of_it_since(commune: Commune) -> None:
    """It was signed with everybody on it; the decision is about those who are left."""
    await proposed(commune)
    before = await paper(commune, "proposal")
    async with commune.database.writing() as connection:  # as the committee leaves them when it decides
        await connection.execute(update(assessments).values(proposal_id=None, state="confirmed"))
    assert await paper(commune, "proposal") == before
    assert "Nguyễn Thị Lan" not in await paper(commune, "decision")


async def test_a_printed_form_says_who_filled_it_in_and_how_that_was_agreed(commune: Commune) -> None:
    lan = await commune.form("Lan")
    chat = (await commune.column(select(conversations.c.id).where(conversations.c.address == "Lan")))[0]
    consent = {"conversation_id": chat, "person_id": lan.person_id, "text_version": "2026.2", "given": True}
    recorded = {"how": "signed", "given_on": date(2026, 9, 30), "witness": "Lò Văn Páo", "at": commune.now}
    async with commune.database.writing() as connection:
        await connection.execute(update(people).where(people.c.id == lan.person_id).values(helper="Trần Văn Tám"))
        await connection.execute(consents.insert().values(**consent, **recorded))
    said = await paper(commune, "filled-form", "tk-dong", about=lan.id)
    assert (
        "Người làm hộ: Trần Văn Tám; người được làm hộ đã đồng ý (ký giấy, ngày 30 tháng 9 năm 2026, người chứng kiến:"
        " Lò Văn Páo)" in said
    )


async def agree(commune: Commune, *names: str) -> None:
    """Let people agree to be named on posted lists."""
    for name in names:
        await commune.say(name, "đồng ý nêu tên", "đồng ý nêu tên")


async def test_a_posted_list_names_who_agreed_and_counts_the_others(commune: Commune) -> None:
    await met(commune)
    async with commune.database.writing() as connection:
        await connection.execute(update(assessments).values(passed=True))
    said = await paper(commune, "posted", "tk-dong")
    assert {"Nguyễn Thị Lan", "Lê Văn Minh"}.isdisjoint(said)
    assert "Từ số 1 đến số 2: 2 người không nêu tên" in said
    assert "Danh sách có 2 người./." in said
    await agree(commune, "Minh")
    said = await paper(commune, "posted", "tk-dong")
    place = said.index("Lê Văn Minh")
    assert said[place - 1 : place + 3] == ["1", "Lê Văn Minh", "thôn Đông", "Công dân học tập"]
    assert "Số 2: 1 người không nêu tên" in said
    assert "Danh sách có 2 người, trong đó 1 người không nêu tên./." in said
    assert "Nguyễn Thị Lan" in await paper(commune, "list", "tk-dong")  # which is not posted


async def test_a_posted_list_says_nothing_of_people_but_name_village_and_title(commune: Commune) -> None:
    await met(commune)
    await agree(commune, "Lan")
    async with commune.database.writing() as connection:
        await connection.execute(update(people).values(helper="Trần Văn Tám"))
    assert "có người làm hộ" in await paper(commune, "list", "tk-dong")
    assert "có người làm hộ" not in await paper(commune, "posted", "tk-dong")


async def test_once_they_are_recognised_the_posted_list_is_of_the_recognised(commune: Commune) -> None:
    await proposed(commune)
    await agree(commune, "Lan")
    assert any("Người được đề nghị công nhận" in line for line in await paper(commune, "posted"))
    await commune.say("Chủ", *DECISION, "công nhận")
    await carry_out(commune)
    for unit in ("tk", "tk-dong"):
        said = await paper(commune, "posted", unit)
        assert "Nguyễn Thị Lan" in said
        assert any(line.startswith("Người được công nhận danh hiệu") for line in said)
    await commune.say("Lan", "rút tên", "không nêu tên")
    said = await paper(commune, "posted")
    assert "Nguyễn Thị Lan" not in said
    assert "Danh sách có 1 người./." in said
    assert "Nguyễn Thị Lan" in await paper(commune, "decision")  # which has to name everybody
    await commune.say("Chủ", "/register", "lan", "1", "thu hồi", "Kê khai không đúng", "có")
    assert "Danh sách có 0 người./." in await paper(commune, "posted")


async def test_certificates_of_two_decisions_name_each_their_own(commune: Commune) -> None:
    await decided(commune)
    await commune.say("Chủ", "/register", "lan", "1", "mở lại", "Sai tên đệm", "có")
    await commune.say("Chủ", "/recognise", "ghi quyết định", "12/QĐ-UBND", "hôm nay", "Mai Văn Sửu", "công nhận")
    await carry_out(commune)
    async with commune.database.writing() as connection:
        await connection.execute(update(titles).values(revoked_at=None))
    assert len(await commune.rows(select(recognitions))) == 2
    said = await as_pdf(commune, "certificates")
    for words in ("số 05/QĐ-UBND", "số 12/QĐ-UBND", "Trần Văn Bảy", "Mai Văn Sửu", "Vào sổ số: 01", "Vào sổ số: 02"):
        assert words in said


async def test_who_was_erased_keeps_a_number_and_no_name(commune: Commune) -> None:
    await decided(commune)
    await commune.say("Lan", "/privacy", "xóa dữ liệu", "xóa hết")
    for kind in ("register", "decision"):
        said = await paper(commune, kind)
        assert "Nguyễn Thị Lan" not in said
        assert "(đã xóa theo yêu cầu)" in said


async def test_official_criteria_of_a_round_take_nothing_from_forms_that_rest_on_provisional_ones(
    commune: Commune,
) -> None:
    """A newer set is in force by now; the forms are pinned to theirs, and say so."""
    await decided(commune)
    async with commune.database.writing() as connection:
        rows = (await connection.execute(select(criteria_sets))).all()
        for row in rows:
            body = row.body.replace(b'"status":"provisional"', b'"status":"official"').replace(b'"2026.1"', b'"2026.9"')
            newer = {"set_id": row.set_id, "version": "2026.9", "pin": f"{row.set_id}@new", "body": body}
            await connection.execute(criteria_sets.insert().values(**newer, imported_at=row.imported_at))
    for kind in ("decision", "proposal", "register"):
        assert PROVISIONAL in await paper(commune, kind)


async def test_a_name_is_text_on_every_paper(commune: Commune) -> None:
    """What a name holds is neither a field nor a formula nor a command, on whatever paper."""
    await decided(commune)
    names = zip((*ODD_NAMES, LONG_NAME), (*ODD_NAMES_PRINTED, LONG_NAME), strict=True)
    for odd, printed in [*list(names)[::2], (LONG_NAME, LONG_NAME)]:
        kept = odd.replace("\x07", "")
        async with commune.database.writing() as connection:
            await connection.execute(update(people).where(people.c.name != "x").values(name=kept, publishes=True))
            await connection.execute(update(titles).values(name=kept))
        for kind in ("minutes", "list", "posted", "proposal", "decision", "register", "certificates"):
            unit = "tk-dong" if kind in {"minutes", "list", "posted"} else "tk"
            assert " ".join(printed.split()) in " ".join(" ".join(await paper(commune, kind, unit)).split()), kind
            # In print a name goes over several lines of its cell, with those of other cells between them.
            said = await as_pdf(commune, kind, unit)
            assert Counter("".join(printed.split())) <= Counter(said), kind
            assert "panicked" not in said
