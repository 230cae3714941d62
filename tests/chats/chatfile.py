"""Puts what was really said into a chat, and writes it down again."""

from collections.abc import Sequence
from dataclasses import replace

from bot.guides.chatfile import ANYTHING, Scene, Told

WIDTH = 110


def compose(scenes: Sequence[Scene]) -> str:
    """Write a chat."""
    text = "\n".join(str(scene) for scene in scenes if scene.act is not None or scene.rest)
    return text.rstrip("\n") + "\n"


def with_told(scene: Scene, told: Sequence[Told]) -> Scene:
    """Return the scene with what was really said, comments in their places."""
    news = list(told)
    rest: list[Told | str] = []
    last = max((place for place, line in enumerate(scene.rest) if isinstance(line, Told)), default=-1)
    for place, line in enumerate(scene.rest[: last + 1]):
        if isinstance(line, str):
            rest.append(line)
        elif news:
            rest.append(_kept_or_new(line, news.pop(0)))
        if place == last:
            rest += news
    return replace(scene, rest=(*(rest if last >= 0 else news), *scene.rest[last + 1 :]))


def _kept_or_new(expected: Told, said: Told) -> Told:
    return expected if expected.to == said.to and _stands_for(expected.lines, said.lines) else said


def _stands_for(expected: tuple[str, ...], lines: tuple[str, ...]) -> bool:
    """Tell whether a message is as expected, `…` standing for any lines."""
    if not expected:
        return not lines
    if expected[0] == ANYTHING:
        return any(_stands_for(expected[1:], lines[skipped:]) for skipped in range(len(lines) + 1))
    return bool(lines) and expected[0] == lines[0] and _stands_for(expected[1:], lines[1:])
