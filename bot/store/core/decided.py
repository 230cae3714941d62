"""A turn on its way into the database."""

from dataclasses import dataclass

from bot.store.core.gathering import Waiting
from flows.conversation.engine import Decision
from flows.conversation.facts import Facts


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn that waits to be applied: what it was, what it knew, what was decided, and who speaks by its end, if that
    is somebody known."""

    turn: Waiting
    facts: Facts
    decision: Decision
    person_id: int | None = None
