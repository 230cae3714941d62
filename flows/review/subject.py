"""The branch head's decisions on forms, in one value."""

from collections.abc import Iterator
from functools import partial
from typing import get_args

from flows.conversation.events import Event, Sent
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import HOME, Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject, is_number, version_in
from flows.conversation.understanding import says
from flows.domain.assessments import BRANCH, Assessment
from flows.forms.card import KNOWS, UNKNOWN, card
from flows.forms.needs import waiting
from flows.forms.records import Vouched, changed_by
from flows.review import arrivals, records, talk
from flows.review.arrivals import ARRIVALS, CHOOSING_ARRIVALS
from flows.review.listing import Reviewing, hear_typed, hear_typed_at_home, look
from flows.review.many import CONFIRMING_MANY
from flows.review.talk import DECISION, REVIEW
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _, lines, n_

FORMS_OF_BRANCH = Choice(
    "review",
    _("Forms of my branch"),
    words("""
        duyệt; duyệt phiếu; xem phiếu chờ; phiếu chờ; danh sách; danh sách phiếu; xác nhận; xác nhận phiếu; phiếu
        chi hội; phiếu của chi hội; review; list
    """),
)
ORDER = Choice(
    "review",
    _("review forms"),
    words("""
        duyệt phiếu; duyệt; xem phiếu chờ; phiếu chờ; phiếu chờ duyệt; danh sách; danh sách phiếu; xác nhận
        phiếu; phiếu của chi hội; xem danh sách; có phiếu mới không; còn phiếu nào không; ai chưa làm; ai
        chưa nộp; review; forms; list; duyệt tiếp; xét phiếu
    """),
)


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return look(facts)


def _pressed_list(facts: Facts, rest: list[str]) -> Iterator[Event]:
    return look(facts)


def _pressed_arrivals(facts: Facts, rest: list[str]) -> Iterator[Event]:
    if not facts.has_role(*BRANCH):
        raise Refused(_("Only branch heads see the forms of a village."))
    return arrivals.choose(facts)


def _pressed_form(verb: str, facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Act on a form by a button under it, which says for which version it was made."""
    form_id, *more = rest or [""]
    if not is_number(form_id):
        raise OutOfDate(_("This button no longer works."))
    if (wording := talk.obstacle(facts, Reviewing())) is not None:
        raise Refused(wording)
    form = talk.subject(facts, int(form_id))
    if verb in {KNOWS, UNKNOWN} and len(more) > 1:
        yield from _vouched(facts, form, version_in(more[0]), f"{verb}:{more[1]}")
        return
    if verb == "file" and more:
        yield from talk.act(facts, form, f"file:{form_id}:{more[0]}", form.version)
    else:
        yield from talk.act(facts, form, verb, version_in(more[0] if more else ""))


def _hear_typed(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Take an order about the list that is looked at, if one was typed, or about how new forms are announced."""
    if facts.has_role(*BRANCH) and says(typed, ARRIVALS):
        yield from arrivals.choose(facts)
        return
    if session.frame.step == "list" and isinstance(session.frame.talk, Reviewing):
        yield from hear_typed(facts, session.frame.talk, typed)
    elif session.frame == HOME and facts.has_role(*BRANCH):
        yield from hear_typed_at_home(facts, typed)


def _vouched(facts: Facts, form: Assessment, version: int, verb: str) -> Iterator[Event]:
    """Say whether the branch knows something, by a button under a form, and show the form as it is then: what else
    stands under it was for the version before."""
    for event in talk.act(facts, form, verb, version):
        yield event
        if isinstance(event, Vouched):
            form = changed_by(event, form)
    yield Sent(card(facts, form))


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role(*BRANCH):
        yield HomeEntry(FORMS_OF_BRANCH, look)


def _status(facts: Facts) -> Iterator[Wording]:
    if facts.has_role(*BRANCH):
        count = waiting(facts, BRANCH, "submitted")
        yield lines(
            _("You confirm the forms of your branch; new ones come here by themselves."),
            n_("{count} form waits for confirmation.", "{count} forms wait for confirmation.", count)
            if count
            else None,
        )


_UNDER_A_FORM = ("confirm", "adjust", "return", "answers", "file", KNOWS, UNKNOWN)
SUBJECT = Subject(
    "review",
    flows=(REVIEW, DECISION, CONFIRMING_MANY, CHOOSING_ARRIVALS),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(Command("review", _("Forms of my branch"), _command, ORDER, 1, {"vi": "duyet"}, BRANCH, "branch-head"),),
    buttons={
        "review": _pressed_list,
        "arrivals": _pressed_arrivals,
        **{verb: partial(_pressed_form, verb) for verb in _UNDER_A_FORM},
    },
    home=_home,
    status=_status,
    overhear=_hear_typed,
)
