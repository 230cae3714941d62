"""What is asked about households while a turn is decided."""

from msgspec import Struct

from flows.conversation.facts import Need
from flows.words.wording import Named


class Household(Struct, frozen=True):
    """Who lives with somebody, without themselves, and who was asked by them and has not said."""

    members: tuple[Named, ...] = ()
    asked: tuple[Named, ...] = ()


class HouseholdWanted(Need[Household], frozen=True):
    """Who lives with somebody."""

    person_id: int


class NeighboursWanted(Need[tuple[Named, ...]], frozen=True):
    """Who lives in exactly this unit, or holds a role there, and is called so, with or without marks; not who asks."""

    unit_id: int
    name: str
    without_person: int


class AskerWanted(Need[Named | None], frozen=True):
    """Who asked somebody whether they live together; None when nobody of that id does any more. Locked until the turn
    ends: each is answered once."""

    asker_id: int
    person_id: int


class AskersWanted(Need[tuple[Named, ...]], frozen=True):
    """Who asked somebody whether they live together and has no answer yet, who asked last first. Locked until the turn
    ends."""

    person_id: int


AnyNeed = HouseholdWanted | NeighboursWanted | AskerWanted | AskersWanted
