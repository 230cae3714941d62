"""What the bot says, before it has a language: a msgid with its parameters, rendered per reader."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from flows.words.localized import Localized

# The language that says everything: of whoever has not chosen one, and of what another does not say.
DEFAULT_LANGUAGE = "vi"


class Text(Struct, frozen=True, cache_hash=True):
    """A sentence of the catalogue with its parameters by name; `plural` and `count` choose its form in English."""

    msgid: str
    params: tuple[tuple[str, Any], ...] = ()
    plural: str | None = None
    count: int = 1


class Named(Struct, frozen=True):
    """Somebody's name as a parameter of a sentence: it tells whom the sentence is about."""

    person_id: int
    name: str


class Lines(Struct, frozen=True, cache_hash=True):
    """Wordings put together with a separator, empty ones left out."""

    parts: tuple["Wording", ...]
    separator: str = "\n"


class Spoken(Struct, frozen=True):
    """A label as people would type it: without the signs that stand before its words."""

    label: "Wording"


Wording = str | Text | Localized | Lines | Spoken

LONGEST_NUMBER = 3  # `12.` stands before the words of a button
_SIGNS_BEFORE = re.compile(r"^\W+")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One language: what it calls itself, the two look-ups of gettext, and how it writes a day. There is one of each,
    so it is compared by identity."""

    language: str
    name: str
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    day: Callable[[date], str]


Catalogues = Mapping[str, Catalogue]


def catalogue_for(language: str | None, catalogues: Catalogues) -> Catalogue:
    """Return a reader's language; Vietnamese for one not chosen yet, or whose catalogue is there no more."""
    return catalogues.get(language or DEFAULT_LANGUAGE) or catalogues[DEFAULT_LANGUAGE]


def _(msgid: str, **params: Any) -> Text:
    """Mark a sentence for translation."""
    return Text(msgid, tuple(params.items()))


def n_(msgid: str, plural: str, count: int, **params: Any) -> Text:
    """Mark a sentence that counts; `{count}` stands for the number."""
    return Text(msgid, (("count", count), *params.items()), plural, count)


def lines(*parts: Wording | None) -> Lines:
    """Put wordings on lines of their own, leaving out what is None."""
    return Lines(tuple(part for part in parts if part is not None))


def paragraphs(*parts: Wording | None) -> Lines:
    """Put wordings into paragraphs, leaving out what is None."""
    return Lines(tuple(part for part in parts if part is not None), "\n\n")


def contains(wording: Wording, part: Wording) -> bool:
    """Tell whether a wording has another one in it."""
    return wording == part or (isinstance(wording, Lines) and any(contains(each, part) for each in wording.parts))


def people_in(wording: Wording) -> frozenset[int]:
    """Return the people that a wording names."""
    found: set[int] = set()
    _find_people(wording, found)
    return frozenset(found)


def _find_people(value: object, found: set[int]) -> None:
    if isinstance(value, Named):
        found.add(value.person_id)
    elif isinstance(value, Text):
        for _name, param in value.params:
            _find_people(param, found)
    elif isinstance(value, Lines):
        for part in value.parts:
            _find_people(part, found)
    elif isinstance(value, Spoken):
        _find_people(value.label, found)


def is_constant(wording: Wording) -> bool:
    """Tell whether a wording is the program's own or the form's, without anything of anybody in it."""
    match wording:
        case str():
            return len(wording) <= LONGEST_NUMBER and not any(map(str.isalpha, wording))
        case Localized():
            return True
        case Lines(parts):
            return all(map(is_constant, parts))
        case Spoken(label):
            return is_constant(label)
        case Text(_, params):
            return not params


def render(wording: Wording, catalogue: Catalogue) -> str:
    """Say a wording in a language. User text stays as it is: channels send plain text, nothing is markup."""
    match wording:  # the most frequent first
        case Text(msgid, params, plural, count):
            sentence = catalogue.gettext(msgid) if plural is None else catalogue.ngettext(msgid, plural, count)
            return sentence.format_map({key: _shown(value, catalogue) for key, value in params}) if params else sentence
        case str():
            return wording
        case Lines(parts, separator):
            rendered = [render(part, catalogue) for part in parts]
            return separator.join([part for part in rendered if part])
        case Localized():
            return wording.in_language(catalogue.language)
        case Spoken(label):
            return _SIGNS_BEFORE.sub("", render(label, catalogue))


def _shown(value: Any, catalogue: Catalogue) -> Any:
    match value:
        case Named(name=name):
            return name
        case Text() | Localized() | Lines() | Spoken():
            return render(value, catalogue)
        case datetime() | date():
            return catalogue.day(value)
        case _:
            return value
