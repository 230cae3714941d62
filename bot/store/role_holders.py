"""Who holds a role, and taking one away."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.scopes import lies_in
from bot.store.tables import people, roles, units
from flows.domain.units import Scope
from flows.roles.needs import Holder


class HeldRole(Struct, frozen=True):
    """A role somebody holds over a unit, which has the numbers from `first` to `last` in the tree."""

    id: int
    person_id: int
    name: str
    role: str
    unit_code: str
    first: int | None
    last: int | None

    def covers(self, other: "HeldRole") -> bool:
        """Tell whether it is held over the unit of another, or over what that lies in."""
        if self.first is None or self.last is None or other.first is None:
            return False
        return self.first <= other.first <= self.last


_HELD = (
    select(
        roles.c.id,
        roles.c.person_id,
        people.c.name,
        roles.c.role,
        units.c.code.label("unit_code"),
        units.c.first,
        units.c.last,
    )
    .join(people, people.c.id == roles.c.person_id)
    .join(units, units.c.id == roles.c.unit_id)
    .order_by(roles.c.id)
)


async def held_in(connection: AsyncConnection, unit_id: int) -> list[HeldRole]:
    """Return the roles that are held in a unit and all below it."""
    here = lies_in(roles.c.unit_id, Scope((unit_id,), 1), few=0)
    return [HeldRole(**row._mapping) for row in await connection.execute(_HELD.where(here))]


async def read_locked(connection: AsyncConnection) -> list[HeldRole]:
    """Return all roles that are held, so that none of them goes until the transaction ends."""
    rows = await connection.execute(_HELD.with_for_update(of=roles))
    return [HeldRole(**row._mapping) for row in rows]


async def over(connection: AsyncConnection, unit_ids: Collection[int]) -> Mapping[int, tuple[Holder, ...]]:
    """Return who holds a role over exactly each of these units, locked until the transaction ends."""
    held: dict[int, tuple[Holder, ...]] = {}
    for row in await connection.execute(_HELD.where(roles.c.unit_id.in_(unit_ids)).with_for_update(of=roles)):
        held[row.unit_id] = (*held.get(row.unit_id, ()), Holder(row.id, row.person_id, row.name, row.role))
    return held


async def remove(connection: AsyncConnection, role_id: int) -> None:
    """Take a role away."""
    await connection.execute(delete(roles).where(roles.c.id == role_id))
