"""The branch head's work: the list of forms, one form, confirming it, adjusting an answer, returning it."""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, Left, PersonAddress, Said, Sent, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message, StoredFile
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, Wrote, chosen, words
from flows.conversation.session import Talk
from flows.domain.assessments import BRANCH, Act, Answer, Assessment, Evidence, State, next_state, result_of
from flows.domain.criteria import Indicator
from flows.forms import words as forms
from flows.forms.card import ADJUST, ANSWERS, CONFIRM, RETURN, card, file_buttons
from flows.forms.needs import assessment
from flows.forms.records import Acted, changed_by
from flows.review.needs import FormList, ListedForm, ListWanted
from flows.roles.deciding import as_whom, decided_by, head_instead, may_see
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.spelling import composed, has_invisible
from flows.words.wording import Wording, _, lines, n_, paragraphs


class Reviewing(Talk, frozen=True, tag="review"):
    """The list the branch head looks at, or a form from it."""

    listed: str = "submitted"
    page: int = 0
    assessment_id: int = 0


class Deciding(Talk, frozen=True, tag="decision"):
    """An act on exactly this version of a form, until its reason is given and, where it is short, confirmed."""

    assessment_id: int
    version: int
    indicator: str = ""
    level: str = ""
    reason: str = ""


PAGE = 8
REASON_LENGTH = 500

SURE = replace(YES, final=True)
NOT_SURE = replace(NO, also=NO.also + words("không trả; không trả nữa; đừng trả; không sửa; gõ lại"))
CHANGED = _("This form has changed since it was shown. To look at it once more, type “review”.")
LATER = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))
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
LISTS: dict[State, Choice] = {
    "submitted": Choice("submitted", _("Waiting"), words("chờ; đang chờ; phiếu chờ; chờ xác nhận; waiting")),
    "confirmed": Choice("confirmed", _("Confirmed"), words("đã xác nhận; đã duyệt; confirmed")),
    "returned": Choice("returned", _("Returned"), words("đã trả; trả lại; đã trả lại; phiếu trả; returned")),
    "draft": Choice(
        "draft",
        _("Not finished"),
        words("chưa xong; chưa nộp; ai chưa xong; ai chưa làm; unfinished"),
    ),
}


def ask_list(facts: Facts, talk: Reviewing) -> Question:
    state = _listed_state(talk)
    page, listed = _page(facts, talk)
    rounds = facts.rounds_in(facts.scope(*BRANCH))
    waiting = listed.counts.get("submitted", 0) > 0
    more = listed.counts.get(state, 0) > (page + 1) * PAGE
    return Question(
        paragraphs(
            lines(
                _("Forms of your branch: {unit}", unit=_branch_name(facts)), *_last_days(facts, rounds, waiting=waiting)
            ),
            lines(*(_("{state}: {count}", state=LISTS[s].label, count=listed.counts.get(s, 0)) for s in LISTS)),
            _("{state}, page {page}:", state=LISTS[state].label, page=page + 1)
            if listed.forms
            else _("None here: {state}.", state=LISTS[state].label),
            lines(*(_unfinished(form) for form in listed.forms)) if state == "draft" else None,
        ),
        tuple(_listed_choice(form) for form in listed.forms) if state != "draft" else (),
        (*((LATER,) if more else ()), *(choice for s, choice in LISTS.items() if s != state), BACK),
        numbered=True,
    )


def _page(facts: Facts, talk: Reviewing) -> tuple[int, FormList]:
    """Return the page that is shown, and what is on it: the last one when the list has shrunk meanwhile."""
    state, units = _listed_state(talk), facts.scope(*BRANCH)
    wanted = ListWanted(units, facts.rounds_in(units), state, facts.person_id, talk.page * PAGE, PAGE)
    listed = _listed(facts, wanted)
    page = min(talk.page, max(listed.counts.get(state, 0) - 1, 0) // PAGE)
    return page, listed if page == talk.page else _listed(facts, replace(wanted, offset=page * PAGE))


def _listed(facts: Facts, wanted: ListWanted) -> FormList:
    """Look up a page of a list, as it will be after what this turn decides."""
    listed = facts.find(wanted)
    for before, after in facts.moved:
        counts = {**listed.counts}
        counts[before.state] = counts.get(before.state, 0) - 1
        counts[after.state] = counts.get(after.state, 0) + 1
        forms = tuple(form for form in listed.forms if form.assessment_id != after.id or after.state == wanted.state)
        listed = FormList(counts, forms)
    return listed


def _last_days(facts: Facts, rounds: Iterable[int], *, waiting: bool) -> Iterator[Wording]:
    """Say until when the branch confirms, for each round that has forms here; or was to, while any wait."""
    known = facts.reference.rounds_by_id
    days = {known[id_].phases.branch for id_ in rounds}
    for day in sorted(days):
        if facts.today <= day:
            yield _("Please confirm until the end of {day}.", day=day)
        elif waiting:
            yield _late_by(day)


def _late_by(day: date) -> Wording:
    """Say that the branch's time is over. Nothing is locked by it: the level above lets in what is late."""
    return _(
        "The last day to confirm was {day}. What is decided later is noted all the same; please tell the Study"
        " Promotion Association of the commune.",
        day=day,
    )


def _listed_choice(form: ListedForm) -> Choice:
    return Choice(str(form.assessment_id), _("{name} · {total} points", name=form.name, total=form.total))


def _unfinished(form: ListedForm) -> Wording:
    """Name somebody who is not done: how far they are is the branch head's to know, what they answered is not yet."""
    return n_(
        "• {name}: {count} question answered", "• {name}: {count} questions answered", form.answered, name=form.name
    )


def hear_list(facts: Facts, talk: Reviewing, heard: Heard) -> Iterator[Event]:
    page, _forms = _page(facts, talk)
    match chosen(heard):
        case BACK.key if page > 0:
            yield Went("list", replace(talk, page=page - 1))
        case BACK.key:
            yield Left()
        case LATER.key:
            yield Went("list", replace(talk, page=page + 1))
        case key if key in LISTS:
            yield Went("list", Reviewing(listed=key))
        case key:
            yield Went("form", replace(talk, assessment_id=int(key)))


def ask_form(facts: Facts, talk: Reviewing) -> Question:
    form = subject(facts, talk.assessment_id)
    message = card(facts, form)
    head = head_instead(facts, form) if form.state == "submitted" else None
    acts = (CONFIRM, ADJUST, RETURN) if form.state == "submitted" and head is None else ()
    text = paragraphs(message.text, decided_by(head)) if head is not None else message.text
    return Question(text, (*acts, ANSWERS, *_file_choices(form)), (BACK,))


def _file_choices(form: Assessment) -> Iterator[Choice]:
    for button in file_buttons(form):
        yield Choice(button.payload.removeprefix("c:"), button.label)


def hear_form(facts: Facts, talk: Reviewing, heard: Heard) -> Iterator[Event]:
    form = subject(facts, talk.assessment_id)
    match chosen(heard):
        case BACK.key:
            yield Went("list", replace(talk, assessment_id=0))
        case key:
            if key in {CONFIRM.key, ADJUST.key, RETURN.key}:
                yield Went("list", replace(talk, assessment_id=0))
            yield from act(facts, form, key, form.version)


def act(facts: Facts, form: Assessment, verb: str, version: int) -> Iterator[Event]:
    """Do what a button on a form says: show something at once, or decide on exactly the version it showed."""
    match verb.split(":"):
        case [ANSWERS.key]:
            yield Said(forms.answers(form))
        case ["file", _form_id, evidence_id]:
            yield Sent(_file(form, evidence_id))
        case [CONFIRM.key]:
            _hold_to(facts, form, version, "confirm")
            yield from decide_on(facts, form, "confirm")
        case [ADJUST.key]:
            _hold_to(facts, form, version, "adjust")
            yield Entered("adjust_which", Deciding(form.id, version))
        case [RETURN.key]:
            _hold_to(facts, form, version, "return")
            yield Entered("return_reason", Deciding(form.id, version))
        case _:
            raise NotUnderstood(_("Please choose one of the answers."))


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
    answer = form.answers.get(indicator.id)
    names = (*indicator.other_names, *(name for _language, name in indicator.short.texts))
    if answer is None:
        return Choice(indicator.id, indicator.short, names)
    return Choice(indicator.id, _("{short} · {points} pt", short=indicator.short, points=answer.points), names)


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
    """Decide on a form: record the act, tell the resident, answer the branch head."""
    actor = as_whom(facts, form)
    decided = Acted(
        form.id, act, actor, form.version, next_state(form, act, actor, reason), 0, False, reason,
        indicator.id if indicator else "", answer, _open_until(facts, form, act),
    )  # fmt: skip
    after = changed_by(decided, form)
    result = result_of(after)
    yield replace(decided, total=result.total, passed=result.passed)
    yield Told(PersonAddress(form.person.id), told_to_resident(after, act, reason, indicator))
    round_ = facts.round_of(form)
    late = _late_by(round_.phases.branch) if round_ is not None and facts.today > round_.phases.branch else None
    if act == "adjust":
        shown = card(facts, after)
        yield Sent(replace(shown, text=paragraphs(_done(after, act), late, shown.text)))
        return
    yield Said(_done(after, act))
    if late is not None:
        yield Said(late)


def _open_until(facts: Facts, form: Assessment, act: Act) -> date | None:
    """Return until when a form that is returned now may be corrected: some days, whatever the closing day."""
    round_ = facts.round_of(form)
    return round_.returned_until(facts.today) if act == "return" and round_ is not None else None


def told_to_resident(form: Assessment, act: Act, reason: str, indicator: Indicator | None) -> Message:
    """Say to the resident what the branch decided, with the reason and what can be done."""
    match act:
        case "confirm":
            return Message(
                paragraphs(_("✅ The branch has confirmed your form."), forms.summary(form), _what_follows(form))
            )
        case "adjust" if indicator is not None:
            text = paragraphs(
                _(
                    "The branch changed your answer to question {number} ({short}): {answer}.",
                    number=form.number(indicator.id),
                    short=indicator.short,
                    answer=forms.answer_words(indicator, form.answers.get(indicator.id)),
                ),
                _("Reason: {reason}", reason=reason),
                _("If this is not right, please speak with the branch head, or take the form back to correct it."),
            )
            return Message(text, ((Button(_("Take the form back to correct it"), "c:take_back", lasting=True),),))
        case _:
            text = paragraphs(
                _("↩️ The branch asks you to correct your form."),
                _("Reason: {reason}", reason=reason),
                _("You can correct it until the end of {day}.", day=form.open_until) if form.open_until else None,
                _("Your answers are kept. Press the button, or type for example “edit 4” to go to question 4."),
            )
            return Message(text, ((Button(_("Correct the form"), "c:continue", lasting=True),),))


def _what_follows(form: Assessment) -> Wording:
    if result_of(form).passed:
        return _(
            "The Study Promotion Association of the commune now proposes the list to the People's Committee of the"
            " commune, which recognises."
        )
    return _("Thank you for taking part. You are welcome to assess yourself again in the next round.")


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
    return _unseen(facts, talk.assessment_id) if talk.assessment_id else None


def decision_obstacle(facts: Facts, talk: Deciding) -> Wording | None:
    """Say why a decision cannot be made, if so: not one's own to make, or the form has changed since it was shown."""
    if any(form.id == talk.assessment_id for _before, form in facts.moved):
        return lines()  # decided in this very turn, which says so itself
    if (unseen := _unseen(facts, talk.assessment_id)) is not None:
        return unseen
    return CHANGED if subject(facts, talk.assessment_id).version != talk.version else None


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
        raise OutOfDate(CHANGED)


def _done(form: Assessment, act: Act) -> Wording:
    match act:
        case "confirm":
            return _("✅ Confirmed: {name}.", name=form.person.named)
        case "adjust":
            return _("Adjusted: {name}. The form as it is now:", name=form.person.named)
        case _:
            return _("↩️ Returned to {name}, with your reason.", name=form.person.named)


def _file(form: Assessment, evidence_id: str) -> Message:
    for indicator in form.criteria.indicators:
        for proof in form.evidence.get(indicator.id, ()):
            if str(proof.id) == evidence_id:
                return _shown(form, indicator, proof)
    raise OutOfDate(_("This file is not there any more."))


def _shown(form: Assessment, indicator: Indicator, proof: Evidence) -> Message:
    if not proof.source.startswith("sha256:"):
        raise OutOfDate(_("This file is still being fetched. Please try again in a minute."))
    caption = _(
        "{name}, question {number}: {short}",
        name=form.person.named,
        number=form.number(indicator.id),
        short=indicator.short,
    )
    return Message(caption, files=(StoredFile(proof.source.removeprefix("sha256:"), proof.kind, proof.name),))


def _indicator(facts: Facts, talk: Deciding) -> Indicator:
    return subject(facts, talk.assessment_id).criteria.indicator(talk.indicator)


def _listed_state(talk: Reviewing) -> State:
    return next((state for state in LISTS if state == talk.listed), "submitted")


def _branch_name(facts: Facts) -> str:
    units = facts.reference.units
    return " · ".join(units.in_sentence(role.unit_id) for role in facts.roles if role.kind in BRANCH)


def _reason(heard: Heard) -> str:
    if not isinstance(heard, Wrote):
        raise NotUnderstood(_("Please give a reason: the resident will read it."))
    reason = composed(heard.text)
    if not 3 <= len(reason) <= REASON_LENGTH:
        raise Refused(_("A reason has 3 to {most} characters.", most=REASON_LENGTH))
    if not any(letter.isalpha() for letter in reason):
        raise NotUnderstood(_("Please give a reason: the resident will read it."))
    if has_invisible(reason):
        raise Refused(_("This text has hidden characters in it. Please type it once more by hand."))
    return reason
