"""How numbers, days, places, offices and lists are written on papers (Decree 30/2020, Appendices I and II)."""

from datetime import date

import pytest

from bot.documents import decree30, letterhead
from bot.documents.decree30 import BLANK, Heading, authority, day_said, grounds, number_said, place_of, recipients
from flows.words.place_names import inside_sentence


@pytest.mark.parametrize(("number", "said"), [(1, "01"), (9, "09"), (10, "10"), (125, "125")])
def test_a_number_below_ten_has_a_zero(number: int, said: str) -> None:
    assert number_said(number) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 1, 5), "ngày 05 tháng 01 năm 2026"),
        (date(2026, 2, 10), "ngày 10 tháng 02 năm 2026"),
        (date(2026, 3, 9), "ngày 09 tháng 3 năm 2026"),
        (date(2026, 11, 25), "ngày 25 tháng 11 năm 2026"),
    ],
)
def test_days_below_ten_and_only_the_first_two_months_have_a_zero(day: date, said: str) -> None:
    assert day_said(day) == said


def test_a_draft_leaves_number_and_day_blank() -> None:
    draft = Heading("ỦY BAN NHÂN DÂN", symbol="QĐ-UBND", place="Thần Khê", year=2026)
    assert draft.number_and_symbol == f"Số: {BLANK}/QĐ-UBND"
    assert draft.place_and_day == f"Thần Khê, ngày {BLANK} tháng {BLANK} năm 2026"


def test_there_is_no_space_round_the_slash_and_the_hyphen() -> None:
    heading = Heading("ỦY BAN NHÂN DÂN", symbol="QĐ-UBND", place="Thần Khê", number="05", day=date(2026, 1, 5))
    assert heading.number_and_symbol == "Số: 05/QĐ-UBND"


@pytest.mark.parametrize(
    ("commune", "place", "inside"),
    [
        ("Xã Thần Khê", "Thần Khê", "xã Thần Khê"),
        ("Phường Trà Lý", "Trà Lý", "phường Trà Lý"),
        ("Xã Lê Quý Đôn", "Xã Lê Quý Đôn", "Xã Lê Quý Đôn"),
        ("Phường 5", "Phường 5", "Phường 5"),
        ("Phường Điện Biên Phủ", "Phường Điện Biên Phủ", "Phường Điện Biên Phủ"),
        ("Đặc khu Cát Hải", "Cát Hải", "đặc khu Cát Hải"),
    ],
)
def test_the_common_noun_is_a_part_of_names_of_people_numbers_and_events(commune: str, place: str, inside: str) -> None:
    assert place_of(commune) == place
    assert inside_sentence(commune) == inside


@pytest.mark.parametrize(
    ("village", "inside"),
    [("Thôn Đông", "thôn Đông"), ("Thôn 5", "Thôn 5"), ("Tổ dân phố số 3", "Tổ dân phố số 3"), ("Khu III", "Khu III")],
)
def test_villages_in_a_sentence(village: str, inside: str) -> None:
    assert inside_sentence(village) == inside


def test_a_chairman_who_decides_alone_signs_without_tm() -> None:
    assert authority("CHỦ TỊCH") == ("CHỦ TỊCH",)
    assert authority("CHỦ TỊCH", by_deputy=True) == ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")


def test_for_a_collective_one_signs_with_tm() -> None:
    assert authority("CHỦ TỊCH", "ỦY BAN NHÂN DÂN") == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    assert authority("CHỦ TỊCH", "ỦY BAN NHÂN DÂN", by_deputy=True) == (
        "TM. ỦY BAN NHÂN DÂN",
        "KT. CHỦ TỊCH",
        "PHÓ CHỦ TỊCH",
    )


def test_grounds_end_with_semicolons_and_the_last_with_a_full_stop() -> None:
    assert grounds("Căn cứ Luật A", "Căn cứ Quyết định B;", " ", "Xét đề nghị của C.") == (
        "Căn cứ Luật A;",
        "Căn cứ Quyết định B;",
        "Xét đề nghị của C.",
    )


def test_recipients_end_with_what_is_kept() -> None:
    assert recipients(("Như Điều 3", "Đảng ủy xã;")) == ("- Như Điều 3;", "- Đảng ủy xã;", "- Lưu: VT.")


def test_every_measure_lies_in_the_range_of_the_decree() -> None:
    for page in (decree30.A4, decree30.A4_ACROSS):
        assert 20 <= page.top <= 25
        assert 20 <= page.bottom <= 25
        assert 30 <= page.left <= 35
        assert 15 <= page.right <= 20
    assert {decree30.NATION.size, decree30.ABOVE.size, decree30.BODY.size} <= {12, 13}
    in_the_text = (
        decree30.MOTTO, decree30.PLACE, decree30.KIND, decree30.SUBJECT, decree30.GROUND, decree30.TEXT,
        decree30.OFFICE, decree30.SIGNER, decree30.TO_WHOM, decree30.APPENDIX_TITLE, decree30.OF_WHAT,
        decree30.PAGE_NUMBER,
    )  # fmt: skip
    assert {look.size for look in in_the_text} <= {13, 14}
    assert (decree30.NUMBER.size, decree30.RECIPIENTS.size, decree30.RECIPIENT.size) == (13, 12, 11)
    assert decree30.APPENDIX.size == 14
    assert decree30.TEXT.first_line in {10, 12.7}
    assert decree30.TEXT.after >= 6
    assert 1 <= decree30.TEXT.line <= 1.5
    assert 1 / 3 <= decree30.SHORT <= 1 / 2


# The letterhead


def test_a_letterhead_that_is_written_is_read_again() -> None:
    usual = letterhead.usual("Phường 5")
    assert letterhead.read(letterhead.written(usual)) == usual
    assert usual.place == "Phường 5"
    assert usual.who_decides == "CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG 5"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'unit = "x', "is not TOML"),
        (b'unit = "x\xff"', "is not in UTF-8"),
        (b'unit = "x"\nplaec = "y"', "unknown field `plaec`"),
        (b'unit = "x"', "missing required field"),
    ],
)
def test_a_letterhead_with_a_fault_is_told_in_one_line(text: bytes, told: str) -> None:
    with pytest.raises(letterhead.LetterheadRefused, match=told) as refused:
        letterhead.read(text)
    assert "\n" not in str(refused.value)


def test_a_collective_decides_with_tm_where_the_commune_says_so() -> None:
    text = letterhead.written(letterhead.usual("Xã Thần Khê")).replace(
        b'decided_by = "chairman"', b'decided_by = "committee"'
    )
    changed = letterhead.read(text)
    assert changed.who_decides == "ỦY BAN NHÂN DÂN XÃ THẦN KHÊ"
    assert changed.decides.signature.lines == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
