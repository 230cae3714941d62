"""For a reason, a form or a village goes back to its branch, and a form is let in late."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.commune.checking import Checking, at_village, round_of
from flows.commune.forms import LET_IN, is_late, show_changed, subject
from flows.conversation.events import Event, PersonAddress, Said, Told, Went, branch_of
from flows.conversation.facts import Facts
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, YES, Chose, Heard, Question, chosen, words, written
from flows.domain.assessments import BRANCH, Act
from flows.domain.reasons import read_reason
from flows.forms.card import card
from flows.forms.deciding import decided
from flows.forms.records import changed_by
from flows.forms.tellings import told_to_resident
from flows.meeting.needs import VillageWanted
from flows.meeting.records import VillageMoved
from flows.roles.needs import holders_over
from flows.words.refusals import Refused
from flows.words.wording import Wording, _, lines, paragraphs

SURE = replace(YES, final=True)
NOT_SURE = replace(NO, also=NO.also + words("không trả; không trả nữa; đừng trả; gõ lại"))
DROP_REASON = replace(
    BACK,
    also=BACK.also + words("thôi; nhầm; nhầm rồi; hủy; hủy bỏ; không; không trả; dừng; khoan; thoát; bỏ; cancel; no"),
)
VILLAGE_CHANGED = _("This village has been closed or sent back meanwhile. Here is how it stands now:")


def ask_reason(facts: Facts, talk: Checking) -> Question:
    match talk.act:
        case "village_back":
            text = _("Why is the village sent back? The branch head will read it.")
        case "let_in":
            text = _("Why is the form let in late? The resident and the branch head will read it.")
        case _:
            text = _("Why is the form sent back? The resident and the branch head will read it.")
    return Question(text, (), (DROP_REASON,), free=True)


def hear_reason(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("form" if talk.assessment_id else "village", replace(talk, act=""))
    else:
        yield Went("reason_sure", replace(talk, reason=read_reason(written(heard))))


def ask_sure(facts: Facts, talk: Checking) -> Question:
    if not talk.assessment_id:
        unit = facts.reference.units.in_sentence(talk.village_id)
        return Question(
            _("Send {unit} back to its branch for the reason “{reason}”?", unit=unit, reason=talk.reason),
            (SURE, NOT_SURE),
        )
    name = subject(facts, talk.assessment_id).person.named
    if talk.act == LET_IN.key:
        return Question(
            _("Let in the form of {name} for the reason “{reason}”?", name=name, reason=talk.reason), (SURE, NOT_SURE)
        )
    return Question(
        _("Send the form of {name} back to the branch for the reason “{reason}”?", name=name, reason=talk.reason),
        (SURE, NOT_SURE),
    )


def hear_sure(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != SURE.key:
        yield Went("reason", replace(talk, reason=""))
    elif talk.assessment_id:
        yield from _act_on_form(facts, talk, "let_in" if talk.act == LET_IN.key else "send_back")
    else:
        yield from _send_village_back(facts, talk)


def _act_on_form(facts: Facts, talk: Checking, act: Act) -> Iterator[Event]:
    form = subject(facts, talk.assessment_id)
    if form.version != talk.version or (act == "let_in" and not is_late(facts, form)):
        yield from show_changed(facts, talk)
        return
    round_ = round_of(facts, talk)
    until = round_.returned_until(facts.today) if act == "let_in" and form.editable else None
    acted = decided(form, act, "association", talk.reason, open_until=until)
    after = changed_by(acted, form)
    yield acted
    yield Told(PersonAddress(form.person.id), told_to_resident(after, act, talk.reason))
    if after.state == "submitted":
        shown = card(facts, after)
        yield Told(
            branch_of(form),
            replace(shown, text=paragraphs(_told_to_head(act, talk.reason), shown.text)),
        )
    yield Said(
        _("🚪 Let in: {name}.", name=form.person.named)
        if act == "let_in"
        else _("↩️ Sent back to the branch: {name}, with your reason.", name=form.person.named)
    )
    yield Went("form", replace(talk, act="", reason="", version=after.version))


def _told_to_head(act: Act, reason: str) -> Wording:
    return lines(
        _("The Study Promotion Association of the commune lets this form in late: please decide on it.")
        if act == "let_in"
        else _("↩️ The Study Promotion Association of the commune sends this form back: please look at it once more."),
        _("Reason: {reason}", reason=reason),
    )


def _send_village_back(facts: Facts, talk: Checking) -> Iterator[Event]:
    """Send a village back, as it is found once nothing of it can change: who comes second is told."""
    units = facts.reference.units
    village = facts.find(VillageWanted(talk.village_id, talk.round_id, held=True))
    if village.version != talk.version or not village.is_closed or village.closing is None:
        yield Said(VILLAGE_CHANGED)
        yield Went("village", at_village(facts, talk, talk.village_id))
        return
    if village.counts.proposed:
        raise Refused(_("Forms of this village are proposed already: send back single forms instead."))
    yield VillageMoved(
        talk.village_id,
        talk.round_id,
        talk.version,
        "sent_back",
        "association",
        village.closing.minutes,
        None,
        talk.reason,
    )
    unit = units.full_name(talk.village_id)
    text = lines(
        _("↩️ {unit}: the Study Promotion Association of the commune has sent the village back.", unit=unit),
        _("Reason: {reason}", reason=talk.reason),
        _("The branch may decide on its forms again. Then close the village once more: type “branch meeting”."),
    )
    told = {one.person_id for kind in BRANCH for one in holders_over(facts, talk.village_id, kind)}
    for person_id in sorted(told - {facts.person_id}):
        yield Told(PersonAddress(person_id), Message(text))
    yield Said(_("↩️ Sent back to its branch, with your reason: {unit}.", unit=units.in_sentence(talk.village_id)))
    yield Went("village", replace(talk, act="", reason="", version=talk.version + 1))
