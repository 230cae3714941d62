"""A batch: what is to be done with which forms, how far it is, and what became of each of them."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from flows.domain.assessments import TRANSITIONS, Act, Assessment, State
from flows.domain.people import RoleKind
from flows.domain.units import Scope

# So long it can be undone: only then the people concerned are told.
UNDO_FOR = timedelta(minutes=1)

# “working”: forms are acted on. “undoable”: all were, and nobody was told. “undoing”: taken back. “telling”: the people
# concerned are told, so that nothing can be undone any more.
Stage = Literal["working", "undoable", "undoing", "telling", "ended"]
STOPPABLE: frozenset[Stage] = frozenset({"working", "undoable"})

# Why a form was not acted on; “kept”: why it was not taken back.
Why = Literal[
    "changed",
    "taken_back",
    "returned",
    "decided",
    "own",
    "helped",
    "household",
    "elsewhere",
    "no_role",
    "gone",
    "unreadable",
    "kept",
    "closed",
    "open",
    "head",
]
# “waiting” until it is decided, or “stopped” before; “done”, and then “told” or “undone”; else why not.
Outcome = Literal["waiting", "stopped", "done", "told", "undone"] | Why
DONE: tuple[Outcome, ...] = ("done", "told")


class Order(Struct, frozen=True):
    """What is to be done with all forms of some units and rounds that are in the state from which it is done.

    `least` is the total from which on, `without` are the forms that are left out. What changed after `shown_at` is not
    what was seen when it was ordered, and left as it is. `proposal_id` is the proposal that forms are put on,
    `of_proposal` the one that they are on, and `recognition_id` the decision by which they are recognised.
    """

    act: Act
    role: RoleKind
    units: Scope
    rounds: tuple[int, ...]
    shown_at: datetime
    least: int = 0
    passed_only: bool = False
    without: tuple[int, ...] = ()
    reason: str = ""
    proposal_id: int = 0
    of_proposal: int = 0
    recognition_id: int = 0

    @property
    def before(self) -> State:
        """Return the state in which forms wait for this act."""
        return next(state for state, act, actor in TRANSITIONS if (act, actor) == (self.act, self.role))

    @property
    def after(self) -> State:
        """Return the state it leads to."""
        return TRANSITIONS[self.before, self.act, self.role].to

    @property
    def can_be_undone(self) -> bool:
        """Tell whether the life of a form has a way back."""
        return (self.after, "undo", self.role) in TRANSITIONS


class Batch(Struct, frozen=True):
    """An order on its way. Of somebody who was erased `person_id` is 0."""

    id: int
    person_id: int
    conversation_id: int
    order: Order
    stage: Stage
    done_at: datetime | None = None


def moved_on(form: Assessment) -> Why:
    """Say what became of a form that is not in the state any more in which it waited."""
    match form.state:
        case "draft":
            return "taken_back"
        case "returned":
            return "returned"
        case _:
            return "decided"
