"""What stands on papers: forms as they are, drafts, who decides, titles that were revoked, official criteria."""

from dataclasses import replace
from datetime import date, time

import msgspec
import pytest

from bot.services import papers
from flows.domain.assessments import Answer
from flows.domain.criteria import Source
from flows.words.localized import Localized
from tests.documents import made_up
from tests.sample import SETS, form

HERE = made_up.setting()
LISTED = made_up.named("Nguyễn Thị Lan")


def officially() -> papers.Setting:
    """Return a setting whose criteria are official."""
    source = Source(document="Quyết định của Hội Khuyến học Việt Nam", number="324/QĐ-KHVN", note=Localized("vi", "en"))
    criteria = msgspec.structs.replace(SETS["farmer"], status="official", provisional=None, source=source)
    return replace(HERE, sets=(criteria,))


# Forms


def test_a_form_says_answers_points_and_evidence() -> None:
    paper = made_up.filled_form()
    lines = [line for part in paper.parts for line in part.lines]
    assert [part.points for part in paper.parts] == ["38/40", "31/40", "20/20"]
    assert (paper.total, lines[0].level, lines[0].points_said) == ("89/100", "Hằng ngày", "10")
    assert lines[0].evidence == "nhờ chi hội làm chứng"
    assert lines[1].evidence == "ảnh\n“Lớp kỹ thuật trồng lúa”"
    assert paper.result.endswith("Kết quả: đủ điều kiện.")
    assert paper.by_another == (
        "Trần Văn Trường; người được làm hộ đã đồng ý (nói trực tiếp, ngày 12 tháng 10 năm 2026, người chứng kiến:"
        " Vũ Thị Hạnh)"
    )


def test_what_the_branch_changed_stands_beside_the_residents_own_answer() -> None:
    whole = form(*[1] * 10, state="confirmed")
    first = whole.criteria.indicators[0]
    changed = Answer(first.levels[1].id, first.levels[1].points, adjusted_from=first.levels[0].id)
    paper = papers.filled_form(
        HERE, msgspec.structs.replace(whole, answers={**whole.answers, first.id: changed}), "Thôn 5"
    )
    assert paper.parts[0].lines[0].level == "Tuần nào cũng có (chi hội điều chỉnh; tự đánh giá: Hằng ngày)"
    assert paper.village == "Thôn 5, xã Thần Khê"


def test_a_form_that_is_not_finished_leaves_room() -> None:
    paper = papers.filled_form(HERE, form(1, 1), "thôn Đông")
    last = paper.parts[-1].lines[-1]
    assert (last.level, last.points_said, paper.total) == ("", "", "20/100")
    assert paper.result.endswith("Kết quả: chưa đủ điều kiện.")


# Provisional and official


def test_official_criteria_are_a_ground_and_need_no_note() -> None:
    decided = papers.decision(officially(), made_up.decided(LISTED))
    assert decided.provisional == ""
    assert "Căn cứ Quyết định của Hội Khuyến học Việt Nam số 324/QĐ-KHVN;" in decided.grounds


def test_one_provisional_set_among_official_ones_is_told() -> None:
    mixed = replace(HERE, sets=(*officially().sets, SETS["pupil"]))
    assert mixed.provisional == "(Bộ tiêu chí còn tạm thời nên kết quả chỉ để tham khảo.)"


# Who decides


def test_a_committee_that_decides_together_signs_with_tm() -> None:
    together = msgspec.structs.replace(made_up.letter(), decided_by="committee")
    paper = papers.decision(made_up.setting(together), made_up.decided(LISTED))
    assert paper.who == "ỦY BAN NHÂN DÂN XÃ THẦN KHÊ"
    assert paper.signature.lines == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")


def test_a_deputy_signs_for_the_chairman() -> None:
    usual = made_up.letter()
    deputy = msgspec.structs.replace(usual, committee=msgspec.structs.replace(usual.committee, signed_by="deputy"))
    paper = papers.certificates(made_up.setting(deputy), made_up.titles(LISTED), "")
    assert paper.office == ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")


def test_a_decision_on_a_draft_of_a_proposal_leaves_its_number_blank_too() -> None:
    decided = made_up.decided(LISTED, draft=True)
    paper = papers.decision(HERE, replace(decided, proposal=replace(decided.proposal, number="", day=None)))
    assert paper.grounds[-1].replace("\u00a0", "") == (
        "Xét đề nghị của Hội Khuyến học xã Thần Khê tại Tờ trình số /TTr-HKH ngày  tháng  năm 2026."
    )


# Titles


def test_a_certificate_leads_to_its_own_page() -> None:
    paper = papers.certificates(HERE, made_up.titles(LISTED), made_up.PAGE)
    (one,) = paper.certificates
    assert (one.number_said, one.address) == ("01", "https://hoc.example.vn/c/k7Qz000000000000000001")
    assert one.decision == "Quyết định số 05/QĐ-UBND ngày 25 tháng 11 năm 2026"


def test_without_a_public_address_a_certificate_has_no_code() -> None:
    (one,) = papers.certificates(HERE, made_up.titles(LISTED), "").certificates
    assert one.address == ""


def test_a_title_that_was_revoked_stays_in_the_register() -> None:
    (given,) = made_up.titles(LISTED)
    revoked = replace(given, revoked_on=date(2026, 12, 9), revoked_why="khai không đúng")
    first, second = papers.register(HERE, (given, revoked)).entries
    assert (first.note, second.note) == ("", "Thu hồi ngày 09 tháng 12 năm 2026: khai không đúng")


# Times


@pytest.mark.parametrize(
    ("day", "at", "said"),
    [
        (date(2026, 11, 14), time(19, 30), "19 giờ 30, ngày 14 tháng 11 năm 2026"),
        (date(2026, 11, 14), None, " giờ , ngày 14 tháng 11 năm 2026"),
        (None, None, " giờ , ngày  tháng  năm "),
    ],
)
def test_when_a_meeting_began_is_said_or_left_blank(day: date | None, at: time | None, said: str) -> None:
    assert papers.moment_said(day, at).replace("\u00a0", "") == said


def test_counts_that_nobody_told_are_left_to_be_written() -> None:
    paper = papers.minutes(
        HERE, "thôn Đông", replace(made_up.meeting(LISTED), present=None, invited=None, votes=None, against=0)
    )
    assert paper.present_said == f"Có mặt: {'.' * 24} người"
    assert paper.votes_said == f"Số người biểu quyết đồng ý: {'.' * 24} người."
