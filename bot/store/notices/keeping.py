"""What the keeper does with a notice on its way: starting, pausing, showing and ending it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Select, case, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.tables import notices, outbox
from bot.store.notices.ledger import AnyRow
from bot.store.notices.reading import NOTICES, encoder, notice_of
from flows.notices.notice import Content, Notice


async def due(connection: AsyncConnection, now: datetime, resting: Collection[int] = ()) -> list[int]:
    """Return the ids of notices whose time has come, oldest first, without those that rest after a failure."""
    ids = await connection.scalars(
        select(notices.c.id)
        .where(notices.c.state == "scheduled", or_(notices.c.send_at.is_(None), notices.c.send_at <= now))
        .where(notices.c.id.not_in(resting))
        .order_by(notices.c.id)
        .limit(20)
    )
    return list(ids)


async def due_notice(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice that is to start, or None when it was withdrawn. Raises when it cannot be decoded."""
    row = (await connection.execute(NOTICES.where(notices.c.id == notice_id, notices.c.state == "scheduled"))).first()
    return notice_of(row) if row is not None else None


async def start(connection: AsyncConnection, notice: Notice, content: Content, now: datetime) -> bool:
    """Begin to write a notice's ledger, with its file where every channel finds it. One that was mended has its ledger
    and goes on. False when somebody moved it on meanwhile."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.state == "scheduled", notices.c.version == notice.version)
        .values(
            state="sending" if notice.has_begun else "gathering",
            started_at=notice.started_at or now,
            content=encoder.encode(content),
            version=notices.c.version + 1,
        )
    )
    return changed.rowcount > 0


async def ask_approval(connection: AsyncConnection, notice: Notice) -> bool:
    """Let a notice wait for approval instead of starting it. False when somebody moved it on meanwhile."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.state == "scheduled", notices.c.version == notice.version)
        .values(state="awaiting", version=notices.c.version + 1)
    )
    return changed.rowcount > 0


async def withdraw(connection: AsyncConnection, notice_id: int, now: datetime) -> bool:
    """Take back a notice that cannot be sent. One that some have already is paused instead. False when somebody moved
    it on meanwhile."""
    is_new = notices.c.started_at.is_(None)
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state == "scheduled")
        .values(
            state=case((is_new, "withdrawn"), else_="paused"),
            ended_at=case((is_new, literal(now, notices.c.ended_at.type))),
            version=notices.c.version + 1,
        )
    )
    return changed.rowcount > 0


async def refuse(connection: AsyncConnection, notice_id: int, error: str) -> bool:
    """Pause a notice because a channel does not take what it says. False when it is known already, or it is over."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state.in_(("sending", "paused")), notices.c.refusal.is_(None))
        .values(state="paused", refusal=error, version=notices.c.version + 1)
    )
    return changed.rowcount > 0


async def finished(connection: AsyncConnection, now: datetime, among: Collection[int] | None = None) -> list[int]:
    """Return the notices, of all or among some, with nobody left to send to. Pages that are not opened for long have
    theirs waiting."""
    of_notice = (outbox.c.notice_id == notices.c.id, outbox.c.state.in_(("queued", "sending", "waiting")))
    waits_long = (outbox.c.state == "waiting") & (outbox.c.due <= now) & (notices.c.state == "sending")
    left = select(outbox.c.id).where(*of_notice, ~waits_long)
    under_way = [notices.c.state.in_(("sending", "stopped")), notices.c.ended_at.is_(None)]
    if among is not None:
        under_way.append(notices.c.id.in_(among))
    return list(await connection.scalars(select(notices.c.id).where(*under_way, ~left.exists())))


async def end(connection: AsyncConnection, now: datetime) -> list[int]:
    """End the notices with nobody left to send to. Returns their ids."""
    candidates = await finished(connection, now)
    await connection.execute(
        select(notices.c.id).where(notices.c.id.in_(candidates)).order_by(notices.c.id).with_for_update()
    )
    ended = await finished(connection, now, candidates)  # without what somebody moved on until it was held
    for notice_id in ended:
        await connection.execute(
            update(notices).where(notices.c.id == notice_id, notices.c.state == "sending").values(state="done")
        )
        await connection.execute(
            update(notices).where(notices.c.id == notice_id).values(ended_at=now, version=notices.c.version + 1)
        )
    return ended


class Shown(Struct, frozen=True):
    """A notice under way and the conversation where its author watches it."""

    notice: Notice
    conversation_id: int


def _open_notices() -> Select[tuple[int]]:
    return select(notices.c.id).where(
        notices.c.state.in_(("sending", "paused", "stopped")), notices.c.ended_at.is_(None)
    )


async def under_way(connection: AsyncConnection, also: Sequence[int] = ()) -> list[Shown]:
    """Return the notices that are being sent, and some that were, as far as this version can read them. Their ledgers
    are not counted."""
    rows = await connection.execute(
        NOTICES.where(or_(notices.c.id.in_(_open_notices()), notices.c.id.in_(also))).order_by(notices.c.id)
    )
    return list(_shown(rows))


def _shown(rows: Iterable[AnyRow]) -> Iterator[Shown]:
    for row in rows:
        with suppress(msgspec.DecodeError):  # looked at every second, so not logged here
            yield Shown(notice_of(row), row.conversation_id)
