"""The branch head's decisions on forms, in one value."""

from collections.abc import Iterator
from functools import partial

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject, is_number, version_in
from flows.domain.assessments import BRANCH
from flows.review import talk
from flows.review.talk import DECISION, REVIEW, Reviewing
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _

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


def look(facts: Facts) -> Iterator[Event]:
    """Go to the list of forms."""
    yield Entered("list", Reviewing())


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return look(facts)


def _pressed_list(facts: Facts, rest: list[str]) -> Iterator[Event]:
    return look(facts)


def _pressed_form(verb: str, facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Act on a form by a button under it, which says for which version it was made."""
    form_id, *more = rest or [""]
    if not is_number(form_id):
        raise OutOfDate(_("This button no longer works."))
    if (wording := talk.obstacle(facts, Reviewing())) is not None:
        raise Refused(wording)
    form = talk.subject(facts, int(form_id))
    if verb == "file" and more:
        yield from talk.act(facts, form, f"file:{form_id}:{more[0]}", form.version)
    else:
        yield from talk.act(facts, form, verb, version_in(more[0] if more else ""))


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role(*BRANCH):
        yield HomeEntry(FORMS_OF_BRANCH, look)


def _status(facts: Facts) -> Iterator[Wording]:
    if facts.has_role(*BRANCH):
        yield _("You confirm the forms of your branch; new ones come here by themselves.")


SUBJECT = Subject(
    "review",
    flows=(REVIEW, DECISION),
    commands=(Command("review", _("Forms of my branch"), _command, ORDER, 1, {"vi": "duyet"}, BRANCH),),
    buttons={
        "review": _pressed_list,
        **{verb: partial(_pressed_form, verb) for verb in ("confirm", "adjust", "return", "answers", "file")},
    },
    home=_home,
    status=_status,
)
