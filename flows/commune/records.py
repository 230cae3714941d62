"""What the association does besides its acts on forms and villages: it proposes."""

from datetime import date

from flows.batches.batch import Order
from flows.commune.needs import Sample, SamplesWanted
from flows.conversation.events import Record
from flows.conversation.facts import Facts


class Proposed(Record, frozen=True):
    """A list proposed to the committee of a commune: the forms that an order finds are put on it, piece by piece."""

    unit_id: int
    round_id: int
    order: Order

    @property
    def touches(self) -> object:
        return ("proposal", self.unit_id, self.round_id)


class Sampled(Record, frozen=True):
    """Forms of a unit drawn at random for a closer look, by a seed, out of so many."""

    unit_id: int
    round_id: int
    seed: str
    drawn_from: int
    form_ids: tuple[int, ...]


class ProposalNumbered(Record, frozen=True):
    """Number and date of a proposal that was signed."""

    proposal_id: int
    unit_id: int
    round_id: int
    number: str
    dated: date

    @property
    def touches(self) -> object:
        return ("proposal number", self.proposal_id)


AnyRecord = Proposed | Sampled | ProposalNumbered


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture: the forms of a proposal change afterwards, and a sample is known at once."""
    match record:
        case Proposed() | ProposalNumbered():
            return facts
        case Sampled(unit_id, round_id, seed, drawn_from, form_ids):
            wanted = SamplesWanted(unit_id, round_id)
            drawn = Sample(seed, drawn_from, form_ids, facts.now)
            return facts.knowing(wanted, (drawn, *facts.find(wanted)))
