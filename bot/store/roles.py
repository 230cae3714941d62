"""Roles: who holds one, invitations to one, and taking one away."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import invitations, people, roles, units
from flows.conversation.facts import Found
from flows.domain.people import RoleKind
from flows.domain.units import Scope
from flows.roles.acts import KIND, ROLE
from flows.roles.needs import AnyNeed, Holder, HoldersWanted, Invitation, InvitationWanted
from flows.roles.records import AnyRecord, InvitationUsed, Invited, RoleTaken

_ADD_INVITATION = insert(invitations)
_USE_INVITATION = (
    update(invitations).where(invitations.c.digest == bindparam("_digest")).values(used_at=bindparam("used_at"))
)
_TAKE_ROLE = delete(roles).where(roles.c.id == bindparam("_id"), roles.c.unit_id == bindparam("_unit_id"))


class HeldRole(Struct, frozen=True):
    """A role somebody holds over a unit, which has the numbers from `first` to `last` in the tree."""

    id: int
    person_id: int
    name: str
    role: str
    unit_id: int
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
        roles.c.unit_id,
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
    of_units = _HELD.where(roles.c.unit_id.in_(unit_ids))
    for row in await connection.execute(of_units.with_for_update(of=roles)):
        held[row.unit_id] = (*held.get(row.unit_id, ()), Holder(row.id, row.person_id, row.name, row.role))
    return held


async def remove(connection: AsyncConnection, role_id: int) -> None:
    """Take a role away."""
    await connection.execute(delete(roles).where(roles.c.id == role_id))


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case InvitationWanted():
            return _find_invitations
        case HoldersWanted():
            return _find_holders


async def _find_invitations(
    connection: AsyncConnection, needs: Sequence[InvitationWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up invitations, locked until the transaction ends: each is used once."""
    for need in needs:
        found.put(need, None)
    of_digests = select(invitations).where(invitations.c.digest.in_([need.digest for need in needs]))
    for row in await connection.execute(of_digests.order_by(invitations.c.digest).with_for_update()):
        invitation = Invitation(row.digest, row.role, row.unit_id, row.expires, row.used_at is None)
        found.put(InvitationWanted(row.digest), invitation)


async def _find_holders(
    connection: AsyncConnection, needs: Sequence[HoldersWanted], found: Found, shared: ReferenceRead
) -> None:
    held = await over(connection, [need.unit_id for need in needs])
    for need in needs:
        found.put(need, held.get(need.unit_id, ()))


def act_on_role(act: str, acting: str, role: str, unit_id: int, owner_id: int | None = None) -> Entry:
    """Return what the trail keeps of an act on a role over a unit, done as `acting`; `owner_id` has or had it."""
    return Entry(act=act, role=acting, about=ROLE, owner_id=owner_id, unit_id=unit_id, details={KIND: role})


class Rows:
    """What a batch changes in roles."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._invited: list[dict[str, Any]] = []
        self._used: list[dict[str, Any]] = []
        self._given: list[dict[str, Any]] = []
        self._taken: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        match record:
            case Invited(digest, role, unit_id, expires):
                invitation = {"digest": digest, "role": role, "unit_id": unit_id, "expires": expires}
                self._invited.append({**invitation, "invited_by": one.person_id})
                self._note(one, "invite", "admin", role, unit_id)
            case InvitationUsed(digest, role, unit_id):
                self._used.append({"_digest": digest, "used_at": self._now})
                held = {"person_id": one.person_id, "role": role, "unit_id": unit_id}
                self._given.append({**held, "since": self._now})
                self._note(one, "take_on", role, role, unit_id, one.person_id)
            case RoleTaken(role_id, unit_id):
                self._taken.append({"_id": role_id, "_unit_id": unit_id})
                held_here = one.facts.find(HoldersWanted(unit_id))
                holder = next(holder for holder in held_here if holder.role_id == role_id)
                self._note(one, "take_away", "admin", holder.kind, unit_id, holder.person_id)

    def _note(
        self, one: Decided, act: str, acting: RoleKind, role: RoleKind, unit_id: int, owner_id: int | None = None
    ) -> None:
        entry = act_on_role(act, acting, role, unit_id, owner_id)
        self._acts.append(replace(entry, actor_id=one.person_id))

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await execute_many(connection, _ADD_INVITATION, self._invited)
        await execute_many(connection, _USE_INVITATION, self._used)
        await execute_many(connection, upserts.insert_new(connection, roles), self._given)
        await execute_many(connection, _TAKE_ROLE, self._taken)
