"""What happens to everything that is kept about somebody."""

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts


class Erased(Record, frozen=True):
    """Everything about the person, gone; the totals stay."""


AnyRecord = Erased


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once somebody is erased."""
    left = tuple(one for one in facts.conversation.people if one.id != facts.person_id)
    conversation = replace(facts.conversation, people=left if len(left) > 1 else ())
    return replace(facts, conversation=conversation, person=None, roles=(), own=())
