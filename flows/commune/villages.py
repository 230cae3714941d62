"""The villages of a commune, and one of them."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.commune import words as summaries
from flows.commune.checking import MORE, PAGE, Checking, at_village, round_of, scope_of
from flows.commune.proposing import preview
from flows.conversation.events import Event, Left, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.domain.closings import Counts, Village
from flows.domain.rounds import Round
from flows.late.talk import LET_IN_LATE, late_round, let_in
from flows.meeting.needs import VillagePage, VillagePageWanted, VillageWanted
from flows.meeting.words import in_words
from flows.words.wording import Wording, _, lines, n_, paragraphs

PROPOSE = Choice(
    "propose",
    _("📬 Propose"),
    words("""
        đề nghị; trình; trình ủy ban; trình ubnd; lập tờ trình; tờ trình; đề nghị công nhận; trình danh sách; gửi ủy
        ban; lập danh sách đề nghị; propose
    """),
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
SEND_VILLAGE_BACK = Choice(
    "village_back",
    _("↩️ Send the village back"),
    words("""
        trả lại thôn; trả thôn; trả về thôn; trả cả thôn; trả lại chi hội; trả về chi hội; trả lại; send back; send the
        village back
    """),
    final=True,
)


def rounds_of(facts: Facts) -> tuple[Round, ...]:
    """Return the rounds that the association has villages in, the oldest first."""
    known = facts.reference.rounds_by_id
    ids = facts.rounds_in(facts.scope("association"))
    return tuple(sorted((known[id_] for id_ in ids), key=lambda one: (one.year, one.id)))


def begin(facts: Facts) -> Checking:
    """Return the talk at its beginning: at the one commune there is, if there is one only."""
    tops, rounds = facts.scope("association").tops, rounds_of(facts)
    return Checking(tops[0] if len(tops) == 1 else 0, rounds[0].id if rounds else 0)


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
                    round=round_of(facts, talk).name,
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
    return facts.find(VillagePageWanted(scope_of(facts, talk), talk.round_id, talk.page * PAGE, PAGE))


def _last_year(facts: Facts, unit_id: int, talk: Checking) -> Counts | None:
    """Return what a village or a commune had in the round of the year before, if there was one."""
    round_ = facts.reference.round_of_year(unit_id, round_of(facts, talk).year - 1)
    if round_ is None:
        return None
    if unit_id == talk.village_id:
        return facts.find(VillageWanted(unit_id, round_.id)).counts
    return facts.find(VillagePageWanted(scope_of(facts, talk), round_.id, 0, 1)).counts


def _last_day(facts: Facts, talk: Checking) -> Wording:
    phases = round_of(facts, talk).phases
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


def ask_village(facts: Facts, talk: Checking) -> Question:
    village = _village(facts, talk)
    back = (SEND_VILLAGE_BACK,) if village.is_closed and not village.counts.proposed else ()
    return Question(
        paragraphs(
            lines(
                _(
                    "{unit}, {round}",
                    unit=facts.reference.units.full_name(talk.village_id),
                    round=round_of(facts, talk).name,
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
    yield from in_words(closing.minutes) if closing.minutes is not None else ()


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


def _village(facts: Facts, talk: Checking) -> Village:
    return facts.find(VillageWanted(talk.village_id, talk.round_id))
