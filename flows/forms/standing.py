"""How one's own form stands, and what can be done with it from home."""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event, Said
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.subject import HomeEntry
from flows.domain.assessments import Assessment, next_state, result_of
from flows.domain.rounds import Round
from flows.forms import talk
from flows.forms import words as forms
from flows.forms.records import Acted
from flows.forms.talk import Filling
from flows.words.refusals import Refused
from flows.words.wording import Wording, _, lines, n_, paragraphs

# Whoever wants to begin, go on or sign up says the same.
GO_ON = words("""
    bắt đầu; bắt đầu làm; bắt đầu làm phiếu; làm phiếu; làm; làm tiếp; làm tiếp phiếu; tiếp; tiếp tục; làm luôn; làm
    ngay; vào làm; đăng ký; đăng kí; đăng ký làm phiếu; tự đánh giá; đánh giá; làm đánh giá; khai phiếu; điền phiếu;
    điền tiếp; mở phiếu; làm bài; làm lại; tham gia; tôi muốn tham gia; start; begin; continue; go on; register;
    sign up; fill in
""")
BEGIN = Choice("begin", _("Start my form"), GO_ON)
CONTINUE = Choice("continue", _("Continue my form"), GO_ON + words("sửa phiếu; sửa; nộp; nộp phiếu; nộp lại"))
SUMMARY = Choice("summary", _("See my summary"), words("tổng kết; kết quả; xem kết quả; xem; xem lại phiếu; summary"))
TAKE_BACK = Choice(
    "take_back",
    _("Take the form back to correct it"),
    words("""
        rút; rút lại; rút phiếu; rút phiếu về; rút về; rút lại phiếu; rút phiếu lại; rút phiếu để sửa; lấy lại
        phiếu; lấy phiếu về; xin rút phiếu; xin lại phiếu; take back; take it back; take my form back
    """),
    final=True,
)


def home(facts: Facts) -> Iterator[HomeEntry]:
    """Yield what can be done with one's form at home."""
    person, form = facts.person, facts.form
    if person is None or not person.is_resident:
        return
    if form is None:
        if facts.form_is_open:
            yield HomeEntry(BEGIN, go_on)
    elif form.editable and facts.form_is_open:
        yield HomeEntry(CONTINUE, go_on)
    elif form.state == "submitted" and facts.form_is_open:
        yield HomeEntry(SUMMARY, summarise)
        yield HomeEntry(TAKE_BACK, take_back)
    else:
        yield HomeEntry(SUMMARY, summarise)


def summarise(facts: Facts) -> Iterator[Event]:
    """Say what one's form comes to."""
    assert facts.form is not None
    yield Said(forms.summary(facts.form))


def go_on(facts: Facts) -> Iterator[Event]:
    """Go on with one's form."""
    if (closed := talk.outside_days(facts)) is not None:
        raise Refused(closed)
    elif facts.form is not None and not facts.form.editable:
        raise Refused(_("Your form is {state}; it cannot be changed now.", state=forms.state_words(facts.form)))
    else:
        yield from talk.begin(facts)


def take_back(facts: Facts) -> Iterator[Event]:
    """Take a submitted form back into the resident's hands, while nobody has decided on it."""
    form = facts.form
    if form is None:
        raise Refused(_("There is no form under way."))
    if form.state != "submitted":
        raise Refused(_("Your form is {state}; it cannot be taken back now.", state=forms.state_words(form)))
    if (closed := talk.outside_days(facts)) is not None:
        raise Refused(closed)  # it could not be handed in again
    result = result_of(form)
    state = next_state(form, "withdraw", "resident")
    yield Acted(form.id, "withdraw", "resident", form.version, state, result.total, result.passed)
    yield Said(_("The form is back with you. The branch will see it again once you submit it."))
    yield Entered("summary", Filling())


def status(facts: Facts) -> Iterator[Wording | None]:
    """Say how one's form stands, in a line or two."""
    yield _form_status(facts)


def _form_status(facts: Facts) -> Wording | None:
    form = facts.form
    if facts.person is None or not facts.person.is_resident:
        return None
    closed = talk.outside_days(facts)
    if form is None:
        return paragraphs(closed or lines(_not_begun(facts), _taken_until(facts.round)), _earlier(facts))
    left = len(form.unanswered)
    match form.state:
        case "draft" if left:
            words: Wording = n_("Your form: {count} question is left.", "Your form: {count} questions are left.", left)
        case "draft":
            words = _("Your form is complete but not submitted yet.")
        case "returned":
            words = lines(
                _("The branch asks you to correct your form."),
                _("Reason: {reason}", reason=form.reason),
                _("You can correct it until the end of {day}.", day=form.open_until)
                if form.open_until and not closed
                else None,
            )
        case "submitted":
            words = _(
                "Your form is submitted: {total} points. The branch will read it and answer here.",
                total=result_of(form).total,
            )
        case "confirmed":
            words = _("Your form is confirmed by the branch: {total} points.", total=result_of(form).total)
        case "checked":
            words = _(
                "The Study Promotion Association of the commune has proposed you for the title “{title}”: {total}"
                " points.",
                title=form.criteria.title,
                total=result_of(form).total,
            )
        case "recognised":
            words = _("🎉 You are recognised: “{title}”.", title=form.criteria.title)
        case "revoked":
            words = lines(
                _("The recognition as “{title}” was revoked.", title=form.criteria.title),
                _("Reason: {reason}", reason=form.reason) if form.reason else None,
            )
    round_ = facts.round_of(form)
    heading = round_.name if round_ is not None and round_ != facts.round else None
    return paragraphs(
        lines(heading, words, _next_day(facts, form, round_)), closed if form.editable else None, _earlier(facts)
    )


def _next_day(facts: Facts, form: Assessment, round_: Round | None) -> Wording | None:
    """Say the day of the round that a form waits for."""
    if round_ is None or facts.today > round_.phases.decision:
        return None
    match form.state:
        case "draft" if facts.today <= round_.closes:
            return _taken_until(round_)
        case "submitted" if form.closed:
            return talk.COMES_LATE
        case "submitted" if facts.today <= round_.phases.branch:
            return _("The branch confirms until the end of {day}.", day=round_.phases.branch)
        case "submitted":
            return _(
                "The branch was to confirm until the end of {day}: please ask the branch head.",
                day=round_.phases.branch,
            )
        case "confirmed" | "checked" if result_of(form).passed:
            return _("The commune recognises until the end of {day}.", day=round_.phases.decision)
        case _:
            return None


def _taken_until(round_: Round | None) -> Wording | None:
    return _("Forms are taken until the end of {day}.", day=round_.closes) if round_ is not None else None


def _earlier(facts: Facts) -> Wording | None:
    """List the forms of other years, the newest first."""
    return lines(*(forms.state_line(facts, form) for form in facts.earlier_forms)) if facts.earlier_forms else None


def _not_begun(facts: Facts) -> Wording:
    return n_(
        "The self-assessment has {count} question and takes about ten minutes.",
        "The self-assessment has {count} questions and takes about ten minutes.",
        len(talk.criteria_for(facts).indicators),
    )
