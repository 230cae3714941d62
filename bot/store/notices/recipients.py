"""Writing a ledger: its people come in pieces, and one row a chat."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, and_, func, literal, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.lists import is_one_of
from bot.store.core.outbox import NOTICE
from bot.store.core.tables import contacts, conversation_people, conversations, notices, outbox
from bot.store.notices.reading import audience_decoder
from flows.notices.notice import Audience


class Gathering(Struct, frozen=True):
    """A ledger that is being written. `to` is the last person of it so far."""

    notice_id: int
    audience: Audience
    to: int


async def next_to_gather(connection: AsyncConnection, resting: Collection[int] = ()) -> int | None:
    """Return the notice whose ledger is to be written next, without those that rest after a failure, or None."""
    waiting = select(notices.c.id).where(notices.c.state == "gathering", notices.c.id.not_in(resting))
    found: int | None = await connection.scalar(waiting.order_by(notices.c.id).limit(1))
    return found


async def gathering(connection: AsyncConnection, notice_id: int) -> Gathering | None:
    """Return a ledger that is being written, or None when it no longer is. Raises when it cannot be decoded."""
    of_notice = select(notices).where(notices.c.id == notice_id, notices.c.state == "gathering")
    row = (await connection.execute(of_notice)).first()
    return Gathering(row.id, audience_decoder.decode(row.audience), row.gathered_to) if row is not None else None


async def next_members(
    connection: AsyncConnection, one: Gathering, members: Select[tuple[int]], most: int
) -> list[int]:
    """Return the next people of an audience who can be reached, by person id. Only reads: it may take its time."""
    chosen = members.where(contacts.c.reach == "open", contacts.c.person_id > one.to)
    return list(await connection.scalars(chosen.order_by(contacts.c.person_id).limit(most)))


async def gather(connection: AsyncConnection, one: Gathering, person_ids: Sequence[int], now: datetime) -> None:
    """Write the next rows of a ledger. Nobody left is its end: then sending begins."""
    still = (notices.c.id == one.notice_id, notices.c.state == "gathering", notices.c.gathered_to == one.to)
    if not person_ids:
        await connection.execute(update(notices).where(*still).values(state="sending", version=notices.c.version + 1))
        return
    moved = await connection.execute(update(notices).where(*still).values(gathered_to=person_ids[-1]))
    if moved.rowcount:  # else it was stopped, or another instance was quicker
        written = await _write_recipients(connection, one.notice_id, person_ids, now)
        grown = {"recipients": notices.c.recipients + written}
        await connection.execute(update(notices).where(notices.c.id == one.notice_id).values(grown))


async def _write_recipients(
    connection: AsyncConnection, notice_id: int, person_ids: Sequence[int], now: datetime
) -> int:
    """Write rows of a ledger: one a chat, for people may share a phone. Returns how many are new."""
    rows = _rows_of_ledger(notice_id, person_ids, now)
    add = upserts.insert_new(connection, outbox).from_select([column.name for column in rows.selected_columns], rows)
    counted = add.execution_options(preserve_rowcount=True)
    written = (await connection.execute(counted)).rowcount
    # Whoever left a chat while its row was waited for has dropped out, and is now written to in another.
    if connection.dialect.name != "sqlite" and await _somebody_is_left_out(connection, notice_id, person_ids):
        written += (await connection.execute(counted)).rowcount
    await _name_readers(connection, notice_id, person_ids)
    return written


def _rows_of_ledger(notice_id: int, person_ids: Sequence[int], now: datetime) -> Select[*tuple[Any, ...]]:
    sharing = select(conversation_people.c.person_id).where(conversation_people.c.conversation_id == conversations.c.id)
    return (
        select(
            conversations.c.id.label("conversation_id"),
            conversations.c.channel,
            conversations.c.bot,
            conversations.c.address,
            literal(NOTICE).label("priority"),
            null().label("body"),
            literal("queued").label("state"),
            literal(now, outbox.c.created_at.type).label("created_at"),
            literal(notice_id).label("notice_id"),
        )
        .select_from(contacts)
        .join(conversations, conversations.c.id == contacts.c.conversation_id)
        .where(contacts.c.person_id.in_(person_ids), contacts.c.reach == "open")
        # Who is erased meanwhile is waited for, and is then nobody's chat any more: the row that is held says so.
        .where(or_(conversations.c.person_id == contacts.c.person_id, contacts.c.person_id.in_(sharing)))
        .order_by(contacts.c.person_id)
        .with_for_update(read=True, key_share=True, of=conversations)
    )


async def _somebody_is_left_out(connection: AsyncConnection, notice_id: int, person_ids: Sequence[int]) -> bool:
    has_row = (outbox.c.notice_id == notice_id, outbox.c.conversation_id == contacts.c.conversation_id)
    reached = (is_one_of(contacts.c.person_id, person_ids), contacts.c.reach == "open")
    without = select(contacts.c.person_id).where(*reached, ~select(outbox.c.id).where(*has_row).exists()).limit(1)
    return await connection.scalar(without) is not None


async def _name_readers(connection: AsyncConnection, notice_id: int, person_ids: Sequence[int]) -> None:
    """Note whom of a shared phone a notice concerns: it comes there once and names them."""
    shares = (
        conversation_people.c.person_id == contacts.c.person_id,
        conversation_people.c.conversation_id == contacts.c.conversation_id,
    )
    concerned = (
        select(contacts.c.person_id, contacts.c.conversation_id)
        .join(conversation_people, and_(*shares))
        .where(is_one_of(conversation_people.c.person_id, person_ids), contacts.c.reach == "open")
        .order_by(contacts.c.person_id)
    )
    for person_id, conversation_id in (await connection.execute(concerned)).all():
        about = func.coalesce(outbox.c.about, ",").concat(f"{person_id},")
        of_chat = (outbox.c.notice_id == notice_id, outbox.c.conversation_id == conversation_id)
        await connection.execute(update(outbox).where(*of_chat, outbox.c.state == "queued").values(about=about))
