"""Those who turn notices off or are erased."""

from datetime import datetime

from sqlalchemy import Select, delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.tables import (
    WAITING_FOR_PAGES,
    approval_limits,
    contacts,
    conversations,
    mutes,
    notice_answers,
    notices,
    outbox,
)


def _notices_with_ledger() -> Select[tuple[int]]:
    """Select the notices that have recipients who wait, or may get some."""
    return select(notices.c.id).where(notices.c.started_at.is_not(None), notices.c.ended_at.is_(None))


async def leave_out(connection: AsyncConnection, conversation_ids: Select[tuple[int]], now: datetime) -> None:
    """Send conversations none of the notices that still wait for them."""
    muted = {"state": "muted", "settled_at": now, "due": None, "address": ""}
    await connection.execute(
        update(outbox)
        .where(
            outbox.c.notice_id.in_(_notices_with_ledger()),
            outbox.c.state == "queued",
            outbox.c.conversation_id.in_(conversation_ids),
        )
        .values(muted)
    )
    await connection.execute(
        update(outbox).where(text(WAITING_FOR_PAGES), outbox.c.conversation_id.in_(conversation_ids)).values(muted)
    )


async def forget_person(connection: AsyncConnection, person_id: int, conversation_id: int, now: datetime) -> None:
    """Forget somebody who is being erased: what they pressed and turned off, and notices that wait for them. What they
    wrote to many stays, without their name."""
    theirs = or_(conversations.c.person_id == person_id, conversations.c.id == conversation_id)
    await leave_out(connection, select(conversations.c.id).where(theirs), now)
    for table in (notice_answers, mutes, contacts):
        await connection.execute(delete(table).where(table.c.person_id == person_id))
    await connection.execute(update(notices).where(notices.c.author_id == person_id).values(author_id=None))
    await connection.execute(update(approval_limits).where(approval_limits.c.set_by == person_id).values(set_by=None))
