"""The resident's form: one question a message, evidence where it helps, the summary, and submitting it."""

from collections.abc import Iterator

from flows.assessments import Answer, Assessment, Evidence, EvidenceKind, next_state, result_of
from flows.criteria import CriteriaSet, Indicator
from flows.events import (
    Acted,
    Answered,
    Begun,
    Entered,
    Event,
    EvidenceGiven,
    HeadsAddress,
    Left,
    Said,
    Told,
    Went,
)
from flows.facts import Facts, changed_by
from flows.flow import Flow, Step
from flows.questions import BACK, EXPLAIN, PAUSE, SKIP, Choice, Chose, Gave, Heard, Question, Wrote, chosen
from flows.refusals import NotUnderstood, Refused
from flows.session import Filling
from flows.spelling import cleaned, composed, has_invisible
from flows.talks import forms
from flows.talks.review import card
from flows.wording import Wording, _, lines, n_, paragraphs

EVIDENCE_LENGTH = 1000
NAME_LENGTH = 120
MOST_EVIDENCE = 5

VOUCHED = Choice(
    "vouched",
    _("The branch knows this already"),
    ("chi hoi biet", "chi hoi biet ro", "chi hoi biet toi", "branch knows", "the branch knows"),
)
# The same as skipping, in the words that fit once something was given.
DONE = Choice(SKIP.key, _("Continue →"), ("done", "xong", "tiep", "tiep tuc", "continue", "het", "khong", *SKIP.also))
SUBMIT = Choice("submit", _("Submit"), ("nop", "nop phieu", "gui", "gui phieu", "submit", "send"))
CHANGE = Choice("change", _("Change an answer"), ("sua", "doi", "change"))


def begin(facts: Facts) -> Iterator[Event]:
    """Begin the form of the present round, or go on where it was left."""
    form, round_, criteria = facts.form, facts.round, criteria_for(facts)
    if form is not None:
        yield resume(form)
    elif round_ is not None and criteria is not None and facts.person is not None:
        assert facts.person.unit_id is not None
        yield Begun(round_.id, facts.person.unit_id, criteria)
        yield Said(_("You can stop at any time and go on another day; nothing is lost."))
        yield Entered("indicator", Filling(criteria.indicators[0].id))


def criteria_for(facts: Facts) -> CriteriaSet | None:
    """Return the criteria set a resident begins with in the present round."""
    if facts.round is None or facts.person is None or facts.person.group is None:
        return None
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


def ask_indicator(facts: Facts, talk: Filling) -> Question:
    form, indicator = _at(facts, talk)
    answer = form.answers.get(indicator.id)
    return Question(
        paragraphs(
            _(
                "{number}/{all} · {question}",
                number=form.number(indicator.id),
                all=len(form.criteria.indicators),
                question=indicator.question,
            ),
            _("Your answer so far: {answer}", answer=indicator.level(answer.level_id).label) if answer else None,
        ),
        tuple(Choice(level.id, level.label) for level in indicator.levels),
        (BACK, EXPLAIN, PAUSE) if form.number(indicator.id) > 1 else (EXPLAIN, PAUSE),
        numbered=True,
    )


def hear_indicator(facts: Facts, talk: Filling, heard: Heard) -> Iterator[Event]:
    form, indicator = _at(facts, talk)
    match heard:
        case Chose(BACK.key):
            yield _to(form.criteria.indicators[form.number(indicator.id) - 2])
        case Chose(EXPLAIN.key):
            yield Said(explained(indicator))
        case Chose(PAUSE.key):
            yield from paused()
        case Chose(level_id):
            level = indicator.level(level_id)
            yield Answered(form.id, indicator.id, Answer(level.id, level.points))
            if indicator.evidence == "asked":
                yield Went("evidence", talk)
            else:
                yield _onwards(form, indicator)
        case _:
            raise NotUnderstood(_("Please choose one of the answers."))


def ask_evidence(facts: Facts, talk: Filling) -> Question:
    form, indicator = _at(facts, talk)
    given = form.evidence.get(indicator.id, ())
    return Question(
        paragraphs(
            _("Send more, or continue."),
            n_("{count} piece of evidence so far.", "{count} pieces of evidence so far.", len(given)),
        )
        if given
        else lines(
            _("Question {number}: is there a photo or a paper to show for it?", number=form.number(indicator.id)),
            _("For example: {hint}", hint=indicator.evidence_hint) if indicator.evidence_hint else None,
            _("Send a photo or a document, or write a line. If there is none, press “Skip”."),
        ),
        (DONE, VOUCHED) if given else (VOUCHED, SKIP),
        (BACK, PAUSE),
        free=True,
        files=True,
    )


def hear_evidence(facts: Facts, talk: Filling, heard: Heard) -> Iterator[Event]:
    form, indicator = _at(facts, talk)
    match heard:
        case Chose(BACK.key):
            yield _to(indicator)
        case Chose(PAUSE.key):
            yield from paused()
        case Chose(VOUCHED.key):
            if all(proof.kind != "vouched" for proof in form.evidence.get(indicator.id, ())):
                yield EvidenceGiven(form.id, indicator.id, Evidence("vouched"))
            yield _onwards(form, indicator)
        case Chose():
            yield _onwards(form, indicator)
        case Gave(file):
            _refuse_more(form, indicator)
            kind: EvidenceKind = "photo" if file.kind == "photo" else "document"
            yield EvidenceGiven(
                form.id,
                indicator.id,
                Evidence(kind, cleaned(file.caption, EVIDENCE_LENGTH), file.source, cleaned(file.name, NAME_LENGTH)),
            )
            yield Said(_("Received, thank you."))
        case Wrote(text):
            _refuse_more(form, indicator)
            yield EvidenceGiven(form.id, indicator.id, Evidence("text", read_evidence(text)))
            yield Said(_("Noted, thank you."))
            yield _onwards(form, indicator)


def read_evidence(typed: str) -> str:
    """Return a text as evidence: NFC, of bearable length."""
    text = composed(typed)
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
            _("After you submit, the branch of your village reads and confirms it.")
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
    yield Told(HeadsAddress(form.unit_id, form.person.id), card(facts, changed_by(submitted, form)))
    yield Said(_("✅ Submitted. Thank you."))
    yield Left(home=True)


def ask_change(facts: Facts, talk: Filling) -> Question:
    form = _form(facts)
    return Question(
        _("Which question do you want to change?"),
        tuple(Choice(indicator.id, indicator.short) for indicator in form.criteria.indicators),
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
    form, round_ = facts.form, facts.round
    if form is None or round_ is None:
        return _("There is no form under way.")
    if not form.editable:
        return _("Your form is {state}; it cannot be changed now.", state=forms.state_words(form))
    return outside_days(facts)


def outside_days(facts: Facts) -> Wording | None:
    """Say when the round opens, or that it is closed; None while it is open."""
    round_ = facts.round
    if round_ is None:
        return _(
            "No round of assessment is open in {unit} yet. Please come back later.",
            unit=_registered_in(facts),
        )
    match round_.state(facts.today):
        case "upcoming":
            return _("{round} opens on {day}. Please come back then.", round=round_.name, day=round_.opens)
        case "closed" if facts.form is not None and facts.form.editable:
            return _("{round} closed on {day}. What you filled in is kept.", round=round_.name, day=round_.closes)
        case "closed":
            return _("{round} closed on {day}.", round=round_.name, day=round_.closes)
        case "open":
            return None


def _registered_in(facts: Facts) -> str:
    assert facts.person is not None
    assert facts.person.unit_id is not None
    return facts.reference.units.in_sentence(facts.person.unit_id)


def paused() -> Iterator[Event]:
    """Leave the form for now. How much is left is said at home."""
    yield Said(_("Saved."))
    yield Left(home=True)


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
    left = [indicator for indicator in form.unanswered if indicator.id != done.id]
    place = form.number(done.id)
    after = [indicator for indicator in left if form.number(indicator.id) > place]
    return _to((after or left)[0]) if left else Went("summary", Filling())


def _refuse_more(form: Assessment, indicator: Indicator) -> None:
    if len(form.evidence.get(indicator.id, ())) >= MOST_EVIDENCE:
        raise Refused(_("{most} pieces of evidence for one question are enough.", most=MOST_EVIDENCE))
