"""What is asked about villages and their meetings while a turn is decided."""

from msgspec import Struct

from flows.conversation.facts import Need
from flows.domain.closings import Counts, Village
from flows.domain.units import Scope


class VillageWanted(Need[Village], frozen=True):
    """A village in a round. While it is `held`, nothing of it changes until the turn is over."""

    unit_id: int
    round_id: int
    held: bool = False


class VillagePage(Struct, frozen=True):
    """Some villages in their order; and of all of them, how many there are, are closed, were sent back, and what they
    have together."""

    villages: tuple[Village, ...]
    count: int
    closed: int
    sent_back: int
    counts: Counts


class VillagePageWanted(Need[VillagePage], frozen=True):
    """A page of the villages and workplaces in these units, in a round."""

    units: Scope
    round_id: int
    offset: int
    limit: int


AnyNeed = VillageWanted | VillagePageWanted
