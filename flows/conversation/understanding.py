"""What a typed text means: a number, a button's words, other words for it, or nearly those; and never its opposite.

    as typed → words, each with and without its marks → k, ko, 0 … are “không” → lead-ins and particles fall away
    → exactly the words of a choice → a number or letter → words instead of a command → nearly a choice

Whatever holds a negation that the choice does not hold, or the other way round, is not that choice. What cannot be
taken back in one tap (`Choice.final`) wants its own words; what is near to it is asked, not guessed.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

from msgspec import Struct
from rapidfuzz.distance import OSA

from flows.conversation.questions import EXPLAIN, Choice, Chose, Heard, Question, Wrote
from flows.words import colloquial
from flows.words.keystrokes import typed_out
from flows.words.refusals import NotUnderstood
from flows.words.remembering import for_a_moment
from flows.words.spelling import keyed, tone_last, unmarked
from flows.words.wording import Catalogue, Catalogues, Lines, Spoken, Wording, _, is_constant, render

# No button has so many letters: a longer text is a text.
LONGEST = 200
# Words that are shorter are not taken for each other's spelling mistakes.
SHORTEST_MISSPELT = 4
MOST_AROUND = 6
# Shorter words of an answer (`một lần`) may stand among others in many meanings.
LETTERS_THAT_TELL = 8

Phrase = tuple[str, ...]
Around = Callable[[Phrase], bool]


class Order(Struct, frozen=True):
    """A command, said in words."""

    command: str


class Understood(Struct, frozen=True):
    """What was meant. `taken_for` is the choice's label where other words than its own were typed."""

    heard: Heard | Order
    taken_for: Wording | None = None


# Words


def phrase(text: str) -> Phrase:
    """Return the words of a text in small letters, their tones last: `Hằng NGÀY!` is `hăng̀ ngaỳ`."""
    plain = keyed(_DROPPED.sub("", text)).casefold()
    return tuple(map(tone_last, _SIGN.sub(_spaced, plain).split()))


_DROPPED = re.compile("['’‘\u200b\ufeff\u00ad]")
_SIGN = re.compile(r"[^\w ]|_")
_VARIANTS = frozenset("\ufe0e\ufe0f")


def _spaced(sign: re.Match[str]) -> str:
    """Return a blank for a sign, but not for one that hangs on a letter as the vowels of Khmer do."""
    hangs = unicodedata.category(sign[0]) in {"Mn", "Mc"} and sign[0] not in _VARIANTS
    return sign[0] if hangs else " "


@for_a_moment(16_384)
def bare(word: str) -> str:
    """Return a word without its marks."""
    return unmarked(word)


def alike(typed: str, meant: str) -> bool:
    """Tell whether a word was meant: the same with its marks, or typed without any; `đ` may be typed all the same."""
    return typed == meant or typed in _unmarked_spellings(meant)


@for_a_moment(16_384)
def _unmarked_spellings(meant: str) -> frozenset[str]:
    plain = "".join(letter for letter in meant if not "\u0300" <= letter <= "\u036f")
    return frozenset({plain, bare(meant)})


def _phrases(text: str) -> frozenset[Phrase]:
    return frozenset(phrase(part) for part in text.split(";") if part.strip())


def _words(text: str) -> frozenset[str]:
    return frozenset(phrase(text))


def _by_bare(phrases: Iterable[Phrase]) -> Mapping[Phrase, tuple[Phrase, ...]]:
    found: dict[Phrase, tuple[Phrase, ...]] = {}
    for words in phrases:
        found[_bare(words)] = (*found.get(_bare(words), ()), words)
    return found


def _bare(words: Phrase) -> Phrase:
    return tuple(map(bare, words))


def _same(typed: Phrase, meant: Phrase) -> bool:
    return len(typed) == len(meant) and all(map(alike, typed, meant))


def _is_among(typed: Phrase, known: Mapping[Phrase, tuple[Phrase, ...]]) -> bool:
    """Tell whether exactly these words are known, marks included where any were typed."""
    return _is_one_of(typed, known.get(_bare(typed), ()))


def _is_one_of(typed: Phrase, phrases: Collection[Phrase]) -> bool:
    return typed in phrases or any(_same(typed, words) for words in phrases)


_SHORTENED: Mapping[str, str] = {
    short: phrase(full)[0] for full, written in colloquial.SHORTENED.items() for short in phrase(written)
}
_LEAD_IN_PHRASES = _phrases(colloquial.LEAD_INS)
_PARTICLE_PHRASES = _phrases(colloquial.PARTICLES)
_LEAD_INS = partial(_is_among, known=_by_bare(_LEAD_IN_PHRASES))
_PARTICLES = partial(_is_among, known=_by_bare(_PARTICLE_PHRASES))
_LONGEST_AROUND = max(map(len, _LEAD_IN_PHRASES | _PARTICLE_PHRASES))
_NEGATIONS = _words(colloquial.NEGATIONS)
_AFFIRMATIONS = partial(_is_among, known=_by_bare(_phrases(colloquial.AFFIRMATIONS)))
_QUESTION_WORDS = _words(colloquial.QUESTION_WORDS)
_NEVER_MIND = phrase(colloquial.NEVER_MIND)[0]
_EMPHASIS = phrase(colloquial.EMPHASIS)[0]
_LEADING_NEGATIONS = _words(colloquial.LEADING_NEGATIONS)
_UNMARKED_NEGATIONS = _words(colloquial.UNMARKED_NEGATIONS)
_OFTEN_MISSPELT = _words(colloquial.OFTEN_MISSPELT_NEGATIONS)
_TWO_SIDED = _words(colloquial.TWO_SIDED)
_ORDINALS = _words(colloquial.ORDINALS)
_NUMBERS: Mapping[str, int] = {
    word: number for number, written in enumerate(colloquial.NUMBERS, 1) for word in phrase(written)
}
_RANK = phrase(colloquial.RANK)[0]
_RANKED = _words(colloquial.RANKED)
_LETTERS = "abcdefgh"


@for_a_moment(16_384)
def negations(words: Phrase) -> int:
    """Count the words that turn a meaning round."""
    leading = bool(words) and any(alike(words[0], word) for word in _LEADING_NEGATIONS)
    return leading + sum(word in _NEGATIONS or word in _UNMARKED_NEGATIONS for word in words)


def is_two_sided(words: Phrase) -> bool:
    """Tell whether all that was said may be a yes as well as a no, such as `dung` without its marks."""
    return _TWO_SIDED.issuperset(gist(words))


def spelt_out(words: Phrase) -> Phrase:
    """Return a phrase with what is shortened on phones written in full."""
    return tuple(_SHORTENED.get(word, word) for word in words)


@for_a_moment(16_384)
def gist(words: Phrase) -> Phrase:
    """Return a phrase without its lead-ins and particles, which are kept where nothing else was said."""
    *_longer, spoken = _shortened(words, _PARTICLES, at_end=True)
    *_longer, meant = _shortened(spoken, _LEAD_INS, at_end=False)
    return meant


def _shortened(words: Phrase, around: Around, *, at_end: bool) -> list[Phrase]:
    """Return a phrase, and what is left of it as what stands around is dropped at one end, step by step."""
    shorter = [words]
    while (rest := _without(shorter[-1], around, at_end=at_end)) is not None:
        shorter.append(rest)
    return shorter


def _without(words: Phrase, around: Around, *, at_end: bool) -> Phrase | None:
    """Drop the longest that stands around at one end, if something else is left."""
    for length in range(min(_LONGEST_AROUND, len(words) - 1), 0, -1):
        if around(words[-length:] if at_end else words[:length]):
            return words[:-length] if at_end else words[length:]
    if at_end and len(words) > 1 and words[-1] == _EMPHASIS and negations(words[:-1]):
        return words[:-1]  # “không đồng ý đâu”; without a no before it, it is one: “đồng ý đâu”
    return None


# The words of a choice


class Spellings(Struct, frozen=True):
    """How a choice can be typed, by the words without their marks: its label in each language, and `all` with its
    other words too. `near` are those that may be nearly typed, and `begun` the labels among them."""

    labels: Mapping[Phrase, tuple[Phrase, ...]]
    all: Mapping[Phrase, tuple[Phrase, ...]]
    near: frozenset[Phrase]
    begun: frozenset[Phrase]


def spellings(choice: Choice, catalogues: tuple[Catalogue, ...]) -> Spellings:
    """Return how a choice can be typed. Only the languages whose negations are known are taken when nearly typed."""
    spelt = _spellings_of_label if is_constant(choice.label) else _spellings_of_data
    return spelt(choice, catalogues)


def _spellings(choice: Choice, catalogues: tuple[Catalogue, ...]) -> Spellings:
    labels = {catalogue.language: phrase(render(choice.label, catalogue)) for catalogue in catalogues}
    also = frozenset(phrase(words) for words in choice.also)
    own = frozenset(words for words in labels.values() if words)
    begun = frozenset(labels[language] for language in _NEGATED_LANGUAGES if labels.get(language))
    return Spellings(_by_bare(_with_gists(own)), _by_bare(_with_gists(own | also)), _with_gists(begun | also), begun)


# A label of the program is remembered; one with somebody's name, only for the moment.
_spellings_of_label = lru_cache(8192)(_spellings)
_spellings_of_data = for_a_moment(4096)(_spellings)

_NEGATED_LANGUAGES = ("vi", "en")


def _with_gists(phrases: frozenset[Phrase]) -> frozenset[Phrase]:
    """Add each without what stands around, where two words are left. Written with marks, `ba` is three and no `bà`."""
    shorter = (
        said
        for words in phrases
        for start in _shortened(words, _LEAD_IN_PHRASES.__contains__, at_end=False)
        for said in _shortened(start, _PARTICLE_PHRASES.__contains__, at_end=True)
        if said == words or len(said) > 1
    )
    return frozenset(shorter)


@for_a_moment(1024)
def _by_words(
    choices: tuple[Choice, ...], languages: tuple[Catalogue, ...]
) -> Mapping[Phrase, tuple[tuple[Choice, tuple[Phrase, ...]], ...]]:
    """Return the choices by all they are called, without marks, each with those of its words that read so."""
    found: dict[Phrase, tuple[tuple[Choice, tuple[Phrase, ...]], ...]] = {}
    for choice in choices:
        for words, phrases in spellings(choice, languages).all.items():
            found[words] = (*found.get(words, ()), (choice, phrases))
    return found


# Understanding


def understand(
    typed: str, question: Question, catalogues: Catalogues, orders: tuple[Choice, ...] = ()
) -> Understood | None:
    """Return what a typed text means as a reply to a question, or None. All languages are understood always.

    `orders` are words instead of commands, heard wherever the question has no such answer.
    Raises NotUnderstood, with what to type, for what is only near to something that cannot be taken back.
    """
    if len(typed) > LONGEST:
        return Understood(Wrote(typed)) if question.free else None
    languages = tuple(catalogues.values())
    choices = (*question.moves, *question.choices, *question.unshown)
    if typed.strip() in {"?", "？", "??"} and any(move.key == EXPLAIN.key for move in question.moves):
        return Understood(Chose(EXPLAIN.key))
    words = phrase(typed)
    final = next((choice for choice in choices if choice.final), None)
    if final is not None and is_two_sided(words):
        raise NotUnderstood(_exact_words(question, final))
    # Most people type just what they read, and need nothing else looked at.
    found = _exactly((words,), choices, languages, asking="?" in typed)
    readings = (words,) if found is not None else tuple(_readings(typed))
    if found is not None or (found := _exactly(readings, choices, languages, asking="?" in typed)) is not None:
        return _understood(
            found, readings, languages, show=question.numbered and not question.free and found in question.choices
        )
    position = _position(typed, readings) if question.takes_numbers else 0
    if 0 <= position - question.first < len(question.choices):
        return _at(position - question.first, question)
    spelt = tuple(dict.fromkeys(map(spelt_out, readings)))
    if not question.free and (near := _near_final(spelt, choices, languages)) is not None:
        raise NotUnderstood(_exact_words(question, near))
    if (order := _exactly(readings, orders, languages)) is not None:
        return Understood(Order(order.key))
    if question.free:
        together = _run_together(readings, choices, languages)
        return Understood(Chose(together.key) if together is not None else Wrote(typed))
    if (near := _nearly(spelt, choices, languages)) is not None:
        return _understood(near, readings, languages, show=near in question.choices)
    held = {
        order.key
        for order in orders
        for words in spellings(order, languages).near
        for reading in spelt
        if not order.final and negations(words) == negations(reading) and _holds_enough(reading, words)
    }
    return Understood(Order(held.pop())) if len(held) == 1 else None


def says(typed: str, *choices: Choice) -> bool:
    """Tell whether a free text is nothing but other words of a choice: then it is an answer, and no name or reason."""
    return len(typed) <= LONGEST and any(
        _is_among(reading, spellings(choice, ()).all) or _is_told(reading, choice, ())
        for reading in _readings(typed)
        for choice in choices
    )


def begins_with_no(typed: str, most: int = MOST_AROUND) -> bool:
    """Tell whether a text of so many words at most begins with a negation: `không chụp được` is no evidence and no
    reason."""
    return any(len(reading) <= most and negations(gist(reading)[:1]) for reading in _readings(typed[:LONGEST]))


def begins(typed: str, choice: Choice) -> bool:
    """Tell whether a short text begins with a choice's other words."""
    known = spellings(choice, ()).all
    return any(
        len(reading) <= MOST_AROUND and _is_among(reading[:length], known)
        for reading in _readings(typed[:LONGEST])
        for length in range(1, len(reading) + 1)
    )


def _readings(typed: str) -> Iterator[Phrase]:
    """Yield the ways to read a text, the plainest first: with and without what stands around it, step by step."""
    words = phrase(typed)
    for reading in dict.fromkeys((words, spelt_out(words), spelt_out(phrase(typed_out(typed))))):
        if reading:
            yield from dict.fromkeys(
                said
                for start in _shortened(reading, _LEAD_INS, at_end=False)
                for said in _shortened(start, _PARTICLES, at_end=True)
            )


def _understood(
    choice: Choice, readings: Iterable[Phrase], languages: tuple[Catalogue, ...], *, show: bool
) -> Understood:
    if show:
        own = spellings(choice, languages).labels
        show = not any(_is_among(reading, own) for reading in readings)
    return Understood(Chose(choice.key), choice.label if show else None)


def _exactly(
    readings: Iterable[Phrase], choices: tuple[Choice, ...], languages: tuple[Catalogue, ...], *, asking: bool = False
) -> Choice | None:
    """Return the choice whose words were typed, if it is the only one, or the only one that is called so where it is
    read; a question is not enough for a final one."""
    by_words = _by_words(choices, languages)
    for reading in readings:
        alike_without_marks = by_words.get(_bare(reading), ())
        found = [choice for choice, phrases in alike_without_marks if _is_called(reading, choice, phrases)] or [
            choice for choice in choices if _is_told(reading, choice, languages)
        ]
        with_marks = [choice for choice, phrases in alike_without_marks if reading in phrases and choice in found]
        for named in (with_marks, found):
            if len(named) > 1:
                called = [choice for choice in named if _is_among(reading, spellings(choice, languages).labels)]
                named = called if len(called) == 1 else named
            if len(named) == 1:
                return None if named[0].final and asking else named[0]
            if named:
                return None
    return None


def _run_together(
    readings: Iterable[Phrase], choices: Iterable[Choice], languages: tuple[Catalogue, ...]
) -> Choice | None:
    """Return the choice whose words were typed without the blanks between them: `bỏqua`."""
    typed = {"".join(_bare(reading)) for reading in readings if len(reading) == 1}
    found = [
        choice
        for choice in choices
        if not choice.final
        and any(len(words) > 1 and "".join(words) in typed for words in spellings(choice, languages).all)
    ]
    return found[0] if len(found) == 1 else None


def _is_called(reading: Phrase, choice: Choice, phrases: Collection[Phrase]) -> bool:
    """Tell whether a choice's words were typed: `phrases` are those of its words that read alike without marks."""
    return not (choice.final and is_two_sided(reading)) and _is_one_of(reading, phrases)


def _is_told(reading: Phrase, choice: Choice, languages: tuple[Catalogue, ...]) -> bool:
    """Tell whether a choice's words were said in parts."""
    return _in_parts(reading, spellings(choice, languages).all)


def _in_parts(reading: Phrase, known: Mapping[Phrase, tuple[Phrase, ...]]) -> bool:
    """Tell whether a phrase says one thing twice, or yes and then the thing: `đúng rồi, đúng rồi ạ`, `vâng, nộp`."""
    if not 2 <= len(reading) <= 2 * MOST_AROUND:
        return False
    for length in range(len(reading) - 1, 0, -1):
        first, rest = reading[:length], reading[length:]
        if is_two_sided(first) or is_two_sided(rest):
            continue  # `dung co` may be “đúng, có” as well as “đừng có”
        if not negations(reading) and _AFFIRMATIONS(first) and _is_among(gist(rest), known):
            return True
        if bool(negations(first)) == bool(negations(rest)) and _is_among(gist(first), known):
            return _is_among(gist(rest), known) or _in_parts(rest, known)
    return False


# Numbers

# A sign or a fraction before a digit is no ordinal.
_NO_ORDINAL = re.compile(r"[-−+]\s*\d|\d\s*[.,/]\s*\d")


def _position(typed: str, readings: Iterable[Phrase]) -> int:
    """Return the number that is all that was said: `2`, `số 2 ạ`, `hai`, `b`; 0 for anything else."""
    if _NO_ORDINAL.search(typed):
        return 0
    readings = [reading for reading in readings if not _is_no_letter(reading, phrase(typed))]
    return next((number for reading in readings if (number := _number(reading))), 0)


def _is_no_letter(reading: Phrase, words: Phrase) -> bool:
    """Tell whether the letter that is left of a text is a word for somebody, or politeness: `co a` is a yes, `da e` is
    `dạ em`. Said first, or after a word like “chọn”, it is a letter."""
    if len(reading[-1]) != 1 or reading[-1] not in _LETTERS or reading[-1] not in words:
        return False
    before = words[: words.index(reading[-1])]
    return bool(before) and not any(alike(before[-1], word) for word in _ORDINALS)


def _number(reading: Phrase) -> int:
    *before, last = reading
    if any(not any(alike(word, known) for known in _ORDINALS) for word in before):
        return 0
    if last.isdecimal() and last.isascii() and len(last) <= 3:
        return int(last)
    if len(last) == 1 and last in _LETTERS:
        return _LETTERS.index(last) + 1
    word = next((word for word in _NUMBERS if alike(last, word)), None)
    if word is None or (word in _RANKED and not (before and alike(before[-1], _RANK))):
        return 0
    return _NUMBERS[word]


def _at(place: int, question: Question) -> Understood:
    choice = question.choices[place]
    if choice.final:
        raise NotUnderstood(_exact_words(question, choice))
    return Understood(Chose(choice.key))


# Nearly


def _near_final(
    readings: Iterable[Phrase], choices: Iterable[Choice], languages: tuple[Catalogue, ...]
) -> Choice | None:
    """Return what cannot be taken back and is near: misspelt, begun, or said among other words."""
    final = [choice for choice in choices if choice.final]
    for reading in readings:
        for choice in final:
            for words in spellings(choice, languages).near:
                if negations(words) == negations(reading) and (
                    _misspelt(reading, words) or _holds(reading, words) or _is_begun(reading, words)
                ):
                    return choice
    return None


def _nearly(readings: Sequence[Phrase], choices: Iterable[Choice], languages: tuple[Catalogue, ...]) -> Choice | None:
    """Return the only choice that is nearly what was typed: begun, misspelt, or said among a few other words."""
    others = {choice.key: choice for choice in choices if not choice.final}
    known = {key: spellings(choice, languages) for key, choice in others.items()}
    vocabulary = frozenset(bare(word) for spelt in known.values() for words in spelt.near for word in words)
    ways: tuple[tuple[Callable[[Spellings], frozenset[Phrase]], Callable[[Phrase, Phrase], bool]], ...] = (
        (lambda spelt: spelt.begun, _is_begun),
        (lambda spelt: spelt.near, lambda typed, meant: _misspelt(typed, meant, vocabulary)),
        (lambda spelt: spelt.near, _tells_enough),
    )
    for spelt_as, is_way in ways:
        for reading in readings:
            found = [
                key
                for key, spelt in known.items()
                if any(negations(words) == negations(reading) and is_way(reading, words) for words in spelt_as(spelt))
            ]
            if is_way is _is_begun and found and not _begins_enough(reading, known[found[0]].begun):
                continue
            if len(found) == 1 and not (is_way is _tells_enough and _names_another(reading, found[0], known)):
                return others[found[0]]
            if found:
                return None
    return None


def _tells_enough(typed: Phrase, meant: Phrase) -> bool:
    """Tell whether words that are long enough to mean one answer stand among a few others."""
    return sum(map(len, map(bare, meant))) >= LETTERS_THAT_TELL and _holds_enough(typed, meant)


def _names_another(reading: Phrase, chosen: str, known: Mapping[str, Spellings]) -> bool:
    """Tell whether a word of another choice was said beside this one, or nearly: `vừa làm ruộng vừa đi thợ`."""
    own = {word for words in known[chosen].near for word in words}
    others = {words for key, spelt in known.items() if key != chosen for words in spelt.near}
    bare_typed = all(word == bare(word) for word in reading)
    beside = [word for word in reading if bare_typed and not any(alike(word, one) for one in own)]
    vocabulary = {bare(word) for words in others for word in words}
    return any(
        len(words) == 1 and len(words[0]) >= 3 and words[0] not in own and _holds(reading, words) for words in others
    ) or any(
        bare(word) not in vocabulary and any(len(one) >= 3 and _differ_by_one(bare(word), one) for one in vocabulary)
        for word in beside
    )


def _differ_by_one(typed: str, meant: str) -> bool:
    return OSA.distance(typed, meant, score_cutoff=1) == 1


def _is_begun(typed: Phrase, meant: Phrase) -> bool:
    """Tell whether a label begins with what was typed."""
    return len(typed) < len(meant) and _same(typed, meant[: len(typed)])


def _begins_enough(typed: Phrase, labels: Iterable[Phrase]) -> bool:
    """Tell whether enough of a label was typed: two words of it, or one of two; a no begins nothing."""
    if len(typed) >= 2:
        return True
    short = any(len(label) == 2 for label in labels if _is_begun(typed, label))
    return short and len(typed[0]) >= SHORTEST_MISSPELT and not negations(typed)


def _holds(typed: Phrase, meant: Phrase) -> bool:
    """Tell whether words stand among what was typed."""
    length = len(meant)
    return any(_same(typed[at : at + length], meant) for at in range(len(typed) - length + 1))


def _holds_enough(typed: Phrase, meant: Phrase) -> bool:
    """Tell whether two words at least stand among a few others, which ask nothing."""
    if any(alike(typed[-1], word) for word in _QUESTION_WORDS):
        return False
    if negations(meant) and (meant[0] == _NEVER_MIND or not _same(typed[: len(meant)], meant)):
        return False
    if negations(meant) and len(meant) == 2 and len(typed) > 2:
        return False  # “không đổi” is no part of “không đôi khi …”, which without marks begins like it
    if len(meant) < 2 or len(typed) > len(meant) + MOST_AROUND or not _holds(typed, meant):
        return False
    return not any(_may_be_a_no(word) for word in typed if not any(alike(word, own) for own in meant))


@for_a_moment(4096)
def _may_be_a_no(word: str) -> bool:
    """Tell whether a word typed without marks is one slip from a negation, and nothing that is said around."""
    if len(word) < 3 or word != bare(word) or _LEAD_INS((word,)):
        return False
    return any(word.startswith(no) or _differ_by_one(word, no) for no in _OFTEN_MISSPELT)


def _misspelt(typed: Phrase, meant: Phrase, vocabulary: frozenset[str] = frozenset()) -> bool:
    """Tell whether each word is what was meant, or a slip of it: a letter wrong, a mark wrong, a blank missing."""
    if "".join(map(bare, typed)) == "".join(map(bare, meant)) and sum(map(len, meant)) > SHORTEST_MISSPELT:
        return _marks_agree(typed, meant)
    if len(typed) != len(meant):
        return False
    slips = [pair for pair in zip(typed, meant, strict=True) if not alike(*pair)]
    return len(slips) <= 1 + (len(meant) > 3) and all(_is_slip(*pair, vocabulary) for pair in slips)


def _marks_agree(typed: Phrase, meant: Phrase) -> bool:
    """Tell whether wrong marks may be a slip: not where a short word is another word with them (đúng, dừng)."""
    return len(typed) != len(meant) or len(meant) > 1 or len(bare(meant[0])) > SHORTEST_MISSPELT


def _is_slip(typed: str, meant: str, vocabulary: frozenset[str]) -> bool:
    wrong, right = bare(typed), bare(meant)
    if wrong == right:
        return True
    if len(right) < SHORTEST_MISSPELT or wrong in vocabulary or typed in _NEGATIONS or meant in _NEGATIONS:
        return False
    return _differ_by_one(wrong, right)


def _exact_words(question: Question, near: Choice) -> Wording:
    """Say what has to be typed where nothing is guessed."""
    named = question.choices if len(question.choices) <= 3 else (near,)
    return _("Please press a button, or type {words}.", words=Lines(tuple(_quoted(choice) for choice in named), " / "))


def _quoted(choice: Choice) -> Wording:
    return _("“{words}”", words=Spoken(choice.label))
