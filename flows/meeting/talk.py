"""The branch meeting: what the village has, what the minutes say, and closing the village."""

from collections.abc import Iterator
from datetime import date, time, timedelta

from msgspec.structs import replace

from flows.conversation.events import Event, Left, PersonAddress, Said, Sent, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, SKIP, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.domain.assessments import BRANCH
from flows.domain.closings import Minutes, Village
from flows.domain.people import Name, read_name
from flows.domain.rounds import MOST_POSTING_DAYS, Round
from flows.domain.units import Scope
from flows.meeting.needs import VillagePageWanted, VillageWanted
from flows.meeting.records import VillageMoved
from flows.meeting.words import in_words, posting, read_hours, read_posting, read_present, read_votes, standing
from flows.papers.rights import PaperKind
from flows.papers.talk import ask_for
from flows.papers.words import button, choice
from flows.roles.deciding import closed_by, closes_as, head_there
from flows.roles.needs import HoldersWanted, holders_over
from flows.words.moments import read_day
from flows.words.place_names import inside_sentence
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.spelling import composed, fold, has_invisible
from flows.words.wording import Wording, _, lines, n_, paragraphs


class Meeting(Talk, frozen=True, tag="meeting"):
    """The village whose branch has met, in which round, and what was told of the meeting so far. `version` is that of
    the village's closing when this began; `timed` that the hours were asked about; `unsure` is a name that was asked
    about once."""

    page: int = 0
    unit_id: int = 0
    round_id: int = 0
    version: int = 0
    day: date | None = None
    timed: bool = False
    begins: time | None = None
    ends: time | None = None
    place: str = ""
    chair: str = ""
    secretary: str = ""
    unsure: str = ""
    present: int = 0
    members: int = 0
    votes: tuple[int, int, int] | None = None
    posting: int | None = None


PAGE = 8
PAPERS: tuple[PaperKind, ...] = ("minutes", "list")
PLACE_LENGTH = 120

MORE = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))
ENTER = Choice(
    "enter",
    _("✍️ Enter the branch meeting"),
    words("""
        nhập; nhập biên bản; nhập cuộc họp; ghi; ghi biên bản; ghi cuộc họp; họp; họp xong; đã họp; đã họp xong; làm
        biên bản; viết biên bản; bắt đầu; enter; enter the meeting; minutes
    """),
)
TODAY = Choice("today", _("Today"), words("hôm nay; nay; bữa nay; tối nay; sáng nay; chiều nay; today"))
YESTERDAY = Choice("yesterday", _("Yesterday"), words("hôm qua; tối qua; bữa qua; chiều qua; yesterday"))
LEAVE_BLANK = replace(
    SKIP, label=_("Leave it blank"), also=SKIP.also + words("để trống; không ghi; để sau; không nhớ; leave it blank")
)
ALL_FOR = Choice(
    "all",
    _("All for"),
    words("""
        tất cả đồng ý; tất cả; tất cả nhất trí; nhất trí; nhất trí hết; đồng ý hết; 100%; 100% nhất trí; toàn bộ; toàn
        bộ nhất trí; cả; all; all for; everybody
    """),
)
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
CLOSED_ALREADY = _(
    "This village has been closed or sent back meanwhile. To look at it once more, type “branch meeting”."
)


# which village


def branch_scope(facts: Facts) -> Scope:
    """Return the units that somebody decides for as the branch."""
    return facts.reference.units.scope(unit_id for role in BRANCH for unit_id in facts.over(role))


def places(facts: Facts) -> tuple[Round, ...]:
    """Return the rounds that branches of somebody's units may meet on, the oldest first."""
    known = facts.reference.rounds_by_id
    return tuple(
        sorted((known[id_] for id_ in facts.rounds_in(branch_scope(facts))), key=lambda one: (one.year, one.id))
    )


def begin(facts: Facts) -> Meeting:
    """Return the talk at its beginning: at the one village and round there is, if there is one only."""
    units, rounds = facts.reference.units, places(facts)
    tops = branch_scope(facts).tops
    if len(tops) == 1 and len(rounds) == 1 and units.by_id[tops[0]].takes_residents:
        return at_village(facts, Meeting(round_id=rounds[0].id), tops[0])
    return Meeting(round_id=rounds[0].id) if rounds else Meeting()


def at_village(facts: Facts, talk: Meeting, unit_id: int) -> Meeting:
    """Return the talk about a village as it stands now."""
    round_ids = facts.reference.rounds_at_work(unit_id, facts.today)
    round_id = talk.round_id if talk.round_id in round_ids else min(round_ids, default=0)
    return Meeting(
        talk.page, unit_id, round_id, facts.find(VillageWanted(unit_id, round_id)).version if round_id else 0
    )


def ask_village(facts: Facts, talk: Meeting) -> Question:
    listed = facts.find(VillagePageWanted(branch_scope(facts), talk.round_id, talk.page * PAGE, PAGE))
    labels = facts.reference.units.labels(village.unit_id for village in listed.villages)
    more = listed.count > (talk.page + 1) * PAGE
    return Question(
        lines(
            _("Branch meetings of {round}", round=_round(facts, talk).name),
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


# what it has


def ask_standing(facts: Facts, talk: Meeting) -> Question:
    village = _village(facts, talk)
    round_ = _round(facts, talk)
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
        case "minutes" | "list" as paper:
            yield from ask_for(facts, paper, talk.unit_id, _round(facts, talk).year)
        case _ if _is_alone(facts):
            yield Left()
        case _:
            yield Went("village", Meeting(talk.page, round_id=talk.round_id))


def _is_alone(facts: Facts) -> bool:
    return begin(facts).unit_id != 0


# the meeting


def ask_day(facts: Facts, talk: Meeting) -> Question:
    return Question(
        _("On which day did the branch meet? Press a button, or type the day, for example 12/11."),
        (TODAY, YESTERDAY),
        (BACK,),
        free=True,
    )


def hear_day(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("standing", at_village(facts, talk, talk.unit_id))
        case Chose(TODAY.key):
            yield _onwards(replace(talk, day=facts.today))
        case Chose():
            yield _onwards(replace(talk, day=read_day("hôm qua", facts.today)))
        case _:
            yield _onwards(replace(talk, day=read_day(written(heard), facts.today)))


def ask_hours(facts: Facts, talk: Meeting) -> Question:
    return Question(_("From when until when? For example: 19:30 to 21:00."), (LEAVE_BLANK,), (BACK,), free=True)


def hear_hours(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("day", talk)
        case Chose():
            yield _onwards(replace(talk, timed=True, begins=None, ends=None))
        case _:
            begins, ends = read_hours(written(heard))
            yield _onwards(replace(talk, timed=True, begins=begins, ends=ends))


def ask_place(facts: Facts, talk: Meeting) -> Question:
    return Question(_("Where did it meet?"), (_hall(facts, talk),), (BACK,), free=True)


def _hall(facts: Facts, talk: Meeting) -> Choice:
    """Make the button of where villages meet. It goes into the minutes, which are in Vietnamese."""
    unit = inside_sentence(facts.reference.units.by_id[talk.unit_id].name)
    return Choice("hall", f"Nhà văn hóa {unit}", words("nhà văn hóa; ở nhà văn hóa; nvh; nhà văn hoá; tại nhà văn hóa"))


def hear_place(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("hours", talk)
        case Chose():
            yield _onwards(replace(talk, place=str(_hall(facts, talk).label)))
        case _:
            yield _onwards(replace(talk, place=_read_place(written(heard))))


def _read_place(typed: str) -> str:
    place = composed(typed)
    if not any(letter.isalpha() for letter in place):
        raise NotUnderstood(_("Type the place, for example the culture house of the village."))
    if len(place) > PLACE_LENGTH:
        raise Refused(_("A place has {most} characters at most.", most=PLACE_LENGTH))
    if has_invisible(place):
        raise Refused(_("This text has hidden characters in it. Please type it once more by hand."))
    return place


def ask_chair(facts: Facts, talk: Meeting) -> Question:
    assert facts.person is not None
    me = Choice("me", facts.person.name, words("tôi; chính tôi; mình; tôi chủ trì; me; myself; i did"))
    return Question(_("Who chaired the meeting? Type the full name."), (me,), (BACK,), free=True)


def hear_chair(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("place", talk)
        case Chose():
            assert facts.person is not None
            yield _onwards(_with_chair(talk, facts.person.name))
        case _:
            name = _read_person(facts, talk, written(heard))
            if name.sure or name.name == talk.unsure:
                yield _onwards(_with_chair(talk, name.name))
            else:
                yield Said(_with_marks(name.name))
                yield Went("chair", replace(talk, unsure=name.name))


def _read_person(facts: Facts, talk: Meeting, typed: str) -> Name:
    """Return a name as it will stand in the minutes; of who holds a role in the village as they are known, for it may
    have been typed without tone marks."""
    name = read_name(typed)
    held = (one.name for one in facts.find(HoldersWanted(talk.unit_id)))
    return next((Name(known, sure=True) for known in held if fold(known) == fold(name.name)), name)


def _with_marks(name: str) -> Wording:
    return _(
        "The name will stand in the minutes as “{name}”. Please type it once more, in full and with tone marks; or the"
        " same again, if it is right.",
        name=name,
    )


def _with_chair(talk: Meeting, name: str) -> Meeting:
    return replace(talk, chair=name, unsure="", secretary="" if talk.secretary == name else talk.secretary)


def ask_secretary(facts: Facts, talk: Meeting) -> Question:
    deputies = [
        one for one in facts.find(HoldersWanted(talk.unit_id)) if one.kind == "deputy" and one.name != talk.chair
    ]
    return Question(
        _("Who wrote the minutes? Type the full name."),
        tuple(Choice(str(one.person_id), _("{name}", name=one.named)) for one in deputies),
        (BACK,),
        free=True,
    )


def hear_secretary(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("chair", talk)
        case Chose(person_id):
            held = facts.find(HoldersWanted(talk.unit_id))
            yield _onwards(replace(talk, secretary=next(one.name for one in held if str(one.person_id) == person_id)))
        case _:
            name = _read_person(facts, talk, written(heard))
            if fold(name.name) == fold(talk.chair):
                raise Refused(_("The chair and the secretary sign side by side: they are two people."))
            if name.sure or name.name == talk.unsure:
                yield _onwards(replace(talk, secretary=name.name, unsure=""))
            else:
                yield Said(_with_marks(name.name))
                yield Went("secretary", replace(talk, unsure=name.name))


def ask_present(facts: Facts, talk: Meeting) -> Question:
    return Question(_("How many were present, of how many? For example: 35/40."), (), (BACK,), free=True)


def hear_present(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("secretary", talk)
    else:
        present, members = read_present(written(heard))
        votes = talk.votes if talk.votes is not None and sum(talk.votes) == present else None
        yield _onwards(replace(talk, present=present, members=members, votes=votes))


def ask_votes(facts: Facts, talk: Meeting) -> Question:
    return Question(
        _(
            "How did the {present} present vote on the list? Press a button, or type the votes for, against, and the"
            " abstentions, for example 33 2 0.",
            present=talk.present,
        ),
        (ALL_FOR,),
        (BACK,),
        free=True,
    )


def hear_votes(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("present", talk)
        case Chose():
            yield _onwards(replace(talk, votes=(talk.present, 0, 0)))
        case _:
            yield _onwards(replace(talk, votes=read_votes(written(heard), talk.present)))


def ask_posting(facts: Facts, talk: Meeting) -> Question:
    days = sorted({0, _round(facts, talk).phases.posting_days, MOST_POSTING_DAYS})
    return Question(
        _(
            "For how many days is the list posted, from the day of the meeting? At most {most}; 0 if it is not.",
            most=MOST_POSTING_DAYS,
        ),
        tuple(Choice(f"days {count}", posting(count)) for count in days),
        (BACK,),
        free=True,
    )


def hear_posting(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("votes", talk)
        case Chose(key):
            yield _onwards(replace(talk, posting=int(key.removeprefix("days "))))
        case _:
            yield _onwards(replace(talk, posting=read_posting(written(heard))))


def _onwards(talk: Meeting) -> Went:
    """Go to what was not told yet, or else to the check."""
    if not talk.timed:
        return Went("hours", talk)
    if not talk.place:
        return Went("place", talk)
    if not talk.chair:
        return Went("chair", talk)
    if not talk.secretary:
        return Went("secretary", talk)
    if not talk.present:
        return Went("present", talk)
    if talk.votes is None:
        return Went("votes", talk)
    return Went("posting" if talk.posting is None else "check", talk)


# closing


def ask_check(facts: Facts, talk: Meeting) -> Question:
    village = _village(facts, talk)
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
    year = _round(facts, talk).year
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


def obstacle(facts: Facts, talk: Meeting) -> Wording | None:
    """Say why somebody cannot enter a meeting, if so: not for the branch, no round, or the village has moved on."""
    if not any(facts.has_role(role) for role in BRANCH):
        return _("Only branch heads and their deputies enter branch meetings.")
    if not talk.round_id:
        return _("No round of assessment has begun yet in your branch.")
    if not talk.unit_id:
        return None
    if not any(facts.holds(role, talk.unit_id) for role in BRANCH):
        return _("This village is not in your branch.")
    return CLOSED_ALREADY if _village(facts, talk).version != talk.version else None


def _village(facts: Facts, talk: Meeting) -> Village:
    return facts.find(VillageWanted(talk.unit_id, talk.round_id))


def _round(facts: Facts, talk: Meeting) -> Round:
    return facts.reference.rounds_by_id[talk.round_id]


MEETING = Flow(
    Meeting,
    steps=(
        Step("village", ask_village, hear_village),
        Step("standing", ask_standing, hear_standing),
        Step("day", ask_day, hear_day),
        Step("hours", ask_hours, hear_hours),
        Step("place", ask_place, hear_place),
        Step("chair", ask_chair, hear_chair),
        Step("secretary", ask_secretary, hear_secretary),
        Step("present", ask_present, hear_present),
        Step("votes", ask_votes, hear_votes),
        Step("posting", ask_posting, hear_posting),
        Step("check", ask_check, hear_check),
        Step("change", ask_change, hear_change),
    ),
    obstacle=obstacle,
)
