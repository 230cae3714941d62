"""Which edits of messages change what somebody said: Telegram also tells of those that change nothing here."""

import secrets
from collections import OrderedDict
from hashlib import blake2b

MOST_REMEMBERED = 20_000
_DIGEST_BYTES = 12


class Edits:
    """What messages said last, as digests under a key of this process: no word of anybody is kept."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._last: OrderedDict[tuple[int, int], tuple[bytes, int]] = OrderedDict()

    def note(self, chat_id: int, message_id: int, update_id: int, content: str) -> bool:
        """Keep what a message says now. False when it said the same before; an update that comes again does not."""
        digest = blake2b(content.encode("utf-8", "replace"), key=self._key, digest_size=_DIGEST_BYTES).digest()
        before = self._last.get((chat_id, message_id))
        if before is not None and before[0] == digest:
            return before[1] == update_id
        self._last[chat_id, message_id] = (digest, update_id)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
        return True
