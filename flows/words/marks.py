"""Strong and slanted words in what administrators write: `*strong*` and `_slanted_`, as people type them in chats."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

MarkKind = Literal["strong", "slanted"]

_SIGNS: dict[MarkKind, str] = {"strong": "*", "slanted": "_"}

# Tone marks typed apart, as iPhones do, belong to the letter before them.
_LETTER = r"\w\u0300-\u036f"
# Beside these a sign sets nothing apart: 2*3*4, ten_tep_nay, hoctap.example/_lich_, @ten_.
_INSIDE = rf"{_LETTER}*_/@"
# With these after it a sign is the emoji *️⃣.
_KEYCAP = r"\ufe0f\u20e3"


def _pair(kind: MarkKind) -> str:
    """Return the pattern of a stretch: on one line, with no blank inside its signs; (*) is a footnote's sign."""
    sign = re.escape(_SIGNS[kind])
    return (
        rf"(?<![{_INSIDE}]){sign}(?![\s)\]}}{sign}{_KEYCAP}])"
        rf"(?P<{kind}>(?:[^{sign}\n]|(?<=[{_LETTER}]){sign}(?=[{_LETTER}]))+?)"
        rf"(?<![\s(\[{{]){sign}(?![{_INSIDE}{_KEYCAP}])"
    )


# A web address is passed over: its signs are part of it.
_MARKED = re.compile(rf"https?://\S+|{_pair('strong')}|{_pair('slanted')}")
# Only punctuation between signs is a face *_* or a date to fill in _/_/2026.
_WORDS = re.compile(r"[^\s!-/:-@\[-`{-~]")


class Mark(Struct, frozen=True, array_like=True):
    """A stretch of a text that is set apart. `start` and `length` count characters (code points)."""

    kind: MarkKind
    start: int
    length: int


def read_marks(typed: str) -> tuple[str, tuple[Mark, ...]]:
    """Return a text without its signs, and the stretches they set apart, each before those within it."""
    plain, marks = "", list[Mark]()
    for words, within in _stretches(typed):
        marks += [replace(mark, start=len(plain) + mark.start) for mark in within]
        plain += words
    return plain, tuple(marks)


def _stretches(typed: str) -> Iterator[tuple[str, tuple[Mark, ...]]]:
    """Yield a text in parts, each with its marks."""
    done = 0
    for found in _MARKED.finditer(typed):
        for kind in _SIGNS:
            if (words := found[kind]) and _WORDS.search(words):
                yield typed[done : found.start()], ()
                yield _marked(kind, words)
                done = found.end()
    yield typed[done:], ()


def _marked(kind: MarkKind, words: str) -> tuple[str, tuple[Mark, ...]]:
    plain, within = read_marks(words)
    return plain, (Mark(kind, 0, len(plain)), *within)


def write_marks(plain: str, marks: Iterable[Mark]) -> str:
    """Put the signs back, for who reads no strong or slanted letters. `marks` are as `read_marks` gives them."""
    opening, closing = dict[int, str](), dict[int, str]()
    for kind, start, end in ((mark.kind, mark.start, mark.start + mark.length) for mark in marks):
        opening[start] = opening.get(start, "") + _SIGNS[kind]
        closing[end] = _SIGNS[kind] + closing.get(end, "")
    places = range(len(plain) + 1)
    return "".join(closing.get(at, "") + opening.get(at, "") + plain[at : at + 1] for at in places)
