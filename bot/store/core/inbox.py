"""The inbox: what people sent, kept before it is acknowledged and until its turn is done."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.lists import is_among
from bot.store.core.tables import conversations, inbox
from bot.store.core.upserts import insert_new
from flows.conversation.replies import Reply, Unreadable


class Incoming(msgspec.Struct, frozen=True):
    """One update of a channel. `update_id` is the channel's own and tells a repeated update from a new one;
    `callback` is a handle the channel wants answered."""

    channel: str
    bot: str
    address: str
    update_id: str
    reply: Reply
    callback: str | None = None


Address = tuple[str, str, str]

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


async def conversation_ids(connection: AsyncConnection, places: Iterable[Address]) -> dict[Address, int]:
    """Return the ids of conversations by (channel, bot, address), making the new ones.

    They are asked for every time and held until the transaction ends: an address may be forgotten at any moment, and
    what comes from there then is a stranger's.
    """
    wanted = set(places)
    known = await _known(connection, wanted)
    if new := sorted(wanted - set(known)):
        rows = [dict(zip(("channel", "bot", "address"), place, strict=True)) for place in new]
        await execute_many(connection, insert_new(connection, conversations), rows)
        known |= await _known(connection, new)
    return known


async def _known(connection: AsyncConnection, places: Iterable[Address]) -> dict[Address, int]:
    addresses: dict[tuple[str, str], list[str]] = {}
    for channel, bot, address in places:
        addresses.setdefault((channel, bot), []).append(address)
    ids: dict[Address, int] = {}
    # One statement a bot: SQLite uses the index for a list of addresses, but goes through all rows for one of tuples.
    for (channel, bot), wanted in addresses.items():
        rows = await connection.execute(_OF_ADDRESSES, {"of_channel": channel, "of_bot": bot, "addresses": wanted})
        ids.update({(channel, bot, row.address): row.id for row in rows})
    return ids


_OF_ADDRESSES = (
    select(conversations.c.address, conversations.c.id)
    .where(
        conversations.c.channel == bindparam("of_channel"),
        conversations.c.bot == bindparam("of_bot"),
        is_among(conversations.c.address, "addresses"),
    )
    .with_for_update(read=True, key_share=True)
)


async def put(connection: AsyncConnection, incoming: Sequence[Incoming], now: datetime) -> None:
    """Keep updates; one that was seen before is left out by its id.

    One that comes again from whoever was erased meanwhile makes no conversation: it would keep the address anew.
    """
    known = await _known(connection, {place_of(one) for one in incoming})
    if new := [one for one in incoming if place_of(one) not in known]:
        again = await _seen(connection, new)
        incoming = [one for one in incoming if place_of(one) in known or _key(one) not in again]
    ids = known | await conversation_ids(connection, {place_of(one) for one in incoming} - set(known))
    await execute_many(
        connection,
        insert_new(connection, inbox),
        [
            {
                "channel": one.channel,
                "bot": one.bot,
                "update_id": one.update_id,
                "conversation_id": ids[place_of(one)],
                "body": _body(one.reply),
                "callback": one.callback,
                "received_at": now,
            }
            for one in incoming
        ],
    )


async def _seen(connection: AsyncConnection, incoming: Iterable[Incoming]) -> set[Address]:
    """Return the keys of those updates that are kept already."""
    update_ids: dict[tuple[str, str], list[str]] = {}
    for one in incoming:
        update_ids.setdefault((one.channel, one.bot), []).append(one.update_id)
    seen: set[Address] = set()
    for (channel, bot), wanted in update_ids.items():
        of_bot = (inbox.c.channel == channel, inbox.c.bot == bot, inbox.c.update_id.in_(wanted))
        found = await connection.scalars(select(inbox.c.update_id).where(*of_bot))
        seen |= {(channel, bot, update_id) for update_id in found}
    return seen


def _key(one: Incoming) -> Address:
    return (one.channel, one.bot, one.update_id)


async def is_done(connection: AsyncConnection, channel: str, bot: str, update_id: str) -> bool:
    """Tell whether the turn of an update is done."""
    of_update = (inbox.c.channel == channel, inbox.c.bot == bot, inbox.c.update_id == update_id)
    found = await connection.execute(select(inbox.c.id).where(*of_update, inbox.c.done_at.is_(None)))
    return found.first() is None


async def heard_at(connection: AsyncConnection, place: Address) -> datetime | None:
    """Return when the last turn of a conversation was done; None when none was."""
    channel, bot, address = place
    of_place = {"_channel": channel, "_bot": bot, "_address": address}
    found: datetime | None = await connection.scalar(_HEARD_AT, of_place)
    return found


async def last_received(connection: AsyncConnection, channel: str, bot: str) -> datetime | None:
    """Return when the last update came that is still known."""
    of_bot = (inbox.c.channel == channel, inbox.c.bot == bot)
    found: datetime | None = await connection.scalar(
        select(inbox.c.received_at).where(*of_bot).order_by(inbox.c.id.desc()).limit(1)
    )
    return found


def _body(reply: Reply) -> bytes:
    """Encode a reply. Half a surrogate pair has no UTF-8: such a message is kept as one that cannot be read."""
    try:
        return _encoder.encode(reply)
    except UnicodeEncodeError:
        return _encoder.encode(Unreadable("broken text"))


def place_of(one: Incoming) -> Address:
    """Return where an update comes from."""
    return (one.channel, one.bot, one.address)


def read_reply(body: bytes) -> Reply:
    """Decode the reply of an inbox row. Raises msgspec.DecodeError for one that no version wrote."""
    return _decoder.decode(body)


class Known(msgspec.Struct, frozen=True):
    """What a channel may ask about a conversation before it takes more from it."""

    consented: bool
    waiting: int


_waiting = (
    select(func.count())
    .select_from(inbox)
    .where(inbox.c.conversation_id == conversations.c.id, inbox.c.done_at.is_(None))
    .scalar_subquery()
)
_OF_PLACE = select(conversations.c.consented, _waiting.label("waiting")).where(
    conversations.c.channel == bindparam("_channel"),
    conversations.c.bot == bindparam("_bot"),
    conversations.c.address == bindparam("_address"),
)


_HEARD_AT = select(conversations.c.heard_at).where(
    conversations.c.channel == bindparam("_channel"),
    conversations.c.bot == bindparam("_bot"),
    conversations.c.address == bindparam("_address"),
)


async def look_up(connection: AsyncConnection, place: Address) -> Known | None:
    """Return whether a conversation has consent and how many of its updates wait; None when it is new."""
    channel, bot, address = place
    row = (await connection.execute(_OF_PLACE, {"_channel": channel, "_bot": bot, "_address": address})).first()
    return Known(bool(row.consented), row.waiting) if row is not None else None
