"""What a channel offers to delivery, and what can become of an attempt to send."""

from dataclasses import dataclass
from typing import Protocol

from flows.messages import Outgoing


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has taken the letter."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not taken, or not certain: try again. `seconds` is the channel's own wish; `whole_bot` holds all letters."""

    error: str
    seconds: float | None = None
    whole_bot: bool = False


@dataclass(frozen=True, slots=True)
class BlockedByPerson:
    """The person does not want to be written to, until they write again."""

    error: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The channel will never take this letter."""

    error: str


Outcome = Sent | Later | BlockedByPerson | Rejected


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast a channel may be written to: messages a second, for a bot and for one chat."""

    per_bot: float
    per_chat: float


class Sender(Protocol):
    """A bot of a channel, as delivery sees it."""

    channel: str
    bot: str
    rates: Rates

    async def send(self, address: str, outgoing: Outgoing | None, callback: str | None) -> Outcome:
        """Send a letter and answer the button press it belongs to. Never raises for what a channel may do."""


class FileSource(Protocol):
    """A channel that files can be fetched from."""

    channel: str
    bot: str

    async def fetch(self, source: str, most: int) -> bytes:
        """Return a file's content. Raises FileTooLarge over `most` bytes, FileGone, or FileNotNow to try later."""


class FileTooLarge(Exception):
    """The file has more bytes than are kept."""


class FileGone(Exception):
    """The channel does not have the file any more."""


class FileNotNow(Exception):
    """The channel cannot be reached; try again later."""
