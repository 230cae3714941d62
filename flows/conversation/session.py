"""Where a conversation stands: frames of (talk, step), the innermost last. Stored as JSON between turns."""

from typing import Generic, TypeVar

from msgspec import Struct


class Talk(Struct, frozen=True, omit_defaults=True):
    """What a talk has to remember between turns. Each is tagged with its name, by which it is stored."""


T_co = TypeVar("T_co", bound=Talk, covariant=True)


class Home(Talk, frozen=True, tag="home"):
    """Nothing under way."""


class Frame(Struct, Generic[T_co], frozen=True):
    """A talk and the name of the step it waits at."""

    step: str
    talk: T_co


HOME = Frame("home", Home())


class Session(Struct, Generic[T_co], frozen=True, omit_defaults=True):
    """`asked` numbers the questions, so that a button knows which one it belongs to; `misses` counts replies in a
    row that were not understood. Of files sent together `album` is what they have in common, from the first one that
    was taken on; `owes` says that they have not been answered yet."""

    frames: tuple[Frame[T_co], ...] = (HOME,)  # type: ignore[assignment]
    asked: int = 0
    misses: int = 0
    album: str = ""
    owes: bool = False

    @property
    def frame(self) -> Frame[T_co]:
        """Return the talk under way."""
        return self.frames[-1]
