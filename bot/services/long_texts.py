"""Texts longer than a channel's messages, in parts."""

import re
from collections.abc import Callable, Iterator

_SENTENCE_ENDS = re.compile(r"[.!?…:](?=\s)")


def beginning(text: str, most: int) -> str:
    """Return the first letters of a text, at most so many."""
    return text[:most]


def split(text: str, most: int, begin: Callable[[str, int], str] = beginning) -> Iterator[str]:
    """Yield a text in parts of at most `most`, cut after a paragraph, line, sentence or word where possible.

    `begin` returns as much of a text as `most` allows, in whatever the channel counts.
    """
    rest = text
    while len(head := begin(rest, most)) < len(rest):
        cut = _place_to_cut(head)
        yield from _unless_blank(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    yield from _unless_blank(rest)


def _place_to_cut(head: str) -> int:
    """Return where to cut: after the last paragraph, line, sentence or word of the second half, or else at the end."""
    half = len(head) // 2
    for mark in ("\n\n", "\n"):
        if (place := head.rfind(mark)) >= half:
            return place
    if ends := [end.end() for end in _SENTENCE_ENDS.finditer(head, half)]:
        return ends[-1]
    place = head.rfind(" ")
    return place if place >= half else len(head)


def _unless_blank(text: str) -> Iterator[str]:
    if text.strip():
        yield text
