"""Which village has met, and what it has."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Left, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.domain.closings import Village
from flows.domain.rounds import Round
from flows.meeting.entering import PAPERS, Meeting, at_village, begin, branch_scope, round_of, village_of
from flows.meeting.needs import VillagePageWanted
from flows.meeting.words import in_words, standing
from flows.papers.talk import ask_for
from flows.papers.words import choice
from flows.roles.deciding import closed_by, head_there
from flows.words.wording import Wording, _, lines, n_, paragraphs

PAGE = 8
MORE = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))
ENTER = Choice(
    "enter",
    _("✍️ Enter the branch meeting"),
    words("""
        nhập; nhập biên bản; nhập cuộc họp; ghi; ghi biên bản; ghi cuộc họp; họp; họp xong; đã họp; đã họp xong; làm
        biên bản; viết biên bản; bắt đầu; enter; enter the meeting; minutes
    """),
)


def ask_village(facts: Facts, talk: Meeting) -> Question:
    listed = facts.find(VillagePageWanted(branch_scope(facts), talk.round_id, talk.page * PAGE, PAGE))
    labels = facts.reference.units.labels(village.unit_id for village in listed.villages)
    more = listed.count > (talk.page + 1) * PAGE
    return Question(
        lines(
            _("Branch meetings of {round}", round=round_of(facts, talk).name),
            _("Closed: {closed} of {count} villages", closed=listed.closed, count=listed.count),
        ),
        tuple(Choice(str(one.unit_id), _line(labels[one.unit_id], one)) for one in listed.villages),
        (*((MORE,) if more else ()), BACK),
        numbered=True,
    )


def _line(label: str, village: Village) -> Wording:
    if village.is_closed:
        return _("✅ {unit}: {count} confirmed", unit=label, count=village.counts.confirmed)
    if village.closing is not None:
        return _("↩️ {unit}: {count} confirmed", unit=label, count=village.counts.confirmed)
    return _("{unit}: {count} confirmed", unit=label, count=village.counts.confirmed)


def hear_village(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key if talk.page > 0:
            yield Went("village", replace(talk, page=talk.page - 1))
        case BACK.key:
            yield Left()
        case MORE.key:
            yield Went("village", replace(talk, page=talk.page + 1))
        case unit_id:
            yield Went("standing", at_village(facts, talk, int(unit_id)))


def ask_standing(facts: Facts, talk: Meeting) -> Question:
    village = village_of(facts, talk)
    round_ = round_of(facts, talk)
    head = None if village.is_closed else head_there(facts, talk.unit_id)
    return Question(
        paragraphs(
            lines(
                _("{unit}, {round}", unit=facts.reference.units.full_name(talk.unit_id), round=round_.name),
                *standing(village.counts),
            ),
            _how_it_stands(facts, village),
            None if village.is_closed else lines(*_before_closing(facts, village, round_)),
            closed_by(head) if head is not None else None,
        ),
        _standing_choices(village, has_head=head is not None),
        (BACK,),
    )


def _standing_choices(village: Village, *, has_head: bool) -> tuple[Choice, ...]:
    """Offer the papers of a village that is closed, and entering a meeting to who may close it."""
    if village.is_closed:
        return tuple(map(choice, PAPERS))
    return () if has_head else (ENTER,)


def _how_it_stands(facts: Facts, village: Village) -> Wording | None:
    closing = village.closing
    if closing is None:
        return None
    if closing.state == "sent_back":
        return lines(
            _("↩️ The Study Promotion Association of the commune has sent the village back."),
            _("Reason: {reason}", reason=closing.reason),
        )
    return lines(
        _("✅ The village is closed, and with the Study Promotion Association of the commune."),
        _("The list is posted until the end of {day}.", day=closing.posted_until)
        if closing.posted_until is not None and closing.is_posted(facts.today)
        else None,
        *(in_words(closing.minutes) if closing.minutes is not None else ()),
    )


def _before_closing(facts: Facts, village: Village, round_: Round) -> Iterator[Wording]:
    """Say what speaks against closing the village now. Nothing of it forbids it: who is late is let in from above."""
    if village.counts.waiting:
        yield n_(
            "⚠️ {count} form still waits. Please decide on it first: type “review forms”. After closing, the branch"
            " decides nothing more.",
            "⚠️ {count} forms still wait. Please decide on them first: type “review forms”. After closing, the branch"
            " decides nothing more.",
            village.counts.waiting,
        )
    if facts.today <= round_.closes:
        yield _(
            "People may still hand in forms until the end of {day}. What comes after closing waits until the Study"
            " Promotion Association of the commune lets it in.",
            day=round_.closes,
        )
    if facts.today > round_.phases.branch:
        yield _(
            "The last day for the branch was {day}. The village can be closed all the same; please tell the Study"
            " Promotion Association of the commune.",
            day=round_.phases.branch,
        )
    else:
        yield _("Please close the village until the end of {day}.", day=round_.phases.branch)


def hear_standing(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case ENTER.key:
            yield Went("day", talk)
        case "minutes" | "list" | "posted" as paper:
            yield from ask_for(facts, paper, talk.unit_id, round_of(facts, talk).year)
        case _ if _is_alone(facts):
            yield Left()
        case _:
            yield Went("village", Meeting(talk.page, round_id=talk.round_id))


def _is_alone(facts: Facts) -> bool:
    return begin(facts).unit_id != 0
