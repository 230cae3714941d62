"""What joining chats records."""

from datetime import datetime

from flows.conversation.events import Record
from flows.conversation.facts import Conversation, Facts


class CodeMade(Record, frozen=True):
    """A code for who speaks, instead of any earlier one."""

    digest: str
    expires: datetime


class CodeTyped(Record, frozen=True):
    """Somebody's code, typed in this chat by who says that they have made it; they are asked until a moment."""

    owner_id: int
    digest: str
    expires: datetime

    @property
    def touches(self) -> object:
        return ("join", self.owner_id)


class CodeEnded(Record, frozen=True):
    """A code that holds no more: used, refused or too old."""

    owner_id: int

    @property
    def touches(self) -> object:
        return ("join", self.owner_id)


class CodeMissed(Record, frozen=True):
    """A wrong code: so many there were in this chat now."""

    misses: int


class Joined(Record, frozen=True):
    """Another chat is theirs, too, from here on: alone, or with those who share that phone."""

    there: Conversation

    @property
    def touches(self) -> object:
        return ("chat", self.there.id)


AnyRecord = CodeMade | CodeTyped | CodeEnded | CodeMissed | Joined


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once it has happened: nothing that a question here is asked on."""
    return facts
