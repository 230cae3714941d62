"""What an event of the Bot Platform says: a raw body in, an `Incoming` out."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from bot.metrics import UNKNOWN
from bot.store.core.inbox import Incoming
from flows.conversation.replies import Reply, SentFile, Typed, Unreadable

log = structlog.get_logger()

CHANNEL = "zalo-bot"
PRIVATE = "PRIVATE"
TEXT, IMAGE = "message.text.received", "message.image.received"
UNREADABLE = {"message.sticker.received": "sticker", "message.voice.received": "voice"}
UNKNOWN_KIND = "unknown"
_ID = re.compile(r"[!-~]{1,128}")


class Chat(Struct):
    """A chat. Its id is a text without meaning."""

    id: str
    chat_type: str = PRIVATE


class Sender(Struct):
    """Who wrote."""

    id: str
    is_bot: bool = False


class Message(Struct):
    """As much of a message as is looked at. Sources differ on how a picture is named, so both are taken."""

    chat: Chat
    message_id: str
    sender: Sender | None = msgspec.field(name="from", default=None)
    text: str = ""
    caption: str = ""
    photo: str | None = None
    photo_url: str | None = None


class Event(Struct):
    """An event."""

    event_name: str
    message: Message


class Wrapped(Struct):
    """An event as it comes in some webhooks."""

    result: Event


def parse(raw: Mapping[str, Any], bot: str) -> Incoming | None:
    """Return what an event says, or None when it says nothing to this bot: a group, a bot, something broken."""
    shape = "wrapped" if "result" in raw else "flat"
    try:
        event = msgspec.convert(raw, Wrapped).result if shape == "wrapped" else msgspec.convert(raw, Event)
    except msgspec.ValidationError as error:
        log.warning("event_unparsable", channel=CHANNEL, shape=shape, error=type(error).__name__)
        return None
    message = event.message
    if not _ID.fullmatch(message.chat.id) or not _ID.fullmatch(message.message_id):
        log.warning("event_unparsable", channel=CHANNEL, shape=shape, error="an id that is none")
        return None
    if message.chat.chat_type != PRIVATE or (message.sender is not None and message.sender.is_bot):
        return None
    return Incoming(CHANNEL, bot, message.chat.id, message.message_id, _reply(event.event_name, message))


def _reply(name: str, message: Message) -> Reply:
    if name == TEXT:
        return Typed(message.text)
    url = message.photo_url or message.photo
    if name == IMAGE and url:
        return SentFile("photo", "photo.jpg", url, message.caption)
    if name not in UNREADABLE:
        UNKNOWN.labels(CHANNEL).inc()
        log.info("event_of_unknown_kind", channel=CHANNEL)
    return Unreadable(UNREADABLE.get(name, UNKNOWN_KIND))
