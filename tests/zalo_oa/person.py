"""Somebody with Zalo on their phone, who follows an Official Account or does not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Json = dict[str, Any]


class Pushes(Protocol):
    """What takes what people do."""

    def push(self, person: "OaPerson", name: str, message: Json | None = None) -> None:
        """Bring an event to the webhook."""

    def put(self, content: bytes) -> str:
        """Keep a file and return its address."""


@dataclass(frozen=True)
class Seen:
    """A message on the phone: its text, its buttons by their titles, its files, and the template it is of."""

    text: str = ""
    buttons: dict[str, Json] = field(default_factory=dict)
    files: tuple[bytes, ...] = ()
    template: str = ""


@dataclass
class OaPerson:
    """Somebody's chat with the account. `heard_at` is when they last did something there."""

    server: Pushes
    id: str
    inbox: list[Seen] = field(default_factory=list)
    follows: bool = False
    blocks: bool = False
    heard_at: datetime | None = None
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def follow(self) -> None:
        """Begin to follow the account."""
        self.follows, self.blocks = True, False
        self.server.push(self, "follow")

    def unfollow(self) -> None:
        """End it, and let nothing more through."""
        self.server.push(self, "unfollow")
        self.follows, self.blocks = False, True

    def type(self, text: str) -> None:
        """Send a text."""
        self.server.push(self, "user_send_text", {"text": text})

    def press(self, title: str) -> None:
        """Press the button that is called so, or whose title says so, in the last message that has one."""
        for seen in reversed(self.inbox):
            found = [one for one in seen.buttons if one == title] or [one for one in seen.buttons if title in one]
            if found:
                button = seen.buttons[found[0]]
                assert button["type"] == "oa.query.hide", button
                return self.type(button["payload"])
        raise AssertionError(f"no button {title!r}; there are {[*self.inbox[-1].buttons]}")

    def send_photo(self, content: bytes, text: str = "") -> None:
        """Send a picture, which lies at an address of Zalo."""
        url = self.server.put(content)
        attached = {"type": "image", "payload": {"thumbnail": url, "url": url}}
        self.server.push(self, "user_send_image", {"text": text, "attachments": [attached]})

    def send_file(self, name: str, content: bytes) -> None:
        """Send a document."""
        payload = {"url": self.server.put(content), "size": str(len(content)), "name": name, "type": "application"}
        self.server.push(self, "user_send_file", {"text": "", "attachments": [{"type": "file", "payload": payload}]})

    def send(self, kind: str) -> None:
        """Send something without words: a sticker, a voice message."""
        self.server.push(self, f"user_send_{kind}", {"text": ""})

    def read(self, seen: Seen) -> None:
        """Get a message."""
        self.inbox.append(seen)
        self._arrived.set()

    async def answer(self, text: str) -> Seen:
        """Type something and return what comes next."""
        before = len(self.inbox)
        self.type(text)
        return await self.next(before)

    async def answer_press(self, title: str) -> Seen:
        """Press a button and return what comes next."""
        before = len(self.inbox)
        self.press(title)
        return await self.next(before)

    async def next(self, before: int) -> Seen:
        """Return what has come after so many messages, as one."""
        await self.until(lambda: len(self.inbox) > before)
        new = self.inbox[before:]
        buttons = {title: button for seen in new for title, button in seen.buttons.items()}
        files = tuple(file for seen in new for file in seen.files)
        return Seen("\n".join(seen.text for seen in new), buttons, files, new[-1].template)

    async def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until what has come is so."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"it has not come; the last messages are {self.inbox[-3:]}") from None
