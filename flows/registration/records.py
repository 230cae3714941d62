"""What getting to know somebody records."""

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.criteria import Group
from flows.domain.people import Person


class PersonSaved(Record, frozen=True):
    """What a person told about themselves, once they have checked it."""

    name: str
    birth_year: int | None = None
    unit_id: int | None = None
    group: Group | None = None
    representative: str | None = None


AnyRecord = PersonSaved


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once somebody is known."""
    known = facts.person.id if facts.person else 0
    person = Person(known, record.name, record.birth_year, record.unit_id, record.group, record.representative)
    return replace(facts, person=person, own=tuple(replace(form, person=person) for form in facts.own))
