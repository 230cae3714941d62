"""The village is closed once everything was looked over, and those above are told."""

from collections.abc import Iterator
from datetime import date, timedelta

from flows.conversation.events import Event, Left, PersonAddress, Sent, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.domain.closings import Minutes, Village
from flows.meeting.entering import CLOSED_ALREADY, PAPERS, Meeting, round_of, village_of
from flows.meeting.needs import VillagePageWanted, VillageWanted
from flows.meeting.records import VillageMoved
from flows.meeting.words import in_words, standing
from flows.papers.words import button
from flows.roles.deciding import closes_as
from flows.roles.needs import holders_over
from flows.words.refusals import OutOfDate
from flows.words.wording import _, lines, n_, paragraphs

CLOSE = Choice(
    "close",
    _("✅ Close the village"),
    words("""
        chốt; chốt danh sách; chốt thôn; chốt luôn; đồng ý chốt; xác nhận chốt; chốt danh sách thôn; gửi lên xã; nộp lên
        xã; chuyển lên xã; close; close the village
    """),
    final=True,
)
CHANGE = Choice("change", _("Change something"), words("sửa; đổi; sửa lại; chỉnh; chưa đúng; sai; có chỗ sai; change"))
PARTS: dict[str, Choice] = {
    "day": Choice("day", _("Day of the meeting"), words("ngày; ngày họp; day")),
    "hours": Choice("hours", _("From when until when"), words("giờ; thời gian; mấy giờ; giờ họp; hours; time")),
    "place": Choice("place", _("Place"), words("địa điểm; chỗ; nơi họp; place")),
    "chair": Choice("chair", _("Chair"), words("chủ trì; chủ tọa; chủ toạ; người chủ trì; chair")),
    "secretary": Choice("secretary", _("Secretary"), words("thư ký; thư kí; người ghi; secretary")),
    "present": Choice("present", _("Number present"), words("có mặt; số người; số người dự; present")),
    "votes": Choice("votes", _("Votes"), words("phiếu; biểu quyết; kết quả biểu quyết; votes")),
    "posting": Choice("posting", _("Days of posting"), words("niêm yết; số ngày niêm yết; ngày niêm yết; posting")),
}


def ask_check(facts: Facts, talk: Meeting) -> Question:
    village = village_of(facts, talk)
    return Question(
        paragraphs(
            lines(
                _("Branch meeting of {unit}", unit=facts.reference.units.in_sentence(talk.unit_id)),
                *in_words(minutes_of(talk, village)),
            ),
            lines(*standing(village.counts)),
            n_(
                "⚠️ {count} form still waits for the branch.",
                "⚠️ {count} forms still wait for the branch.",
                village.counts.waiting,
            )
            if village.counts.waiting
            else None,
            _(
                "Once the village is closed, the branch decides nothing more on its forms, and the Study Promotion"
                " Association of the commune is told. Is everything right?"
            ),
        ),
        (CLOSE, CHANGE),
        (BACK,),
        again=_("Press “Close the village”, or change something first."),
    )


def minutes_of(talk: Meeting, village: Village) -> Minutes:
    """Return the minutes of a meeting that everything was told of."""
    assert talk.day is not None
    assert talk.votes is not None
    counts = village.counts
    return Minutes(
        day=talk.day,
        place=talk.place,
        chair=talk.chair,
        secretary=talk.secretary,
        present=talk.present,
        members=talk.members,
        votes_for=talk.votes[0],
        votes_against=talk.votes[1],
        abstained=talk.votes[2],
        begins=talk.begins,
        ends=talk.ends,
        posting_days=talk.posting or 0,
        registered=counts.registered,
        confirmed=counts.confirmed,
        passed=counts.passed,
        waiting=counts.waiting,
        returned=counts.returned,
        unfinished=counts.unfinished,
    )


def hear_check(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case CLOSE.key:
            yield from close(facts, talk)
        case CHANGE.key:
            yield Went("change", talk)
        case _:
            yield Went("posting", talk)


def ask_change(facts: Facts, talk: Meeting) -> Question:
    return Question(_("What should be changed?"), tuple(PARTS.values()), (BACK,), numbered=True)


def hear_change(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("check", talk)
        case part:
            yield Went(part, talk)


def close(facts: Facts, talk: Meeting) -> Iterator[Event]:
    """Close a village, as it is found once nothing of it can change: who comes second is told."""
    units, role = facts.reference.units, closes_as(facts, talk.unit_id)
    village = facts.find(VillageWanted(talk.unit_id, talk.round_id, held=True))
    if village.version != talk.version or village.is_closed:
        raise OutOfDate(CLOSED_ALREADY)
    minutes = minutes_of(talk, village)
    posted_until = minutes.day + timedelta(days=minutes.posting_days) if minutes.posting_days else None
    yield VillageMoved(talk.unit_id, talk.round_id, talk.version, "closed", role, minutes, posted_until)
    yield from _tell_above(facts, village, posted_until)
    year = round_of(facts, talk).year
    yield Sent(
        Message(
            lines(
                _("✅ Closed: {unit}. Thank you.", unit=units.in_sentence(talk.unit_id)),
                _("The list is posted until the end of {day}.", day=posted_until) if posted_until is not None else None,
            ),
            (tuple(button(paper, talk.unit_id, year) for paper in PAPERS),),
        )
    )
    yield Left(home=True, quiet=True)


def _tell_above(facts: Facts, village: Village, posted_until: date | None) -> Iterator[Event]:
    """Tell the association that a village has come up; where there is none, the administrators, at the first one."""
    units = facts.reference.units
    unit = units.full_name(village.unit_id)
    association = holders_over(facts, village.unit_id, "association")
    for holder in association:
        text = lines(
            _("📬 {unit} is closed: the branch has met.", unit=unit),
            *standing(village.counts),
            _("The list is posted until the end of {day}.", day=posted_until) if posted_until is not None else None,
        )
        see = Button(_("Look at the village"), f"c:village:{village.unit_id}:{village.round_id}", lasting=True)
        yield Told(PersonAddress(holder.person_id), Message(text, ((see,),)))
    commune = units.by_id[village.unit_id].parent_id
    if association or commune is None:
        return
    if facts.find(VillagePageWanted(units.scope((commune,)), village.round_id, 0, 1)).closed == 0:
        for holder in holders_over(facts, village.unit_id, "admin"):
            yield Told(
                PersonAddress(holder.person_id),
                Message(
                    lines(
                        _("📬 {unit} is closed: the branch has met.", unit=unit),
                        _(
                            "Nobody checks for {commune} yet. Please invite whoever does: type “invite”, and choose"
                            " “Study Promotion Association of the commune”.",
                            commune=units.in_sentence(commune),
                        ),
                    )
                ),
            )
