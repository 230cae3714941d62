"""Notices, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject, is_number, version_in
from flows.notices import records, talk
from flows.notices.audience import subject
from flows.notices.draft.flow import DRAFT
from flows.notices.talk import NOTICES, Noticing
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import _

LIST = Choice(
    "notices",
    _("📣 Notices"),
    words("thông báo; gửi thông báo; soạn thông báo; viết thông báo; xem thông báo; notices; notice; đăng thông báo"),
)
ORDER = Choice(
    "notices",
    _("notices"),
    words("""
        thông báo; gửi thông báo; soạn thông báo; viết thông báo; xem thông báo; danh sách thông báo; đăng
        thông báo; gửi tin; soạn tin; nhắn tin cho bà con; gửi giấy mời; send a notice; notice; write a
        notice; thông báo cho bà con
    """),
)


def look(facts: Facts) -> Iterator[Event]:
    """Go to the list of notices."""
    yield Entered("list", Noticing())


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return look(facts)


def _pressed_list(facts: Facts, rest: list[str]) -> Iterator[Event]:
    return look(facts)


def _pressed_notice(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Act on a notice by a button under it, which says for which version it was made."""
    verb, notice_id, version = [*rest, "", "", ""][:3]
    if not is_number(notice_id):
        raise OutOfDate(_("This button no longer works."))
    if (wording := talk.obstacle(facts, Noticing())) is not None:
        raise Refused(wording)
    notice = subject(facts, int(notice_id))
    yield from talk.act(facts, notice, verb, version_in(version))


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role("admin"):
        yield HomeEntry(LIST, look)


SUBJECT = Subject(
    "notices",
    flows=(NOTICES, DRAFT),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(Command("notices", _("Notices to many people"), _command, ORDER, 3, {"vi": "thongbao"}, ("admin",)),),
    buttons={"notices": _pressed_list, "notice": _pressed_notice},
    home=_home,
)
