"""Batches: orders to act on many forms, the forms that were chosen for each, and what became of them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import phones
from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.gathering import person_of
from bot.store.core.lists import is_one_of
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import OPEN_BATCHES, assessments, batch_items, batches, people, roles, trail
from flows.batches.batch import STOPPABLE, UNDO_FOR, Batch, Order, Outcome, Stage, Why
from flows.batches.needs import AnyNeed, BatchOfFormWanted, BatchWanted, Chosen, ChosenWanted, LastBatchWanted
from flows.batches.records import AnyRecord, BatchOrdered, BatchUndone, DoneAlone
from flows.batches.words import MOST_NAMED, Left
from flows.conversation.facts import Found
from flows.domain.assessments import TRANSITIONS
from flows.domain.people import Person, Role
from flows.forms.acts import FORM
from flows.words.name_order import name_order
from flows.words.wording import Named

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Order)
AnyRow = Row[*tuple[Any, ...]]


# what turns read


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case ChosenWanted():
            return _find_chosen
        case BatchWanted():
            return _find_batches
        case LastBatchWanted():
            return _find_last
        case BatchOfFormWanted():
            return _find_of_form


async def _find_chosen(
    connection: AsyncConnection, needs: Sequence[ChosenWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await chosen(connection, need))


async def chosen(connection: AsyncConnection, wanted: ChosenWanted) -> Chosen:
    """Count what an order would act on now, and name whom one asks for."""
    order = wanted.order
    passing = func.coalesce(func.sum(case((assessments.c.passed, 1), else_=0)), 0)
    waits = (
        assessments.c.state == order.before,
        phones.concerns_others(assessments.c.person_id, wanted.without_person),
        ~phones.lives_with(assessments.c.person_id, wanted.without_person),
        assessments.c.touched_at <= order.shown_at,
    )
    count, passed = (await connection.execute(select(func.count(), passing).where(*_among(order), *waits))).one()
    return Chosen(count, int(passed), await _named(connection, wanted.named))


async def _named(connection: AsyncConnection, form_ids: Collection[int]) -> tuple[Named, ...]:
    if not form_ids:
        return ()
    rows = await connection.execute(
        select(people.c.id, people.c.name)
        .join(assessments, assessments.c.person_id == people.c.id)
        .where(assessments.c.id.in_(sorted(form_ids)))
        .with_for_update(read=True, key_share=True, of=people)  # who is erased waits until this can be found
    )
    return tuple([Named(row.id, row.name) for row in sorted(rows, key=lambda row: (name_order(row.name), row.id))])


def _among(order: Order) -> list[ColumnElement[bool]]:
    """Say which forms an order is about, whatever their state."""
    conditions = [
        lies_in(assessments.c.unit_id, order.units),
        assessments.c.round_id.in_(order.rounds),
        assessments.c.total >= order.least,
    ]
    if order.passed_only:
        conditions.append(assessments.c.passed)
    if order.of_proposal:
        conditions.append(assessments.c.proposal_id == order.of_proposal)
    if order.without:
        conditions.append(~is_one_of(assessments.c.id, order.without))
    return conditions


async def _find_batches(
    connection: AsyncConnection, needs: Sequence[BatchWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await read(connection, need.id))


async def _find_last(
    connection: AsyncConnection, needs: Sequence[LastBatchWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        last = select(func.max(batches.c.id)).where(batches.c.person_id == need.person_id)
        id_ = await connection.scalar(last)
        found.put(need, await read(connection, id_) if id_ is not None else None)


async def _find_of_form(
    connection: AsyncConnection, needs: Sequence[BatchOfFormWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        last = (
            select(func.max(batches.c.id))
            .join(batch_items, batch_items.c.batch_id == batches.c.id)
            .where(
                batches.c.person_id == need.person_id,
                batch_items.c.assessment_id == need.assessment_id,
                batch_items.c.version == need.version,
            )
        )
        id_ = await connection.scalar(last)
        found.put(need, await read(connection, id_) if id_ is not None else None)


async def read(connection: AsyncConnection, batch_id: int) -> Batch | None:
    """Return a batch, locked until the transaction ends; None for one that only another version can read."""
    row = (await connection.execute(_LOCK_BATCH, {"id": batch_id})).first()
    if row is None:
        return None
    if (order := _readable(row.ordered)) is None:
        return None
    return Batch(row.id, row.person_id or 0, row.conversation_id, order, row.stage, row.done_at)


_LOCK_BATCH = select(batches).where(batches.c.id == bindparam("id")).with_for_update()


# what turns write


class Rows:
    """What is ordered and undone by a batch of turns."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._ordered: list[tuple[Decided, Order]] = []
        self._alone: list[tuple[Decided, DoneAlone]] = []
        self._undone: list[int] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note what a turn orders or undoes."""
        match record:
            case BatchOrdered(order):
                self._ordered.append((one, order))
            case DoneAlone():
                self._alone.append((one, record))
            case BatchUndone(batch_id):
                self._undone.append(batch_id)

    async def write(self, connection: AsyncConnection) -> None:
        """Write the orders, each with the forms it chooses; stop what is undone."""
        for one, order in self._ordered:
            assert one.person_id is not None  # who has a role is somebody
            await put(connection, order, one.person_id, one.turn.conversation.id, self._now)
        for one, done in self._alone:
            await self._put_alone(connection, one, done)
        if self._undone:
            stopped = (batches.c.id.in_(self._undone), batches.c.stage.in_(STOPPABLE))
            await connection.execute(update(batches).where(*stopped).values(stage="undoing"))

    async def _put_alone(self, connection: AsyncConnection, one: Decided, done: DoneAlone) -> None:
        """Write a batch of one form that is done already."""
        batch = {
            "person_id": one.person_id,
            "conversation_id": one.turn.conversation.id,
            "ordered": _encoder.encode(done.order),
            "stage": "undoable",
            "ordered_at": self._now,
            "done_at": self._now,
        }
        batch_id = await connection.scalar(insert(batches).values(batch).returning(batches.c.id))
        item = {"batch_id": batch_id, "assessment_id": done.assessment_id, "version": done.version, "outcome": "done"}
        await connection.execute(insert(batch_items).values(item))


async def put(connection: AsyncConnection, order: Order, person_id: int, conversation_id: int, now: datetime) -> int:
    """Write an order and choose its forms, in one statement however many there are. Returns its id.

    Besides those that wait, it has those that waited when they were shown: who ordered it is told what became of them.
    """
    row = {
        "person_id": person_id,
        "conversation_id": conversation_id,
        "ordered": _encoder.encode(order),
        "stage": "working",
        "ordered_at": now,
    }
    batch_id = (await connection.execute(insert(batches).values(row).returning(batches.c.id))).scalar_one()
    waits = assessments.c.state == order.before
    outcome = case(
        (assessments.c.person_id == person_id, "own"),
        (~phones.concerns_others(assessments.c.person_id, person_id), "helped"),
        (phones.lives_with(assessments.c.person_id, person_id), "household"),
        (assessments.c.state == "draft", "taken_back"),
        (assessments.c.state == "returned", "returned"),
        (~waits, "decided"),
        (assessments.c.touched_at > order.shown_at, "changed"),
        else_="waiting",
    )
    items = select(literal(batch_id), assessments.c.id, assessments.c.version, outcome).where(
        *_among(order), or_(waits, _left_since(order))
    )
    columns = ["batch_id", "assessment_id", "version", "outcome"]
    await connection.execute(insert(batch_items).from_select(columns, items))
    return int(batch_id)


def _left_since(order: Order) -> ColumnElement[bool]:
    """Say that a form has left the state in which it waits since it was shown."""
    leaving = {act for (state, act, _actor), to in TRANSITIONS.items() if state == order.before and to.to != state}
    left = trail.select().where(
        trail.c.about == FORM,
        trail.c.about_id == assessments.c.id,
        trail.c.at > order.shown_at,
        trail.c.act.in_(sorted(leaving)),
    )
    return and_(assessments.c.touched_at > order.shown_at, left.exists())


# what carries them out


async def next_under_way(connection: AsyncConnection, now: datetime, but: Sequence[int]) -> int | None:
    """Return the oldest batch that there is something to do for, leaving out some."""
    waits = and_(batches.c.stage == "undoable", batches.c.done_at > now - UNDO_FOR)
    found: int | None = await connection.scalar(
        select(batches.c.id).where(text(OPEN_BATCHES), ~waits, batches.c.id.not_in(but)).order_by(batches.c.id).limit(1)
    )
    return found


async def proposals_decided_on(connection: AsyncConnection) -> frozenset[int]:
    """Return the proposals whose forms are being recognised."""
    working = select(batches.c.ordered).where(text(OPEN_BATCHES), batches.c.stage == "working")
    orders = [_readable(ordered) for ordered in await connection.scalars(working)]
    return frozenset(order.of_proposal for order in orders if order is not None and order.act == "recognise")


def _readable(ordered: bytes) -> Order | None:
    """Decode an order; None for one that only another version can read."""
    try:
        return _decoder.decode(ordered)
    except msgspec.DecodeError:
        return None


async def who_ordered(connection: AsyncConnection, batch: Batch, today: date) -> tuple[Person | None, tuple[Role, ...]]:
    """Return who ordered a batch, with the roles that they hold now."""
    row = (await connection.execute(select(people).where(people.c.id == batch.person_id))).first()
    if row is None:
        return None, ()
    held = await connection.execute(
        select(roles.c.role, roles.c.unit_id, roles.c.until, roles.c.away_until).where(
            roles.c.person_id == batch.person_id
        )
    )
    holds = tuple([Role(*one) for one in held])
    person = person_of(row)
    return person, tuple(role for role in holds if role.in_force(today))


async def next_items(connection: AsyncConnection, batch_id: int, outcome: Outcome, most: int) -> dict[int, int]:
    """Return some forms of a batch with this outcome, each with the version as which it was chosen."""
    rows = await connection.execute(_NEXT, {"batch": batch_id, "outcome": outcome, "most": most})
    return {row.assessment_id: row.version for row in rows}


_NEXT = (
    select(batch_items.c.assessment_id, batch_items.c.version)
    .where(batch_items.c.batch_id == bindparam("batch"), batch_items.c.outcome == bindparam("outcome"))
    .order_by(batch_items.c.assessment_id)
    .limit(bindparam("most"))
)
_SETTLE = (
    update(batch_items)
    .where(batch_items.c.batch_id == bindparam("_batch"), batch_items.c.assessment_id == bindparam("_form"))
    .values(outcome=bindparam("outcome"))
)


async def settle(connection: AsyncConnection, batch_id: int, outcomes: Mapping[int, Outcome]) -> None:
    """Note what became of forms."""
    rows = [{"_batch": batch_id, "_form": id_, "outcome": outcome} for id_, outcome in sorted(outcomes.items())]
    await execute_many(connection, _SETTLE, rows)


async def stop(connection: AsyncConnection, batch_id: int) -> None:
    """Leave the forms that were not decided on yet as they are."""
    waiting = (batch_items.c.batch_id == batch_id, batch_items.c.outcome == "waiting")
    await connection.execute(update(batch_items).where(*waiting).values(outcome="stopped"))


async def enter(connection: AsyncConnection, batch_id: int, stage: Stage, done_at: datetime | None = None) -> None:
    """Let a batch be at another stage."""
    at = {"done_at": done_at} if done_at is not None else {}
    await connection.execute(update(batches).where(batches.c.id == batch_id).values(stage=stage, **at))


async def counts(connection: AsyncConnection, batch_id: int) -> Mapping[Outcome, int]:
    """Return how many forms of a batch came to what."""
    rows = await connection.execute(
        select(batch_items.c.outcome, func.count())
        .where(batch_items.c.batch_id == batch_id)
        .group_by(batch_items.c.outcome)
    )
    return Counter({row[0]: row[1] for row in rows})


async def left(connection: AsyncConnection, batch_id: int, reasons: Collection[Why]) -> list[Left]:
    """Return the first forms that were left as they are for these reasons, by their owners' names."""
    rows = await connection.execute(
        select(people.c.id, people.c.name, batch_items.c.outcome, assessments.c.id.label("form"))
        .join(assessments, assessments.c.id == batch_items.c.assessment_id)
        .join(people, people.c.id == assessments.c.person_id)
        .where(batch_items.c.batch_id == batch_id, batch_items.c.outcome.in_(sorted(reasons)))
        .order_by(batch_items.c.assessment_id)
        .limit(MOST_NAMED)
        .with_for_update(read=True, key_share=True, of=people)
    )
    return [Left(Named(row.id, row.name), row.outcome, row.form) for row in rows]


# what leaves


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Forget batches that ended before a moment."""
    old = select(batches.c.id).where(batches.c.stage == "ended", batches.c.ordered_at < before)
    await connection.execute(delete(batch_items).where(batch_items.c.batch_id.in_(old)))
    await connection.execute(delete(batches).where(batches.c.stage == "ended", batches.c.ordered_at < before))


async def forget_person(connection: AsyncConnection, person_id: int, forms: Any) -> None:
    """Forget that somebody's forms were in batches, and who ordered theirs."""
    await connection.execute(delete(batch_items).where(batch_items.c.assessment_id.in_(forms)))
    await connection.execute(update(batches).where(batches.c.person_id == person_id).values(person_id=None))
