"""A form as a branch head gets it: its summary, with every act and every file one tap away."""

from collections.abc import Iterator

from flows.conversation.facts import Facts
from flows.conversation.messages import Button, Message, StoredFile
from flows.conversation.questions import Choice, words
from flows.domain.assessments import Assessment, Evidence
from flows.domain.criteria import Indicator
from flows.forms import words as forms
from flows.words.refusals import OutOfDate
from flows.words.wording import Wording, _, lines, paragraphs

CONFIRM = Choice(
    "confirm",
    _("✅ Confirm"),
    words("""
        xác nhận; duyệt; đồng ý; nhất trí; đồng ý xác nhận; duyệt luôn; xác nhận luôn; xác nhận phiếu này; đã xem
        xác nhận; confirm; approve
    """),  # not “duyệt phiếu”: people are told to type that to see what waits, perhaps with an old card open
    final=True,
)
ADJUST = Choice(
    "adjust",
    _("✏️ Adjust an answer"),
    words("""
        chỉnh; chỉnh điểm; điều chỉnh; sửa điểm; sửa; hạ điểm; sửa câu; sửa câu trả lời; chỉnh lại; chỉnh sửa; đổi
        điểm; giảm điểm; nâng điểm; điều chỉnh điểm; sửa lại điểm; adjust; change
    """),
)
RETURN = Choice(
    "return",
    _("↩️ Return"),
    words("""
        trả lại; trả; trả về; trả phiếu; trả lại phiếu; trả phiếu lại; yêu cầu sửa; làm lại; cho làm lại; bắt làm
        lại; bắt sửa; return; send back; trả cho sửa; trả lại để sửa
    """),
    final=True,
)
KNOWS, UNKNOWN = "knows", "unknown"
ANSWERS = Choice(
    "answers",
    _("📋 All answers"),
    words("câu trả lời; xem; xem câu trả lời; xem hết; xem chi tiết; chi tiết; các câu trả lời; answers; details"),
)


def card(facts: Facts, form: Assessment) -> Message:
    """Make the summary that a branch head decides on, every act and every file one tap away."""
    return Message(
        paragraphs(
            lines(
                _("📝 Form number {id} waits for the commune to let it in: the village is closed", id=form.id)
                if form.state == "submitted" and form.closed
                else _("📝 A form waits for your confirmation (number {id})", id=form.id)
                if form.state == "submitted"
                else _("📝 Form number {id}: {state}", id=form.id, state=forms.state_words(form)),
                forms.who(facts, form),
            ),
            forms.summary(form),
            _evidence_count(form),
            _to_vouch(form),
        ),
        (tuple(_acts(form)), tuple(_vouch_buttons(form)), tuple(file_buttons(form))),
    )


def _acts(form: Assessment) -> Iterator[Button]:
    if form.state == "submitted" and not form.closed:
        for choice in (CONFIRM, ADJUST, RETURN):
            yield Button(choice.label, f"c:{choice.key}:{form.id}:{form.version}", lasting=True)
    yield Button(ANSWERS.label, f"c:{ANSWERS.key}:{form.id}", lasting=True)


def to_vouch(form: Assessment) -> Iterator[tuple[Indicator, Evidence]]:
    """Yield what the branch is to vouch for and has not said anything about."""
    for indicator in form.criteria.indicators if form.state == "submitted" and not form.closed else ():
        for proof in form.evidence.get(indicator.id, ()):
            if proof.kind == "vouched" and proof.known is None:
                yield indicator, proof


def vouch_choices(form: Assessment) -> Iterator[Choice]:
    """Yield a yes and a no to each."""
    for indicator, proof in to_vouch(form):
        number = form.number(indicator.id)
        yield Choice(
            f"{KNOWS}:{proof.id}",
            _("👍 Question {number}: we know this", number=number),
            (f"có biết câu {number}", f"biết câu {number}", f"câu {number} có biết", f"câu {number} biết"),
        )
        yield Choice(
            f"{UNKNOWN}:{proof.id}",
            _("👎 Question {number}: not known", number=number),
            (f"không biết câu {number}", f"chưa biết câu {number}", f"câu {number} không biết"),
        )


def _vouch_buttons(form: Assessment) -> Iterator[Button]:
    for choice in vouch_choices(form):
        word, _colon, proof_id = choice.key.partition(":")
        yield Button(choice.label, f"c:{word}:{form.id}:{form.version}:{proof_id}", lasting=True)


def _to_vouch(form: Assessment) -> Wording | None:
    asked = [
        _("• Question {number}: {short}", number=form.number(indicator.id), short=indicator.short)
        for indicator, _proof in to_vouch(form)
    ]
    return lines(_("The resident says that the branch knows this already. Is that so?"), *asked) if asked else None


def file_buttons(form: Assessment) -> Iterator[Button]:
    for indicator in form.criteria.indicators:
        files = [proof for proof in form.evidence.get(indicator.id, ()) if proof.kind in {"photo", "document"}]
        for place, proof in enumerate(files, 1):
            number = str(form.number(indicator.id)) if len(files) == 1 else f"{form.number(indicator.id)} ({place})"
            label = (
                _("📷 Question {number}", number=number)
                if proof.kind == "photo"
                else _("📄 Question {number}", number=number)
            )
            yield Button(label, f"c:file:{form.id}:{proof.id}", lasting=True)


def _evidence_count(form: Assessment) -> Wording:
    with_evidence = [str(form.number(i.id)) for i in form.criteria.indicators if form.evidence.get(i.id)]
    if not with_evidence:
        return _("Evidence: none")
    return _("Evidence for questions: {numbers}", numbers=", ".join(with_evidence))


def shown_file(form: Assessment, evidence_id: str) -> Message:
    """Make the message that shows a file of a form. Raises OutOfDate for one that is not there."""
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
