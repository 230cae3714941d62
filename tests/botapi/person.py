"""A scripted person with a phone: types, presses what a button reads, sends, blocks, waits, reads."""

import asyncio
import re
import time
import unicodedata
from collections.abc import Callable

from tests.botapi.account import BotAccount
from tests.botapi.chats import Button, Chat, Shown
from tests.botapi.ledger import Press
from tests.botapi.rules import MAX_TEXT, Json, utf16_length

__all__ = ["Button", "Person", "Shown"]

_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?(?![\w/])")


class Person:
    """Somebody in a private chat with a bot. Each act returns the ids of the updates it made."""

    def __init__(self, account: BotAccount, user_id: int, name: str, language_code: str = "vi") -> None:
        first, _, last = name.partition(" ")
        names: Json = {"first_name": first} | ({"last_name": last} if last else {})
        self.id = user_id
        self.name = name
        self.user: Json = {"id": user_id, "is_bot": False, **names, "language_code": language_code}
        self.account = account
        self.chat: Chat = account.open_chat({"id": user_id, **names, "type": "private"})
        self._instance = str(account.random.randrange(-(2**63), 2**63))
        self._read = 0
        self._last_text: Json | None = None

    # saying

    def type(self, text: str) -> tuple[int, ...]:
        """Send a text; a phone splits what is longer than 4096 into several messages."""
        return tuple(self._say_text(part) for part in _split(text))

    def start(self, payload: str = "") -> tuple[int, ...]:
        """Press the start button, or open a deep link with its payload."""
        return self.type(f"/start {payload}".strip())

    def edit_last(self, text: str) -> tuple[int, ...]:
        """Change the text of the last typed message."""
        if self._last_text is None:
            raise LookupError(f"{self.name} has typed nothing that could be edited")
        self._last_text = self._last_text | _text_fields(text) | {"edit_date": int(time.time())}
        return self._push("edited_message", self._last_text)

    def send_photo(self, content: bytes, caption: str = "") -> tuple[int, ...]:
        return self._say(photo=self.account.files.add_photo(content), **_caption(caption))

    def send_document(
        self, content: bytes, name: str = "document.pdf", mime: str = "application/pdf", caption: str = ""
    ) -> tuple[int, ...]:
        return self._say(document=self.account.files.add_document(content, name, mime), **_caption(caption))

    def send_sticker(self, emoji: str = "👍") -> tuple[int, ...]:
        file = self.account.files.add(b"RIFF0000WEBP", "stickers", ".webp")
        flags = {"type": "regular", "is_animated": False, "is_video": False}
        return self._say(sticker=file | flags | {"width": 512, "height": 512, "emoji": emoji, "set_name": "Cats"})

    def send_voice(self, content: bytes = b"OggS", seconds: int = 3) -> tuple[int, ...]:
        file = self.account.files.add(content, "voice", ".oga")
        return self._say(voice=file | {"duration": seconds, "mime_type": "audio/ogg"})

    def share_contact(self, phone: str = "+84900000001") -> tuple[int, ...]:
        names: Json = {key: self.user[key] for key in ("first_name", "last_name") if key in self.user}
        return self._say(contact={"phone_number": phone, **names, "user_id": self.id})

    # pressing

    def press(self, label: str, message_id: int | None = None) -> tuple[int, ...]:
        """Press the button that reads so, on the newest message that has it or on the message named."""
        shown, button = self._find(label, message_id)
        if button.data is not None:
            return self._press_inline(shown, button)
        if button.asks_contact:
            return self.share_contact()
        if button.url is not None:
            raise LookupError(f"[{button.label}] opens {button.url}: nothing reaches the bot")
        return self.type(button.label)

    def press_data(self, message_id: int, data: str) -> tuple[int, ...]:
        """Press with forged data, as a hostile client can."""
        return self._press_inline(Shown(message_id, ""), Button("(forged)", data))

    # blocking

    def block(self) -> tuple[int, ...]:
        self.chat.blocked = True
        return self._change_member("member", "kicked")

    def unblock(self) -> tuple[int, ...]:
        self.chat.blocked = self.chat.told_blocked = False
        return self._change_member("kicked", "member")

    # reading

    @property
    def inbox(self) -> list[Shown]:
        """The bot's messages as they stand, oldest first."""
        return self.chat.inbox

    @property
    def toasts(self) -> list[str]:
        """What the bot answered to button presses, shown for a moment."""
        return self.chat.toasts

    @property
    def unread(self) -> list[Shown]:
        """Messages and edits no `wait_for` has passed yet."""
        return self.chat.events[self._read :]

    def download(self, shown: Shown) -> bytes:
        """The bytes of a photo or document the bot sent."""
        content = self.account.files.content(shown.file_id or "")
        if content is None:
            raise LookupError(f"message {shown.message_id} carries no file")
        return content

    async def wait_for(self, wanted: str | Callable[[Shown], bool], timeout: float = 5.0) -> Shown:  # noqa: ASYNC109
        """The next unread message or edit that matches; all up to it is then read."""
        matches = _matcher(wanted)
        try:
            return await asyncio.wait_for(self._next_match(matches), timeout)
        except TimeoutError:
            raise AssertionError(self._nothing_came(wanted, timeout)) from None

    async def _next_match(self, matches: Callable[[Shown], bool]) -> Shown:
        seen = self._read
        while True:
            changed = self.chat.changed.listen()
            for index in range(seen, len(self.chat.events)):
                if matches(self.chat.events[index]):
                    self._read = index + 1
                    return self.chat.events[index]
            seen = len(self.chat.events)
            await changed.wait()

    def _nothing_came(self, wanted: object, timeout: float) -> str:
        unread = "\n".join(f"  {_line(shown)}" for shown in self.unread) or "  (nothing)"
        return f"{self.name} waited {timeout:g} s for {wanted!r}; unread:\n{unread}"

    # inside

    def _say_text(self, text: str) -> int:
        (update_id,) = self._say(**_text_fields(text))
        return update_id

    def _say(self, **fields: object) -> tuple[int, ...]:
        self._must_not_block()
        self.chat.started = True
        message = self.account.new_message(self.chat, self.user) | fields
        self.chat.messages[message["message_id"]] = message
        if "text" in message:
            self._last_text = message
        return self._push("message", message)

    def _press_inline(self, shown: Shown, button: Button) -> tuple[int, ...]:
        self._must_not_block()
        query_id = str(self.account.random.randrange(10**18, 2**63))
        message = self.chat.messages.get(shown.message_id, _inaccessible(self.chat, shown.message_id))
        query: Json = {"id": query_id, "from": self.user, "message": message, "chat_instance": self._instance}
        self.account.ledger.press(
            Press(query_id, self.account.id, self.id, button.data or "", button.label, time.time())
        )
        return self._push("callback_query", query | {"data": button.data})

    def _change_member(self, before: str, after: str) -> tuple[int, ...]:
        bot = self.account.user
        change: Json = {"chat": self.chat.described, "from": self.user, "date": int(time.time())}
        change["old_chat_member"] = _member(bot, before)
        change["new_chat_member"] = _member(bot, after)
        return self._push("my_chat_member", change)

    def _push(self, kind: str, payload: Json) -> tuple[int, ...]:
        return (self.account.push(kind, payload, self.id),)

    def _must_not_block(self) -> None:
        if self.chat.blocked:
            raise LookupError(f"{self.name} blocks the bot; unblock() first")

    def _find(self, label: str, message_id: int | None) -> tuple[Shown, Button]:
        nowhere = Shown(0, "")
        below = [(nowhere, button) for row in self.chat.keyboard for button in row]
        candidates = below + [
            (shown, button)
            for shown in reversed(self.inbox)
            if message_id in (None, shown.message_id)
            for row in shown.buttons
            for button in row
        ]
        for fits in (_same, _similar):
            for shown, button in candidates:
                if fits(label, button.label):
                    return shown, button
        there = " ".join(f"[{button.label}]" for _, button in candidates) or "no button at all"
        raise LookupError(f"{self.name} sees no [{label}], but {there}")


def _matcher(wanted: str | Callable[[Shown], bool]) -> Callable[[Shown], bool]:
    if callable(wanted):
        return wanted
    return lambda shown: wanted in shown.text


def _same(label: str, other: str) -> bool:
    return label == other


def _similar(label: str, other: str) -> bool:
    return _folded(label) in _folded(other)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().strip()


def _split(text: str) -> list[str]:
    parts = [""]
    for char in text:
        if utf16_length(parts[-1]) + utf16_length(char) > MAX_TEXT:
            parts.append("")
        parts[-1] += char
    return parts


def _text_fields(text: str) -> Json:
    entities = [
        {"type": "bot_command", "offset": utf16_length(text[: found.start()]), "length": len(found.group())}
        for found in _COMMAND.finditer(text)
    ]
    return {"text": text} | ({"entities": entities} if entities else {})


def _caption(caption: str) -> Json:
    return {"caption": caption} if caption else {}


def _member(bot: Json, status: str) -> Json:
    return {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})


def _inaccessible(chat: Chat, message_id: int) -> Json:
    return {"chat": chat.described, "message_id": message_id, "date": 0}


def _line(shown: Shown) -> str:
    return " ".join([shown.text, *(f"[{label}]" for label in shown.labels)])
