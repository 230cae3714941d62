"""Closings: a village whose branch has met on the forms of a round, what the minutes say, and what the village has."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Literal

from msgspec import Struct

from flows.domain.assessments import State

ClosingState = Literal["closed", "sent_back"]
# Those of the erased are counted apart, by what they had come to.
Counted = State | Literal["erased"]

DECIDED: frozenset[Counted] = frozenset({"confirmed", "checked", "recognised", "revoked", "erased"})


class Counts(Struct, frozen=True):
    """How many forms of a round there are, by state; and by state, how many of them reach the title."""

    forms: Mapping[Counted, int] = {}
    passing: Mapping[Counted, int] = {}

    @property
    def registered(self) -> int:
        """Return how many people take part: to begin the form of a round is to register for it."""
        return sum(self.forms.values())

    @property
    def assessed(self) -> int:
        """Return how many have assessed themselves to the end, once at least."""
        return self.registered - self.unfinished

    @property
    def unfinished(self) -> int:
        """Return how many are still filling in."""
        return self.forms.get("draft", 0)

    @property
    def waiting(self) -> int:
        """Return how many wait for the branch."""
        return self.forms.get("submitted", 0)

    @property
    def returned(self) -> int:
        """Return how many are with their owners for correction."""
        return self.forms.get("returned", 0)

    @property
    def confirmed(self) -> int:
        """Return how many the branch has confirmed, whatever became of them then."""
        return sum(count for state, count in self.forms.items() if state in DECIDED)

    @property
    def passed(self) -> int:
        """Return how many of the confirmed reach the title."""
        return sum(count for state, count in self.passing.items() if state in DECIDED)

    @property
    def proposed(self) -> int:
        """Return how many the association has proposed, whatever became of them then."""
        return sum(self.forms.get(state, 0) for state in ("checked", "recognised", "revoked"))

    @property
    def to_propose(self) -> int:
        """Return how many are confirmed, reach the title and are not proposed yet."""
        return self.passing.get("confirmed", 0)

    def __add__(self, other: "Counts") -> "Counts":
        """Count two villages together."""
        return Counts(_added(self.forms, other.forms), _added(self.passing, other.passing))


def _added(one: Mapping[Counted, int], other: Mapping[Counted, int]) -> Mapping[Counted, int]:
    return {state: one.get(state, 0) + other.get(state, 0) for state in {**one, **other}}


class Minutes(Struct, frozen=True, omit_defaults=True):
    """What the minutes of a branch meeting say, as its head entered it. Times are local. What nobody noted is empty, to
    be filled in by hand. The counts are those of the forms when the village was closed."""

    day: date
    place: str
    chair: str
    secretary: str
    present: int
    members: int
    votes_for: int
    votes_against: int = 0
    abstained: int = 0
    begins: time | None = None
    ends: time | None = None
    posting_days: int = 0
    registered: int = 0
    confirmed: int = 0
    passed: int = 0
    waiting: int = 0
    returned: int = 0
    unfinished: int = 0


class Closing(Struct, frozen=True):
    """A village that was closed, or sent back since, for a reason. `version` grows with each; the list is posted until
    a day, with that day."""

    state: ClosingState
    version: int
    minutes: Minutes | None
    posted_until: date | None
    reason: str
    at: datetime

    def is_posted(self, today: date) -> bool:
        """Tell whether people may still object to the list."""
        return self.posted_until is not None and today <= self.posted_until


class Village(Struct, frozen=True):
    """A village in a round: what it has, and how its closing stands, if there was one."""

    unit_id: int
    round_id: int
    counts: Counts = Counts()
    closing: Closing | None = None

    @property
    def is_closed(self) -> bool:
        """Tell whether the branch has met, and nobody has sent the village back since."""
        return self.closing is not None and self.closing.state == "closed"

    @property
    def version(self) -> int:
        """Return the version of its closing; 0 while there was none."""
        return self.closing.version if self.closing is not None else 0

    def is_up(self, today: date) -> bool:
        """Tell whether the association may propose from its list: closed, and posted long enough."""
        return self.closing is not None and self.is_closed and not self.closing.is_posted(today)
