"""Reports of notices: asked for, made, and forgotten after some time."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.tables import notice_reports


async def ask_report(
    connection: AsyncConnection, notice_id: int, conversation_id: int, now: datetime, person_id: int | None = None
) -> None:
    """Let a report be made and sent to who asks in a conversation, unless one is on its way there already."""
    waits = select(notice_reports.c.id).where(
        notice_reports.c.notice_id == notice_id,
        notice_reports.c.conversation_id == conversation_id,
        notice_reports.c.digest.is_(None),
    )
    asked = {"notice_id": notice_id, "conversation_id": conversation_id, "person_id": person_id, "asked_at": now}
    row = select(*(literal(value, notice_reports.c[name].type) for name, value in asked.items()))
    await connection.execute(insert(notice_reports).from_select(list(asked), row.where(~waits.exists())))


class ReportWanted(Struct, frozen=True):
    """A report somebody waits for: who asked, who may be one of several on the phone."""

    id: int
    notice_id: int
    conversation_id: int
    person_id: int | None


async def next_report(connection: AsyncConnection, resting: Collection[int] = ()) -> ReportWanted | None:
    """Return the report that waits longest, without those that rest after a failure, or None."""
    waiting = (
        select(notice_reports)
        .where(notice_reports.c.digest.is_(None), notice_reports.c.id.not_in(resting))
        .order_by(notice_reports.c.id)
        .limit(1)
    )
    row = (await connection.execute(waiting)).first()
    return ReportWanted(row.id, row.notice_id, row.conversation_id, row.person_id) if row is not None else None


async def report_made(connection: AsyncConnection, report_id: int, digest: str) -> bool:
    """Note that a report is made, and which file it is. False when another instance has made it meanwhile."""
    made = await connection.execute(
        update(notice_reports)
        .where(notice_reports.c.id == report_id, notice_reports.c.digest.is_(None))
        .values(digest=digest)
    )
    return made.rowcount > 0


async def old_reports(connection: AsyncConnection, before: datetime) -> list[str]:
    """Forget reports of some time ago. Returns their files, which nobody needs any more."""
    gone = await connection.scalars(
        delete(notice_reports)
        .where(notice_reports.c.asked_at < before, notice_reports.c.digest.is_not(None))
        .returning(notice_reports.c.digest)
    )
    return list(gone)
