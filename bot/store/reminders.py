"""Reminders: whose form is unfinished, who holds a role, what waits in a branch, and what was said already."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import outbox, phones, upserts
from bot.store.core.bulk import execute_many
from bot.store.core.outbox import Recipient
from bot.store.core.reference import ReferenceRead, current_version, read_reference
from bot.store.core.scopes import lies_in
from bot.store.core.tables import (
    UNFINISHED_FORMS,
    answers,
    asked_reminders,
    assessments,
    conversations,
    mutes,
    people,
    reminders,
    roles,
    rounds,
    tallies,
)
from flows.domain.assessments import State
from flows.domain.people import RoleKind
from flows.domain.units import Scope
from flows.notices.notice import MutedKind


class Unfinished(Struct, frozen=True):
    """A form whose owner may be reminded. `unit_id` is where the owner lives; `answered` counts answers."""

    id: int
    person_id: int
    unit_id: int | None
    round_id: int
    pin: str
    state: State
    answered: int
    touched_at: datetime
    reminded: int
    open_until: date | None


class WaitingForms(Struct, frozen=True):
    """Forms of a village that wait for its branch. Those of a branch head are told by their owner, whom they must not
    be shown to; of the others it is 0. So is whoever filled them in for somebody."""

    unit_id: int
    round_id: int
    owner_id: int
    count: int
    oldest: datetime
    helper_id: int = 0
    household_id: int = 0


async def read_shared(connection: AsyncConnection, known: ReferenceRead | None) -> ReferenceRead:
    """Return the reference as it is now, read anew only when it has changed."""
    version = (await connection.execute(select(current_version()))).scalar_one()
    return known if known is not None and known.version == version else await read_reference(connection, before=known)


# Residents with unfinished forms


async def rounds_due(connection: AsyncConnection, today: date, before: Sequence[datetime], most: int) -> list[int]:
    """Return some rounds open today with a form that was reminded of `n` times and not touched since `before[n]`."""
    moments = {_before(times): moment for times, moment in enumerate(before)}
    return list(await connection.scalars(_rounds_due(len(before)), {"today": today, "most": most, **moments}))


@cache
def _rounds_due(reminders_given: int) -> Select[int]:
    waited = or_(*[_oldest(times) <= bindparam(_before(times)) for times in range(reminders_given)])
    is_open = and_(rounds.c.opens <= bindparam("today"), rounds.c.closes >= bindparam("today"))
    return select(rounds.c.id).where(is_open, waited).limit(bindparam("most"))


def _oldest(times: int) -> ScalarSelect[datetime]:
    """Select when the form of a round was touched that has waited longest for its next reminder: the first of its
    stretch of the index, while PostgreSQL looks for any form of all rounds by reading all."""
    is_one = (text(UNFINISHED_FORMS), assessments.c.round_id == rounds.c.id, assessments.c.reminded == times)
    return select(func.min(assessments.c.touched_at)).where(*is_one).scalar_subquery()


def _before(times: int) -> str:
    return f"before_{times}"


_has_waited = and_(assessments.c.reminded == bindparam("times"), assessments.c.touched_at <= bindparam("before"))
# What was returned is open to its owner for some days, though its round is closed. In the words of its index.
_is_corrected = and_(
    text("assessments.state = 'returned'"),
    assessments.c.open_until >= bindparam("today"),
    assessments.c.round_id.in_(select(rounds.c.id).where(rounds.c.closes < bindparam("today"))),
)
_ANY_CORRECTED = select(assessments.c.id).where(_is_corrected, _has_waited).limit(1)


async def any_corrected(connection: AsyncConnection, today: date, before: Sequence[datetime]) -> bool:
    """Tell whether a form of a closed round is open to its owner, and due to be reminded of."""
    for times, moment in enumerate(before):
        wanted = {"today": today, "times": times, "before": moment}
        if await connection.scalar(_ANY_CORRECTED, wanted) is not None:
            return True
    return False


_answered = select(func.count()).where(answers.c.assessment_id == assessments.c.id).scalar_subquery()
_OF_UNFINISHED = ("id", "person_id", "round_id", "pin", "state", "touched_at", "reminded", "open_until")


def _taking(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    # Not sorted, so that the database stops at the first few, however many there are.
    return (
        select(*[assessments.c[name] for name in _OF_UNFINISHED], people.c.unit_id, _answered.label("answered"))
        .join(people, people.c.id == assessments.c.person_id)
        .where(which, _has_waited)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=assessments)
    )


_TAKE_UNFINISHED = _taking(
    and_(text(UNFINISHED_FORMS), assessments.c.round_id.in_(bindparam("rounds", expanding=True)))
)
_TAKE_CORRECTED = _taking(_is_corrected)
_MARK_REMINDED = update(assessments).where(assessments.c.id == bindparam("_id")).values(reminded=bindparam("times"))


async def take_unfinished(
    connection: AsyncConnection, round_ids: Collection[int], before: Sequence[datetime], most: int
) -> list[Unfinished]:
    """Return some of the forms of these rounds that are due, without those whose owners are just at them.

    They are locked until the transaction ends: no other instance takes them meanwhile.
    """
    return await _take(connection, _TAKE_UNFINISHED, {"rounds": sorted(round_ids)}, before, most)


async def take_corrected(
    connection: AsyncConnection, today: date, before: Sequence[datetime], most: int
) -> list[Unfinished]:
    """Return some of the returned forms that are due though their round is closed, locked like the others."""
    return await _take(connection, _TAKE_CORRECTED, {"today": today}, before, most)


async def _take(
    connection: AsyncConnection,
    statement: Select[*tuple[Any, ...]],
    which: Mapping[str, object],
    before: Sequence[datetime],
    most: int,
) -> list[Unfinished]:
    found: list[Unfinished] = []
    for times, moment in enumerate(before):
        if room := most - len(found):
            rows = await connection.execute(statement, {**which, "times": times, "before": moment, "most": room})
            found += [Unfinished(**row._mapping) for row in rows]
    return found


# Villages whose branch head has asked for it

_NEXT_ASKED = (
    select(asked_reminders.c.unit_id, asked_reminders.c.day, asked_reminders.c.conversation_id)
    .where(asked_reminders.c.done_at.is_(None))
    .order_by(asked_reminders.c.day, asked_reminders.c.unit_id)
    .limit(1)
)
_is_asked = and_(asked_reminders.c.unit_id == bindparam("_unit"), asked_reminders.c.day == bindparam("_day"))
_LOCK_ASKED = select(asked_reminders).where(_is_asked, asked_reminders.c.done_at.is_(None)).with_for_update()
_NOTE_ASKED = (
    update(asked_reminders)
    .where(_is_asked)
    .values({name: bindparam(name) for name in ("gone_to", "reached", "passed_over", "done_at")})
)
_OF_VILLAGE = (
    select(*[assessments.c[name] for name in _OF_UNFINISHED], people.c.unit_id, _answered.label("answered"))
    .join(people, people.c.id == assessments.c.person_id)
    .where(
        text(UNFINISHED_FORMS),
        assessments.c.unit_id == bindparam("village"),
        assessments.c.id > bindparam("after"),
    )
    .order_by(assessments.c.id)
    .limit(bindparam("most"))
)


class Asked(Struct, frozen=True):
    """A village whose unfinished are to be reminded, and how far that is."""

    unit_id: int
    day: date
    conversation_id: int
    person_id: int | None = None
    gone_to: int = 0
    reached: int = 0
    passed_over: int = 0
    done_at: datetime | None = None


async def any_asked(connection: AsyncConnection) -> Asked | None:
    """Return a village to go on with."""
    row = (await connection.execute(_NEXT_ASKED)).first()
    return Asked(row.unit_id, row.day, row.conversation_id) if row is not None else None


async def hold_asked(connection: AsyncConnection, asked: Asked) -> Asked | None:
    """Return it as it stands, locked until the transaction ends; None when it is done."""
    row = (await connection.execute(_LOCK_ASKED, {"_unit": asked.unit_id, "_day": asked.day})).first()
    return Asked(**row._mapping) if row is not None else None


async def unfinished_of(connection: AsyncConnection, asked: Asked, most: int) -> list[Unfinished]:
    """Return the next unfinished forms of a village."""
    wanted = {"village": asked.unit_id, "after": asked.gone_to, "most": most}
    return [Unfinished(**row._mapping) for row in await connection.execute(_OF_VILLAGE, wanted)]


async def note_asked(connection: AsyncConnection, asked: Asked) -> None:
    """Note how far it is."""
    row = {"_unit": asked.unit_id, "_day": asked.day, "done_at": asked.done_at}
    numbers = {"gone_to": asked.gone_to, "reached": asked.reached, "passed_over": asked.passed_over}
    await connection.execute(_NOTE_ASKED, row | numbers)


async def mark_reminded(connection: AsyncConnection, times: Mapping[int, int]) -> None:
    """Note how many of its reminders each form has behind it."""
    await execute_many(connection, _MARK_REMINDED, [{"_id": id_, "times": n} for id_, n in sorted(times.items())])


# Who is told, and where

_NEXT_HOLDERS = (
    select(roles.c.person_id)
    .where(roles.c.role == bindparam("role"), roles.c.person_id > bindparam("after"))
    .distinct()
    .order_by(roles.c.person_id)
    .limit(bindparam("most"))
)
_HOLDERS = (
    select(roles.c.person_id, roles.c.unit_id)
    .where(roles.c.role == bindparam("role"), roles.c.person_id.in_(_NEXT_HOLDERS))
    .order_by(roles.c.person_id, roles.c.id)
)
_readers = phones.readers_among("ids")
_REACHED = (
    select(*_readers.c, *[conversations.c[name] for name in ("id", "channel", "bot", "address", "language")])
    .join(conversations, conversations.c.id == _readers.c.chat_id)
    .where(
        conversations.c.blocked_at.is_(None),
        ~exists().where(mutes.c.person_id == _readers.c.reader_id, mutes.c.kind == bindparam("kind")),
    )
    .order_by(conversations.c.id)
)


async def holders(connection: AsyncConnection, role: RoleKind, after: int, most: int) -> dict[int, list[int]]:
    """Return the next people who hold a role, by id, with the units they hold it over."""
    found: dict[int, list[int]] = {}
    for row in await connection.execute(_HOLDERS, {"role": role, "after": after, "most": most}):
        found.setdefault(row.person_id, []).append(row.unit_id)
    return found


async def reached(connection: AsyncConnection, person_ids: Collection[int], kind: MutedKind) -> dict[int, Recipient]:
    """Return where people are told something of this kind. Who turned it off is left out."""
    rows = await connection.execute(_REACHED, {"ids": sorted(person_ids), "kind": kind})
    return {row.reader_id: outbox.recipient_in(row) for row in rows}


_HOLD = (
    select(conversations.c.id)
    .where(conversations.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(read=True, skip_locked=True)
)


async def hold(connection: AsyncConnection, conversation_ids: Collection[int]) -> frozenset[int]:
    """Return those of the chats that no turn works on, and let none begin until the transaction ends.

    A turn takes its chat and then the form. Who has the form already must not wait for the chat.
    """
    return frozenset(await connection.scalars(_HOLD, {"ids": sorted(conversation_ids)}))


# What they are told

_is_head = exists().where(roles.c.person_id == assessments.c.person_id, roles.c.role == "head")
_WAITING = (
    select(
        assessments.c.unit_id,
        assessments.c.round_id,
        case((_is_head, assessments.c.person_id), else_=0).label("owner_id"),
        func.coalesce(people.c.helper_id, 0).label("helper_id"),
        func.coalesce(people.c.household_id, 0).label("household_id"),
        func.count().label("count"),
        func.min(assessments.c.submitted_at).label("oldest"),
    )
    .join(people, people.c.id == assessments.c.person_id)
    .where(assessments.c.state == "submitted")
    .group_by(assessments.c.unit_id, assessments.c.round_id, text("owner_id"), text("helper_id"), text("household_id"))
)
_COUNTS = (
    select(tallies.c.round_id, tallies.c.state, func.sum(tallies.c.count).label("number"))
    .where(tallies.c.state != "erased")
    .group_by(tallies.c.round_id, tallies.c.state)
)


async def waiting_forms(connection: AsyncConnection, units: Scope) -> list[WaitingForms]:
    """Count the forms that wait, by village."""
    rows = await connection.execute(_WAITING.where(lies_in(assessments.c.unit_id, units)))
    return [WaitingForms(**row._mapping) for row in rows]


async def form_counts(connection: AsyncConnection, units: Scope) -> dict[int, dict[State, int]]:
    """Return how many forms of each state there are in all these units, by round."""
    found: dict[int, dict[State, int]] = {}
    for row in await connection.execute(_COUNTS.where(lies_in(tallies.c.unit_id, units))):
        found.setdefault(row.round_id, {})[row.state] = int(row.number)
    return found


# What was said already

_KNOWN = select(reminders.c.key).where(reminders.c.key.in_(bindparam("keys", expanding=True)))
_FORGET = delete(reminders).where(reminders.c.at < bindparam("before"))


async def known(connection: AsyncConnection, keys: Iterable[str]) -> frozenset[str]:
    """Return those of the keys that were said already."""
    return frozenset(await connection.scalars(_KNOWN, {"keys": sorted(keys)}))


async def claim(connection: AsyncConnection, keys: Collection[str], now: datetime) -> frozenset[str]:
    """Note what is being said. Returns what is new: the rest was said by somebody quicker."""
    if not keys:
        return frozenset()
    # In order, so that two instances with the same keys wait for each other once and not in a circle.
    rows = [{"key": key, "at": now} for key in sorted(keys)]
    statement = upserts.insert_new(connection, reminders).returning(reminders.c.key)
    return frozenset(await connection.scalars(statement, rows))


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Forget what was said before a moment."""
    await connection.execute(_FORGET, {"before": before})
