"""What is recorded of who lives together."""

from flows.conversation.events import Record
from flows.conversation.facts import Facts


class HouseholdAsked(Record, frozen=True):
    """Somebody is asked whether they live with who speaks."""

    person_id: int


class HouseholdAnswered(Record, frozen=True):
    """What was asked is answered: they live together, or not. Who does moves into the household of who asked."""

    asker_id: int
    together: bool

    @property
    def touches(self) -> object:
        return ("household", self.asker_id)


class HouseholdLeft(Record, frozen=True):
    """Who speaks does not live with the others any more."""


AnyRecord = HouseholdAsked | HouseholdAnswered | HouseholdLeft


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture afterwards. Nothing that follows in the same turn asks who lives together."""
    return facts
