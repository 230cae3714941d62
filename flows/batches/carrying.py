"""Carrying a batch out: the decision on each of its forms, which is the one on a single form."""

from flows.batches.batch import Order, Why, moved_on
from flows.conversation.facts import Facts
from flows.domain.assessments import BRANCH, Assessment
from flows.forms.deciding import barred, decided
from flows.forms.records import Acted
from flows.roles.deciding import head_instead
from flows.words.refusals import Refused


def act_on(facts: Facts, order: Order, form: Assessment | None, version: int) -> Acted | Why:
    """Decide on a form that was chosen as this version, or say why not. Who ordered it must still have the right."""
    if form is None:
        return "gone"
    if not facts.has_role(order.role):
        return "no_role"
    if (why := barred(facts, form, order.role)) is not None:
        return why
    if form.state != order.before:
        return moved_on(form)
    if form.version != version:
        return "changed"
    if order.role in BRANCH and form.closed:
        return "closed"
    if order.role == "deputy" and head_instead(facts, form) is not None:
        return "head"
    if order.act == "propose" and not form.closed:
        return "open"
    return _tried(form, order)


def _tried(form: Assessment, order: Order) -> Acted | Why:
    try:
        return decided(form, order.act, order.role, order.reason, proposal_id=order.proposal_id)
    except Refused:
        return "decided"


def take_back(facts: Facts, order: Order, form: Assessment | None, version: int) -> Acted | Why:
    """Take back what was done with a form that was chosen as this version, unless anything happened to it since."""
    if form is None or barred(facts, form, order.role) is not None or not is_as_left(order, form, version):
        return "kept"
    if order.role in BRANCH and form.closed:
        return "kept"  # it is the commune's now
    return decided(form, "undo", order.role)


def is_as_left(order: Order, form: Assessment, version: int) -> bool:
    """Tell whether a form is as the batch left it."""
    return form.state == order.after and form.version == version + 1
