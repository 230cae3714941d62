"""What happens to a village: it is closed, and sent back."""

from datetime import date

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.closings import Closing, ClosingState, Minutes
from flows.domain.people import RoleKind
from flows.meeting.needs import VillageWanted


class VillageMoved(Record, frozen=True):
    """A village closed by its branch, or sent back by the association for a reason, with the minutes of the last
    meeting. `role` is as whom that was done, `version` what the closing had before."""

    unit_id: int
    round_id: int
    version: int
    state: ClosingState
    role: RoleKind
    minutes: Minutes | None
    posted_until: date | None = None
    reason: str = ""

    @property
    def touches(self) -> object:
        return ("village", self.unit_id)


AnyRecord = VillageMoved


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once a village was closed or sent back: one's own form in it is held by that, too."""
    here = VillageWanted(record.unit_id, record.round_id)
    known = facts.find(replace(here, held=True))
    closing = Closing(record.state, record.version + 1, record.minutes, record.posted_until, record.reason, facts.now)
    village = replace(known, closing=closing)
    own = tuple(
        replace(form, closed=village.is_closed)
        if (form.unit_id, form.round_id) == (record.unit_id, record.round_id)
        else form
        for form in facts.own
    )
    return replace(facts, own=own).knowing(here, village).knowing(replace(here, held=True), village)
