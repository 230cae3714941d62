"""Several people on one phone, in one value."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.phones import by_name
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject
from flows.people.names import asks_to_help
from flows.people.talk import ADDING, SWITCHING, Switching, hear_name, others, start_adding, start_helping
from flows.words.wording import Lines, Wording, _

ORDER = Choice(
    "people",
    _("add a person"),
    words("""
        thêm người; thêm một người; thêm người nhà; thêm người dùng; đổi người; chuyển người; đổi sang người khác;
        chuyển sang người khác; làm cho người khác; làm hộ người khác; làm giúp người khác; khai hộ người khác; nhiều
        người một máy; dùng chung điện thoại; dùng chung máy; change person; switch; switch person; another person; add
        somebody
    """),
)
SWITCH = Choice("switch", _("👤 Another person"), words("người khác; đổi người; chuyển người; thêm người; switch"))


def _start(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return _whose_turn(facts)


def _whose_turn(facts: Facts) -> Iterator[Event]:
    """Ask whose turn it is; where there is nobody else, who is added."""
    if others(facts):
        yield Entered("whom", Switching())
    else:
        yield from start_adding(facts)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.conversation.is_shared:
        yield HomeEntry(SWITCH, _whose_turn)


def _status(facts: Facts) -> Iterator[Wording]:
    if here := others(facts):
        yield _("Also on this phone: {names}.", names=Lines(tuple(by_name(one) for one in here), ", "))


def _otherwise(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Hear a name of the phone's people, or for whom somebody fills in."""
    events = list(hear_name(facts, typed))
    if events:
        yield from events
    elif facts.person is not None and asks_to_help(typed):
        yield from start_helping(facts)


SUBJECT = Subject(
    "people",
    flows=(SWITCHING, ADDING),
    commands=(Command("people", _("Several people on one phone"), _start, ORDER, 18, {"vi": "nguoi"}),),
    home=_home,
    status=_status,
    otherwise=_otherwise,
)
