"""What is ordered to happen to many forms, and taken back."""

from flows.batches.batch import Order
from flows.conversation.events import Record
from flows.conversation.facts import Facts


class BatchOrdered(Record, frozen=True):
    """An act on many forms, to be carried out at once."""

    order: Order


class DoneAlone(Record, frozen=True):
    """An act on one form, done in this turn: it can be undone as a batch of one, and its owner is told afterwards.
    `version` is that of the form before it."""

    order: Order
    assessment_id: int
    version: int


class BatchUndone(Record, frozen=True):
    """A batch to be taken back, as far as its forms have not moved on."""

    batch_id: int

    @property
    def touches(self) -> object:
        return ("batch", self.batch_id)


AnyRecord = BatchOrdered | DoneAlone | BatchUndone


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture: the forms change afterwards, piece by piece."""
    return facts
