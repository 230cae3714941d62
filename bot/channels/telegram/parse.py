"""What a Telegram update says: a raw update in, an `Incoming` out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from telegram.constants import ChatMemberStatus, ChatType, UpdateType

from bot.channels.telegram.edits import Edits
from bot.metrics import UNKNOWN
from bot.store.core.inbox import Incoming
from flows.conversation.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable

log = structlog.get_logger()

CHANNEL = "telegram"
UPDATE_KINDS = ("message", "edited_message", "callback_query", "my_chat_member")

# What a person may send that no talk can use. An animation is also a document, and a venue also a location:
# the first kind that fits names the message.
UNREADABLE_KINDS = (
    "animation", "sticker", "voice", "audio", "video", "video_note", "venue", "location", "contact",
    "poll", "dice", "game", "story", "paid_media", "checklist", "invoice",
)  # fmt: skip
# What Telegram itself puts into a private chat. Nobody waits for an answer to it.
SERVICE_KINDS = frozenset({
    "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed", "chat_owner_left",
    "chat_shared", "checklist_tasks_added", "checklist_tasks_done", "connected_website", "delete_chat_photo",
    "direct_message_price_changed", "forum_topic_closed", "forum_topic_created", "forum_topic_edited",
    "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden", "gift", "gift_upgrade_sent",
    "giveaway", "giveaway_completed", "giveaway_created", "giveaway_winners", "group_chat_created",
    "left_chat_member", "managed_bot_created", "message_auto_delete_timer_changed", "migrate_from_chat_id",
    "migrate_to_chat_id", "new_chat_members", "new_chat_photo", "new_chat_title", "paid_message_price_changed",
    "passport_data", "pinned_message", "poll_option_added", "poll_option_deleted", "proximity_alert_triggered",
    "refunded_payment", "successful_payment", "suggested_post_approval_failed", "suggested_post_approved",
    "suggested_post_declined", "suggested_post_paid", "suggested_post_refunded", "supergroup_chat_created",
    "unique_gift", "users_shared", "video_chat_ended", "video_chat_participants_invited", "video_chat_scheduled",
    "video_chat_started", "web_app_data", "write_access_allowed",
})  # fmt: skip
_KNOWN_UPDATES = frozenset(UpdateType)
# How a kind is called that is of a later Bot API than this version.
UNKNOWN_KIND = "unknown"


# As much of an update as is looked at. Not python-telegram-bot's own classes: to make those of an update takes a tenth
# of a whole turn, most of it for fields that nobody reads.
class Chat(Struct):
    """A chat."""

    id: int
    type: str


class PhotoSize(Struct):
    """A photo in one of its sizes."""

    file_id: str
    width: int
    height: int
    file_unique_id: str = ""
    file_size: int = 0


class Document(Struct):
    """A file sent as such."""

    file_id: str
    file_name: str | None = None
    file_unique_id: str = ""
    file_size: int = 0


class Message(Struct):
    """A message. What nobody can use is only known to be there."""

    chat: Chat
    date: int
    message_id: int = 0
    text: str | None = None
    caption: str | None = None
    media_group_id: str | None = None
    photo: tuple[PhotoSize, ...] = ()
    document: Document | None = None
    animation: Any = None
    sticker: Any = None
    voice: Any = None
    audio: Any = None
    video: Any = None
    video_note: Any = None
    venue: Any = None
    location: Any = None
    contact: Any = None
    poll: Any = None
    dice: Any = None
    game: Any = None
    story: Any = None
    paid_media: Any = None
    checklist: Any = None
    invoice: Any = None


class MessageOfButton(Struct):
    """The message that a pressed button belongs to."""

    chat: Chat


class CallbackQuery(Struct):
    """A press of a button. There is always somebody who pressed it."""

    id: str
    person: Any = msgspec.field(name="from")
    data: str | None = None
    message: MessageOfButton | None = None


class ChatMember(Struct):
    """What somebody is in a chat."""

    status: str


class ChatMemberUpdated(Struct):
    """A change of what the bot is in a chat."""

    chat: Chat
    new_chat_member: ChatMember


class Update(Struct):
    """An update."""

    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: ChatMemberUpdated | None = None


class Outline(Struct):
    """As much of a message as is the same whatever was sent."""

    chat: Chat
    message_id: int


def parse(raw: Mapping[str, Any], bot: str, edits: Edits | None = None) -> Incoming | None:
    """Return what an update says, or None when it says nothing to this bot: another chat than a private one, a service
    message, an edit that changed nothing, or something broken. Those too may be acknowledged.

    What a person sent and nobody here can read is told as unreadable, so that it is answered.
    """
    try:
        update = msgspec.convert(raw, Update, strict=False)
        heard = _heard(update, edits) or _unknown(raw)
    except Exception as error:
        # Whatever is wrong with it. The update itself, and what an error says of it, may hold words of a person.
        log.warning("update_unparsable", update_id=raw.get("update_id"), error=type(error).__name__)
        return _sent_at_all(raw, bot)
    if heard is None:
        return None
    return Incoming(CHANNEL, bot, str(heard.chat.id), str(update.update_id), heard.reply, heard.callback)


def _sent_at_all(raw: Mapping[str, Any], bot: str) -> Incoming | None:
    """Return that somebody sent something, where what it is cannot be read."""
    update_id = raw.get("update_id")
    heard = _unknown(raw) if isinstance(update_id, int) else None
    if heard is None:
        return None
    return Incoming(CHANNEL, bot, str(heard.chat.id), str(update_id), heard.reply)


def _unknown(raw: Mapping[str, Any]) -> "_Heard | None":
    """Return a message whose kind is not known here, or that comes in an update of a kind not known here."""
    for name, content in raw.items():
        if (name == "message" or name not in _KNOWN_UPDATES) and isinstance(content, dict):
            try:
                outline = msgspec.convert(content, Outline)
            except msgspec.ValidationError:
                continue
            if outline.chat.type == ChatType.PRIVATE and SERVICE_KINDS.isdisjoint(content):
                UNKNOWN.labels(CHANNEL).inc()
                log.info("update_of_unknown_kind", update_id=raw.get("update_id"))
                return _Heard(outline.chat, Unreadable(UNKNOWN_KIND))
    return None


@dataclass(frozen=True, slots=True)
class _Heard:
    chat: Chat
    reply: Reply
    callback: str | None = None


def _heard(update: Update, edits: Edits | None) -> _Heard | None:
    heard = _of_any_chat(update, edits)
    return heard if heard is not None and heard.chat.type == ChatType.PRIVATE else None


def _of_any_chat(update: Update, edits: Edits | None) -> _Heard | None:
    if update.message is not None:
        _is_new(update.message, update.update_id, edits)
        return _sent(update.message)
    if update.edited_message is not None:
        return _edited(update.edited_message) if _is_new(update.edited_message, update.update_id, edits) else None
    if update.callback_query is not None:
        return _pressed(update.callback_query)
    if update.my_chat_member is not None:
        return _let_in_or_out(update.my_chat_member)
    return None


def _is_new(message: Message, update_id: int, edits: Edits | None) -> bool:
    """Tell whether a message says something else than it said before, as far as that is remembered."""
    if edits is None or message.chat.type != ChatType.PRIVATE:
        return True
    # The same photo or document may have another handle each time.
    file = message.document.file_unique_id if message.document is not None else ""
    photo = message.photo[-1].file_unique_id if message.photo else ""
    content = f"{message.text}\0{message.caption}\0{file}{photo}"
    return edits.note(message.chat.id, message.message_id, update_id, content)


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
    caption, album = message.caption or "", message.media_group_id or ""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return SentFile("photo", "photo.jpg", largest.file_id, caption, album, largest.file_size)
    if message.document is not None:
        document = message.document
        name = document.file_name or "document"
        return SentFile("document", name, document.file_id, caption, album, document.file_size)
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
