"""The rows of a ledger: what became of each recipient, and moving those who wait on."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.contacts import still_open
from bot.store.core.tables import REFUSED, conversations, notice_answers, notices, outbox, people
from flows.notices.notice import Ledger, LedgerState

AnyRow = Row[*tuple[Any, ...]]

_NOT_YET = ("queued", "waiting")
_ADDRESS = select(conversations.c.address).where(conversations.c.id == outbox.c.conversation_id).scalar_subquery()


async def counts_of(connection: AsyncConnection, notice_id: int) -> dict[LedgerState, int]:
    """Count a notice's ledger by state."""
    counted = await connection.execute(
        select(outbox.c.state, func.count().label("number"))
        .where(outbox.c.notice_id == notice_id)
        .group_by(outbox.c.state)
    )
    return {row.state: row.number for row in counted}


async def ledger_of(connection: AsyncConnection, notice_id: int) -> Ledger:
    """Count what became of a notice's recipients and what they pressed. With many recipients it takes its time."""
    answered = await connection.execute(
        select(notice_answers.c.answer, func.count().label("number"))
        .where(notice_answers.c.notice_id == notice_id)
        .group_by(notice_answers.c.answer)
    )
    return Ledger(await counts_of(connection, notice_id), {row.answer: row.number for row in answered})


async def leave_out_refused(connection: AsyncConnection, notice_id: int, now: datetime) -> None:
    """Let a notice go on as it is without those to whom it was refused."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.notice_id == notice_id, text(REFUSED))
        .values(state="failed", settled_at=now, address="")
    )


async def queue_again(connection: AsyncConnection, notice_id: int, state: LedgerState) -> None:
    """Let those of a notice's recipients who are in a state, and may still be written to, have it once more."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.notice_id == notice_id, outbox.c.state == state, still_open(outbox.c.conversation_id))
        .values(state="queued", settled_at=None, due=None, error=None, address=_ADDRESS)
    )


async def stopped_early(connection: AsyncConnection) -> int | None:
    """Return a notice that was stopped and still has recipients who wait, or None."""
    waits = select(outbox.c.id).where(outbox.c.notice_id == notices.c.id, outbox.c.state.in_(_NOT_YET))
    stopped = select(notices.c.id).where(notices.c.state == "stopped", notices.c.ended_at.is_(None), waits.exists())
    return await connection.scalar(stopped.order_by(notices.c.id).limit(1))


async def take_off(connection: AsyncConnection, notice_id: int, most: int, now: datetime) -> None:
    """Take some of those who wait for a stopped notice off its list."""
    waits = (outbox.c.notice_id == notice_id, outbox.c.state.in_(_NOT_YET))
    some = select(outbox.c.id).where(*waits).limit(most)
    await connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(some), *waits)
        .values(state="stopped", settled_at=now, due=None, address="")
    )


async def ledger(connection: AsyncConnection, notice_id: int, after: int, most: int) -> list[AnyRow]:
    """Return the next rows of a ledger: id, unit_id, name, channel, language, state, error, settled_at, answer."""
    who = select(notice_answers.c.answer).where(
        notice_answers.c.notice_id == outbox.c.notice_id,
        notice_answers.c.person_id == people.c.id,
        notice_answers.c.question == "who",
    )
    rows = await connection.execute(
        select(
            outbox.c.id,
            people.c.unit_id,
            people.c.name,
            outbox.c.channel,
            conversations.c.language,
            outbox.c.state,
            outbox.c.error,
            outbox.c.settled_at,
            who.scalar_subquery().label("answer"),
        )
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .outerjoin(people, people.c.id == conversations.c.person_id)
        .where(outbox.c.notice_id == notice_id, outbox.c.id > after)
        .order_by(outbox.c.id)
        .limit(most)
    )
    return list(rows)
