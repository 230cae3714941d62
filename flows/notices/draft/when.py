"""When a notice is sent, how often it comes again, and what the years in its text then mean."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from flows.conversation.events import Event, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Chose, Heard, Question, written
from flows.conversation.questions import words as said
from flows.notices import words
from flows.notices.draft.drafting import Drafting
from flows.notices.notice import Repeat
from flows.notices.occasions import years_in
from flows.words.moments import read_moment
from flows.words.wording import Wording, _, paragraphs

AT_ONCE = Choice("at_once", _("At once"), said("ngay; gửi ngay; bây giờ; ngay bây giờ; gửi luôn; now; at once"))
ONCE = Choice("once", _("Once only"), said("một lần; once"))
WEEKLY = Choice("weekly", _("🔁 Every week"), said("hằng tuần; hàng tuần; mỗi tuần; weekly"))
YEARLY = Choice("yearly", _("🔁 Every year"), said("hằng năm; hàng năm; mỗi năm; yearly"))
REPEATS: Mapping[str, Repeat] = {"once": "", "weekly": "weekly", "yearly": "yearly"}


def ask_when(facts: Facts, talk: Drafting) -> Question:
    others = tuple(choice for choice in (ONCE, WEEKLY, YEARLY) if REPEATS[choice.key] != talk.repeat)
    return Question(
        paragraphs(
            words.when(facts, talk.send_at, talk.repeat),
            _("Type day and time, for example: 5/10 19:00, or tomorrow 8:00."),
        ),
        (*((AT_ONCE,) if talk.send_at is not None else ()), *others),
        (BACK,),
        free=True,
    )


def hear_when(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("draft", talk)
        case Chose(AT_ONCE.key):
            yield Went("draft", replace(talk, send_at=None))
        case Chose(repeat):
            yield Went("when", replace(talk, repeat=REPEATS[repeat]))
        case _:
            yield Went("draft", replace(talk, send_at=read_moment(written(heard), facts.now)))


def each_year(talk: Drafting) -> Wording | None:
    """Say what becomes of the dates in a text that is sent every year."""
    if talk.repeat != "yearly":
        return None
    origin = talk.content.origin
    renews = origin is not None and "vi" in origin.languages
    typed = years_in(" ".join(origin.details) if renews and origin is not None else talk.content.vi)
    if not typed:
        return _("🔁 Each year it names that year's dates.") if renews else None
    years = ", ".join(typed)
    if renews:
        return _("⚠️ You typed {years}: in another year you are asked to write it anew.", years=years)
    return _("⚠️ You wrote the text yourself: each year it is sent as it is, with {years} in it.", years=years)
