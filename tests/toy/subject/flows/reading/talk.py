"""Reading: how many books somebody has read, asked once more before they are counted."""

from collections.abc import Iterator

from flows.conversation.events import Event, Left, Said, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.questions import BACK, NO, YES, Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.reading.needs import BooksWanted
from flows.reading.records import BooksRead
from flows.words.wording import Wording, _, n_


class Reading(Talk, frozen=True, tag="reading"):
    """Books somebody has read, until they are counted."""

    books: int = 0


NONE_YET = Choice("0", _("None yet"), words("chưa; chưa đọc; chưa cuốn nào; không; none; no"))
ONE = Choice("1", _("One book"), words("một; một cuốn; một quyển; 1 cuốn; 1 quyển; one"))
TWO = Choice("2", _("Two books"), words("hai; hai cuốn; hai quyển; 2 cuốn; 2 quyển; two"))


def ask_books(facts: Facts, talk: Reading) -> Question:
    return Question(_("How many books have you read this month?"), (ONE, TWO, NONE_YET), (BACK,))


def hear_books(facts: Facts, talk: Reading, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case NONE_YET.key:
            yield Said(_("There is always time for a book. The commune's library lends them."))
            yield Left()
        case books:
            yield Went("sure", Reading(int(books)))


def ask_sure(facts: Facts, talk: Reading) -> Question:
    return Question(n_("{count} book, is that right?", "{count} books, is that right?", talk.books), (YES, NO))


def hear_sure(facts: Facts, talk: Reading, heard: Heard) -> Iterator[Event]:
    if chosen(heard) == NO.key:
        yield Went("books", Reading())
        return
    assert facts.person is not None
    assert facts.person.unit_id is not None
    counted = facts.find(BooksWanted(facts.person.unit_id)) + talk.books
    yield BooksRead(facts.person.unit_id, talk.books)
    yield Said(n_("Your village has read {count} book.", "Your village has read {count} books.", counted))
    yield Left()


def obstacle(facts: Facts, talk: Reading) -> Wording | None:
    """Say why nothing can be counted, if so."""
    lives_somewhere = facts.person is not None and facts.person.unit_id is not None
    return None if lives_somewhere else _("Books are counted for a village. Type “start” to say which is yours.")


READING = Flow(
    Reading, steps=(Step("books", ask_books, hear_books), Step("sure", ask_sure, hear_sure)), obstacle=obstacle
)
