"""What is recorded of papers: that one is wanted."""

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.papers.rights import PaperKind


class PaperAsked(Record, frozen=True):
    """A paper of a unit and a year, to be made and sent here. `about` is what it is of, where there may be several: a
    proposal, a decision, a form; `group` whose blank form."""

    kind: PaperKind
    unit_id: int
    year: int
    about: int = 0
    group: str = ""


AnyRecord = PaperAsked


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture: a paper changes nothing."""
    return facts
