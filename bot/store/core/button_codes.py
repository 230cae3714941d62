"""The codes under which the buttons of a chat can be typed, where its channel shows none."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.inbox import Address
from bot.store.core.tables import button_codes, conversations
from bot.store.core.upserts import insert_or_replace

MOST = 99
# One that is older gets a new code when it is shown again, and not at the moment another takes its place.
YOUNG = 50


async def assign(connection: AsyncConnection, place: Address, payloads: Sequence[str]) -> Mapping[str, int]:
    """Return the codes of some buttons, at most 49: those they had lately in this chat, or else new ones, which take
    the places of the oldest. Codes of a chat that is not known are good for nothing, and nobody has one."""
    # Two letters to one chat may go out at once: one waits for the other.
    conversation_id: int | None = await connection.scalar(_of(place).with_for_update())
    if conversation_id is None:
        return {payload: number for number, payload in enumerate(payloads, 1)}
    last, young = await _given_lately(connection, conversation_id)
    new = [payload for payload in dict.fromkeys(payloads) if payload not in young]
    serials = dict(zip(new, range(last + 1, last + 1 + len(new)), strict=True))
    await execute_many(
        connection,
        insert_or_replace(connection, button_codes, ("payload", "serial")),
        [
            {"conversation_id": conversation_id, "code": _code(serial), "payload": payload, "serial": serial}
            for payload, serial in serials.items()
        ],
    )
    return {payload: _code(serial) for payload, serial in (young | serials).items() if payload in payloads}


async def _given_lately(connection: AsyncConnection, conversation_id: int) -> tuple[int, dict[str, int]]:
    """Return the last serial number of a chat, and those of its younger buttons."""
    found = await connection.execute(
        select(button_codes.c.payload, button_codes.c.serial)
        .where(button_codes.c.conversation_id == conversation_id)
        .order_by(button_codes.c.serial)
    )
    rows = found.all()
    last = rows[-1].serial if rows else 0
    return last, {row.payload: row.serial for row in rows if row.serial > last - YOUNG}


def _code(serial: int) -> int:
    return (serial - 1) % MOST + 1


async def payload_of(connection: AsyncConnection, place: Address, code: int) -> str | None:
    """Return what a code of a chat stands for; None for one it never showed."""
    payload: str | None = await connection.scalar(
        select(button_codes.c.payload).where(
            button_codes.c.conversation_id == _of(place).scalar_subquery(), button_codes.c.code == code
        )
    )
    return payload


async def forget(connection: AsyncConnection, conversation_ids: Collection[int]) -> None:
    """Forget the codes of chats."""
    await connection.execute(delete(button_codes).where(button_codes.c.conversation_id.in_(conversation_ids)))


def _of(place: Address) -> Select[tuple[int]]:
    channel, bot, address = place
    return select(conversations.c.id).where(
        conversations.c.channel == channel, conversations.c.bot == bot, conversations.c.address == address
    )
