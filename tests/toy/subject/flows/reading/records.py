"""What reading leaves behind: a number for the village, and nothing of who read."""

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.reading.needs import BooksWanted


class BooksRead(Record, frozen=True):
    """Books that somebody of a unit has read."""

    unit_id: int
    books: int


AnyRecord = BooksRead


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once some more books were read."""
    wanted = BooksWanted(record.unit_id)
    return facts.knowing(wanted, facts.find(wanted) + record.books)
