"""What turns write about notices: a new one, an act on one, a limit."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, case, func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.chain import Entry
from bot.store.core.database import LostRace
from bot.store.core.decided import Decided
from bot.store.core.tables import REFUSED, approval_limits, notices, outbox
from bot.store.notices.ledger import leave_out_refused, queue_again
from bot.store.notices.reading import encoder
from bot.store.notices.reports import ask_report
from bot.store.notices.saving import save
from flows.notices.acts import APPROVAL_LIMIT
from flows.notices.acts import NOTICE as ABOUT_NOTICE
from flows.notices.notice import AGAIN, DEFAULT_APPROVAL_ABOVE
from flows.notices.records import AnyRecord, ApprovalLimitSet, NoticeActed, NoticeSaved, ReportAsked


class Rows:
    """What a batch changes in notices."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._happened: list[tuple[AnyRecord, int | None, int]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note what happened to a notice."""
        self._happened.append((record, one.person_id, one.turn.conversation.id))

    async def write(self, connection: AsyncConnection) -> None:
        """Let it happen, one after the other: there are few."""
        for record, person_id, conversation_id in self._happened:
            match record:
                case NoticeSaved():
                    if person_id is not None:
                        notice_id = await save(connection, record, person_id, conversation_id, self._now)
                        self._note(person_id, "write", notice_id)
                case NoticeActed(notice_id, done, version):
                    await act(connection, record, self._now, (person_id, conversation_id))
                    self._note(person_id, done, notice_id, version)
                case ReportAsked(notice_id):
                    await ask_report(connection, notice_id, conversation_id, self._now, person_id)
                case ApprovalLimitSet(unit_id, above):
                    await set_limit(connection, unit_id, above, person_id)
                    limit = Entry(act="set", role="admin", about=APPROVAL_LIMIT, details={"above": above})
                    self._acts.append(replace(limit, actor_id=person_id, unit_id=unit_id))

    def _note(self, person_id: int | None, act: str, notice_id: int, version: int = 0) -> None:
        entry = Entry(act=act, role="admin", about=ABOUT_NOTICE, about_id=notice_id, version=version)
        self._acts.append(replace(entry, actor_id=person_id))


async def act(
    connection: AsyncConnection,
    record: NoticeActed,
    now: datetime,
    by: tuple[int | None, int] | None = None,
) -> None:
    """Bring a notice where an act leads. Raises LostRace when another act came first.

    Whoever mends it is its author from then on, so that they do not approve it themselves. `by` is person and chat.
    """
    changes: dict[str, Any] = {"state": record.state, "version": notices.c.version + 1}
    if record.state in {"declined", "withdrawn"}:
        changes["ended_at"] = now
    if record.act in {"repeat_uncertain", "stop"}:
        changes["ended_at"] = None
    if record.act in {"resume", "mend"}:
        changes["refusal"] = None
    if record.act in {"approve", "mend"}:
        changes["approved_for"] = record.approved_for
    if record.content is not None:
        changes["content"] = encoder.encode(record.content)
        if by is not None:
            changes["author_id"], changes["conversation_id"] = by
    changed = await connection.execute(
        update(notices).where(notices.c.id == record.notice_id, notices.c.version == record.version).values(changes)
    )
    if not changed.rowcount:
        raise LostRace("notice")
    if record.act == "resume":
        await leave_out_refused(connection, record.notice_id, now)
    if record.act == "stop":
        await _stop_copies(connection, record.notice_id, now)
    if record.content is not None:
        mended = {"content": changes["content"], "approved_for": 0, "version": notices.c.version + 1}
        begins = _copies_after(record.notice_id) & notices.c.started_at.is_(None)
        await connection.execute(update(notices).where(begins).values(mended))
    if record.act == "mend":
        refused = update(outbox).where(outbox.c.notice_id == record.notice_id, text(REFUSED))
        await connection.execute(refused.values(error=None))
    if record.act in AGAIN:
        await queue_again(connection, record.notice_id, AGAIN[record.act])


def _copies_after(notice_id: int) -> ColumnElement[bool]:
    """Say that a notice repeats another and is not over."""
    first = select(func.coalesce(notices.c.series_id, notices.c.id)).where(notices.c.id == notice_id)
    return (
        (notices.c.series_id == first.scalar_subquery())
        & (notices.c.id > notice_id)
        & notices.c.ended_at.is_(None)
        & (notices.c.state != "stopped")
    )


async def _stop_copies(connection: AsyncConnection, notice_id: int, now: datetime) -> None:
    """Stop the notices that repeat one that is stopped for good, again until none is left: one that has just begun has
    scheduled the next."""
    is_new = notices.c.started_at.is_(None)
    changes = {
        "state": case((is_new, "withdrawn"), else_="stopped"),
        "ended_at": case((is_new, literal(now, notices.c.ended_at.type))),
        "version": notices.c.version + 1,
    }
    later = update(notices).where(_copies_after(notice_id)).values(changes)
    while (await connection.execute(later)).rowcount:
        pass


async def set_limit(connection: AsyncConnection, unit_id: int, above: int, person_id: int | None) -> None:
    """Set from how many recipients on a unit's notices need a second administrator.

    Nobody raises it for what they write themselves: for them what others had set holds, too.
    """
    known = (
        await connection.execute(select(approval_limits).where(approval_limits.c.unit_id == unit_id).with_for_update())
    ).first()
    before = known.above if known is not None else DEFAULT_APPROVAL_ABOVE
    others = known.others if known is not None and known.set_by == person_id else before
    await connection.execute(
        upserts.insert_or_replace(connection, approval_limits, ("above", "set_by", "others")),
        {"unit_id": unit_id, "above": above, "set_by": person_id, "others": others},
    )
