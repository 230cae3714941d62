"""Recognition, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject
from flows.forms.needs import waiting
from flows.recognition import records, register
from flows.recognition.needs import TitleWanted
from flows.recognition.register import REGISTER, Registered
from flows.recognition.talk import RECOGNITION, Recognising, begin, obstacle
from flows.words.refusals import Refused
from flows.words.wording import Wording, _, lines, n_

ENTRY = Choice(
    "recognition",
    _("Lists proposed for recognition"),
    words("""
        danh sách đề nghị; danh sách trình; xem danh sách; công nhận; xét công nhận; quyết định; tờ trình; recognise;
        proposals
    """),
)
ORDER = Choice(
    "recognise",
    _("recognise"),
    words("""
        công nhận; xét công nhận; danh sách đề nghị; danh sách trình; danh sách đề nghị công nhận; quyết định công nhận;
        ghi quyết định; recognise; proposals
    """),
)
REGISTER_ENTRY = Choice(
    "register", _("Register of the recognised"), words("sổ; sổ đăng ký; sổ công nhận; sổ cấp giấy; register")
)
REGISTER_ORDER = Choice(
    "register",
    _("register"),
    words("""
        sổ; sổ đăng ký; sổ công nhận; sổ cấp giấy; sổ cấp giấy chứng nhận; tra sổ; thu hồi danh hiệu; mở khóa; register
    """),
)


def enter(facts: Facts) -> Iterator[Event]:
    """Go to what is proposed."""
    if (wording := obstacle(facts, Recognising())) is not None:
        raise Refused(wording)
    talk = begin(facts)
    yield Entered("proposal" if talk.proposal_id else "proposals", talk)


def look_up(facts: Facts) -> Iterator[Event]:
    """Go to the register."""
    if (wording := register.obstacle(facts, Registered())) is not None:
        raise Refused(wording)
    yield Entered("search", Registered())


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return enter(facts)


def _register(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return look_up(facts)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role("committee"):
        yield HomeEntry(ENTRY, enter)
        yield HomeEntry(REGISTER_ENTRY, look_up)


def _status(facts: Facts) -> Iterator[Wording | None]:
    if facts.has_role("committee"):
        count = waiting(facts, ("committee",), "checked")
        yield lines(
            _("You decide for the People's Committee of your commune; what is proposed is told here."),
            n_("{count} person waits for a decision.", "{count} people wait for a decision.", count) if count else None,
        )
    if facts.form is None or facts.form.state not in {"recognised", "revoked"}:
        return
    title, pattern = facts.find(TitleWanted(facts.form.id)), facts.reference.links.certificate
    if title is not None and title.revoked_at is None:
        yield lines(
            _("Decision number {number} of {day}.", number=title.decision, day=title.dated),
            _("Number in the register: {number}", number=title.number),
            _("Your certificate: {address}", address=pattern.format(code=title.code)) if pattern else None,
        )


SUBJECT = Subject(
    "recognition",
    flows=(RECOGNITION, REGISTER),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(
        Command(
            "recognise",
            _("Lists proposed for recognition"),
            _command,
            ORDER,
            7,
            {"vi": "congnhan"},
            ("committee",),
            "committee",
        ),
        Command(
            "register", _("Register of the recognised"), _register, REGISTER_ORDER, 8, {"vi": "so"}, ("committee",)
        ),
    ),
    home=_home,
    status=_status,
)
