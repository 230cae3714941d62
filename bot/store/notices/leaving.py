"""Those who turn notices off or are erased."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, text, update
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


# What is settled knows no longer where it was to go, nor whom it concerned.
_NOBODYS: dict[str, Any] = {"address": "", "about": None}


async def leave_out(connection: AsyncConnection, conversation_ids: Select[tuple[int]], now: datetime) -> None:
    """Send conversations none of the notices that still wait for them."""
    muted = {"state": "muted", "settled_at": now, "due": None, **_NOBODYS}
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


async def leave_person_out(
    connection: AsyncConnection, person_id: int, conversation_ids: Collection[int], now: datetime
) -> None:
    """Let notices that wait on shared phones no longer concern somebody. What concerns nobody else is not sent."""
    if not conversation_ids:
        return
    waits = outbox.c.state.in_(("queued", "waiting")) & outbox.c.conversation_id.in_(sorted(conversation_ids))
    theirs = (outbox.c.notice_id.in_(_notices_with_ledger()), waits, outbox.c.about.contains(f",{person_id},"))
    for row in (await connection.execute(select(outbox.c.id, outbox.c.about).where(*theirs))).all():
        about = row.about.replace(f",{person_id},", ",")
        left = {"about": about} if about != "," else {"state": "muted", "settled_at": now, "due": None, **_NOBODYS}
        await connection.execute(update(outbox).where(outbox.c.id == row.id).values(left))


async def forget_person(connection: AsyncConnection, person_id: int, chats: Collection[int], now: datetime) -> None:
    """Forget somebody who is being erased: what they pressed and turned off, and notices that wait in their chats. What
    they wrote to many stays, without their name."""
    await leave_out(connection, select(conversations.c.id).where(conversations.c.id.in_(sorted(chats))), now)
    for table in (notice_answers, mutes, contacts):
        await connection.execute(delete(table).where(table.c.person_id == person_id))
    await connection.execute(update(notices).where(notices.c.author_id == person_id).values(author_id=None))
    await connection.execute(update(approval_limits).where(approval_limits.c.set_by == person_id).values(set_by=None))
