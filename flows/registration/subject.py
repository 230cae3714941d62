"""Getting to know somebody, in one value."""

from collections.abc import Iterator
from typing import get_args

from flows.conversation.events import Event, Said
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice
from flows.conversation.session import HOME, Session, Talk
from flows.conversation.subject import GOES_ON, HomeEntry, Subject
from flows.forms import standing
from flows.forms.standing import BEGIN, GO_ON
from flows.registration import records
from flows.registration.talk import REGISTRATION, Registering, in_village, invitation_obstacle, start
from flows.roles.needs import INVITATION_CODE, digest_of
from flows.words.refusals import Refused
from flows.words.wording import Wording, _

VILLAGE_CODE = "v-"

REGISTER = Choice("register", _("Start"), GO_ON)


def welcome(facts: Facts, code: str = "") -> Iterator[Event]:
    """Let whoever is not known yet begin, with the village of the link they came by."""
    if facts.person is None or (not facts.person.is_resident and not facts.roles):
        unit = facts.reference.units.by_code.get(code.lower().removeprefix(VILLAGE_CODE))
        known = unit is not None and unit.takes_residents
        yield start(facts, Registering(unit_id=unit.id if unit and known else None))


def come_from(facts: Facts, session: Session[Talk], village: str) -> Iterator[Event]:
    """Let somebody register in the village of a link or a code: whoever is not that far yet in telling of themselves,
    or has not begun. Whoever does something else goes on with it."""
    unit, talk = facts.reference.units.by_code.get(village.lower()), session.frame.talk
    if session.frame == HOME:
        yield from welcome(facts, f"{VILLAGE_CODE}{village}")
    elif isinstance(talk, Registering) and not talk.another and unit is not None and unit.takes_residents:
        yield from in_village(session.frame.step, talk, unit.id)
    else:
        yield Said(GOES_ON)


def take_up(facts: Facts, session: Session[Talk], token: str) -> Iterator[Event]:
    """Let somebody take up an invitation they came by."""
    invitation = digest_of(token)
    if (wording := invitation_obstacle(facts, invitation)) is not None:
        raise Refused(wording)
    yield start(facts, Registering(invitation=invitation))


def go_on(facts: Facts) -> Iterator[Event]:
    """Go on with what comes next for a resident: getting known, or the form."""
    if facts.person is None or not facts.person.is_resident:
        yield start(facts, Registering())
    else:
        yield from standing.go_on(facts)


def _pressed_continue(facts: Facts, rest: list[str]) -> Iterator[Event]:
    return go_on(facts)


def _home(facts: Facts) -> Iterator[HomeEntry]:
    if facts.person is None:
        yield HomeEntry(REGISTER, go_on)
    elif not facts.person.is_resident:
        yield HomeEntry(BEGIN, go_on)


def _status(facts: Facts) -> Iterator[Wording]:
    if facts.person is None:
        yield _(
            "This is the channel of the Study Promotion Association, where people assess themselves as learning"
            " citizens, free of charge."
        )


SUBJECT = Subject(
    "registration",
    flows=(REGISTRATION,),
    records=get_args(records.AnyRecord),
    after=records.after,
    buttons={"continue": _pressed_continue},
    codes={INVITATION_CODE: take_up, VILLAGE_CODE: come_from},
    home=_home,
    status=_status,
)
