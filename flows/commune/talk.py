"""The association's work: villages, one village, its forms, sending back, letting in, and proposing."""

import re
from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from flows.batches.batch import Order
from flows.batches.needs import ChosenWanted
from flows.commune import words as summaries
from flows.commune.needs import CandidatesWanted, FormsWanted, Sample, SamplesWanted, ToPropose, ToProposeWanted
from flows.commune.records import Proposed, Sampled
from flows.commune.sampling import MOST_SAMPLED, draw
from flows.conversation.events import Event, Left, PersonAddress, Said, Sent, Told, Went, branch_of
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.domain.assessments import BRANCH, TRANSITIONS, Act, Assessment, State
from flows.domain.closings import Counts, Village
from flows.domain.reasons import read_reason
from flows.domain.rounds import Round
from flows.domain.units import Scope
from flows.forms import words as forms
from flows.forms.card import ANSWERS, card, file_buttons, shown_file
from flows.forms.deciding import barred, decided
from flows.forms.needs import assessment
from flows.forms.records import changed_by
from flows.forms.tellings import told_to_resident
from flows.late.talk import LET_IN_LATE, late_round, let_in
from flows.meeting.needs import VillagePage, VillagePageWanted, VillageWanted
from flows.meeting.records import VillageMoved
from flows.meeting.words import in_words
from flows.review.needs import FormList, ListedForm, ListWanted
from flows.roles.needs import holders_over
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.spelling import fold
from flows.words.wording import Wording, _, lines, n_, paragraphs


class Checking(Talk, frozen=True, tag="commune"):
    """The villages that the association looks at, one of them, a list of its forms, a form; and an act on one of them
    until its reason is given. `version` is that of the form or the village when it was shown, `shown_at` when the list
    that is to be proposed was, and `up` the villages it is made of. `sample` are the forms that are looked at, where
    they were drawn at random."""

    unit_id: int = 0
    round_id: int = 0
    page: int = 0
    village_id: int = 0
    listed: str = "confirmed"
    place: int = 0
    assessment_id: int = 0
    act: str = ""
    version: int = 0
    reason: str = ""
    shown_at: datetime | None = None
    up: tuple[int, ...] = ()
    sample: tuple[int, ...] = ()


PAGE = 8
MOST_NAMED = 20

MORE = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))
PROPOSE = Choice(
    "propose",
    _("📬 Propose"),
    words("""
        đề nghị; trình; trình ủy ban; trình ubnd; lập tờ trình; tờ trình; đề nghị công nhận; trình danh sách; gửi ủy
        ban; lập danh sách đề nghị; propose
    """),
)
PROPOSE_NOW = Choice(
    "propose_now",
    _("✅ Propose this list"),
    words("""
        đề nghị danh sách này; trình danh sách này; đồng ý đề nghị; đồng ý trình; trình luôn; đề nghị luôn; xác nhận đề
        nghị; propose this list; propose now
    """),
    final=True,
)
FORMS = Choice(
    "forms", _("📋 Look at the forms"), words("xem phiếu; phiếu; danh sách phiếu; xem; danh sách; forms; look")
)
SAMPLE = Choice(
    "sample",
    _("🎲 Look at a random sample"),
    words("""
        ngẫu nhiên; kiểm tra ngẫu nhiên; lấy mẫu; rút mẫu; bốc mẫu; chọn ngẫu nhiên; mẫu; xem ngẫu nhiên; sample;
        random; random sample
    """),
)
LAST_SAMPLE = Choice(
    "last_sample",
    _("Show the last sample again"),
    words("mẫu trước; mẫu lần trước; xem lại mẫu; mẫu cũ; mẫu gần nhất; last sample; show the last sample"),
)
SEND_VILLAGE_BACK = Choice(
    "village_back",
    _("↩️ Send the village back"),
    words("""
        trả lại thôn; trả thôn; trả về thôn; trả cả thôn; trả lại chi hội; trả về chi hội; trả lại; send back; send the
        village back
    """),
    final=True,
)
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
SURE = replace(YES, final=True)
NOT_SURE = replace(NO, also=NO.also + words("không trả; không trả nữa; đừng trả; gõ lại"))
DROP_REASON = replace(
    BACK,
    also=BACK.also + words("thôi; nhầm; nhầm rồi; hủy; hủy bỏ; không; không trả; dừng; khoan; thoát; bỏ; cancel; no"),
)
LISTS: dict[State, Choice] = {
    "confirmed": Choice("confirmed", _("Confirmed"), words("đã xác nhận; đã duyệt; confirmed")),
    "submitted": Choice("submitted", _("Waiting"), words("chờ; đang chờ; phiếu chờ; chờ xác nhận; waiting")),
    "returned": Choice("returned", _("Returned"), words("đã trả; trả lại; đã trả lại; phiếu trả; returned")),
    "draft": Choice("draft", _("Not finished"), words("chưa xong; chưa nộp; ai chưa xong; ai chưa làm; unfinished")),
    "checked": Choice("checked", _("Proposed"), words("đã đề nghị; đã trình; proposed")),
}
CHANGED = _("This form has changed since it was shown. Here is what it is now:")
VILLAGE_CHANGED = _("This village has been closed or sent back meanwhile. Here is how it stands now:")


# the villages


def rounds_of(facts: Facts) -> tuple[Round, ...]:
    """Return the rounds that the association has villages in, the oldest first."""
    known = facts.reference.rounds_by_id
    ids = facts.rounds_in(facts.scope("association"))
    return tuple(sorted((known[id_] for id_ in ids), key=lambda one: (one.year, one.id)))


def begin(facts: Facts) -> Checking:
    """Return the talk at its beginning: at the one commune there is, if there is one only."""
    tops, rounds = facts.scope("association").tops, rounds_of(facts)
    return Checking(tops[0] if len(tops) == 1 else 0, rounds[0].id if rounds else 0)


def at_village(facts: Facts, talk: Checking, village_id: int) -> Checking:
    """Return the talk about a village as it stands now."""
    village = facts.find(VillageWanted(village_id, talk.round_id))
    return Checking(talk.unit_id, talk.round_id, talk.page, village_id, version=village.version)


def ask_commune(facts: Facts, talk: Checking) -> Question:
    tops = facts.scope("association").tops
    labels = facts.reference.units.labels(tops)
    return Question(
        _("Which commune?"), tuple(Choice(str(unit_id), labels[unit_id]) for unit_id in tops), (BACK,), numbered=True
    )


def hear_commune(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case unit_id:
            yield Went("villages", Checking(int(unit_id), talk.round_id))


def ask_villages(facts: Facts, talk: Checking) -> Question:
    page = _page(facts, talk)
    labels = facts.reference.units.names(village.unit_id for village in page.villages)
    more = page.count > (talk.page + 1) * PAGE
    last = _last_year(facts, talk.unit_id, talk)
    return Question(
        paragraphs(
            lines(
                _(
                    "{unit}, {round}",
                    unit=facts.reference.units.full_name(talk.unit_id),
                    round=_round(facts, talk).name,
                ),
                _last_day(facts, talk),
            ),
            lines(
                _("Villages closed: {closed} of {count}", closed=page.closed, count=page.count),
                n_("Sent back: {count} village", "Sent back: {count} villages", page.sent_back)
                if page.sent_back
                else None,
                *summaries.summary(page.counts, last),
            ),
        ),
        tuple(Choice(str(one.unit_id), summaries.line(labels[one.unit_id], one, facts.today)) for one in page.villages),
        (*((MORE,) if more else ()), PROPOSE, SAMPLE, BACK),
        numbered=True,
    )


def _page(facts: Facts, talk: Checking) -> VillagePage:
    return facts.find(VillagePageWanted(_scope(facts, talk), talk.round_id, talk.page * PAGE, PAGE))


def _scope(facts: Facts, talk: Checking) -> Scope:
    return facts.reference.units.scope((talk.unit_id,))


def _last_year(facts: Facts, unit_id: int, talk: Checking) -> Counts | None:
    """Return what a village or a commune had in the round of the year before, if there was one."""
    round_ = facts.reference.round_of_year(unit_id, _round(facts, talk).year - 1)
    if round_ is None:
        return None
    if unit_id == talk.village_id:
        return facts.find(VillageWanted(unit_id, round_.id)).counts
    return facts.find(VillagePageWanted(_scope(facts, talk), round_.id, 0, 1)).counts


def _last_day(facts: Facts, talk: Checking) -> Wording:
    phases = _round(facts, talk).phases
    if facts.today <= phases.branch:
        return _(
            "Branches meet until {branch}; please propose until the end of {commune}.",
            branch=phases.branch,
            commune=phases.commune,
        )
    if facts.today <= phases.commune:
        return _("Please propose until the end of {day}.", day=phases.commune)
    return _(
        "The last day to propose was {day}. What is proposed later is noted all the same; please tell the People's"
        " Committee of the commune.",
        day=phases.commune,
    )


def hear_villages(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key if talk.page > 0:
            yield Went("villages", replace(talk, page=talk.page - 1))
        case BACK.key:
            yield Left()
        case MORE.key:
            yield Went("villages", replace(talk, page=talk.page + 1))
        case PROPOSE.key:
            yield from preview(facts, talk)
        case SAMPLE.key:
            yield Went("sample", talk)
        case village_id:
            yield Went("village", at_village(facts, talk, int(village_id)))


# one village


def ask_village(facts: Facts, talk: Checking) -> Question:
    village = _village(facts, talk)
    back = (SEND_VILLAGE_BACK,) if village.is_closed and not village.counts.proposed else ()
    return Question(
        paragraphs(
            lines(
                _(
                    "{unit}, {round}",
                    unit=facts.reference.units.full_name(talk.village_id),
                    round=_round(facts, talk).name,
                ),
                *_closing(facts, village),
            ),
            lines(*summaries.summary(village.counts, _last_year(facts, talk.village_id, talk))),
        ),
        (FORMS, SAMPLE, *back, *((LET_IN_LATE,) if _takes_latecomers(facts, talk) else ())),
        (BACK,),
    )


def _takes_latecomers(facts: Facts, talk: Checking) -> bool:
    round_ = late_round(facts, facts.reference.units.scope((talk.village_id,)))
    return round_ is not None and round_.id == talk.round_id


def _closing(facts: Facts, village: Village) -> Iterator[Wording]:
    closing = village.closing
    if closing is None:
        yield _("The branch has not met yet.")
        return
    if closing.state == "sent_back":
        yield _("↩️ Sent back to the branch. Reason: {reason}", reason=closing.reason)
        return
    yield _("✅ Closed by the branch.")
    if closing.is_posted(facts.today):
        yield _("📌 The list is posted until the end of {day}.", day=closing.posted_until)
    if closing.minutes is not None:
        yield from in_words(closing.minutes)


def hear_village(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case FORMS.key:
            yield Went("forms", talk)
        case SAMPLE.key:
            yield Went("sample", talk)
        case SEND_VILLAGE_BACK.key:
            yield Went("reason", replace(talk, act="village_back"))
        case LET_IN_LATE.key:
            yield from let_in(facts, talk.village_id)
        case _:
            yield Went("villages", Checking(talk.unit_id, talk.round_id, talk.page))


# its forms


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
        tuple(_listed_choice(one) for one in here),
        (
            *((MORE,) if len(listed.forms) > (talk.place + 1) * PAGE else ()),
            *(choice for s, choice in LISTS.items() if s != state),
            BACK,
        ),
        numbered=True,
    )


def _listed_choice(form: ListedForm) -> Choice:
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
            yield Went("form", _at_form(facts, talk, int(form_id)))


def _at_form(facts: Facts, talk: Checking, form_id: int) -> Checking:
    return replace(talk, assessment_id=form_id, version=subject(facts, form_id).version, act="", reason="")


# a random sample


def ask_sample(facts: Facts, talk: Checking) -> Question:
    count, last = len(facts.find(_candidates(facts, talk))), facts.find(_samples(talk))
    return Question(
        paragraphs(
            _("{count} forms are confirmed. How many should be drawn? At most {most}.", count=count, most=MOST_SAMPLED)
            if count
            else _("There is no confirmed form to draw from."),
            lines(*(_drawn(one) for one in last)),
        ),
        (LAST_SAMPLE,) if last else (),
        (BACK,),
        free=True,
    )


def _drawn(sample: Sample) -> Wording:
    return _(
        "Drawn on {day}: {count} of {drawn_from}",
        day=sample.at.date(),
        count=len(sample.form_ids),
        drawn_from=sample.drawn_from,
    )


def _candidates(facts: Facts, talk: Checking) -> CandidatesWanted:
    units = facts.reference.units.scope((talk.village_id or talk.unit_id,))
    return CandidatesWanted(units, talk.round_id, facts.person_id)


def _samples(talk: Checking) -> SamplesWanted:
    return SamplesWanted(talk.village_id or talk.unit_id, talk.round_id)


def hear_sample(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    facts.want(_candidates(facts, talk), _samples(talk))
    match heard:
        case Chose(BACK.key):
            yield _back_from_sample(facts, talk)
        case Chose():
            yield Went("sampled", replace(talk, sample=facts.find(_samples(talk))[0].form_ids, place=0))
        case _:
            forms_there = facts.find(_candidates(facts, talk))
            size = read_size(written(heard), len(forms_there))
            drawn = draw(facts.token, forms_there, size)
            yield Sampled(talk.village_id or talk.unit_id, talk.round_id, facts.token, len(forms_there), drawn)
            yield Said(_("🎲 Drawn at random, and noted: {count} of {of}.", count=size, of=len(forms_there)))
            yield Went("sampled", replace(talk, sample=drawn, place=0))


def read_size(typed: str, most: int) -> int:
    """Return how many forms are to be drawn. Raises Refused for what cannot be."""
    found = re.findall(r"\d{1,6}", fold(typed))
    if len(found) != 1:
        raise NotUnderstood(_("Type a number, for example 10."))
    if not 1 <= int(found[0]) <= min(most, MOST_SAMPLED):
        raise Refused(_("A number from 1 to {most} can be drawn.", most=min(most, MOST_SAMPLED)))
    return int(found[0])


def ask_sampled(facts: Facts, talk: Checking) -> Question:
    some = talk.sample[talk.place * PAGE : (talk.place + 1) * PAGE]
    listed = facts.find(FormsWanted(some))
    return Question(
        lines(
            facts.reference.units.full_name(talk.village_id or talk.unit_id),
            _("Sample of {count}, page {page}:", count=len(talk.sample), page=talk.place + 1),
        ),
        tuple(_listed_choice(one) for one in listed),
        (*((MORE,) if len(talk.sample) > (talk.place + 1) * PAGE else ()), BACK),
        numbered=True,
    )


def hear_sampled(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key if talk.place > 0:
            yield Went("sampled", replace(talk, place=talk.place - 1))
        case BACK.key:
            yield _back_from_sample(facts, talk)
        case MORE.key:
            yield Went("sampled", replace(talk, place=talk.place + 1))
        case form_id:
            yield Went("form", _at_form(facts, talk, int(form_id)))


def _back_from_sample(facts: Facts, talk: Checking) -> Went:
    if talk.village_id:
        return Went("village", at_village(facts, talk, talk.village_id))
    return Went("villages", Checking(talk.unit_id, talk.round_id, talk.page))


# a form


def ask_form(facts: Facts, talk: Checking) -> Question:
    form = subject(facts, talk.assessment_id)
    acts = (choice for choice in (SEND_BACK, LET_IN) if (form.state, choice.key, "association") in _ACTS)
    offered = (choice for choice in acts if choice is SEND_BACK or _is_late(facts, form))
    if form.state == "draft":  # what somebody has not handed in is not the association's to read
        return Question(lines(forms.who(facts, form), forms.state_words(form)), tuple(offered), (BACK,))
    files = (Choice(button.payload.removeprefix("c:"), button.label) for button in file_buttons(form))
    return Question(card(facts, form).text, (*offered, ANSWERS, *files), (BACK,))


_ACTS = frozenset((state, act, actor) for state, act, actor in TRANSITIONS)


def _is_late(facts: Facts, form: Assessment) -> bool:
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
            yield from _show_changed(facts, talk)
        case _:
            yield _back_to_list(talk)


def _back_to_list(talk: Checking) -> Went:
    return Went("sampled" if talk.sample else "forms", replace(talk, assessment_id=0))


def _show_changed(facts: Facts, talk: Checking) -> Iterator[Event]:
    """Show a form that has moved on since it was shown."""
    yield Said(CHANGED)
    yield Went("form", _at_form(facts, talk, talk.assessment_id))


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
    return form


# sending back and letting in, for a reason


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
    if form.version != talk.version or (act == "let_in" and not _is_late(facts, form)):
        yield from _show_changed(facts, talk)
        return
    round_ = _round(facts, talk)
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


# proposing


def preview(facts: Facts, talk: Checking) -> Iterator[Event]:
    """Show what would be proposed now."""
    here = _to_propose(facts, talk)
    yield Went("proposing", replace(talk, up=here.up, shown_at=facts.now))


def _to_propose(facts: Facts, talk: Checking) -> ToPropose:
    return facts.find(ToProposeWanted(_scope(facts, talk), talk.round_id, facts.today))


def _order(talk: Checking) -> Order:
    assert talk.shown_at is not None
    villages = Scope(talk.up, len(talk.up))
    return Order("propose", "association", villages, (talk.round_id,), talk.shown_at, passed_only=True)


def ask_proposing(facts: Facts, talk: Checking) -> Question:
    here = _to_propose(facts, talk)
    count = facts.find(ChosenWanted(_order(talk), facts.person_id)).count if talk.up else 0
    return Question(
        paragraphs(
            n_(
                "{count} person reaches the title and can be proposed to the People's Committee of the commune.",
                "{count} people reach the title and can be proposed to the People's Committee of the commune.",
                count,
            )
            if count
            else _("Nobody can be proposed yet, or everybody is proposed already."),
            lines(
                _("From these villages: {units}", units=_named(facts, here.up, len(here.up))) if here.up else None,
                _("Still posted: {units}", units=_named(facts, here.posted, len(here.posted))) if here.posted else None,
                _("Not closed: {units}", units=_named(facts, here.missing, here.missing_count))
                if here.missing_count
                else None,
            ),
            _("Your own form is not among them: somebody else of the association has to propose it.")
            if any(_is_own(form, talk) for form in facts.own)
            else None,
            _("Once proposed, forms come back only from the committee. Villages that close later can be proposed then.")
            if count
            else None,
        ),
        (PROPOSE_NOW,) if count else (),
        (BACK,),
        again=_("Press “Propose this list”, or “Back”.") if count else None,
    )


def _is_own(form: Assessment, talk: Checking) -> bool:
    return form.round_id == talk.round_id and form.unit_id in talk.up and form.state == "confirmed"


def _named(facts: Facts, unit_ids: tuple[int, ...], count: int) -> Wording:
    units = facts.reference.units.by_id
    names = ", ".join(units[unit_id].name for unit_id in unit_ids[:MOST_NAMED] if unit_id in units)
    more = count - min(count, MOST_NAMED, len(unit_ids))
    return _("{names} and {count} more", names=names, count=more) if more else names


def hear_proposing(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != PROPOSE_NOW.key:
        yield Went("villages", replace(talk, up=(), shown_at=None))
        return
    if _to_propose(facts, talk).up != talk.up:
        yield Said(_("Villages have been closed or sent back since this was shown. Here is the list as it is now:"))
        yield from preview(facts, talk)
        return
    count = facts.find(ChosenWanted(_order(talk), facts.person_id)).count
    if not count:
        raise OutOfDate(_("There is nobody left to propose: somebody else has done it meanwhile."))
    yield Proposed(talk.unit_id, talk.round_id, _order(talk))
    unit = facts.reference.units.full_name(talk.unit_id)
    text = n_(
        "📬 {unit}: the Study Promotion Association proposes {count} person for recognition.",
        "📬 {unit}: the Study Promotion Association proposes {count} people for recognition.",
        count,
        unit=unit,
    )
    for holder in holders_over(facts, talk.unit_id, "committee"):
        if holder.person_id != facts.person_id:
            yield Told(PersonAddress(holder.person_id), Message(text))
    yield Said(_("The list is being proposed. You will read here in a moment how it went."))
    yield Left(home=True, quiet=True)


def obstacle(facts: Facts, talk: Checking) -> Wording | None:
    """Say why somebody cannot check a commune, if so: not for the association, no round, outside the own units."""
    if not facts.has_role("association"):
        return _("Only the Study Promotion Association of the commune checks villages.")
    if not talk.round_id:
        return _("No round of assessment has begun yet in your commune.")
    if any(unit_id and not facts.holds("association", unit_id) for unit_id in (talk.unit_id, talk.village_id)):
        return _("This village is not in your commune.")
    if not talk.assessment_id or any(form.id == talk.assessment_id for _before, form in facts.moved):
        return None
    try:
        subject(facts, talk.assessment_id)
    except Refused as refused:
        return refused.wording
    return None


def _village(facts: Facts, talk: Checking) -> Village:
    return facts.find(VillageWanted(talk.village_id, talk.round_id))


def _round(facts: Facts, talk: Checking) -> Round:
    return facts.reference.rounds_by_id[talk.round_id]


COMMUNE = Flow(
    Checking,
    steps=(
        Step("commune", ask_commune, hear_commune),
        Step("villages", ask_villages, hear_villages),
        Step("village", ask_village, hear_village),
        Step("forms", ask_forms, hear_forms),
        Step("sample", ask_sample, hear_sample),
        Step("sampled", ask_sampled, hear_sampled),
        Step("form", ask_form, hear_form),
        Step("reason", ask_reason, hear_reason),
        Step("reason_sure", ask_sure, hear_sure),
        Step("proposing", ask_proposing, hear_proposing),
    ),
    obstacle=obstacle,
)
