"""One person in several chats, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import HOME, Session, Talk
from flows.conversation.subject import Command, Subject
from flows.conversation.understanding import says
from flows.joining import records
from flows.joining.codes import code_in
from flows.joining.talk import BUTTON, JOINING, Joining, answer, give_code, own_chats, typed_code
from flows.words.wording import _

ORDER = Choice(
    "connect",
    _("connect"),
    words("""
        nối; nối thêm; nối máy; nối zalo; nối telegram; nối trang web; nối web; nối với zalo; nối với telegram; kết
        nối; kết nối zalo; kết nối telegram; dùng thêm; dùng thêm ở nơi khác; dùng thêm zalo; dùng thêm telegram; dùng
        ở nơi khác; dùng trên zalo; dùng trên telegram; dùng trên web; dùng trên máy khác; dùng máy khác; thêm máy;
        máy khác; máy mới; điện thoại mới; điện thoại khác; đổi máy; đổi điện thoại; chuyển máy; chuyển sang zalo;
        chuyển sang telegram; chuyển sang máy khác; làm trên zalo; làm trên máy khác; lấy mã; lấy mã nối; xin mã; cho
        xin mã; mã nối; mất máy; mất điện thoại; bị mất máy; tách; tách máy; tách ra; các nơi đang dùng; các máy của
        tôi; connect; connect zalo; connect telegram; get a code; another device; other device; another phone; new
        phone; my chats; separate
    """),
)


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    if (code := code_in(argument)) is not None:
        yield from typed_code(facts, code)
    elif facts.person is None:
        yield Entered("code", Joining())
    elif own_chats(facts):
        yield Entered("chats", Joining())
    else:
        yield from give_code(facts)


def _overhear(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Hear a code: where nobody is known yet, whatever is asked; else where nothing is asked, for at a question six
    digits may be the answer, or with a word that can mean nothing else."""
    if isinstance(session.frame.talk, Joining):
        return
    at_home = session.frame == HOME
    if (code := code_in(typed, "code" if facts.person is None else "named" if at_home else "ordered")) is not None:
        yield from typed_code(facts, code)
    elif at_home and facts.conversation.language is None and says(typed, ORDER):
        yield Entered("code", Joining())  # where everything else that is typed first gets to know the bot


SUBJECT = Subject(
    "joining",
    flows=(JOINING,),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(
        Command("connect", _("Use it on Zalo, Telegram and the web as one"), _command, ORDER, 21, {"vi": "noi"}),
    ),
    buttons={BUTTON: answer},
    overhear=_overhear,
)
