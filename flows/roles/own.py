"""One's own role: away for a while, handed over to somebody else, or given up."""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Session, Talk
from flows.conversation.understanding import says
from flows.domain.people import ROLES, Role
from flows.roles.needs import Holder, HoldersWanted, OwnRole, OwnRolesWanted
from flows.roles.records import AwaySaid, RoleTaken
from flows.roles.talk import invitation
from flows.words.moments import read_coming_day
from flows.words.wording import Named, Wording, _, lines, paragraphs


class OwnRoleTalk(Talk, frozen=True, tag="own-role"):
    """The role it is about."""

    role_id: int = 0


AWAY = Choice(
    "away",
    _("I am away for a while"),
    words("""
        vắng; vắng mặt; tôi vắng; đi vắng; tôi đi vắng; bận; nghỉ; nghỉ phép; ốm; đi xa; tạm vắng; away; i am away; on
        leave
    """),
)
# What is enough to be back, wherever it is said.
I_AM_BACK = Choice("back_again", _("I am back"), words("đã về; tôi đã về; tôi về rồi; i am back"))
BACK_AGAIN = replace(I_AM_BACK, also=I_AM_BACK.also + words("về rồi; làm tiếp; hết vắng; đã có mặt; back again"))
HAND_OVER = Choice(
    "hand_over",
    _("Hand my role over"),
    words(
        "bàn giao; bàn giao nhiệm vụ; chuyển giao; chuyển cho người khác; giao lại; hand over; hand it over; transfer"
    ),
)
GIVE_UP = Choice(
    "give_up",
    _("Give my role up"),
    words(
        "xin thôi; thôi nhiệm vụ; xin nghỉ; nghỉ nhiệm vụ; xin thôi nhiệm vụ; không làm nữa; từ nhiệm; give up; resign"
    ),
)
YES_HAND_OVER = Choice(
    "yes_hand_over",
    _("Yes, hand it over"),
    words("bàn giao; có bàn giao; đồng ý bàn giao; bàn giao luôn; hand it over; yes hand it over"),
    final=True,
)
YES_GIVE_UP = Choice(
    "yes_give_up",
    _("Yes, give it up"),
    words("xin thôi; có xin thôi; đồng ý thôi; thôi nhiệm vụ; có thôi; give it up; yes give it up"),
    final=True,
)
KEEP_IT = Choice(
    "keep_it",
    _("No, I keep my role"),
    words("giữ lại; giữ nguyên; vẫn làm; làm tiếp; không thôi; thôi khoan; đừng; chưa; keep it; keep") + NO.also,
)


def own_role(facts: Facts) -> Iterator[Event]:
    """Go to one's own role; where there are several, to which of them."""
    own = _own(facts)
    if len(own) == 1:
        yield Entered("act", OwnRoleTalk(own[0].role_id))
    else:
        yield Entered("which", OwnRoleTalk())


def ask_which(facts: Facts, talk: OwnRoleTalk) -> Question:
    choices = tuple(Choice(str(one.role_id), _named(facts, one.role)) for one in _own(facts))
    return Question(_("Which of your roles is it about?"), choices, (BACK,), numbered=True)


def hear_which(facts: Facts, talk: OwnRoleTalk, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Left()
    else:
        yield Went("act", OwnRoleTalk(int(chosen(heard))))


def ask_act(facts: Facts, talk: OwnRoleTalk) -> Question:
    role = _one(facts, talk).role
    away = _away_until(facts, role)
    may_be_away = (BACK_AGAIN,) if away is not None else (AWAY,)
    return Question(
        lines(
            _("Your role: {role}.", role=_named(facts, role)),
            _("The term ends on {day}.", day=role.until) if role.until is not None else None,
            _("You are away until the end of {day}.", day=away) if away is not None else None,
        ),
        (*(may_be_away if role.kind == "head" else ()), HAND_OVER, *(() if role.kind == "admin" else (GIVE_UP,))),
        (BACK,),
        numbered=True,
    )


def hear_act(facts: Facts, talk: OwnRoleTalk, heard: Heard) -> Iterator[Event]:
    own = _one(facts, talk)
    match chosen(heard):
        case BACK.key:
            yield Left()
        case AWAY.key:
            yield Went("away", talk)
        case BACK_AGAIN.key:
            yield from _back(facts, [own])
            yield Left(quiet=True)
        case HAND_OVER.key:
            yield Went("hand_over", talk)
        case _:
            yield Went("give_up", talk)


def ask_away(facts: Facts, talk: OwnRoleTalk) -> Question:
    return Question(
        lines(
            _("Until which day are you away? For example: 5/12."),
            _("Until then your deputy decides on the forms of the branch.")
            if _deputies(facts, _one(facts, talk))
            else _("There is no deputy yet, so forms will wait. An administrator can invite one."),
        ),
        moves=(BACK,),
        free=True,
    )


def hear_away(facts: Facts, talk: OwnRoleTalk, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("act", talk)
        return
    own, until = _one(facts, talk), read_coming_day(written(heard), facts.today)
    yield AwaySaid(own.role_id, own.role.unit_id, own.role.kind, until)
    yield from _told_deputies(facts, own, until)
    yield Said(_("Noted: you are away until the end of {day}. When you are back sooner, say so here.", day=until))
    yield Left(quiet=True)


def hear_back(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Let whoever is away be back in all their branches once they say so, as they were told to: wherever that is."""
    if any(_away_until(facts, role) for role in facts.roles) and says(typed, I_AM_BACK):
        yield from _back(facts, [one for one in _own(facts) if _away_until(facts, one.role)])
        if isinstance(session.frame.talk, OwnRoleTalk):
            yield Left(quiet=True)


def _back(facts: Facts, away: list[OwnRole]) -> Iterator[Event]:
    for own in away:
        yield AwaySaid(own.role_id, own.role.unit_id, own.role.kind, None)
        yield from _told_deputies(facts, own, None)
    yield Said(_("Welcome back. You decide on the forms of your branch again."))


def _told_deputies(facts: Facts, own: OwnRole, until: date | None) -> Iterator[Event]:
    assert facts.person is not None
    name, unit = facts.person.named, _unit(facts, own.role)
    message = (
        _(
            "{name} is away until the end of {day}. Until then you decide on the forms of {unit}: type “review”.",
            name=name,
            day=until,
            unit=unit,
        )
        if until is not None
        else _("{name} is back and decides on the forms of {unit} again.", name=name, unit=unit)
    )
    for deputy in _deputies(facts, own):
        yield Told(PersonAddress(deputy.person_id), Message(message))


def ask_hand_over(facts: Facts, talk: OwnRoleTalk) -> Question:
    return Question(
        _(
            "You get a link to send to your successor. Once they accept, your own role ends: {role}. Hand it over?",
            role=_named(facts, _one(facts, talk).role),
        ),
        (YES_HAND_OVER, KEEP_IT),
    )


def hear_hand_over(facts: Facts, talk: OwnRoleTalk, heard: Heard) -> Iterator[Event]:
    if chosen(heard) == YES_HAND_OVER.key:
        own = _one(facts, talk)
        yield from invitation(facts, own.role.kind, own.role.unit_id, own.role.until, replaces=own.role_id)
    else:
        yield Went("act", talk)


def ask_give_up(facts: Facts, talk: OwnRoleTalk) -> Question:
    role = _named(facts, _one(facts, talk).role)
    return Question(
        _("Your role ends at once: {role}. The administrators are told. Is that right?", role=role),
        (YES_GIVE_UP, KEEP_IT),
    )


def hear_give_up(facts: Facts, talk: OwnRoleTalk, heard: Heard) -> Iterator[Event]:
    own = _one(facts, talk)
    if chosen(heard) != YES_GIVE_UP.key:
        yield Went("act", talk)
        return
    admins = _admins(facts, own.role.unit_id)
    yield RoleTaken(own.role_id, own.role.unit_id, own.role.kind, facts.person_id)
    for admin in admins:
        if admin.person_id != facts.person_id:
            yield Told(PersonAddress(admin.person_id), Message(_gave_up(facts, own.role)))
    yield Said(_("Your role has ended: {role}. Thank you for your work.", role=_named(facts, own.role)))
    yield Left(home=True)


def _gave_up(facts: Facts, role: Role) -> Wording:
    name = Named(facts.person_id, facts.person.name if facts.person is not None else "")
    return paragraphs(
        _("{name} has given up a role: {role}.", name=name, role=_named(facts, role)),
        _("To give it to somebody else, type “invite”."),
    )


def _admins(facts: Facts, unit_id: int) -> tuple[Holder, ...]:
    """Return the administrators over a unit, of the nearest unit that has any."""
    above = [unit.id for unit in facts.reference.units.upwards(unit_id)]
    facts.want(*(HoldersWanted(id_) for id_ in above))
    held = (tuple(one for one in facts.find(HoldersWanted(id_)) if one.kind == "admin") for id_ in above)
    return next(filter(None, held), ())


def _deputies(facts: Facts, own: OwnRole) -> list[Holder]:
    held = facts.find(HoldersWanted(own.role.unit_id))
    return [one for one in held if one.kind == "deputy" and one.role.in_force(facts.today)]


def _own(facts: Facts) -> list[OwnRole]:
    return [one for one in facts.find(OwnRolesWanted(facts.person_id)) if one.role.in_force(facts.today)]


def _one(facts: Facts, talk: OwnRoleTalk) -> OwnRole:
    """Return the role it is about, if it is still one's own."""
    return next(one for one in _own(facts) if one.role_id == talk.role_id)  # else the talk does not go on


def _away_until(facts: Facts, role: Role) -> date | None:
    return role.away_until if role.away_until is not None and facts.today <= role.away_until else None


def _named(facts: Facts, role: Role) -> Wording:
    return _("{role}, {unit}", role=ROLES[role.kind], unit=_unit(facts, role))


def _unit(facts: Facts, role: Role) -> str:
    return facts.reference.units.in_sentence(role.unit_id)


def obstacle(facts: Facts, talk: OwnRoleTalk) -> Wording | None:
    """Say why the talk cannot go on, if so: somebody without a role, or without this one any more."""
    if not facts.roles:
        return _("You hold no role here.")
    if talk.role_id and not any(one.role_id == talk.role_id for one in _own(facts)):
        return _("This role has ended already.")
    return None


OWN_ROLE = Flow(
    OwnRoleTalk,
    steps=(
        Step("which", ask_which, hear_which),
        Step("act", ask_act, hear_act),
        Step("away", ask_away, hear_away),
        Step("hand_over", ask_hand_over, hear_hand_over),
        Step("give_up", ask_give_up, hear_give_up),
    ),
    obstacle=obstacle,
)
