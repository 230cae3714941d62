"""What a subject brings to the conversation, in one value."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.conversation.events import Event, Record
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow
from flows.conversation.questions import Choice
from flows.conversation.session import Session, Talk
from flows.domain.people import RoleKind
from flows.words.wording import Wording, _

MOST_DIGITS = 18  # what both databases take as a number
NO_VERSION = -1
GOES_ON = _("Welcome back. Let us go on where we were.")


@dataclass(frozen=True, slots=True)
class Command:
    """A command: what the menu says of it, what it does, and the words that are said instead.

    `hear` is given what was typed after the command. `names` are what it is called in a language where not by its
    English name, a to z only, for Telegram. `place` is its place in the menu, the lowest first. One with `roles` is
    for those who hold one of them, and help tells them of its `guide`.
    """

    name: str
    words: Wording
    hear: Callable[[Facts, Session[Talk], str], Iterable[Event]]
    order: Choice
    place: int
    names: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[RoleKind, ...] = ()
    guide: str = ""

    def is_for(self, kinds: Collection[RoleKind]) -> bool:
        """Tell whether who holds these roles has this command."""
        return not self.roles or any(kind in kinds for kind in self.roles)


@dataclass(frozen=True, slots=True)
class HomeEntry:
    """Something to begin at home, and what follows."""

    choice: Choice
    hear: Callable[[Facts], Iterable[Event]]


def _records_nothing(facts: Facts, record: Any) -> Facts:
    raise AssertionError(f"no subject records {type(record).__name__}")


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject: its talks, its commands, and where it meets the others.

    `records` are the kinds it records, `after` the picture once one of them has happened. `buttons` are the first words
    of what its lasting buttons carry: a claim, whose right is checked by whoever hears it. `codes` are the beginnings
    of what a link brings. `home` is what can be begun at home, `status` says there how things stand. `overhear` may
    take what was typed before the question does, `otherwise` what the question did not understand.
    """

    name: str
    flows: tuple[Flow[Any], ...] = ()
    records: tuple[type[Record], ...] = ()
    after: Callable[[Facts, Any], Facts] = _records_nothing
    commands: tuple[Command, ...] = ()
    buttons: Mapping[str, Callable[[Facts, list[str]], Iterable[Event]]] = field(default_factory=dict)
    codes: Mapping[str, Callable[[Facts, Session[Talk], str], Iterable[Event]]] = field(default_factory=dict)
    home: Callable[[Facts], Iterable[HomeEntry]] | None = None
    status: Callable[[Facts], Iterable[Wording | None]] | None = None
    overhear: Callable[[Facts, Session[Talk], str], Iterable[Event]] | None = None
    otherwise: Callable[[Facts, Session[Talk], str], Iterable[Event]] | None = None


def is_number(written: str) -> bool:
    """Tell whether what a button carries is an id or a version."""
    return written.isdecimal() and len(written) <= MOST_DIGITS


def version_in(written: str) -> int:
    """Return the version that a button was made for; one that no form and no notice has, where it carries none."""
    return int(written) if is_number(written) else NO_VERSION
