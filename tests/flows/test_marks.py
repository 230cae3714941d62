"""Strong and slanted words: what administrators type, and what their readers see."""

import time
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.conversation.messages import Message, rendered
from flows.words.marks import Mark, MarkKind, read_marks, write_marks
from tests.sample import CATALOGUES

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđbcghklmnpqrstvx"
SIGNS: dict[str, MarkKind] = {"*": "strong", "_": "slanted"}

vietnamese_words = st.text(alphabet=VIETNAMESE + VIETNAMESE.upper(), min_size=1, max_size=8)
emoji = st.sampled_from(["🎉", "👩‍🌾", "🇻🇳", "❤️", "1️⃣", "*️⃣"])
# What people put beside each other in a notice, and what they meant only half.
scraps = st.sampled_from(
    ["*", "_", "**", "_ ", " *", "\n", " ", ",", "(", ")", "/", "@", "2*3", "tep_1", "https://x.vn/_a_"]
)
rough = st.lists(st.one_of(scraps, emoji, vietnamese_words, st.text(max_size=3)), max_size=30).map("".join)


def stretches(typed: str) -> list[tuple[MarkKind, str]]:
    plain, marks = read_marks(typed)
    return [(mark.kind, plain[mark.start : mark.start + mark.length]) for mark in marks]


@pytest.mark.parametrize(
    ("typed", "plain", "expected"),
    [
        ("*Thứ Bảy* lúc _8 giờ_", "Thứ Bảy lúc 8 giờ", [("strong", "Thứ Bảy"), ("slanted", "8 giờ")]),
        ("*Kính mời!*", "Kính mời!", [("strong", "Kính mời!")]),
        ("Xin nhớ: *mang thẻ*.", "Xin nhớ: mang thẻ.", [("strong", "mang thẻ")]),
        ("(*bắt buộc*)", "(bắt buộc)", [("strong", "bắt buộc")]),
        ("“*Học*”, “_tập_”", "“Học”, “tập”", [("strong", "Học"), ("slanted", "tập")]),
        ("-*Giờ*: 8h", "-Giờ: 8h", [("strong", "Giờ")]),
        ("* *Giờ*: 8h", "* Giờ: 8h", [("strong", "Giờ")]),
        ("*một*\n_hai_", "một\nhai", [("strong", "một"), ("slanted", "hai")]),
        ("*2*3 = 6*", "2*3 = 6", [("strong", "2*3 = 6")]),
        ("_tep_1 va tep_2_", "tep_1 va tep_2", [("slanted", "tep_1 va tep_2")]),
        ("*mẫu ten_tep.pdf*", "mẫu ten_tep.pdf", [("strong", "mẫu ten_tep.pdf")]),
        ("*_cả hai_*", "cả hai", [("strong", "cả hai"), ("slanted", "cả hai")]),
        ("_*cả hai*_", "cả hai", [("slanted", "cả hai"), ("strong", "cả hai")]),
        ("*đậm và _cả hai_*", "đậm và cả hai", [("strong", "đậm và cả hai"), ("slanted", "cả hai")]),
        ("🎉*Hội*🎉", "🎉Hội🎉", [("strong", "Hội")]),
        ("*👩‍🌾 nhà nông ❤️*", "👩‍🌾 nhà nông ❤️", [("strong", "👩‍🌾 nhà nông ❤️")]),
        ("*🎉*", "🎉", [("strong", "🎉")]),
        ("*Xem https://x.vn/lich_hop/*", "Xem https://x.vn/lich_hop/", [("strong", "Xem https://x.vn/lich_hop/")]),
        ("https://x.vn/_a_ *đậm*", "https://x.vn/_a_ đậm", [("strong", "đậm")]),
    ],
)
def test_what_stands_between_signs_is_set_apart(typed: str, plain: str, expected: list[tuple[MarkKind, str]]) -> None:
    assert (read_marks(typed)[0], stretches(typed)) == (plain, expected)


@pytest.mark.parametrize(
    "typed",
    [
        "2*3*4 = 24",
        "2 * 3 * 4 = 24",
        "ten_tep_nay.pdf",
        "* một\n* hai",
        "*một\nhai*",
        "*không khép",
        "không mở*",
        "* có dấu cách*",
        "*có dấu cách *",
        "**hai dấu**",
        "***",
        "______",
        "_ _",
        "Sinh ngày __/__/____, ký ngày _/_/2026",
        "Miễn phí (*) cho hội viên\n(*) trong năm 2026, xem (*)",
        "Miễn phí* cho hội viên (*trong năm 2026)",
        "Bấm *101# hoặc *098#",
        "tệp *.docx hoặc *.xlsx",
        "vui quá *_*",
        "Bấm *️⃣ rồi bấm *️⃣ nữa",
        "https://x.vn/_lich_/*moi*?a=_b_&c=*d*",
        "hoctap.example/_lich_/ và mai_lan_@x.vn, @_lan_",
        "*đậm_ lẫn *nghiêng_",
        unicodedata.normalize("NFD", "chợ*Đông*"),
        unicodedata.normalize("NFD", "*ở*à"),
    ],
)
def test_signs_that_people_mean_as_they_are_stay(typed: str) -> None:
    assert read_marks(typed) == (typed, ())


@given(st.text().filter(lambda text: not set(text) & set(SIGNS)))
def test_a_text_without_signs_stays_as_it_is(text: str) -> None:
    assert read_marks(text) == (text, ())


@given(rough)
def test_no_letter_and_no_sign_is_lost(typed: str) -> None:
    assert write_marks(*read_marks(typed)) == typed


@given(rough)
def test_a_mark_lies_inside_the_text_on_one_line_around_words(typed: str) -> None:
    plain, marks = read_marks(typed)
    for mark in marks:
        words = plain[mark.start : mark.start + mark.length]
        assert 0 <= mark.start < mark.start + mark.length <= len(plain)
        assert len(words) == mark.length
        assert words == words.strip()
        assert "\n" not in words


@given(rough)
def test_marks_stand_beside_or_within_each_other_in_order(typed: str) -> None:
    _plain, marks = read_marks(typed)
    spans = [(mark.start, mark.start + mark.length) for mark in marks]
    assert spans == sorted(spans, key=lambda span: (span[0], -span[1]))
    for number, (start, end) in enumerate(spans):
        assert all(later >= end or until <= end for later, until in spans[number + 1 :]), (start, end)


@given(
    st.lists(st.tuples(st.sampled_from(["", *SIGNS]), vietnamese_words), min_size=1), st.sampled_from(["NFC", "NFD"])
)
def test_every_word_may_be_set_apart_however_its_tone_marks_are_typed(
    words: list[tuple[str, str]], form: Literal["NFC", "NFD"]
) -> None:
    typed = unicodedata.normalize(form, " ".join(f"{sign}{word}{sign}" for sign, word in words))
    assert stretches(typed) == [(SIGNS[sign], unicodedata.normalize(form, word)) for sign, word in words if sign]
    assert read_marks(typed)[0] == unicodedata.normalize(form, " ".join(word for _sign, word in words))


@given(st.text(alphabet="ab *_\n/", max_size=12))
def test_every_short_text_keeps_its_letters(typed: str) -> None:
    plain, marks = read_marks(typed)
    assert len(plain) + 2 * len(marks) == len(typed)
    assert write_marks(plain, marks) == typed


@pytest.mark.parametrize("scrap", ["*a ", "_a", "*a*a ", "*_", " *a_", "*", "* ", "a*", "https://_", "(*", "*a*b_c_d "])
def test_half_meant_signs_cost_no_time(scrap: str) -> None:
    begun = time.process_time()
    read_marks(scrap * (20_000 // len(scrap)))
    assert time.process_time() - begun < 0.5


def test_only_a_formatted_message_has_marks() -> None:
    typed, vietnamese = "*Xã Tân An* mời họp", CATALOGUES["vi"]
    plain, formatted = (rendered(Message(typed, formatted=chosen), vietnamese) for chosen in (False, True))
    assert (plain.text, plain.marks) == (typed, ())
    assert (formatted.text, formatted.marks) == ("Xã Tân An mời họp", (Mark("strong", 0, 9),))
