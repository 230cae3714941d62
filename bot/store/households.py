"""Who lives together: who was asked, and whose household they are of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Select, Table, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.tables import Key, Moment, contacts, metadata, people, roles
from flows.conversation.facts import Found
from flows.households.needs import AnyNeed, AskersWanted, AskerWanted, Household, HouseholdWanted, NeighboursWanted
from flows.households.records import AnyRecord, HouseholdAnswered, HouseholdAsked, HouseholdLeft
from flows.words.spelling import fold
from flows.words.wording import Named

# A household is an id that its people have; it has nothing else yet.
households = Table(
    "households",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("made_at", Moment, nullable=False),
)

# Who asked whom whether they live together, until it is answered.
household_asks = Table(
    "household_asks",
    metadata,
    Column("asker_id", ForeignKey("people.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True, index=True),
    Column("asked_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case HouseholdWanted():
            return _find_households
        case NeighboursWanted():
            return _find_neighbours
        case AskerWanted():
            return _find_asker
        case AskersWanted():
            return _find_askers


async def _find_households(
    connection: AsyncConnection, needs: Sequence[HouseholdWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        mine = select(people.c.household_id).where(people.c.id == need.person_id).scalar_subquery()
        members = people.c.household_id == mine, people.c.id != need.person_id
        asked = people.c.id.in_(select(household_asks.c.person_id).where(household_asks.c.asker_id == need.person_id))
        found.put(need, Household(await _named(connection, *members), await _named(connection, asked)))


async def _find_neighbours(
    connection: AsyncConnection, needs: Sequence[NeighboursWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        here = or_(
            people.c.id.in_(select(contacts.c.person_id).where(contacts.c.unit_id == need.unit_id)),
            people.c.id.in_(select(roles.c.person_id).where(roles.c.unit_id == need.unit_id)),
        )
        everybody = await _named(connection, here, people.c.id != need.without_person)
        exactly = tuple(one for one in everybody if one.name == need.name)
        found.put(need, exactly or tuple(one for one in everybody if fold(one.name) == fold(need.name)))


async def _find_asker(
    connection: AsyncConnection, needs: Sequence[AskerWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        asked = await _askers(connection, need.person_id)
        found.put(need, next((one for one in asked if one.person_id == need.asker_id), None))


async def _find_askers(
    connection: AsyncConnection, needs: Sequence[AskersWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await _askers(connection, need.person_id))


async def _askers(connection: AsyncConnection, person_id: int) -> tuple[Named, ...]:
    """Return who asked somebody, who asked last first, locked: each is answered once."""
    asked = select(household_asks).where(household_asks.c.person_id == person_id).order_by(household_asks.c.asker_id)
    rows = (await connection.execute(asked.with_for_update())).all()
    last = [row.asker_id for row in sorted(rows, key=lambda row: (row.asked_at, row.asker_id), reverse=True)]
    names = {one.person_id: one for one in await _named(connection, people.c.id.in_(last))} if last else {}
    return tuple(names[asker_id] for asker_id in last)


async def _named(connection: AsyncConnection, *conditions: Any) -> tuple[Named, ...]:
    rows = await connection.execute(select(people.c.id, people.c.name).where(*conditions).order_by(people.c.id))
    return tuple(Named(row.id, row.name) for row in rows)


class Rows:
    """What a batch of people say about who lives together."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._asked: list[dict[str, Any]] = []
        self._answered: list[tuple[int, HouseholdAnswered]] = []
        self._left: list[int] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        assert one.person_id is not None  # who is a resident is somebody
        match record:
            case HouseholdAsked(person_id):
                self._asked.append({"asker_id": one.person_id, "person_id": person_id, "asked_at": self._now})
            case HouseholdAnswered():
                self._answered.append((one.person_id, record))
            case HouseholdLeft():
                self._left.append(one.person_id)

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await execute_many(connection, upserts.insert_new(connection, household_asks), self._asked)
        if self._left:
            await connection.execute(update(people).where(people.c.id.in_(self._left)).values(household_id=None))
        for person_id, answered in self._answered:
            await self._answer(connection, person_id, answered)

    async def _answer(self, connection: AsyncConnection, person_id: int, answered: HouseholdAnswered) -> None:
        """Note an answer. Both had asked each other: that is answered, too."""
        asker_id = answered.asker_id
        pair = (asker_id, person_id)
        between = household_asks.c.asker_id.in_(pair), household_asks.c.person_id.in_(pair)
        await connection.execute(delete(household_asks).where(*between))
        if not answered.together:
            return
        household_id = await connection.scalar(
            select(people.c.household_id).where(people.c.id == asker_id).with_for_update(key_share=True)
        )
        if household_id is None:
            made = insert(households).values(made_at=self._now).returning(households.c.id)
            household_id = (await connection.execute(made)).scalar_one()
        of_both = update(people).where(people.c.id.in_(pair))
        await connection.execute(of_both.values(household_id=household_id))


def names_of_home(person_id: int) -> Select[str]:
    """Select the names of those who live with somebody."""
    mine = select(people.c.household_id).where(people.c.id == person_id).scalar_subquery()
    return select(people.c.name).where(people.c.household_id == mine, people.c.id != person_id).order_by(people.c.id)


def asked_by(person_id: int) -> Select[datetime, str]:
    """Select whom somebody has asked, and when."""
    asked = select(household_asks.c.asked_at, people.c.name).join(people, people.c.id == household_asks.c.person_id)
    return asked.where(household_asks.c.asker_id == person_id).order_by(household_asks.c.asked_at, people.c.id)


async def forget_person(connection: AsyncConnection, person_id: int) -> None:
    """Forget what somebody who is erased has asked and was asked."""
    theirs = or_(household_asks.c.asker_id == person_id, household_asks.c.person_id == person_id)
    await connection.execute(delete(household_asks).where(theirs))
