"""The inbox: what people sent, kept before it is acknowledged and until its turn is done."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.many import execute_many
from bot.store.tables import conversations, inbox
from bot.store.upserts import insert_new
from flows.replies import Reply, Unreadable


class Incoming(msgspec.Struct, frozen=True):
    """One update of a channel. `update_id` is the channel's own and tells a repeated update from a new one;
    `callback` is a handle the channel wants answered."""

    channel: str
    bot: str
    address: str
    update_id: str
    reply: Reply
    callback: str | None = None


Place = tuple[str, str, str]

MOST_KNOWN = 200_000

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


class ConversationIds:
    """Conversation ids by (channel, bot, address). Conversations are never deleted, so what is known stays true."""

    def __init__(self) -> None:
        self._known: dict[Place, int] = {}

    async def of(self, connection: AsyncConnection, places: Iterable[Place]) -> dict[Place, int]:
        """Return the ids of conversations, making the new ones."""
        wanted = set(places)
        known = {place: self._known[place] for place in wanted if place in self._known}
        if len(known) == len(wanted):
            return known
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        return {**known, **await _make(connection, wanted - set(known))}

    def remember(self, ids: dict[Place, int]) -> None:
        """Keep ids once the transaction that made them is committed."""
        self._known.update(ids)


async def _make(connection: AsyncConnection, places: set[Place]) -> dict[Place, int]:
    rows = [dict(zip(("channel", "bot", "address"), place, strict=True)) for place in sorted(places)]
    await execute_many(connection, insert_new(connection, conversations), rows)
    addresses: dict[tuple[str, str], list[str]] = {}
    for channel, bot, address in places:
        addresses.setdefault((channel, bot), []).append(address)
    ids: dict[Place, int] = {}
    # One statement a bot: SQLite uses the index for a list of addresses, but goes through all rows for one of tuples.
    for (channel, bot), wanted in addresses.items():
        of_bot = (conversations.c.channel == channel, conversations.c.bot == bot)
        found = await connection.execute(
            select(conversations.c.address, conversations.c.id).where(*of_bot, conversations.c.address.in_(wanted))
        )
        ids.update({(channel, bot, row.address): row.id for row in found})
    return ids


async def put(connection: AsyncConnection, ids: dict[Place, int], incoming: Sequence[Incoming], now: datetime) -> None:
    """Keep updates; one that was seen before is left out by its id."""
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


async def is_done(connection: AsyncConnection, channel: str, bot: str, update_id: str) -> bool:
    """Tell whether the turn of an update is done."""
    of_update = (inbox.c.channel == channel, inbox.c.bot == bot, inbox.c.update_id == update_id)
    found = await connection.execute(select(inbox.c.id).where(*of_update, inbox.c.done_at.is_(None)))
    return found.first() is None


def _body(reply: Reply) -> bytes:
    """Encode a reply. Half a surrogate pair has no UTF-8: such a message is kept as one that cannot be read."""
    try:
        return _encoder.encode(reply)
    except UnicodeEncodeError:
        return _encoder.encode(Unreadable("broken text"))


def place_of(one: Incoming) -> Place:
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
_known = select(conversations.c.consented, _waiting.label("waiting")).where(
    conversations.c.channel == bindparam("_channel"),
    conversations.c.bot == bindparam("_bot"),
    conversations.c.address == bindparam("_address"),
)


async def look_up(connection: AsyncConnection, place: Place) -> Known | None:
    """Return whether a conversation has consent and how many of its updates wait; None when it is new."""
    channel, bot, address = place
    row = (await connection.execute(_known, {"_channel": channel, "_bot": bot, "_address": address})).first()
    return Known(bool(row.consented), row.waiting) if row is not None else None
