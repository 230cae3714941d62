"""Updates as Telegram sends them, each with what it says to the bot."""

from dataclasses import dataclass
from typing import Any

from flows.conversation.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable

Json = dict[str, Any]

LAN: Json = {"id": 5000007919, "is_bot": False, "first_name": "Lan", "last_name": "Nguyễn", "language_code": "vi"}
CHAT: Json = {"id": 5000007919, "first_name": "Lan", "last_name": "Nguyễn", "type": "private"}
GROUP: Json = {"id": -1001000000001, "title": "Thôn Đông", "type": "supergroup"}
NEWS: Json = {"id": -1001000000002, "title": "Tin xã", "type": "channel"}
BOT: Json = {"id": 1234567890, "is_bot": True, "first_name": "Học tập", "username": "hoctap_bot"}
FROM_LAN: Json = {"message_id": 17, "from": LAN, "chat": CHAT, "date": 1793000000}


@dataclass(frozen=True, slots=True)
class Said:
    """An update's content, and the reply and callback to be read from it; no reply when it says nothing."""

    name: str
    content: Json
    reply: Reply | None
    callback: str | None = None

    @property
    def update(self) -> Json:
        return {"update_id": 345678901, **self.content}


def message(**fields: Any) -> Json:
    return {"message": {**FROM_LAN, **fields}}


SIZE = 51234


def file(name: str, **fields: Any) -> Json:
    return {"file_id": f"AgACAg-{name}", "file_unique_id": f"AQAD-{name}", "file_size": SIZE, **fields}


def query(**fields: Any) -> Json:
    asked = {**FROM_LAN, "from": BOT, "text": "1/10"}
    return {"callback_query": {"id": "987654321", "from": LAN, "chat_instance": "-77", "message": asked, **fields}}


def membership(before: str, after: str, chat: Json = CHAT) -> Json:
    ends = {"until_date": 0} if after == "kicked" else {}
    return {
        "my_chat_member": {
            "chat": chat,
            "from": LAN,
            "date": 1793000000,
            "old_chat_member": {"user": BOT, "status": before, **({"until_date": 0} if before == "kicked" else {})},
            "new_chat_member": {"user": BOT, "status": after, **ends},
        }
    }


PHOTO = [
    file("small", width=90, height=67),
    file("large", width=1280, height=960),
    file("medium", width=320, height=240),
]
PLACE = {"latitude": 20.6, "longitude": 106.1}
ANIMATION = file("moving", width=320, height=240, duration=2)
POLL = {
    "id": "54321",
    "question": "Họp lúc nào?",
    "options": [{"text": "Sáng", "voter_count": 0, "persistent_id": "0"}],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}
STICKER = file("cat", width=512, height=512, emoji="👍", is_animated=False, is_video=False, type="regular")

SAID = [
    Said("text", message(text="Hằng ngày"), Typed("Hằng ngày")),
    Said(
        "command",
        message(text="/start v-dong", entities=[{"offset": 0, "length": 6, "type": "bot_command"}]),
        Typed("/start v-dong"),
    ),
    Said("markup", message(text="<b>&_*["), Typed("<b>&_*[")),
    Said("NUL", message(text="a\x00b"), Typed("a\x00b")),
    Said("half a surrogate pair", message(text="a\ud83d"), Typed("a\ud83d")),
    Said("5,000 letters", message(text="ấ" * 5000), Typed("ấ" * 5000)),
    Said("field of a later Bot API", message(text="Có", invented={"in": 2031}), Typed("Có")),
    Said("button", query(data="a:3:daily"), Pressed("a:3:daily"), "987654321"),
    Said(
        "button of a message out of reach",
        query(data="status", message={"chat": CHAT, "message_id": 3, "date": 0}),
        Pressed("status"),
        "987654321",
    ),
    Said("button with forged data", query(data="\x00\udfff"), Pressed("\x00\udfff"), "987654321"),
    Said("photo", message(photo=PHOTO), SentFile("photo", "photo.jpg", "AgACAg-large", size=SIZE)),
    Said(
        "photo with caption",
        message(photo=PHOTO, caption="Giấy khen"),
        SentFile("photo", "photo.jpg", "AgACAg-large", "Giấy khen", size=SIZE),
    ),
    Said(
        "document",
        message(document=file("paper", file_name="giấy khen.pdf", mime_type="application/pdf"), caption="Đây"),
        SentFile("document", "giấy khen.pdf", "AgACAg-paper", "Đây", size=SIZE),
    ),
    Said(
        "part of an album",
        message(photo=PHOTO, media_group_id="1357"),
        SentFile("photo", "photo.jpg", "AgACAg-large", album="1357", size=SIZE),
    ),
    Said(
        "document without a name",
        message(document=file("paper")),
        SentFile("document", "document", "AgACAg-paper", size=SIZE),
    ),
    Said("edited text", {"edited_message": {**FROM_LAN, "edit_date": 1793000009, "text": "Có"}}, Edited()),
    Said("sticker", message(sticker=STICKER), Unreadable("sticker")),
    Said("voice", message(voice=file("voice", duration=3)), Unreadable("voice")),
    Said("audio", message(audio=file("song", duration=200)), Unreadable("audio")),
    Said("video", message(video=file("film", width=320, height=240, duration=9)), Unreadable("video")),
    Said("video note", message(video_note=file("note", length=240, duration=9)), Unreadable("video_note")),
    Said("animation", message(animation=ANIMATION, document=ANIMATION), Unreadable("animation")),
    Said("location", message(location=PLACE), Unreadable("location")),
    Said(
        "venue",
        message(location=PLACE, venue={"location": PLACE, "title": "Nhà văn hóa", "address": "Thôn Đông"}),
        Unreadable("venue"),
    ),
    Said("contact", message(contact={"phone_number": "+84900000001", "first_name": "Lan"}), Unreadable("contact")),
    Said("dice", message(dice={"emoji": "🎲", "value": 3}), Unreadable("dice")),
    Said("poll", message(poll=POLL), Unreadable("poll")),
    Said("blocked", membership("member", "kicked"), Blocked()),
    Said("unblocked", membership("kicked", "member"), Unblocked()),
    Said("empty message", message(), Unreadable("unknown")),
    Said("kind of a later Bot API", message(hologram=file("ghost")), Unreadable("unknown")),
    Said("message of a later Bot API", {"whispered_message": {**FROM_LAN, "text": "Có"}}, Unreadable("unknown")),
    # what says nothing
    Said("whispered in a group", {"whispered_message": {**FROM_LAN, "chat": GROUP, "text": "Có"}}, None),
    Said("change of a later Bot API", {"chat_painted": {"chat": CHAT, "date": 1793000000}}, None),
    Said("reaction", {"message_reaction": {**FROM_LAN, "new_reaction": []}}, None),
    Said("moving place", {"edited_message": {**FROM_LAN, "edit_date": 1793000009, "location": PLACE}}, None),
    Said("service message", message(pinned_message={**FROM_LAN, "text": "Có"}), None),
    Said("group message", message(text="Có", chat=GROUP), None),
    Said("photo in a group", message(photo=PHOTO, chat=GROUP), None),
    Said("button in a group", query(data="a", message={**FROM_LAN, "chat": GROUP, "text": "?"}), None),
    Said("added to a group", membership("left", "member", GROUP), None),
    Said("channel post", {"channel_post": {"message_id": 4, "chat": NEWS, "date": 1793000000, "text": "Tin"}}, None),
    Said("button of an inline message", {"callback_query": {"id": "9", "from": LAN, "chat_instance": "-7"}}, None),
    Said("poll result", {"poll": POLL}, None),
    Said("unknown kind", {"invented": {"in": 2031}}, None),
    Said("nothing", {}, None),
]

# What no client of Telegram sends. Parsing must go on with the next.
BROKEN: list[Json] = [
    {},
    {"update_id": None},
    {"update_id": 1, "message": []},
    {"update_id": 1, "message": "text"},
    {"update_id": 1, "message": {"text": "Có"}},
    {"update_id": 1, "message": {**FROM_LAN, "chat": {"id": 5}, "text": "Có"}},
    {"update_id": 1, "callback_query": {"id": "9", "data": "a"}},
    {"update_id": 1, "my_chat_member": {"chat": CHAT}},
    {"message": {**FROM_LAN, "text": "Có"}},
]

# Somebody sent these, whatever became of them on the way: they hear something.
HALF_BROKEN: list[Json] = [
    {"update_id": 1, "message": {**FROM_LAN, "date": "yesterday", "text": "Có"}},
    {"update_id": 1, "message": {**FROM_LAN, "photo": [{"file_id": "a"}]}},
    {"update_id": 1, "message": {**FROM_LAN, "photo": {"of": "another shape"}}},
    {"update_id": 1, "message": {**FROM_LAN, "text": ["in", "parts"]}},
]
