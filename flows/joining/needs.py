"""What is asked about somebody's chats while a turn is decided."""

from datetime import datetime

from msgspec import Struct

from flows.conversation.facts import Conversation, Need


class Claim(Struct, frozen=True):
    """A chat in which a code was typed, as it stands now; `person_id` is who is spoken for there, `was` who it was when
    the code was typed, 0 for nobody. `asked` is how far its questions are counted."""

    chat: Conversation
    person_id: int
    was: int
    asked: int = 0


class JoinCode(Struct, frozen=True):
    """A code that somebody has made in a chat."""

    digest: str
    person_id: int
    chat: Conversation
    made_at: datetime
    expires: datetime
    claim: Claim | None = None


class CodeWanted(Need[JoinCode | None], frozen=True):
    """A code by its digest. None too where two people happen to have made the same one."""

    digest: str


class OwnCodeWanted(Need[JoinCode | None], frozen=True):
    """The code that somebody has made, with the chat in which it was typed."""

    person_id: int


class Misses(Struct, frozen=True):
    """How many wrong codes were typed: in one chat and in all."""

    here: int = 0
    in_all: int = 0


class MissesWanted(Need[Misses], frozen=True):
    """The wrong codes since a moment."""

    conversation_id: int
    since: datetime


class OwnChat(Struct, frozen=True):
    """One of the chats of somebody who has several."""

    id: int
    channel: str
    since: datetime
    used_at: datetime
    letters: bool = False


class OwnChatsWanted(Need[tuple[OwnChat, ...]], frozen=True):
    """The chats of somebody who has several, the oldest first; none of who has one."""

    person_id: int


AnyNeed = CodeWanted | OwnCodeWanted | MissesWanted | OwnChatsWanted
