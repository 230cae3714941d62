"""What is asked about the people of a shared phone while a turn is decided."""

from flows.conversation.facts import Another, Need


class AnotherWanted(Need[Another | None], frozen=True):
    """One of the people of a conversation, as they will be spoken for; None when they do not share it any more."""

    conversation_id: int
    person_id: int


AnyNeed = AnotherWanted
