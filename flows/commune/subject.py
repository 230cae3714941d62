"""The commune association's check, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.commune import records
from flows.commune.checking import Checking, at_village
from flows.commune.numbering import NUMBERING, Numbering
from flows.commune.numbering import obstacle as cannot_be_numbered
from flows.commune.talk import COMMUNE, obstacle
from flows.commune.villages import begin
from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject, is_number
from flows.forms.needs import waiting
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _, lines, n_

ENTRY = Choice(
    "commune",
    _("Villages of my commune"),
    words("""
        các thôn; xem các thôn; danh sách thôn; thôn; kiểm tra; kiểm tra các thôn; xã; tổng hợp; tổng hợp xã; trình;
        đề nghị; villages; commune
    """),
)
ORDER = Choice(
    "commune",
    _("villages"),
    words("""
        các thôn; xem các thôn; danh sách thôn; danh sách các thôn; thôn nào chốt rồi; thôn nào chưa chốt; kiểm tra các
        thôn; tổng hợp xã; tổng hợp; số liệu xã; trình danh sách; lập tờ trình; commune
    """),
)


def enter(facts: Facts) -> Iterator[Event]:
    """Go to the villages."""
    talk = begin(facts)
    if (wording := obstacle(facts, talk)) is not None:
        raise Refused(wording)
    yield Entered("villages" if talk.unit_id else "commune", talk)


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return enter(facts)


def _pressed_village(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Go to a village by the button under the message that told of it."""
    if len(rest) != 2 or not all(map(is_number, rest)) or int(rest[1]) not in facts.reference.rounds_by_id:
        raise OutOfDate(_("This button no longer works."))
    village_id, round_id = map(int, rest)
    tops = facts.scope("association").tops
    unit_id = next((top for top in tops if facts.reference.units.covers(top, village_id)), 0)
    talk = Checking(unit_id, round_id, village_id=village_id)
    if (wording := obstacle(facts, talk)) is not None:
        raise Refused(wording)
    yield Entered("village", at_village(facts, talk, village_id))


def _pressed_number(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Go to recording the number of a proposal by the button under its files."""
    if len(rest) != 1 or not is_number(rest[0]):
        raise OutOfDate(_("This button no longer works."))
    talk = Numbering(int(rest[0]))
    if (wording := cannot_be_numbered(facts, talk)) is not None:
        raise Refused(wording)
    yield Entered("proposal_number", talk)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role("association"):
        yield HomeEntry(ENTRY, enter)


def _status(facts: Facts) -> Iterator[Wording]:
    if facts.has_role("association"):
        count = waiting(facts, ("association",), "confirmed", to_propose=True)
        yield lines(
            _("You check the villages of your commune; each comes here once it is closed."),
            n_(
                "{count} person in villages that are closed waits to be proposed.",
                "{count} people in villages that are closed wait to be proposed.",
                count,
            )
            if count
            else None,
        )


SUBJECT = Subject(
    "commune",
    flows=(COMMUNE, NUMBERING),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(
        Command(
            "commune", _("Villages of my commune"), _command, ORDER, 5, {"vi": "xa"}, ("association",), "association"
        ),
    ),
    buttons={"village": _pressed_village, "proposal_number": _pressed_number},
    home=_home,
    status=_status,
)
