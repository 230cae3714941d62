"""Getting to know a resident: language, consent, name, birth year, village, group; or a branch head by invitation."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.criteria import Group
from flows.events import (
    Consented,
    Entered,
    Event,
    InvitationUsed,
    LanguageChosen,
    Left,
    PersonSaved,
    Said,
    Went,
)
from flows.facts import Facts, Invitation
from flows.flow import Flow, Step
from flows.people import GROUPS, GROUPS_IN_SHORT, ROLES, needs_representative, read_birth_year, read_name
from flows.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, written
from flows.session import Registering
from flows.wording import Wording, _, lines, paragraphs

# The version of the consent text below: consent is proved by the text it was given to.
CONSENT_VERSION = "2026.2"

LANGUAGES = (
    Choice("vi", "Tiếng Việt", ("vi", "viet", "tieng viet", "vietnamese")),
    Choice("en", "English", ("en", "english", "tieng anh", "anh")),
)
AGREE = Choice("agree", _("I agree"), YES.also)
# Said before consent and wherever somebody asks about their data.
KEPT = _("• Kept: name, year of birth, home or workplace, occupational group, answers and the evidence you send.")
SEEN_BY = _(
    "• Who keeps and sees it: the branch of your village, the Study Promotion Association of your commune, and the"
    " People's Committee of your commune when it recognises. For the title “learning citizen” only."
)
ALL_RIGHT = Choice("all_right", _("All correct"), YES.also)
FULL_NAME = _("Please type your full name with its tone marks, as in your papers. For example: Nguyễn Thị Lan.")
# The names of the groups in full, for who types what the text says and not what the button does.
GROUP_NAMES: dict[Group, tuple[str, ...]] = {
    "farmer": ("nong dan lao dong nong thon", "farmer rural worker"),
    "worker": ("cong nhan tho thu cong tho sua chua", "worker craftsperson repairer"),
    "official": (
        "can bo cong chuc vien chuc quan ly doanh nhan",
        "can bo cong chuc vien chuc doanh nhan",
        "official public employee manager entrepreneur",
    ),
    "pupil": (),
    "other": (
        "nghi huu noi tro lao dong tu do khac",
        "khac nghi huu noi tro nghe tu do",
        "retired housework self employed other",
        "other retired housework own trade",
    ),
}
REFUSE = Choice("refuse", _("No, thank you"), ("tu choi", *NO.also))


def start(facts: Facts, talk: Registering) -> Entered:
    """Enter at the first question that has no answer yet."""
    if facts.conversation.language is None:
        return Entered("language", talk)
    if not facts.conversation.consented:
        return Entered("consent", talk)
    if facts.person is None:
        return Entered("name", talk)
    known = replace(talk, name=facts.person.name)
    return Entered("take_role" if talk.invitation else "birth_year", known)


def ask_language(facts: Facts, talk: Registering) -> Question:
    return Question("Xin chào! Xin chọn ngôn ngữ.\nHello! Please choose your language.", LANGUAGES)


def hear_language(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    yield LanguageChosen(chosen(heard))
    yield Went("consent", talk)


def ask_consent(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(
            _who_speaks(facts, talk),
            lines(
                _("Before we begin, about your data:"),
                KEPT,
                _("• Never asked: ID number, password, one-time code (OTP), bank account, ethnicity, religion."),
                SEEN_BY,
                _("• To see, correct or delete it: type “my data”, at any time."),
                _("• It is your free choice. Saying no costs you nothing."),
            ),
            _("Do you agree?"),
        ),
        (AGREE, REFUSE),
        again=_("Do you agree that this data is kept for the title “learning citizen”?"),
    )


def _who_speaks(facts: Facts, talk: Registering) -> Wording:
    """Say whose channel this is, by name where a link says so, and that it costs nothing: villages know fraud."""
    unit_id = _invitation(facts, talk).unit_id if talk.invitation else talk.unit_id
    units = facts.reference.units
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
        yield Went("name", talk)
    else:
        yield Said(
            _("Thank you. Only this answer is kept, nothing else about you. If you change your mind, type “start”.")
        )
        yield Left(home=True)


def ask_name(facts: Facts, talk: Registering) -> Question:
    if talk.invitation:
        return Question(paragraphs(_invited(facts, talk), FULL_NAME), free=True)
    return Question(FULL_NAME, free=True, moves=(BACK,) if talk.checking else ())


def hear_name(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield _back("name", talk)
        return
    named = replace(talk, name=read_name(written(heard)))
    if talk.invitation:
        yield PersonSaved(named.name)
        yield Went("take_role", named)
    else:
        yield _on("birth_year", named)


def ask_take_role(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(_invited(facts, talk), _("Do you take on this task?")),
        (YES, NO),
    )


def hear_take_role(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    invitation = _invitation(facts, talk)
    if chosen(heard) == YES.key:
        yield InvitationUsed(invitation.digest, invitation.role, invitation.unit_id)
        yield Said(
            _(
                "Thank you! You are now: {role}, {unit}.",
                role=ROLES[invitation.role],
                unit=_unit(facts, invitation.unit_id),
            )
        )
    else:
        yield Said(_("All right. The invitation stays open until {day}.", day=invitation.expires.date()))
    yield Left(home=True)


def ask_birth_year(facts: Facts, talk: Registering) -> Question:
    return Question(_("In which year were you born? For example: 1965."), free=True, moves=(BACK,))


def hear_birth_year(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield _back("name", talk)
        return
    year = read_birth_year(written(heard), facts.today.year)
    told = replace(talk, birth_year=year, representative="")
    if needs_representative(year, facts.today.year):
        yield Went("representative", told)
    else:
        yield _on("village", told)


def ask_representative(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(
            _(
                "{name} may be under 16, so a father, mother or guardian must answer together with the child.",
                name=talk.name,
            ),
            _("Full name of the father, mother or guardian, who agrees to this:"),
        ),
        free=True,
        moves=(BACK,),
    )


def hear_representative(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("birth_year", talk)
        return
    yield _on("village", replace(talk, representative=read_name(written(heard))))


def ask_village(facts: Facts, talk: Registering) -> Question:
    units = facts.reference.units
    suggested = [units.by_id[unit_id] for unit_id in talk.suggested if unit_id in units.by_id]
    if not suggested:
        return Question(
            lines(
                _("Which village, hamlet or residential group do you live in?"),
                _("Type its name, with or without tone marks, for example: thon dong than khe."),
            ),
            free=True,
            moves=(BACK,),
        )
    return Question(
        _("Is it one of these? If not, type the name once more, with the commune."),
        tuple(Choice(str(unit.id), units.full_name(unit.id)) for unit in suggested),
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
            found = facts.reference.units.search(written(heard))
            if not found:
                yield Said(_("I find no village by that name. Please type the village and the commune."))
            yield Went("village", replace(talk, suggested=tuple(unit.id for unit in found)))


def ask_village_from_link(facts: Facts, talk: Registering) -> Question:
    return Question(_("Do you register in {unit}?", unit=_unit(facts, talk.unit_id)), (YES, NO), (BACK,))


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
        tuple(Choice(group, label, GROUP_NAMES[group]) for group, label in GROUPS_IN_SHORT.items()),
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
            Choice("name", _("Change the name"), ("ten", "ho ten", "sua ten", "name")),
            Choice("birth_year", _("Change the year of birth"), ("nam sinh", "sua nam sinh", "year")),
            Choice("village", _("Change the place"), ("thon", "noi o", "sua thon", "sua noi o", "village")),
            Choice("group", _("Change the group"), ("nhom", "sua nhom", "group")),
        ),
        again=_("Is everything right?"),
    )


def hear_check(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case ALL_RIGHT.key:
            yield PersonSaved(talk.name, talk.birth_year, talk.unit_id, _group(talk), talk.representative or None)
            yield Said(_("Thank you. All is noted."))
            yield Left(home=True)
        case step:
            yield Went(step, replace(talk, unit_id=None) if step == "village" else talk)


REGISTRATION = Flow(
    Registering,
    steps=(
        Step("language", ask_language, hear_language),
        Step("consent", ask_consent, hear_consent),
        Step("name", ask_name, hear_name),
        Step("take_role", ask_take_role, hear_take_role),
        Step("birth_year", ask_birth_year, hear_birth_year),
        Step("representative", ask_representative, hear_representative),
        Step("village_from_link", ask_village_from_link, hear_village_from_link),
        Step("village", ask_village, hear_village),
        Step("group", ask_group, hear_group),
        Step("check", ask_check, hear_check),
    ),
    obstacle=lambda facts, talk: invitation_obstacle(facts, talk.invitation) if talk.invitation else None,
)


def invitation_obstacle(facts: Facts, digest: str) -> Wording | None:
    """Say why an invitation does not hold, if so: unknown, used, or past its day."""
    invitation = facts.invitation(digest)
    if invitation is None or not invitation.open or invitation.expires <= facts.now:
        return _("This invitation has been used already or has expired. Please ask for a new one.")
    return None


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
    invitation = facts.invitation(talk.invitation)
    assert invitation is not None
    return invitation


def _invited(facts: Facts, talk: Registering) -> Wording:
    invitation = _invitation(facts, talk)
    role = ROLES[invitation.role]
    return _("You are invited to be: {role}, {unit}.", role=role, unit=_unit(facts, invitation.unit_id))


def _unit(facts: Facts, unit_id: int | None) -> str:
    return facts.reference.units.in_sentence(unit_id) if unit_id is not None else "–"


def _group(talk: Registering) -> Group:
    return next(group for group in GROUPS if group == talk.group)
