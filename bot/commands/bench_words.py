"""The benchmark of understanding: what people type, where they type it, and what it must come to.

A phrase is typed to the real engine at its place, and what comes of it is compared with what comes of pressing each
button there, of each command, and of the text it should have been taken for. Half of the phrases are written by hand,
in lists of `where`, `typed`, `means` between tabs; the rest are made of every button: its words with and without marks
and particles, which must be that button, and its words denied, which must be anything but that.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from bot.catalogues import load
from bot.commands.typed_places import NoSuchPlace, Place, place, places
from flows.conversation.engine import Decision, understood_as
from flows.conversation.facts import FactMissing, Found
from flows.conversation.messages import Message
from flows.conversation.orders import GOODBYE, THANKS
from flows.conversation.questions import Choice, Question
from flows.conversation.replies import Pressed, Reply, Typed
from flows.conversation.understanding import negations, phrase
from flows.forms.talk import Filling
from flows.subjects import FLOWS, decide
from flows.words.spelling import composed, unmarked
from flows.words.wording import Wording, render

LISTS = Path(__file__).parents[2] / "tests" / "typed"
DENIALS = ("không", "ko", "k", "đừng", "chưa", "thôi")
PARTICLES = ("", " ạ", " nhé", " đâu ạ", " nha")
AFFIRMED = ("{}", "{} ạ", "dạ {}", "{} nhé")
MOST_LOOK_UPS = 8
COMMANDS = ("start", "help", "status", "privacy", "mute", "language", "cancel", "review", "invite", "notices")
# What a word does where the other would be its opposite.
CONTRARY = frozenset(
    frozenset(pair)
    for pair in (
        ("agree", "refuse"), ("yes", "no"), ("all_right", "name"), ("submit", "change"), ("confirm", "return"),
        ("erase_all", "keep"), ("approve", "decline"), ("pause", "resume"), ("vouched", "skip"),
        ("change", "leave"),
    )
)  # fmt: skip

Verdict = Literal["understood", "asked", "wrong", "opposite"]


class BrokenList(ValueError):
    """A list of phrases that cannot be read, in one line with file, line and cure."""


class TypedPhrase(Struct, frozen=True):
    """What is typed at a place, and what it must come to; `source` says which line of which list asks for it."""

    where: str
    typed: str
    means: str
    source: str = ""


class WordFigures(Struct, frozen=True):
    """Phrases, how many were understood as they must be, and that share of all; how many did what they deny or did the
    contrary; how many came to something wrong, where being asked again is not counted; microseconds a phrase."""

    phrases: int
    understood: int
    share: float
    opposites: int
    wrong: int
    us_per_phrase: float


class Judged(Struct, frozen=True):
    """A phrase, what it came to and what that is worth."""

    phrase: TypedPhrase
    came_to: tuple[str, ...]
    verdict: Verdict


# The lists


def read_list(file: Path) -> list[TypedPhrase]:
    """Return the phrases of a list. Raises BrokenList."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenList(f"{file}: cannot be read as UTF-8 text: {error}; save it as a text with tabs") from None
    return [_read_line(file, n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]


def _read_line(file: Path, number: int, line: str) -> TypedPhrase:
    columns = line.split("\t")
    source = f"{file.name}:{number}"
    if len(columns) != 3 or not all(columns):
        raise BrokenList(f"{source}: has {len(columns)} columns; write where, typed and means with a tab between")
    where, typed, means = columns
    try:
        answers = _choices(where.strip())
        plain = _unescaped(typed)
    except (NoSuchPlace, UnicodeDecodeError) as error:
        raise BrokenList(f"{source}: {error}; correct it there") from None
    key = means.strip().removeprefix("!")
    if key[:1] not in "?=~/" and key != THANKS.key and not key.startswith("edit ") and key not in answers:
        raise BrokenList(f'{source}: "{where}" has no answer "{key}"; one of: {", ".join(answers)}')
    return TypedPhrase(where.strip(), plain, means.strip(), source)


def _unescaped(typed: str) -> str:
    r"""Read `\n`, `\t`, `\u200b` as what cannot be seen."""
    return typed.encode("latin-1", "backslashreplace").decode("unicode-escape") if "\\" in typed else typed


def written() -> list[TypedPhrase]:
    """Return the phrases written by hand. Raises BrokenList where there are none, as in an installed package."""
    files = sorted(LISTS.glob("*.tsv"))
    if not files:
        raise BrokenList(f"{LISTS}: no lists here; name one: hoctap bench words FILE")
    return [phrase for file in files for phrase in read_list(file)]


def made() -> Iterator[TypedPhrase]:
    """Yield phrases made of the words of every button at every place."""
    for where in places():
        for number, (key, choice) in enumerate(_choices(where).items()):
            words = " ".join(phrase_of(choice.label))
            if not words or words.isdigit():
                continue
            for n, form in enumerate(AFFIRMED):
                typed = form.format(words)
                yield TypedPhrase(where, unmarked(typed) if (n + number) % 2 and not _two_sided(words) else typed, key)
            if not negations(phrase(words)):
                for n, denial in enumerate(DENIALS):
                    yield TypedPhrase(where, f"{denial} {words}{PARTICLES[(n + number) % len(PARTICLES)]}", f"!{key}")


def phrase_of(label: Wording) -> list[str]:
    """Return the words of a label as people type them, without its signs."""
    text = render(label, load()["vi"])
    return ["".join(letter for letter in word if letter.isalnum()) for word in text.lower().split() if phrase(word)]


def _two_sided(words: str) -> bool:
    return "đừng" in words or "dừng" in words


# What comes of a phrase


@cache
def _place(where: str) -> Place:
    return place(where)


@cache
def _choices(where: str) -> Mapping[str, Choice]:
    question = _question(_place(where))
    return {choice.key: choice for choice in (*question.choices, *question.moves, *question.unshown)}


def _question(known: Place) -> Question:
    frame, facts = known.session.frame, known.facts
    for _look_up in range(MOST_LOOK_UPS):
        try:
            return FLOWS[type(frame.talk)].step(frame.step).ask(facts, frame.talk)
        except FactMissing as missing:
            facts = msgspec.structs.replace(facts, found=facts.found | known.find(missing.needs))
    raise AssertionError("the question wants to know more and more")


_found: dict[str, Found] = {}  # what was looked up at a place, kept for the next phrase


def said(where: str, reply: Reply) -> Decision:
    """Return what a reply comes to at a place."""
    known = _place(where)
    for _look_up in range(MOST_LOOK_UPS):
        found = _found.setdefault(where, Found())
        try:
            return decide(known.session, reply, msgspec.structs.replace(known.facts, found=found), load())
        except FactMissing as missing:
            _found[where] = found | known.find(missing.needs)
    raise AssertionError("the turn wants to know more and more")


class _Outcome(Struct, frozen=True):
    """What a turn came to, without the sentence that says what was understood."""

    frames: object
    records: object
    told: int
    texts: tuple[str, ...]


def _outcome(decision: Decision) -> _Outcome:
    return _Outcome(
        decision.session.frames,
        decision.records,
        len(decision.told),
        tuple(_text(message) for message in decision.messages),
    )


def _text(message: Message) -> str:
    text = render(message.text, load()["vi"])
    shown = render(understood_as(""), load()["vi"]).rstrip(".")
    return "\n\n".join([part for part in text.split("\n\n") if not part.startswith(shown)])


@cache
def _known_outcomes(where: str) -> Mapping[str, _Outcome]:
    """Return what each button and each command comes to at a place."""
    pressed: dict[str, Reply] = {key: Pressed(f"a:{_place(where).session.asked}:{key}") for key in _choices(where)}
    ordered: dict[str, Reply] = {f"/{command}": Typed(f"/{command}") for command in COMMANDS}
    return {name: _outcome(said(where, reply)) for name, reply in {**pressed, **ordered}.items()}


def came_to(where: str, decision: Decision, typed: str) -> tuple[str, ...]:
    """Return all that a decision may be called: a key, a command, a text taken or asked about, `thanks`, `?`."""
    known, outcome = _place(where), _outcome(decision)
    names = [name for name, known_outcome in _known_outcomes(where).items() if known_outcome == outcome]
    if decision.session.misses:
        return "?", *names
    if not names and any(_thanked(text) for text in outcome.texts):
        return (THANKS.key,)
    frame = decision.session.frame
    changed = decision.session.frames != known.session.frames or decision.records
    if isinstance(frame.talk, Filling) and frame.step == "indicator" and changed:
        criteria = known.facts.own[-1].criteria if known.facts.own else None
        names += [f"edit {criteria.places[frame.talk.indicator]}"] if criteria else []
    if not changed:
        return tuple(names) or ("?",)
    sign = "~" if frame.step.endswith("_sure") else "="
    values = {*_values(msgspec.to_builtins(frame.talk)), *_values(msgspec.to_builtins(decision.records))}
    taken = [f"{sign}{value}" for value in values] + [f"{sign}{composed(typed)}"]
    return (*names, *taken) if not set(names) & set(_choices(where)) else tuple(names)


def _thanked(text: str) -> bool:
    return text in _thanks()


@cache
def _thanks() -> frozenset[str]:
    return frozenset(_outcome(said("home.home draft", Typed(order.also[0]))).texts[0] for order in (THANKS, GOODBYE))


def _values(plain: object) -> Iterator[str]:
    """Yield every text and number in plain data."""
    match plain:
        case str() | int():
            yield str(plain)
        case dict():
            for value in plain.values():
                yield from _values(value)
        case list() | tuple():
            for value in plain:
                yield from _values(value)
        case _:
            return


def judged(wanted: TypedPhrase) -> Judged:
    """Type a phrase at its place, and say what it came to and what that is worth."""
    names = came_to(wanted.where, said(wanted.where, Typed(wanted.typed)), wanted.typed)
    return Judged(wanted, names, _verdict(wanted, names))


def _verdict(wanted: TypedPhrase, names: Sequence[str]) -> Verdict:
    means, choices = wanted.means, _choices(wanted.where)
    if means.startswith("!"):
        return "opposite" if means[1:] in names else "understood"
    if means in names:
        return "understood"
    if any(frozenset((means, name)) in CONTRARY for name in names):
        return "opposite"
    if any(choices[name].final for name in names if name in choices):
        return "opposite"
    return "asked" if "?" in names else "wrong"


def measure(phrases: Iterable[TypedPhrase]) -> tuple[WordFigures, list[Judged]]:
    """Type every phrase at its place. Returns the figures and what was not understood as it must be."""
    wanted = list(phrases)
    results = [judged(phrase) for phrase in wanted]
    verdicts = [result.verdict for result in results]
    understood, opposites = verdicts.count("understood"), verdicts.count("opposite")
    figures = WordFigures(
        len(wanted),
        understood,
        round(understood / len(wanted), 4) if wanted else 0.0,
        opposites,
        opposites + verdicts.count("wrong"),
        round(_microseconds(wanted), 1),
    )
    return figures, [result for result in results if result.verdict != "understood"]


def _microseconds(wanted: Sequence[TypedPhrase]) -> float:
    """Return the CPU time of one turn, once everything is looked up."""
    begun = time.process_time()
    for one in wanted:
        said(one.where, Typed(one.typed))
    return (time.process_time() - begun) / max(1, len(wanted)) * 1e6


# In words


def described() -> Iterator[str]:
    """Yield a line for each place: its name, and its answers with what their buttons say."""
    for where in places():
        answers = (f"{key} ({render(choice.label, load()['vi'])})" for key, choice in _choices(where).items())
        yield f"{where}\t{', '.join(answers)}"


def line_of(result: Judged) -> str:
    """Put into a line what a phrase should have come to, and what it came to."""
    wanted = result.phrase
    came = ", ".join(result.came_to[:3])
    return f"{result.verdict:>9}  {wanted.where}: {wanted.typed!r} is {wanted.means}, came to {came}  ({wanted.source})"
