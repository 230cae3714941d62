"""The catalogues: every sentence in the code, in both languages, with the same placeholders."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from bot.catalogues import (
    CATALOGUE,
    DAY_PATTERN,
    OWN_NAME,
    BrokenCatalogue,
    choices,
    forms,
    languages,
    load,
    locales,
    placeholders,
    read,
    untranslated,
)
from flows.conversation.questions import BACK, EXPLAIN, Chose, Question
from flows.conversation.understanding import Understood, understand
from flows.words.wording import _, n_, render
from tests.khmer import dropped_in
from tests.messages import LEFT_OUT, catalogue_of, extracted, written
from tests.sample import heard

# Where English says something else than its msgid.
ENGLISH_OF_ITS_OWN = frozenset({OWN_NAME})
LANGUAGES = languages(locales())

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
    assert [text for _english, text in pairs(language) if not unicodedata.is_normalized("NFC", text)] == []


@each_language
def test_a_catalogue_says_nothing_that_changes_with_every_run(language: str) -> None:
    text = catalogue_of(language).read_text("utf-8")
    assert [field for field in LEFT_OUT if f'"{field}:' in text] == []


def test_english_says_what_the_code_says() -> None:
    assert [pair for pair in pairs("en") if pair[0] != pair[1] and pair[0] not in ENGLISH_OF_ITS_OWN] == []


def test_vietnamese_never_says_a_familiar_you() -> None:
    assert [text for _english, text in pairs("vi") if TOO_FAMILIAR.search(text)] == []


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
    assert heard(typed, question) == Chose(key)


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


# --- Further languages ---


def test_a_language_is_there_as_soon_as_its_catalogue_is(tmp_path: Path) -> None:
    assert list(load(dropped_in(tmp_path / "one"))) == ["vi", "en", "km"]
    dropped_in(tmp_path / "two")
    assert list(load(dropped_in(tmp_path / "two", "bdq"))) == ["vi", "en", "bdq", "km"]


def test_what_a_further_language_does_not_say_is_said_in_vietnamese(tmp_path: Path) -> None:
    sentences = {"Yes": "បាទ", "No": "", "{count} left": "សល់ {count}"}
    found = load(dropped_in(tmp_path, sentences=sentences))
    counted = n_("Saved. {count} question is left.", "Saved. {count} questions are left.", 2)
    day = _("Data kept by hoctap, {day}", day=date(2026, 10, 1))
    assert [render(said, found["km"]) for said in (_("Yes"), _("No"), counted, day)] == [
        "បាទ", *(render(said, found["vi"]) for said in (_("No"), counted, day)),
    ]  # fmt: skip


def test_a_fuzzy_or_half_translated_plural_counts_as_not_translated(tmp_path: Path) -> None:
    folder = dropped_in(tmp_path, sentences={})
    with (folder / "km" / CATALOGUE).open("a", encoding="utf-8") as file:
        file.write('\n#, fuzzy\nmsgid "Back"\nmsgstr "?"\n\n#, fuzzy\nmsgid "Yes"\nmsgstr "?"\n')
        file.write('\nmsgid "Saved. {count} question is left."\nmsgid_plural "Saved. {count} questions are left."\n')
        file.write('msgstr[0] ""\n')
    found = load(folder)
    counted = n_("Saved. {count} question is left.", "Saved. {count} questions are left.", 1)
    for said in (_("Yes"), counted):
        assert render(said, found["km"]) == render(said, found["vi"])


@pytest.mark.parametrize(
    ("tag", "sentences", "name"),
    [
        ("km", {}, "ខ្មែរ"),
        ("km", {OWN_NAME: "ភាសាខ្មែរ"}, "ភាសាខ្មែរ"),
        ("zh-Hans", {}, "中文 (简体)"),
        ("bdq", {OWN_NAME: "Bahnar"}, "Bahnar"),
        ("bdq", {}, "bdq"),
    ],
)
def test_a_language_has_the_name_it_gives_itself(
    tmp_path: Path, tag: str, sentences: dict[str, str], name: str
) -> None:
    assert load(dropped_in(tmp_path, tag, sentences))[tag].name == name


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("ភាសាខ្មែរ", "km"), ("km", "km"), ("khmer", "km"), ("Tiếng Khmer", "km"),
        ("việt", "vi"), ("tieng viet", "vi"), ("VI", "vi"), ("Vietnamese", "vi"),
        ("anh", "en"), ("tiếng anh", "en"), ("english", "en"),
    ],
)  # fmt: skip
def test_a_language_is_chosen_by_what_any_of_them_calls_it(tmp_path: Path, typed: str, key: str) -> None:
    found = load(dropped_in(tmp_path))
    assert understand(typed, Question("", choices(found)), found) == Understood(Chose(key))


@pytest.mark.parametrize("said", ["ឈ្មោះ៖ {nam}", "ឈ្មោះ", "ឈ្មោះ៖ {name", "{name} {name} {0}"])
def test_a_translation_that_could_not_be_filled_in_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(BrokenCatalogue, match=r"locales/km/LC_MESSAGES/hoctap\.po: .* copy them there"):
        load(dropped_in(tmp_path, sentences={"Name: {name}": said}))


def test_a_day_is_written_as_the_catalogue_says(tmp_path: Path) -> None:
    found = load(dropped_in(tmp_path, sentences={DAY_PATTERN: "ថ្ងៃទី d MMMM y"}))
    assert [found[language].day(date(2026, 4, 3)) for language in found] == [
        "03/04/2026", "3 April 2026", "ថ្ងៃទី 3 មេសា 2026",
    ]  # fmt: skip


def test_an_empty_file_becomes_a_catalogue_to_be_translated(tmp_path: Path) -> None:
    catalogue = read(dropped_in(tmp_path, sentences={"Yes": "បាទ"}), "km")
    catalogue.update(extracted(), no_fuzzy_matching=True)
    (tmp_path / "locales" / "km" / CATALOGUE).write_bytes(written(catalogue))
    again = read(tmp_path / "locales", "km")
    assert len(list(untranslated(again))) == len(list(sentences("en"))) - 1
    assert (kept := again.get("Yes")) is not None
    assert kept.string == "បាទ"
    assert render(_("Yes"), load(tmp_path / "locales")["km"]) == "បាទ"


def test_a_catalogue_that_is_not_there_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(BrokenCatalogue, match=r"hoctap\.po: not there; run 'make messages'"):
        read(tmp_path, "vi")


@pytest.mark.parametrize(
    "broken",
    [
        b'msgid "half a sentence',
        b'msgid "\xff"\nmsgstr "x"\n',
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=no-such-letters\\n"\n\nmsgid "x"\nmsgstr "đ"\n'.encode(),
        b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=n/;\\n"\n',
    ],
)
def test_a_catalogue_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path, broken: bytes) -> None:
    folder = dropped_in(tmp_path)
    (folder / "km" / CATALOGUE).write_bytes(broken)
    with pytest.raises(BrokenCatalogue, match=r"km/LC_MESSAGES/hoctap\.po: .*correct"):
        load(folder)
