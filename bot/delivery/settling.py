"""What became of letters, written down: in one transaction, or letter by letter where that fails."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.flight import LandedLetter
from bot.services.runtime import Runtime
from bot.store.core import live_messages as standing
from bot.store.core import outbox
from bot.store.core.database import is_unreachable
from bot.store.core.outbox import SettledLetter
from bot.store.notices import keeping, reading
from flows.notices.talk import refused_message

log = structlog.get_logger()


async def settle(connection: AsyncConnection, runtime: Runtime, landed: Sequence[LandedLetter]) -> None:
    """Settle letters and what follows: refused notices stop, closed chats are marked, messages of topics stand."""
    now = runtime.clock()
    refused = {one.letter.notice_id: one.refusal for one in landed if one.refusal is not None}
    for notice_id, error in refused.items():
        assert notice_id is not None
        await stop_refused(connection, runtime, notice_id, error, now)
        runtime.letters_queued.ring()
    outside = {one.letter.conversation_id: one.outside_since for one in landed if one.outside_since is not None}
    heard = await outbox.heard_since(connection, outside)
    await outbox.settle(connection, [one.settled for one in landed], now)
    if heard:  # while their letters were tried: these wait for no other word
        await outbox.let_go(connection, heard)
        runtime.letters_queued.ring()
    for one in landed:
        if one.settled.state == "blocked":
            await outbox.mark_blocked(connection, one.letter.conversation_id, now)
    await standing.keep(connection, [one.standing for one in landed if one.standing is not None])


async def settle_each(runtime: Runtime, landed: Sequence[LandedLetter]) -> None:
    """Settle letters together, or else one by one, so that a letter that cannot be settled is no other's."""
    try:
        async with runtime.database.writing() as connection:
            await settle(connection, runtime, landed)
    except Exception as error:
        if is_unreachable(error):
            raise
        for one in landed:
            await _settle_alone(runtime, one)


async def _settle_alone(runtime: Runtime, one: LandedLetter) -> None:
    """Settle a letter, or else note no more than its state: what is over must not be sent again for ever."""
    try:
        async with runtime.database.writing() as connection:
            await settle(connection, runtime, [one])
            return
    except Exception as error:
        if is_unreachable(error):
            raise
        log.exception("letter_not_settled", outbox_id=one.letter.id)
        if one.settled.state == "queued":
            return  # it still is
    async with runtime.database.writing() as connection:
        await outbox.settle(connection, [SettledLetter(one.letter.id, one.settled.state)], runtime.clock())


async def stop_refused(
    connection: AsyncConnection, runtime: Runtime, notice_id: int, error: str, now: datetime
) -> None:
    """Pause a notice that a channel takes from nobody, and tell its author; once."""
    if not await keeping.refuse(connection, notice_id, error):
        return
    notice = await reading.find(connection, notice_id)
    if notice is None:
        return
    to = await outbox.recipient_of(connection, await reading.conversation_of(connection, notice_id), notice.author_id)
    if to is not None:
        await outbox.queue(connection, [runtime.letter(to, refused_message(notice))], now)
