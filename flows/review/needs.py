"""What is asked about the forms of a branch while a turn is decided."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from flows.conversation.facts import Need
from flows.domain.assessments import State
from flows.domain.units import Scope
from flows.words.wording import Named

# More forms of one state are not listed together: who leads so many chooses a village first.
MOST_LISTED = 2000


class ListedForm(Struct, frozen=True):
    """One line of a branch head's list. `answered` counts the questions that have an answer, `silent` the files that
    came without a word, `to_vouch` what the branch is asked to vouch for and has not answered. One that is `helped` was
    filled in by somebody else."""

    assessment_id: int
    name: Named
    state: State
    total: int
    answered: int
    passed: bool = True
    silent: int = 0
    to_vouch: int = 0
    since: datetime | None = None
    helped: bool = False

    @property
    def needs_a_look(self) -> bool:
        """Tell whether a form that waits is better opened before it is confirmed."""
        return not self.passed or self.silent > 0 or self.to_vouch > 0


class FormList(Struct, frozen=True):
    """The forms of one state, and how many there are in each."""

    counts: Mapping[State, int]
    forms: tuple[ListedForm, ...]


class ListWanted(Need[FormList], frozen=True):
    """The forms of one state in these units and rounds without one's own, sorted by the given name."""

    units: Scope
    rounds: frozenset[int]
    state: State
    without_person: int


class VillageForms(Struct, frozen=True):
    """How many forms of each state a village has, and since when the oldest waits."""

    unit_id: int
    counts: Mapping[State, int]
    oldest: datetime | None = None


class VillagesWanted(Need[tuple[VillageForms, ...]], frozen=True):
    """The villages among these units that have forms of these rounds; one's own does not count."""

    units: Scope
    rounds: frozenset[int]
    without_person: int


# How a branch head hears of new forms: as usual, which is each while there are few; each; once an hour; in the evening.
ToldHow = Literal["", "each", "hourly", "evening"]


class ArrivalsWanted(Need[ToldHow], frozen=True):
    """How somebody hears of forms that arrive."""

    person_id: int


class RemindedWanted(Need[frozenset[int]], frozen=True):
    """The villages whose unfinished were to be reminded on a day."""

    day: date


AnyNeed = ListWanted | VillagesWanted | ArrivalsWanted | RemindedWanted
