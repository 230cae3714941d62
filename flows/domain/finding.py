"""Units found by what people type: words first, then likeness.

Names are looked up by their letters alone, without marks, spaces and the common noun, so that `Cư M'gar`, `cu m gar`
and `cumgar` are one. Units are numbered so that what lies below one is a stretch of numbers: who bears a name below a
commune, a province or an administrator's units is a slice. No search looks through all names, let alone all units.

What was typed is read in every way that makes sense: some words are a unit's own name, others the names of what it
lies in. Each reading has a misfit, the words it leaves over, mistakes forgiven and words left out; the best come first.
Among readings that fit alike, nuances decide: the common noun, present names before old ones, tone marks typed.

The index takes up units that are called otherwise at the cost of these alone: what changed lies over what was built.
"""

import re
from array import array
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from flows.domain import layers
from flows.domain.units import Unit
from flows.words.place_names import GLUED, MISSPELT, Word, noun_at, read_place_name, same_level, words_of
from flows.words.spelling import composed

MOST_SUGGESTED = 6
# Units that fit equally well are all shown up to here; of more, as many as of any, and their number is told.
MOST_ALIKE = 20
LONGEST_QUERY = 120

# Misfits: a word that nothing explains, a mistake in a name, words of a name that were not typed …
LEFT_OVER = 3.0
MISTAKE = 1.0
MISTAKE_IN_SHORT_NAME = 1.5
SOME_WORDS_ONLY = 1.0
WORD_NOT_TYPED = 0.5
OTHER_LEVEL = 1.0
NOT_ITS_OWN_NAME = 0.5
# What is shown besides the best: villages of a commune beside a village of its name, but no mistakes forgiven where a
# name is there as it was typed.
CLEARLY_WORSE = 0.75
# What lets names as they were typed stand against others that explain more of the words, but only by likeness.
MUCH_EXPLAINED = 8.0
FEW_MISTAKES = 2 * MISTAKE
# So much of what was typed may be left over when names are there as they were typed, and when they are only like it.
MOST_LEFT_OVER, MOST_LEFT_OVER_OF_LIKE = 0.7, 0.5

# Nuances: the common noun counts for more than marks, and both for more than whether a name is an old one.
OTHER_NOUN = 0.3
MARK = 0.04
MOST_FOR_MARKS = 0.2
OLD = 0.02
DIVIDED_OTHERWISE = 0.01
OTHER_BEGINNING = 0.1
REVERSED = 0.05
LITTLE_WORD_LEFT_OVER = 0.05

# What bounds the work of a search.
LONGEST_NAME = 9
LONGEST_NOUN = 4
MOST_OWN, MOST_ABOVE, MOST_ABOVE_AT_ONCE = 24, 12, 3
MOST_READINGS = 400
MOST_WORDS = 20
MOST_WITH_SOME_WORDS = 400

# Of more units that are called otherwise the index is built anew.
MOST_CHANGED = 500
NOBODY = -1

Stretch = tuple[int, int]

_LEAD_IN = re.compile(
    r"((da|vang|thua|chao|xin|a) )*"
    r"((nha |gia dinh )?(toi|em|minh|con|chau|tui|bon em|chung toi|nha) )?"
    r"((hien|dang|hien dang|bay gio) )?((sinh song|song|cu tru|thuong tru|tam tru|que) )?"
    r"(o|tai|thuoc) "
)
_SPEAKER = re.compile(r"((da|vang|thua) )*(nha |gia dinh )?(toi|em|tui|chung toi) ")
_BETWEEN = frozenset({"thuoc", "o", "cua"})
_AT_THE_END = frozenset({"a", "ah", "nhe", "nha", "oi", "voi", "nghe"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first, and how many more fit as well as the best but are too many to show."""

    units: tuple[Unit, ...] = ()
    more: int = 0

    @property
    def ids(self) -> tuple[int, ...]:
        """Return the ids of the units."""
        return tuple(unit.id for unit in self.units)


@dataclass(frozen=True, slots=True, eq=False)
class _Spelling:
    """One way to write one name, and the numbers of who bears it: those that take residents, and the others."""

    name: str
    noun: str
    words: tuple[str, ...]
    key: str
    marked: str
    old: bool
    residents: "array[int]" = field(default_factory=lambda: array("I"))
    others: "array[int]" = field(default_factory=lambda: array("I"))

    @classmethod
    def of(cls, name: str, old: bool) -> "_Spelling":
        """Take a name apart. Nobody bears it yet."""
        read = read_place_name(name)
        return cls(name, read.noun, tuple(word.plain for word in read.words), read.key, read.marked, old)

    @property
    def rank(self) -> tuple[int, str, bool]:
        """Return what spellings are in order of: their first bearer, then their letters."""
        return min(numbers[0] for numbers in (self.residents, self.others) if numbers), self.name, self.old

    def given(self, number: int, takes_residents: bool) -> "_Spelling":
        """Return it with one more bearer."""
        numbers = (self.residents if takes_residents else self.others)[:]
        insort(numbers, number)
        return replace(self, residents=numbers) if takes_residents else replace(self, others=numbers)

    def taken(self, number: int) -> "_Spelling":
        """Return it with one bearer less."""
        return replace(self, residents=_without(self.residents, number), others=_without(self.others, number))


class _Hit(NamedTuple):
    """Words of the query (a bit each) that are names, and the spellings that fit them equally well."""

    words: int
    explained: float
    misfit: float
    nuance: float
    old: bool
    spellings: tuple[_Spelling, ...]

    @property
    def gain(self) -> float:
        return self.explained - self.misfit


class _Place(NamedTuple):
    """Names of what a unit may lie in, as far as these lie in each other, and the numbers of all that lies there."""

    hits: tuple[_Hit, ...]
    words: int
    areas: list[Stretch]


class _Reading(NamedTuple):
    """One way to read the query: a unit's own name, if it is said, and where it lies."""

    misfit: float
    nuance: float
    own: _Hit | None
    place: _Place

    @property
    def is_old(self) -> bool:
        """Tell whether it reads an old name as the unit's own."""
        return self.own is not None and self.own.old


class Finder:
    """An index of the names of all units, built once and read by every search. It never changes: what is changed is
    another one, which shares with it all that is the same."""

    def __init__(self, units: Mapping[int, Unit], children: Mapping[int, Sequence[int]]) -> None:
        self._units = units
        self._ids: array[int] = array("q")
        self._ends: array[int] = array("I")
        self._numbers: dict[int, int] = {}
        self._residents: array[int] = array("I")
        self._former = _former_names(units)
        self._number(children)
        codes = {self._units[unit_id].code.lower(): number for number, unit_id in enumerate(self._ids)}
        by_key, by_word = self._indexed()
        self._codes: Mapping[str, int] = codes
        self._by_key: Mapping[str, Sequence[_Spelling]] = by_key
        self._by_word: Mapping[str, Sequence[_Spelling]] = by_word
        self._near: Mapping[str, Sequence[str]] = _mistakes(by_key)
        self._changes = 0

    # Building

    def _number(self, children: Mapping[int, Sequence[int]]) -> None:
        """Number units so that what lies below one follows it directly."""
        waiting = [unit.id for unit in self._units.values() if unit.parent_id not in self._units]
        waiting.reverse()
        path: list[int] = []
        while waiting:
            unit_id = waiting.pop()
            if unit_id < 0:  # all below it have their numbers
                self._ends[path.pop()] = len(self._ids)
                continue
            number = len(self._ids)
            self._numbers[unit_id] = number
            self._ids.append(unit_id)
            self._ends.append(number + 1)
            if below := children.get(unit_id):
                path.append(number)
                waiting.append(-1)
                waiting.extend(reversed(below))

    def _indexed(self) -> tuple[dict[str, list[_Spelling]], dict[str, list[_Spelling]]]:
        """Return all spellings by their key and by each of their words, in the order of their first bearers."""
        spellings: dict[tuple[str, bool], _Spelling] = {}
        by_key: dict[str, list[_Spelling]] = {}
        by_word: dict[str, list[_Spelling]] = {}
        for number, unit_id in enumerate(self._ids):
            unit = self._units[unit_id]
            if unit.takes_residents:
                self._residents.append(number)
            for name, old in self._names(unit):
                known = spellings.get((name, old))
                if known is None:
                    known = spellings[name, old] = _Spelling.of(name, old)
                    if known.key:
                        by_key.setdefault(known.key, []).append(known)
                    for word in set(known.words):
                        by_word.setdefault(word, []).append(known)
                (known.residents if unit.takes_residents else known.others).append(number)
        return by_key, by_word

    def _names(self, unit: Unit) -> list[tuple[str, bool]]:
        """Return a unit's names, with whether each is an old one: its own, others, initials of a province (`HCM`)."""
        names = {(unit.name, unit.valid_to is not None)}
        names.update((name, True) for name in (*unit.aliases, *self._former.get(unit.id, ())))
        if unit.kind == "province" and len(words := read_place_name(unit.name).words) > 1:
            names.add(("".join(word.plain[0] for word in words), True))
        return sorted(names)

    # Changing

    def changed(self, units: Mapping[int, Unit], changed: Collection[Unit]) -> "Finder | None":
        """Return the index of all `units`, of which some are called otherwise now. None where it is to be built anew:
        units came, moved, ended or became something else, or too many have changed since it was built."""
        changes = self._changes + len(changed)
        if changes > MOST_CHANGED or not all(_lies_alike(self._units.get(unit.id), unit) for unit in changed):
            return None
        patch, codes = _Patch(self._by_key, self._by_word), dict[str, int]()
        for unit in changed:
            number, before = self._numbers[unit.id], self._units[unit.id]
            for name, old in self._names(before):
                patch.take(name, old, number)
            for name, old in self._names(unit):
                patch.give(name, old, number, unit.takes_residents)
            codes |= {before.code.lower(): NOBODY} | {unit.code.lower(): number}
        after = copy(self)
        after._units, after._changes = units, changes
        after._codes = layers.changed(self._codes, codes)
        after._by_key, after._by_word = patch.patched()
        after._near = layers.changed(self._near, patch.mistakes(self._near))
        return after

    # Searching

    def find(self, typed: str, within: Collection[int] | None = None) -> Found:
        """Find units by name, code or old name; best first.

        Without `within`, only units that take residents are looked for; with it, these units and all below them.
        """
        typed = composed(typed[:LONGEST_QUERY])
        scope = self._scope(within)
        if (coded := self._coded(typed, scope)) is not None and (within is not None or coded.takes_residents):
            return Found((coded,))
        if not scope:
            return Found()
        query = _Query.of(self._divided(words_of(typed)[:MOST_WORDS]))
        answer = self._answer(query, scope, within is None)
        return self._shown(answer) if answer is not None else Found()

    def _answer(self, query: "_Query", scope: list[Stretch], residents: bool) -> "_Answer | None":
        """Look for names as they were typed, and for what is like them unless everything is explained already.

        Where much is explained, as by village and commune among the words of a long address, what is only like it has
        to explain nearly everything: by chance, all words are like some name.
        """
        exact_hits = list(self._exact_hits(query))
        exact = self._read(exact_hits, query, MOST_LEFT_OVER, scope, residents)
        if exact is not None and exact.misfit < MISTAKE:
            return exact
        hits = [*exact_hits, *self._near_hits(query), *self._partial_hits(query)]
        like = self._read(hits, query, MOST_LEFT_OVER_OF_LIKE, scope, residents)
        if exact is None or like is None:
            return exact or like
        is_much = query.weight - exact.misfit >= MUCH_EXPLAINED
        return exact if is_much and like.misfit > FEW_MISTAKES else like

    def _unit(self, number: int) -> Unit:
        return self._units[self._ids[number]]

    def _coded(self, typed: str, scope: list[Stretch]) -> Unit | None:
        """Return the unit whose code was typed, if it lies in the scope."""
        code = typed.lower()
        number = max(self._codes.get(said, NOBODY) for said in (code, code.replace(" ", "-")))
        return self._unit(number) if any(first <= number < end for first, end in scope) else None

    def _scope(self, within: Collection[int] | None) -> list[Stretch]:
        if within is None:
            return [(0, len(self._ids))]
        numbers = sorted(self._numbers[unit_id] for unit_id in within if unit_id in self._numbers)
        return _merged((number, self._ends[number]) for number in numbers)

    def _divided(self, words: list[Word]) -> list[Word]:
        """Divide words that nobody is called into the common noun and the name glued to it: `thondong`."""
        return [part for word in words for part in self._parts(word)]

    def _parts(self, word: Word) -> tuple[Word, ...]:
        if self._by_word.get(word.plain, ()) or self._by_key.get(word.plain, ()):
            return (word,)
        for noun in GLUED:
            rest = word.plain.removeprefix(noun)
            if rest != word.plain and self._by_key.get(rest, ()):
                return (Word(noun, word.marked[: len(noun)]), Word(rest, word.marked[len(noun) :]))
        return (word,)

    def _exact_hits(self, query: "_Query") -> Iterator[_Hit]:
        for start, end, key in query.spans():
            if spellings := self._by_key.get(key, ()):
                yield from query.hits(start, end, [(spelling, 0.0, 0.0) for spelling in spellings])

    def _near_hits(self, query: "_Query") -> Iterator[_Hit]:
        for start, end, key in query.spans():
            if len(key) > 1 and not key.isdigit() and (spellings := list(self._near_spellings(key))):
                yield from query.hits(start, end, spellings)

    def _near_spellings(self, key: str) -> Iterator[tuple[_Spelling, float, float]]:
        """Yield the spellings one mistake away: a letter wrong, missing, doubled or swapped; digits are as typed."""
        shorter = _without_a_letter(key)
        keys = {*self._near.get(key, ()), *(near for one in shorter for near in self._near.get(one, ()))}
        keys.update(one for one in shorter if self._by_key.get(one, ()))
        for near in sorted(keys):
            if near != key and OSA.distance(key, near, score_cutoff=1) == 1 and _digits(key) == _digits(near):
                longer = max(len(key), len(near))
                misfit = MISTAKE if longer > 3 else MISTAKE_IN_SHORT_NAME
                nuance = 0.0 if key[0] == near[0] else OTHER_BEGINNING
                yield from ((spelling, misfit, nuance) for spelling in self._by_key.get(near, ()) if longer > 2)

    def _partial_hits(self, query: "_Query") -> Iterator[_Hit]:
        """Yield names of which only some words were typed: `công ty may` for `Công ty may Thần Khê`."""
        for start, end, key in query.spans():
            words = [word.plain for word in query.words[start:end]]
            rarest = min((self._by_word.get(word, ()) for word in words), key=len)
            if rarest and len(rarest) <= MOST_WITH_SOME_WORDS:
                some = [one for one in rarest if one.key != key and _in_order(words, one.words)]
                spellings = [(one, _missing(one, words), 0.0) for one in some]
                yield from query.hits(start, end, spellings)

    def _read(
        self, hits: list[_Hit], query: "_Query", most_left: float, scope: list[Stretch], residents: bool
    ) -> "_Answer | None":
        """Try the readings from the best on. Returns the numbers of what fits, or None."""
        answer: _Answer | None = None
        best = sorted(hits, key=lambda hit: (-hit.gain, hit.nuance))
        readings = _readings(best[:MOST_OWN], self._places(best, scope), query.weight, residents)
        for reading in readings[:MOST_READINGS]:
            if reading.misfit > most_left * query.weight + MISTAKE:
                break
            if answer is not None and reading.misfit > answer.misfit + CLEARLY_WORSE:
                break
            if numbers := self._bearers(reading, residents):
                answer = answer or _Answer(reading.misfit)
                answer.add(reading, numbers)
        return answer

    def _places(self, hits: Iterable[_Hit], scope: list[Stretch]) -> list[_Place]:
        """Return the places that are named: anywhere, in one of those that bear a name, in one that lies in another."""
        places = [_Place((), 0, scope)]
        for hit in [hit for hit in hits if any(one.others for one in hit.spellings)][:MOST_ABOVE]:
            below = self._below(hit.spellings)
            for place in places[:]:
                is_free = len(place.hits) < MOST_ABOVE_AT_ONCE and not place.words & hit.words
                if is_free and (areas := _common(place.areas, below)):
                    places.append(_Place((*place.hits, hit), place.words | hit.words, areas))
        return places

    def _below(self, spellings: tuple[_Spelling, ...]) -> list[Stretch]:
        """Return what lies below the bearers of names."""
        return _merged(sorted((n + 1, self._ends[n]) for one in spellings for n in one.others if self._ends[n] > n + 1))

    def _bearers(self, reading: _Reading, residents: bool) -> list[int]:
        areas = reading.place.areas
        if reading.own is None:
            return _sliced(self._residents, areas)
        spellings = reading.own.spellings
        found = [] if residents else [number for one in spellings for number in _sliced(one.others, areas)]
        return [*found, *(number for one in spellings for number in _sliced(one.residents, areas))]

    def _shown(self, answer: "_Answer") -> Found:
        shown, more = answer.shown()
        return Found(tuple(self._unit(number) for number in shown), more)


def _without(numbers: "array[int]", number: int) -> "array[int]":
    place = bisect_left(numbers, number)
    return numbers[:place] + numbers[place + 1 :] if number in numbers[place : place + 1] else numbers


class _Patch:
    """Spellings that others bear now, on the way from one index to the next, which shares all others with it."""

    def __init__(self, by_key: Mapping[str, Sequence[_Spelling]], by_word: Mapping[str, Sequence[_Spelling]]) -> None:
        self._by_key = by_key
        self._by_word = by_word
        self._touched: dict[tuple[str, bool], _Spelling] = {}

    def give(self, name: str, old: bool, number: int, takes_residents: bool) -> None:
        """Let a unit bear a name."""
        self._touched[name, old] = self._spelling(name, old).given(number, takes_residents)

    def take(self, name: str, old: bool, number: int) -> None:
        """Let a unit bear a name no more."""
        self._touched[name, old] = self._spelling(name, old).taken(number)

    def _spelling(self, name: str, old: bool) -> _Spelling:
        if (touched := self._touched.get((name, old))) is not None:
            return touched
        fresh = _Spelling.of(name, old)
        return next((one for one in self._by_key.get(fresh.key, ()) if (one.name, one.old) == (name, old)), fresh)

    def patched(self) -> tuple[Mapping[str, Sequence[_Spelling]], Mapping[str, Sequence[_Spelling]]]:
        """Return the spellings by key and by word."""
        of_keys: dict[str, list[_Spelling]] = {}
        of_words: dict[str, list[_Spelling]] = {}
        for one in self._touched.values():
            if one.key:
                of_keys.setdefault(one.key, []).append(one)
            for word in set(one.words):
                of_words.setdefault(word, []).append(one)
        return self._over(self._by_key, of_keys), self._over(self._by_word, of_words)

    def _over(
        self, index: Mapping[str, Sequence[_Spelling]], touched: Mapping[str, list[_Spelling]]
    ) -> Mapping[str, Sequence[_Spelling]]:
        return layers.changed(index, {text: self._again(index.get(text, ()), some) for text, some in touched.items()})

    def _again(self, before: Iterable[_Spelling], touched: Iterable[_Spelling]) -> list[_Spelling]:
        """Return spellings as they are now, without those that nobody bears any more."""
        again = [one for one in before if (one.name, one.old) not in self._touched]
        for one in touched:
            if one.residents or one.others:
                insort(again, one, key=lambda spelling: spelling.rank)
        return again

    def mistakes(self, near: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        """Return what names that nobody bore before are like. Those that nobody bears any more are found no more, for
        they have no spellings."""
        fresh = {one.key for one in self._touched.values() if one.key and not self._by_key.get(one.key, ())}
        return {shorter: (*near.get(shorter, ()), *keys) for shorter, keys in _mistakes(fresh).items()}


def _lies_alike(before: Unit | None, after: Unit) -> bool:
    """Tell whether at most what a unit is called has changed."""
    if before is None or before.valid_to is not None or after.valid_to is not None:
        return False
    return (before.parent_id, before.kind) == (after.parent_id, after.kind)


def _mistakes(keys: Iterable[str]) -> dict[str, Sequence[str]]:
    """Return names by what is left of them without one of their letters (as SymSpell does)."""
    near: dict[str, list[str]] = {}
    for key in keys:
        if len(key) > 2:
            for shorter in _without_a_letter(key):
                near.setdefault(shorter, []).append(key)
    return {shorter: tuple(alike) for shorter, alike in near.items()}


def _former_names(units: Mapping[int, Unit]) -> Mapping[int, list[str]]:
    """Return the names of units that are no more, by the unit they went into in the end."""
    former: dict[int, list[str]] = {}
    for unit in units.values():
        into, passed = unit, {unit.id}
        while into.valid_to is not None and (into_id := into.successor_id) in units and into_id not in passed:
            assert into_id is not None
            into = units[into_id]
            passed.add(into_id)
        if into is not unit:
            former.setdefault(into.id, []).append(unit.name)
    return former


@dataclass(slots=True)
class _Answer:
    """The numbers of units that fit, each with the reading it fits, best first."""

    misfit: float
    numbers: dict[int, _Reading] = field(default_factory=dict)

    def add(self, reading: _Reading, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.numbers.setdefault(number, reading)

    def shown(self) -> tuple[list[int], int]:
        """Return what is shown, and how many more fit as well as the best."""
        alike = [number for number, reading in self.numbers.items() if reading.misfit == self.misfit]
        present = [number for number in alike if not self.numbers[number].is_old]
        all_shown = next((some for some in (alike, present) if len(some) <= MOST_ALIKE), [])
        shown = list(dict.fromkeys((*all_shown, *self.numbers)))[: max(MOST_SUGGESTED, len(all_shown))]
        return shown, max(0, len(alike) - len(shown))


@dataclass(frozen=True, slots=True)
class _Query:
    """What was typed: its words, what it costs to leave each over, and the common nouns that may stand before each."""

    words: Sequence[Word]
    weights: Sequence[float]
    nouns: Sequence[Sequence[tuple[str, int, float]]]
    with_marks: bool

    @classmethod
    def of(cls, words: Sequence[Word]) -> "_Query":
        nouns = [list(_nouns_before(words, start)) for start in range(len(words))]
        return cls(words, _weights(words), nouns, any(word.marked != word.plain for word in words))

    @property
    def weight(self) -> float:
        return sum(self.weights)

    def spans(self) -> Iterator[tuple[int, int, str]]:
        """Yield each stretch of words that may be a name, with its key."""
        for start in range(len(self.words)):
            key = ""
            for end in range(start, min(start + LONGEST_NAME, len(self.words))):
                key += self.words[end].plain
                yield start, end + 1, key

    def hits(self, start: int, end: int, spellings: Sequence[tuple[_Spelling, float, float]]) -> Iterator[_Hit]:
        """Yield spellings as hits, those together that fit equally well, with the common noun typed before them."""
        marked = "".join(word.marked for word in self.words[start:end])
        plain = tuple(word.plain for word in self.words[start:end])
        for noun, begin, misspelt in self.nouns[start]:
            alike: dict[tuple[float, float, bool], list[_Spelling]] = {}
            for spelling, misfit, nuance in spellings:
                more_misfit, more_nuance = _noun_fit(noun, spelling)
                fine = nuance + more_nuance + (OLD if spelling.old else 0.0)
                if not misfit:
                    fine += self._spelling_fit(marked, plain, spelling)
                alike.setdefault((misfit + more_misfit + misspelt, fine, spelling.old), []).append(spelling)
            explained, bits = sum(self.weights[begin:end]), (1 << end) - (1 << begin)
            for (misfit, fine, old), some in alike.items():
                yield _Hit(bits, explained, misfit, fine, old, tuple(some))

    def _spelling_fit(self, marked: str, plain: tuple[str, ...], spelling: _Spelling) -> float:
        """Return the nuance of letters whose marks are not the name's, for who types marks, and of other spaces."""
        divided = 0.0 if plain == spelling.words else DIVIDED_OTHERWISE
        if not self.with_marks:
            return divided
        if len(marked) != len(spelling.marked):
            return MOST_FOR_MARKS
        wrong = sum(typed != own for typed, own in zip(marked, spelling.marked, strict=True))
        return divided + min(MOST_FOR_MARKS, MARK * wrong)


def _weights(words: Sequence[Word]) -> list[float]:
    """Return what it costs to leave each word over: nothing for “tôi ở …”, “… thuộc …”, “… ạ”."""
    weights = [0.0 if word.plain in _BETWEEN else LEFT_OVER for word in words]
    text = "".join(f"{word.plain} " for word in words)
    lead_in = _LEAD_IN.match(text) or _SPEAKER.match(text)
    if lead_in is not None and (length := lead_in[0].count(" ")) < len(words):
        weights[:length] = [0.0] * length
    for place in range(len(words) - 1, 0, -1):
        if words[place].plain not in _AT_THE_END:
            break
        weights[place] = 0.0
    return weights


def _nouns_before(words: Sequence[Word], start: int) -> Iterator[tuple[str, int, float]]:
    """Yield the common nouns that may stand before a word: the noun, where it begins, the misfit of a mistake in it.

    None is always one of them: in `Văn Lang, Thái Nguyên` there is no “làng” Thái Nguyên.
    """
    yield "", start, 0.0
    for begin in range(max(0, start - LONGEST_NOUN), start):
        noun, length = noun_at(words, begin)
        if noun and begin + length == start:
            yield noun, begin, 0.0
            return
    for begin in range(max(0, start - LONGEST_NOUN), start):
        if noun := _misspelt_noun("".join(word.plain for word in words[begin:start])):
            yield noun, begin, MISTAKE
            return


@cache
def _nouns_by_length(length: int) -> tuple[tuple[str, str], ...]:
    return tuple((said, noun) for said, noun in MISSPELT if abs(len(said) - length) <= 1)


def _misspelt_noun(said: str) -> str:
    near = (noun for known, noun in _nouns_by_length(len(said)) if OSA.distance(said, known, score_cutoff=1) == 1)
    return next(near, "")


def _noun_fit(typed: str, spelling: _Spelling) -> tuple[float, float]:
    """Return the misfit and nuance of the common noun that was typed: of numbers it is half the name."""
    noun = spelling.noun
    if not typed or typed == noun:
        return 0.0, 0.0
    if not noun:
        return 0.0, OTHER_NOUN
    if spelling.key.isdigit() or not same_level(typed, noun):
        return OTHER_LEVEL, OTHER_NOUN
    return 0.0, OTHER_NOUN


def _in_order(words: Iterable[str], all_words: Iterable[str]) -> bool:
    """Tell whether words stand among others, in their order."""
    left = iter(all_words)
    return all(word in left for word in words)


def _missing(spelling: _Spelling, typed: Collection[str]) -> float:
    return SOME_WORDS_ONLY + WORD_NOT_TYPED * (len(spelling.words) - len(typed))


def _readings(owns: Iterable[_Hit], places: list[_Place], total: float, residents: bool) -> list[_Reading]:
    """Return the ways to read a query, best first."""
    read = [_reading(own, place, total) for own in owns for place in places if not own.words & place.words]
    if residents:
        read.extend(_reading(None, place, total) for place in places if place.hits)
    return sorted(read, key=lambda reading: (reading.misfit, reading.nuance))


def _reading(own: _Hit | None, place: _Place, total: float) -> _Reading:
    said = place.hits if own is None else (own, *place.hits)
    words = place.words if own is None else own.words | place.words
    misfit = total - sum(hit.gain for hit in said) + (NOT_ITS_OWN_NAME if own is None else 0.0)
    nuance = sum(hit.nuance for hit in said) - LITTLE_WORD_LEFT_OVER * words.bit_count()
    if own is not None and any(hit.words < own.words for hit in place.hits):
        nuance += REVERSED
    return _Reading(misfit, nuance, own, place)


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join sorted stretches, of which one lies in another or outside of it."""
    joined: list[Stretch] = []
    for first, end in stretches:
        if not joined or first >= joined[-1][1]:
            joined.append((first, end))
    return joined


def _common(some: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """Return what lies in both, each in order."""
    common: list[Stretch] = []
    one = other = 0
    while one < len(some) and other < len(others):
        first, end = max(some[one][0], others[other][0]), min(some[one][1], others[other][1])
        if first < end:
            common.append((first, end))
        if some[one][1] <= others[other][1]:
            one += 1
        else:
            other += 1
    return common


def _sliced(numbers: "array[int]", areas: list[Stretch]) -> list[int]:
    """Return the numbers that lie in some stretches."""
    if not numbers:
        return []
    return [
        number for first, end in areas for number in numbers[bisect_left(numbers, first) : bisect_left(numbers, end)]
    ]


def _without_a_letter(key: str) -> set[str]:
    return {key[:place] + key[place + 1 :] for place in range(len(key))}


def _digits(key: str) -> list[str]:
    return re.findall(r"\d+", key)
