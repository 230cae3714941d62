"""What is asked about the forms of a branch while a turn is decided."""

from collections.abc import Mapping

from msgspec import Struct

from flows.conversation.facts import Need
from flows.domain.assessments import State
from flows.domain.units import Scope
from flows.words.wording import Named


class ListedForm(Struct, frozen=True):
    """One line of a branch head's list. `answered` counts the questions that have an answer."""

    assessment_id: int
    name: Named
    state: State
    total: int
    answered: int


class FormList(Struct, frozen=True):
    """A page of forms of one state, and how many there are in each."""

    counts: Mapping[State, int]
    forms: tuple[ListedForm, ...]


class ListWanted(Need[FormList], frozen=True):
    """A page of a list: forms of one state in these units and rounds, oldest first, without one's own."""

    units: Scope
    rounds: frozenset[int]
    state: State
    without_person: int
    offset: int
    limit: int


AnyNeed = ListWanted
