"""Roles taken away at the command line: whoever leaves office reads and decides nothing any more."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from msgspec import Struct

from bot.services.turns import TOKEN_BYTES
from bot.store import roles
from bot.store.core import setup, trail
from bot.store.core.chain import OPERATOR
from bot.store.core.database import Database
from bot.store.core.reference import read_unit
from bot.store.roles import HeldRole
from flows.domain.people import RoleKind
from flows.roles.needs import INVITATION_CODE, INVITATION_LIFE, digest_of


class RoleRefused(Exception):
    """A role that cannot be listed or taken away; the message says why."""


async def held_in(database: Database, unit_code: str) -> list[HeldRole]:
    """Return the roles held in a unit and all below it. Raises RoleRefused."""
    async with database.reading() as connection:
        unit = await read_unit(connection, unit_code)
        if unit is None:
            raise RoleRefused(f"there is no unit with the code {unit_code!r}; see: hoctap export units")
        return await roles.held_in(connection, unit.id)


async def take_away(database: Database, role_id: int, now: datetime, *, even_last: bool = False) -> HeldRole:
    """Take a role away. Raises RoleRefused for the last administrator over a unit, unless that is meant."""
    async with database.writing() as connection:
        held = await roles.read_locked(connection)
        one = _one(held, role_id)
        others = (other for other in held if other.role == "admin" and other.person_id != one.person_id)
        is_last = one.role == "admin" and not any(other.covers(one) for other in others)
        if is_last and not even_last:
            raise RoleRefused(f"nobody else administers {one.unit_code}; invite somebody first, or add --even-last")
        await roles.remove(connection, role_id)
        taken = roles.act_on_role("take_away", OPERATOR, one.role, one.unit_id, one.person_id)
        await trail.append(connection, [taken], now)
    return one


class SignedOut(Struct, frozen=True):
    """Who was signed out of how many chats, and the code that lets them in again until it expires, shown this once."""

    role: HeldRole
    chats: int
    code: str
    expires: datetime


async def sign_out(database: Database, role_id: int, now: datetime) -> SignedOut:
    """Sign who holds a role out of all their chats and web pages: their phone was lost or stolen. Raises
    RoleRefused."""
    token, expires = secrets.token_urlsafe(TOKEN_BYTES), now + INVITATION_LIFE
    async with database.writing() as connection:
        one = _one(await roles.read_locked(connection), role_id)
        chats = await roles.sign_out(connection, one.person_id, now)
        kind = cast(RoleKind, one.role)
        await setup.add_invitation(connection, digest_of(token), kind, one.unit_id, expires, about=one.id)
        signed_out = roles.act_on_role("sign_out", OPERATOR, one.role, one.unit_id, one.person_id)
        await trail.append(connection, [signed_out], now)
    return SignedOut(one, len(chats), f"{INVITATION_CODE}{token}", expires)


def _one(held: Sequence[HeldRole], role_id: int) -> HeldRole:
    if (one := next((role for role in held if role.id == role_id), None)) is None:
        raise RoleRefused(f"there is no role with the number {role_id}; see: hoctap admin roles")
    return one
