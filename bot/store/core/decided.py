"""A turn on its way into the database."""

from dataclasses import dataclass

from bot.store.core.gathering import Waiting
from flows.conversation.engine import Decision
from flows.conversation.facts import Facts


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn that waits to be applied: what it was, what it knew, what was decided, who spoke in it, if that is known
    by its end, and who is spoken for from then on: on a phone that several share, perhaps another."""

    turn: Waiting
    facts: Facts
    decision: Decision
    person_id: int | None = None
    next_id: int | None = None
