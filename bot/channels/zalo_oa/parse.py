"""What an event of an Official Account says: a decoded body in, an `Incoming` out."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from bot.metrics import UNKNOWN
from bot.store.core.inbox import Incoming
from flows.conversation.replies import Blocked, Pressed, Reply, SentFile, Typed, Unreadable

log = structlog.get_logger()

CHANNEL = "zalo-oa"
# A pressed button comes back as a text: this begins it, and nothing that people type.
PRESSED = "#hoctap:"
TEXT, IMAGE, FILE = "user_send_text", "user_send_image", "user_send_file"
FOLLOW, UNFOLLOW = "follow", "unfollow"
START = "/start"
UNREADABLE = {
    "user_send_sticker": "sticker",
    "user_send_audio": "voice",
    "user_send_video": "video",
    "user_send_gif": "sticker",
    "user_send_location": "location",
    "user_send_link": "link",
    "user_send_business_card": "contact",
    # A number is asked for only where a template needs one, and is not kept otherwise.
    "user_submit_info": "contact",
}
# What an account hears of that nobody does for an answer: what it sent itself, what was seen, what strangers look at.
SILENT = ("oa_", "user_seen", "user_received", "user_click", "user_reacted", "anonymous", "widget", "shop", "update_")
UNKNOWN_KIND = "unknown"
_ID = re.compile(r"[!-~]{1,128}")
_CODE = re.compile(r"\s*(?:(?:mã|ma)\s+)?([VvIi] ?- ?[A-Za-z0-9_.-]{2,64})\s*")


class Who(Struct):
    """Somebody, by an id that only this account knows them by."""

    id: str


class Payload(Struct):
    """Where a file lies and what it is called. Sizes are texts."""

    url: str = ""
    name: str = ""
    size: str | int = 0


class Attached(Struct):
    """Something beside the text."""

    type: str = ""
    payload: Payload = msgspec.field(default_factory=Payload)


class Message(Struct):
    """As much of a message as is looked at."""

    msg_id: str = ""
    text: str = ""
    attachments: list[Attached] = msgspec.field(default_factory=list)


class Event(Struct):
    """An event. A follower is named in a field of their own."""

    event_name: str
    timestamp: str | int
    sender: Who | None = None
    follower: Who | None = None
    message: Message | None = None


def parse(raw: Mapping[str, Any], bot: str) -> Incoming | None:
    """Return what an event says, or None when it asks for no answer, or is broken."""
    try:
        event = msgspec.convert(raw, Event)
    except msgspec.ValidationError as error:
        log.warning("event_unparsable", channel=CHANNEL, error=type(error).__name__)
        return None
    who = event.follower or event.sender
    reply = _reply(event)
    if who is None or reply is None:
        return None
    own_id = (event.message or Message()).msg_id or f"{event.event_name}:{who.id}:{event.timestamp}"
    if not _ID.fullmatch(who.id) or not _ID.fullmatch(own_id):
        log.warning("event_unparsable", channel=CHANNEL, error="an id that is none")
        return None
    return Incoming(CHANNEL, bot, who.id, own_id, reply)


def _reply(event: Event) -> Reply | None:
    name, message = event.event_name, event.message or Message()
    if name == FOLLOW:
        return Typed(START)
    if name == UNFOLLOW:
        return Blocked()
    if name == TEXT:
        return _said(message.text)
    if name in (IMAGE, FILE) and (sent := _file(name, message)) is not None:
        return sent
    if name in UNREADABLE:
        return Unreadable(UNREADABLE[name])
    if name.startswith(SILENT):
        return None
    UNKNOWN.labels(CHANNEL).inc()
    log.info("event_of_unknown_kind", channel=CHANNEL)
    return Unreadable(UNKNOWN_KIND)


def _said(text: str) -> Reply:
    if text.startswith(PRESSED):
        return Pressed(text.removeprefix(PRESSED))
    # A link to the account carries no code, so people send what stands beside it on the poster.
    coded = _CODE.fullmatch(text)
    code = coded[1].replace(" ", "") if coded is not None else ""
    return Typed(f"{START} {code[:2].lower()}{code[2:]}" if code else text)


def _file(name: str, message: Message) -> SentFile | None:
    """Return the file of an event; each comes in an event of its own."""
    for attached in message.attachments:
        if attached.payload.url:
            file = attached.payload
            kind, called = ("photo", "photo.jpg") if name == IMAGE else ("document", file.name or "document")
            return SentFile(kind, called, file.url, message.text, size=_number(file.size))
    return None


def _number(size: str | int) -> int:
    try:
        return max(0, min(int(size), 2**40))
    except ValueError:
        return 0
