"""Who decides on a form for the branch: the head, or a deputy while the head is away or concerned."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from flows.conversation.facts import Facts
from flows.domain.assessments import BRANCH, Assessment
from flows.domain.people import Person
from flows.roles.needs import Holder, HoldersWanted
from flows.words.refusals import Refused
from flows.words.wording import Wording, _


def as_whom(facts: Facts, form: Assessment) -> Literal["head", "deputy"]:
    """Return as what somebody decides on a form. Raises Refused outside one's branch, on one's own form, and for a
    deputy while a head is there who may."""
    may_see(facts, form)
    if facts.holds("head", form.unit_id):
        return "head"
    if (head := head_instead(facts, form)) is None:
        return "deputy"
    raise Refused(decided_by(head))


def decides_instead(facts: Facts, unit_ids: Iterable[int]) -> Holder | None:
    """Return a head who decides on the forms of one of these units instead of somebody who is only a deputy there."""
    heads = (head_there(facts, unit_id) for unit_id in unit_ids)
    return next((head for head in heads if head is not None), None)


def closes_as(facts: Facts, unit_id: int) -> Literal["head", "deputy"]:
    """Return as what somebody of the branch closes a village. Raises Refused for a deputy while a head is there."""
    if (head := head_there(facts, unit_id)) is not None:
        raise Refused(closed_by(head))
    return "head" if facts.holds("head", unit_id) else "deputy"


def closed_by(head: Holder) -> Wording:
    """Say that a village is not a deputy's to close now."""
    return _("{name} is the branch head and closes the village. A deputy does while the head is away.", name=head.named)


def may_see(facts: Facts, form: Assessment) -> None:
    """Refuse a form outside one's branch, one's own, and one that one has filled in for somebody."""
    if not facts.reference.units.is_in(facts.scope(*BRANCH), form.unit_id):
        raise Refused(_("This form is not in your branch, or does not exist any more."))
    if form.person.id == facts.person_id:
        raise Refused(_("Nobody confirms their own form: another branch head or the association will."))
    if facts.fills_in_for(form.person):
        raise Refused(
            _(
                "You have filled this form in for {name}, or it was filled in on your phone. Somebody else confirms it:"
                " another branch head, a deputy or the association.",
                name=form.person.named,
            )
        )
    if facts.lives_with(form.person):
        raise Refused(
            _(
                "{name} is of your household. Somebody else confirms this form: another branch head, a deputy or the"
                " association.",
                name=form.person.named,
            )
        )


def head_instead(facts: Facts, form: Assessment) -> Holder | None:
    """Return the head who decides on a form of somebody who is only a deputy there, if one does."""
    return head_there(facts, form.unit_id, form.person)


def head_there(facts: Facts, unit_id: int, owner: Person | None = None) -> Holder | None:
    """Return the head who acts for the branch of a unit instead of somebody who is only a deputy there, if one does:
    who is not away, nor concerned by what is the `owner`'s."""
    if facts.holds("head", unit_id):
        return None
    over = [own for own in facts.over("deputy") if facts.reference.units.covers(own, unit_id)]
    facts.want(*(HoldersWanted(own) for own in over))
    return next(filter(None, (_head_who_may(facts, own, owner) for own in over)), None)


def decided_by(head: Holder) -> Wording:
    """Say that a form is not a deputy's to decide on now."""
    return _(
        "{name} is the branch head and decides on this form. A deputy decides while the head is away or concerned.",
        name=head.named,
    )


def _head_who_may(facts: Facts, unit_id: int, owner: Person | None) -> Holder | None:
    """Return a head of a unit who is there and not concerned."""
    held = facts.find(HoldersWanted(unit_id))
    heads = (one for one in held if one.kind == "head" and one.role.in_force(facts.today))
    return next((one for one in heads if not _is_away(one, facts.today) and not _is_concerned(one, owner)), None)


def _is_concerned(holder: Holder, owner: Person | None) -> bool:
    """Tell whether something is one's own, of whom one fills in for, or of one's household."""
    if owner is None:
        return False
    same = 0 != holder.household_id == owner.household_id
    return same or holder.person_id in (owner.id, owner.helper_id)


def _is_away(holder: Holder, today: date) -> bool:
    return holder.role.away_until is not None and today <= holder.role.away_until
