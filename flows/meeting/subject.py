"""The branch meeting, in one value."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject
from flows.domain.assessments import BRANCH
from flows.meeting import records
from flows.meeting.entering import Meeting, begin
from flows.meeting.talk import MEETING, obstacle
from flows.words.refusals import Refused
from flows.words.wording import _

ENTRY = Choice(
    "meeting",
    _("Branch meeting"),
    words("""
        họp; họp chi hội; cuộc họp; biên bản; biên bản họp; nhập biên bản; chốt danh sách; chốt; chốt thôn; meeting;
        branch meeting; minutes
    """),
)
ORDER = Choice(
    "meeting",
    _("branch meeting"),
    words("""
        họp chi hội; cuộc họp; biên bản; biên bản họp; nhập biên bản; ghi biên bản; làm biên bản; chốt danh sách; chốt
        thôn; đã họp; đã họp xong; họp xong rồi; họp xong; meeting; minutes; close the village
    """),
)


def enter(facts: Facts) -> Iterator[Event]:
    """Go to the branch meeting."""
    talk = Meeting()
    if any(facts.has_role(role) for role in BRANCH):
        talk = begin(facts)
    if (wording := obstacle(facts, talk)) is not None:
        raise Refused(wording)
    yield Entered("standing" if talk.unit_id else "village", talk)


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return enter(facts)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if any(facts.has_role(role) for role in BRANCH):
        yield HomeEntry(ENTRY, enter)


SUBJECT = Subject(
    "meeting",
    flows=(MEETING,),
    records=(records.VillageMoved,),
    after=records.after,
    commands=(Command("meeting", _("Branch meeting"), _command, ORDER, 4, {"vi": "hop"}, BRANCH, "meeting"),),
    home=_home,
)
