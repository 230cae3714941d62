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
from flows.people import GROUPS, ROLES, needs_representative, read_birth_year, read_name
from flows.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, written
from flows.session import Registering
from flows.talks.found_units import offered, too_many
from flows.wording import Wording, _, lines, paragraphs

# The version of the consent text below: consent is proved by the text it was given to.
CONSENT_VERSION = "2026.1"

LANGUAGES = (
    Choice("vi", "Tiếng Việt", ("vi", "viet", "tieng viet", "vietnamese")),
    Choice("en", "English", ("en", "english", "tieng anh", "anh")),
)
AGREE = Choice("agree", _("I agree"), YES.also)
ALL_RIGHT = Choice("all_right", _("All correct"), YES.also)
NOTHING_FOUND = lines(
    _("I find no village by that name. Please type the village and the commune."),
    _("If it is still not found, please ask the village branch head for the village's link or QR code."),
)
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
    return Question("Xin chào! Chọn ngôn ngữ.\nHello! Choose your language.", LANGUAGES)


def hear_language(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    yield LanguageChosen(chosen(heard))
    yield Went("consent", talk)


def ask_consent(facts: Facts, talk: Registering) -> Question:
    return Question(
        paragraphs(
            _("Here you can assess yourself as a learning citizen, in about ten minutes."),
            lines(
                _("Before we begin, about your data:"),
                _("• Kept: name, year of birth, village, group, answers and the evidence you send."),
                _("• Never asked: ID number, ethnicity, religion."),
                _(
                    "• Who keeps and sees it: the Study Promotion Association of your commune and the branch of"
                    " your village, for the title “learning citizen” only."
                ),
                _("• You may see, correct or delete it at any time: type /privacy."),
                _("• It is your free choice. Saying no costs you nothing."),
            ),
            _("Do you agree?"),
        ),
        (AGREE, REFUSE),
        again=_("Do you agree that this data is kept for the title “learning citizen”?"),
    )


def hear_consent(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    given = chosen(heard) == AGREE.key
    yield Consented(CONSENT_VERSION, given)
    if given:
        yield Went("name", talk)
    else:
        yield Said(
            _("Thank you. Only this answer is kept, nothing else about you. If you change your mind, type /start.")
        )
        yield Left(home=True)


def ask_name(facts: Facts, talk: Registering) -> Question:
    if talk.invitation:
        return Question(paragraphs(_invited(facts, talk), _("What is your full name?")), free=True)
    return Question(_("What is your full name?"), free=True, moves=(BACK,) if talk.checking else ())


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
        paragraphs(_invited(facts, talk), _("Do you take on this task, {name}?", name=talk.name)),
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
    return Question(_("In which year were you born, {name}?", name=talk.name), free=True, moves=(BACK,))


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
    suggested = offered(units, talk.suggested)
    if not suggested:
        return Question(
            lines(
                _("Which village, hamlet or residential group do you live in?"),
                _("For example: {example}. Tone marks may be left out.", example=units.example)
                if units.example
                else None,
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
            found = facts.reference.units.search(written(heard))
            if not found.units:
                yield Said(NOTHING_FOUND)
            if found.more:
                yield Said(too_many(found))
            yield Went("village", replace(talk, suggested=found.ids))


def ask_village_from_link(facts: Facts, talk: Registering) -> Question:
    return Question(_("Do you live in {unit}?", unit=_unit(facts, talk.unit_id)), (YES, NO), (BACK,))


def hear_village_from_link(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("birth_year", talk)
        case YES.key:
            yield _on("group", talk)
        case _:
            yield Went("village", replace(talk, unit_id=None))


def ask_group(facts: Facts, talk: Registering) -> Question:
    choices = tuple(Choice(group, label) for group, label in GROUPS.items())
    return Question(_("Which of these describes you best?"), choices, (BACK,), numbered=True)


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
            Choice("village", _("Change the village"), ("thon", "noi o", "sua thon", "village")),
            Choice("group", _("Change the group"), ("nhom", "sua nhom", "group")),
        ),
        again=_("Is everything right?"),
    )


def hear_check(facts: Facts, talk: Registering, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case ALL_RIGHT.key:
            yield PersonSaved(talk.name, talk.birth_year, talk.unit_id, _group(talk), talk.representative or None)
            yield Said(_("Thank you, {name}. All is noted.", name=talk.name))
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
        _("Village: {unit}", unit=_unit(facts, talk.unit_id)),
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
    return facts.reference.units.full_name(unit_id) if unit_id is not None else "–"


def _group(talk: Registering) -> Group:
    return next(group for group in GROUPS if group == talk.group)
