"""The turns that this instance leaves alone for a while: a newer version may understand them, or nothing helps now."""

import time
from collections.abc import Callable

LONGEST_KEPT = 10_000


class LeftAlone:
    """Conversations that are not claimed until a time.

    During an upgrade two versions run side by side. What only the newer one can read is left to it for some seconds.
    When nobody has taken it by then, there is no newer one: for some minutes nothing is left again.
    """

    def __init__(
        self,
        seconds_for_newer: float = 0.0,
        minutes_without: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds_for_newer = seconds_for_newer
        self._seconds_without = 60 * minutes_without
        self._monotonic = monotonic
        self._until: dict[int, float] = {}
        self._left: set[int] = set()
        self._nobody_newer_until = 0.0

    @property
    def conversations(self) -> list[int]:
        """Return the conversations that are left alone now."""
        now = self._monotonic()
        self._until = {id_: until for id_, until in self._until.items() if now < until}
        return list(self._until)

    def leave(self, conversation_id: int, seconds: float) -> None:
        """Leave a conversation alone for some seconds."""
        self._until[conversation_id] = self._monotonic() + seconds

    def leave_to_newer(self, conversation_id: int, inbox_id: int) -> bool:
        """Leave an update to a newer version. False when there is none: then do what can be done here."""
        now = self._monotonic()
        if not self._seconds_for_newer or now < self._nobody_newer_until:
            return False
        if inbox_id in self._left:  # it has come back
            self._left.clear()
            self._nobody_newer_until = now + self._seconds_without
            return False
        if len(self._left) >= LONGEST_KEPT:
            self._left.clear()
        self._left.add(inbox_id)
        self.leave(conversation_id, self._seconds_for_newer)
        return True
