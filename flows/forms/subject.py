"""The resident's own form, in one value."""

import re
from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Event
from flows.conversation.facts import Facts
from flows.conversation.session import Home, Session, Talk
from flows.conversation.subject import Subject, is_number
from flows.forms import records, standing
from flows.forms.talk import SELF_ASSESSMENT, Filling, jump, obstacle, send_again
from flows.words.refusals import OutOfDate, Refused
from flows.words.spelling import fold
from flows.words.wording import _

LONGEST_EDIT = 60

_EDIT = re.compile(
    r"(?:(?:cho |toi |muon |xin )*(?:sua|sua lai|lam lai|edit|change|doi|doi lai|ve|den|toi|xem lai|quay lai|go to)"
    r"(?: cau| question| cau so| so)?|(?:cau|question)) (\d{1,3})(?: a| nhe| nha| di| voi)*"
)


def hear_edit(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Go to a question of one's own form by its number, when “edit 4” was typed at home or in the form."""
    short = len(typed) <= LONGEST_EDIT and isinstance(session.frame.talk, Home | Filling)
    asked = _EDIT.fullmatch(fold(typed)) if short else None
    if asked is None or facts.form is None:
        return
    if session.frame.step != "home" and fold(typed).startswith(("cau", "question")):
        return  # under a question, “question 2” is its second answer
    if (wording := obstacle(facts, Filling())) is not None:
        raise Refused(wording)
    yield jump(facts.form, int(asked[1]))


def _pressed_take_back(facts: Facts, rest: list[str]) -> Iterator[Event]:
    return standing.take_back(facts)


def _pressed_evidence(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Go to where evidence is given for a question of one's own form, to send once more what was not kept."""
    form_id, number = [*rest, "", ""][:2]
    if not (is_number(form_id) and is_number(number)) or facts.form is None or facts.form.id != int(form_id):
        raise OutOfDate(_("This button no longer works."))
    if (wording := obstacle(facts, Filling())) is not None:
        raise Refused(wording)
    yield send_again(facts.form, int(number))


SUBJECT = Subject(
    "forms",
    flows=(SELF_ASSESSMENT,),
    records=get_args(records.AnyRecord),
    after=records.after,
    buttons={"take_back": _pressed_take_back, "evidence": _pressed_evidence},
    home=standing.home,
    status=standing.status,
    overhear=hear_edit,
)
