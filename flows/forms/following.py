"""How forms follow their owner: what another name, year of birth, place or group means for each of somebody's forms.

A form is told by its owner's details, which the branch confirms with the answers. So a change of them asks again while
the branch has time for it. Once the commune has the confirmed form before it, because the village is closed or the
branch's time is over, the change has to wait for its decision.
What is recognised stays as it was recognised.
A round that is over is left as it was.
"""

from collections.abc import Iterator

from flows.conversation.facts import Facts
from flows.domain.assessments import LOCKED, Act, Assessment, next_state
from flows.domain.criteria import CriteriaSet
from flows.domain.people import Person
from flows.domain.rounds import Round
from flows.forms.records import Followed
from flows.words.refusals import Refused
from flows.words.wording import _


def following(facts: Facts, after: Person) -> Iterator[tuple[Assessment, Followed]]:
    """Yield the forms that somebody's new details change, each with what becomes of it. Raises Refused for a change
    that comes at the wrong time for one of them."""
    for form in facts.own:
        round_ = facts.round_of(form)
        if round_ is not None and _is_at_work(facts, form, round_):
            yield from _following(facts, form, round_, after)


def left_behind(facts: Facts) -> Iterator[tuple[Assessment, Round]]:
    """Yield the forms that are still at work where their owner does not live any more, with their rounds."""
    for form in facts.own:
        round_ = facts.round_of(form)
        unfinished = form.editable and not facts.takes_answers(form)
        if round_ is None or unfinished or form.unit_id == form.person.unit_id:
            continue
        if _is_at_work(facts, form, round_):
            yield form, round_


def _is_at_work(facts: Facts, form: Assessment, round_: Round) -> bool:
    """Tell whether somebody has something to do with a form. One that waits may be decided on whatever the day."""
    if form.state in LOCKED:
        return False
    return form.state == "submitted" or round_.is_decided(facts.today) or facts.takes_answers(form)


def _following(facts: Facts, form: Assessment, round_: Round, after: Person) -> Iterator[tuple[Assessment, Followed]]:
    target, unit_id = _place(facts, form, round_, after)
    criteria = _criteria(facts, form, target, after)
    act: Act = "change" if criteria.id == form.criteria.id else "restart"
    moves = (target.id, unit_id) != (round_.id, form.unit_id)
    if not form.editable:
        if act == "change" and not moves and _as_shown(form.person) == _as_shown(after):
            return
        _refuse_too_late(facts, form, target, act)
    elif act == "restart" and not _takes_answers(facts, form, target):
        return  # whoever has not finished in time keeps what is there
    elif act == "change" and not moves:
        return
    state = next_state(form, act, "resident")
    pinned = criteria if act == "restart" else form.criteria
    yield form, Followed(form.id, act, form.version, state, target.id, unit_id, pinned)


def _place(facts: Facts, form: Assessment, round_: Round, after: Person) -> tuple[Round, int]:
    """Return the round and unit that a form belongs to: where its owner lives, if forms of that year are taken or
    decided there, else where it was."""
    stays = (round_, form.unit_id)
    if after.unit_id is None or after.unit_id == form.unit_id:
        return stays
    target = facts.reference.round_of_year(after.unit_id, round_.year)
    if target is None:
        return stays
    if target.id == round_.id:
        return target, after.unit_id
    at_work = target.is_decided(facts.today) or (form.editable and facts.today < target.opens)
    second = any(other.round_id == target.id for other in facts.own)
    return stays if second or not at_work else (target, after.unit_id)


def _criteria(facts: Facts, form: Assessment, round_: Round, after: Person) -> CriteriaSet:
    """Return the set of somebody's group in a round; the form's own where its group has not changed, though what is
    in force may have, and once the round is over."""
    if after.group is None or after.group == form.person.group or facts.today > round_.phases.decision:
        return form.criteria
    return facts.reference.criteria[round_.sets[after.group]]


def _as_shown(person: Person) -> tuple[object, ...]:
    """Return what a branch confirms of somebody, besides where they live."""
    return (person.name, person.birth_year, person.group, person.representative)


def _takes_answers(facts: Facts, form: Assessment, round_: Round) -> bool:
    return round_.state(facts.today) != "closed" or facts.takes_answers(form)


def _refuse_too_late(facts: Facts, form: Assessment, round_: Round, act: Act) -> None:
    """Refuse what neither the owner nor the branch would have time for: the title of the year would be lost by it."""
    decision = round_.phases.decision
    if act == "restart" and round_.state(facts.today) == "closed":
        raise Refused(
            _(
                "The group cannot be changed now: it has another form, and forms of {year} were taken until {day}."
                " After {decision} it can be changed, for the next round.",
                year=round_.year,
                day=round_.closes,
                decision=decision,
            )
        )
    if form.state == "checked":
        raise Refused(
            _(
                "Your form of {year} is proposed for recognition, so your details cannot be changed now. After"
                " {decision} they can. If something on the form is wrong, please tell the branch head now.",
                year=round_.year,
                decision=decision,
            )
        )
    if form.state == "confirmed" and form.closed:
        raise Refused(
            _(
                "Your form of {year} is confirmed and now with the commune: the branch has met, and the village is"
                " closed. After {decision} your details can be changed. If something on the form is wrong, please tell"
                " the branch head now.",
                year=round_.year,
                decision=decision,
            )
        )
    if form.state == "confirmed" and facts.today > round_.phases.branch:
        raise Refused(
            _(
                "Your form of {year} is confirmed and now with the commune, and the branch's time to confirm anew ended"
                " on {day}. After {decision} your details can be changed. If something on the form is wrong, please"
                " tell the branch head now.",
                year=round_.year,
                day=round_.phases.branch,
                decision=decision,
            )
        )
