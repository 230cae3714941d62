"""The branch head's work: the list of forms, one form, confirming it, adjusting an answer, returning it."""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from flows.batches.batch import Order
from flows.batches.records import DoneAlone
from flows.batches.words import done_alone
from flows.conversation.events import Entered, Event, Left, PersonAddress, Said, Sent, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, Wrote, chosen, words
from flows.conversation.session import Talk
from flows.domain.assessments import BRANCH, Act, Answer, Assessment, next_state
from flows.domain.criteria import Indicator
from flows.domain.reasons import read_reason
from flows.forms import words as forms
from flows.forms.card import (
    ADJUST,
    ANSWERS,
    CONFIRM,
    RETURN,
    card,
    file_buttons,
    shown_file,
    to_vouch,
    vouch_choices,
)
from flows.forms.deciding import decided
from flows.forms.needs import assessment
from flows.forms.records import Vouched, changed_by
from flows.forms.seen import changed
from flows.forms.tellings import told_to_resident
from flows.review.listing import Reviewing, ask_list, ask_villages, hear_list, hear_villages, late_by, without
from flows.roles.deciding import as_whom, decided_by, head_instead, may_see
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.wording import Wording, _, lines, paragraphs


class Deciding(Talk, frozen=True, tag="decision"):
    """An act on exactly this version of a form, until its reason is given and, where it is short, confirmed."""

    assessment_id: int
    version: int
    indicator: str = ""
    level: str = ""
    reason: str = ""


SURE = replace(YES, final=True)
NOT_SURE = replace(NO, also=NO.also + words("không trả; không trả nữa; đừng trả; không sửa; gõ lại"))
LOOK_ONCE_MORE = _("To look at it once more, type “review”.")
# A reason may be dropped by saying so.
DROP_REASON = replace(
    BACK,
    also=BACK.also
    + words("""
        thôi; nhầm; nhầm rồi; bấm nhầm; tôi bấm nhầm; ấn nhầm; bấm lộn; lộn rồi; hủy; hủy bỏ; không; không trả;
        không trả nữa; không trả lại; thôi không trả; thôi không trả nữa; không điều chỉnh; không sửa; dừng; dừng
        lại; khoan; đừng trả; xác nhận; duyệt; thoát; bỏ; bỏ qua; cancel; never mind; no; mistake
    """),
)


def ask_form(facts: Facts, talk: Reviewing) -> Question:
    form = subject(facts, talk.assessment_id)
    message = card(facts, form)
    decides = form.state == "submitted" and not form.closed
    head = head_instead(facts, form) if decides else None
    acts = (CONFIRM, ADJUST, RETURN) if decides and head is None else ()
    vouching = vouch_choices(form) if head is None else ()
    text = paragraphs(message.text, decided_by(head)) if head is not None else message.text
    return Question(text, (*acts, *vouching, ANSWERS, *_file_choices(form)), (BACK,))


def _file_choices(form: Assessment) -> Iterator[Choice]:
    for button in file_buttons(form):
        yield Choice(button.payload.removeprefix("c:"), button.label)


def hear_form(facts: Facts, talk: Reviewing, heard: Heard) -> Iterator[Event]:
    form = subject(facts, talk.assessment_id)
    match chosen(heard):
        case BACK.key:
            yield Entered("list", replace(talk, assessment_id=0))
        case key:
            if key in {CONFIRM.key, ADJUST.key, RETURN.key}:
                yield Entered("list", without(facts, talk, form.id))
            yield from act(facts, form, key, form.version)


def act(facts: Facts, form: Assessment, verb: str, version: int) -> Iterator[Event]:
    """Do what a button on a form says: show something at once, or decide on exactly the version it showed."""
    match verb.split(":"):
        case [ANSWERS.key]:
            yield Said(forms.answers(form))
        case ["file", _form_id, evidence_id]:
            yield Sent(shown_file(form, evidence_id))
        case [CONFIRM.key]:
            _hold_to(facts, form, version, "confirm")
            yield from decide_on(facts, form, "confirm")
        case ["knows" | "unknown" as word, proof_id]:
            yield from vouch(facts, form, version, proof_id, known=word == "knows")
        case [ADJUST.key]:
            _hold_to(facts, form, version, "adjust")
            yield Entered("adjust_which", Deciding(form.id, version))
        case [RETURN.key]:
            _hold_to(facts, form, version, "return")
            yield Entered("return_reason", Deciding(form.id, version))
        case _:
            raise NotUnderstood(_("Please choose one of the answers."))


def vouch(facts: Facts, form: Assessment, version: int, proof_id: str, *, known: bool) -> Iterator[Event]:
    """Say for the branch whether it knows what it is to vouch for. What it does not know stays an answer without
    proof: evidence is not compulsory, so points change only when the answer is adjusted."""
    found = next(((indicator, proof) for indicator, proof in to_vouch(form) if str(proof.id) == proof_id), None)
    if form.version != version or found is None:
        raise OutOfDate(changed(facts, form, version, LOOK_ONCE_MORE))
    actor = as_whom(facts, form)
    next_state(form, "confirm", actor)  # which tells whether the branch still decides on it
    indicator, proof = found
    yield Vouched(form.id, indicator.id, proof.id, known, actor)
    number = form.number(indicator.id)
    if known:
        yield Said(_("👍 Noted: the branch knows this (question {number}).", number=number))
    else:
        yield Said(
            _(
                "👎 Noted: the branch does not know this (question {number}). The points stay as they are: adjust the"
                " answer, or return the form and ask for evidence.",
                number=number,
            )
        )


def ask_adjust_which(facts: Facts, talk: Deciding) -> Question:
    form = subject(facts, talk.assessment_id)
    return Question(
        paragraphs(
            _("Which answer of {name} should be adjusted?", name=form.person.named),
            lines(*(forms.answer_line(form, indicator) for indicator in form.criteria.indicators)),
        ),
        tuple(_adjustable(form, indicator) for indicator in form.criteria.indicators),
        (BACK,),
        numbered=True,
    )


def _adjustable(form: Assessment, indicator: Indicator) -> Choice:
    """Make the button of an answer, short enough for a phone; the answer itself stands in the text above."""
    points = form.answers[indicator.id].points  # what was handed in has all its answers
    names = (*indicator.other_names, *(name for _language, name in indicator.short.texts))
    return Choice(indicator.id, _("{short} · {points} pt", short=indicator.short, points=points), names)


def hear_adjust_which(facts: Facts, talk: Deciding, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case indicator_id:
            yield Went("adjust_level", replace(talk, indicator=indicator_id))


def ask_adjust_level(facts: Facts, talk: Deciding) -> Question:
    indicator = _indicator(facts, talk)
    return Question(
        paragraphs(indicator.question, _("Which answer is right?")),
        tuple(
            Choice(
                level.id,
                _("{label} ({points} points)", label=level.label, points=level.points),
                level.also,
            )
            for level in indicator.levels
        ),
        (BACK,),
        numbered=True,
    )


def hear_adjust_level(facts: Facts, talk: Deciding, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("adjust_which", replace(talk, indicator=""))
        case level_id:
            # Refused here already, not after a reason was typed.
            adjusted(subject(facts, talk.assessment_id), _indicator(facts, talk), level_id)
            yield Went("adjust_reason", replace(talk, level=level_id))


def ask_reason(facts: Facts, talk: Deciding) -> Question:
    form = subject(facts, talk.assessment_id)
    return Question(
        _(
            "Please write the reason, for example: Question 2 lacks a certificate. {name} will read it as it is.",
            name=form.person.named,
        ),
        free=True,
        moves=(DROP_REASON,),
    )


def hear_adjust_reason(facts: Facts, talk: Deciding, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("adjust_level", talk)
    else:
        yield from _with_reason(facts, talk, _reason(heard))


def hear_return_reason(facts: Facts, talk: Deciding, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Left()
    else:
        yield from _with_reason(facts, talk, _reason(heard))


def _with_reason(facts: Facts, talk: Deciding, reason: str) -> Iterator[Event]:
    """Decide for a reason; one of a single word is shown and asked once."""
    if " " in reason:
        yield from _decided(facts, talk, reason)
    else:
        yield Went("reason_sure", replace(talk, reason=reason))


def _decided(facts: Facts, talk: Deciding, reason: str) -> Iterator[Event]:
    form = subject(facts, talk.assessment_id)
    if talk.level:
        indicator = _indicator(facts, talk)
        answer = adjusted(form, indicator, talk.level)
        yield from decide_on(facts, form, "adjust", reason, indicator, answer)
    else:
        yield from decide_on(facts, form, "return", reason)
    yield Left(quiet=True)


def ask_reason_sure(facts: Facts, talk: Deciding) -> Question:
    return Question(
        _("Adjust the answer for the reason “{reason}”, is that right?", reason=talk.reason)
        if talk.level
        else _("Return the form for the reason “{reason}”, is that right?", reason=talk.reason),
        (SURE, NOT_SURE),
    )


def hear_reason_sure(facts: Facts, talk: Deciding, heard: Heard) -> Iterator[Event]:
    if chosen(heard) == SURE.key:
        yield from _decided(facts, talk, talk.reason)
    else:
        yield Went("adjust_reason" if talk.level else "return_reason", replace(talk, reason=""))


def adjusted(form: Assessment, indicator: Indicator, level_id: str) -> Answer:
    """Return the branch's answer, which remembers the resident's own."""
    before = form.answers[indicator.id]
    if before.level_id == level_id:
        raise Refused(_("This is the answer that stands already."))
    level = indicator.level(level_id)
    return Answer(level.id, level.points, before.adjusted_from or before.level_id)


def decide_on(
    facts: Facts,
    form: Assessment,
    act: Act,
    reason: str = "",
    indicator: Indicator | None = None,
    answer: Answer | None = None,
) -> Iterator[Event]:
    """Decide on a form: record the act, answer the branch head, and have the resident told."""
    actor, indicator_id = as_whom(facts, form), indicator.id if indicator else ""
    acted = decided(form, act, actor, reason, indicator_id, answer, _open_until(facts, form, act))
    after = changed_by(acted, form)
    yield acted
    round_ = facts.round_of(form)
    late = late_by(round_.phases.branch) if round_ is not None and facts.today > round_.phases.branch else None
    if act == "adjust":
        yield Told(PersonAddress(form.person.id), told_to_resident(after, act, reason, indicator))
        shown = card(facts, after)
        yield Sent(replace(shown, text=paragraphs(_done(after, act), late, shown.text)))
        return
    # The owner is told once it cannot be undone any more.
    units = facts.reference.units.scope([form.unit_id])
    yield DoneAlone(Order(act, actor, units, (form.round_id,), facts.now), form.id, form.version)
    yield Sent(done_alone(lines(_done(after, act), late), form))


def _open_until(facts: Facts, form: Assessment, act: Act) -> date | None:
    """Return until when a form that is returned now may be corrected: some days, whatever the closing day."""
    round_ = facts.round_of(form)
    return round_.returned_until(facts.today) if act == "return" and round_ is not None else None


def subject(facts: Facts, assessment_id: int) -> Assessment:
    """Return the form an act is about. Refused outside one's unit, on one's own form, before it is submitted."""
    form = assessment(facts, assessment_id)
    if form is None:
        raise Refused(_("This form is not in your branch, or does not exist any more."))
    may_see(facts, form)
    if form.state == "draft":
        raise Refused(_("This form is now {state}; this cannot be done any more.", state=forms.state_words(form)))
    return form


def obstacle(facts: Facts, talk: Reviewing) -> Wording | None:
    """Say why somebody cannot review, if so."""
    if not facts.has_role(*BRANCH):
        return _("Only branch heads see the forms of a village.")
    if talk.unit and not facts.reference.units.is_in(facts.scope(*BRANCH), talk.unit):
        return _("Only branch heads see the forms of a village.")
    return _unseen(facts, talk.assessment_id) if talk.assessment_id else None


def decision_obstacle(facts: Facts, talk: Deciding) -> Wording | None:
    """Say why a decision cannot be made, if so: not one's own to make, or the form has changed since it was shown."""
    if any(form.id == talk.assessment_id for _before, form in facts.moved):
        return lines()  # decided in this very turn, which says so itself
    if (unseen := _unseen(facts, talk.assessment_id)) is not None:
        return unseen
    form = subject(facts, talk.assessment_id)
    return changed(facts, form, talk.version, LOOK_ONCE_MORE) if form.version != talk.version else None


def _unseen(facts: Facts, assessment_id: int) -> Wording | None:
    try:
        subject(facts, assessment_id)
    except Refused as refused:
        return refused.wording
    return None


REVIEW = Flow(
    Reviewing,
    steps=(
        Step("list", ask_list, hear_list),
        Step("villages", ask_villages, hear_villages),
        Step("form", ask_form, hear_form),
    ),
    obstacle=obstacle,
)
DECISION = Flow(
    Deciding,
    steps=(
        Step("adjust_which", ask_adjust_which, hear_adjust_which),
        Step("adjust_level", ask_adjust_level, hear_adjust_level),
        Step("adjust_reason", ask_reason, hear_adjust_reason),
        Step("return_reason", ask_reason, hear_return_reason),
        Step("reason_sure", ask_reason_sure, hear_reason_sure),
    ),
    obstacle=decision_obstacle,
)


def _hold_to(facts: Facts, form: Assessment, version: int, act: Act) -> None:
    """Refuse to decide on a form that has moved on, or on other answers than were shown."""
    next_state(form, act, as_whom(facts, form), reason="to come")
    if form.version != version:
        raise OutOfDate(changed(facts, form, version, LOOK_ONCE_MORE))


def _done(form: Assessment, act: Act) -> Wording:
    match act:
        case "confirm":
            return _("✅ Confirmed: {name}.", name=form.person.named)
        case "adjust":
            return _("Adjusted: {name}. The form as it is now:", name=form.person.named)
        case _:
            return _("↩️ Returned to {name}, with your reason.", name=form.person.named)


def _indicator(facts: Facts, talk: Deciding) -> Indicator:
    return subject(facts, talk.assessment_id).criteria.indicator(talk.indicator)


def _reason(heard: Heard) -> str:
    if not isinstance(heard, Wrote):
        raise NotUnderstood(_("Please give a reason: the resident will read it."))
    return read_reason(heard.text)
