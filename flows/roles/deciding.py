"""Who decides on a form for the branch: the head, or a deputy while the head is away or concerned."""

from datetime import date
from typing import Literal

from flows.conversation.facts import Facts
from flows.domain.assessments import Assessment
from flows.roles.needs import Holder, HoldersWanted
from flows.words.refusals import Refused
from flows.words.wording import _


def as_whom(facts: Facts, form: Assessment) -> Literal["head", "deputy"]:
    """Return as what somebody decides on a form. Raises Refused outside one's branch, on one's own form, and for a
    deputy while a head is there who may."""
    if form.person.id == facts.person_id:
        raise Refused(_("Nobody confirms their own form: another branch head or the association will."))
    if facts.holds("head", form.unit_id):
        return "head"
    for unit_id in facts.over("deputy"):
        if facts.reference.units.covers(unit_id, form.unit_id):
            if (head := _head_who_may(facts, unit_id, form)) is None:
                return "deputy"
            raise Refused(
                _(
                    "{name} is the branch head and decides on this form. A deputy decides while the head is away or"
                    " concerned.",
                    name=head.named,
                )
            )
    raise Refused(_("This form is not in your branch, or does not exist any more."))


def _head_who_may(facts: Facts, unit_id: int, form: Assessment) -> Holder | None:
    """Return a head of a unit who is there and not concerned by a form."""
    held = facts.find(HoldersWanted(unit_id))
    heads = (one for one in held if one.kind == "head" and one.role.in_force(facts.today))
    return next((one for one in heads if not _is_away(one, facts.today) and one.person_id != form.person.id), None)


def _is_away(holder: Holder, today: date) -> bool:
    return holder.role.away_until is not None and today <= holder.role.away_until
