"""Roles: who holds one, invitations to one, and taking one away."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import forms
from bot.store.core import phones, separating, upserts
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.gathering import whoever_speaks
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import invitations, people, roles, units
from flows.conversation.facts import Found
from flows.domain.people import Role, RoleKind
from flows.domain.units import Scope
from flows.roles.acts import KIND, ROLE
from flows.roles.needs import (
    AnyNeed,
    HandedOver,
    Holder,
    HoldersWanted,
    Invitation,
    InvitationWanted,
    OpenInvitation,
    OpenInvitationsWanted,
    OwnRole,
    OwnRolesWanted,
    ReturningWanted,
)
from flows.roles.records import (
    AnyRecord,
    AwaySaid,
    CameBack,
    HolderSignedOut,
    InvitationUsed,
    InvitationWithdrawn,
    Invited,
    RoleTaken,
)

# An invitation holds while whoever made it could still give the role: an administrator over the unit, or who hands
# over a role that they still have. The first ones are made at the command line. One that is about a role of somebody
# else's lets its holder in again, as long as they hold it.
_of_inviter = roles.alias("of_inviter")
_over_inviter = units.alias("over_inviter")
_invited_to = units.alias("invited_to")
_held = roles.alias("held")
_is_about = and_(
    _held.c.id == invitations.c.replaces, _held.c.role == invitations.c.role, _held.c.unit_id == invitations.c.unit_id
)
_held_by = select(_held.c.person_id).where(_is_about).correlate(invitations).scalar_subquery()
_may_be_given = or_(
    and_(invitations.c.invited_by.is_(None), or_(invitations.c.replaces.is_(None), _held_by.is_not(None))),
    select(_of_inviter.c.id)
    .join(_over_inviter, _over_inviter.c.id == _of_inviter.c.unit_id)
    .join(_invited_to, _invited_to.c.id == invitations.c.unit_id)
    .where(
        _of_inviter.c.person_id == invitations.c.invited_by,
        or_(
            _of_inviter.c.id == invitations.c.replaces,
            and_(
                _of_inviter.c.role == "admin",
                or_(invitations.c.replaces.is_(None), _held_by != invitations.c.invited_by),
            ),
        ),
        _invited_to.c.first.between(_over_inviter.c.first, _over_inviter.c.last),
    )
    .correlate(invitations)
    .exists(),
)
_INVITATIONS = select(invitations, _may_be_given.label("may_be_given"), _held_by.label("held_by"))
_SOMEBODY = select(*whoever_speaks()).where(people.c.id == bindparam("person"))
_LOCK_PERSON = select(people.c.id).where(people.c.id == bindparam("person")).with_for_update()
_ONCE = ("person_id", "role", "unit_id")
_ADD_INVITATION = insert(invitations)
_USE_INVITATION = (
    update(invitations).where(invitations.c.digest == bindparam("_digest")).values(used_at=bindparam("used_at"))
)
_WITHDRAW = delete(invitations).where(invitations.c.digest == bindparam("_digest"), invitations.c.used_at.is_(None))
_SAY_AWAY = update(roles).where(roles.c.id == bindparam("_id")).values(away_until=bindparam("away_until"))
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
    of_units = _HELD.add_columns(roles.c.until, roles.c.away_until, people.c.household_id).where(
        roles.c.unit_id.in_(unit_ids)
    )
    for row in await connection.execute(of_units.with_for_update(of=roles)):
        role = Role(row.role, row.unit_id, row.until, row.away_until)
        holder = Holder(row.id, row.person_id, row.name, role, row.household_id or 0)
        held[row.unit_id] = (*held.get(row.unit_id, ()), holder)
    return held


async def administrators(connection: AsyncConnection, today: date) -> set[int]:
    """Return who is an administrator anywhere on a day."""
    in_force = or_(roles.c.until.is_(None), roles.c.until >= today)
    found = await connection.scalars(select(roles.c.person_id).where(roles.c.role == "admin", in_force))
    return set(found)


async def remove(connection: AsyncConnection, role_id: int) -> None:
    """Take a role away."""
    await connection.execute(delete(roles).where(roles.c.id == role_id))


async def sign_out(connection: AsyncConnection, person_id: int, now: datetime) -> list[int]:
    """Sign somebody out everywhere. What was begun on a phone that was stolen holds no more: invitations they made, and
    earlier ones that let them in again. Returns the chats."""
    theirs = select(roles.c.id).where(roles.c.person_id == person_id)
    of_them = or_(invitations.c.invited_by == person_id, invitations.c.replaces.in_(theirs))
    await connection.execute(delete(invitations).where(invitations.c.used_at.is_(None), of_them))
    return await separating.sign_out(connection, person_id, now)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case InvitationWanted():
            return _find_invitations
        case OpenInvitationsWanted():
            return _find_open_invitations
        case ReturningWanted():
            return _find_returning
        case HoldersWanted():
            return _find_holders
        case OwnRolesWanted():
            return _find_own_roles


async def _find_invitations(
    connection: AsyncConnection, needs: Sequence[InvitationWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up invitations, locked until the transaction ends: each is used once."""
    for need in needs:
        found.put(need, None)
    of_digests = _INVITATIONS.where(invitations.c.digest.in_([need.digest for need in needs]))
    locked = of_digests.order_by(invitations.c.digest).with_for_update(of=invitations)
    for row in await connection.execute(locked):
        is_own = row.replaces is not None and row.held_by == row.invited_by
        handed_over = HandedOver(row.replaces, row.invited_by) if is_own else None
        returning = row.held_by or 0 if not is_own else 0
        is_open = row.used_at is None and bool(row.may_be_given)
        invitation = Invitation(
            row.digest, row.role, row.unit_id, row.expires, is_open, row.until, handed_over, returning
        )
        found.put(InvitationWanted(row.digest), invitation)


async def _find_returning(
    connection: AsyncConnection, needs: Sequence[ReturningWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up who was signed out everywhere, locked: nobody else becomes them meanwhile."""
    for need in needs:
        await connection.execute(_LOCK_PERSON, {"person": need.person_id})
        found.put(need, None)
        row = (await connection.execute(_SOMEBODY, {"person": need.person_id})).first()
        if row is None or (await connection.execute(phones.chats_of(need.person_id))).first() is not None:
            continue
        another = await forms.as_spoken_for(connection, row, shared)
        found.put(need, another)
        if another is None:
            found.drop(need)


async def _find_open_invitations(
    connection: AsyncConnection, needs: Sequence[OpenInvitationsWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up the invitations to units, locked until the transaction ends: none is taken up while it is withdrawn."""
    still_open: dict[int, tuple[OpenInvitation, ...]] = {}
    of_units = select(invitations).where(
        invitations.c.unit_id.in_([need.unit_id for need in needs]), invitations.c.used_at.is_(None)
    )
    for row in await connection.execute(of_units.order_by(invitations.c.digest).with_for_update()):
        invitation = OpenInvitation(row.digest, row.role, row.expires)
        still_open[row.unit_id] = (*still_open.get(row.unit_id, ()), invitation)
    for need in needs:
        by_day = sorted(still_open.get(need.unit_id, ()), key=lambda one: (one.expires, one.digest))
        found.put(need, tuple(by_day))


async def _find_own_roles(
    connection: AsyncConnection, needs: Sequence[OwnRolesWanted], found: Found, shared: ReferenceRead
) -> None:
    held: dict[int, tuple[OwnRole, ...]] = {}
    of_people = select(roles).where(roles.c.person_id.in_([need.person_id for need in needs]))
    for row in await connection.execute(of_people.order_by(roles.c.id).with_for_update()):
        own = OwnRole(row.id, Role(row.role, row.unit_id, row.until, row.away_until))
        held[row.person_id] = (*held.get(row.person_id, ()), own)
    for need in needs:
        found.put(need, held.get(need.person_id, ()))


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
        self._withdrawn: list[dict[str, Any]] = []
        self._taken: list[dict[str, Any]] = []
        self._away: list[dict[str, Any]] = []
        self._signed_out: list[int] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        match record:
            case Invited(digest, role, unit_id, expires, until, replaces):
                invitation = {"digest": digest, "role": role, "unit_id": unit_id, "expires": expires}
                self._invited.append({**invitation, "invited_by": one.person_id, "until": until, "replaces": replaces})
                self._note(one, "invite", "admin" if replaces is None else role, role, unit_id)
            case InvitationUsed(digest, role, unit_id, until, handed_over):
                self._used.append({"_digest": digest, "used_at": self._now})
                held = {"person_id": one.person_id, "role": role, "unit_id": unit_id}
                self._given.append({**held, "since": self._now, "until": until})
                self._note(one, "take_on", role, role, unit_id, one.person_id)
                if handed_over is not None:
                    self._taken.append({"_id": handed_over.role_id, "_unit_id": unit_id})
                    self._note(one, "take_over", role, role, unit_id, handed_over.person_id)
            case InvitationWithdrawn(digest, unit_id, role):
                self._withdrawn.append({"_digest": digest})
                self._note(one, "withdraw_invitation", "admin", role, unit_id)
            case RoleTaken(role_id, unit_id, role, person_id):
                self._taken.append({"_id": role_id, "_unit_id": unit_id})
                own = person_id == one.person_id
                act, acting = ("give_up", role) if own else ("take_away", "admin")
                self._note(one, act, acting, role, unit_id, person_id)
            case HolderSignedOut(unit_id, role, person_id, role_id, digest, expires):
                self._signed_out.append(person_id)
                back = {"digest": digest, "role": role, "unit_id": unit_id, "expires": expires}
                self._invited.append({**back, "invited_by": one.person_id, "until": None, "replaces": role_id})
                self._note(one, "sign_out", "admin", role, unit_id, person_id)
            case CameBack(digest, role, unit_id, person_id):
                self._used.append({"_digest": digest, "used_at": self._now})
                entry = act_on_role("come_back", role, role, unit_id, person_id)
                self._acts.append(replace(entry, actor_id=person_id))
            case AwaySaid(role_id, unit_id, role, until):
                self._away.append({"_id": role_id, "away_until": until})
                self._note(one, "away" if until is not None else "back", role, role, unit_id, one.person_id)

    def _note(
        self, one: Decided, act: str, acting: RoleKind, role: RoleKind, unit_id: int, owner_id: int | None = None
    ) -> None:
        entry = act_on_role(act, acting, role, unit_id, owner_id)
        self._acts.append(replace(entry, actor_id=one.person_id))

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        for person_id in self._signed_out:
            await sign_out(connection, person_id, self._now)
        await execute_many(connection, _ADD_INVITATION, self._invited)
        await execute_many(connection, _USE_INVITATION, self._used)
        # Whoever holds it already has the new term.
        await execute_many(connection, upserts.insert_or_replace(connection, roles, ("until",), _ONCE), self._given)
        await execute_many(connection, _WITHDRAW, self._withdrawn)
        await execute_many(connection, _TAKE_ROLE, self._taken)
        await execute_many(connection, _SAY_AWAY, self._away)
