"""What happens to a form: begun, answered, given evidence, acted on; and the form as each leaves it."""

from datetime import date
from typing import Literal

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.assessments import GIVING_BACK, Act, Actor, Answer, Assessment, Evidence, State
from flows.domain.criteria import CriteriaSet
from flows.forms.needs import AssessmentWanted, assessment


class Begun(Record, frozen=True):
    """A form begun in a round, pinned to this version of the criteria set."""

    round_id: int
    unit_id: int
    criteria: CriteriaSet


class LetIn(Record, frozen=True):
    """A form begun for somebody who never began one in time, by who lets them in: they may fill it in until a day."""

    person_id: int
    round_id: int
    unit_id: int
    criteria: CriteriaSet
    actor: Actor
    reason: str
    open_until: date

    @property
    def touches(self) -> object:
        return ("person", self.person_id)


class Answered(Record, frozen=True):
    """The resident's own answer to an indicator."""

    assessment_id: int
    indicator_id: str
    answer: Answer

    @property
    def touches(self) -> object:
        return self.assessment_id


class EvidenceGiven(Record, frozen=True):
    """One more proof for an indicator."""

    assessment_id: int
    indicator_id: str
    evidence: Evidence

    @property
    def touches(self) -> object:
        return self.assessment_id


class Acted(Record, frozen=True):
    """An act on an assessment: who did what to which version, and what it came to. `open_until` is the last day on
    which a returned form may be corrected, `proposal_id` the proposal that a form is put on."""

    assessment_id: int
    act: Act
    actor: Actor
    version: int
    state: State
    total: int
    passed: bool
    reason: str = ""
    indicator_id: str = ""
    answer: Answer | None = None
    open_until: date | None = None
    proposal_id: int = 0

    @property
    def touches(self) -> object:
        return self.assessment_id


class Vouched(Record, frozen=True):
    """What the branch says of something that it is to vouch for: whether it knows of it; and as whom that was said."""

    assessment_id: int
    indicator_id: str
    evidence_id: int
    known: bool
    actor: Literal["head", "deputy"]

    @property
    def touches(self) -> object:
        return self.assessment_id


class Followed(Record, frozen=True):
    """A form that follows its owner's new details: to where they live now, and to the criteria set of their group."""

    assessment_id: int
    act: Act
    version: int
    state: State
    round_id: int
    unit_id: int
    criteria: CriteriaSet

    @property
    def touches(self) -> object:
        return self.assessment_id


Changing = Answered | EvidenceGiven | Vouched | Acted | Followed
AnyRecord = Begun | LetIn | Changing


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once something happened to a form."""
    match record:
        case Begun(round_id, unit_id, criteria):
            assert facts.person is not None
            return replace(facts, own=(*facts.own, Assessment(0, facts.person, round_id, unit_id, criteria)))
        case LetIn():
            return facts  # it is somebody else's
        case Answered() | EvidenceGiven() | Vouched() | Acted() | Followed():
            return _with_changed(facts, record)


def _with_changed(facts: Facts, record: Changing) -> Facts:
    known = assessment(facts, record.assessment_id)
    assert known is not None  # what is acted on was looked at
    changed = changed_by(record, known)
    moved = (*facts.moved, (known, changed)) if changed.state != known.state else facts.moved
    if any(form.id == changed.id for form in facts.own):
        own = tuple(changed if form.id == changed.id else form for form in facts.own)
        return replace(facts, own=own, moved=moved)
    return replace(facts, moved=moved).knowing(AssessmentWanted(changed.id), changed)


def changed_by(record: Changing, known: Assessment) -> Assessment:
    """Return an assessment as an event leaves it. Every change of what a decider saw makes a new version."""
    version = known.version + 1
    match record:
        case Answered(_, indicator_id, answer):
            return replace(known, version=version, answers={**known.answers, indicator_id: answer})
        case EvidenceGiven(_, indicator_id, evidence):
            given: tuple[Evidence, ...] = (*known.evidence.get(indicator_id, ()), evidence)
            return replace(known, version=version, evidence={**known.evidence, indicator_id: given})
        case Vouched(_, indicator_id, evidence_id, knows):
            answered = tuple(
                replace(proof, known=knows) if proof.id == evidence_id else proof
                for proof in known.evidence.get(indicator_id, ())
            )
            return replace(known, version=version, evidence={**known.evidence, indicator_id: answered})
        case Acted(indicator_id=indicator_id, answer=answer, state=state, reason=reason, open_until=until):
            answers = {**known.answers, indicator_id: answer} if answer is not None else known.answers
            changed = replace(known, version=version, answers=answers, state=state, reason=reason, open_until=until)
            changed = replace(changed, closed=known.closed and not _gives_back(record))
            return replace(changed, proposal_id=_on_proposal(record, known))
        case Followed(state=state, round_id=round_id, unit_id=unit_id, criteria=criteria):
            placed = replace(known, version=version, state=state, round_id=round_id, unit_id=unit_id)
            return replace(placed, criteria=criteria, answers={}, evidence={}) if record.act == "restart" else placed


def _gives_back(record: Acted) -> bool:
    """Tell whether a form is put into the branch's hands once more, though its village is closed."""
    return record.actor == "association" and record.act in GIVING_BACK


def _on_proposal(record: Acted, known: Assessment) -> int:
    """Return the proposal that a form is on after an act: it stays on it until it is sent back from there."""
    if record.act == "propose":
        return record.proposal_id
    return 0 if record.act == "send_back" else known.proposal_id
