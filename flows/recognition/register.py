"""The register: the committee looks somebody up, and opens a recognition again or revokes it, with a reason."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.domain.assessments import Act, Assessment, next_state
from flows.domain.reasons import read_reason
from flows.forms.deciding import barred, decided
from flows.forms.needs import assessment
from flows.forms.seen import HERE_IT_IS, changed
from flows.recognition.needs import Title, TitlesWanted, TitleWanted
from flows.recognition.records import TitleEnded
from flows.recognition.words import entry, told_ended
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _, paragraphs


class Registered(Talk, frozen=True, tag="register"):
    """What was looked for, the form that an entry is of with its version when it was shown, and an act on it until its
    reason is given."""

    typed: str = ""
    assessment_id: int = 0
    version: int = 0
    act: str = ""
    reason: str = ""


MOST_FOUND = 8
LONGEST_SOUGHT = 80

UNLOCK = Choice(
    "unlock",
    _("🔓 Open it again"),
    words("mở lại; mở khóa; mở; xem xét lại; mở lại để sửa; open it again; unlock; open"),
    final=True,
)
REVOKE = Choice(
    "revoke",
    _("⛔ Revoke it"),
    words("thu hồi; thu hồi danh hiệu; hủy công nhận; thu hồi giấy chứng nhận; revoke; revoke it"),
    final=True,
)
SURE = replace(YES, final=True)
NOT_SURE = replace(NO, also=NO.also + words("không thu hồi; giữ nguyên; không mở; gõ lại"))


def ask_search(facts: Facts, talk: Registered) -> Question:
    return Question(_("Whom are you looking for? Type a name or the number in the register."), free=True, moves=(BACK,))


def hear_search(facts: Facts, talk: Registered, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Left()
        return
    typed = " ".join(written(heard).split())[:LONGEST_SOUGHT]
    if not _found(facts, typed):
        raise Refused(_("Nobody by that name or number is in the register of your commune."))
    yield Went("found", Registered(typed))


def _found(facts: Facts, typed: str) -> tuple[Title, ...]:
    return facts.find(TitlesWanted(facts.scope("committee"), typed, MOST_FOUND))


def ask_found(facts: Facts, talk: Registered) -> Question:
    found = _found(facts, talk.typed)
    return Question(
        _("These fit. If it is somebody else, type more of the name."),
        tuple(Choice(str(one.assessment_id), _line(facts, one)) for one in found),
        (BACK,),
        free=True,
        numbered=True,
    )


def _line(facts: Facts, title: Title) -> Wording:
    return _(
        "{name}, {village}, {year}",
        name=title.name,
        village=facts.reference.units.by_id[title.village_id].name,
        year=title.year,
    )


def hear_found(facts: Facts, talk: Registered, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("search", Registered())
        case Chose(form_id):
            form = subject(facts, int(form_id))
            yield Went("entry", Registered(talk.typed, form.id, form.version))
        case _:
            yield from hear_search(facts, talk, heard)


def ask_entry(facts: Facts, talk: Registered) -> Question:
    form, title = subject(facts, talk.assessment_id), _title(facts, talk)
    return Question(
        entry(title, facts.reference.units.full_name(title.village_id)),
        (UNLOCK, REVOKE) if form.state == "recognised" else (),
        (BACK,),
    )


def hear_entry(facts: Facts, talk: Registered, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("search", Registered())
        case act:
            yield Went("reason", replace(talk, act=act))


def ask_reason(facts: Facts, talk: Registered) -> Question:
    return Question(
        _("Please write the reason: the person reads it, and it stands in the register."), (), (BACK,), free=True
    )


def hear_reason(facts: Facts, talk: Registered, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("entry", replace(talk, act=""))
    else:
        yield Went("act_sure", replace(talk, reason=read_reason(written(heard))))


def ask_sure(facts: Facts, talk: Registered) -> Question:
    title = _title(facts, talk)
    return Question(
        paragraphs(
            entry(title, facts.reference.units.full_name(title.village_id)),
            _(
                "Revoke this recognition for the reason “{reason}”? The certificate will show it at once.",
                reason=talk.reason,
            )
            if talk.act == "revoke"
            else _(
                "Open this recognition again for the reason “{reason}”? The certificate does not hold until it is"
                " decided on anew.",
                reason=talk.reason,
            ),
        ),
        (SURE, NOT_SURE),
    )


def hear_sure(facts: Facts, talk: Registered, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != YES.key:
        yield Went("entry", replace(talk, act="", reason=""))
        return
    form, title = subject(facts, talk.assessment_id), _title(facts, talk)
    act: Act = "revoke" if talk.act == "revoke" else "unlock"
    if form.version != talk.version:
        yield Said(changed(facts, form, talk.version, HERE_IT_IS))
        yield Went("entry", Registered(talk.typed, form.id, form.version))
        return
    next_state(form, act, "committee", talk.reason)
    yield decided(form, act, "committee", talk.reason)
    yield TitleEnded(form.id, talk.reason)
    yield Told(PersonAddress(form.person.id), told_ended(title, act, talk.reason))
    yield Said(
        _("⛔ Revoked: {name}.", name=title.name)
        if act == "revoke"
        else _("🔓 Open again: {name}. The form waits for a new decision.", name=title.name)
    )
    yield Left()


def subject(facts: Facts, assessment_id: int) -> Assessment:
    """Return the form an entry is of. Refused outside one's commune, and one's own."""
    form = assessment(facts, assessment_id)
    if form is None or barred(facts, form, "committee") == "elsewhere":
        raise Refused(_("Nobody by that name or number is in the register of your commune."))
    if form.person.id == facts.person_id:
        raise Refused(_("Nobody decides on themselves: somebody else of the committee has to."))
    if barred(facts, form, "committee") == "helped":
        raise Refused(_("You have filled in this form for somebody: another person of the committee decides on it."))
    if barred(facts, form, "committee") == "household":
        raise Refused(
            _("{name} is of your household: another person of the committee decides on it.", name=form.person.named)
        )
    return form


def _title(facts: Facts, talk: Registered) -> Title:
    title = facts.find(TitleWanted(talk.assessment_id))
    if title is None:
        raise OutOfDate(_("Nobody by that name or number is in the register of your commune."))
    return title


def obstacle(facts: Facts, talk: Registered) -> Wording | None:
    """Say why somebody cannot work with the register, if so."""
    if not facts.has_role("committee"):
        return _("Only the People's Committee of the commune recognises.")
    if not talk.assessment_id:
        return None
    try:
        subject(facts, talk.assessment_id)
        _title(facts, talk)
    except Refused as refused:
        return refused.wording
    return None


REGISTER = Flow(
    Registered,
    steps=(
        Step("search", ask_search, hear_search),
        Step("found", ask_found, hear_found),
        Step("entry", ask_entry, hear_entry),
        Step("reason", ask_reason, hear_reason),
        Step("act_sure", ask_sure, hear_sure),
    ),
    obstacle=obstacle,
)
