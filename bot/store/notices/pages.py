"""Notices for web chats, whose pages fetch what waits for them."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.tables import notices, outbox

# Channels without a delivery: their pages fetch what waits.
PAGES = ("web", "terminal")
_FOR_PAGES = (
    outbox.c.notice_id.in_(select(notices.c.id).where(notices.c.state == "sending")),
    outbox.c.state == "queued",
    outbox.c.channel.in_(PAGES),
)


async def has_for_pages(connection: AsyncConnection) -> bool:
    """Tell whether a notice under way has recipients left who read in a page."""
    return await connection.scalar(select(outbox.c.id).where(*_FOR_PAGES).limit(1)) is not None


async def hand_to_pages(connection: AsyncConnection, most: int, until: datetime) -> int:
    """Let pages have the notices that are being sent, some at a time. A notice does not end before `until` while it
    waits for a page. Returns how many recipients these are."""
    some = select(outbox.c.id).where(*_FOR_PAGES).order_by(outbox.c.id).limit(most)
    ids = list(await connection.scalars(some.with_for_update(skip_locked=True)))
    handed = {"state": "waiting", "due": until}
    await connection.execute(update(outbox).where(outbox.c.id.in_(ids), outbox.c.state == "queued").values(handed))
    return len(ids)
