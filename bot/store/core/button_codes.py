"""The codes under which the buttons of a chat can be typed, where its channel shows none."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.inbox import Address
from bot.store.core.tables import button_codes, conversations

# So many of a chat are kept. An older one presses nothing any more, and no other button ever has its code: whoever
# types what they read far above must not press something else.
KEPT = 500
# One that would soon go gets a new code when it is shown again.
YOUNG = 250


async def assign(connection: AsyncConnection, place: Address, payloads: Sequence[str]) -> Mapping[str, int]:
    """Return the codes of some buttons: those they had lately in this chat, or else new ones, which count on. Codes of
    a chat that is not known are good for nothing, and nobody has one."""
    # Two letters to one chat may go out at once: one waits for the other.
    conversation_id: int | None = await connection.scalar(_of(place).with_for_update())
    if conversation_id is None:
        return {payload: number for number, payload in enumerate(payloads, 1)}
    all_known = await _known(connection, conversation_id)
    last = max(all_known.values(), default=0)
    known = {payload: code for payload, code in all_known.items() if code > last - YOUNG}
    new = [payload for payload in dict.fromkeys(payloads) if payload not in known]
    fresh = {payload: code for code, payload in enumerate(new, last + 1)}
    await execute_many(
        connection,
        insert(button_codes),
        [{"conversation_id": conversation_id, "code": code, "payload": payload} for payload, code in fresh.items()],
    )
    if fresh:
        too_old = button_codes.c.code <= last + len(fresh) - KEPT
        await connection.execute(delete(button_codes).where(button_codes.c.conversation_id == conversation_id, too_old))
    return {payload: (known | fresh)[payload] for payload in payloads}


async def _known(connection: AsyncConnection, conversation_id: int) -> dict[str, int]:
    rows = await connection.execute(
        select(button_codes.c.payload, button_codes.c.code)
        .where(button_codes.c.conversation_id == conversation_id)
        .order_by(button_codes.c.code)
    )
    return {row.payload: row.code for row in rows}


async def payload_of(connection: AsyncConnection, place: Address, code: int) -> str | None:
    """Return what a code of a chat stands for; None for one it never showed, or too long ago."""
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
