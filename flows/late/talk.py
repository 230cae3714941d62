"""Letting somebody in who has not handed in in time: who, why, until when. Whoever never began can begin then."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, HeadsAddress, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.domain.assessments import BRANCH, EDITABLE, STATES, Assessment
from flows.domain.reasons import read_reason
from flows.domain.rounds import Round
from flows.domain.units import Scope
from flows.forms.deciding import decided
from flows.forms.needs import Latecomer, LatecomersWanted, LatecomerWanted, assessment
from flows.forms.records import LetIn, changed_by
from flows.forms.tellings import told_to_resident
from flows.meeting.needs import VillageWanted
from flows.roles.deciding import closes_as
from flows.words.moments import read_coming_day
from flows.words.refusals import Refused
from flows.words.spelling import composed
from flows.words.wording import Wording, _, lines


class LettingIn(Talk, frozen=True, tag="letting_in"):
    """Whom somebody lets in, from the village looked at, or from all that are theirs (0): `typed` is what they were
    looked for by, until one is chosen."""

    unit: int = 0
    typed: str = ""
    person_id: int = 0
    reason: str = ""
    until: date | None = None


# Names that are shown to choose from.
MOST_FOUND = 8
Role = Literal["head", "deputy", "association"]

LET_IN_LATE = Choice(
    "let_in_late",
    _("🚪 Let somebody in late"),
    words("""
        cho làm muộn; cho nộp muộn; cho làm phiếu muộn; cho làm bổ sung; làm bổ sung; cho làm thêm; nhận muộn; nhận bổ
        sung; cho một người làm muộn; let in late; let somebody in late
    """),
)
SURE = replace(YES, final=True)
NOT_SURE = replace(NO, also=NO.also + words("không cho; không cho làm; đừng cho; thôi không cho; gõ lại"))
DROP = replace(
    BACK,
    also=BACK.also
    + words("""
        thôi; nhầm; nhầm rồi; hủy; hủy bỏ; không; không cho; không cho làm; dừng; khoan; thoát; bỏ; cancel; no
    """),
)
LAST_DAY = "until"


def late_round(facts: Facts, units: Scope) -> Round | None:
    """Return the round of these units that takes no more forms, while forms of it are still decided."""
    known = facts.reference.rounds_by_id
    rounds = [known[id_] for id_ in facts.rounds_in(units)]
    late = [one for one in rounds if one.state(facts.today) == "closed" and one.is_decided(facts.today)]
    return max(late, key=lambda one: one.closes, default=None)


def let_in(facts: Facts, unit: int = 0) -> Iterator[Event]:
    """Ask who is to be let in."""
    yield Entered("who", LettingIn(unit))


def obstacle(facts: Facts, talk: LettingIn) -> Wording | None:
    """Say why nobody can be let in, if so."""
    if not _units(facts, talk).tops:
        return _("Only branch heads and the Study Promotion Association of the commune let in what is late.")
    if late_round(facts, _units(facts, talk)) is None:
        return _("Nobody has to be let in late now: forms are still taken, or the round is decided.")
    if talk.person_id and _found_there(facts, talk) is None:
        return _("This person is not in your unit any more.")
    return None


def _units(facts: Facts, talk: LettingIn) -> Scope:
    own = facts.scope(*BRANCH, "association")
    if not talk.unit:
        return own
    return facts.reference.units.scope([talk.unit] if facts.reference.units.is_in(own, talk.unit) else [])


def _round(facts: Facts, talk: LettingIn) -> Round:
    round_ = late_round(facts, _units(facts, talk))
    assert round_ is not None  # else nobody comes here
    return round_


# who


def ask_who(facts: Facts, talk: LettingIn) -> Question:
    units = _units(facts, talk)
    where = facts.reference.units.in_sentence(units.tops[0])
    return Question(
        lines(
            _("Who is to be let in late, in {unit}? Please type the name.", unit=where),
            _("Whoever is not registered yet registers first."),
        ),
        (),
        (DROP,),
        free=True,
    )


def hear_who(facts: Facts, talk: LettingIn, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Left()
        return
    typed = composed(written(heard))
    found = facts.find(_wanted(facts, replace(talk, typed=typed)))
    if not found:
        raise Refused(
            _(
                "Nobody called “{name}” is registered here. Please type family name and given name as on the list.",
                name=typed[:80],
            )
        )
    if len(found) == 1:
        yield from _chosen(facts, replace(talk, typed=typed), found[0])
    else:
        yield Went("found", replace(talk, typed=typed))


def _wanted(facts: Facts, talk: LettingIn) -> LatecomersWanted:
    return LatecomersWanted(_units(facts, talk), _round(facts, talk).year, talk.typed, MOST_FOUND)


def ask_found(facts: Facts, talk: LettingIn) -> Question:
    found = facts.find(_wanted(facts, talk))
    units = facts.reference.units
    return Question(
        _("Several people are called “{name}”. Which one?", name=talk.typed),
        tuple(
            Choice(
                str(one.person.id),
                _(
                    "{name}, born {year}, {unit}",
                    name=one.person.named,
                    year=one.person.birth_year,
                    unit=units.by_id[one.unit_id].name,
                ),
            )
            for one in found
        ),
        (DROP,),
        numbered=True,
    )


def hear_found(facts: Facts, talk: LettingIn, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("who", LettingIn(talk.unit))
        return
    yield from _chosen(facts, talk, _latecomer(facts, replace(talk, person_id=int(chosen(heard)))))


def _chosen(facts: Facts, talk: LettingIn, latecomer: Latecomer) -> Iterator[Event]:
    as_whom(facts, talk, latecomer)
    yield Went("reason", replace(talk, person_id=latecomer.person.id))


def as_whom(facts: Facts, talk: LettingIn, latecomer: Latecomer) -> Role:
    """Return as what somebody lets in. Raises Refused where they may not, or where there is nothing to let in."""
    if latecomer.person.id == facts.person_id:
        raise Refused(_("Nobody lets themselves in: please ask the level above."))
    if facts.fills_in_for(latecomer.person):
        raise Refused(
            _("You fill in for {name}: please ask somebody else, or the level above.", name=latecomer.person.named)
        )
    if facts.lives_with(latecomer.person):
        raise Refused(
            _("{name} is of your household: please ask somebody else, or the level above.", name=latecomer.person.named)
        )
    if latecomer.state is not None and latecomer.state not in EDITABLE:
        raise Refused(
            _("{name} has a form already: {state}.", name=latecomer.person.named, state=STATES[latecomer.state])
        )
    if latecomer.open_until is not None and latecomer.open_until >= facts.today:
        raise Refused(
            _("{name} can go on until the end of {day} already.", name=latecomer.person.named, day=latecomer.open_until)
        )
    if facts.holds("association", latecomer.unit_id):
        return "association"
    role = closes_as(facts, latecomer.unit_id)
    if facts.find(VillageWanted(latecomer.unit_id, _round(facts, talk).id)).is_closed:
        raise Refused(
            _(
                "The village is closed: the branch has met. The Study Promotion Association of the commune can let"
                " somebody in now."
            )
        )
    return role


def _found_there(facts: Facts, talk: LettingIn) -> Latecomer | None:
    latecomer = facts.find(LatecomerWanted(talk.person_id, _round(facts, talk).year))
    there = latecomer is not None and facts.reference.units.is_in(_units(facts, talk), latecomer.unit_id)
    return latecomer if there else None


def _latecomer(facts: Facts, talk: LettingIn) -> Latecomer:
    latecomer = _found_there(facts, talk)
    assert latecomer is not None  # else the talk does not go on
    return latecomer


# why, and until when


def ask_reason(facts: Facts, talk: LettingIn) -> Question:
    name = _latecomer(facts, talk).person.named
    return Question(
        _("Why is {name} let in late? {name} will read it, and it is kept.", name=name), (), (DROP,), free=True
    )


def hear_reason(facts: Facts, talk: LettingIn, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("who", LettingIn(talk.unit))
    else:
        yield Went("until", replace(talk, reason=read_reason(written(heard))))


def ask_until(facts: Facts, talk: LettingIn) -> Question:
    return Question(
        _("Until the end of which day? Choose, or type a day."),
        tuple(_day_choice(day) for day in _usual_days(facts, talk)),
        (BACK,),
        free=True,
        numbered=True,
    )


def _day_choice(day: date) -> Choice:
    run_together = f"{day:%d%m%Y}"
    other_words = (f"đến hết {run_together}", f"until {day.day} {day:%B %Y}")
    return Choice(f"{LAST_DAY}:{day.isoformat()}", _("Until {day}", day=day), other_words)


def _usual_days(facts: Facts, talk: LettingIn) -> list[date]:
    """Return the days that are usual: those of a returned form, and the last there is."""
    round_ = _round(facts, talk)
    some = facts.today + timedelta(days=round_.phases.return_days)
    return sorted({min(some, round_.phases.decision), round_.phases.decision})


def hear_until(facts: Facts, talk: LettingIn, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("reason", talk)
        case Chose(key):
            yield Went("sure", replace(talk, until=date.fromisoformat(key.removeprefix(f"{LAST_DAY}:"))))
        case _:
            day = read_coming_day(written(heard), facts.today)
            last = _round(facts, talk).phases.decision
            if day > last:
                raise Refused(_("The commune decides until {day}: please choose that day at the latest.", day=last))
            yield Went("sure", replace(talk, until=day))


def ask_sure(facts: Facts, talk: LettingIn) -> Question:
    return Question(
        _(
            "Let in {name} until the end of {day}, for the reason “{reason}”?",
            name=_latecomer(facts, talk).person.named,
            day=talk.until,
            reason=talk.reason,
        ),
        (SURE, NOT_SURE),
    )


def hear_sure(facts: Facts, talk: LettingIn, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != SURE.key:
        yield Went("reason", replace(talk, reason="", until=None))
        return
    latecomer = _latecomer(facts, talk)
    role = as_whom(facts, talk, latecomer)
    yield from _let_in(facts, talk, latecomer, role)
    person = latecomer.person
    if role == "association":
        yield Told(HeadsAddress(latecomer.unit_id, person.id), Message(_told_to_head(talk, latecomer)))
    yield Said(_("🚪 Let in: {name}, until the end of {day}.", name=person.named, day=talk.until))
    yield Left()


def _let_in(facts: Facts, talk: LettingIn, latecomer: Latecomer, role: Role) -> Iterator[Event]:
    round_, person = _round(facts, talk), latecomer.person
    if latecomer.form_id:
        form = assessment(facts, latecomer.form_id)
        assert form is not None  # it was found with its owner
        acted = decided(form, "let_in", role, talk.reason, open_until=talk.until)
        yield acted
        yield Told(PersonAddress(person.id), told_to_resident(changed_by(acted, form), "let_in", talk.reason))
        return
    assert person.group is not None  # who is found is a resident
    assert talk.until is not None
    criteria = facts.reference.criteria[round_.sets[person.group]]
    let = LetIn(person.id, round_.id, latecomer.unit_id, criteria, role, talk.reason, talk.until)
    yield let
    form = Assessment(0, person, round_.id, latecomer.unit_id, criteria, open_until=talk.until)
    yield Told(PersonAddress(person.id), told_to_resident(form, "let_in", talk.reason))


def _told_to_head(talk: LettingIn, latecomer: Latecomer) -> Wording:
    return lines(
        _(
            "🚪 The Study Promotion Association of the commune lets {name} in late, until the end of {day}. The form"
            " comes here once it is handed in.",
            name=latecomer.person.named,
            day=talk.until,
        ),
        _("Reason: {reason}", reason=talk.reason),
    )


LETTING_IN = Flow(
    LettingIn,
    steps=(
        Step("who", ask_who, hear_who),
        Step("found", ask_found, hear_found),
        Step("reason", ask_reason, hear_reason),
        Step("until", ask_until, hear_until),
        Step("sure", ask_sure, hear_sure),
    ),
    obstacle=obstacle,
)
