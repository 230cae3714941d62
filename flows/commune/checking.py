"""What the association is looking at between two turns."""

from datetime import datetime

from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import Talk
from flows.domain.rounds import Round
from flows.domain.units import Scope
from flows.meeting.needs import VillageWanted
from flows.words.wording import _


class Checking(Talk, frozen=True, tag="commune"):
    """The villages that the association looks at, one of them, a list of its forms, a form; and an act on one of them
    until its reason is given. `version` is that of the form or the village when it was shown, `shown_at` when the list
    that is to be proposed was, and `up` the villages it is made of. `sample` are the forms that are looked at, where
    they were drawn at random."""

    unit_id: int = 0
    round_id: int = 0
    page: int = 0
    village_id: int = 0
    listed: str = "confirmed"
    place: int = 0
    assessment_id: int = 0
    act: str = ""
    version: int = 0
    reason: str = ""
    shown_at: datetime | None = None
    up: tuple[int, ...] = ()
    sample: tuple[int, ...] = ()


PAGE = 8
MORE = Choice("later", _("More →"), words("more; thêm; tiếp; xem thêm; trang sau; nữa; xem tiếp; next"))


def at_village(facts: Facts, talk: Checking, village_id: int) -> Checking:
    """Return the talk about a village as it stands now."""
    village = facts.find(VillageWanted(village_id, talk.round_id))
    return Checking(talk.unit_id, talk.round_id, talk.page, village_id, version=village.version)


def scope_of(facts: Facts, talk: Checking) -> Scope:
    """Return the commune with all its villages."""
    return facts.reference.units.scope((talk.unit_id,))


def round_of(facts: Facts, talk: Checking) -> Round:
    """Return the round it is about."""
    return facts.reference.rounds_by_id[talk.round_id]
