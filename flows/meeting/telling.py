"""What the branch head tells of the meeting, one thing after the other."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Said, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, ME, SKIP, Choice, Chose, Heard, Question, words, written
from flows.conversation.understanding import says
from flows.domain.people import Name, Person, read_name
from flows.domain.rounds import MOST_POSTING_DAYS
from flows.meeting.entering import Meeting, at_village, round_of
from flows.meeting.words import posting, read_hours, read_posting, read_present, read_votes
from flows.roles.needs import HoldersWanted
from flows.words.moments import read_day
from flows.words.place_names import inside_sentence
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import composed, fold, has_invisible
from flows.words.wording import Wording, _

PLACE_LENGTH = 120
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
    return Question(_("Who chaired the meeting? Type the full name."), (_me(facts),), (BACK,), free=True)


def _me(facts: Facts) -> Choice:
    """Make the button of who enters the meeting."""
    return Choice(ME.key, _person(facts).name, ME.also + words("tôi chủ trì; tôi ghi; tôi viết"))


def _person(facts: Facts) -> Person:
    assert facts.person is not None  # who holds a role is known
    return facts.person


def hear_chair(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("place", talk)
        case Chose():
            yield _onwards(_with_chair(talk, _person(facts).name))
        case _:
            name = _read_person(facts, talk, written(heard))
            if name.sure or name.name == talk.unsure:
                yield _onwards(_with_chair(talk, name.name))
            else:
                yield Said(_with_marks(name.name))
                yield Went("chair", replace(talk, unsure=name.name))


def _read_person(facts: Facts, talk: Meeting, typed: str) -> Name:
    """Return a name as it will stand in the minutes; of who holds a role in the village as they are known, for it may
    have been typed without tone marks. “Me” is nobody's name, nor is where the branch met."""
    if says(typed, _me(facts)):
        return Name(_person(facts).name, sure=True)
    if says(typed, _hall(facts, talk)) or fold(composed(typed)) == fold(talk.place):
        raise Refused(_("Please type family name and given name in letters, for example: Nguyễn Văn An."))
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
    me = _me(facts)
    known = (me.label, talk.chair)
    deputies = [
        one for one in facts.find(HoldersWanted(talk.unit_id)) if one.kind == "deputy" and one.name not in known
    ]
    return Question(
        _("Who wrote the minutes? Type the full name."),
        (
            *((me,) if me.label != talk.chair else ()),
            *(Choice(str(one.person_id), _("{name}", name=one.named)) for one in deputies),
        ),
        (BACK,),
        free=True,
    )


def hear_secretary(facts: Facts, talk: Meeting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("chair", talk)
        case Chose(ME.key):
            yield _onwards(replace(talk, secretary=_person(facts).name))
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
    days = sorted({0, round_of(facts, talk).phases.posting_days, MOST_POSTING_DAYS})
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
