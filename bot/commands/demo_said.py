"""What was said on the phones of the demo, for whoever opens it in a second browser.

A page keeps what was said on its device, and the store nothing that was read: so the demo listens at its own door.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.web.messages import Said

MOST_KEPT = 300  # on each phone

Entry = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What a page that asks for news is given; of what it shows only what is kept here."""

    phones: list[dict[str, Any]]


class Overheard:
    """What a copy of the commune serves; it notes what its phones say and are shown."""

    def __init__(self, inner: ASGIApp, clock: Callable[[], datetime]) -> None:
        self._inner = inner
        self._clock = clock
        self._entries: defaultdict[str, dict[object, Entry]] = defaultdict(dict)
        self._notes = {"/web/say": self._note_said, "/web/poll": self._note_shown}

    def said(self, token: str) -> list[Entry]:
        """Return what was said on a phone, in the shape in which its page keeps it, the oldest first."""
        return list(self._entries[token].values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note = self._notes.get(scope.get("path", ""))
        if note is None:
            await self._inner(scope, receive, send)
            return
        asked, answered, status = bytearray(), bytearray(), 0

        async def received() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            if status < 300 and message["type"] == "http.response.body" and not message.get("more_body"):
                note(bytes(asked), bytes(answered))
            await send(message)

        await self._inner(scope, received, sent)

    def _note_said(self, asked: bytes, _answered: bytes) -> None:
        said = msgspec.json.decode(asked, type=Said)
        files = {said.id: said.name, **{one.id: one.name for one in said.also}} if said.kind == "file" else {}
        buttons = (button for entry in self.said(said.token) for row in entry.get("buttons", []) for button in row)
        lasting = any(one["payload"] == said.payload and one["lasting"] for one in buttons) and said.kind == "pressed"
        for id_ in files or [said.id]:
            entry = {"id": str(id_), "own": True, "at": self._clock().isoformat(), "text": said.text, "state": "sent"}
            file = {"file": {"kind": "document", "name": files[id_]}} if id_ in files else {}
            self._keep(said.token, {**entry, "lasting": lasting, **file})

    def _note_shown(self, _asked: bytes, answered: bytes) -> None:
        for phone in msgspec.json.decode(answered, type=Answer).phones:
            for message in phone["messages"]:
                if message.get("forget"):
                    self._entries[phone["token"]].clear()
                self._keep(phone["token"], message)

    def _keep(self, token: str, entry: Entry) -> None:
        """Keep something that was not noted before: what is shown in two browsers was said once."""
        entries = self._entries[token]
        entries.setdefault(entry["id"], entry)
        if len(entries) > MOST_KEPT:
            del entries[next(iter(entries))]
