"""What people type, in thousands of phrases; and `hoctap bench words`, by which a place runs a list of its own."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.commands import bench_words, typed_places
from bot.commands.bench_words import BrokenList, TypedPhrase, judged, made, measure, phrase_of, read_list, said, written
from bot.main import app
from flows.conversation.events import Consented
from flows.conversation.questions import Choice
from flows.conversation.replies import Typed
from flows.conversation.understanding import gist, negations, phrase, spelt_out
from flows.forms.records import Acted
from flows.notices.records import NoticeActed, NoticeSaved
from flows.privacy.records import Erased
from flows.roles.records import InvitationUsed
from flows.words.spelling import fold, unmarked
from flows.words.wording import render
from tests.sample import CATALOGUES

PLACES = [*typed_places.places()]
CHOICES = [(where, choice) for where in PLACES for choice in bench_words._choices(where).values()]
FINAL = [(where, choice) for where, choice in CHOICES if choice.final]
DENIALS = (
    "không", "khong", "ko", "k", "kh", "hok", "hông", "0", "đừng", "dung", "chưa", "chua", "thôi", "chẳng", "khỏi",
    "no", "not", "don't", "never",
)  # fmt: skip
AROUND = ("", " ạ", " a", " nhé", " nha", " với", " đi", " đâu", " đâu ạ", " rồi", "!", ".")
BEFORE = ("", "dạ ", "tôi ", "thưa ", "em ", "xin ")
LANGUAGES = [*CATALOGUES.values()]


def test_what_is_typed_by_hand_is_understood_and_never_as_its_opposite() -> None:
    figures, missed = measure(written())
    lines = "\n".join(map(bench_words.line_of, missed))
    assert figures.phrases >= 800
    assert figures.opposites == 0, lines
    assert figures.share >= 0.95, lines


def test_every_button_is_understood_by_its_words_and_never_by_their_denial() -> None:
    _figures, missed = measure(made())
    assert list(map(bench_words.line_of, missed)) == []


def test_every_step_of_every_talk_is_a_place_where_somebody_types() -> None:
    assert typed_places.steps_without_place() == []


@settings(max_examples=400, derandomize=True)
@given(
    st.sampled_from(CHOICES), st.sampled_from(BEFORE), st.sampled_from(DENIALS), st.sampled_from(AROUND),
    st.sampled_from(LANGUAGES), st.booleans(),
)  # fmt: skip
def test_a_choice_denied_is_never_chosen(
    choice: tuple[str, Choice], before: str, denial: str, after: str, language: object, bare: bool
) -> None:
    where, denied = choice
    catalogue = next(known for known in LANGUAGES if known is language)
    words = [render(denied.label, catalogue), *denied.also]
    for said_ in words:
        if negations(phrase(said_)) or not phrase(said_):
            continue
        typed = f"{before}{denial} {said_}{after}"
        listed = {fold(" ".join(gist(phrase(word)))) for word in denied.also}
        if fold(" ".join(spelt_out(phrase(denial)))) in listed:
            continue  # a choice that is called “thôi” itself
        readings = (phrase(typed), spelt_out(phrase(typed)))
        if {fold(typed), *(fold(" ".join(gist(reading))) for reading in readings)} & (
            listed | {fold(word) for word in denied.also}
        ):
            continue  # listed as it is: “thôi để sau”, and “dung roi” without marks is “đúng rồi”
        result = judged(TypedPhrase(where, unmarked(typed) if bare else typed, f"!{denied.key}"))
        assert result.verdict != "opposite", bench_words.line_of(result)


@settings(max_examples=400, derandomize=True)
@given(st.sampled_from(FINAL), st.data())
def test_nothing_but_its_own_words_does_what_cannot_be_taken_back(
    choice: tuple[str, Choice], data: st.DataObject
) -> None:
    where, final = choice
    words = data.draw(st.sampled_from([" ".join(phrase_of(final.label)), *final.also]))
    place = data.draw(st.integers(0, len(words)))
    cut = data.draw(st.integers(0, 1))
    typed = words[:place] + data.draw(st.text("abcdeghiklmnopqrstuvxyđ 12?", max_size=2)) + words[place + cut :]
    own = {fold(render(final.label, catalogue)) for catalogue in LANGUAGES} | {fold(word) for word in final.also}
    own |= {fold(" ".join(gist(phrase(word)))) for word in own}
    own |= {fold(" ".join(spelt_out(phrase(word)))) for word in own}  # “3” may be “ba”
    result = judged(TypedPhrase(where, typed, f"!{final.key}"))
    if result.verdict == "opposite":
        meant = {fold(" ".join(spelt_out(phrase(typed))))} | {fold(" ".join(gist(spelt_out(phrase(typed)))))}
        assert "?" not in typed
        assert meant & own or any(f"{yes} {word}" in meant for yes in ("co", "ok", "u") for word in own), typed


ACTS = (Acted, Consented, Erased, InvitationUsed, NoticeActed, NoticeSaved)
WORDS = ("không", "đồng ý", "nộp", "xóa", "hết", "có", "dung", "xác nhận", "gửi", "rút", "nhận", "1", "2", "?", "đúng")
RUBBISH = st.text(max_size=30) | st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
SMALL_TALK = frozenset("da a oi nhe roi di la co ok u duoc dung vang".split())  # noqa: SIM905


@settings(max_examples=300, derandomize=True)
@given(st.sampled_from(sorted({where for where, _choice in FINAL})), RUBBISH)
def test_no_rubbish_does_anything_for_good(where: str, typed: str) -> None:
    done = [record for record in said(where, Typed(typed)).records if isinstance(record, ACTS)]
    if [record for record in done if not (isinstance(record, Consented) and not record.given)]:
        labels = (render(choice.label, language) for _key, choice in _answers(where) for language in LANGUAGES)
        known = {word for text in (*labels, *_others(where)) for word in fold(text).split()}
        assert set(fold(typed).split()) <= known | SMALL_TALK
        assert "?" not in typed


def _answers(where: str) -> list[tuple[str, Choice]]:
    return [*bench_words._choices(where).items()]


def _others(where: str) -> list[str]:
    return [word for _key, choice in _answers(where) for word in choice.also]


# The command


def test_a_list_of_ones_own_is_run_and_told_as_json(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text(
        "# somebody in a hurry\n\nregistration.consent\tđồng ý ạ\tagree\nregistration.consent\tđừng\t!agree\n"
        "registration.name\ttôi tên là nguyễn thị lan\t=Nguyễn Thị Lan\nregistration.consent\tblah\tagree\n",
        "utf-8",
    )
    result = CliRunner().invoke(app, ["bench", "words", str(file), "--json"])
    figures = json.loads(result.output)
    assert list(figures) == ["phrases", "understood", "share", "opposites", "wrong", "us_per_phrase"]
    assert {name: figures[name] for name in ("phrases", "understood", "share", "opposites", "wrong")} == {
        "phrases": 4, "understood": 3, "share": 0.75, "opposites": 0, "wrong": 0,
    }  # fmt: skip
    shown = CliRunner().invoke(app, ["bench", "words", str(file), "--show"])
    assert "registration.consent: 'blah' is agree, came to ?  (words.tsv:6)" in shown.output


@pytest.mark.parametrize(
    ("line", "said_of_it"),
    [
        ("registration.consent\tok", "words.tsv:1: has 2 columns"),
        ("registration.nowhere\tok\tagree", "there is no place"),
        ("registration.consent\tok\tconfirm", 'has no answer "confirm"; one of: agree, refuse'),
        ("home.home nobody\tok\t?", "has no such variant"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_cure(tmp_path: Path, line: str, said_of_it: str) -> None:
    file = tmp_path / "words.tsv"
    file.write_text(line, "utf-8")
    with pytest.raises(BrokenList, match=r"words\.tsv"):
        read_list(file)
    result = CliRunner().invoke(app, ["bench", "words", str(file)])
    assert result.exit_code == 2
    assert said_of_it in result.output


def test_the_places_are_listed_with_their_answers() -> None:
    result = CliRunner().invoke(app, ["bench", "words", "--places"])
    assert "registration.consent\tagree (Đồng ý), refuse" in result.output
