"""What can be said at any moment: commands, the same in words, buttons that last, and “edit 4”."""

import re
from collections.abc import Iterator

from flows.events import Entered, Event, Left, Said
from flows.facts import Facts, digest_of
from flows.orders import GOODBYE, NOD, ORDERS, ROLE_ORDERS, THANKS
from flows.people import Role
from flows.questions import Choice
from flows.refusals import NotUnderstood, OutOfDate, Refused
from flows.session import (
    HOME,
    ChoosingLanguage,
    Filling,
    Home,
    Inviting,
    Muting,
    Noticing,
    Privacy,
    Registering,
    Reviewing,
    Session,
)
from flows.spelling import fold
from flows.talks import home, notices, received, registration, review, self_assessment
from flows.talks.notice_audience import subject
from flows.wording import Wording, _, lines, paragraphs

COMMANDS: dict[str, Wording] = {
    "start": _("Begin or go on"),
    "status": _("How my form stands"),
    "help": _("Help"),
    "mute": _("Notices and reminders: on, off"),
    "language": _("Tiếng Việt / English"),
    "privacy": _("My data: see, correct, delete"),
    "cancel": _("Stop what is under way"),
}
ROLE_COMMANDS: dict[str, dict[str, Wording]] = {
    "head": {"review": _("Forms of my branch")},
    "admin": {"invite": _("Invite somebody to a role"), "notices": _("Notices to many people")},
}

# What a command is called in a language, where it is not called by its English name: a to z only, for Telegram.
COMMAND_NAMES: dict[str, dict[str, str]] = {
    "vi": {
        "start": "batdau",
        "status": "phieu",
        "help": "trogiup",
        "mute": "tatbat",
        "language": "ngonngu",
        "privacy": "dulieu",
        "cancel": "dung",
        "review": "duyet",
        "invite": "moi",
        "notices": "thongbao",
    },
}

VILLAGE_CODE = "v-"
INVITATION_CODE = "i-"
LONGEST_EDIT = 60
MOST_DIGITS = 18  # what both databases take as a number
NO_VERSION = -1

_EDIT = re.compile(
    r"(?:(?:cho |toi |muon |xin )*(?:sua|sua lai|lam lai|edit|change|doi|doi lai|ve|den|toi|xem lai|quay lai|go to)"
    r"(?: cau| question| cau so| so)?|(?:cau|question)) (\d{1,3})(?: a| nhe| nha| di| voi)*"
)


def commands_for(roles: tuple[Role, ...]) -> dict[str, Wording]:
    """Return the commands of a person's menu: everybody's, and those of each role."""
    special = {name: words for kind in _held(roles) for name, words in ROLE_COMMANDS[kind].items()}
    return {**special, **COMMANDS}


def _held(roles: tuple[Role, ...]) -> list[str]:
    return [kind for kind in ROLE_COMMANDS if any(role.kind == kind for role in roles)]


def commands_in(roles: tuple[Role, ...], language: str) -> dict[str, Wording]:
    """Return a person's menu with the names that commands have in a language."""
    names = COMMAND_NAMES.get(language, {})
    return {names.get(command, command): words for command, words in commands_for(roles).items()}


def orders_for(facts: Facts, session: Session) -> tuple[Choice, ...]:
    """Return the words that somebody may say instead of a command."""
    own = tuple(order for kind in _held(facts.roles) for order in ROLE_ORDERS[kind])
    return (*own, *ORDERS, THANKS, GOODBYE, *((NOD,) if session.frame == HOME else ()))


def hear_order(facts: Facts, session: Session, order: str) -> Iterator[Event]:
    """Carry out a command that was said in words. Thanks and goodbyes are answered and ask nothing."""
    match order:
        case THANKS.key:
            yield Said(_("Thank you."), alone=True)
        case GOODBYE.key:
            yield Said(_("Goodbye, and come back any time."), alone=True)
        case command:
            yield from hear_command(facts, session, f"/{command}")


_COMMANDS_BY_NAME = {
    **{name: name for commands in (COMMANDS, *ROLE_COMMANDS.values()) for name in commands},
    **{name: command for names in COMMAND_NAMES.values() for command, name in names.items()},
}


def hear_command(facts: Facts, session: Session, typed: str) -> Iterator[Event]:
    """Carry out a slash command. `/start` may bring the code of a village or of an invitation."""
    name, argument = [*typed[1:].split(maxsplit=1), "", ""][:2]
    match _COMMANDS_BY_NAME.get(name.partition("@")[0].lower()):
        case "start":
            yield from _start(facts, session, argument.strip())
        case "help":
            yield Said(help_text(facts))
        case "status":
            if session.frame != HOME:
                yield Said(home.status(facts))
        case "language":
            yield Entered("language", ChoosingLanguage())
        case "privacy":
            yield Entered("privacy", Privacy())
        case "cancel":
            if session.frame != HOME:
                yield Said(
                    _("Stopped. What you have answered is kept.")
                    if isinstance(session.frame.talk, Filling)
                    else _("Stopped.")
                )
            yield Left(home=True)
        case "review":
            yield Entered("list", Reviewing())
        case "invite":
            yield Entered("role", Inviting())
        case "notices":
            yield Entered("list", Noticing())
        case "mute":
            yield Entered("kinds", Muting())
        case _:
            raise NotUnderstood(_("I am sorry, there is no such command. Type “help” to see what can be done here."))


def _start(facts: Facts, session: Session, code: str) -> Iterator[Event]:
    if code.startswith(INVITATION_CODE):
        invitation = digest_of(code.removeprefix(INVITATION_CODE))
        if (wording := registration.invitation_obstacle(facts, invitation)) is not None:
            raise Refused(wording)
        yield registration.start(facts, Registering(invitation=invitation))
    elif session.frame != HOME:
        yield Said(_("Welcome back. Let us go on where we were."))
    elif facts.person is None or (not facts.person.is_resident and not facts.roles):
        unit = facts.reference.units.by_code.get(code.lower().removeprefix(VILLAGE_CODE))
        known = unit is not None and unit.takes_residents
        yield registration.start(facts, Registering(unit_id=unit.id if unit and known else None))


def hear_lasting_button(facts: Facts, payload: str) -> Iterator[Event]:
    """Do what a lasting button asks. Its payload is a claim: the right to it is checked here, each time."""
    match payload.split(":"):
        case ["continue"]:
            yield from home.go_on(facts)
        case ["take_back"]:
            yield from home.take_back(facts)
        case ["review"]:
            yield Entered("list", Reviewing())
        case ["notices"]:
            yield Entered("list", Noticing())
        case ["notice", verb, notice_id, *rest] if _is_number(notice_id):
            yield from _act_on_notice(facts, verb, int(notice_id), _version(rest))
        case ["answer", notice_id, pressed] if _is_number(notice_id):
            yield from received.answer(facts, int(notice_id), pressed)
        case ["mute" | "unmute" as verb, kind]:
            yield from received.turn(facts, kind, off=verb == "mute")
        case [verb, form_id, *rest] if _is_number(form_id):
            yield from _act_on_form(facts, verb, int(form_id), rest)
        case _:
            raise OutOfDate(_("This button no longer works."))


def _act_on_notice(facts: Facts, verb: str, notice_id: int, version: int) -> Iterator[Event]:
    if (wording := notices.obstacle(facts, Noticing())) is not None:
        raise Refused(wording)
    yield from notices.act(facts, subject(facts, notice_id), verb, version)


def _act_on_form(facts: Facts, verb: str, form_id: int, rest: list[str]) -> Iterator[Event]:
    if (wording := review.obstacle(facts, Reviewing())) is not None:
        raise Refused(wording)
    form = review.subject(facts, form_id)
    if verb == "file" and rest:
        yield from review.act(facts, form, f"file:{form_id}:{rest[0]}", form.version)
    else:
        yield from review.act(facts, form, verb, _version(rest))


def _version(rest: list[str]) -> int:
    return int(rest[0]) if rest and _is_number(rest[0]) else NO_VERSION


def _is_number(written: str) -> bool:
    return written.isdecimal() and len(written) <= MOST_DIGITS


def hear_edit(facts: Facts, session: Session, typed: str) -> Iterator[Event]:
    """Go to a question of one's own form by its number, when “edit 4” was typed at home or in the form."""
    short = len(typed) <= LONGEST_EDIT and isinstance(session.frame.talk, Home | Filling)
    asked = _EDIT.fullmatch(fold(typed)) if short else None
    if asked is None or facts.form is None:
        return
    if session.frame.step != "home" and fold(typed).startswith(("cau", "question")):
        return  # under a question, “question 2” is its second answer
    if (wording := self_assessment.obstacle(facts, Filling())) is not None:
        raise Refused(wording)
    yield self_assessment.jump(facts.form, int(asked[1]))


def help_text(facts: Facts) -> Wording:
    """Say what the bot does and which commands there are, for the roles somebody has."""
    commands = commands_for(facts.roles)
    orders = [order for order in orders_for(facts, Session()) if order.key in commands]
    return paragraphs(
        _("I help you assess yourself as a learning citizen, question by question."),
        lines(
            _("• Answer by pressing a button, or by typing its number or words; tone marks are not needed."),
            _("• “?” explains a question, “back” returns to the one before, “edit 4” goes to question 4."),
            _("• You can stop at any moment and come back later; nothing is lost."),
        ),
        lines(
            _("Type one of these words at any time:"),
            *(_("• “{order}”: {words}", order=order.label, words=commands[order.key]) for order in orders),
        ),
    )
