"""The committee's work: what is proposed, who is left out and why, and the decision with its number and date."""

import re
from collections.abc import Iterator
from datetime import date, datetime

from msgspec.structs import replace

from flows.batches.batch import Order
from flows.conversation.events import Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, BACK_OR_NO, ME, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.conversation.understanding import says
from flows.domain.people import read_name
from flows.domain.reasons import read_reason
from flows.domain.rounds import Round
from flows.forms.deciding import barred, decided
from flows.forms.needs import AssessmentWanted, assessment
from flows.forms.words import HELPED_MEANS, called
from flows.recognition.needs import (
    LastDecisionWanted,
    NumberTakenWanted,
    Proposal,
    ProposalsWanted,
    ProposedForm,
    ProposedWanted,
    Recorded,
    RecordedWanted,
)
from flows.recognition.records import Recognised
from flows.roles.needs import holders_over
from flows.words.moments import read_day
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _, lines, n_, paragraphs


class Recognising(Talk, frozen=True, tag="recognition"):
    """A proposal that is decided on: since when it was shown, who is left out and why, and what the paper says. `out`
    is the form for which a reason is asked."""

    proposal_id: int = 0
    shown_at: datetime | None = None
    page: int = 0
    out: int = 0
    without: tuple[tuple[int, str], ...] = ()
    number: str = ""
    dated: date | None = None
    signer: str = ""


PAGE = 8
MOST_LEFT_OUT = 200
_NUMBER = re.compile(r"\d{1,5}(?:/[\w.\-–/]{1,30})?")

MORE = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))
RECORD = Choice(
    "record",
    _("✍️ Record the signed decision"),
    words("""
        ghi quyết định; ghi số quyết định; quyết định; ký; đã ký; công nhận; công nhận danh sách; nhập quyết định; vào
        số; record; record the decision; recognise
    """),
)
DECIDE = Choice(
    "decide",
    _("✅ Recognise"),
    words("công nhận; đồng ý công nhận; quyết định công nhận; xác nhận công nhận; recognise; yes recognise"),
    final=True,
)
TODAY = Choice("today", _("Today"), words("hôm nay; nay; today"))
NOT_WAITING = _("This list has been decided on already, or is not proposed to you.")
SAME_SIGNER = Choice("same", _("The same as before"), words("như trước; người cũ; như cũ; same; the same"))


def begin(facts: Facts) -> Recognising:
    """Return the talk at its beginning: at the one proposal there is, if there is one only."""
    waiting = _proposals(facts)
    return Recognising(waiting[0].id, facts.now) if len(waiting) == 1 else Recognising()


def ask_proposals(facts: Facts, talk: Recognising) -> Question:
    waiting = _proposals(facts)
    return Question(
        _("Which list do you decide on?") if waiting else _("Nothing is proposed to you now."),
        tuple(Choice(str(one.id), _proposed(facts, one)) for one in waiting),
        (BACK,),
        numbered=True,
    )


def _proposals(facts: Facts) -> tuple[Proposal, ...]:
    return facts.find(ProposalsWanted(facts.scope("committee")))


def _proposed(facts: Facts, one: Proposal) -> Wording:
    return _(
        "{unit} · {count} people · {day}",
        unit=facts.reference.units.full_name(one.unit_id),
        count=one.count,
        day=one.at.date(),
    )


def hear_proposals(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case proposal_id:
            yield Went("proposal", Recognising(int(proposal_id), facts.now))


def ask_proposal(facts: Facts, talk: Recognising) -> Question:
    proposal = _proposal(facts, talk)
    page = facts.find(ProposedWanted(talk.proposal_id, talk.page * PAGE, PAGE))
    units = facts.reference.units
    round_ = _round(facts, proposal)
    return Question(
        paragraphs(
            lines(
                _("{unit}, {round}", unit=units.full_name(proposal.unit_id), round=round_.name),
                _last_day(facts, round_),
                n_(
                    "{count} person is proposed for recognition.",
                    "{count} people are proposed for recognition.",
                    proposal.count,
                ),
            ),
            lines(
                *(_("• {village}: {count}", village=units.by_id[id_].name, count=count) for id_, count in page.villages)
            ),
            lines(
                _("Left out: {count}", count=len(talk.without)) if talk.without else None,
                _("To leave somebody out, press the name. To take them in again, press it once more."),
                HELPED_MEANS if any(one.helped for one in page.forms) else None,
            ),
        ),
        tuple(_named(talk, one) for one in page.forms),
        (*((MORE,) if proposal.count > (talk.page + 1) * PAGE else ()), RECORD, BACK),
        numbered=True,
    )


def _last_day(facts: Facts, round_: Round) -> Wording:
    day = round_.phases.decision
    if facts.today <= day:
        return _("Please decide until the end of {day}.", day=day)
    return _("The last day to decide was {day}. What is decided later is noted all the same.", day=day)


def _named(talk: Recognising, form: ProposedForm) -> Choice:
    name = called(form.name, helped=form.helped)
    label = (
        _("🚫 {name} · {total} points", name=name, total=form.total)
        if form.assessment_id in dict(talk.without)
        else _("{name} · {total} points", name=name, total=form.total)
    )
    return Choice(str(form.assessment_id), label)


def hear_proposal(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key if talk.page > 0:
            yield Went("proposal", replace(talk, page=talk.page - 1))
        case BACK.key:
            yield Left()
        case MORE.key:
            yield Went("proposal", replace(talk, page=talk.page + 1))
        case RECORD.key:
            yield Went("number", talk)
        case key if int(key) in dict(talk.without):
            kept = tuple(one for one in talk.without if one[0] != int(key))
            yield Went("proposal", replace(talk, without=kept))
        case key:
            if len(talk.without) >= MOST_LEFT_OUT:
                raise Refused(_("At most {most} can be left out of one decision.", most=MOST_LEFT_OUT))
            yield Went("reason", replace(talk, out=int(key)))


def ask_reason(facts: Facts, talk: Recognising) -> Question:
    form = assessment(facts, talk.out)
    name = form.person.named if form is not None else ""
    return Question(
        _("Why is {name} left out? The form goes back to the association, which reads the reason.", name=name),
        free=True,
        moves=(BACK,),
    )


def hear_reason(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    back = replace(talk, out=0)
    if heard == Chose(BACK.key):
        yield Went("proposal", back)
    else:
        yield Went("proposal", replace(back, without=(*talk.without, (talk.out, read_reason(written(heard))))))


# what the paper says


def ask_number(facts: Facts, talk: Recognising) -> Question:
    last = facts.find(LastDecisionWanted(_proposal(facts, talk).unit_id))
    return Question(
        paragraphs(
            _("Which number does the signed decision have? For example: 05/QĐ-UBND."),
            _("The last one here was {number}.", number=last.number) if last is not None else None,
        ),
        free=True,
        moves=(BACK,),
    )


def hear_number(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("proposal", talk)
        return
    yield Went("dated", replace(talk, number=read_number(written(heard))))


def read_number(typed: str) -> str:
    """Return the number of a paper as it is written: `05/QĐ-UBND`. Raises Refused for what is none."""
    number = re.sub(r"^(?:số|so|number|no\.?)[ :]*", "", " ".join(typed.split()), flags=re.IGNORECASE)
    number = re.sub(r"\s*([/\-–])\s*", r"\1", number)
    if not _NUMBER.fullmatch(number):
        raise Refused(_("Type the number as it stands on the paper, for example: 05/QĐ-UBND."))
    digits, slash, symbol = number.partition("/")
    return f"{digits.zfill(2)}{slash}{symbol}"


def ask_dated(facts: Facts, talk: Recognising) -> Question:
    return Question(
        _("Which date does the decision have? For example: 25/11/{year}.", year=facts.today.year),
        (TODAY,),
        (BACK,),
        free=True,
    )


def hear_dated(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("number", talk)
        case Chose(TODAY.key):
            yield _with_date(facts, talk, facts.today)
        case _:
            yield _with_date(facts, talk, read_day(written(heard), facts.today))


def _with_date(facts: Facts, talk: Recognising, dated: date) -> Went:
    _refuse_taken(facts, talk, dated)
    return Went("signer", replace(talk, dated=dated))


def _refuse_taken(facts: Facts, talk: Recognising, dated: date) -> None:
    """Refuse number and date of a decision that is recorded already, by whomever of the committee."""
    if facts.find(NumberTakenWanted(_proposal(facts, talk).unit_id, talk.number, dated)):
        raise Refused(
            _(
                "Decision number {number} of {day} is recorded already. Please look at number and date again.",
                number=talk.number,
                day=dated,
            )
        )


def ask_signer(facts: Facts, talk: Recognising) -> Question:
    last = facts.find(LastDecisionWanted(_proposal(facts, talk).unit_id))
    return Question(
        lines(
            _("Who has signed it? Please type the full name."),
            _("Before, it was {name}.", name=last.signer) if last is not None else None,
        ),
        (SAME_SIGNER,) if last is not None else (),
        (BACK,),
        free=True,
    )


def hear_signer(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("dated", talk)
        case Chose(SAME_SIGNER.key):
            last = facts.find(LastDecisionWanted(_proposal(facts, talk).unit_id))
            assert last is not None
            yield Went("check", replace(talk, signer=last.signer))
        case _:
            yield Went("check", replace(talk, signer=_read_signer(facts, written(heard))))


def _read_signer(facts: Facts, typed: str) -> str:
    assert facts.person is not None  # who holds a role is known
    return facts.person.name if says(typed, ME) else read_name(typed).name


def ask_check(facts: Facts, talk: Recognising) -> Question:
    proposal = _proposal(facts, talk)
    return Question(
        paragraphs(
            lines(
                _("Decision number {number} of {day}", number=talk.number, day=talk.dated),
                _("Signed by {name}", name=talk.signer),
                n_(
                    "{count} person is recognised.",
                    "{count} people are recognised.",
                    proposal.count - len(talk.without),
                ),
            ),
            lines(_("Left out:"), *(_left_out(facts, *one) for one in talk.without)) if talk.without else None,
            _(
                "With this the decision is final: everybody is told and gets the certificate. Only the committee can"
                " open it again. Is everything right?"
            ),
        ),
        (DECIDE,),
        (BACK_OR_NO,),
    )


def _left_out(facts: Facts, form_id: int, reason: str) -> Wording:
    form = assessment(facts, form_id)
    return _("• {name}: {reason}", name=form.person.named if form is not None else "–", reason=reason)


def hear_check(facts: Facts, talk: Recognising, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != DECIDE.key:
        yield Went("signer", talk)
        return
    proposal = _proposal(facts, talk)
    if (recorded := _recorded_since(facts, talk, held=True)) is not None:
        yield Said(told_recorded(recorded))
        yield Left(home=True, quiet=True)
        return
    assert talk.dated is not None
    _refuse_taken(facts, talk, talk.dated)
    facts.want(*(AssessmentWanted(form_id) for form_id, _reason in talk.without))
    for form_id, reason in talk.without:
        yield from _send_back(facts, form_id, reason)
    yield Recognised(
        proposal.id, proposal.unit_id, proposal.round_id, talk.number, talk.dated, talk.signer, _order(facts, talk)
    )
    yield Said(_("The decision is being recorded. You will read here in a moment how it went."))
    yield Left(home=True, quiet=True)


def _order(facts: Facts, talk: Recognising) -> Order:
    proposal = _proposal(facts, talk)
    assert talk.shown_at is not None
    return Order(
        "recognise",
        "committee",
        facts.reference.units.scope((proposal.unit_id,)),
        (proposal.round_id,),
        talk.shown_at,
        without=tuple(form_id for form_id, _reason in talk.without),
        of_proposal=proposal.id,
    )


def _send_back(facts: Facts, form_id: int, reason: str) -> Iterator[Event]:
    """Send back the form of who is left out; one that is not there any more is left alone."""
    form = assessment(facts, form_id)
    if form is None or form.state != "checked" or barred(facts, form, "committee") is not None:
        return
    yield decided(form, "send_back", "committee", reason)
    text = lines(
        _(
            "↩️ The People's Committee of the commune does not recognise {name} now and sends the form back.",
            name=form.person.named,
        ),
        _("Reason: {reason}", reason=reason),
        _("To look at it, type “villages”."),
    )
    for holder in holders_over(facts, form.unit_id, "association"):
        yield Told(PersonAddress(holder.person_id), Message(text))


def obstacle(facts: Facts, talk: Recognising) -> Wording | None:
    """Say why somebody cannot decide, if so: not for the committee, or a proposal that is not theirs or not there."""
    if not facts.has_role("committee"):
        return _("Only the People's Committee of the commune recognises.")
    if not talk.proposal_id:
        return None
    if (recorded := _recorded_since(facts, talk)) is not None:
        return told_recorded(recorded)
    return NOT_WAITING if all(one.id != talk.proposal_id for one in _proposals(facts)) else None


def _recorded_since(facts: Facts, talk: Recognising, *, held: bool = False) -> Recorded | None:
    """Return the decision that was recorded on a list since it was shown, or is being carried out: there is no other
    one then, with other numbers, on the same people."""
    recorded = facts.find(RecordedWanted(talk.proposal_id, facts.scope("committee"), held))
    if recorded is None or not (recorded.under_way or talk.shown_at is None or recorded.at > talk.shown_at):
        return None
    return recorded


def told_recorded(recorded: Recorded) -> Wording:
    """Say by whom which decision was recorded."""
    return lines(
        _(
            "This list has been decided on: decision number {number} of {day} is recorded.",
            number=recorded.number,
            day=recorded.dated,
        ),
        _("Recorded by {name}.", name=recorded.by) if recorded.by is not None else None,
        _("It is just being carried out.") if recorded.under_way else None,
    )


def _proposal(facts: Facts, talk: Recognising) -> Proposal:
    if (one := next((one for one in _proposals(facts) if one.id == talk.proposal_id), None)) is None:
        raise OutOfDate(NOT_WAITING)
    return one


def _round(facts: Facts, proposal: Proposal) -> Round:
    return facts.reference.rounds_by_id[proposal.round_id]


RECOGNITION = Flow(
    Recognising,
    steps=(
        Step("proposals", ask_proposals, hear_proposals),
        Step("proposal", ask_proposal, hear_proposal),
        Step("reason", ask_reason, hear_reason),
        Step("number", ask_number, hear_number),
        Step("dated", ask_dated, hear_dated),
        Step("signer", ask_signer, hear_signer),
        Step("check", ask_check, hear_check),
    ),
    obstacle=obstacle,
)
