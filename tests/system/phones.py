"""Phones: the same hand types and presses on Telegram and in the web chat, and reads what is shown there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import aiohttp

from tests.botapi import Person
from tests.botapi.updates import Signal

LONGEST_POLL = 20.0
PAUSE = 0.3  # before what did not get through is tried again


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a phone shows it. `id` is the channel's own."""

    id: int
    text: str
    labels: tuple[str, ...]

    def label(self, words: str) -> str | None:
        """Return the button that ends with these words, if there is one."""
        return next((label for label in self.labels if label.endswith(words)), None)


class Phone(Protocol):
    """A chat in somebody's hand. `heard` are its messages, in the order they came."""

    heard: list[Heard]

    def listen(self) -> asyncio.Event:
        """Return what is set when the next message comes."""
        ...

    async def type(self, text: str) -> None:
        """Say something."""
        ...

    async def press(self, heard: Heard, label: str) -> bool:
        """Press a button of a message. Tells whether it is still there."""
        ...

    async def photo(self, content: bytes) -> bool:
        """Send a photo, where the chat can do that. Tells whether it can."""
        ...

    async def be_closed(self, seconds: float) -> None:
        """Let nobody write here for a while, where the chat can do that."""
        ...


@dataclass(slots=True)
class TelegramPhone:
    """A chat on Telegram. A reply that is sent a second time, as after a power cut, is there twice."""

    person: Person
    heard: list[Heard] = field(default_factory=list)
    _read: int = 0

    def listen(self) -> asyncio.Event:
        """Return what is set when the next message comes."""
        changed = self.person.chat.changed.listen()
        for shown in self.person.chat.events[self._read :]:
            self._read += 1
            self.heard.append(Heard(shown.message_id, shown.text, shown.labels))
        return changed

    async def type(self, text: str) -> None:
        """Say something."""
        self.person.type(text)

    async def press(self, heard: Heard, label: str) -> bool:
        """Press a button of a message, which it may have lost when it was changed."""
        try:
            self.person.press(label, heard.id)
        except LookupError:
            return False
        return True

    async def photo(self, content: bytes) -> bool:
        """Send a photo."""
        self.person.send_photo(content)
        return True

    async def be_closed(self, seconds: float) -> None:
        """Block the bot for a while."""
        self.person.block()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.person.unblock()


@dataclass(slots=True)
class WebPage:
    """An open page of the web chat: it polls, shows each message once, and tells which it has shown."""

    http: aiohttp.ClientSession
    token: str
    heard: list[Heard] = field(default_factory=list)
    again: list[int] = field(default_factory=list)  # what came although it was settled
    refused: list[str] = field(default_factory=list)
    _payloads: dict[tuple[int, str], str] = field(default_factory=dict)
    _unsettled: set[int] = field(default_factory=set)
    _settled: set[int] = field(default_factory=set)
    _changed: Signal = field(default_factory=Signal)

    def listen(self) -> asyncio.Event:
        """Return what is set when the next message comes."""
        return self._changed.listen()

    async def type(self, text: str) -> None:
        """Say something."""
        await self._say(kind="typed", text=text)

    async def press(self, heard: Heard, label: str) -> bool:
        """Press a button of a message."""
        await self._say(kind="pressed", payload=self._payloads[heard.id, label])
        return True

    async def photo(self, content: bytes) -> bool:
        """Send no photo: this page has none."""
        return False

    async def be_closed(self, seconds: float) -> None:
        """Stay open."""

    async def poll(self) -> None:
        """Ask for what is new, for ever."""
        while True:
            told = set(self._unsettled)
            phone = {"token": self.token, "seen": sorted(told)}
            answer = await self._post("/web/poll", {"phones": [phone], "wait": LONGEST_POLL})
            if answer is None:
                await asyncio.sleep(PAUSE)
                continue
            self._settled |= told
            self._unsettled -= told
            self._show(answer["phones"][0]["messages"])

    def _show(self, messages: Sequence[dict[str, Any]]) -> None:
        for message in messages:
            if message["id"] in self._settled:
                self.again.append(message["id"])
            if message["id"] in self._settled | self._unsettled:
                continue
            self._unsettled.add(message["id"])
            buttons = [button for row in message["buttons"] for button in row]
            self._payloads |= {(message["id"], button["label"]): button["payload"] for button in buttons}
            labels = tuple(button["label"] for button in buttons)
            self.heard.append(Heard(message["id"], message["text"], labels))
            self._changed.fire()

    async def _say(self, **said: str) -> None:
        """Say something until it is committed; a request that comes twice has the same id."""
        body = {"token": self.token, "id": str(uuid4()), **said}
        while await self._post("/web/say", body) is None:
            await asyncio.sleep(PAUSE)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a request; None when nobody answers, or too much is asked for."""
        try:
            async with self.http.post(path, json=body) as response:
                if response.status < 300:
                    answer: dict[str, Any] = await response.json()
                    return answer
                if response.status not in {429, 502}:
                    self.refused.append(f"{path}: {response.status}")
        except aiohttp.ClientError:
            pass
        return None
