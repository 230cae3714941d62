"""What people do with what they receive: the buttons they press, and what they turn off."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import outbox as letters
from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.tables import conversation_people, conversations, mutes, notice_answers, outbox
from bot.store.notices import leaving
from flows.conversation.facts import Found
from flows.notices.notice import MutedKind
from flows.received.needs import AnyNeed, MutedWanted, ReceivedWanted
from flows.received.records import AnyRecord, Muted, NoticeAnswered


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case ReceivedWanted():
            return _find_received
        case MutedWanted():
            return _find_muted


async def _find_received(
    connection: AsyncConnection, needs: Sequence[ReceivedWanted], found: Found, shared: ReferenceRead
) -> None:
    among = await received(connection, needs)
    for need in needs:
        found.put(need, need in among)


async def received(connection: AsyncConnection, wanted: Collection[ReceivedWanted]) -> Collection[ReceivedWanted]:
    """Return those whose conversation was among the notice's recipients."""
    recipient = tuple_(outbox.c.notice_id, outbox.c.conversation_id)
    among = recipient.in_([(one.notice_id, one.conversation_id) for one in wanted])
    rows = await connection.execute(select(outbox.c.notice_id, outbox.c.conversation_id).where(among))
    return {ReceivedWanted(row.notice_id, row.conversation_id) for row in rows}


async def _find_muted(
    connection: AsyncConnection, needs: Sequence[MutedWanted], found: Found, shared: ReferenceRead
) -> None:
    off = await muted(connection, [need.person_id for need in needs])
    for need in needs:
        found.put(need, off.get(need.person_id, frozenset()))


async def muted(connection: AsyncConnection, person_ids: Collection[int]) -> Mapping[int, frozenset[MutedKind]]:
    """Return what each has turned off."""
    found: dict[int, frozenset[MutedKind]] = {}
    rows = await connection.execute(select(mutes.c.person_id, mutes.c.kind).where(mutes.c.person_id.in_(person_ids)))
    for row in rows:
        found[row.person_id] = found.get(row.person_id, frozenset()) | {row.kind}
    return found


class Rows:
    """What a batch changes in answers to notices and in what is turned off."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._answered: list[tuple[int, NoticeAnswered]] = []
        self._muted: list[tuple[int, Muted]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows. Of nobody known there are none."""
        if one.person_id is None:
            return
        match record:
            case NoticeAnswered():
                self._answered.append((one.person_id, record))
            case Muted():
                self._muted.append((one.person_id, record))

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await answer(connection, self._answered, self._now)
        for person_id, muted_ in self._muted:
            await mute(connection, person_id, muted_.kind, self._now, off=muted_.off)


async def answer(connection: AsyncConnection, answered: Iterable[tuple[int, NoticeAnswered]], now: datetime) -> None:
    """Keep the buttons people pressed last, each by a person's id."""
    keep = upserts.insert_or_replace(connection, notice_answers, ("answer", "at"))
    rows = [
        {
            "notice_id": record.notice_id,
            "person_id": person_id,
            "question": "form" if record.answer == "start" else "who",
            "answer": record.answer,
            "at": now,
        }
        for person_id, record in answered
    ]
    await execute_many(connection, keep, rows)


async def mute(connection: AsyncConnection, person_id: int, kind: MutedKind, now: datetime, *, off: bool) -> None:
    """Turn something off or on for somebody. What is turned off and still waits for them is not sent."""
    if not off:
        await connection.execute(delete(mutes).where(mutes.c.person_id == person_id, mutes.c.kind == kind))
        return
    await connection.execute(upserts.insert_new(connection, mutes), {"person_id": person_id, "kind": kind})
    await letters.drop_muted(connection, person_id, kind, now)
    if kind == "notices":
        alone = ~exists().where(conversation_people.c.conversation_id == conversations.c.id)
        theirs = select(conversations.c.id).where(conversations.c.person_id == person_id, alone)
        if connection.dialect.name != "sqlite":
            await connection.execute(
                theirs.order_by(conversations.c.id).with_for_update()
            )  # a ledger that is just written, too
        await leaving.leave_out(connection, theirs, now)
