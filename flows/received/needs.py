"""What is asked about what somebody receives while a turn is decided."""

from flows.conversation.facts import Need
from flows.notices.notice import MutedKind


class ReceivedWanted(Need[bool], frozen=True):
    """Whether a conversation was among a notice's recipients."""

    notice_id: int
    conversation_id: int


class MutedWanted(Need[frozenset[MutedKind]], frozen=True):
    """What a person has turned off."""

    person_id: int


AnyNeed = ReceivedWanted | MutedWanted
