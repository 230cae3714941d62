"""The forms of a village as the association reads them, and one form."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.commune.checking import MORE, PAGE, Checking, at_village
from flows.conversation.events import Event, Said, Sent, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.domain.assessments import TRANSITIONS, Assessment, State
from flows.forms import words as forms
from flows.forms.card import ANSWERS, card, file_buttons, shown_file
from flows.forms.deciding import barred
from flows.forms.needs import assessment
from flows.forms.seen import HERE_IT_IS, changed
from flows.review.needs import FormList, ListedForm, ListWanted
from flows.words.refusals import Refused
from flows.words.wording import _, lines, paragraphs

SEND_BACK = Choice(
    "send_back",
    _("↩️ Send back to the branch"),
    words("""
        trả lại chi hội; trả về chi hội; trả lại; trả phiếu; trả lại phiếu; chi hội xem lại; yêu cầu xem lại; send back
    """),
    final=True,
)
LET_IN = Choice(
    "let_in",
    _("🚪 Let in late"),
    words("""
        cho vào muộn; cho bổ sung; bổ sung; nhận bổ sung; nhận muộn; cho nộp muộn; cho làm tiếp; nhận; let in
    """),
)
LISTS: dict[State, Choice] = {
    "confirmed": Choice("confirmed", _("Confirmed"), words("đã xác nhận; đã duyệt; confirmed")),
    "submitted": Choice("submitted", _("Waiting"), words("chờ; đang chờ; phiếu chờ; chờ xác nhận; waiting")),
    "returned": Choice("returned", _("Returned"), words("đã trả; trả lại; đã trả lại; phiếu trả; returned")),
    "draft": Choice("draft", _("Not finished"), words("chưa xong; chưa nộp; ai chưa xong; ai chưa làm; unfinished")),
    "checked": Choice("checked", _("Proposed"), words("đã đề nghị; đã trình; proposed")),
}


def ask_forms(facts: Facts, talk: Checking) -> Question:
    state, listed = _listed_state(talk), _listed(facts, talk)
    here = listed.forms[talk.place * PAGE : (talk.place + 1) * PAGE]
    return Question(
        paragraphs(
            facts.reference.units.full_name(talk.village_id),
            lines(*(_("{state}: {count}", state=LISTS[s].label, count=listed.counts.get(s, 0)) for s in LISTS)),
            _("{state}, page {page}:", state=LISTS[state].label, page=talk.place + 1)
            if here
            else _("None here: {state}.", state=LISTS[state].label),
            forms.HELPED_MEANS if any(one.helped for one in here) else None,
        ),
        tuple(listed_choice(one) for one in here),
        (
            *((MORE,) if len(listed.forms) > (talk.place + 1) * PAGE else ()),
            *(choice for s, choice in LISTS.items() if s != state),
            BACK,
        ),
        numbered=True,
    )


def listed_choice(form: ListedForm) -> Choice:
    """Return a form as a line of a list."""
    name = forms.called(form.name, helped=form.helped)
    return Choice(str(form.assessment_id), _("{name} · {total} points", name=name, total=form.total))


def _listed_state(talk: Checking) -> State:
    return next((state for state in LISTS if state == talk.listed), "confirmed")


def _listed(facts: Facts, talk: Checking) -> FormList:
    units = facts.reference.units.scope((talk.village_id,))
    return facts.find(ListWanted(units, frozenset({talk.round_id}), _listed_state(talk), facts.person_id))


def hear_forms(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key if talk.place > 0:
            yield Went("forms", replace(talk, place=talk.place - 1))
        case BACK.key:
            yield Went("village", at_village(facts, talk, talk.village_id))
        case MORE.key:
            yield Went("forms", replace(talk, place=talk.place + 1))
        case key if key in LISTS:
            yield Went("forms", replace(talk, listed=key, place=0))
        case form_id:
            yield Went("form", at_form(facts, talk, int(form_id)))


def at_form(facts: Facts, talk: Checking, form_id: int) -> Checking:
    """Return the talk about a form as it stands now."""
    return replace(talk, assessment_id=form_id, version=subject(facts, form_id).version, act="", reason="")


def ask_form(facts: Facts, talk: Checking) -> Question:
    form = subject(facts, talk.assessment_id)
    acts = (choice for choice in (SEND_BACK, LET_IN) if (form.state, choice.key, "association") in _ACTS)
    offered = (choice for choice in acts if choice is SEND_BACK or is_late(facts, form))
    if form.state == "draft":  # what somebody has not handed in is not the association's to read
        return Question(lines(forms.who(facts, form), forms.state_words(form)), tuple(offered), (BACK,))
    files = (Choice(button.payload.removeprefix("c:"), button.label) for button in file_buttons(form))
    return Question(card(facts, form).text, (*offered, ANSWERS, *files), (BACK,))


_ACTS = frozenset((state, act, actor) for state, act, actor in TRANSITIONS)


def is_late(facts: Facts, form: Assessment) -> bool:
    """Tell whether a form needs to be let in: its village is closed, or its days are over."""
    return form.closed or (form.editable and not facts.takes_answers(form))


def hear_form(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    form = subject(facts, talk.assessment_id)
    match chosen(heard).split(":"):
        case [ANSWERS.key]:
            yield Said(forms.answers(form))
        case ["file", _form_id, evidence_id]:
            yield Sent(shown_file(form, evidence_id))
        case [SEND_BACK.key | LET_IN.key as act] if form.version == talk.version:
            yield Went("reason", replace(talk, act=act))
        case [SEND_BACK.key | LET_IN.key]:
            yield from show_changed(facts, talk)
        case _:
            yield _back_to_list(talk)


def _back_to_list(talk: Checking) -> Went:
    return Went("sampled" if talk.sample else "forms", replace(talk, assessment_id=0))


def show_changed(facts: Facts, talk: Checking) -> Iterator[Event]:
    """Show a form that has moved on since it was shown."""
    form = subject(facts, talk.assessment_id)
    yield Said(changed(facts, form, talk.version, HERE_IT_IS))
    yield Went("form", at_form(facts, talk, talk.assessment_id))


def subject(facts: Facts, assessment_id: int) -> Assessment:
    """Return the form an act is about. Refused outside one's commune, and for one's own."""
    form = assessment(facts, assessment_id)
    why = barred(facts, form, "association") if form is not None else None
    if form is None or why == "elsewhere":
        raise Refused(_("This form is not in your commune, or does not exist any more."))
    if why == "own":
        raise Refused(_("Nobody decides on their own form: somebody else of the association will."))
    if why == "helped":
        raise Refused(_("You have filled in this form for somebody: another person of the association decides on it."))
    if why == "household":
        raise Refused(
            _("{name} is of your household: another person of the association decides on it.", name=form.person.named)
        )
    return form
