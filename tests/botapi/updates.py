"""The updates waiting for one bot: kept until confirmed, redelivered or shuffled when a test asks."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from tests.botapi.rules import UPDATE_KINDS_BY_REQUEST, Json


@dataclass(frozen=True, slots=True)
class Queued:
    """One update. `epoch` counts the restarts of ids; within a `lane` a webhook keeps the order."""

    id: int
    epoch: int
    kind: str
    payload: Json
    lane: str

    @property
    def body(self) -> Json:
        return {"update_id": self.id, self.kind: self.payload}


class Signal:
    """Wakes everybody who listens, each time it fires."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        fired, self._event = self._event, asyncio.Event()
        fired.set()

    def listen(self) -> asyncio.Event:
        return self._event


class UpdateQueue:
    """Unconfirmed updates of a bot, and all that ever were."""

    def __init__(self, random: Random, delivered: Callable[[Queued], None]) -> None:
        self.changed = Signal()
        self.waiting: list[Queued] = []
        self.replays: list[Queued] = []
        self.history: list[Queued] = []
        self.allowed: frozenset[str] | None = None
        self._random = random
        self._delivered = delivered
        self._shuffled = False
        self._epochs = [random.randrange(100_000_000, 400_000_000)]
        self._ends: list[int] = []
        self._next = self._epochs[0]

    # filling

    def push(self, kind: str, payload: Json, lane: str) -> int:
        """Queue an update and return its id; 0 when the bot asked not to get this kind."""
        if not self._wanted(kind):
            return 0
        queued = Queued(self._next, len(self._epochs), kind, payload, lane)
        self._next += 1
        self.waiting.append(queued)
        self.history.append(queued)
        self.changed.fire()
        return queued.id

    def redeliver(self, ids: Iterable[int]) -> None:
        """Deliver these updates once more, whatever was confirmed."""
        wanted = set(ids)
        self.replays += [queued for queued in self.history if queued.id in wanted]
        self.changed.fire()

    def shuffle(self, on: bool = True) -> None:
        """Deliver what waits in any order from now on."""
        self._shuffled = on

    def restart_ids(self) -> int:
        """Go on from a random lower or higher id, as Telegram does after a quiet week; return the next id."""
        taken = self._ranges()
        candidate = self._random.randrange(1_000_000, 900_000_000)
        while any(first - 1_000_000 < candidate < end + 1_000_000 for first, end in taken):
            candidate = self._random.randrange(1_000_000, 900_000_000)
        self._ends.append(self._next)
        self._epochs.append(candidate)
        self._next = candidate
        return candidate

    # emptying

    def fetch(self, offset: int, limit: int) -> list[Queued]:
        """Confirm what lies below the offset, return what comes next; a negative one keeps only the last."""
        if offset > 0:
            self._confirm(offset)
        if offset < 0:
            self.waiting = self.waiting[offset:]
        batch = self._take_replays(limit)
        # Shuffled within the batch only: who confirms its highest id must not lose what it never saw.
        batch += self.waiting[: limit - len(batch)]
        return [self.hand_over(queued) for queued in self._in_order(batch)]

    def hand_over(self, queued: Queued) -> Queued:
        self._delivered(queued)
        return queued

    def next_for_webhook(self, busy: set[str], flying: set[int]) -> list[Queued]:
        """What may be pushed now: replays, then the first of each lane, or anything when shuffled."""
        ready = self._take_replays(100)
        lanes = set(busy)
        for queued in self._in_order(self.waiting):
            if queued.id not in flying and (self._shuffled or queued.lane not in lanes):
                lanes.add(queued.lane)
                ready.append(queued)
        return ready

    def done(self, queued: Queued) -> None:
        self.waiting = [other for other in self.waiting if other.id != queued.id]
        self.changed.fire()

    def forget(self) -> None:
        self.waiting.clear()
        self.replays.clear()

    # inside

    def _wanted(self, kind: str) -> bool:
        if not self.allowed:
            return kind not in UPDATE_KINDS_BY_REQUEST
        return kind in self.allowed

    def _in_order(self, queue: list[Queued]) -> list[Queued]:
        return self._random.sample(queue, len(queue)) if self._shuffled else list(queue)

    def _take_replays(self, limit: int) -> list[Queued]:
        taken, self.replays = self.replays[:limit], self.replays[limit:]
        return taken

    def _ranges(self) -> list[tuple[int, int]]:
        """Of each epoch, the first id and the one that comes after its last."""
        return [*zip(self._epochs, self._ends, strict=False), (self._epochs[-1], self._next)]

    def _confirm(self, offset: int) -> None:
        """Drop what the offset confirms. One that belongs to ids of before a restart confirms only those."""
        epoch = self._epoch_of(offset)
        self.waiting = [q for q in self.waiting if q.epoch > epoch or (q.epoch == epoch and q.id >= offset)]

    def _epoch_of(self, offset: int) -> int:
        for epoch, (first, end) in reversed(list(enumerate(self._ranges(), 1))):
            if first <= offset <= end:
                return epoch
        # Beyond every id there was, Telegram forgets all that waits; below, nothing.
        return len(self._epochs) if offset > max(end for _, end in self._ranges()) else 0
