"""An admin invites somebody to a role in chat: which role, which unit, and the link to hand over."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.events import Event, Invited, Left, Said, Went
from flows.facts import INVITATION_LIFE, Facts, digest_of
from flows.flow import Flow, Step
from flows.people import ROLES, RoleKind
from flows.questions import BACK, Choice, Chose, Heard, Question, Wrote, chosen, words
from flows.refusals import NotUnderstood, Refused
from flows.session import Inviting
from flows.talks.found_units import offered, too_many
from flows.wording import Wording, _, lines, paragraphs

_ROLE_WORDS: dict[RoleKind, tuple[str, ...]] = {
    "head": words("chi hội trưởng; mời chi hội trưởng; trưởng chi hội; chi hội; trưởng thôn; branch head; head"),
    "admin": words("quản trị; quản trị viên; người quản trị; administrator; admin"),
}


def ask_role(facts: Facts, talk: Inviting) -> Question:
    choices = tuple(Choice(role, label, _ROLE_WORDS[role]) for role, label in ROLES.items())
    return Question(_("Which role do you want to give?"), choices, (BACK,), numbered=True)


def hear_role(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case role:
            yield Went("unit", Inviting(role=role))


def ask_unit(facts: Facts, talk: Inviting) -> Question:
    units = facts.reference.units
    suggested = offered(units, talk.suggested)
    return Question(
        _("For which village or commune? Type its name.")
        if not suggested
        else _("Is it one of these? If not, type the name once more, with the commune."),
        suggested,
        (BACK,),
        free=True,
        numbered=True,
    )


def hear_unit(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("role", Inviting())
        case Chose(unit_id):
            yield from invite(facts, _role(talk), int(unit_id))
        case Wrote(name):
            found = facts.reference.units.search(name, within=facts.over("admin"))
            if not found.units:
                raise Refused(_("I find no unit by that name among yours."))
            if found.more:
                yield Said(too_many(found))
            yield Went("unit", replace(talk, suggested=found.ids))
        case _:
            raise NotUnderstood(_("Please answer with a text message."))


def invite(facts: Facts, role: RoleKind, unit_id: int) -> Iterator[Event]:
    """Make an invitation and say how to hand it over. Its token is shown this once and never stored."""
    if not facts.holds("admin", unit_id):
        raise Refused(_("I find no unit by that name among yours."))
    expires = facts.now + INVITATION_LIFE
    yield Invited(digest_of(facts.token), role, unit_id, expires)
    yield Said(
        paragraphs(
            _("Invitation: {role}, {unit}.", role=ROLES[role], unit=facts.reference.units.in_sentence(unit_id)),
            _(
                "It works once, until {day}. Send this link to who is invited, or let them type the last line here:",
                day=expires.date(),
            ),
            lines(*links(facts, f"i-{facts.token}"), f"/start i-{facts.token}"),
        )
    )
    yield Left(quiet=True)


def links(facts: Facts, code: str) -> Iterator[Wording]:
    """Yield the addresses that open the bot with a code, one per channel that has addresses."""
    yield from (pattern.format(code=code) for pattern in facts.reference.links)


def obstacle(facts: Facts, talk: Inviting) -> Wording | None:
    """Say why somebody cannot invite, if so."""
    return None if facts.has_role("admin") else _("Only administrators can invite.")


INVITATION = Flow(
    Inviting,
    steps=(Step("role", ask_role, hear_role), Step("unit", ask_unit, hear_unit)),
    obstacle=obstacle,
)


def _role(talk: Inviting) -> RoleKind:
    return next(role for role in ROLES if role == talk.role)
