"""What a channel offers to delivery, and what can become of an attempt to send."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from flows.conversation.messages import Outgoing


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has taken the letter. `message_id` is its own for it, where it can change what was sent."""

    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Not taken: try again. `seconds` is the channel's own wish; `whole_bot` holds all letters. Nobody knows what
    became of an `uncertain` one: it may have been taken after all. `too_many`: messages came too fast. After so many
    `tries`, where it says how many, it is given up: somebody has to look at it."""

    error: str
    seconds: float | None = None
    whole_bot: bool = False
    uncertain: bool = False
    too_many: bool = False
    tries: int | None = None


@dataclass(frozen=True, slots=True)
class BlockedByPerson:
    """The person does not want to be written to, until they write again."""

    error: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The channel will never take this letter: for what it says, or `only_here` for what this chat is."""

    error: str
    only_here: bool = False


@dataclass(frozen=True, slots=True)
class OutsideWindow:
    """The channel takes nothing for this person now: they have not written for too long. It is tried again after so
    many `seconds` where that may help sooner than their next word."""

    error: str
    seconds: float | None = None


Outcome = Sent | Later | BlockedByPerson | Rejected | OutsideWindow


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast a channel may be written to: messages a second, for a bot, for one chat and for one group, and how many
    replies one chat may get at once after a pause."""

    per_bot: float
    per_chat: float
    per_group: float = 20 / 60
    chat_burst: int = 1

    def times(self, factor: float) -> "Rates":
        """Return the rates of a channel that is so many times as fast."""
        return Rates(self.per_bot * factor, self.per_chat * factor, self.per_group * factor, self.chat_burst)


class Sender(Protocol):
    """A bot of a channel, as delivery sees it."""

    channel: str
    bot: str
    rates: Rates

    async def send(
        self, address: str, outgoing: Outgoing | None, callback: str | None, standing: str | None = None
    ) -> Outcome:
        """Send a letter and answer the button press it belongs to. Never raises for what a channel may do.

        `standing` is the message of the same topic in that chat: it is changed instead, where the channel can.
        """

    def is_group(self, address: str) -> bool:
        """Tell whether a chat has several people in it, which makes it slower."""


@runtime_checkable
class Knocks(Protocol):
    """A channel that can tell somebody outside its window that something waits for them, at a price."""

    async def knock(self, address: str, outgoing: Outgoing) -> OutsideWindow | None:
        """Tell somebody that a letter waits for their next word. Returns how it waits on; None where nothing is set up
        for it. Never raises for what a channel may do."""


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
