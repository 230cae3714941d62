"""What a branch head settles besides forms: how they hear of new ones, and that the unfinished are reminded."""

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.review.needs import ArrivalsWanted, RemindedWanted, ToldHow


class ArrivalsChosen(Record, frozen=True):
    """How a branch head hears of forms that arrive."""

    told_how: ToldHow


class UnfinishedReminded(Record, frozen=True):
    """The unfinished of these villages are to be reminded, today."""

    unit_ids: tuple[int, ...]


AnyRecord = ArrivalsChosen | UnfinishedReminded


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once something was settled."""
    match record:
        case ArrivalsChosen(told_how):
            return facts.knowing(ArrivalsWanted(facts.person_id), told_how)
        case UnfinishedReminded(unit_ids):
            wanted = RemindedWanted(facts.today)
            return facts.knowing(wanted, facts.find(wanted) | frozenset(unit_ids))
