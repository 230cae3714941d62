"""A message as calls of the Bot API: plain text, inline keyboards and files, within Telegram's limits."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import Struct
from telegram import MessageEntity

from bot.services import long_texts
from flows.conversation.messages import Attachment, InlineFile, Outgoing, OutgoingButton
from flows.words.marks import Mark, MarkKind

# Lengths of texts are in UTF-16 units, as Telegram counts them.
LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
LONGEST_LABEL = 60
LONGEST_FILE_NAME = 120
MOST_PAYLOAD_BYTES = 64
MOST_BUTTONS = 100
MOST_A_ROW = 8
NO_PREVIEW = {"is_disabled": True}

_ENTITIES: dict[MarkKind, str] = {"strong": MessageEntity.BOLD, "slanted": MessageEntity.ITALIC}
_UNSAFE_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f"\\/]')


class Unrenderable(ValueError):
    """A message that breaks a limit of Telegram which no splitting helps: the flow that made it is wrong."""


class Key(Struct, frozen=True, omit_defaults=True):
    """A button of an inline keyboard, as it is sent. Not python-telegram-bot's own: to make those and write them out
    takes longer than to send them."""

    text: str
    callback_data: str | None = None
    url: str | None = None


Keyboard = tuple[tuple[Key, ...], ...]


@dataclass(frozen=True)
class TextCall:
    """A text message. Never with a parse mode: what people are called and write is not markup."""

    text: str
    keyboard: Keyboard = ()
    entities: tuple[MessageEntity, ...] = ()

    @cached_property
    def fields(self) -> dict[str, Any]:
        """Return the fields of the call except the chat. There are no previews: they would show others' pages."""
        fields: dict[str, Any] = {"text": self.text, "link_preview_options": NO_PREVIEW}
        if self.keyboard:
            fields["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.entities:
            fields["entities"] = [entity.to_dict() for entity in self.entities]
        return fields


@dataclass(frozen=True, slots=True)
class FileCall:
    """A message that carries a file: `as_photo` shows it in the chat, a document is opened."""

    file: Attachment
    name: str
    as_photo: bool
    caption: str = ""
    keyboard: Keyboard = ()
    entities: tuple[MessageEntity, ...] = ()


Call = TextCall | FileCall


def render(outgoing: Outgoing) -> tuple[Call, ...]:
    """Return the calls that say a message, in order; the last one has the buttons. Raises Unrenderable."""
    text = _sayable(outgoing.text)
    keyboard = _keyboard(outgoing.buttons)
    calls = _marked(_calls(text, outgoing.files), text, outgoing.marks)
    if not keyboard:
        return calls
    if not calls:
        raise Unrenderable("a message with buttons has neither text nor file; give it a text")
    return (*calls[:-1], dataclasses.replace(calls[-1], keyboard=keyboard))


def split(text: str, most: int = LONGEST_TEXT) -> Iterator[str]:
    """Yield a text in parts of at most `most` units, cut between paragraphs, lines, sentences or words."""
    return long_texts.split(text, most, _beginning)


def _marked(calls: tuple[Call, ...], text: str, marks: Sequence[Mark]) -> tuple[Call, ...]:
    """Set words apart in the call that says the text; one that is said in parts stays plain."""
    if not marks or not calls:
        return calls
    first = calls[0]
    said = first.text if isinstance(first, TextCall) else first.caption
    if said != text.strip():
        return calls
    entities = tuple(_entity(mark, text.lstrip(), len(text) - len(text.lstrip())) for mark in marks)
    return (dataclasses.replace(first, entities=entities), *calls[1:])


def _entity(mark: Mark, text: str, dropped: int) -> MessageEntity:
    start = mark.start - dropped
    return MessageEntity(_ENTITIES[mark.kind], _units(text[:start]), _units(text[start : start + mark.length]))


def _calls(text: str, files: Sequence[Attachment]) -> tuple[Call, ...]:
    """Say a text that is short enough with the first file, one that is not before it."""
    if files and _units(text) <= LONGEST_CAPTION:
        return (_file_call(files[0], text.strip()), *map(_file_call, files[1:]))
    return (*map(TextCall, split(text)), *map(_file_call, files))


def _file_call(file: Attachment, caption: str = "") -> FileCall:
    as_photo = not isinstance(file, InlineFile) and file.kind == "photo"
    return FileCall(file, _file_name(file.name), as_photo, caption)


def _file_name(name: str) -> str:
    return _UNSAFE_IN_FILE_NAMES.sub("_", _sayable(name))[-LONGEST_FILE_NAME:] or "file"


def _keyboard(rows: Iterable[Sequence[OutgoingButton]]) -> Keyboard:
    narrow = tuple(tuple(map(_key, part)) for row in rows for part in _narrow(row))
    if (buttons := sum(map(len, narrow))) > MOST_BUTTONS:
        raise Unrenderable(f"{buttons} buttons under one message; Telegram takes {MOST_BUTTONS}: show fewer at a time")
    return narrow


def _narrow(row: Sequence[OutgoingButton]) -> Iterator[Sequence[OutgoingButton]]:
    return (row[start : start + MOST_A_ROW] for start in range(0, len(row), MOST_A_ROW))


def _key(button: OutgoingButton) -> Key:
    if button.url:
        return Key(_label(button.label), url=button.url)
    if (length := len(button.payload.encode("utf-8", "replace"))) > MOST_PAYLOAD_BYTES:
        raise Unrenderable(
            f"a payload of {length} bytes; Telegram takes {MOST_PAYLOAD_BYTES}: shorten {button.payload!r}"
        )
    return Key(_label(button.label), callback_data=button.payload)


def _label(label: str) -> str:
    said = _sayable(label)
    return said if len(said) <= LONGEST_LABEL else said[: LONGEST_LABEL - 1].rstrip() + "…"


def _sayable(text: str) -> str:
    """Replace half surrogate pairs, which have no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _beginning(text: str, most: int) -> str:
    """Return as much of a text as `most` units hold, never half a letter."""
    return text.encode("utf-16-le")[: most * 2].decode("utf-16-le", "ignore")
