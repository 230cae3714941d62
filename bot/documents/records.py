"""What is on record about a round and goes onto papers: a meeting, a proposal, a decision, a title."""

from dataclasses import dataclass
from datetime import date, datetime

from bot.documents.minutes import LeftOut
from bot.documents.people import Listed
from bot.documents.proposal import VillageCount


@dataclass(frozen=True, slots=True)
class Meeting:
    """A branch meeting as it was recorded in the chat. What nobody told is None, and blank on paper."""

    begins: datetime | None
    ends: datetime | None
    where: str
    chair: str
    secretary: str
    present: int | None
    invited: int | None
    votes: int | None
    submitted: int
    confirmed: int
    people: tuple[Listed, ...]
    left_out: tuple[LeftOut, ...] = ()
    opinions: str = ""
    posted_days: int = 0
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A commune's list as the association proposes it. A draft has neither number nor day."""

    number: int | None
    day: date | None
    people: tuple[Listed, ...]
    villages: tuple[VillageCount, ...]
    sample: str = ""
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on a proposal. A draft has neither number nor day."""

    number: int | None
    day: date | None
    people: tuple[Listed, ...]
    proposal: Proposed
    trail: str = ""


@dataclass(frozen=True, slots=True)
class GivenTitle:
    """A title in the register. `code` leads to its public page."""

    number: int
    name: str
    village: str
    title: str
    year: int
    code: str
    decision_number: int | None
    decision_day: date | None
    revoked_on: date | None = None
    revoked_why: str = ""
