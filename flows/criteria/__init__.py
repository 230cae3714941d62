"""Criteria sets: official forms as frozen values, read from text and refused when anything in them is off.

Beside this module lie the shipped forms, one TOML file a group; opening the files is the work of the shell. A
set is a quotation: its ids are never used again for something else, and a new decision is a new version.
"""

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args
from unicodedata import is_normalized

import msgspec

from flows import colloquial
from flows.spelling import fold, has_invisible

Group = Literal["farmer", "worker", "official", "pupil", "other"]
Status = Literal["official", "provisional"]
EvidenceRule = Literal["asked", "none"]

GROUPS: tuple[Group, ...] = get_args(Group)
STATUSES: tuple[Status, ...] = get_args(Status)
EVIDENCE_RULES: tuple[EvidenceRule, ...] = get_args(EvidenceRule)

MOST_POINTS = 10
FEWEST_COMPETENCIES = 3
LEVELS_OF_AN_INDICATOR = range(2, 12)

# The longest texts, in characters. Question, explanation, official words and eleven numbered levels together
# stay under 1,900, so that one message holds them on every channel: Zalo takes 2,000.
LONGEST = {
    "label": 40,
    "short": 40,
    "question": 300,
    "explanation": 700,
    "official": 380,
    "evidence_hint": 300,
    "name": 120,
    "title": 60,
    "provisional": 500,
    "document": 300,
    "note": 600,
}
LONGEST_OTHERWISE = 40
OF_SEVERAL_LINES = frozenset({"explanation", "evidence_hint", "provisional", "note"})

# What leads elsewhere when it is typed under a question, folded: no answer may be called so.
NAVIGATION_WORDS = frozenset(
    fold(word) for move in ("back", "explain", "pause") for word in colloquial.MOVES[move].split(";")
) | frozenset(
    {
        "skip",
        "bo qua",
        "next",
        "sua",
        "edit",
        "change",
        "stop",
        "start",
        "help",
        "status",
        "language",
        "privacy",
        "cancel",
    }
)

_ID = re.compile(r"[a-z0-9-]+")
_VERSION = re.compile(r"\d{4}\.[1-9]\d*")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
# What is read as a place in the list of answers, folded: “2”, “số 2”, “thứ hai”, “ý b”.
_NUMBER = re.compile(
    r"((so|cau|muc|y|chon|dap an|thu|so thu tu|number|answer|option) )*"
    r"([0-9 ]+|[a-k]|mot|hai|ba|bon|tu|nam|sau|bay|tam|chin|muoi|nhat|nhi"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|first|second|third|fourth|fifth)"
)

# What people type for “không”, and what says nothing but yes or no, folded.
_NOT = re.compile(rf"\b({'|'.join(dict.fromkeys(fold(colloquial.SHORTENED['không']).split()))})\b")
_SAYS_NO = re.compile(r"\b(khong|chua|chang|no|not|none|never)\b")
_ONLY_YES = frozenset({"co", "co a", "vang", "da", "da co", "u", "dung", "phai", "ok", "oke", "yes", "yeah"})
_ONLY_NO = frozenset({"khong", "chua", "chang", "khong co", "chua co", "da khong", "no", "not", "nope", "not yet"})
_LANGUAGE = re.compile(r"[a-z]{2,3}([_-][A-Za-z0-9]+)*")


class Localized(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, cache_hash=True):
    """A text in Vietnamese, in English, and in `further` languages by their tags."""

    vi: str
    en: str
    further: tuple[tuple[str, str], ...] = ()

    def in_language(self, language: str) -> str:
        """Return the text in a language; Vietnamese, which is always there, for one that it is not in."""
        return self.en if language == "en" else dict(self.further).get(language, self.vi)

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Return the text in every language it is in, with the language's tag."""
        return ("vi", self.vi), ("en", self.en), *self.further


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One answer to an indicator and what it earns. `also` are other words people type for it, in any language.

    Without them it is encoded as before there were any: the pins of sets that are kept stay what they are.
    """

    id: str
    label: Localized
    points: int
    also: tuple[str, ...] = ()


class Indicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One scored line of a form. `official` quotes the document, `short` fits a summary or a button.

    `also` are other words people type to name it, left unset where there are none, for the sake of kept pins.
    """

    id: str
    short: Localized
    also: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    question: Localized
    explanation: Localized
    official: Localized
    evidence: EvidenceRule
    evidence_hint: Localized | None = None
    levels: tuple[Level, ...]

    @property
    def maximum(self) -> int:
        """Return the most points it can earn."""
        return max(level.points for level in self.levels)

    @property
    def other_names(self) -> tuple[str, ...]:
        """Return the other words that name it."""
        return () if self.also is msgspec.UNSET else self.also

    def level(self, level_id: str) -> Level:
        """Return one of its levels. Raises KeyError for an id it does not have."""
        for level in self.levels:
            if level.id == level_id:
                return level
        raise KeyError(level_id)


class Competency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of indicators with its official name."""

    id: str
    name: Localized
    indicators: tuple[Indicator, ...]


class PassRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What earns the title: at least `total` of `maximum` points and no indicator under `floor`."""

    total: int
    floor: int
    maximum: int = 100


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document a set quotes. `date` is a year, month or day, as `2022-07-28`."""

    document: str
    number: str | None = None
    date: str | None = None
    note: Localized


class CriteriaSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True, cache_hash=True):
    """One version of a form. A provisional one says in `provisional` what is not the official text."""

    id: str
    version: str
    group: Group
    status: Status
    provisional: Localized | None = None
    name: Localized
    title: Localized
    source: Source
    pass_rule: PassRule
    competencies: tuple[Competency, ...]

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Return all indicators in the order they are asked."""
        return tuple(indicator for competency in self.competencies for indicator in competency.indicators)

    @cached_property
    def places(self) -> dict[str, int]:
        """Return each indicator's place in the form, from 1, by id."""
        return {indicator.id: place for place, indicator in enumerate(self.indicators, 1)}

    @cached_property
    def maxima(self) -> dict[str, int]:
        """Return the most points of each indicator and of each competency, by id."""
        of_indicators = {indicator.id: indicator.maximum for indicator in self.indicators}
        return of_indicators | {c.id: sum(of_indicators[i.id] for i in c.indicators) for c in self.competencies}

    @cached_property
    def maximum(self) -> int:
        """Return the points of somebody who reaches the top of every indicator."""
        return sum(self.maxima[indicator.id] for indicator in self.indicators)

    @cached_property
    def pin(self) -> str:
        """Return the hash of the content, by which a session holds on to exactly this text."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]

    def indicator(self, indicator_id: str) -> Indicator:
        """Return an indicator. Raises KeyError for an id the set does not have."""
        return self._by_id[indicator_id]

    def level(self, indicator_id: str, level_id: str) -> Level:
        """Return a level of an indicator. Raises KeyError for ids the set does not have."""
        return self._by_id[indicator_id].level(level_id)

    @cached_property
    def _by_id(self) -> dict[str, Indicator]:
        return {indicator.id: indicator for indicator in self.indicators}


# A place inside a set: field names and positions from 0, as in ("competencies", 1, "indicators", 2, "id").
Path: TypeAlias = tuple[str | int, ...]


class BrokenCriteria(ValueError):
    """A criteria set that is refused, in one line: the file, the place in it, what is wrong; the cure."""

    def __init__(self, file: str, where: str, problem: str, cure: str) -> None:
        line = ": ".join(part for part in (file, where, problem) if part) + "; " + cure
        super().__init__("".join(letter if letter.isprintable() else " " for letter in line))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a place of a set, and its cure."""

    path: Path
    problem: str
    cure: str


def read_toml(text: str, place: str) -> CriteriaSet:
    """Return the set written in a TOML text. `place` names the file in what BrokenCriteria says."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenCriteria(place, "", f"this is not TOML: {error}", "correct it there") from None
    return read_plain(plain, place, lambda path: _in_words(path, plain))


def read_plain(plain: Any, file: str, locate: Callable[[Path], str]) -> CriteriaSet:
    """Return the set that plain dicts and lists hold; `locate` says where in the file a path lies."""
    try:
        criteria = msgspec.convert(_with_further_languages(plain), CriteriaSet)
        fault = next(faults(criteria), None)
    except msgspec.ValidationError as error:
        fault = _misfit(str(error))
    if fault is not None:
        raise BrokenCriteria(file, locate(_whole_list(fault.path)), fault.problem, fault.cure)
    return criteria


def _with_further_languages(plain: Any) -> Any:
    """Return plain values with the texts of languages beside Vietnamese and English put into `further`."""
    match plain:
        case {"vi": _, **others}:
            further = {str(tag): text for tag, text in others.items() if tag != "en" and _is_translation(tag, text)}
            kept = {key: value for key, value in plain.items() if key not in further}
            return {**kept, "further": sorted(further.items())} if further else kept
        case dict():
            return {key: _with_further_languages(value) for key, value in plain.items()}
        case list() | tuple():
            return [_with_further_languages(value) for value in plain]
        case _:
            return plain


def _is_translation(tag: object, text: object) -> bool:
    return isinstance(tag, str) and _LANGUAGE.fullmatch(tag) is not None and isinstance(text, str)


def _whole_list(path: Path) -> Path:
    """Return the place of the list `also` for that of a word in it: the words are told apart by being quoted."""
    return path[: path.index("also") + 1] if "also" in path else path


def faults(criteria: CriteriaSet) -> Iterator[Fault]:
    """List what is wrong with a set beyond its types, the plainest first."""
    yield from _text_faults(criteria)
    yield from _id_faults(criteria)
    yield from _identity_faults(criteria)
    yield from _size_faults(criteria)
    for path, indicator in _indicators(criteria):
        yield from _evidence_faults(path, indicator)
        yield from _point_faults(path, indicator)
        yield from _label_faults(path, indicator)
    yield from _short_faults(criteria)
    yield from _pass_rule_faults(criteria)


def _indicators(criteria: CriteriaSet) -> Iterator[tuple[Path, Indicator]]:
    for c, competency in enumerate(criteria.competencies):
        for i, indicator in enumerate(competency.indicators):
            yield ("competencies", c, "indicators", i), indicator


# Texts


def _text_faults(criteria: CriteriaSet) -> Iterator[Fault]:
    for path, field, text in _texts(msgspec.to_builtins(criteria), (), ""):
        if misfit := _text_misfit(text, field):
            yield Fault(path, *misfit)


def _texts(plain: Any, path: Path, field: str) -> Iterator[tuple[Path, str, str]]:
    """Yield every text with its place and the field it is of, in whatever language."""
    match plain:
        case str():
            yield path, field, plain
        case {"vi": vi, "en": en, **others}:
            further: Any = others.get("further", ())
            for language, text in (("vi", vi), ("en", en), *further):
                yield (*path, language), field, text
        case dict():
            for key, value in plain.items():
                yield from _texts(value, (*path, key), key)
        case list() | tuple():
            for position, value in enumerate(plain):
                yield from _texts(value, (*path, position), field)
        case _:
            return


def _text_misfit(text: str, field: str) -> tuple[str, str] | None:
    longest = LONGEST.get(field, LONGEST_OTHERWISE)
    if not text.strip():
        return "is empty", "write the text"
    if field not in OF_SEVERAL_LINES and len(text.splitlines()) > 1:
        return "has more than one line", "write it on one line"
    if hidden := next((letter for letter in text if letter != "\n" and has_invisible(letter)), None):
        return f"has the hidden character U+{ord(hidden):04X}", "delete it or type the text anew"
    if text != text.strip():
        return "begins or ends with a space", "delete it"
    if not is_normalized("NFC", text):
        return "has tone marks typed apart from their letters", "save the file in the Unicode form NFC"
    if field == "also" and ";" in text:
        return f'has a semicolon inside "{text}"', "list the words one by one"
    if len(text) > longest:
        return f"has {len(text)} characters, at most {longest} fit", "shorten it"
    return None


# Names and versions


def _id_faults(criteria: CriteriaSet) -> Iterator[Fault]:
    for path, given in _ids(criteria):
        if not _ID.fullmatch(given):
            yield Fault(path, f'"{given}" is no id', "use small letters a-z, digits and hyphens only")
    yield from _repeated([(path, given) for path, given in _ids(criteria) if len(path) == 3])
    yield from _repeated([((*path, "id"), indicator.id) for path, indicator in _indicators(criteria)])
    for path, indicator in _indicators(criteria):
        levels = enumerate(indicator.levels)
        yield from _repeated([((*path, "levels", n, "id"), level.id) for n, level in levels])


def _ids(criteria: CriteriaSet) -> Iterator[tuple[Path, str]]:
    yield ("id",), criteria.id
    for c, competency in enumerate(criteria.competencies):
        yield ("competencies", c, "id"), competency.id
    for path, indicator in _indicators(criteria):
        yield (*path, "id"), indicator.id
        for n, level in enumerate(indicator.levels):
            yield (*path, "levels", n, "id"), level.id


def _repeated(ids: list[tuple[Path, str]]) -> Iterator[Fault]:
    times = Counter(given for _path, given in ids)
    for path, given in reversed(ids):
        if times[given] > 1:
            yield Fault(path, f'the id "{given}" is there twice', "give one of them another id")


def _identity_faults(criteria: CriteriaSet) -> Iterator[Fault]:
    if not _VERSION.fullmatch(criteria.version):
        cure = 'write year and number, as in "2026.1"'
        yield Fault(("version",), f'"{criteria.version}" is no version', cure)
    if criteria.source.date is not None and not _DATE.fullmatch(criteria.source.date):
        cure = 'write a year, a month or a day, as in "2022-07-28"'
        yield Fault(("source", "date"), f'"{criteria.source.date}" is no date', cure)
    if criteria.status == "provisional" and criteria.provisional is None:
        yield Fault(("provisional",), "is missing", "say what about this set is provisional")
    if criteria.status == "official" and criteria.provisional is not None:
        cure = 'delete it, or set status to "provisional"'
        yield Fault(("provisional",), "an official set has nothing provisional", cure)


# Structure and points


def _size_faults(criteria: CriteriaSet) -> Iterator[Fault]:
    if len(criteria.competencies) < FEWEST_COMPETENCIES:
        cure = f"give at least {FEWEST_COMPETENCIES}"
        yield Fault(("competencies",), f"the number of competencies is {len(criteria.competencies)}", cure)
    for c, competency in enumerate(criteria.competencies):
        if not competency.indicators:
            yield Fault(("competencies", c), "has no indicators", "add one, or delete the competency")
    cure = f"give {min(LEVELS_OF_AN_INDICATOR)} to {max(LEVELS_OF_AN_INDICATOR)}"
    for path, indicator in _indicators(criteria):
        if len(indicator.levels) not in LEVELS_OF_AN_INDICATOR:
            yield Fault((*path, "levels"), f"the number of levels is {len(indicator.levels)}", cure)


def _evidence_faults(path: Path, indicator: Indicator) -> Iterator[Fault]:
    if indicator.evidence == "asked" and indicator.evidence_hint is None:
        cure = 'say what may be sent, or set evidence to "none"'
        yield Fault((*path, "evidence_hint"), "is missing while evidence is asked", cure)
    if indicator.evidence == "none" and indicator.evidence_hint is not None:
        cure = 'delete it, or set evidence to "asked"'
        yield Fault((*path, "evidence_hint"), "is there while no evidence is asked", cure)


def _point_faults(path: Path, indicator: Indicator) -> Iterator[Fault]:
    for n, level in enumerate(indicator.levels):
        place = (*path, "levels", n, "points")
        if not 0 <= level.points <= MOST_POINTS:
            yield Fault(place, f"{level.points} points", f"give 0 to {MOST_POINTS}")
        elif n > 0 and level.points >= indicator.levels[n - 1].points:
            above = indicator.levels[n - 1].points
            cure = "order the levels from most to fewest points, each with its own"
            yield Fault(place, f"{level.points} points after {above}", cure)


def _pass_rule_faults(criteria: CriteriaSet) -> Iterator[Fault]:
    rule, lowest = criteria.pass_rule, min(indicator.maximum for indicator in criteria.indicators)
    if rule.maximum != criteria.maximum:
        problem = f"is {rule.maximum}, but the best answers add up to {criteria.maximum}"
        yield Fault(("pass_rule", "maximum"), problem, "correct it, or the points of the levels")
    if not 0 < rule.total <= rule.maximum:
        yield Fault(("pass_rule", "total"), f"{rule.total} cannot be asked for", f"give 1 to {rule.maximum}")
    if not 0 <= rule.floor <= lowest:
        cure = f"give 0 to {lowest}, what every indicator can earn"
        yield Fault(("pass_rule", "floor"), f"{rule.floor} cannot be asked for", cure)


# Answers as they are typed: without tone marks, in either language


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A way to type a level or an indicator: its label in a language, or another word that is listed for it."""

    path: Path
    number: int
    text: str
    listed: bool = False

    @property
    def typed(self) -> str:
        """Return what counts when it is typed: tone marks dropped, every way to write “không” the same."""
        return _NOT.sub("khong", fold(self.text))


def _label_faults(path: Path, indicator: Indicator) -> Iterator[Fault]:
    spellings = [
        spelling
        for n, level in enumerate(indicator.levels)
        for spelling in _spellings((*path, "levels", n), "label", n + 1, level.label, level.also)
    ]
    yield from _spelling_faults(spellings, "level")
    for n, level in enumerate(indicator.levels):
        yield from _bare_word_faults((*path, "levels", n, "also"), level, lowest=level is indicator.levels[-1])


def _short_faults(criteria: CriteriaSet) -> Iterator[Fault]:
    spellings = [
        spelling
        for n, (path, indicator) in enumerate(_indicators(criteria))
        for spelling in _spellings(path, "short", n + 1, indicator.short, indicator.other_names)
    ]
    yield from _spelling_faults(spellings, "indicator")


def _spellings(path: Path, field: str, number: int, label: Localized, also: tuple[str, ...]) -> Iterator[_Spelling]:
    for language, text in label.texts:
        yield _Spelling((*path, field, language), number, text)
    for word in also:
        yield _Spelling((*path, "also"), number, word, listed=True)


def _spelling_faults(spellings: list[_Spelling], kind: str) -> Iterator[Fault]:
    for spelling in spellings:
        yield from _unusable(spelling)
    yield from _collisions(spellings, kind)
    yield from _beginnings(spellings, kind)


def _unusable(spelling: _Spelling) -> Iterator[Fault]:
    typed = fold(spelling.text)
    if not any(letter.isalpha() for letter in typed):
        yield Fault(spelling.path, f'"{spelling.text}" has no letters to type', "say it in words")
    elif _NUMBER.fullmatch(typed):
        yield Fault(spelling.path, f'typing "{spelling.text}" already means a place in the list', "word it differently")
    elif typed in NAVIGATION_WORDS:
        yield Fault(spelling.path, f'typing "{spelling.text}" already leads elsewhere', "word it differently")


def _collisions(spellings: list[_Spelling], kind: str) -> Iterator[Fault]:
    first: dict[str, _Spelling] = {}
    for spelling in spellings:
        other = first.setdefault(spelling.typed, spelling)
        if other.number != spelling.number:
            alike = fold(other.text) == fold(spelling.text)
            how = "typed without tone marks" if alike else 'every "k", "ko", "0" is read as "không"'
            problem = f'"{spelling.text}" reads like "{other.text}" of {kind} {other.number} when {how}'
            yield Fault(spelling.path, problem, "word one of them differently")


def _beginnings(spellings: list[_Spelling], kind: str) -> Iterator[Fault]:
    """Yield the labels that may as well be half of a longer one, unless they are listed as said alone."""
    labels = [spelling for spelling in spellings if not spelling.listed]
    settled = {spelling.typed for spelling in spellings if spelling.listed}
    for spelling in labels:
        longer = (other for other in labels if other.typed.startswith(f"{spelling.typed} "))
        other = next((other for other in longer if other.number != spelling.number), None)
        if other is not None and spelling.typed not in settled:
            problem = f'"{spelling.text}" begins "{other.text}" of {kind} {other.number}'
            cure = f'word one of them differently, or list "{spelling.text}" as also where it alone is meant'
            yield Fault(spelling.path, problem, cure)


def _bare_word_faults(path: Path, level: Level, *, lowest: bool) -> Iterator[Fault]:
    """Yield each bare yes, which fits any answer, and each bare no above the lowest that does not say no itself."""
    labels = {fold(level.label.vi), fold(level.label.en)}
    for word in level.also:
        typed = _NOT.sub("khong", fold(word))
        if typed in _ONLY_YES and not labels & _ONLY_YES:
            yield Fault(path, f'"{word}" says only yes, to whichever answer', "delete it")
        if typed in _ONLY_NO and not lowest and not any(_SAYS_NO.search(label) for label in labels):
            yield Fault(path, f'"{word}" says only no, but this is not the lowest answer', "list it there or delete it")


# What does not fit the types


_EXPECTED = {
    "int": ("a whole number", "write it in digits, without quotes"),
    "str": ("text", "put it between quotes"),
    "array": ("a list", "write it as in the shipped files"),
    "object": ("a table", "write it as in the shipped files"),
}
_WORDS = {"group": GROUPS, "status": STATUSES, "evidence": EVIDENCE_RULES}
_PART = re.compile(r"\.(\w+)|\[(\d+)\]")


def _misfit(message: str) -> Fault:
    """Turn what msgspec says, as in "Expected `int`, got `str` - at `$.id`", into a fault."""
    problem, _at, place = message.partition(" - at `$")
    path: Path = tuple(name or int(position) for name, position in _PART.findall(place))
    quoted = re.findall(r"`([^`]*)`", problem)
    if problem.startswith("Object missing"):
        return Fault((*path, quoted[0]), "is missing", "add it")
    if problem.startswith("Object contains unknown"):
        return Fault((*path, quoted[0]), "is no field of a criteria set", "delete it or correct its spelling")
    if path and path[-1] in _WORDS:
        allowed = ", ".join(f'"{word}"' for word in _WORDS[str(path[-1])])
        return Fault(path, "has an unknown value", f"write one of {allowed}")
    what, cure = _EXPECTED[quoted[0].removesuffix(" | null")]
    return Fault(path, f"must be {what}", cure)


def _in_words(path: Path, plain: Any) -> str:
    """Say where in a TOML file a path lies, as people count: `competency B, indicator 7, level 3, id`."""
    positions = [part for part in path if isinstance(part, int)]
    parts = []
    if positions:
        parts.append(f"competency {chr(ord('A') + positions[0])}")
    if len(positions) > 1:
        before = sum(len(plain["competencies"][c]["indicators"]) for c in range(positions[0]))
        parts.append(f"indicator {before + positions[1] + 1}")
    if len(positions) > 2:
        parts.append(f"level {positions[2] + 1}")
    last = max((n for n, part in enumerate(path) if isinstance(part, int)), default=-1)
    return ", ".join([*parts, *filter(None, [".".join(map(str, path[last + 1 :]))])])
