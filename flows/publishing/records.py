"""What is recorded of being named on lists that are posted."""

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.people import HowAgreed


class Publishing(Record, frozen=True):
    """Whether somebody may be named on posted lists, with the version of the text that they chose on. `how` they agreed
    is told where somebody else fills in for them; for a child the `representative` chooses, too."""

    text_version: str
    given: bool
    how: HowAgreed | None = None
    representative: str = ""


AnyRecord = Publishing


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once somebody has chosen."""
    if facts.person is None:
        return facts
    person = replace(facts.person, publishes=record.given)
    return replace(facts, person=person, own=tuple(replace(form, person=person) for form in facts.own))
