"""One bot's side of Telegram: its chats, updates, files and menus."""

import re
import time
from dataclasses import dataclass
from random import Random

from tests.botapi.chats import Chat
from tests.botapi.files import FileStore
from tests.botapi.ledger import Ledger
from tests.botapi.rules import Json
from tests.botapi.updates import Queued, UpdateQueue

DEFAULT_TOKEN = "1234567890:AAtesttokenAAtesttokenAAtesttoken01"


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: str = ""
    max_connections: int = 40


class BotAccount:
    """A bot as Telegram knows it."""

    def __init__(self, token: str, username: str, ledger: Ledger, random: Random) -> None:
        if not re.fullmatch(r"\d{6,}:[A-Za-z0-9_-]{30,}", token):
            raise ValueError(f"{token!r} is no bot token: digits, a colon, then thirty or more of A-Z a-z 0-9 _ -")
        self.token = token
        self.id = int(token.split(":")[0])
        self.user: Json = {"id": self.id, "is_bot": True, "first_name": username, "username": username}
        self.ledger = ledger
        self.random = random
        self.files = FileStore(random)
        self.queue = UpdateQueue(random, self._delivered)
        self.chats: dict[int, Chat] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.menu_buttons: dict[int, Json] = {}
        self.webhook: Webhook | None = None
        self.webhook_error: tuple[int, str] | None = None
        self._last_message = random.randrange(100, 5000)

    def chat(self, chat_id: int | str) -> Chat | None:
        if isinstance(chat_id, int):
            return self.chats.get(chat_id)
        return next((c for c in self.chats.values() if "@" + str(c.described.get("username")) == chat_id), None)

    def open_chat(self, described: Json) -> Chat:
        chat = Chat(described["id"], described["type"], described, started=described["id"] < 0)
        return self.chats.setdefault(chat.id, chat)

    def next_message_id(self) -> int:
        self._last_message += 1
        return self._last_message

    def new_message(self, chat: Chat, sender: Json) -> Json:
        """The fields every message has."""
        return {
            "message_id": self.next_message_id(),
            "from": sender,
            "chat": chat.described,
            "date": int(time.time()),
        }

    def push(self, kind: str, payload: Json, chat_id: int) -> int:
        """Queue an update. Telegram keeps the order among a chat's messages, and among its button presses."""
        lane = f"{chat_id} {'presses' if kind == 'callback_query' else 'messages'}"
        return self.queue.push(kind, payload, lane)

    def _delivered(self, queued: Queued) -> None:
        if queued.kind == "callback_query" and queued.payload.get("id") in self.ledger.presses:
            self.ledger.delivered(queued.payload["id"])
