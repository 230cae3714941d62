"""Roles, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject
from flows.roles import records
from flows.roles.talk import INVITATION, Inviting
from flows.words.wording import Wording, _

INVITE = Choice("invite", _("Invite somebody"), words("mời; mời người; mời chi hội trưởng; lời mời; invite"))
ORDER = Choice(
    "invite",
    _("invite"),
    words("""
        mời; mời chi hội trưởng; mời người; thêm chi hội trưởng; lời mời; gửi lời mời; mời thêm người; mời
        quản trị; thêm người; invite somebody; thêm quản trị viên
    """),
)


def invite(facts: Facts) -> Iterator[Event]:
    """Go to inviting somebody."""
    yield Entered("role", Inviting())


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return invite(facts)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role("admin"):
        yield HomeEntry(INVITE, invite)


def _status(facts: Facts) -> Iterator[Wording]:
    if facts.has_role("admin"):
        yield _("You administer this bot for your unit.")


SUBJECT = Subject(
    "roles",
    flows=(INVITATION,),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(Command("invite", _("Invite somebody to a role"), _command, ORDER, 2, {"vi": "moi"}, "admin"),),
    home=_home,
    status=_status,
)
