"""Units that were found by name, as they are offered for choosing."""

from collections.abc import Iterable, Iterator

from flows.conversation.events import Said
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice
from flows.domain.finding import Found
from flows.domain.unit_tree import UnitTree
from flows.words.refusals import Refused
from flows.words.wording import _


def offered(units: UnitTree, unit_ids: Iterable[int]) -> tuple[Choice, ...]:
    """Return units as choices of which no two read alike; those that are gone are left out."""
    there = [unit_id for unit_id in unit_ids if unit_id in units.by_id]
    return tuple(Choice(str(unit_id), label) for unit_id, label in units.labels(there).items())


def find_own(facts: Facts, name: str) -> Found:
    """Find units by name among those that somebody administers. Raises Refused when there are none."""
    found = facts.reference.units.search(name, within=facts.over("admin"))
    if not found.units:
        raise Refused(_("I find no unit by that name among yours."))
    return found


def too_many(found: Found) -> Iterator[Said]:
    """Say how many units fit a name as well as those shown, where not all are, and what narrows them down."""
    if found.more:
        yield Said(
            _(
                "{count} places fit what was typed, too many to show. Please add the village, the commune or the"
                " province.",
                count=len(found.units) + found.more,
            )
        )
