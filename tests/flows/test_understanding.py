"""Answers as people type them: numbers, words without tone marks, typing mistakes; and what is nobody's answer."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.conversation.questions import (
    BACK,
    EXPLAIN,
    NO,
    PAUSE,
    YES,
    Choice,
    Chose,
    Gave,
    Question,
    Wrote,
    chosen,
    written,
)
from flows.conversation.replies import SentFile
from flows.conversation.understanding import understand
from flows.domain.criteria import CriteriaSet, Indicator
from flows.words.refusals import NotUnderstood
from flows.words.spelling import fold
from tests.sample import CATALOGUES, SETS, heard

MOVES = (BACK, EXPLAIN, PAUSE)
INDICATORS = [indicator for criteria in SETS.values() for indicator in criteria.indicators]
FARMER: CriteriaSet = SETS["farmer"]


def asked(indicator: Indicator) -> Question:
    """Return an indicator's question as the form asks it."""
    levels = tuple(Choice(level.id, level.label) for level in indicator.levels)
    return Question(indicator.question, levels, MOVES, numbered=True)


YES_OR_NO = Question("Có đúng không?", (YES, NO))
FREE = Question("Họ và tên?", free=True, moves=(BACK,))
NUMBERED_FREE = Question("Thôn nào?", (Choice("3", "Thôn Đông"), Choice("4", "Thôn Đoài")), free=True, numbered=True)


def test_every_answer_of_every_form_is_understood_by_its_number_and_its_words_in_both_languages() -> None:
    for indicator in INDICATORS:
        question = asked(indicator)
        for number, level in enumerate(indicator.levels, 1):
            for words in (level.label.vi, level.label.en):
                bare = "".join(c for c in unicodedata.normalize("NFD", words) if not unicodedata.combining(c))
                spellings = (f"{number}", f" {number}. ", f"({number})", words, words.upper(), fold(words), bare)
                assert [heard(typed, question) for typed in spellings] == [Chose(level.id)] * len(spellings), words


@settings(max_examples=150)
@given(st.sampled_from(INDICATORS), st.data())
def test_an_answer_with_a_letter_wrong_is_that_answer_or_none_but_never_another(
    indicator: Indicator, data: st.DataObject
) -> None:
    level = data.draw(st.sampled_from(indicator.levels))
    words = fold(level.label.vi)
    place = data.draw(st.integers(0, len(words) - 1))
    typed = words[:place] + data.draw(st.sampled_from("abcdeghiklmnopqrstuvxy")) + words[place + 1 :]
    assert heard(typed, asked(indicator)) in (Chose(level.id), None)


@given(st.sampled_from(INDICATORS), st.text(max_size=40))
def test_whatever_is_typed_only_a_choice_of_this_question_comes_of_it(indicator: Indicator, typed: str) -> None:
    keys = {choice.key for choice in (*asked(indicator).choices, *MOVES)}
    answer = heard(typed, asked(indicator))
    assert answer is None or (isinstance(answer, Chose) and answer.key in keys)


@pytest.mark.parametrize("typed", ["0", "5", "99", "1000", "-1", "1.5", "1 2", "²"])
def test_a_number_without_an_answer_means_nothing(typed: str) -> None:
    assert heard(typed, Question("?", tuple(Choice(key, key * 6) for key in "abcd"), numbered=True)) is None


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("có", "yes"), ("CO", "yes"), ("vâng ạ", "yes"), ("ok", "yes"), ("u", "yes"), ("Yes!", "yes"), ("1", "yes"),
        ("không", "no"), ("ko", "no"), ("k", "no"), ("kh", "no"), ("0", "no"), ("2", "no"),
    ],
)  # fmt: skip
def test_yes_and_no_are_understood_as_people_write_them(typed: str, key: str) -> None:
    assert heard(typed, YES_OR_NO) == Chose(key)


@pytest.mark.parametrize("typed", ["", "có không", "cò lả", "maybe", "🙂", "..."])
def test_what_could_be_both_or_neither_is_not_guessed(typed: str) -> None:
    assert heard(typed, YES_OR_NO) is None


def test_the_first_words_are_enough_when_only_one_answer_begins_with_them() -> None:
    question = Question("?", (Choice("daily", "Hằng ngày đọc sách"), Choice("weekly", "Hằng tuần đọc sách")))
    assert heard("hằng tuần", question) == Chose("weekly")
    assert [heard(typed, question) for typed in ("hằng", "đọc sách")] == [None, None]


@pytest.mark.parametrize("typed", ["?", " ? "])
def test_a_question_mark_asks_what_is_meant_where_that_can_be_asked(typed: str) -> None:
    assert heard(typed, asked(INDICATORS[0])) == Chose("explain")
    assert heard(typed, YES_OR_NO) is None


def test_free_text_is_taken_as_it_was_typed_unless_it_names_a_button() -> None:
    assert heard(" Nguyễn  Lan ", FREE) == Wrote(" Nguyễn  Lan ")
    assert heard("quay lại", FREE) == Chose("back")
    assert heard("1", FREE) == Wrote("1")


@pytest.mark.parametrize("typed", ["co a", "da a", "dạ a", "um a", "da e", "dạ b ạ", "thưa c", "vang a"])
def test_politeness_and_words_for_people_are_no_letters(typed: str) -> None:
    assert heard(typed, Question("?", tuple(Choice(key, key * 6) for key in "abcde"), numbered=True)) is None


@pytest.mark.parametrize(
    "typed", ["b", "B.", "b ạ", "b nhé", "ý b", "chọn b ạ", "dạ chọn b", "câu b", "tôi chọn b", "là b"]
)
def test_a_letter_said_first_or_chosen_is_that_answer(typed: str) -> None:
    assert heard(typed, Question("?", tuple(Choice(key, key * 6) for key in "abcde"), numbered=True)) == Chose("b")


def test_a_number_names_a_suggestion_only_where_suggestions_are_numbered() -> None:
    assert heard("2", NUMBERED_FREE) == Chose("4")
    assert heard("3", NUMBERED_FREE) == Wrote("3")


def test_what_does_not_fit_a_step_is_not_understood() -> None:
    file = Gave(SentFile("photo", "", "x"))
    assert chosen(Chose("yes")) == "yes"
    assert written(Wrote("Lan")) == "Lan"
    for reader, misfit in ((chosen, Wrote("yes")), (chosen, file), (written, Chose("yes")), (written, file)):
        with pytest.raises(NotUnderstood):
            reader(misfit)


@pytest.mark.parametrize("typed", ["1", "số 1", "thứ nhất", "a"])
def test_what_cannot_be_taken_back_wants_its_own_words_and_no_number(typed: str) -> None:
    question = Question("?", (Choice("confirm", "Xác nhận", final=True), Choice("return", "Trả lại")), numbered=True)
    with pytest.raises(NotUnderstood):
        understand(typed, question, CATALOGUES)
    assert heard("xac nhan", question) == Chose("confirm")


@pytest.mark.parametrize("typed", ["để nghị công nhậm", "đế nghị cong nhậm"])
def test_of_four_words_one_may_have_a_wrong_mark_and_one_a_wrong_letter(typed: str) -> None:
    question = Question("?", (Choice("propose", "Đề nghị công nhận"), Choice("forms", "Xem phiếu")))
    assert heard(typed, question) == Chose("propose")


@pytest.mark.parametrize("typed", ["không đôi khi nóng", "khong doi khi nong"])
def test_a_no_of_two_words_is_not_heard_in_what_only_begins_like_it(typed: str) -> None:
    assert heard(typed, Question("?", (Choice("change", "Đổi"), Choice("keep", "Không đổi")))) is None
