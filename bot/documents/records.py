"""What is on record about a round and goes onto papers: a meeting, a proposal, a decision, a title."""

from dataclasses import dataclass
from datetime import date, time

from bot.documents.minutes import LeftOut
from bot.documents.people import Listed
from bot.documents.proposal import VillageCount


@dataclass(frozen=True, slots=True)
class Meeting:
    """A branch meeting as it was recorded in the chat. What nobody told is None, and blank on paper."""

    day: date | None
    begins: time | None
    ends: time | None
    where: str
    chair: str
    secretary: str
    present: int | None
    invited: int | None
    votes: int | None
    against: int
    abstained: int
    submitted: int
    confirmed: int
    people: tuple[Listed, ...]
    left_out: tuple[LeftOut, ...] = ()
    opinions: str = ""
    posted_days: int = 0
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A commune's list as the association proposes it. `number` is as it was recorded, with its symbol or without; a
    draft has neither number nor day."""

    number: str
    day: date | None
    people: tuple[Listed, ...]
    villages: tuple[VillageCount, ...]
    sample: str = ""
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on a proposal. A draft has neither number nor day, and nobody has signed it."""

    number: str
    day: date | None
    people: tuple[Listed, ...]
    proposal: Proposed
    signer: str = ""
    trail: str = ""


@dataclass(frozen=True, slots=True)
class GivenTitle:
    """A title in the register. `code` leads to its public page. Of somebody who was erased the name is empty."""

    number: int
    name: str
    village: str
    title: str
    year: int
    code: str
    decision_number: str
    decision_day: date | None
    signer: str = ""
    revoked_on: date | None = None
    revoked_why: str = ""
