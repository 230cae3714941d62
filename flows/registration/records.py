"""What getting to know somebody records."""

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.criteria import Group
from flows.domain.people import HowAgreed, Person


class PersonSaved(Record, frozen=True):
    """What a person told about themselves, once they have checked it."""

    name: str
    birth_year: int | None = None
    unit_id: int | None = None
    group: Group | None = None
    representative: str | None = None


class Agreed(Struct, frozen=True, omit_defaults=True):
    """The consent of another person on the phone: they pressed it themselves, or who fills in for them has recorded
    how and on which day it was given, and who witnessed it."""

    how: HowAgreed | None = None
    day: date | None = None
    witness: str = ""


class PersonAdded(Record, frozen=True):
    """One more person on the phone, once all is checked, with their consent. `helped` by who was spoken for before."""

    name: str
    birth_year: int | None
    unit_id: int | None
    group: Group | None
    representative: str | None
    text_version: str
    agreed: Agreed

    @property
    def helped(self) -> bool:
        """Tell whether who was spoken for before fills in for them."""
        return self.agreed.how is not None


AnyRecord = PersonSaved | PersonAdded


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once somebody is known. Of who was added, it is as soon as they are spoken for."""
    if isinstance(record, PersonAdded):
        return facts
    known = facts.person.id if facts.person else 0
    kept = (facts.person.helper, facts.person.helper_id, facts.person.publishes) if facts.person else (None, 0, None)
    details = (record.name, record.birth_year, record.unit_id, record.group, record.representative)
    person = Person(known, *details, *kept)
    return replace(facts, person=person, own=tuple(replace(form, person=person) for form in facts.own))
