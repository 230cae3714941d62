"""Rows that leave after a time: updates that are long known, and letters that are long settled."""

from datetime import datetime

from sqlalchemy import Table, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.outbox import WAITS_FOR_A_WORD
from bot.store.core.tables import OPEN_LETTERS, WAITING_FOR_PAGES, inbox, outbox

_LEAVES = {
    inbox: inbox.c.done_at.is_not(None),
    # The ledgers of notices stay: their reports are made of them.
    outbox: outbox.c.settled_at.is_not(None) & outbox.c.notice_id.is_(None),
}
_CAME = {inbox: inbox.c.received_at, outbox: outbox.c.created_at}


async def forget_rows(connection: AsyncConnection, table: Table, before: datetime, after: int, most: int) -> int | None:
    """Delete what leaves among the next rows of the inbox or the outbox after an id, oldest first.

    Returns the id to go on after; None when what follows is younger, or nothing does.
    """
    next_rows = select(table.c.id, _CAME[table]).where(table.c.id > after).order_by(table.c.id).limit(most)
    ids: list[int] = [row.id for row in await connection.execute(next_rows) if row[1] < before]
    if not ids:
        return None
    await connection.execute(delete(table).where(table.c.id.between(ids[0], ids[-1]), _LEAVES[table]))
    return ids[-1]


async def give_up_letters(connection: AsyncConnection, before: datetime, now: datetime) -> None:
    """Give up letters that nobody has fetched for so long: their page is not opened any more. One that a channel put
    off, until its reader's next word, is its delivery's to settle: it is left as long again, lest its channel is no
    more."""
    forgotten = {"body": None, "callback": None, "address": "", "due": None}
    nobodys = or_(outbox.c.attempts == 0, outbox.c.created_at < before - WAITS_FOR_A_WORD)
    error = func.coalesce(outbox.c.error, "never fetched")
    for unread in (OPEN_LETTERS, WAITING_FOR_PAGES):
        await connection.execute(
            update(outbox)
            .where(text(unread), outbox.c.created_at < before, nobodys)
            .values(state="failed", error=error, settled_at=now, **forgotten)
        )
