"""What is asked about proposals, decisions and the register while a turn is decided."""

from datetime import date, datetime

from msgspec import Struct

from flows.conversation.facts import Need
from flows.domain.units import Scope
from flows.words.wording import Named


class Proposal(Struct, frozen=True):
    """A list that the association has proposed. `count` forms of it wait for the committee, `recognised` are."""

    id: int
    unit_id: int
    round_id: int
    count: int
    recognised: int
    at: datetime


class ProposalsWanted(Need[tuple[Proposal, ...]], frozen=True):
    """The proposals of these units on which forms wait, the oldest first."""

    units: Scope


class ProposedForm(Struct, frozen=True):
    """Somebody on a proposal. The form of one who is `helped` was filled in by somebody else."""

    assessment_id: int
    name: Named
    unit_id: int
    total: int
    helped: bool = False


class ProposedPage(Struct, frozen=True):
    """A part of those who wait on a proposal, village by village, and how many there are in each village."""

    forms: tuple[ProposedForm, ...] = ()
    villages: tuple[tuple[int, int], ...] = ()


class ProposedWanted(Need[ProposedPage], frozen=True):
    """Those who wait on a proposal, some at a time."""

    proposal_id: int
    offset: int
    limit: int


class LastDecision(Struct, frozen=True):
    """The decision that was recorded last in a unit: its number shows the series, its signer signs again."""

    number: str
    signer: str


class LastDecisionWanted(Need[LastDecision | None], frozen=True):
    """The last decision of a unit."""

    unit_id: int


class NumberTakenWanted(Need[bool], frozen=True):
    """Whether a unit has recorded a decision of this number and date already."""

    unit_id: int
    number: str
    dated: date


class Recorded(Struct, frozen=True):
    """The last decision that was recorded on a list: by whom, None once they were erased. While it is `under_way` its
    forms are being recognised."""

    number: str
    dated: date
    by: Named | None
    at: datetime
    under_way: bool


class RecordedWanted(Need[Recorded | None], frozen=True):
    """The last decision on a proposal of these units. While it is `held`, nobody records another until the turn is
    over."""

    proposal_id: int
    units: Scope
    held: bool = False


class Title(Struct, frozen=True):
    """An entry of the register: who was recognised, with name and village as they were then."""

    id: int
    assessment_id: int
    number: int
    year: int
    name: Named
    village_id: int
    title: str
    decision: str
    dated: date
    code: str
    revoked_at: datetime | None = None
    reason: str = ""


class TitlesWanted(Need[tuple[Title, ...]], frozen=True):
    """Entries of the register in these units by what was typed, a name or a number; the newest first, some of them."""

    units: Scope
    typed: str
    limit: int


class TitleWanted(Need[Title | None], frozen=True):
    """The entry of the register that a form has led to last."""

    assessment_id: int


AnyNeed = (
    ProposalsWanted
    | ProposedWanted
    | LastDecisionWanted
    | NumberTakenWanted
    | RecordedWanted
    | TitlesWanted
    | TitleWanted
)
