"""Keeping a new notice, and the next one of a notice that repeats."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.tables import notice_units, notices
from bot.store.notices.reading import encoder
from flows.notices.notice import Notice
from flows.notices.records import NoticeSaved


async def save(
    connection: AsyncConnection, record: NoticeSaved, author_id: int, conversation_id: int, now: datetime
) -> int:
    """Keep a notice. Returns its id."""
    notice_id: int = (
        await connection.execute(
            insert(notices)
            .values(
                author_id=author_id,
                conversation_id=conversation_id,
                content=encoder.encode(record.content),
                audience=encoder.encode(record.audience),
                state=record.state,
                send_at=record.send_at,
                repeat=record.repeat,
                created_at=now,
            )
            .returning(notices.c.id)
        )
    ).scalar_one()
    await keep_units(connection, notice_id, record.audience.unit_ids)
    return notice_id


async def keep_units(connection: AsyncConnection, notice_id: int, unit_ids: Collection[int]) -> None:
    rows = [{"notice_id": notice_id, "unit_id": unit_id} for unit_id in sorted(set(unit_ids))]
    await connection.execute(insert(notice_units), rows)


_COPIED = frozenset({"author_id", "conversation_id", "content", "audience", "approved_for"})


async def repeat(connection: AsyncConnection, notice: Notice, send_at: datetime, now: datetime) -> None:
    """Schedule the next one of a notice that repeats."""
    kept = [column for column in notices.c if column.name in _COPIED]
    added = await connection.execute(
        insert(notices)
        .from_select(
            [*(column.name for column in kept), "series_id", "state", "send_at", "repeat", "created_at"],
            select(
                *kept,
                func.coalesce(notices.c.series_id, notices.c.id),
                literal("scheduled"),
                literal(send_at, notices.c.send_at.type),
                literal(notice.repeat),
                literal(now, notices.c.created_at.type),
            ).where(notices.c.id == notice.id),
        )
        .returning(notices.c.id)
    )
    await keep_units(connection, added.scalar_one(), notice.audience.unit_ids)
