"""What is asked about reading while a turn is decided."""

from flows.conversation.facts import Need


class BooksWanted(Need[int], frozen=True):
    """How many books have been read in a unit."""

    unit_id: int


AnyNeed = BooksWanted
