"""Assessments: one resident's form in one round, its life from draft to decision, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from flows.domain.criteria import Competency, CriteriaSet, Indicator
from flows.domain.people import Person, RoleKind
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _

State = Literal["draft", "submitted", "returned", "confirmed", "checked", "recognised", "revoked"]
# “change”: the owner's details are others now. “restart”: and so is the criteria set, so that nothing is answered yet.
# “send_back”: to the level below. “let_in”: what is late, by the level above. “undo”: within a minute.
Act = Literal[
    "submit",
    "withdraw",
    "change",
    "restart",
    "adjust",
    "return",
    "confirm",
    "undo",
    "let_in",
    "send_back",
    "propose",
    "recognise",
    "unlock",
    "revoke",
]
Actor = Literal["resident"] | RoleKind
# Who decides for the branch.
BRANCH: tuple[Literal["head", "deputy"], ...] = ("head", "deputy")
EvidenceKind = Literal["photo", "document", "text", "vouched"]

MOST_FILE_BYTES = 10 * 1024 * 1024

STATES: dict[State, Wording] = {
    "draft": _("being filled in"),
    "submitted": _("waiting for the branch"),
    "returned": _("returned for correction"),
    "confirmed": _("confirmed by the branch"),
    "checked": _("proposed by the Study Promotion Association of the commune"),
    "recognised": _("recognised"),
    "revoked": _("no longer recognised"),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """What an act leads to. A reason, where one is needed, is said to the resident and kept."""

    to: State
    needs_reason: bool = False


_OF_THE_BRANCH: dict[tuple[State, Act], Transition] = {
    ("draft", "let_in"): Transition("draft", needs_reason=True),
    ("returned", "let_in"): Transition("returned", needs_reason=True),
    ("submitted", "adjust"): Transition("submitted", needs_reason=True),
    ("submitted", "return"): Transition("returned", needs_reason=True),
    ("submitted", "confirm"): Transition("confirmed"),
    ("confirmed", "undo"): Transition("submitted"),
    ("returned", "undo"): Transition("submitted"),
}
# The one table of an assessment's life. Each level sends back to the one below; what is recognised is locked, and only
# the committee unlocks it.
TRANSITIONS: dict[tuple[State, Act, Actor], Transition] = {
    ("draft", "submit", "resident"): Transition("submitted"),
    ("returned", "submit", "resident"): Transition("submitted"),
    ("submitted", "withdraw", "resident"): Transition("draft"),
    ("draft", "change", "resident"): Transition("draft"),
    ("returned", "change", "resident"): Transition("returned"),
    ("submitted", "change", "resident"): Transition("submitted"),
    ("confirmed", "change", "resident"): Transition("submitted"),
    ("draft", "restart", "resident"): Transition("draft"),
    ("returned", "restart", "resident"): Transition("returned"),
    ("submitted", "restart", "resident"): Transition("draft"),
    ("confirmed", "restart", "resident"): Transition("draft"),
    **{(before, act, actor): to for actor in BRANCH for (before, act), to in _OF_THE_BRANCH.items()},
    # What is late in a village that is closed: its branch may decide on it all the same.
    ("draft", "let_in", "association"): Transition("draft", needs_reason=True),
    ("returned", "let_in", "association"): Transition("returned", needs_reason=True),
    ("submitted", "let_in", "association"): Transition("submitted", needs_reason=True),
    ("confirmed", "send_back", "association"): Transition("submitted", needs_reason=True),
    ("confirmed", "propose", "association"): Transition("checked"),
    ("checked", "send_back", "committee"): Transition("confirmed", needs_reason=True),
    ("checked", "recognise", "committee"): Transition("recognised"),
    ("recognised", "unlock", "committee"): Transition("checked", needs_reason=True),
    ("recognised", "revoke", "committee"): Transition("revoked", needs_reason=True),
}
# By these the association puts a form into the hands of the branch once more, though its village is closed.
GIVING_BACK: frozenset[Act] = frozenset({"send_back", "let_in"})
LOCKED: frozenset[State] = frozenset({"recognised", "revoked"})
EDITABLE: frozenset[State] = frozenset({"draft", "returned"})


class Answer(Struct, frozen=True, array_like=True):
    """The level chosen for one indicator. `adjusted_from` is the resident's own, where the branch changed it."""

    level_id: str
    points: int
    adjusted_from: str | None = None


class Evidence(Struct, frozen=True):
    """One proof: words, a photo or document, or the branch's word. `id` is 0 until it is stored; `known` is what the
    branch says of what it is to vouch for, once it was asked."""

    kind: EvidenceKind
    text: str = ""
    source: str = ""
    name: str = ""
    id: int = 0
    known: bool | None = None


class Assessment(Struct, frozen=True):
    """A form with the criteria set it is pinned to. `version` grows with every change of what a decider
    sees; `open_until` is the last day for correcting it, once it was returned or let in late. One that is `closed` is
    in a village whose branch has met, and was not given back to the branch since. `proposal_id` is the proposal it is
    on, once the association has proposed it."""

    id: int
    person: Person
    round_id: int
    unit_id: int
    criteria: CriteriaSet
    state: State = "draft"
    version: int = 0
    answers: Mapping[str, Answer] = {}
    evidence: Mapping[str, tuple[Evidence, ...]] = {}
    reason: str = ""
    submitted_at: datetime | None = None
    open_until: date | None = None
    closed: bool = False
    proposal_id: int = 0

    @property
    def editable(self) -> bool:
        """Tell whether the resident may change answers now."""
        return self.state in EDITABLE

    @property
    def unanswered(self) -> tuple[Indicator, ...]:
        """Return the indicators without an answer, in the order of the form."""
        return tuple(i for i in self.criteria.indicators if i.id not in self.answers)

    def number(self, indicator_id: str) -> int:
        """Return an indicator's place in the form, from 1."""
        return self.criteria.places[indicator_id]


@dataclass(frozen=True, slots=True)
class Result:
    """What the answers come to under the set's pass rule."""

    points: tuple[tuple[Competency, int, int], ...]
    total: int
    maximum: int
    lowest: int
    missing_points: int
    below_floor: tuple[tuple[Indicator, int], ...]

    @property
    def passed(self) -> bool:
        """Tell whether the title is reached."""
        return self.missing_points == 0 and not self.below_floor


def total_of(assessment: Assessment) -> int:
    """Add up the points of the answers given so far."""
    return sum([answer.points for answer in assessment.answers.values()])


def result_of(assessment: Assessment) -> Result:
    """Add up a form: per competency (points, maximum), in all, and what the pass rule finds missing."""
    answers = assessment.answers
    criteria = assessment.criteria
    earned = {i.id: answers[i.id].points if i.id in answers else 0 for i in criteria.indicators}
    total = sum(earned.values())
    return Result(
        points=tuple(
            (c, sum(earned[i.id] for i in c.indicators), criteria.maxima[c.id]) for c in criteria.competencies
        ),
        total=total,
        maximum=criteria.maximum,
        lowest=min(earned.values()),
        missing_points=max(0, criteria.pass_rule.total - total),
        below_floor=tuple((i, earned[i.id]) for i in criteria.indicators if earned[i.id] < criteria.pass_rule.floor),
    )


def next_state(assessment: Assessment, act: Act, actor: Actor, reason: str = "") -> State:
    """Return the state an act leads to. Raises OutOfDate when the form has moved on, Refused without a reason, and for
    the branch once its village is closed."""
    transition = TRANSITIONS.get((assessment.state, act, actor))
    if transition is not None and assessment.closed and actor in BRANCH:
        raise Refused(
            _(
                "The village is closed: the branch has met, and decides nothing more on its forms. The Study Promotion"
                " Association of the commune can let this form in, or send it or the village back."
            )
        )
    if transition is not None and act == "propose" and not assessment.closed:
        raise Refused(_("The village is not closed yet: its branch has to meet first."))
    if transition is None:
        raise OutOfDate(_("This form is now {state}; this cannot be done any more.", state=STATES[assessment.state]))
    if transition.needs_reason and not reason.strip():
        raise Refused(_("Please give a reason: the resident will read it."))
    return transition.to
