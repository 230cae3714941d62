"""Roles, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Entered, Event
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Command, HomeEntry, Subject
from flows.domain.people import RoleKind
from flows.roles import records
from flows.roles.own import OWN_ROLE, hear_back, own_role
from flows.roles.talk import INVITATION, Inviting
from flows.words.refusals import Refused
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


ROLE_ORDER = Choice(
    "role",
    _("my role"),
    words("""
        nhiệm vụ; nhiệm vụ của tôi; vai trò của tôi; vắng mặt; tôi vắng; tôi đi vắng; tôi vắng mặt; bàn giao nhiệm vụ;
        bàn giao; xin thôi nhiệm vụ; xin nghỉ nhiệm vụ; tôi đã về; role; my role; hand over my role; i am away
    """),
)


def invite(facts: Facts) -> Iterator[Event]:
    """Go to inviting somebody."""
    yield Entered("role", Inviting())


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    return invite(facts)


def _own_role(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    if not facts.roles:
        raise Refused(_("You hold no role here."))
    return own_role(facts)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.has_role("admin"):
        yield HomeEntry(INVITE, invite)


def _status(facts: Facts) -> Iterator[Wording]:
    if facts.has_role("admin"):
        yield _("You administer this bot for your unit.")


SUBJECT = Subject(
    "roles",
    flows=(INVITATION, OWN_ROLE),
    records=get_args(records.AnyRecord),
    after=records.after,
    commands=(
        Command("invite", _("Invite somebody to a role"), _command, ORDER, 2, {"vi": "moi"}, ("admin",)),
        Command(
            "role",
            _("My role: away, hand over, give up"),
            _own_role,
            ROLE_ORDER,
            6,
            {"vi": "nhiemvu"},
            get_args(RoleKind),
        ),
    ),
    home=_home,
    status=_status,
    overhear=hear_back,
)
