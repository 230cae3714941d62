"""The catalogues: every sentence in the code, in both languages, with the same placeholders."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message

from bot.catalogues import LANGUAGES, BrokenCatalogue, forms, load, locales, read, untranslated
from flows.questions import BACK, EXPLAIN, Chose, Question, understand
from flows.wording import n_, render
from tests.messages import LEFT_OUT, catalogue_of, extracted

# Where English says something else than its msgid.
ENGLISH_OF_ITS_OWN: frozenset[str] = frozenset()

# A pronoun for equals and younger people: wrong for elders.
TOO_FAMILIAR = re.compile(r"\bbạn\b", re.IGNORECASE)

each_language = pytest.mark.parametrize("language", LANGUAGES)


def sentences(language: str) -> Iterator[Message]:
    """Yield the sentences of a catalogue, without its header."""
    return (message for message in read(locales(), language) if message.id)


def pairs(language: str) -> Iterator[tuple[str, str]]:
    """Yield each translated form beside the English it stands for; the plural where there is one form only."""
    for message in sentences(language):
        english, translated = forms(message.id), forms(message.string)
        yield from zip(english[-len(translated) :], translated, strict=True)


def placeholders(sentence: str) -> set[str]:
    """Return the names of the values in a sentence."""
    return {name for _text, name, _format, _conversion in Formatter().parse(sentence) if name is not None}


@each_language
def test_a_catalogue_has_the_sentences_in_the_code_and_no_others(language: str) -> None:
    in_code = {forms(message.id) for message in extracted() if message.id}
    in_catalogue = {forms(message.id) for message in sentences(language)}
    assert (in_code - in_catalogue, in_catalogue - in_code) == (set(), set()), "run 'make messages'"


@each_language
def test_a_catalogue_is_complete_and_keeps_nothing_doubtful_or_old(language: str) -> None:
    catalogue = read(locales(), language)
    actual = (list(untranslated(catalogue)), list(catalogue.obsolete), [m.id for m in catalogue if m.fuzzy and m.id])
    assert actual == ([], [], [])


@each_language
def test_a_translation_has_the_placeholders_of_its_sentence(language: str) -> None:
    assert [pair for pair in pairs(language) if placeholders(pair[0]) != placeholders(pair[1])] == []


@each_language
def test_a_translation_begins_and_ends_with_the_spaces_of_its_sentence(language: str) -> None:
    def edges(text: str) -> tuple[int, int]:
        return len(text) - len(text.lstrip()), len(text) - len(text.rstrip())

    assert [pair for pair in pairs(language) if edges(pair[0]) != edges(pair[1])] == []


@each_language
def test_letters_and_their_tone_marks_are_one_character(language: str) -> None:
    assert [text for _, text in pairs(language) if not unicodedata.is_normalized("NFC", text)] == []


@each_language
def test_a_catalogue_says_nothing_that_changes_with_every_run(language: str) -> None:
    text = catalogue_of(language).read_text("utf-8")
    assert [field for field in LEFT_OUT if f'"{field}:' in text] == []


def test_english_says_what_the_code_says() -> None:
    assert [pair for pair in pairs("en") if pair[0] != pair[1] and pair[0] not in ENGLISH_OF_ITS_OWN] == []


def test_vietnamese_never_says_a_familiar_you() -> None:
    assert [text for _, text in pairs("vi") if TOO_FAMILIAR.search(text)] == []


def test_a_sentence_that_counts_is_said_in_the_right_form() -> None:
    sentence, plural = "Your form: {count} question is left.", "Your form: {count} questions are left."
    actual = {
        (language, count): render(n_(sentence, plural, count), load()[language])
        for language in LANGUAGES
        for count in (1, 2)
    }
    assert actual == {
        ("vi", 1): "Phiếu còn 1 câu chưa trả lời.",
        ("vi", 2): "Phiếu còn 2 câu chưa trả lời.",
        ("en", 1): "Your form: 1 question is left.",
        ("en", 2): "Your form: 2 questions are left.",
    }


@pytest.mark.parametrize(
    ("typed", "key"),
    [("quay lại", "back"), ("quay lai", "back"), ("back", "back"), ("?", "explain"), ("Giải thích", "explain")],
)
def test_the_words_that_the_help_names_are_understood(typed: str, key: str) -> None:
    question = Question("", moves=(BACK, EXPLAIN))
    assert understand(typed, question, load()) == Chose(key)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('msgid "Back"\nmsgstr ""\n', "Back"),
        ('#, fuzzy\nmsgid "Back"\nmsgstr "Lui"\n', "Back"),
        ('msgid "one"\nmsgid_plural "many"\nmsgstr[0] ""\n', "one"),
        ('msgid "Back"\nmsgstr "Lui"\n', None),
    ],
)
def test_a_sentence_without_words_is_found(tmp_path: Path, entry: str, problem: str | None) -> None:
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "hoctap.po").write_text(
        f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{entry}', "utf-8"
    )
    assert next(untranslated(read(tmp_path, "vi")), None) == problem


def test_a_catalogue_that_is_not_there_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(BrokenCatalogue, match=r"hoctap\.po: not there; run 'make messages'"):
        read(tmp_path, "vi")
