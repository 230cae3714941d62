"""Deciding on a form: who may, and what a decision comes to. One form or many, it is the same."""

from datetime import date
from typing import Literal

from msgspec.structs import replace

from flows.conversation.facts import Facts
from flows.domain.assessments import Act, Answer, Assessment, next_state, result_of
from flows.domain.people import RoleKind
from flows.forms.records import Acted, changed_by

Barred = Literal["elsewhere", "own", "helped", "household"]


def barred(facts: Facts, form: Assessment, role: RoleKind) -> Barred | None:
    """Say what keeps somebody from deciding on a form whatever its state, if anything."""
    if not facts.holds(role, form.unit_id):
        return "elsewhere"
    if form.person.id == facts.person_id:
        return "own"
    if facts.fills_in_for(form.person):
        return "helped"
    return "household" if facts.lives_with(form.person) else None


def decided(
    form: Assessment,
    act: Act,
    role: RoleKind,
    reason: str = "",
    indicator_id: str = "",
    answer: Answer | None = None,
    open_until: date | None = None,
    proposal_id: int = 0,
) -> Acted:
    """Return an act on a form as it is now, with what it comes to. Raises Refused where the form's life has no such
    act."""
    state = next_state(form, act, role, reason)
    acted = Acted(
        form.id, act, role, form.version, state, 0, False, reason, indicator_id, answer, open_until, proposal_id
    )
    result = result_of(changed_by(acted, form))
    return replace(acted, total=result.total, passed=result.passed)
