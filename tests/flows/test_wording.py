"""Wordings, and how texts are spelled on phones."""

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.words.keystrokes import typed_out
from flows.words.localized import Localized
from flows.words.remembering import forget_what_was_typed
from flows.words.spelling import cleaned, composed, fold, has_invisible, storable
from flows.words.wording import Lines, Spoken, Wording, _, contains, is_constant, lines, n_, paragraphs, render
from tests.sample import CATALOGUES

VI, EN = CATALOGUES["vi"], CATALOGUES["en"]
VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđbcghklmnpqrstvx"
vietnamese = st.text(alphabet=VIETNAMESE + VIETNAMESE.upper() + " .,!-", max_size=40)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Hằng ngày", "hang ngay"),
        ("  HẰNG   NGÀY!! ", "hang ngay"),
        ("Đông Đô", "dong do"),
        ("Thôn 3, xã Đan Điền", "thon 3 xa dan dien"),
        ("ﬁ", "fi"),
        ("…", ""),
        ("🙂", ""),
        ("❤️", ""),
        ("1️⃣", "1"),
        ("ភាសាខ្មែរ!", "ភាសាខមែរ"),
        ("ПРИВЕТ, Мир", "привет мир"),
    ],
)
def test_tone_marks_case_and_punctuation_are_dropped(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(vietnamese)
def test_a_text_folds_the_same_with_and_without_marks_in_any_case_composed_or_apart(text: str) -> None:
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    bare = bare.replace("đ", "d").replace("Đ", "D")
    spellings = {text, text.upper(), text.lower(), bare, *(unicodedata.normalize(f, text) for f in ("NFC", "NFD"))}
    assert {fold(spelling) for spelling in spellings} == {fold(text)}


@given(st.text())
def test_folding_leaves_small_letters_digits_and_single_spaces_and_changes_nothing_twice(text: str) -> None:
    folded = fold(text)
    assert all(letter.isalnum() or unicodedata.category(letter) in {"Mn", "Mc"} for letter in folded.replace(" ", ""))
    assert {letter for letter in folded if letter.isascii()} <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert folded == " ".join(folded.split())
    assert fold(folded) == folded


@given(vietnamese)
def test_no_vietnamese_letter_gets_lost_in_folding(text: str) -> None:
    assert len(fold(text).replace(" ", "")) == sum(letter.isalpha() for letter in text)


@given(st.text(st.characters(exclude_categories=[])), st.integers(0, 60))
def test_a_cleaned_text_is_short_storable_and_hides_nothing(text: str, longest: int) -> None:
    clean = cleaned(text, longest)
    assert len(clean) <= longest
    assert storable(clean)
    assert not has_invisible(clean)


@given(st.text(st.characters(exclude_categories=[])))
def test_a_storable_text_has_utf_8_and_no_nul(text: str) -> None:
    try:
        kept = text.encode()
    except UnicodeEncodeError:
        assert not storable(text)
    else:
        assert storable(text) is (b"\0" not in kept)


@given(st.text())
def test_composing_leaves_single_spaces_and_nfc(text: str) -> None:
    assert unicodedata.is_normalized("NFC", composed(text))
    assert composed(composed(text)) == composed(text) == " ".join(composed(text).split())


def test_a_wording_is_said_in_the_readers_language() -> None:
    wording = _("Total: {total}/{maximum} points", total=81, maximum=100)
    assert [render(wording, catalogue) for catalogue in (VI, EN)] == ["Tổng cộng: 81/100 điểm", "Total: 81/100 points"]


def test_counting_chooses_the_form_of_the_sentence_in_english() -> None:
    def left(count: int) -> Wording:
        return n_("Your form: {count} question is left.", "Your form: {count} questions are left.", count)

    assert [render(left(count), EN) for count in (1, 2)] == [
        "Your form: 1 question is left.",
        "Your form: 2 questions are left.",
    ]
    assert "1 " in render(left(1), VI)


def test_wordings_inside_wordings_are_said_in_the_same_language() -> None:
    wording = _("{name}: {points}/{maximum}", name=Localized("Năng lực", "Competency"), points=8, maximum=10)
    assert [render(wording, catalogue) for catalogue in (VI, EN)] == ["Năng lực: 8/10", "Competency: 8/10"]


def test_days_are_written_as_people_write_them() -> None:
    moment = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
    for day in (date(2026, 10, 1), moment):
        wording = _("Data kept by hoctap, {day}", day=day)
        assert render(wording, VI).endswith("01/10/2026")
        assert render(wording, EN) == "Data kept by hoctap, 1 October 2026"


@given(st.text() | st.sampled_from(["{name}", "{0}", "%(name)s", "<b>&_*["]))
def test_what_people_wrote_is_said_as_it_is_even_where_it_looks_like_a_placeholder(text: str) -> None:
    assert render(text, VI) == text
    assert render(_("Reason: {reason}", reason=text), EN) == f"Reason: {text}"


def test_lines_and_paragraphs_leave_out_what_is_not_there() -> None:
    assert render(lines("a", None, "", "b"), VI) == "a\nb"
    assert render(paragraphs("a", None, lines(), "b"), VI) == "a\n\nb"
    assert render(Lines(("1.", "Hằng ngày"), " "), VI) == "1. Hằng ngày"


@pytest.mark.parametrize(
    ("wording", "has_it"),
    [
        (_("Saved."), True),
        (paragraphs("Phiếu", lines(_("Name: {name}", name="Lan"), _("Saved."))), True),
        (lines(_("Reason: {reason}", reason="Saved.")), False),
        (paragraphs(), False),
    ],
)
def test_a_sentence_is_found_in_what_was_put_together(wording: Wording, has_it: bool) -> None:
    assert contains(wording, _("Saved.")) is has_it


def test_a_label_is_named_as_it_would_be_typed_without_the_signs_before_its_words() -> None:
    assert render(Spoken(_("✅ Confirm")), VI) == "Xác nhận"
    assert render(_("Type {words}", words=Spoken("🗑 Bỏ")), VI) == "Type Bỏ"


def test_words_that_are_spoken_are_the_programs_own_where_what_they_say_is() -> None:
    assert is_constant(Spoken(_("Back")))
    assert not is_constant(Spoken("Nguyễn Thị Lan"))


def test_what_people_typed_is_remembered_no_longer_than_wanted_and_reads_the_same() -> None:
    before = fold("Nguyễn Thị Lan")
    forget_what_was_typed()
    assert fold("Nguyễn Thị Lan") == before


@pytest.mark.parametrize(
    ("typed", "read"), [("huong7", "hương"), ("nuoc71", "nước"), ("Truong72", "Trường"), ("thon2", "thòn")]
)
def test_the_keystrokes_of_a_keyboard_with_digits_are_turned_right(typed: str, read: str) -> None:
    assert typed_out(typed) == read
