"""Who holds a role, and taking one away."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import people, roles, units
from flows.roles.needs import Holder


class HeldRole(Struct, frozen=True):
    """A role somebody holds over a unit."""

    id: int
    person_id: int
    name: str
    role: str
    unit_id: int
    unit_code: str


_HELD = (
    select(
        roles.c.id,
        roles.c.person_id,
        people.c.name,
        roles.c.role,
        roles.c.unit_id,
        units.c.code.label("unit_code"),
    )
    .join(people, people.c.id == roles.c.person_id)
    .join(units, units.c.id == roles.c.unit_id)
    .order_by(roles.c.id)
)


async def read(connection: AsyncConnection) -> list[HeldRole]:
    """Return all roles that are held."""
    return [HeldRole(**row._mapping) for row in await connection.execute(_HELD)]


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
