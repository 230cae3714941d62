"""An admin gives a role in chat by an invitation, with the link to hand over, or takes one away."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.found_units import find_own, offered, too_many
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, Choice, Chose, Heard, Question, Wrote, chosen, words
from flows.conversation.session import Talk
from flows.domain.people import ROLES, RoleKind
from flows.roles.needs import INVITATION_LIFE, Holder, HoldersWanted, digest_of
from flows.roles.records import Invited, RoleTaken
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.wording import Wording, _, lines, paragraphs


class Inviting(Talk, frozen=True, tag="invitation"):
    """The role and unit somebody is invited to; or the unit where a role is taken away, and which."""

    role: str = ""
    suggested: tuple[int, ...] = ()
    taking: bool = False
    unit_id: int = 0
    role_id: int = 0


_ROLE_WORDS: dict[RoleKind, tuple[str, ...]] = {
    "head": words("chi hội trưởng; mời chi hội trưởng; trưởng chi hội; chi hội; trưởng thôn; branch head; head"),
    "deputy": words("chi hội phó; phó chi hội; phó chi hội trưởng; mời chi hội phó; deputy branch head; deputy"),
    "association": words("""
        hội khuyến học; hội; hội khuyến học xã; hội khuyến học phường; cán bộ hội; người kiểm tra; association
    """),
    "committee": words("""
        ủy ban; uỷ ban; ủy ban nhân dân; ubnd; ubnd xã; ubnd phường; chủ tịch; lãnh đạo ủy ban; committee; chairman
    """),
    "admin": words("quản trị; quản trị viên; người quản trị; administrator; admin"),
}


TAKE = Choice(
    "take",
    _("Take a role away"),
    words("""
        thu; thu hồi; thu vai trò; thu nhiệm vụ; thôi nhiệm vụ; cho thôi nhiệm vụ; bỏ vai trò; rút vai trò; ai đang làm;
        take away; take; remove; remove a role
    """),
)
TAKE_AWAY = Choice(
    "take_away",
    _("Yes, take it away"),
    words("cho thôi; cho thôi nhiệm vụ; đồng ý cho thôi; có cho thôi; take it away; yes take it away"),
    final=True,
)
LEAVE_IT = Choice(
    "leave_it",
    _("No, leave it"),
    words("giữ lại; giữ nguyên; cứ để; để nguyên; không thu; chưa; đừng; thôi khoan; keep; leave it") + NO.also,
)


def ask_role(facts: Facts, talk: Inviting) -> Question:
    choices = tuple(Choice(role, label, _ROLE_WORDS[role]) for role, label in ROLES.items())
    return Question(_("Which role do you want to give?"), choices, (TAKE, BACK), numbered=True)


def hear_role(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case TAKE.key:
            yield Went("unit", Inviting(taking=True))
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
        case Chose(unit_id) if talk.taking:
            _refuse_others(facts, int(unit_id))
            yield Went("holders", Inviting(taking=True, unit_id=int(unit_id)))
        case Chose(unit_id):
            yield from invite(facts, _role(talk), int(unit_id))
        case Wrote(name):
            found = find_own(facts, name)
            if found.more:
                yield Said(too_many(found))
            yield Went("unit", replace(talk, suggested=found.ids))
        case _:
            raise NotUnderstood(_("Please answer with a text message."))


def invite(facts: Facts, role: RoleKind, unit_id: int) -> Iterator[Event]:
    """Make an invitation and say how to hand it over. Its token is shown this once and never stored."""
    _refuse_others(facts, unit_id)
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


def _refuse_others(facts: Facts, unit_id: int) -> None:
    if not facts.holds("admin", unit_id):
        raise Refused(_("I find no unit by that name among yours."))


def ask_holders(facts: Facts, talk: Inviting) -> Question:
    held = facts.find(HoldersWanted(talk.unit_id))
    unit = facts.reference.units.in_sentence(talk.unit_id)
    return Question(
        _("Whose role in {unit} should end?", unit=unit)
        if held
        else _("Nobody holds a role in {unit} itself.", unit=unit),
        tuple(Choice(str(one.role_id), _("{name} · {role}", name=one.named, role=ROLES[one.kind])) for one in held),
        (BACK,),
        numbered=True,
    )


def hear_holders(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("unit", Inviting(taking=True))
        case role_id:
            holder = _holder(facts, replace(talk, role_id=int(role_id)))
            if holder.person_id == facts.person_id:
                # So that an administrator is left over every unit.
                raise Refused(_("Nobody ends their own role here: please ask another administrator."))
            yield Went("take_away", replace(talk, role_id=int(role_id)))


def ask_take_away(facts: Facts, talk: Inviting) -> Question:
    holder = _holder(facts, talk)
    return Question(
        _(
            "{name} will no longer be: {role}, {unit}. It takes effect at once, and {name} is told. Is that right?",
            name=holder.named,
            role=ROLES[holder.kind],
            unit=facts.reference.units.in_sentence(talk.unit_id),
        ),
        (TAKE_AWAY, LEAVE_IT),
    )


def hear_take_away(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    holder = _holder(facts, talk)
    if chosen(heard) == TAKE_AWAY.key:
        role = ROLES[holder.kind]
        unit = facts.reference.units.in_sentence(talk.unit_id)
        yield RoleTaken(talk.role_id, talk.unit_id)
        yield Told(
            PersonAddress(holder.person_id),
            Message(_("Your role has ended: {role}, {unit}. Thank you for your work.", role=role, unit=unit)),
        )
        yield Said(_("{name} is no longer: {role}, {unit}.", name=holder.named, role=role, unit=unit))
    yield Went("holders", replace(talk, role_id=0))


def _holder(facts: Facts, talk: Inviting) -> Holder:
    """Return whose role it is about. The right to it is checked here, each time."""
    _refuse_others(facts, talk.unit_id)
    held = (one for one in facts.find(HoldersWanted(talk.unit_id)) if one.role_id == talk.role_id)
    if (holder := next(held, None)) is None:
        raise OutOfDate(_("This role has ended already."))
    return holder


def links(facts: Facts, code: str) -> Iterator[Wording]:
    """Yield the addresses that open the bot with a code, one per channel that has addresses."""
    yield from (pattern.format(code=code) for pattern in facts.reference.links.start)


def obstacle(facts: Facts, talk: Inviting) -> Wording | None:
    """Say why somebody cannot give or take a role, if so."""
    if not facts.has_role("admin"):
        return _("Only administrators can invite.")
    try:
        if talk.role_id:
            _holder(facts, talk)
        elif talk.unit_id:
            _refuse_others(facts, talk.unit_id)
    except Refused as refused:
        return refused.wording
    return None


INVITATION = Flow(
    Inviting,
    steps=(
        Step("role", ask_role, hear_role),
        Step("unit", ask_unit, hear_unit),
        Step("holders", ask_holders, hear_holders),
        Step("take_away", ask_take_away, hear_take_away),
    ),
    obstacle=obstacle,
)


def _role(talk: Inviting) -> RoleKind:
    return next(role for role in ROLES if role == talk.role)
