"""A talk of a guide as a page shows it: one phone after another, each with its bubbles and buttons."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby

from bot.guides.chatfile import ANYTHING, Done, Fact, Told, read
from flows.words.wording import Catalogue, Wording, _, render

BOT = _("Study Promotion Association")
STARTED = _("Start")
SIGNS = {"photo": "📷", "document": "📄"}

_BUTTON = r"\[[^\[\]]+\]"
_WITH_BUTTONS = re.compile(rf"(?:(.*?\S) )??({_BUTTON}(?: {_BUTTON})*)")
_FILE = re.compile(r"\((photo|document)\) ?(.*)")
_LINE_OF_FILE = "| "
_TOKEN = re.compile(r"⟨\d+⟩")


@dataclass(frozen=True, slots=True)
class Bubble:
    """Something said on somebody's phone."""

    phone: str
    speaker: Wording
    lines: tuple[Wording, ...]
    buttons: tuple[str, ...] = ()
    own: bool = False


def bubbles(talk: str) -> Iterator[Bubble]:
    """Yield what is said in a talk, without messages that are all `…`. What is given, and time that passes, is left to
    the words around it."""
    for scene in read(talk):
        match scene.act:
            case Done(who, manner, what):
                yield _done(who[0], manner, what)
            case Fact() | None:
                pass
        yield from (_told(line) for line in scene.rest if isinstance(line, Told) and line.lines != (ANYTHING,))


def _done(name: str, manner: str, what: str) -> Bubble:
    if file := _FILE.fullmatch(what):
        return Bubble(name, _("{name} sends:", name=name), (_file_line(file),), own=True)
    if what.startswith("/start"):  # what a phone sends for its start button, or for a link
        return Bubble(name, _("{name} presses:", name=name), (STARTED,), own=True)
    says = _("{name} types:", name=name) if manner == "types" else _("{name} presses:", name=name)
    return Bubble(name, says, (what,), own=True)


def _told(told: Told) -> Bubble:
    """Read a message of the bot: its buttons stand at its end, the first of them perhaps beside its last words."""
    lines, buttons = [*told.lines], list[str]()
    words: str | None = None
    while lines and words is None and (found := _WITH_BUTTONS.fullmatch(lines[-1])):
        lines.pop()
        words = found[1]
        buttons[:0] = found[2][1:-1].split("] [")
    lines += [words] if words else []
    return Bubble(told.to, BOT, tuple(_as_shown(line) for line in lines), tuple(buttons))


def _as_shown(line: str) -> str:
    file = _FILE.fullmatch(line)
    return _file_line(file) if file else _TOKEN.sub("…", line.removeprefix(_LINE_OF_FILE))


def _file_line(file: re.Match[str]) -> str:
    return f"{SIGNS[file[1]]} {file[2]}".rstrip()


def talk_html(talk: str, reader: Catalogue) -> str:
    """Return a talk as HTML. Who says what stands in it for those who hear the page."""
    phones = groupby(bubbles(talk), key=lambda bubble: bubble.phone)
    return "".join(
        _phone_html(name, "".join(_bubble_html(one, reader) for one in said), reader) for name, said in phones
    )


def _phone_html(name: str, said: str, reader: Catalogue) -> str:
    whose = escape(render(_("{name}’s phone", name=name), reader))
    return f'<figure class="talk"><figcaption>{whose}</figcaption>{said}</figure>\n'


def _bubble_html(bubble: Bubble, reader: Catalogue) -> str:
    side = "own" if bubble.own else "bot"
    speaker = escape(render(bubble.speaker, reader))
    text = escape("\n".join(render(line, reader) for line in bubble.lines))
    labels = "".join(f"<li>{escape(label)}</li>" for label in bubble.buttons)
    choices = f'<ul class="choices">{labels}</ul>' if labels else ""
    said = f'<div class="bubble"><b class="speaker">{speaker}</b><p class="text">{text}</p></div>'
    return f'<div class="message {side}">{said}{choices}</div>'
