"""Acts on many forms at once, in one value: what subjects order, and undoing it while nobody was told."""

from collections.abc import Iterator
from typing import get_args

from flows.batches import records
from flows.batches.batch import STOPPABLE, Batch
from flows.batches.needs import BatchOfFormWanted, BatchWanted, LastBatchWanted
from flows.batches.records import BatchUndone
from flows.batches.words import UNDO
from flows.conversation.events import Event, Said
from flows.conversation.facts import Facts
from flows.conversation.session import Session, Talk
from flows.conversation.subject import Subject, is_number
from flows.conversation.understanding import says
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import _


def undo(facts: Facts, batch: Batch | None) -> Iterator[Event]:
    """Take back what was ordered, if it is one's own and nobody was told of it."""
    if batch is None or batch.person_id != facts.person_id:
        raise OutOfDate(_("This button no longer works."))
    if batch.stage == "undoing" or not batch.order.can_be_undone:
        raise Refused(_("This cannot be undone any more."))
    if batch.stage not in STOPPABLE:
        raise Refused(_("This cannot be undone any more: the people concerned have been told."))
    yield BatchUndone(batch.id)
    yield Said(_("It is being undone. You will read here in a moment how it went."))


def _pressed_undo(facts: Facts, rest: list[str]) -> Iterator[Event]:
    if not rest or not is_number(rest[0]):
        raise OutOfDate(_("This button no longer works."))
    yield from undo(facts, facts.find(BatchWanted(int(rest[0]))))


def _pressed_undo_form(facts: Facts, rest: list[str]) -> Iterator[Event]:
    if len(rest) != 2 or not all(map(is_number, rest)):
        raise OutOfDate(_("This button no longer works."))
    form_id, version = map(int, rest)
    yield from undo(facts, facts.find(BatchOfFormWanted(facts.person_id, form_id, version)))


def _hear_undo(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Undo what was ordered last, when that was typed wherever one is."""
    if not facts.roles or not says(typed, UNDO):
        return
    last = facts.find(LastBatchWanted(facts.person_id))
    if last is not None:
        yield from undo(facts, last)


SUBJECT = Subject(
    "batches",
    records=get_args(records.AnyRecord),
    after=records.after,
    buttons={"undo_batch": _pressed_undo, "undo_form": _pressed_undo_form},
    overhear=_hear_undo,
)
