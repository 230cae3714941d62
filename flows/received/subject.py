"""What is sent automatically, for its receiver, in one value."""

from collections.abc import Iterator
from functools import partial
from typing import get_args

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, Subject, is_number
from flows.received import records
from flows.received.talk import MUTING, Muting, answer, turn
from flows.words.refusals import OutOfDate
from flows.words.wording import _

ORDER = Choice(
    "mute",
    _("notices off"),
    words("""
        tắt thông báo; tắt; tắt tin; tắt tin nhắn; tắt nhắc; tắt nhắc nhở; đừng gửi nữa; đừng nhắn nữa; không
        nhận nữa; không nhận thông báo; không muốn nhận; không nhận tin; bật thông báo; bật lại thông báo; đừng
        gửi tin nữa; đừng gửi thông báo nữa; thôi đừng gửi; thôi đừng gửi nữa; đừng nhắc nữa; ngừng gửi; hủy
        nhận tin; hủy thông báo; unsubscribe; mute; stop notices; turn off notices; notices on; không nhận thông
        báo nữa; dừng thông báo; dừng gửi; tắt đi
    """),
)


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    yield Entered("kinds", Muting())


def _pressed_answer(facts: Facts, rest: list[str]) -> Iterator[Event]:
    notice_id, pressed = [*rest, "", ""][:2]
    if not is_number(notice_id):
        raise OutOfDate(_("This button no longer works."))
    yield from answer(facts, int(notice_id), pressed)


def _pressed_turn(off: bool, facts: Facts, rest: list[str]) -> Iterator[Event]:
    return turn(facts, rest[0] if rest else "", off=off)


SUBJECT = Subject(
    "received",
    flows=(MUTING,),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(Command("mute", _("Notices and reminders: on, off"), _command, ORDER, 15, {"vi": "tatbat"}),),
    buttons={
        "answer": _pressed_answer,
        "mute": partial(_pressed_turn, True),
        "unmute": partial(_pressed_turn, False),
    },
)
