"""In which topic of a chat somebody wrote last: there they are answered. A restart forgets it until then."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

MOST_REMEMBERED = 20_000


class Topics:
    """The topics of chats that have any."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._last: OrderedDict[int, int] = OrderedDict()

    def note(self, update: Mapping[str, Any]) -> None:
        """Keep where an update comes from. What is no message, or is broken, says nothing."""
        query = update.get("callback_query")
        message = update.get("message") or (query.get("message") if isinstance(query, dict) else None)
        match message:
            case {"chat": {"id": int(chat)}, "is_topic_message": True, "message_thread_id": int(topic)}:
                self._last[chat] = topic
                self._last.move_to_end(chat)
                if len(self._last) > self._most:
                    self._last.popitem(last=False)
            case {"chat": {"id": int(chat)}}:
                self.forget(chat)
            case _:
                pass

    def of(self, chat: int) -> int | None:
        """Return the topic in which a chat is answered; None for the main one."""
        return self._last.get(chat)

    def forget(self, chat: int) -> bool:
        """Answer a chat in the main topic. Tells whether it had another one."""
        return self._last.pop(chat, None) is not None
