"""Getting to know a resident: language, consent, name, birth year, village, group; or a branch head by invitation."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import (
    Consented,
    Entered,
    Event,
    LanguageChosen,
    Left,
    PersonAddress,
    Said,
    Told,
    Turned,
    Went,
    branch_of,
)
from flows.conversation.facts import Another, Facts, Sharer
from flows.conversation.flow import Flow, Step
from flows.conversation.found_units import offered, too_many
from flows.conversation.messages import Message
from flows.conversation.phones import by_name, spoken_for
from flows.conversation.questions import BACK, ME, NO, YES, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.conversation.subject import GOES_ON
from flows.conversation.understanding import says
from flows.domain.assessments import Assessment
from flows.domain.criteria import Group
from flows.domain.finding import Found
from flows.domain.people import (
    GROUPS,
    GROUPS_IN_SHORT,
    ROLES,
    Name,
    Person,
    needs_representative,
    read_birth_year,
    read_name,
)
from flows.domain.unit_tree import UnitTree
from flows.forms.card import card
from flows.forms.following import following, left_behind
from flows.forms.records import Followed, changed_by
from flows.meeting.needs import VillageWanted
from flows.registration.records import Agreed, PersonAdded, PersonSaved, after
from flows.roles.needs import Invitation, InvitationWanted, ReturningWanted
from flows.roles.records import CameBack, InvitationUsed
from flows.words.refusals import NotUnderstood, Refused
from flows.words.wording import Named, Wording, _, lines, paragraphs


class Registering(Talk, frozen=True, tag="registration"):
    """What a person has told so far. With an invitation only the name is asked. `as_typed` leaves the next name as it
    is typed: one turned right was asked about before. With the consent of `another` it is not about who is spoken for,
    but about one more person on the phone."""

    invitation: str = ""
    name: str = ""
    birth_year: int | None = None
    representative: str = ""
    unit_id: int | None = None
    group: str = ""
    suggested: tuple[int, ...] = ()
    checking: bool = False
    as_typed: bool = False
    another: Agreed | None = None


# The version of the consent text below: consent is proved by the text it was given to.
CONSENT_VERSION = "2026.2"

AGREE = Choice(
    "agree",
    _("I agree"),
    words("""
        đồng ý; tôi đồng ý; nhất trí; tán thành; chấp nhận; có; có chứ; có đồng ý; vâng; dạ; dạ vâng; được; được
        chứ; ok; oke; okie; okay; ừ; đúng; đúng rồi; đúng vậy; đồng ý hết; đồng ý lưu; cho phép; đồng ý cho lưu;
        hoàn toàn đồng ý; yes; agree; agreed; sure; of course; yes i agree; i do; yep; yeah
    """),
    final=True,
)
# Said before consent and wherever somebody asks about their data.
KEPT = _("• Kept: name, year of birth, home or workplace, occupational group, answers and the evidence you send.")
SEEN_BY = _(
    "• Who keeps and sees it: the branch of your village, the Study Promotion Association of your commune, and the"
    " People's Committee of your commune when it recognises. For the title “learning citizen” only."
)
ABOUT_DATA = lines(
    _("Before we begin, about your data:"),
    KEPT,
    _("• Never asked: ID number, password, one-time code (OTP), bank account, ethnicity, religion."),
    SEEN_BY,
    _("• To see, correct or delete it: type “my data”, at any time."),
    _("• It is your free choice. Saying no costs you nothing."),
)
NOTHING_FOUND = lines(
    _("I find no village by that name. Please type the village and the commune."),
    _("If it is still not found, please ask the village branch head for the village's link or QR code."),
)
ONLY_THIS_ANSWER = _(
    "Thank you. Only this answer is kept, nothing else about you. If you change your mind, type “start”."
)
NOT_ADDED = _("All right. Nobody is added, and nothing is kept about them.")
NOTHING_CHANGED = _("Your details stay as they were.")
FULL_NAME = _("Please type your full name with its tone marks, as in your papers. For example: Nguyễn Thị Lan.")
REFUSE = Choice(
    "refuse",
    _("No, thank you"),
    words("""
        không đồng ý; chưa đồng ý; từ chối; không cho; không cho phép; không cho lưu; đừng lưu; không nhất trí;
        không chịu; không chấp nhận; không tham gia; i do not agree; i dont agree; disagree; refuse; đừng; dừng;
        dừng lại; thôi nghỉ
    """)
    + NO.also,
)
ALL_RIGHT = Choice(
    "all_right",
    _("All correct"),
    words(
        "đúng hết; đúng cả; đúng tất cả; đúng hết cả; chuẩn hết; không sai; không có gì sai; all right; xong; không sửa"
    )
    + YES.also,
)
TAKE_ON = replace(
    YES, also=(*YES.also, *words("nhận; tôi nhận; nhận nhiệm vụ; nhận lời; xin nhận; đồng ý nhận; i do")), final=True
)
DECLINE = replace(
    NO, also=(*NO.also, *words("không nhận; chưa nhận; không làm; không làm được; xin từ chối; để suy nghĩ"))
)
ITS_ME = replace(
    YES,
    label=_("Yes, that is me"),
    also=(*YES.also, *words("tôi; là tôi; chính tôi; tôi đây; đúng là tôi; phải; vâng tôi đây; it is me; thats me")),
    final=True,
)
SOMEBODY_ELSE = replace(
    NO,
    label=_("No, that is not me"),
    also=(*NO.also, *words("không phải tôi; người khác; tôi là người khác; nhầm người; not me; somebody else")),
)
LIVE_THERE = replace(
    YES, also=YES.also + words("đúng thôn tôi; đúng thôn; ở đó; tôi ở đó; đúng chỗ; đúng là ở đó; ở đấy")
)
ELSEWHERE = replace(
    NO,
    also=NO.also
    + words("""
        không ở đó; không ở đấy; không ở đây; không phải thôn tôi; sai thôn; sai thôn rồi; nhầm thôn; chỗ khác; ở
        chỗ khác; thôn khác; xã khác; nơi khác; không đúng thôn; không phải xã tôi; sai chỗ; sai nơi ở
    """),
)
CHANGE_ALL_THE_SAME = Choice(
    "change",
    _("Yes, change it"),
    words("""
        có; vâng; có đổi; vẫn đổi; đổi; đổi đi; cứ đổi; đồng ý; đồng ý đổi; đổi thông tin; có đổi thông tin; yes; change
        it; yes change it
    """),
    final=True,
)
LEAVE_AS_IT_WAS = Choice(
    "leave",
    _("No, leave it as it was"),
    words("""
        giữ như cũ; giữ nguyên; giữ lại; để như cũ; để nguyên; cứ để; không đổi; không đổi nữa; thôi không đổi; đừng
        đổi; chưa đổi; khoan; khoan đã; hủy; dừng; dừng lại; leave it; leave it as it was; keep it
    """)
    + NO.also,
)
NAME_RIGHT = Choice("yes", _("Yes, that is all"), words("đủ; đủ rồi; đầy đủ; xong; hết; rồi; rồi ạ") + YES.also)
NAME_WRONG = Choice(
    "no", _("No, type it again"), words("gõ lại; nhập lại; thiếu; chưa đủ; để gõ lại; viết lại; sửa; again") + NO.also
)

# What people call their work, for each group, and its name in full.
GROUP_WORDS: dict[Group, tuple[str, ...]] = {
    "farmer": words("""
        nông dân lao động nông thôn; farmer rural worker; nông dân; làm ruộng; làm nông; làm rẫy; làm vườn; làm
        nương; chăn nuôi; nuôi trồng; ngư dân; đánh cá; nhà nông; nông nghiệp; làm nông nghiệp; trồng lúa; trồng
        trọt; trồng cà phê; làm rừng; nuôi cá; nuôi tôm; đi biển; cày cấy; lao động nông thôn; làm đồng; farmer;
        diêm dân; làm muối
    """),
    "worker": words("""
        công nhân thợ thủ công thợ sửa chữa; worker craftsperson repairer; công nhân; thợ; thợ xây; thợ may; thợ
        mộc; thợ điện; thợ hồ; thợ sửa xe; thợ nề; lái xe; tài xế; thợ thủ công; làm công ty; công nhân may; thợ sửa
        chữa; phụ hồ; làm thợ; xe ôm; làm xưởng; đi làm công ty; worker; thợ hàn; thợ máy
    """),
    "official": words("""
        cán bộ công chức viên chức quản lý doanh nhân; cán bộ công chức viên chức doanh nhân; official public
        employee manager entrepreneur; cán bộ; công chức; viên chức; doanh nhân; giáo viên; bác sĩ; y tá; bộ đội;
        công an; quản lý; nhà giáo; cô giáo; thầy giáo; cán bộ xã; chủ doanh nghiệp; giám đốc; nhân viên văn phòng;
        dạy học; official; teacher; doctor; kế toán; cán bộ công chức; nhà nước; làm nhà nước
    """),
    "pupil": words("""
        học sinh; sinh viên; đi học; đang đi học; học trò; student; pupil; hs; sv; còn đi học; học cấp hai; học cấp
        ba; học viên; học sinh lớp
    """),
    "other": words("""
        nghỉ hưu nội trợ lao động tự do khác; khác nghỉ hưu nội trợ nghề tự do; retired housework self employed
        other; other retired housework own trade; khác; hưu trí; giáo viên nghỉ hưu; giáo viên về hưu; cán bộ về
        hưu; cán bộ nghỉ hưu; công nhân về hưu; bộ đội về hưu; nhà giáo về hưu; housewife; homemaker; về hưu; nghỉ
        hưu; hưu; cán bộ hưu; cán bộ hưu trí; đã nghỉ hưu; nội trợ; ở nhà; buôn bán; bán hàng; tự do; nghề tự do;
        lao động tự do; già rồi; thất nghiệp; kinh doanh nhỏ; chạy chợ; ở nhà trông cháu; hưu rồi; other; retired;
        không có việc; không đi làm; tiểu thương; người cao tuổi; hết tuổi lao động; mất sức; không làm gì; già
    """),
}


def start(facts: Facts, talk: Registering) -> Entered:
    """Enter at the first question that has no answer yet."""
    if facts.conversation.language is None:
        return Entered("language", talk)
    if not facts.conversation.consented:
        return Entered("consent", talk)
    if facts.person is None:
        return Entered("come_back", talk) if _lets_in_again(facts, talk) else Entered("name", talk)
    known = replace(talk, name=facts.person.name)
    return Entered("take_role" if talk.invitation else "birth_year", known)


def _lets_in_again(facts: Facts, talk: Registering) -> bool:
    """Tell whether it is about somebody who is known and was signed out everywhere."""
    return bool(talk.invitation and _invitation(facts, talk).returning)


def in_village(step: str, talk: Registering, unit_id: int) -> Iterator[Event]:
    """Go on with the village of a link that was opened after the talk began."""
    known = replace(talk, unit_id=unit_id, suggested=())
    if step in {"take_role", "come_back", "consequences"}:  # where a village is not asked for, or was agreed to
        yield Said(GOES_ON)
    elif step in {"village", "group", "check"}:
        yield Went("village_from_link", known)
    else:
        yield Went(step, known)


def ask_language(facts: Facts, talk: Registering) -> Question:
    return Question("Xin chào! Xin chọn ngôn ngữ.\nHello! Please choose your language.", facts.reference.languages)


def hear_language(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    yield LanguageChosen(chosen(heard))
    yield Went("consent", talk)


def ask_consent(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(_who_speaks(facts, talk), ABOUT_DATA, _("Do you agree?")),
        (AGREE, REFUSE),
        again=_("Do you agree that this data is kept for the title “learning citizen”?"),
    )


def _who_speaks(facts: Facts, talk: Registering) -> Wording:
    """Say whose channel this is, by name where a link says so, and that it costs nothing: villages know fraud."""
    units = facts.reference.units
    known = _invitation(facts, talk).unit_id if talk.invitation else talk.unit_id
    unit_id = known or facts.reference.home_of(facts.conversation)
    communes = (unit.id for unit in units.upwards(unit_id or 0) if unit.kind == "commune")
    if (commune := next(communes, None)) is not None:
        return _(
            "This is the channel of the Study Promotion Association of {unit}, where people assess themselves as"
            " learning citizens. It is free of charge and takes about ten minutes.",
            unit=units.in_sentence(commune),
        )
    return _(
        "This is the channel of the Study Promotion Association, where people assess themselves as learning citizens."
        " It is free of charge and takes about ten minutes."
    )


def hear_consent(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    given = chosen(heard) == AGREE.key
    yield Consented(CONSENT_VERSION, given)
    if given:
        yield Went("come_back", talk) if _lets_in_again(facts, talk) else Went("name", talk)
    else:
        yield Said(ONLY_THIS_ANSWER)
        yield Left(home=True)


def ask_name(facts: Facts, talk: Registering) -> Question:
    if talk.invitation:
        return Question(paragraphs(_invited(facts, talk), FULL_NAME), free=True)
    return Question(FULL_NAME, free=True, moves=(BACK,) if talk.checking else ())


def hear_name(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield _back("name", talk)
        return
    name = _name(heard, as_typed=talk.as_typed)
    named = replace(talk, name=name.name, as_typed=name.turned)
    if name.sure:
        yield from _named(named)
    else:
        yield Went("name_sure", named)


def _name(heard: Heard, *, as_typed: bool) -> Name:
    """Return the name that was typed. An answer to some other question is none."""
    typed = written(heard)
    if says(typed, YES, NO):
        raise NotUnderstood(_("Please type family name and given name in letters, for example: Nguyễn Văn An."))
    return read_name(typed, as_typed=as_typed)


def _named(talk: Registering) -> Iterator[Event]:
    if talk.invitation:
        yield PersonSaved(talk.name)
        yield Went("take_role", talk)
    else:
        yield _on("birth_year", talk)


def ask_name_sure(facts: Facts, talk: Registering) -> Question:
    return Question(
        lines(
            _("Full name: {name}", name=talk.name),
            _("Is this the whole name, with its tone marks, as on your papers?"),
        ),
        (NAME_RIGHT, NAME_WRONG),
        free=True,
        numbered=True,
    )


def hear_name_sure(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(NAME_RIGHT.key):
            yield from _named(replace(talk, as_typed=False))
        case Chose():
            yield Went("name", talk)
        case _:
            yield from hear_name(facts, talk, heard)


def ask_take_role(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(_invited(facts, talk), _("Do you take on this task?")),
        (TAKE_ON, DECLINE),
    )


def hear_take_role(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    invitation = _invitation(facts, talk)
    if chosen(heard) == YES.key:
        yield InvitationUsed(
            invitation.digest, invitation.role, invitation.unit_id, invitation.until, invitation.handed_over
        )
        if invitation.handed_over is not None:
            yield Told(
                PersonAddress(invitation.handed_over.person_id),
                Message(
                    _(
                        "{name} has taken over from you: {role}, {unit}. Thank you for your work.",
                        name=Named(facts.person_id, talk.name),
                        role=ROLES[invitation.role],
                        unit=_unit(facts, invitation.unit_id),
                    )
                ),
            )
        yield Said(
            _(
                "Thank you! You are now: {role}, {unit}.",
                role=ROLES[invitation.role],
                unit=_unit(facts, invitation.unit_id),
            )
        )
    else:
        yield Said(
            _(
                "All right. The invitation stays open until {day}.",
                day=invitation.expires.astimezone(facts.now.tzinfo).date(),
            )
        )
    yield Left(home=True)


def ask_come_back(facts: Facts, talk: Registering) -> Question:
    person = _returning(facts, talk).person
    return Question(
        lines(
            _("This invitation lets {name} in again, with form and tasks as they were.", name=person.named),
            _("Are you {name} yourself?", name=person.named),
        ),
        (ITS_ME, SOMEBODY_ELSE),
    )


def hear_come_back(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    """Hear whether it is who was signed out everywhere. From then on this chat is theirs."""
    invitation, another = _invitation(facts, talk), _returning(facts, talk)
    name = another.person.named
    yield Left(home=True)
    if chosen(heard) != ITS_ME.key:
        yield Said(_("Nobody has been let in here: this invitation is for {name} only.", name=name))
        return
    yield CameBack(invitation.digest, invitation.role, invitation.unit_id, another.person.id)
    in_force = tuple(role for role in another.roles if role.in_force(facts.today))
    yield Turned(replace(another, roles=in_force))
    yield Said(_("Welcome back, {name}. This place is yours from now on.", name=name))


def _returning(facts: Facts, talk: Registering) -> Another:
    another = facts.find(ReturningWanted(_invitation(facts, talk).returning))
    assert another is not None  # else the talk does not go on
    return another


def ask_birth_year(facts: Facts, talk: Registering) -> Question:
    return Question(_("In which year were you born? For example: 1965."), free=True, moves=(BACK,))


def hear_birth_year(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield _back("name", talk)
        return
    year = read_birth_year(written(heard), facts.today.year)
    told = replace(talk, birth_year=year.year, representative="")
    if year.sure:
        yield _born(facts, told)
    else:
        yield Went("year_sure", told)


def _born(facts: Facts, talk: Registering) -> Went:
    assert talk.birth_year is not None
    return (
        Went("representative", talk)
        if needs_representative(talk.birth_year, facts.today.year)
        else _on("village", talk)
    )


def ask_year_sure(facts: Facts, talk: Registering) -> Question:
    return Question(_("Born in {year}, is that right?", year=talk.birth_year), (YES, NO), free=True, numbered=True)


def hear_year_sure(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(YES.key):
            yield _born(facts, talk)
        case Chose():
            yield Went("birth_year", talk)
        case _:
            yield from hear_birth_year(facts, talk, heard)


def ask_representative(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(
            _(
                "{name} may be under 16, so a father, mother or guardian must answer together with the child.",
                name=talk.name,
            ),
            _("Full name of the father, mother or guardian, who agrees to this:"),
        ),
        _grown_up(facts, talk),
        free=True,
        moves=(BACK,),
    )


def _grown_up(facts: Facts, talk: Registering) -> tuple[Choice, ...]:
    """Offer who adds a child to their phone as the one who answers for it."""
    person = facts.person
    if talk.another is None or person is None or person.birth_year is None:
        return ()
    if needs_representative(person.birth_year, facts.today.year):
        return ()
    return (replace(ME, label=by_name(person)),)


def hear_representative(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("birth_year", talk)
        return
    if heard == Chose(ME.key) and facts.person is not None:
        yield Went("representative_consent", replace(talk, representative=facts.person.name))
        return
    name = _name(heard, as_typed=talk.as_typed)
    told = replace(talk, representative=name.name, as_typed=name.turned)
    yield Went("representative_consent" if name.sure else "representative_sure", told)


def ask_representative_sure(facts: Facts, talk: Registering) -> Question:
    return ask_name_sure(facts, replace(talk, name=talk.representative))


def hear_representative_sure(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(NAME_RIGHT.key):
            yield Went("representative_consent", replace(talk, as_typed=False))
        case Chose():
            yield Went("representative", talk)
        case _:
            yield from hear_representative(facts, talk, heard)


def ask_representative_consent(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(
            _(
                "This question is for {representative}, who answers for {name}:",
                representative=talk.representative,
                name=talk.name,
            ),
            _(
                "Do you agree that the data of {name} is kept for the title “learning citizen”? It is the data that was"
                " told at the beginning. Without your consent nothing is kept.",
                name=talk.name,
            ),
        ),
        (AGREE, REFUSE),
        (BACK,),
    )


def hear_representative_consent(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    """Take the consent for a child. Until here nothing is kept but what this question needs: two names and a year."""
    match chosen(heard):
        case BACK.key:
            yield Went("representative", talk)
        case AGREE.key if talk.another is not None:
            yield _on("village", talk)
        case AGREE.key:
            yield Consented(CONSENT_VERSION, True, talk.representative)
            yield _on("village", talk)
        case _ if talk.another is not None:
            yield Said(NOT_ADDED)
            yield Left()
        case _ if facts.person is not None:
            yield Said(lines(NOTHING_CHANGED, _("To have everything deleted, press “Delete my data”.")))
            yield Left()
        case _:
            yield Consented(CONSENT_VERSION, False)
            yield Said(ONLY_THIS_ANSWER)
            yield Left(home=True)


def ask_village(facts: Facts, talk: Registering) -> Question:
    units = facts.reference.units
    suggested = offered(units, talk.suggested)
    if not suggested:
        example = units.example_below(facts.reference.home_of(facts.conversation))
        return Question(
            lines(
                _("Which village, hamlet or residential group do you live in?"),
                _("For example: {example}. Tone marks may be left out.", example=example) if example else None,
            ),
            free=True,
            moves=(BACK,),
        )
    return Question(
        _("Is it one of these? If not, type the name once more, with the commune."),
        suggested,
        free=True,
        numbered=True,
        moves=(BACK,),
    )


def hear_village(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield _back("birth_year", talk)
        case Chose(key):
            yield _on("group", replace(talk, unit_id=int(key), suggested=()))
        case _:
            found = _village_called(facts, written(heard))
            if not found.units:
                yield Said(NOTHING_FOUND)
            yield from too_many(found)
            yield Went("village", replace(talk, suggested=found.ids))


def _village_called(facts: Facts, typed: str) -> Found:
    """Find a village by name. A bot that is for one unit means that unit's, unless another one is named."""
    units, home = facts.reference.units, facts.reference.home_of(facts.conversation)
    found = units.search(typed)
    if home is None:
        return found
    if not (near := _within(units, home, found)).units and found.more:
        near = _within(units, home, units.search(typed, within=(home,)))
    return near if near.units else found


def _within(units: UnitTree, home: int, found: Found) -> Found:
    """Return what was found in a unit, of that where people register."""
    return Found(tuple(one for one in found.units if one.takes_residents and units.covers(home, one.id)))


def ask_village_from_link(facts: Facts, talk: Registering) -> Question:
    return Question(_("Do you register in {unit}?", unit=_unit(facts, talk.unit_id)), (LIVE_THERE, ELSEWHERE), (BACK,))


def hear_village_from_link(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("birth_year", talk)
        case YES.key:
            yield _on("group", talk)
        case _:
            yield Went("village", replace(talk, unit_id=None))


def ask_group(facts: Facts, talk: Registering) -> Question:
    numbers = {group: number for number, group in enumerate(GROUPS, 1)}
    return Question(
        paragraphs(
            _(
                "Which group does your present work belong to? If you are retired, choose number {number}.",
                number=numbers["other"],
            ),
            lines(*(_("{number}. {group}", number=numbers[group], group=words) for group, words in GROUPS.items())),
        ),
        tuple(Choice(group, label, GROUP_WORDS[group]) for group, label in GROUPS_IN_SHORT.items()),
        (BACK,),
        numbered=True,
    )


def hear_group(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield _back("village_from_link", talk)
        return
    yield Went("check", replace(talk, group=chosen(heard), checking=True))


def ask_check(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(_("Please check:"), _told(facts, talk), _("Is everything right?")),
        (
            ALL_RIGHT,
            Choice("name", _("Change the name"), _fix("tên; họ tên; họ và tên") + words("name; tên tôi sai")),
            Choice(
                "birth_year",
                _("Change the year of birth"),
                _fix("năm sinh; năm; tuổi; ngày sinh") + words("year"),
            ),
            Choice(
                "village",
                _("Change the place"),
                _fix("thôn; nơi ở; xã; chỗ ở; địa chỉ; bản") + words("village"),
            ),
            Choice("group", _("Change the group"), _fix("nhóm; nghề; nghề nghiệp; công việc") + words("group")),
        ),
        again=_("Is everything right?"),
        hint=_("Please choose what is to be changed, or type “correct” if all is right."),
    )


def hear_check(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case ALL_RIGHT.key:
            yield from _checked(facts, talk)
        case step:
            yield Went(step, replace(talk, unit_id=None) if step == "village" else talk)


def _checked(facts: Facts, talk: Registering) -> Iterator[Event]:
    """Note what was checked. What it costs a form under way is told and asked first."""
    if talk.another is not None:
        yield from _added(facts, talk, talk.another)
        return
    followed = list(following(facts, _person(facts, talk)))
    if any(_is_asked(form, what) for form, what in followed):
        yield Went("consequences", talk)
    else:
        yield from _saved(facts, talk, followed)


def _added(facts: Facts, talk: Registering, agreed: Agreed) -> Iterator[Event]:
    """Add one more person to the phone, and speak for them from here on."""
    person = replace(_person(facts, talk), id=0)
    if any((one.name, one.birth_year) == (person.name, person.birth_year) for one in _on_phone(facts)):
        raise Refused(_("{name}, born in {year}, is on this phone already.", name=talk.name, year=talk.birth_year))
    details = (person.name, person.birth_year, person.unit_id, person.group, person.representative)
    added = PersonAdded(*details, CONSENT_VERSION, agreed)
    helper = facts.person.who_types if added.helped and facts.person is not None else None
    if helper is not None:
        person = replace(person, helper=helper.name, helper_id=helper.person_id)
    yield Left()
    yield added
    yield Turned(Another(person))
    yield Said(_("Thank you. All is noted."))


def _on_phone(facts: Facts) -> tuple[Person | Sharer, ...]:
    own = () if facts.person is None else (facts.person,)
    return (*own, *facts.conversation.people)


def _is_asked(form: Assessment, followed: Followed) -> bool:
    """Tell whether a change costs something: a confirmation, the branch's look at it, answers."""
    return not form.editable or (followed.act == "restart" and bool(form.answers))


def _saved(facts: Facts, talk: Registering, followed: list[tuple[Assessment, Followed]]) -> Iterator[Event]:
    """Note details, and let the forms follow: the branch sees again what it has seen already."""
    person = _person(facts, talk)
    saved = PersonSaved(person.name, person.birth_year, person.unit_id, person.group, person.representative)
    yield saved
    for form, what in followed:
        yield what
        yield from _told_to_branches(facts, form, changed_by(what, replace(form, person=person)))
    yield Said(
        paragraphs(
            _("Thank you. All is noted."),
            *(
                _(
                    "Your form of {year} stays with the branch of {unit}: where you live now, no forms of {year} are"
                    " taken.",
                    year=round_.year,
                    unit=_unit(facts, form.unit_id),
                )
                for form, round_ in left_behind(after(facts, saved))
                if all(form.id != moved.id for moved, _what in followed)
            ),
        )
    )
    yield Left(home=True)


def _told_to_branches(facts: Facts, before: Assessment, after: Assessment) -> Iterator[Told]:
    if before.editable:
        return
    if after.state != "submitted" or after.unit_id != before.unit_id:
        yield Told(
            branch_of(before),
            Message(
                _(
                    "The form of {name} (number {id}) is no longer with the branch of {unit}: details were changed.",
                    name=before.person.named,
                    id=before.id,
                    unit=_unit(facts, before.unit_id),
                )
            ),
        )
    if after.state == "submitted":
        shown = card(facts, after)
        news = lines(
            _("✏️ {name} has changed details; please look at the form once more.", name=after.person.named),
            *_differences(facts, before, after),
        )
        yield Told(branch_of(after), replace(shown, text=paragraphs(news, shown.text)))


def _differences(facts: Facts, before: Assessment, after: Assessment) -> Iterator[Wording]:
    """Say what is other than the branch saw it."""
    old, new = before.person, after.person
    if old.name != new.name:
        yield _("Name: {before} → {after}", before=old.named, after=new.named)
    if old.birth_year != new.birth_year:
        yield _("Year of birth: {before} → {after}", before=old.birth_year, after=new.birth_year)
    if old.representative != new.representative:
        yield _(
            "Parent or guardian: {before} → {after}", before=old.representative or "–", after=new.representative or "–"
        )
    if before.unit_id != after.unit_id:
        yield _("Place: {before} → {after}", before=_unit(facts, before.unit_id), after=_unit(facts, after.unit_id))
    if old.group != new.group and old.group is not None and new.group is not None:
        yield _("Group: {before} → {after}", before=GROUPS[old.group], after=GROUPS[new.group])


def ask_consequences(facts: Facts, talk: Registering) -> Question:
    followed = list(following(facts, _person(facts, talk)))
    return Question(
        paragraphs(
            *(_consequence(facts, form, what) for form, what in followed if _is_asked(form, what)),
            _("Change it all the same?"),
        ),
        (CHANGE_ALL_THE_SAME, LEAVE_AS_IT_WAS),
    )


def _consequence(facts: Facts, form: Assessment, followed: Followed) -> Wording:
    round_ = facts.round_of(form)
    year = round_.year if round_ is not None else "–"
    if followed.act == "restart":
        return _(
            "Your form of {year} is the one for “{group}”. The new group has another form: it has to be filled in anew,"
            " and the answers so far are deleted.",
            year=year,
            group=GROUPS[form.criteria.group],
        )
    return lines(
        _("Your form of {year}, which is confirmed, will have to be confirmed anew.", year=year)
        if form.state == "confirmed"
        else _("Your form of {year} waits for the branch, which will look at it once more.", year=year),
        *(_where_it_goes(facts, followed) if followed.unit_id != form.unit_id else ()),
    )


def _where_it_goes(facts: Facts, followed: Followed) -> Iterator[Wording]:
    yield _("It goes to the branch of {unit}.", unit=_unit(facts, followed.unit_id))
    if facts.find(VillageWanted(followed.unit_id, followed.round_id)).is_closed:
        yield _(
            "That branch has met already, and its list is closed: your form waits there until the Study Promotion"
            " Association of the commune lets it in."
        )


def hear_consequences(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if chosen(heard) == CHANGE_ALL_THE_SAME.key:
        yield from _saved(facts, talk, list(following(facts, _person(facts, talk))))
    else:
        yield Said(NOTHING_CHANGED)
        yield Left(home=True)


def _person(facts: Facts, talk: Registering) -> Person:
    """Return somebody as they have just told."""
    return Person(facts.person_id, talk.name, talk.birth_year, talk.unit_id, _group(talk), talk.representative or None)


def obstacle(facts: Facts, talk: Registering) -> Wording | None:
    """Say why the talk cannot go on, if so: an invitation that does not hold, or a change at the wrong time."""
    if talk.invitation:
        return invitation_obstacle(facts, talk.invitation)
    if talk.checking and facts.own and talk.another is None:
        try:
            list(following(facts, _person(facts, talk)))
        except Refused as refused:
            return paragraphs(refused.wording, NOTHING_CHANGED)
    return None


def heading(facts: Facts, talk: Registering) -> Wording | None:
    """Say whom the questions are about on a phone that several share."""
    if talk.another is None:
        return spoken_for(facts, talk)
    return _("👤 {name}", name=talk.name) if talk.name else _("👤 A new person")


REGISTRATION = Flow(
    Registering,
    steps=(
        Step("language", ask_language, hear_language),
        Step("consent", ask_consent, hear_consent),
        Step("name", ask_name, hear_name),
        Step("name_sure", ask_name_sure, hear_name_sure),
        Step("take_role", ask_take_role, hear_take_role),
        Step("come_back", ask_come_back, hear_come_back),
        Step("birth_year", ask_birth_year, hear_birth_year),
        Step("year_sure", ask_year_sure, hear_year_sure),
        Step("representative", ask_representative, hear_representative),
        Step("representative_sure", ask_representative_sure, hear_representative_sure),
        Step("representative_consent", ask_representative_consent, hear_representative_consent),
        Step("village_from_link", ask_village_from_link, hear_village_from_link),
        Step("village", ask_village, hear_village),
        Step("group", ask_group, hear_group),
        Step("check", ask_check, hear_check),
        Step("consequences", ask_consequences, hear_consequences),
    ),
    obstacle=obstacle,
    heading=heading,
)


def invitation_obstacle(facts: Facts, digest: str) -> Wording | None:
    """Say why an invitation does not hold, if so: unknown, used, or past its day. One that lets somebody in again
    holds where nobody is known, and as long as they have no other chat."""
    invitation = facts.find(InvitationWanted(digest))
    if invitation is None or not invitation.open or invitation.expires <= facts.now:
        return _USED
    if not invitation.returning:
        return None
    if facts.person is not None:
        return lines(
            _("This is the place of {name}, and this invitation lets somebody else in again.", name=facts.person.named),
            _("Please open it where nobody has begun yet."),
        )
    return None if facts.find(ReturningWanted(invitation.returning)) is not None else _USED


_USED = _("This invitation has been used already or has expired. Please ask for a new one.")


def _fix(named: str) -> tuple[str, ...]:
    """Return how people say that something about them is wrong."""
    verbs = ("", "sửa ", "sai ", "đổi ", "nhầm ", "thay ")
    return tuple(f"{verb}{name}" for name in words(named) for verb in verbs) + tuple(f"{n} sai" for n in words(named))


def _on(step: str, talk: Registering) -> Went:
    """Go on to a step, or back to the check when only one thing was to be changed."""
    if talk.checking:
        return Went("check", talk)
    return Went("village_from_link" if step == "village" and talk.unit_id is not None else step, talk)


def _back(step: str, talk: Registering) -> Went:
    return Went("check" if talk.checking else step, replace(talk, suggested=()))


def _told(facts: Facts, talk: Registering) -> Wording:
    return lines(
        _("Name: {name}", name=talk.name),
        _("Year of birth: {year}", year=talk.birth_year),
        _("Parent or guardian: {name}", name=talk.representative) if talk.representative else None,
        _("Registered in: {unit}", unit=_unit(facts, talk.unit_id)),
        _("Group: {group}", group=GROUPS[_group(talk)]),
    )


def _invitation(facts: Facts, talk: Registering) -> Invitation:
    invitation = facts.find(InvitationWanted(talk.invitation))
    assert invitation is not None
    return invitation


def _invited(facts: Facts, talk: Registering) -> Wording:
    invitation = _invitation(facts, talk)
    role, unit = ROLES[invitation.role], _unit(facts, invitation.unit_id)
    return lines(
        _("You are invited to be: {role}, {unit}.", role=role, unit=unit),
        _("The term ends on {day}.", day=invitation.until) if invitation.until is not None else None,
    )


def _unit(facts: Facts, unit_id: int | None) -> str:
    return facts.reference.units.in_sentence(unit_id) if unit_id is not None else "–"


def _group(talk: Registering) -> Group:
    return next(group for group in GROUPS if group == talk.group)
