"""What a Telegram update says: a raw update in, an `Incoming` out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from bot.store.inbox import Incoming
from flows.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable

log = structlog.get_logger()

CHANNEL = "telegram"
UPDATE_KINDS = ("message", "edited_message", "callback_query", "my_chat_member")

# What a person may send that no talk can use. An animation is also a document, and a venue also a location:
# the first kind that fits names the message.
UNREADABLE_KINDS = (
    "animation", "sticker", "voice", "audio", "video", "video_note", "venue", "location", "contact",
    "poll", "dice", "game", "story", "paid_media", "checklist", "invoice",
)  # fmt: skip


def parse(raw: Mapping[str, Any], bot: str) -> Incoming | None:
    """Return what an update says, or None when it says nothing to this bot: another chat than a private one,
    a service message, a kind not known here, or something broken. Those too may be acknowledged."""
    try:
        update = Update.de_json({**raw, "update_id": int(raw["update_id"])}, None)
        heard = _heard(update)
    except Exception as error:
        # Whatever its constructors meet in a broken update. The update itself may hold words of a person.
        log.warning("update_unparsable", update_id=raw.get("update_id"), error=type(error).__name__)
        return None
    if heard is None:
        return None
    return Incoming(CHANNEL, bot, str(heard.chat.id), str(update.update_id), heard.reply, heard.callback)


@dataclass(frozen=True, slots=True)
class _Heard:
    chat: Chat
    reply: Reply
    callback: str | None = None


def _heard(update: Update) -> _Heard | None:
    heard = _of_any_chat(update)
    return heard if heard is not None and heard.chat.type == ChatType.PRIVATE else None


def _of_any_chat(update: Update) -> _Heard | None:
    if update.message is not None:
        return _sent(update.message)
    if update.edited_message is not None:
        return _edited(update.edited_message)
    if update.callback_query is not None:
        return _pressed(update.callback_query)
    if update.my_chat_member is not None:
        return _let_in_or_out(update.my_chat_member)
    return None


def _sent(message: Message) -> _Heard | None:
    reply = _unreadable(message) or _file(message) or _typed(message)
    return None if reply is None else _Heard(message.chat, reply)


def _typed(message: Message) -> Typed | None:
    return None if message.text is None else Typed(message.text)


def _unreadable(message: Message) -> Unreadable | None:
    for kind in UNREADABLE_KINDS:
        if getattr(message, kind):
            return Unreadable(kind)
    return None


def _file(message: Message) -> SentFile | None:
    caption = message.caption or ""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return SentFile("photo", "photo.jpg", largest.file_id, caption)
    if message.document is not None:
        return SentFile("document", message.document.file_name or "document", message.document.file_id, caption)
    return None


def _edited(message: Message) -> _Heard | None:
    # A shared place that moves is edited every few seconds for hours; that is nothing to answer.
    return None if message.location is not None else _Heard(message.chat, Edited())


def _pressed(query: CallbackQuery) -> _Heard | None:
    if query.data is None or query.message is None:
        return None
    return _Heard(query.message.chat, Pressed(query.data), query.id)


def _let_in_or_out(change: ChatMemberUpdated) -> _Heard | None:
    match change.new_chat_member.status:
        case ChatMemberStatus.BANNED:
            return _Heard(change.chat, Blocked())
        case ChatMemberStatus.MEMBER:
            return _Heard(change.chat, Unblocked())
        case _:
            return None
