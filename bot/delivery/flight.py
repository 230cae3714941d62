"""Which letters were taken and are not settled yet, and how many more there is room for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.store.core.live_messages import LiveMessage
from bot.store.core.outbox import NOTICE, DueLetter, SettledLetter

# How many may be on their way or not settled yet. When the process dies, as many replies may be sent twice, and as
# many notices are uncertain: notices are taken for about half a second ahead.
REPLIES_IN_FLIGHT = 64
NOTICES_IN_FLIGHT = 64
NOTICES_AHEAD_SECONDS = 0.5
FEWEST_NOTICES = 8


@dataclass(frozen=True, slots=True)
class LandedLetter:
    """A letter that came back: what became of it, the channel's own id where it was sent, and when, by the loop. One
    that waits for its reader's next word has since when that counts: they may have written while it was tried."""

    letter: DueLetter
    settled: SettledLetter
    message_id: str | None
    at: float
    outside_since: datetime | None = None

    @property
    def standing(self) -> LiveMessage | None:
        """Return the message that stands in the chat from now on, if this letter has a topic."""
        topic = self.letter.outgoing.topic if self.letter.outgoing is not None else ""
        return LiveMessage(self.letter.conversation_id, topic, self.message_id) if topic and self.message_id else None

    @property
    def refusal(self) -> str | None:
        """Return why the channel takes this notice from nobody, if so: who was refused waits without a time."""
        waits = self.settled.state == "queued" and self.settled.due is None
        return self.settled.error if waits and self.letter.notice_id is not None else None


def most_notices(per_second: float) -> int:
    """Return how many notices may be on their way at once at a rate."""
    return min(NOTICES_IN_FLIGHT, max(FEWEST_NOTICES, round(per_second * NOTICES_AHEAD_SECONDS)))


class Flight:
    """The letters of one bot from when they are taken until they are settled."""

    def __init__(self, most_notices: int) -> None:
        self._most_notices = most_notices
        self._replies: dict[int, DueLetter] = {}
        self._notices: dict[int, DueLetter] = {}
        self._notices_on_their_way = 0
        self._landed: list[LandedLetter] = []

    @property
    def replies(self) -> frozenset[int]:
        """Return the replies that are not settled yet."""
        return frozenset(self._replies)

    @property
    def notices(self) -> Collection[int]:
        """Return the notices that are not settled yet."""
        return self._notices.keys()

    @property
    def landed(self) -> tuple[LandedLetter, ...]:
        """Return what came back and is not settled yet, in that order."""
        return tuple(self._landed)

    def room_for_replies(self) -> int:
        """Return how many replies may be taken."""
        return REPLIES_IN_FLIGHT - len(self._replies)

    def room_for_notices(self) -> int:
        """Return how many notices may be taken. A few at a time would cost a transaction each: half a load at once."""
        room = self._most_notices - self._notices_on_their_way
        return room if room >= self._most_notices // 2 else 0

    def take(self, letter: DueLetter) -> None:
        """Count a letter as on its way."""
        if letter.priority == NOTICE:
            self._notices[letter.id] = letter
            self._notices_on_their_way += 1
        else:
            self._replies[letter.id] = letter

    def land(self, landed: LandedLetter) -> bool:
        """Count a letter as back. Tells whether to settle it at once: a reply, lest it is sent again, or the notice
        that leaves room for others."""
        self._landed.append(landed)
        if landed.letter.id in self._replies:
            return True
        self._notices_on_their_way -= 1
        return self._notices_on_their_way == self._most_notices // 2

    def reply_landed_at(self) -> float | None:
        """Return when the first of the replies that wait to be settled came back."""
        return next((one.at for one in self._landed if one.letter.id in self._replies), None)

    def settle(self, landed: Sequence[LandedLetter]) -> bool:
        """Forget the first that came back: they are settled. Tells whether replies were among them."""
        del self._landed[: len(landed)]
        ids = {one.letter.id for one in landed}
        replies = ids & self._replies.keys()
        for id_ in ids:
            (self._replies if id_ in replies else self._notices).pop(id_)
        return bool(replies)
