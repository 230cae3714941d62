"""Invitations made at the command line: the first administrator has nobody in chat to invite them."""

import secrets
from datetime import datetime

from bot.services.turns import TOKEN_BYTES
from bot.store.core import setup, trail
from bot.store.core.chain import OPERATOR
from bot.store.core.database import Database
from bot.store.core.reference import read_unit
from bot.store.roles import act_on_role
from flows.domain.people import RoleKind
from flows.roles.needs import INVITATION_CODE, INVITATION_LIFE, digest_of


class InvitationRefused(Exception):
    """An invitation that cannot be made; the message says why."""


async def invite(database: Database, role: RoleKind, unit_code: str, now: datetime) -> tuple[str, datetime]:
    """Make an invitation. Returns the start code to hand over, shown this once, and when it expires."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with database.writing() as connection:
        unit = await read_unit(connection, unit_code)
        if unit is None:
            raise InvitationRefused(f"there is no unit with the code {unit_code!r}; see: hoctap export units")
        expires = now + INVITATION_LIFE
        await setup.add_invitation(connection, digest_of(token), role, unit.id, expires)
        await trail.append(connection, [act_on_role("invite", OPERATOR, role, unit.id)], now)
    return f"{INVITATION_CODE}{token}", expires
