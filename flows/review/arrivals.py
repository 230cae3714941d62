"""How a branch head wants to hear of forms that arrive."""

from collections.abc import Iterator, Mapping

from flows.conversation.events import Entered, Event, Left, Said
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.questions import BACK, Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.review.needs import ArrivalsWanted, ToldHow
from flows.review.records import ArrivalsChosen
from flows.words.wording import Wording, _, paragraphs


class ChoosingArrivals(Talk, frozen=True, tag="arrivals"):
    """How somebody wants to hear of forms that arrive, to be chosen."""


ARRIVALS = Choice(
    "arrivals",
    _("⚙️ How new forms are announced"),
    words("""
        cách báo phiếu mới; cách báo; báo phiếu mới; đổi cách báo; cài đặt báo phiếu; gộp tin báo; báo phiếu;
        how new forms are announced; announcements
    """),
)
WAYS: Mapping[ToldHow, Choice] = {
    "": Choice(
        "usual",
        _("As usual"),
        words("như cũ; mặc định; như thường lệ; as usual"),
    ),
    "each": Choice(
        "each",
        _("Each one at once"),
        words("từng phiếu; từng phiếu một; báo từng phiếu; báo ngay; each; each one; at once"),
    ),
    "hourly": Choice(
        "hourly",
        _("Together, once an hour"),
        words("mỗi giờ; hằng giờ; theo giờ; mỗi giờ một lần; hourly; once an hour; every hour"),
    ),
    "evening": Choice(
        "evening",
        _("Together, in the evening"),
        words("buổi tối; cuối ngày; chiều tối; mỗi tối; tối báo; evening; in the evening"),
    ),
}


def choose(facts: Facts) -> Iterator[Event]:
    """Ask how new forms are to be announced."""
    yield Entered("how", ChoosingArrivals())


def ask(facts: Facts, talk: ChoosingArrivals) -> Question:
    now = WAYS[facts.find(ArrivalsWanted(facts.person_id))]
    return Question(
        paragraphs(
            _("How do you want to hear of new forms?"),
            _("Now: {way}.", way=now.label),
            _("As usual means: the first 5 of a day are shown one by one, the rest together in the evening."),
        ),
        tuple(WAYS.values()),
        (BACK,),
        numbered=True,
    )


def hear(facts: Facts, talk: ChoosingArrivals, heard: Heard) -> Iterator[Event]:
    key = chosen(heard)
    for told_how, choice in WAYS.items():
        if choice.key == key:
            yield ArrivalsChosen(told_how)
            yield Said(_("Noted: {way}.", way=choice.label))
    yield Left()


def obstacle(facts: Facts, talk: ChoosingArrivals) -> Wording | None:
    """Say why there is nothing to choose, if so."""
    return None if facts.has_role("head") else _("Only branch heads see the forms of a village.")


CHOOSING_ARRIVALS = Flow(ChoosingArrivals, steps=(Step("how", ask, hear),), obstacle=obstacle)
