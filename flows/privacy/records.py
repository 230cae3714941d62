"""What happens to everything that is kept about somebody."""

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts


class Erased(Record, frozen=True):
    """Everything about the person, gone; the totals stay."""


AnyRecord = Erased


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once somebody is erased."""
    return replace(facts, person=None, roles=(), own=())
