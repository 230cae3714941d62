"""The `.chat` file: what people do, what happens, and what the bot then says, line by line.

    # A comment.
    World: Nguyễn Thị Lan is a farmer of Thôn Đông, born 1975
    Lan: hang ngay
    Lan presses: Hằng ngày
    — 3 days later —
    Bot → Lan: the first line of a message
        its other lines, and its buttons [Hằng ngày] [? Giải thích]

Empty lines of a message are left out. A line of a message that reads `…` stands for any lines.
"""

import re
from dataclasses import dataclass, replace
from functools import partial

ANYTHING = "…"
INDENT = "    "

_GIVEN = re.compile(r"World: (.+)")
_HAPPENED = re.compile(r"— (.+) —")
_TOLD = re.compile(r"Bot → (\w+): (.+)")
_DONE = re.compile(r"(\w+)(?: and (\w+))?(?: (press(?:es)?|presses old|presses forged|types \d+ times))?: (.+)")


class ChatBroken(Exception):
    """A chat that cannot be read or played; the message names the line and the cure."""


@dataclass(frozen=True, slots=True)
class Done:
    """Something one or two people do at the same moment: they type, or press a button."""

    who: tuple[str, ...]
    manner: str
    what: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that holds from here on. What the bot says while a `given` one comes about is not told."""

    what: str
    given: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the bot as its reader sees it, the buttons on the last line."""

    to: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"Bot → {self.to}: " + f"\n{INDENT}".join(self.lines)


Act = Done | Fact


@dataclass(frozen=True, slots=True)
class Scene:
    """An act as written, and what follows it: messages, comments and empty lines. The first scene has no act."""

    act: Act | None
    written: str
    rest: tuple[Told | str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*([self.written] if self.act is not None else []), *map(str, self.rest)])


def read(text: str) -> list[Scene]:
    """Read a chat. Raises ChatBroken."""
    scenes = [Scene(None, "")]
    for number, line in enumerate(text.splitlines(), 1):
        add = partial(_add, scenes)
        if line.startswith(INDENT):
            _continue(scenes, number, line.removeprefix(INDENT))
        elif not line or line.startswith("#"):
            add(line)
        elif told := _TOLD.fullmatch(line):
            if len(scenes) == 1:
                raise ChatBroken(f"line {number}: the bot says something before anybody does")
            add(Told(told[1], (told[2],)))
        else:
            scenes.append(Scene(_act(number, line), line))
    return scenes


def _add(scenes: list[Scene], line: Told | str) -> None:
    scenes[-1] = replace(scenes[-1], rest=(*scenes[-1].rest, line))


def _continue(scenes: list[Scene], number: int, line: str) -> None:
    message = scenes[-1].rest[-1] if scenes[-1].rest else None
    if not isinstance(message, Told):
        raise ChatBroken(f"line {number}: an indented line goes on with a message of the bot, and there is none")
    longer = replace(message, lines=(*message.lines, line))
    scenes[-1] = replace(scenes[-1], rest=(*scenes[-1].rest[:-1], longer))


def _act(number: int, line: str) -> Act:
    if given := _GIVEN.fullmatch(line):
        return Fact(given[1], given=True)
    if happened := _HAPPENED.fullmatch(line):
        return Fact(happened[1], given=False)
    if done := _DONE.fullmatch(line):
        who = (done[1], done[2]) if done[2] else (done[1],)
        return Done(who, done[3] or "types", done[4])
    raise ChatBroken(f"line {number}: nobody says or does this; write `Name: …`, `World: …` or `— … —`: {line}")
