"""The shape of a talk: its steps in the order one goes through them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flows.conversation.events import Event
from flows.conversation.facts import Facts
from flows.conversation.phones import spoken_for
from flows.conversation.questions import Heard, Question
from flows.conversation.session import Talk
from flows.words.wording import Wording, _

T = TypeVar("T", bound=Talk)
STOPPED = _("Stopped.")


def _no_obstacle(facts: Facts, talk: Talk) -> Wording | None:
    return None


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One question: how it is asked, and what follows from the reply."""

    name: str
    ask: Callable[[Facts, T], Question]
    hear: Callable[[Facts, T, Heard], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Flow(Generic[T]):
    """A talk. `obstacle` says why it cannot go on now, if so; `stopped` is said to whoever leaves it in the middle;
    `heading` stands above its questions on a phone that several share, and says whom they are about. One that
    `gives_way` need not be answered: whatever else is wanted leaves it, and is heard as it would be at home."""

    talk: type[T]
    steps: tuple[Step[T], ...]
    obstacle: Callable[[Facts, T], Wording | None] = _no_obstacle
    stopped: Wording = STOPPED
    heading: Callable[[Facts, T], Wording | None] = spoken_for
    gives_way: bool = False

    def step(self, name: str) -> Step[T]:
        """Return a step by name; one that a newer version no longer has leads to the first."""
        return next((step for step in self.steps if step.name == name), self.steps[0])
