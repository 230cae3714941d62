"""The resident's form: one question a message, evidence where it helps, the summary, and submitting it."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, Left, PersonAddress, Said, Told, Went, branch_of
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import (
    BACK,
    EXPLAIN,
    NO,
    PAUSE,
    SKIP,
    YES,
    Choice,
    Chose,
    Gave,
    Heard,
    Question,
    Wrote,
    chosen,
    words,
)
from flows.conversation.session import Talk
from flows.conversation.understanding import begins, begins_with_no, says
from flows.domain.assessments import MOST_FILE_BYTES, Answer, Assessment, Evidence, EvidenceKind, next_state, result_of
from flows.domain.criteria import CriteriaSet, Indicator, Level
from flows.forms import last_year
from flows.forms import words as forms
from flows.forms.card import card
from flows.forms.records import Acted, Answered, Begun, EvidenceGiven, changed_by
from flows.publishing.talk import AskingForNames, is_asked
from flows.roles.needs import holders_over
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import cleaned, composed, fold, has_invisible
from flows.words.wording import Wording, _, lines, n_, paragraphs


class Filling(Talk, frozen=True, tag="self-assessment"):
    """The indicator that is being answered."""

    indicator: str = ""


EVIDENCE_LENGTH = 1000
NAME_LENGTH = 120
MOST_EVIDENCE = 5
FEWEST_LETTERS = 4
COMES_LATE = _(
    "The branch of your village has met already, and its list is closed. A form that comes now waits until the Study"
    " Promotion Association of the commune lets it in."
)

VOUCHED = Choice(
    "vouched",
    _("The branch knows this already"),
    words("""
        chi hội biết; chi hội biết tôi; chi hội biết rõ; chi hội đã biết; chi hội đã biết việc này; chi hội làm
        chứng; chi hội xác nhận; hỏi chi hội; trưởng chi hội biết; chi hội trưởng biết; chi hội trưởng đã biết; bác
        chi hội trưởng biết; trong thôn ai cũng biết; cả thôn biết; mọi người đều biết; ai cũng biết; branch knows;
        the branch knows; they know
    """),
)
WITHOUT = replace(
    SKIP,
    also=SKIP.also
    + words("""
        không; chưa; chưa có; không có gì; chưa có gì; không có gì cả; không có gì hết; không có ảnh; chưa có ảnh;
        không ảnh; không có hình; không chụp; chưa chụp; không chụp được; không chụp ảnh; không có giấy tờ; không có
        giấy; không có minh chứng; không có tài liệu; không gửi; không gửi được; không gửi ảnh; không gửi gì; không
        cần; khỏi; khỏi gửi; thôi; thôi khỏi; thôi bỏ qua; xong; hết; hết rồi; không còn; không còn gì; không đâu;
        không nhớ; chẳng có; chẳng có gì; mất rồi; không giữ; làm mất rồi; no; none; nothing; i have none; i dont
        have any; no photo; continue; done
    """),
)
THERE_IS_NONE = Choice(SKIP.key, "", words("không có; chưa có; chẳng có; chả có; không còn; có gì đâu"))
# The same as skipping, in the words that fit once something was given.
DONE = replace(WITHOUT, label=_("Continue →"))
# Where evidence is asked, “thôi” goes on without any.
PAUSE_UNDER_EVIDENCE = replace(PAUSE, also=tuple(word for word in PAUSE.also if word not in WITHOUT.also))
HOW_TO_SEND = replace(
    EXPLAIN,
    also=EXPLAIN.also
    + words("""
        gửi thế nào; gửi như thế nào; gửi sao; gửi kiểu gì; gửi gì; gửi cái gì; gửi ảnh gì; ảnh gì; chụp gì; không
        biết gửi; không biết gửi gì; không biết gửi thế nào; không biết gửi ảnh; không biết gửi ảnh thế nào; cần gì;
        cần ảnh gì; cần giấy tờ gì; minh chứng là gì; ghi gì; viết gì; phải gửi gì; how; what to send; how do i
        send; có phải gửi không; có cần không; có bắt buộc không
    """),
)
SUBMIT = Choice(
    "submit",
    _("Submit"),
    words("""
        nộp; nộp phiếu; nộp luôn; nộp ngay; nộp đi; nộp bài; đồng ý nộp; nộp phiếu luôn; nộp phiếu ngay; gửi; gửi
        phiếu; gửi đi; gửi luôn; gửi chi hội; gửi cho chi hội; nộp cho chi hội; có; vâng; dạ vâng; đồng ý; ok; oke;
        nộp phiếu này; submit; submit it; send; send it; yes; yes submit
    """),
    final=True,
)
CHANGE = Choice(
    "change",
    _("Change an answer"),
    words("""
        sửa; sửa lại; đổi; đổi lại; sửa câu; sửa câu trả lời; sửa phiếu; xem lại; sửa đã; chưa nộp; khoan; khoan đã;
        chưa; chưa đúng; sai; nhầm; sửa một câu; đổi câu trả lời; change; edit; để sửa; cần sửa; muốn sửa
    """),
)


def begin(facts: Facts) -> Iterator[Event]:
    """Begin the form of the present round, or go on where it was left."""
    if facts.form is not None:
        yield resume(facts.form)
        return
    criteria, person, round_ = criteria_for(facts), facts.person, facts.round
    assert person is not None
    assert person.unit_id is not None
    assert round_ is not None
    yield Begun(round_.id, person.unit_id, criteria)
    yield Said(_("You can stop at any time and go on another day; nothing is lost."))
    if last_year.anything_before(facts, Assessment(0, person, round_.id, person.unit_id, criteria)):
        yield Said(
            _(
                "What was answered the last time stands beside each question. It counts only once it is chosen;"
                " photos and papers are to be sent anew."
            )
        )
    yield Entered("indicator", Filling(criteria.indicators[0].id))


def criteria_for(facts: Facts) -> CriteriaSet:
    """Return the criteria set that a resident begins with in the present round, which there is."""
    assert facts.round is not None
    assert facts.person is not None
    assert facts.person.group is not None
    return facts.reference.criteria[facts.round.sets[facts.person.group]]


def resume(form: Assessment) -> Entered:
    """Enter at the first question without an answer, or at the summary."""
    if form.unanswered:
        return Entered("indicator", Filling(form.unanswered[0].id))
    return Entered("summary", Filling())


def jump(form: Assessment, number: int) -> Entered:
    """Enter at question `number`, from 1."""
    indicators = form.criteria.indicators
    if not 1 <= number <= len(indicators):
        raise Refused(_("The form has questions 1 to {last}.", last=len(indicators)))
    return Entered("indicator", Filling(indicators[number - 1].id))


def send_again(form: Assessment, number: int) -> Entered:
    """Enter where evidence for question `number` is given."""
    return replace(jump(form, number), step="evidence")


def ask_indicator(facts: Facts, talk: Filling) -> Question:
    form, indicator = _at(facts, talk)
    answer = form.answers.get(indicator.id)
    before = last_year.answered_before(facts, form, indicator) if answer is None else None
    levels = _levels(form.criteria, indicator.id)
    return Question(
        paragraphs(
            _(
                "{number}/{all} · {question}",
                number=form.number(indicator.id),
                all=len(form.criteria.indicators),
                question=indicator.question,
            ),
            _("Your answer so far: {answer}", answer=indicator.level(answer.level_id).label) if answer else None,
            last_year.said(before) if before else None,
        ),
        (*levels, last_year.choice(before)) if before else levels,
        (BACK, EXPLAIN, PAUSE) if form.number(indicator.id) > 1 else (EXPLAIN, PAUSE),
        numbered=True,
        hint=last_year.how_to(before) if before else _("Please choose one of the answers below, or type its number."),
        unshown=(last_year.UNCLEAR,) if before else (),
    )


@lru_cache(1024)
def _levels(criteria: CriteriaSet, indicator_id: str) -> tuple[Choice, ...]:
    """Return the answers to an indicator: the same objects each time, for what they are called is looked up by them."""
    levels = criteria.indicators[criteria.places[indicator_id] - 1].levels
    return tuple(Choice(level.id, level.label, level.also) for level in levels)


def hear_indicator(facts: Facts, talk: Filling, heard: Heard) -> Iterator[Event]:
    form, indicator = _at(facts, talk)
    match heard:
        case Chose(BACK.key):
            yield _to(form.criteria.indicators[form.number(indicator.id) - 2])
        case Chose(EXPLAIN.key):
            yield Said(explained(indicator))
        case Chose(PAUSE.key):
            yield from paused()
        case Chose(last_year.UNCLEAR.key):
            before = last_year.answered_before(facts, form, indicator)
            assert before is not None
            raise NotUnderstood(last_year.how_to(before))
        case Chose(key):
            level = _chosen_level(facts, form, indicator, key)
            yield Answered(form.id, indicator.id, Answer(level.id, level.points))
            if indicator.evidence == "asked" and level.points >= form.criteria.pass_rule.floor:
                yield Went("evidence", talk)
            else:
                yield _onwards(form, indicator)
        case _:
            raise NotUnderstood(_("Please choose one of the answers."))


def _chosen_level(facts: Facts, form: Assessment, indicator: Indicator, key: str) -> Level:
    if key != last_year.AS_BEFORE.key:
        return indicator.level(key)
    before = last_year.answered_before(facts, form, indicator)
    assert before is not None  # it was asked
    return before.level


def ask_evidence(facts: Facts, talk: Filling) -> Question:
    form, indicator = _at(facts, talk)
    given = form.evidence.get(indicator.id, ())
    return Question(
        paragraphs(
            _("Send more, or continue."),
            n_("{count} piece of evidence sent so far.", "{count} pieces of evidence sent so far.", len(given)),
        )
        if given
        else lines(
            _("Question {number}: is there a photo or a paper to show for it?", number=form.number(indicator.id)),
            _("For example: {hint}", hint=indicator.evidence_hint) if indicator.evidence_hint else None,
            _("Send a photo or a document, or write a line. If there is none, press “Skip”."),
        ),
        (VOUCHED, DONE if given else WITHOUT),
        (BACK, HOW_TO_SEND, PAUSE_UNDER_EVIDENCE),
        free=True,
        files=True,
        numbered=True,
    )


def hear_evidence(facts: Facts, talk: Filling, heard: Heard) -> Iterator[Event]:
    form, indicator = _at(facts, talk)
    match heard:
        case Chose(BACK.key):
            yield _to(indicator)
        case Chose(PAUSE.key):
            yield from paused()
        case Chose(EXPLAIN.key):
            yield Said(explained_evidence())
        case Chose(VOUCHED.key):
            if all(proof.kind != "vouched" for proof in form.evidence.get(indicator.id, ())):
                yield EvidenceGiven(form.id, indicator.id, Evidence("vouched"))
            yield _onwards(form, indicator)
        case Chose():
            yield _onwards(form, indicator)
        case Gave(file):
            _refuse_more(form, indicator)
            if file.size > MOST_FILE_BYTES:
                raise Refused(_("The file is too large, 10 MB at most."))
            kind: EvidenceKind = "photo" if file.kind == "photo" else "document"
            yield EvidenceGiven(
                form.id,
                indicator.id,
                Evidence(kind, cleaned(file.caption, EVIDENCE_LENGTH), file.source, cleaned(file.name, NAME_LENGTH)),
            )
            # What a channel still holds is fetched after this turn: nobody knows yet whether it can be kept.
            yield Said(_("Thank you for sending it."))
        case Wrote(text) if begins(text, THERE_IS_NONE):
            yield _onwards(form, indicator)
        case Wrote(text):
            _refuse_more(form, indicator)
            yield EvidenceGiven(form.id, indicator.id, Evidence("text", read_evidence(text)))
            yield Said(_("Noted, thank you."))
            yield _onwards(form, indicator)


def read_evidence(typed: str) -> str:
    """Return a text as evidence: NFC, of bearable length. A yes, a no, a number, a question is none."""
    text = composed(typed)
    if len(fold(text)) < FEWEST_LETTERS or text.endswith("?") or says(text, YES, NO) or begins_with_no(text):
        raise NotUnderstood(
            _("Please send a photo or a document, or write a line about it. Without any, press “Skip”.")
        )
    if len(text) > EVIDENCE_LENGTH:
        raise Refused(
            _(
                "This is {length} characters long, {most} at most can be kept. Please say it more briefly.",
                length=len(text),
                most=EVIDENCE_LENGTH,
            )
        )
    if has_invisible(text):
        raise Refused(_("This text has hidden characters in it. Please type it once more by hand."))
    return text


def ask_summary(facts: Facts, talk: Filling) -> Question:
    form = _form(facts)
    return Question(
        paragraphs(
            _("You have answered every question. The result:"),
            forms.summary(form),
            COMES_LATE
            if form.closed
            else _("After you submit, the branch of your village reads and confirms it.")
            if result_of(form).passed
            else _("You can submit the form all the same; the branch of your village reads it and advises you."),
        ),
        (SUBMIT, CHANGE),
        (PAUSE,),
        again=_("Press “Submit” to send the form to the branch, or change an answer first."),
    )


def hear_summary(facts: Facts, talk: Filling, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case SUBMIT.key:
            yield from submit(facts, _form(facts))
        case CHANGE.key:
            yield Went("change", talk)
        case _:
            yield from paused()


def submit(facts: Facts, form: Assessment) -> Iterator[Event]:
    """Hand the form in and lay it before the branch."""
    result = result_of(form)
    state = next_state(form, "submit", "resident")
    submitted = Acted(form.id, "submit", "resident", form.version, state, result.total, result.passed)
    yield submitted
    yield Told(branch_of(form), card(facts, changed_by(submitted, form)), may_wait=True)
    yield Said(_("✅ Submitted. Thank you."))
    if form.closed:
        yield Said(COMES_LATE)
        yield from _told_to_association(facts, form)
    yield Left(home=True)
    if form.state == "draft" and is_asked(facts.person):  # once: whoever corrects a form has been asked
        yield Entered("named", AskingForNames())


def _told_to_association(facts: Facts, form: Assessment) -> Iterator[Event]:
    """Tell who can let a form in that came after its village was closed."""
    unit = facts.reference.units.full_name(form.unit_id)
    see = Button(_("Look at the village"), f"c:village:{form.unit_id}:{form.round_id}", lasting=True)
    text = _("⏰ {unit}: the form of {name} came after the village was closed.", unit=unit, name=form.person.named)
    for holder in holders_over(facts, form.unit_id, "association"):
        yield Told(PersonAddress(holder.person_id), Message(text, ((see,),)))


def ask_change(facts: Facts, talk: Filling) -> Question:
    form = _form(facts)
    return Question(
        _("Which question do you want to change?"),
        tuple(Choice(indicator.id, indicator.short, indicator.other_names) for indicator in form.criteria.indicators),
        (BACK,),
        numbered=True,
    )


def hear_change(facts: Facts, talk: Filling, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("summary", talk)
        case indicator_id:
            yield Went("indicator", Filling(indicator_id))


def obstacle(facts: Facts, talk: Filling) -> Wording | None:
    """Say why the form cannot be filled in now, if so: gone, handed in, or outside the round's days."""
    form = facts.form
    if form is None:
        return _("There is no form under way.")
    if not form.editable:
        return _("Your form is {state}; it cannot be changed now.", state=forms.state_words(form))
    return outside_days(facts)


def outside_days(facts: Facts) -> Wording | None:
    """Say when the round opens, or that it is closed; None while answers may be given."""
    if facts.form_is_open:
        return None
    round_ = facts.round_of(facts.form) if facts.form is not None else facts.round
    if round_ is None:
        return _(
            "No round of assessment is open in {unit} yet. Please come back later.",
            unit=_registered_in(facts),
        )
    match round_.state(facts.today):
        case "upcoming":
            return _("{round} opens on {day}. Please come back then.", round=round_.name, day=round_.opens)
        case _ if facts.form is not None and facts.form.state == "returned" and facts.form.open_until is not None:
            day = facts.form.open_until
            return _("The time to correct the form ended on {day}. What you filled in is kept.", day=day)
        case _ if facts.form is not None and facts.form.editable:
            return _("{round} closed on {day}. What you filled in is kept.", round=round_.name, day=round_.closes)
        case _ if facts.form is None and round_.is_decided(facts.today):
            return _(
                "{round} closed on {day}. Whoever could not begin in time may ask the branch head to be let in late.",
                round=round_.name,
                day=round_.closes,
            )
        case _:
            return _("{round} closed on {day}.", round=round_.name, day=round_.closes)


def _registered_in(facts: Facts) -> str:
    assert facts.person is not None
    assert facts.person.unit_id is not None
    return facts.reference.units.in_sentence(facts.person.unit_id)


def paused() -> Iterator[Event]:
    """Leave the form for now. How much is left is said at home."""
    yield Said(_("Saved."))
    yield Left(home=True)


def explained_evidence() -> Wording:
    """Say what evidence is for, and how it is sent."""
    return lines(
        _("Evidence helps the branch to confirm this answer; it is not compulsory."),
        _("To send a photo, press the paper clip or the camera beside the place where you type."),
        _("You may also write a line: what, where, when. Or let the branch vouch for it."),
    )


def explained(indicator: Indicator) -> Wording:
    """Say what an indicator means, with its official words."""
    return paragraphs(indicator.explanation, _("Official wording: {words}", words=indicator.official))


SELF_ASSESSMENT = Flow(
    Filling,
    steps=(
        Step("indicator", ask_indicator, hear_indicator),
        Step("evidence", ask_evidence, hear_evidence),
        Step("summary", ask_summary, hear_summary),
        Step("change", ask_change, hear_change),
    ),
    obstacle=obstacle,
    stopped=_("Stopped. What you have answered is kept."),
)


def _form(facts: Facts) -> Assessment:
    assert facts.form is not None
    return facts.form


def _at(facts: Facts, talk: Filling) -> tuple[Assessment, Indicator]:
    form = _form(facts)
    place = form.criteria.places.get(talk.indicator, 1)
    return form, form.criteria.indicators[place - 1]


def _to(indicator: Indicator) -> Went:
    return Went("indicator", Filling(indicator.id))


def _onwards(form: Assessment, done: Indicator) -> Went:
    """Go to the next question without an answer, the ones after this first; to the summary when none is left."""
    indicators, place = form.criteria.indicators, form.number(done.id)
    for indicator in (*indicators[place:], *indicators[: place - 1]):
        if indicator.id not in form.answers:
            return _to(indicator)
    return Went("summary", Filling())


def _refuse_more(form: Assessment, indicator: Indicator) -> None:
    if len(form.evidence.get(indicator.id, ())) >= MOST_EVIDENCE:
        raise Refused(_("{most} pieces of evidence for one question are enough.", most=MOST_EVIDENCE))
