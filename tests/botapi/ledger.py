"""What the server saw: messages accepted, calls refused, buttons pressed, failures injected, in order."""

import time
from collections import Counter

import msgspec

from tests.botapi.faults import SENDS, Fault
from tests.botapi.rules import NOT_MODIFIED


class Accepted(msgspec.Struct, frozen=True):
    """A message sent or edited."""

    order: int
    at: float
    bot: int
    method: str
    chat: int
    message_id: int
    text: str
    buttons: tuple[tuple[str, ...], ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    at: float
    bot: int
    method: str
    chat: int
    code: int
    description: str
    injected: bool = False
    retry_after: int | None = None


class Press(msgspec.Struct, frozen=True):
    """A callback query; times are None until it reached the bot, and until the bot answered it."""

    id: str
    bot: int
    chat: int
    data: str
    label: str
    at: float
    delivered: float | None = None
    answered: float | None = None


class Failure(msgspec.Struct, frozen=True):
    at: float
    fault: Fault
    method: str
    chat: int


class Violation(msgspec.Struct, frozen=True):
    """A rule the bot broke."""

    kind: str
    detail: str
    at: float


class Tally(msgspec.Struct, frozen=True):
    """A ledger in short: of a notice known by its text, how often each chat got it and who refused it, and when the
    first and the last were accepted; `times` says when messages of any kind were."""

    chats: dict[int, int]
    blocked: frozenset[int]
    first: float
    last: float
    times: list[float]
    sends: int
    too_many: int
    injected_too_many: int
    ambiguous: int
    ambiguous_accepted: int


class Ledger:
    """Everything that happened, for the test to read."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.refusals: list[Refusal] = []
        self.presses: dict[str, Press] = {}
        self.failures: list[Failure] = []
        self.calls: Counter[str] = Counter()
        self.sends = 0
        self.webhook_attempts: Counter[int] = Counter()
        self._breaches: list[Violation] = []

    # reading

    @property
    def messages(self) -> list[Accepted]:
        return [entry for entry in self.accepted if entry.method in SENDS]

    def messages_to(self, chat: int) -> list[Accepted]:
        return [entry for entry in self.messages if entry.chat == chat]

    @property
    def too_many(self) -> int:
        """429s the bot earned by sending too fast."""
        return sum(entry.code == 429 and not entry.injected for entry in self.refusals)

    @property
    def injected_too_many(self) -> int:
        return sum(entry.code == 429 and entry.injected for entry in self.refusals)

    @property
    def ambiguous_accepted(self) -> int:
        """Sends carried out though the bot was not told: the A of the bound on doubled replies."""
        return sum(entry.fault.accepted and entry.method in SENDS for entry in self.failures)

    @property
    def ambiguous(self) -> int:
        """Sends whose outcome the bot could not know."""
        return sum(entry.fault.ambiguous and entry.method in SENDS for entry in self.failures)

    def tally(self, notice: str) -> Tally:
        """Everything in short, for a notice that is known by a part of its text."""
        messages = self.messages
        times = [entry.at for entry in messages if notice in entry.text]
        first, last = (times[0], times[-1]) if times else (0.0, 0.0)
        return Tally(
            chats=Counter(entry.chat for entry in messages if notice in entry.text),
            blocked=frozenset(entry.chat for entry in self.refusals if entry.code == 403),
            first=first,
            last=last,
            times=[entry.at for entry in messages],
            sends=self.sends,
            too_many=self.too_many,
            injected_too_many=self.injected_too_many,
            ambiguous=self.ambiguous,
            ambiguous_accepted=self.ambiguous_accepted,
        )

    def unanswered(self, older_than: float = 10.0) -> list[Press]:
        """Callback queries the bot received and left unanswered for so many seconds."""
        limit = time.time() - older_than
        waiting = (press for press in self.presses.values() if press.answered is None)
        return [press for press in waiting if press.delivered is not None and press.delivered <= limit]

    def violations(self, unanswered_after: float = 10.0) -> list[Violation]:
        """Rules broken so far, oldest first; injected failures are no fault of the bot."""
        found = [*self._breaches, *map(_unanswered, self.unanswered(unanswered_after))]
        return sorted(found, key=lambda violation: violation.at)

    # writing

    def accept(
        self,
        bot: int,
        method: str,
        chat: int,
        message_id: int,
        text: str,
        labels: tuple[tuple[str, ...], ...],
    ) -> None:
        order = len(self.accepted) + 1
        self.sends += method in SENDS
        self.accepted.append(Accepted(order, time.time(), bot, method, chat, message_id, text, labels))

    def refuse(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        if not refusal.injected and refusal.code != 403 and refusal.description != NOT_MODIFIED:
            self.breach(_KINDS.get(refusal.code, "refused"), f"{refusal.method}: {refusal.description}")

    def breach(self, kind: str, detail: str) -> None:
        self._breaches.append(Violation(kind, detail, time.time()))

    def fail(self, fault: Fault, method: str, chat: int) -> None:
        self.failures.append(Failure(time.time(), fault, method, chat))

    def press(self, press: Press) -> None:
        self.presses[press.id] = press

    def delivered(self, callback_id: str) -> None:
        press = self.presses[callback_id]
        if press.delivered is None:
            self.presses[callback_id] = msgspec.structs.replace(press, delivered=time.time())

    def answer(self, callback_id: str) -> None:
        self.presses[callback_id] = msgspec.structs.replace(self.presses[callback_id], answered=time.time())


_KINDS = {401: "wrong token", 404: "unknown method", 409: "conflict", 429: "too fast"}


def _unanswered(press: Press) -> Violation:
    return Violation("unanswered callback query", f"{press.label!r} ({press.data}) in chat {press.chat}", press.at)
