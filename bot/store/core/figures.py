"""How much waits in the database, for `/metrics`. Counted by indexes of what is open, and only as far as matters."""

from datetime import datetime, timedelta

from sqlalchemy import func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.tables import OPEN_LETTERS, inbox, outbox

MOST_COUNTED = 100_000
# Nothing else waits as long.
FAR = timedelta(days=1)


async def updates_waiting(connection: AsyncConnection) -> int:
    """Count the updates that are not answered yet."""
    some = select(literal(1)).select_from(inbox).where(inbox.c.done_at.is_(None)).limit(MOST_COUNTED).subquery()
    return (await connection.execute(select(func.count()).select_from(some))).scalar_one()


async def letters_outside(connection: AsyncConnection, now: datetime) -> dict[str, int]:
    """Count the letters that wait for the next word of whom their channel takes nothing for now, by channel."""
    far = (text(OPEN_LETTERS), outbox.c.due > now + FAR)
    some = select(outbox.c.channel).where(*far).limit(MOST_COUNTED).subquery()
    counted = await connection.execute(select(some.c.channel, func.count()).group_by(some.c.channel))
    return {row.channel: row[1] for row in counted}


async def letters_waiting(connection: AsyncConnection) -> dict[str, int]:
    """Count the letters that are still to be sent, or to be read in a page, by channel; not those of notices."""
    some = select(outbox.c.channel).where(text(OPEN_LETTERS)).limit(MOST_COUNTED).subquery()
    counted = await connection.execute(select(some.c.channel, func.count()).group_by(some.c.channel))
    return {row.channel: row[1] for row in counted}
