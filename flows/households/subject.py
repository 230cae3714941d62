"""Who lives together, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, Subject
from flows.households import records
from flows.households.talk import BUTTON, HOUSEHOLD, answer, hear_answer, start
from flows.words.wording import _

ORDER = Choice(
    "household",
    _("household"),
    words("""
        hộ gia đình; hộ; hộ của tôi; gia đình; gia đình tôi; nhà tôi; người nhà; người cùng nhà; cùng hộ; household; my
        household; who lives with me
    """),
)


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return start(facts)


def _otherwise(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Hear what somebody answers who was asked whether they live together."""
    return hear_answer(facts, typed)


SUBJECT = Subject(
    "households",
    flows=(HOUSEHOLD,),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(Command("household", _("Who lives with me"), _command, ORDER, 22, {"vi": "giadinh"}),),
    buttons={BUTTON: answer},
    otherwise=_otherwise,
)
