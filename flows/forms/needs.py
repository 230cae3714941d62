"""What is asked about forms while a turn is decided."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from flows.conversation.facts import Facts, Need
from flows.domain.assessments import Act, Assessment, State, result_of
from flows.domain.people import Person, RoleKind
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


class CountWanted(Need[int], frozen=True):
    """How many forms of these units and rounds are in a state; `to_propose` only those in villages that are closed, of
    people who reach the title."""

    units: Scope
    rounds: frozenset[int]
    state: State
    to_propose: bool = False


AnyNeed = AssessmentWanted | CountWanted | LatecomersWanted | LatecomerWanted | SinceWanted


def waiting(facts: Facts, role: tuple[RoleKind, ...], state: State, *, to_propose: bool = False) -> int:
    """Return how many forms wait in a state for who holds a role, without their own, as it will be after this turn."""
    units = facts.scope(*role)
    wanted = CountWanted(units, facts.rounds_in(units), state, to_propose)
    count = facts.find(wanted) - sum([_waits(facts, form, wanted) for form in facts.own])
    return count + sum([_waits(facts, after, wanted) - _waits(facts, before, wanted) for before, after in facts.moved])


def _waits(facts: Facts, form: Assessment, wanted: CountWanted) -> bool:
    here = form.round_id in wanted.rounds and facts.reference.units.is_in(wanted.units, form.unit_id)
    if not here or form.state != wanted.state:
        return False
    return not wanted.to_propose or (form.closed and result_of(form).passed)


def assessment(facts: Facts, assessment_id: int) -> Assessment | None:
    """Return any assessment, as it will be after this turn. Raises FactMissing until it was looked up."""
    own = next((form for form in facts.own if form.id == assessment_id), None)
    return own or facts.find(AssessmentWanted(assessment_id))
