"""Questions and the ways to answer them: a button, a number, the words with or without tone marks."""

import re
from functools import lru_cache

from msgspec import Struct
from rapidfuzz import fuzz, process

from flows.refusals import NotUnderstood
from flows.replies import SentFile
from flows.spelling import fold
from flows.wording import Catalogue, Catalogues, Wording, _, render

# Typing mistakes are forgiven up to here (0–100), and only when no second choice is as near.
NEAR_ENOUGH = 84
SHORTEST_FORGIVEN = 5

_NUMBER = re.compile(r"^[(\[]?(\d{1,3})[)\].]?$")


class Choice(Struct, frozen=True):
    """One answer. `key` goes into the button; `also` are further words for it, already folded."""

    key: str
    label: Wording
    also: tuple[str, ...] = ()


class Question(Struct, frozen=True):
    """What is asked: choices answer it, moves go elsewhere. `free` takes any text, `files` photos and documents;
    `again` is what is said instead of a long text when it has to be asked once more."""

    text: Wording
    choices: tuple[Choice, ...] = ()
    moves: tuple[Choice, ...] = ()
    free: bool = False
    files: bool = False
    numbered: bool = False
    again: Wording | None = None


class Chose(Struct, frozen=True):
    """A choice or move of the question, by its key."""

    key: str


class Wrote(Struct, frozen=True):
    """Free text."""

    text: str


class Gave(Struct, frozen=True):
    """A photo or document."""

    file: SentFile


Heard = Chose | Wrote | Gave


BACK = Choice("back", _("← Back"), ("back", "quay lai", "tro lai", "lui", "lui lai", "ve truoc", "cau truoc"))
EXPLAIN = Choice("explain", _("? What does this mean"), ("what", "giai thich", "la sao", "nghia la gi", "khong hieu"))
PAUSE = Choice("pause", _("Pause"), ("pause", "tam dung", "de sau", "nghi", "dung lai", "later"))
SKIP = Choice("skip", _("Skip"), ("skip", "bo qua", "khong co", "next"))
YES = Choice(
    "yes", _("Yes"), ("yes", "co", "vang", "da", "dung", "dung roi", "ok", "oke", "y", "u", "dong y", "phai", "vang a")
)
NO = Choice("no", _("No"), ("no", "khong", "ko", "k", "hong", "n", "chua", "khong phai", "sai"))


def chosen(heard: Heard) -> str:
    """Return the key of a choice. Raises NotUnderstood for anything else."""
    if isinstance(heard, Chose):
        return heard.key
    raise NotUnderstood(_("Please choose one of the answers."))


def written(heard: Heard) -> str:
    """Return what was written. Raises NotUnderstood for anything else."""
    if isinstance(heard, Wrote):
        return heard.text
    raise NotUnderstood(_("Please answer with a text message."))


def understand(typed: str, question: Question, catalogues: Catalogues) -> Heard | None:
    """Return what a typed text means as a reply to a question, or None. Both languages are understood always."""
    if typed.strip() == "?" and EXPLAIN in question.moves:
        return Chose(EXPLAIN.key)
    number = _NUMBER.match(typed.strip())
    if number and question.choices and (question.numbered or not question.free):
        position = int(number[1])
        if 1 <= position <= len(question.choices):
            return Chose(question.choices[position - 1].key)
    wanted = fold(typed)
    languages = tuple(catalogues.values())
    for choice in (*question.moves, *question.choices):
        if wanted in _spellings(choice, languages):
            return Chose(choice.key)
    if question.free:
        return Wrote(typed)
    return _nearly(wanted, question, languages)


@lru_cache(maxsize=8192)
def _spellings(choice: Choice, languages: tuple[Catalogue, ...]) -> frozenset[str]:
    return frozenset((*choice.also, *(fold(render(choice.label, catalogue)) for catalogue in languages)))


def _nearly(wanted: str, question: Question, languages: tuple[Catalogue, ...]) -> Chose | None:
    """Take some of a choice's words, or a typing mistake, when only one choice can be meant."""
    if len(wanted) < SHORTEST_FORGIVEN:
        return None
    spellings = {
        spelling: choice.key
        for choice in (*question.moves, *question.choices)
        for spelling in _spellings(choice, languages)
    }
    named = {key for spelling, key in spellings.items() if f" {wanted} " in f" {spelling} "}
    if len(named) == 1:
        return Chose(named.pop())
    near = process.extract(wanted, spellings.keys(), scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH, limit=4)
    keys = {spellings[spelling] for spelling, _score, _position in near}
    return Chose(keys.pop()) if len(keys) == 1 else None
