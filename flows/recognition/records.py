"""What the committee records: a decision, and an entry of the register that does not hold any more."""

from datetime import date

from msgspec.structs import replace

from flows.batches.batch import Order
from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.recognition.needs import TitleWanted


class Recognised(Record, frozen=True):
    """A decision with its number and date, which make it final. The forms that an order finds are recognised by it,
    piece by piece."""

    proposal_id: int
    unit_id: int
    round_id: int
    number: str
    dated: date
    signer: str
    order: Order

    @property
    def touches(self) -> object:
        return ("decision", self.unit_id)


class TitleEnded(Record, frozen=True):
    """An entry of the register that does not hold any more, and why."""

    assessment_id: int
    reason: str

    @property
    def touches(self) -> object:
        return ("title", self.assessment_id)


AnyRecord = Recognised | TitleEnded


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture: the forms of a decision change afterwards, an entry at once."""
    match record:
        case Recognised():
            return facts
        case TitleEnded(assessment_id, reason):
            wanted = TitleWanted(assessment_id)
            title = facts.find(wanted)
            return (
                facts if title is None else facts.knowing(wanted, replace(title, revoked_at=facts.now, reason=reason))
            )
