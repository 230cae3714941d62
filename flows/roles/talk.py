"""An admin gives a role in chat by an invitation, with the link to hand over, or takes one away."""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from flows.conversation.events import Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts, starts_at
from flows.conversation.flow import Flow, Step
from flows.conversation.found_units import find_own, offered, too_many
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.domain.people import ROLES, RoleKind
from flows.roles.needs import (
    INVITATION_LIFE,
    Holder,
    HoldersWanted,
    OpenInvitation,
    OpenInvitationsWanted,
    digest_of,
)
from flows.roles.records import HolderSignedOut, InvitationWithdrawn, Invited, RoleTaken
from flows.words.moments import read_coming_day
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _, lines, paragraphs


class Inviting(Talk, frozen=True, tag="invitation"):
    """The role and unit somebody is invited to; or the unit where a role is taken away or an invitation withdrawn, and
    which."""

    role: str = ""
    suggested: tuple[int, ...] = ()
    taking: bool = False
    unit_id: int = 0
    role_id: int = 0
    invitation: str = ""


YEARS_OF_A_TERM = 5

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


_INVITED = "i"
_DIGITS = 16  # enough of a digest to know an invitation by, and short enough for a button

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
SIGN_OUT = Choice(
    "sign_out",
    _("Sign out this person's phones"),
    words("""
        đăng xuất; đăng xuất các máy; đăng xuất các máy của người này; đăng xuất máy; mất máy; mất điện thoại;
        bị mất máy; khóa máy; cắt máy; sign out; lost phone; stolen phone
    """),
)
YES_SIGN_OUT = Choice(
    "yes_sign_out",
    _("Yes, sign them out"),
    words("đăng xuất; có đăng xuất; đồng ý đăng xuất; đăng xuất luôn; sign them out; yes sign them out"),
    final=True,
)
NO_TERM = Choice(
    "no_term",
    _("Without a fixed end"),
    words("""
        không thời hạn; không có thời hạn; không; không hạn; không kỳ hạn; lâu dài; chưa biết; bỏ qua; no; no end;
        without end; no term; open; skip
    """),
)
THIS_YEAR = Choice(
    "this_year",
    _("Until the end of this year"),
    words("hết năm; hết năm nay; đến hết năm; đến hết năm nay; cuối năm; cuối năm nay; this year; end of year"),
)
FULL_TERM = Choice(
    "full_term",
    _("For {count} years", count=YEARS_OF_A_TERM),
    words("5 năm; năm năm; một nhiệm kỳ; nhiệm kỳ; cả nhiệm kỳ; trọn nhiệm kỳ; nhiệm kỳ 5 năm; five years; full term"),
)
WITHDRAW = Choice(
    "withdraw",
    _("Yes, withdraw it"),
    words("rút; rút lại; rút lời mời; hủy lời mời; thu lời mời; hủy; withdraw; withdraw it; cancel it"),
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
            _refuse_others(facts, int(unit_id))
            yield Went("term", replace(talk, unit_id=int(unit_id), suggested=()))
        case _:
            found = find_own(facts, written(heard))
            yield from too_many(found)
            yield Went("unit", replace(talk, suggested=found.ids))


def ask_term(facts: Facts, talk: Inviting) -> Question:
    return Question(
        _("Until when? Choose, or type the last day, for example 31/12/{year}.", year=facts.today.year + 1),
        (NO_TERM, THIS_YEAR, FULL_TERM),
        (BACK,),
        free=True,
        numbered=True,
    )


def hear_term(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("unit", Inviting(role=talk.role))
        return
    _refuse_others(facts, talk.unit_id)
    yield from invitation(facts, _role(talk), talk.unit_id, _last_day(facts, heard))


def _last_day(facts: Facts, heard: Heard) -> date | None:
    match heard:
        case Chose(NO_TERM.key):
            return None
        case Chose(THIS_YEAR.key):
            return facts.today.replace(month=12, day=31)
        case Chose(FULL_TERM.key):
            return facts.today.replace(year=facts.today.year + YEARS_OF_A_TERM, month=12, day=31)
        case _:
            return read_coming_day(written(heard), facts.today)


def invitation(
    facts: Facts, role: RoleKind, unit_id: int, until: date | None, replaces: int | None = None
) -> Iterator[Event]:
    """Make an invitation and say how to hand it over. Its token is shown this once and never stored."""
    expires = facts.now + INVITATION_LIFE
    yield Invited(digest_of(facts.token), role, unit_id, expires, until, replaces)
    yield Said(
        paragraphs(
            lines(
                _("Invitation: {role}, {unit}.", role=ROLES[role], unit=facts.reference.units.in_sentence(unit_id)),
                _("The term ends on {day}.", day=until) if until is not None else None,
            ),
            _(
                "It works once, until {day}. Send this link to who is invited, or let them type the last line here:",
                day=expires.date(),
            ),
            _ways_to_type(facts, unit_id),
        )
    )
    yield Left(quiet=True)


def _refuse_others(facts: Facts, unit_id: int) -> None:
    if not facts.holds("admin", unit_id):
        raise Refused(_("I find no unit by that name among yours."))


def ask_holders(facts: Facts, talk: Inviting) -> Question:
    facts.want(HoldersWanted(talk.unit_id), OpenInvitationsWanted(talk.unit_id))
    held = facts.find(HoldersWanted(talk.unit_id))
    invited = _still_open(facts, talk.unit_id)
    unit = facts.reference.units.in_sentence(talk.unit_id)
    return Question(
        _("Whose role in {unit} should end?", unit=unit)
        if held
        else _("Nobody holds a role in {unit} itself.", unit=unit),
        (
            *(Choice(str(one.role_id), _holding(one)) for one in held),
            *(Choice(f"{_INVITED}{one.digest[:_DIGITS]}", _waiting(one)) for one in invited),
        ),
        (BACK,),
        numbered=True,
    )


def _holding(one: Holder) -> Wording:
    if one.role.until is None:
        return _("{name} · {role}", name=one.named, role=ROLES[one.kind])
    return _("{name} · {role}, until {day}", name=one.named, role=ROLES[one.kind], day=one.role.until)


def _waiting(one: OpenInvitation) -> Wording:
    return _("Invitation not taken up: {role}", role=ROLES[one.role])


def _still_open(facts: Facts, unit_id: int) -> list[OpenInvitation]:
    return [one for one in facts.find(OpenInvitationsWanted(unit_id)) if one.expires > facts.now]


def hear_holders(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("unit", Inviting(taking=True))
        case key if key.startswith(_INVITED):
            yield Went("withdraw", replace(talk, invitation=key.removeprefix(_INVITED)))
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
        (TAKE_AWAY, SIGN_OUT, LEAVE_IT),
    )


def hear_take_away(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    holder = _holder(facts, talk)
    if chosen(heard) == SIGN_OUT.key:
        yield Went("sign_out", talk)
        return
    if chosen(heard) == TAKE_AWAY.key:
        role = ROLES[holder.kind]
        unit = facts.reference.units.in_sentence(talk.unit_id)
        yield RoleTaken(talk.role_id, talk.unit_id, holder.kind, holder.person_id)
        yield Told(
            PersonAddress(holder.person_id),
            Message(_("Your role has ended: {role}, {unit}. Thank you for your work.", role=role, unit=unit)),
        )
        yield Said(_("{name} is no longer: {role}, {unit}.", name=holder.named, role=role, unit=unit))
    yield Went("holders", replace(talk, role_id=0))


def ask_sign_out(facts: Facts, talk: Inviting) -> Question:
    holder = _holder(facts, talk)
    return Question(
        lines(
            _(
                "All chats and web pages of {name} are signed out at once: nothing can be read or decided there any"
                " more, and invitations sent from there hold no more. Form, data and role stay.",
                name=holder.named,
            ),
            _("You then get a link that lets {name} in again. Sign out?", name=holder.named),
        ),
        (YES_SIGN_OUT, LEAVE_IT),
    )


def hear_sign_out(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    holder = _holder(facts, talk)
    if holder.person_id == facts.person_id:
        raise Refused(_("Nobody ends their own role here: please ask another administrator."))
    if chosen(heard) == YES_SIGN_OUT.key:
        yield from _signed_out(facts, talk.unit_id, holder)
    yield Went("holders", replace(talk, role_id=0))


def _signed_out(facts: Facts, unit_id: int, holder: Holder) -> Iterator[Event]:
    """Sign a holder out, and say how to let them in again."""
    expires = facts.now + INVITATION_LIFE
    digest = digest_of(facts.token)
    yield HolderSignedOut(unit_id, holder.kind, holder.person_id, holder.role_id, digest, expires)
    yield Said(
        paragraphs(
            _("{name} is signed out everywhere.", name=holder.named),
            lines(
                _(
                    "To let {name} in again on another phone: hand over this link, or let them type the last line.",
                    name=holder.named,
                ),
                _(
                    "It works once, until {day}. Whoever has it gets the form and the tasks of {name}: please do not"
                    " send it to the lost phone.",
                    day=expires.date(),
                    name=holder.named,
                ),
            ),
            _ways_to_type(facts, unit_id),
        )
    )


def _ways_to_type(facts: Facts, unit_id: int) -> Wording:
    """Return the links of an invitation just made, and what is typed instead."""
    return lines(*links(facts, f"i-{facts.token}", unit_id), f"/start i-{facts.token}")


def ask_withdraw(facts: Facts, talk: Inviting) -> Question:
    one = _invitation(facts, talk)
    unit = facts.reference.units.in_sentence(talk.unit_id)
    return Question(
        _(
            "Withdraw the invitation: {role}, {unit}? Nobody can take it up then.",
            role=ROLES[one.role],
            unit=unit,
        ),
        (WITHDRAW, LEAVE_IT),
    )


def hear_withdraw(facts: Facts, talk: Inviting, heard: Heard) -> Iterator[Event]:
    one = _invitation(facts, talk)
    if chosen(heard) == WITHDRAW.key:
        yield InvitationWithdrawn(one.digest, talk.unit_id, one.role)
        yield Said(_("The invitation is withdrawn."))
    yield Went("holders", replace(talk, invitation=""))


def _invitation(facts: Facts, talk: Inviting) -> OpenInvitation:
    """Return the invitation it is about. The right to it is checked here, each time."""
    _refuse_others(facts, talk.unit_id)
    there = (one for one in _still_open(facts, talk.unit_id) if one.digest.startswith(talk.invitation))
    if (one := next(there, None)) is None:
        raise OutOfDate(_("This invitation has been taken up or has ended."))
    return one


def _holder(facts: Facts, talk: Inviting) -> Holder:
    """Return whose role it is about. The right to it is checked here, each time."""
    _refuse_others(facts, talk.unit_id)
    held = (one for one in facts.find(HoldersWanted(talk.unit_id)) if one.role_id == talk.role_id)
    if (holder := next(held, None)) is None:
        raise OutOfDate(_("This role has ended already."))
    return holder


def links(facts: Facts, code: str, unit_id: int) -> Iterator[Wording]:
    """Yield the addresses that open the bot of a unit with a code, one per channel that has addresses. Where an address
    carries no code, it is typed."""
    reference = facts.reference
    for pattern in starts_at(reference.units, unit_id, reference.links.start):
        link = pattern.format(code=code)
        yield link if code in link else _("{link} (press “Follow”, then send: {code})", link=link, code=code)


def obstacle(facts: Facts, talk: Inviting) -> Wording | None:
    """Say why somebody cannot give or take a role, if so."""
    if not facts.has_role("admin"):
        return _("Only administrators can invite.")
    try:
        if talk.role_id:
            _holder(facts, talk)
        elif talk.invitation:
            _invitation(facts, talk)
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
        Step("term", ask_term, hear_term),
        Step("holders", ask_holders, hear_holders),
        Step("take_away", ask_take_away, hear_take_away),
        Step("sign_out", ask_sign_out, hear_sign_out),
        Step("withdraw", ask_withdraw, hear_withdraw),
    ),
    obstacle=obstacle,
)


def _role(talk: Inviting) -> RoleKind:
    return next(role for role in ROLES if role == talk.role)
