"""Who has several chats: a turn in one of them goes on where the last one ended, whichever chat that was in.

Where they had come to is kept with the person, in one row that a turn holds until it is done: of two chats at once the
second sees what the first has changed. Of people with one chat nothing is read or written here.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.gathering import Waiting, read_session
from bot.store.core.lists import is_among
from bot.store.core.tables import conversation_people, conversations, joined_chats, joined_people
from flows.conversation.events import ContactChanged
from flows.conversation.facts import Conversation
from flows.conversation.session import HOME, Session
from flows.subjects import AnyTalk

_encoder = msgspec.json.Encoder()

# The chat is no join: PostgreSQL would drop the row of who has waited here while another chat became the last one.
_channel = select(conversations.c.channel).where(conversations.c.id == joined_people.c.conversation_id)
_LAST_USED = (
    select(joined_people, _channel.scalar_subquery().label("channel"))
    .where(is_among(joined_people.c.person_id, "ids"))
    .order_by(joined_people.c.person_id)
    .with_for_update(of=joined_people)
)
_BESIDE = (
    select(joined_chats.c.person_id, conversation_people.c.person_id.label("other_id"))
    .join(conversation_people, conversation_people.c.conversation_id == joined_chats.c.conversation_id)
    .where(is_among(joined_chats.c.person_id, "ids"), conversation_people.c.person_id != joined_chats.c.person_id)
)
_KEEP = (
    update(joined_people)
    .where(joined_people.c.person_id == bindparam("_person"))
    .values(conversation_id=bindparam("chat"), session=bindparam("kept"))
)
_KEEP_PARKED = (
    update(joined_people)
    .where(joined_people.c.person_id == bindparam("_person"), joined_people.c.conversation_id == bindparam("_chat"))
    .values(session=bindparam("kept"))
)
_USED = (
    update(joined_chats)
    .where(joined_chats.c.person_id == bindparam("_person"), joined_chats.c.conversation_id == bindparam("_chat"))
    .values(used_at=bindparam("used"))
)


async def go_on(connection: AsyncConnection, turns: Sequence[Waiting]) -> Sequence[Waiting]:
    """Return the turns, those of people with several chats where the last one ended."""
    ids = {turn.person_id for turn in turns if turn.joined and turn.person_id is not None}
    if not ids:
        return turns
    rows = {row.person_id: row for row in await connection.execute(_LAST_USED, {"ids": sorted(ids)})}
    beside = await _beside(connection, ids)
    return [
        _as_left(turn, rows[who], beside[who]) if turn.joined and (who := turn.person_id or 0) in rows else turn
        for turn in turns
    ]


async def _beside(connection: AsyncConnection, ids: Collection[int]) -> Mapping[int, frozenset[int]]:
    found: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
    for row in await connection.execute(_BESIDE, {"ids": sorted(ids)}):
        found[row.person_id] |= {row.other_id}
    return found


def _as_left(turn: Waiting, row: Row[*tuple[Any, ...]], beside: frozenset[int]) -> Waiting:
    if row.conversation_id == turn.conversation.id:
        return replace(turn, beside=beside)
    last, cut = read_session(row.session) if row.session is not None else (Session[AnyTalk](), False)
    came_from = Conversation(row.conversation_id, row.channel) if last.frames != (HOME,) else None
    session = Session(last.frames, asked_beyond(turn.session.asked, last.asked))
    left = {"cut": cut, "newer": turn.newer or cut, "came_from": came_from, "moved": True, "beside": beside}
    return replace(turn, session=session, **left)


def asked_beyond(here: int, there: int) -> int:
    """Return the number of the present question in a chat that takes it over from another. What was asked here before
    stays old; the very question that was asked there last can still be answered there."""
    return there if there >= here else here + 1


async def keep(connection: AsyncConnection, batch: Sequence[Decided], now: datetime) -> None:
    """Keep which chat people used last and how far they have come. Who stopped the bot, or let it in again, did not
    write."""
    rows: list[dict[str, Any]] = []
    parked: list[dict[str, Any]] = []
    used: list[dict[str, Any]] = []
    for one in batch:
        if not one.turn.joined or any(isinstance(record, ContactChanged) for record in one.decision.records):
            continue
        chat, decision = one.turn.conversation.id, one.decision
        if one.next_id is not None and decision.elsewhere is None:  # else the talk goes on there
            rows.append({"_person": one.next_id, "chat": chat, "kept": _encoder.encode(decision.session)})
            used.append({"_person": one.next_id, "_chat": chat, "used": now})
        if decision.parked and one.person_id is not None:
            kept = _encoder.encode(Session(decision.parked, one.turn.session.asked))
            parked.append({"_person": one.person_id, "_chat": chat, "kept": kept})
    await execute_many(connection, _KEEP_PARKED, parked)
    await execute_many(connection, _KEEP, rows)
    await execute_many(connection, _USED, used)
