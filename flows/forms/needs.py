"""What is asked about forms while a turn is decided."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from flows.conversation.facts import Facts, Need
from flows.domain.assessments import Act, Assessment, State
from flows.domain.people import Person
from flows.domain.units import Scope


class AssessmentWanted(Need[Assessment | None], frozen=True):
    """An assessment by its id."""

    id: int


class Latecomer(Struct, frozen=True):
    """A resident with what they have of a year: nothing (`state` is None), or a form in this state. `unit_id` is where
    it is decided, or would be."""

    person: Person
    unit_id: int
    form_id: int = 0
    state: State | None = None
    open_until: date | None = None


class LatecomersWanted(Need[tuple[Latecomer, ...]], frozen=True):
    """The residents of these units who are called so, whatever they have of a year; some of them, sorted by name."""

    units: Scope
    year: int
    typed: str
    limit: int


class LatecomerWanted(Need[Latecomer | None], frozen=True):
    """A resident with what they have of a year."""

    person_id: int
    year: int


class Seen(Struct, frozen=True):
    """A form as it was shown: its owner's details, the level and points of each answer, how many proofs each has, and
    whether the branch knows what it is to vouch for."""

    pin: str
    unit_id: int
    name: str
    birth_year: int | None
    group: str | None
    representative: str | None
    answers: Mapping[str, tuple[str, int]] = {}
    proofs: Mapping[str, int] = {}
    known: Mapping[str, bool] = {}


class Since(Struct, frozen=True):
    """A form as it was, None where that is not kept; and what was done with it since, the newest last."""

    before: Seen | None = None
    acts: tuple[Act, ...] = ()


class SinceWanted(Need[Since], frozen=True):
    """What a form was as some version, and what was done with it since."""

    assessment_id: int
    version: int


AnyNeed = AssessmentWanted | LatecomersWanted | LatecomerWanted | SinceWanted


def assessment(facts: Facts, assessment_id: int) -> Assessment | None:
    """Return any assessment, as it will be after this turn. Raises FactMissing until it was looked up."""
    own = next((form for form in facts.own if form.id == assessment_id), None)
    return own or facts.find(AssessmentWanted(assessment_id))
