"""Villages: what they have, and whether they are closed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import assessments, closings, people, roles, tallies, units
from flows.conversation.facts import Found
from flows.domain.closings import Closing, Counted, Counts, Minutes, Village
from flows.domain.units import LEAF_KINDS
from flows.meeting.acts import ROUND, VILLAGE
from flows.meeting.needs import AnyNeed, VillagePage, VillagePageWanted, VillageWanted
from flows.meeting.records import AnyRecord

log = structlog.get_logger()

AnyRow = Row[*tuple[Any, ...]]
Place = tuple[int, int]

NO_MINUTES = b""

_encoder = msgspec.json.Encoder()
_minutes_decoder = msgspec.json.Decoder(Minutes)
_takes_residents = and_(units.c.kind.in_(sorted(LEAF_KINDS)), units.c.valid_to.is_(None))


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case VillageWanted():
            return _find_villages
        case VillagePageWanted():
            return _find_pages


async def _find_villages(
    connection: AsyncConnection, needs: Sequence[VillageWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up villages, those that are to be held locked until the transaction ends."""
    await _hold(connection, {(need.unit_id, need.round_id) for need in needs if need.held})
    for round_id in {need.round_id for need in needs}:
        of_round = [need for need in needs if need.round_id == round_id]
        villages = await read_villages(connection, [need.unit_id for need in of_round], round_id)
        for need in of_round:
            found.put(need, villages[need.unit_id])


async def _hold(connection: AsyncConnection, places: Collection[Place]) -> None:
    """Let nobody close villages or change their forms until the transaction ends. Who is just doing so is waited for:
    what is read afterwards has it."""
    if not places or connection.dialect.name == "sqlite":  # which locks everything at once
        return
    here = units.c.id.in_(sorted({unit_id for unit_id, _round_id in places}))
    await connection.execute(select(units.c.id).where(here).order_by(units.c.id).with_for_update(key_share=True))
    theirs = or_(*(_is_at(assessments, place) for place in sorted(places)))
    forms = select(assessments.c.id).where(theirs).order_by(assessments.c.id)
    await connection.execute(forms.with_for_update(key_share=True))


def _is_at(table: Any, place: Place) -> ColumnElement[bool]:
    return and_(table.c.unit_id == place[0], table.c.round_id == place[1])


async def read_villages(connection: AsyncConnection, unit_ids: Collection[int], round_id: int) -> Mapping[int, Village]:
    """Return villages in a round as they stand."""
    counted = await connection.execute(
        select(tallies.c.unit_id, *_COUNTED)
        .where(tallies.c.unit_id.in_(unit_ids), tallies.c.round_id == round_id)
        .group_by(tallies.c.unit_id, tallies.c.state)
    )
    by_unit: dict[int, list[AnyRow]] = {}
    for row in counted:
        by_unit.setdefault(row.unit_id, []).append(row)
    of_round = and_(closings.c.unit_id.in_(unit_ids), closings.c.round_id == round_id)
    closed = {row.unit_id: _closing(row) for row in await connection.execute(select(closings).where(of_round))}
    return {
        unit_id: Village(unit_id, round_id, _counts(by_unit.get(unit_id, ())), closed.get(unit_id))
        for unit_id in unit_ids
    }


_COUNTED = (
    tallies.c.state,
    func.sum(tallies.c.count).label("forms"),
    func.sum(case((tallies.c.passed, tallies.c.count), else_=0)).label("passing"),
)


def _counts(rows: Iterable[AnyRow]) -> Counts:
    forms: dict[Counted, int] = {}
    passing: dict[Counted, int] = {}
    for row in rows:
        forms[row.state], passing[row.state] = int(row.forms), int(row.passing)
    return Counts(forms, passing)


def _closing(row: AnyRow) -> Closing:
    return Closing(row.state, row.version, read_minutes(row), row.posted_until, row.reason, row.at)


def read_minutes(row: AnyRow) -> Minutes | None:
    """Decode minutes; None where there are none, and for those that only a newer version can read."""
    if row.meeting == NO_MINUTES:
        return None
    try:
        return _minutes_decoder.decode(row.meeting)
    except msgspec.DecodeError:
        log.warning("minutes_unreadable", unit_id=row.unit_id, round_id=row.round_id)
        return None


async def _find_pages(
    connection: AsyncConnection, needs: Sequence[VillagePageWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await page(connection, need))


async def page(connection: AsyncConnection, wanted: VillagePageWanted) -> VillagePage:
    """Return some villages of a scope, and what all of them have together."""
    here = and_(lies_in(units.c.id, wanted.units), _takes_residents)
    ids = list(
        await connection.scalars(
            select(units.c.id).where(here).order_by(units.c.first).offset(wanted.offset).limit(wanted.limit)
        )
    )
    villages = await read_villages(connection, ids, wanted.round_id)
    of_all = and_(lies_in(tallies.c.unit_id, wanted.units), tallies.c.round_id == wanted.round_id)
    counted = await connection.execute(select(*_COUNTED).where(of_all).group_by(tallies.c.state))
    closed = and_(lies_in(closings.c.unit_id, wanted.units), closings.c.round_id == wanted.round_id)
    by_state = dict(
        tuple(row)
        for row in await connection.execute(
            select(closings.c.state, func.count()).where(closed).group_by(closings.c.state)
        )
    )
    return VillagePage(
        tuple(villages[unit_id] for unit_id in ids),
        int(await connection.scalar(select(func.count()).select_from(units).where(here)) or 0),
        by_state.get("closed", 0),
        by_state.get("sent_back", 0),
        _counts(counted),
    )


class Rows:
    """What a batch changes in villages."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._moved: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into a row."""
        closes = record.state == "closed"
        self._acts.append(
            Entry(
                act="close" if closes else "send_back",
                role=record.role,
                about=VILLAGE,
                about_id=record.unit_id,
                actor_id=one.person_id,
                unit_id=record.unit_id,
                version=record.version + 1,
                reason=record.reason,
                details={ROUND: record.round_id},
            )
        )
        self._moved.append(
            {
                "unit_id": record.unit_id,
                "round_id": record.round_id,
                "state": record.state,
                "version": record.version + 1,
                "meeting": _encoder.encode(record.minutes) if record.minutes is not None else NO_MINUTES,
                "posted_until": record.posted_until,
                "person_id": one.person_id,
                "reason": record.reason,
                "at": self._now,
            }
        )

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        changed = ("state", "version", "meeting", "posted_until", "person_id", "reason", "at")
        await execute_many(connection, upserts.insert_or_replace(connection, closings, changed), self._moved)


# who is erased


async def forget_person(connection: AsyncConnection, person_id: int) -> None:
    """Forget that somebody closed villages or sent them back, and their name in the minutes of where they lived, held a
    role or entered the meeting: others of that name sign there, too, but nobody knows who they were."""
    name = await connection.scalar(select(people.c.name).where(people.c.id == person_id))
    theirs = or_(
        closings.c.person_id == person_id,
        closings.c.unit_id.in_(select(people.c.unit_id).where(people.c.id == person_id)),
        closings.c.unit_id.in_(select(roles.c.unit_id).where(roles.c.person_id == person_id)),
    )
    for row in (await connection.execute(select(closings).where(theirs).with_for_update())).all():
        here = and_(closings.c.unit_id == row.unit_id, closings.c.round_id == row.round_id)
        minutes = read_minutes(row)
        changed = {"meeting": _encoder.encode(_without(minutes, name))} if minutes is not None and name else {}
        nobody = None if row.person_id == person_id else row.person_id
        await connection.execute(update(closings).where(here).values(person_id=nobody, **changed))


def _without(minutes: Minutes, name: str) -> Minutes:
    return replace(
        minutes,
        chair="" if minutes.chair == name else minutes.chair,
        secretary="" if minutes.secretary == name else minutes.secretary,
    )
