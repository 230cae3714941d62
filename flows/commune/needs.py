"""What is asked about a commune's villages while a turn is decided."""

from datetime import date, datetime

from msgspec import Struct

from flows.conversation.facts import Need
from flows.domain.units import Scope
from flows.review.needs import ListedForm


class ToPropose(Struct, frozen=True):
    """Villages by how far they are: `up` those that are closed and posted long enough, `posted` those still posted,
    `missing` some of the others, of which there are `missing_count`."""

    up: tuple[int, ...] = ()
    posted: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    missing_count: int = 0


class ToProposeWanted(Need[ToPropose], frozen=True):
    """How far the villages of these units are in a round, on a day."""

    units: Scope
    round_id: int
    today: date


class CandidatesWanted(Need[tuple[int, ...]], frozen=True):
    """The confirmed forms of these units in a round, by their ids, without one's own: a sample is drawn from them."""

    units: Scope
    round_id: int
    without_person: int


class Sample(Struct, frozen=True):
    """A sample that was drawn: its seed, from how many, and which forms in which order."""

    seed: str
    drawn_from: int
    form_ids: tuple[int, ...]
    at: datetime


class SamplesWanted(Need[tuple[Sample, ...]], frozen=True):
    """The last samples drawn in a unit, the newest first."""

    unit_id: int
    round_id: int


class FormsWanted(Need[tuple[ListedForm, ...]], frozen=True):
    """Forms by their ids, in that order; those that are gone are left out."""

    form_ids: tuple[int, ...]


class NumberedProposal(Struct, frozen=True):
    """A proposal whose number may be recorded, until it is decided on."""

    unit_id: int
    round_id: int
    is_decided: bool


class NumberedWanted(Need[NumberedProposal | None], frozen=True):
    """A proposal by its id."""

    proposal_id: int


AnyNeed = NumberedWanted | ToProposeWanted | CandidatesWanted | SamplesWanted | FormsWanted
