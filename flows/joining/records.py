"""What joining chats records."""

from datetime import datetime

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Conversation, Facts
from flows.joining.needs import OwnChat, OwnChatsWanted


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


class ChatLeft(Record, frozen=True):
    """A chat that is no longer theirs."""

    chat_id: int

    @property
    def touches(self) -> object:
        return ("chat", self.chat_id)

    @property
    def changes_menu(self) -> bool:
        return True


class LettersChosen(Record, frozen=True):
    """The chat to which letters go; the one used last where it is 0."""

    chat_id: int = 0


AnyRecord = CodeMade | CodeTyped | CodeEnded | CodeMissed | Joined | ChatLeft | LettersChosen


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once it has happened: whoever leaves the chat they write in is nobody there."""
    match record:
        case ChatLeft(chat_id) if chat_id == facts.conversation.id:
            here = replace(facts.conversation, consented=None)
            return replace(facts, conversation=here, person=None, roles=(), own=())
        case ChatLeft(chat_id):
            chats = tuple(one for one in _chats(facts) if one.id != chat_id)
            return facts.knowing(OwnChatsWanted(facts.person_id), chats if len(chats) > 1 else ())
        case LettersChosen(chat_id):
            chats = tuple(replace(one, letters=one.id == chat_id) for one in _chats(facts))
            return facts.knowing(OwnChatsWanted(facts.person_id), chats)
        case _:
            return facts


def _chats(facts: Facts) -> tuple[OwnChat, ...]:
    return facts.find(OwnChatsWanted(facts.person_id))
