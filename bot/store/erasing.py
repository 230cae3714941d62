"""Erasing somebody: the totals stay, and what they decided and wrote to many, without their name."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Text, and_, cast, delete, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import batches, meeting, recognition
from bot.store.core import button_codes, file_uses, outbox, trail
from bot.store.core.chain import BLANKED, ERASE, Entry
from bot.store.core.gathering import Waiting
from bot.store.core.tables import (
    OPEN_LETTERS,
    answers,
    arrivals,
    assessments,
    consents,
    conversations,
    evidence,
    inbox,
    invitations,
    notice_reports,
    people,
    proposals,
    roles,
    samples,
    standing_messages,
)
from bot.store.core.tables import outbox as letters
from bot.store.notices import leaving

STORED = "sha256:"
# So long an address is kept for the last reply, when it cannot be handed over.
KEPT_FOR_LAST_REPLY = timedelta(days=1)
_AT_ONCE = 500


async def hold(connection: AsyncConnection, turns: Collection[Waiting]) -> None:
    """Let nobody write to who is about to be erased, nor of them to others, until the transaction ends. Who is just
    doing so is waited for: what they wrote is found then."""
    if not turns or connection.dialect.name == "sqlite":
        return
    person_ids = [turn.person_id for turn in turns if turn.person_id is not None]
    chats = [turn.conversation.id for turn in turns]
    theirs = conversations.c.id.in_(chats) | conversations.c.person_id.in_(person_ids)
    for rows in (
        select(conversations.c.id).where(theirs).order_by(conversations.c.id),
        select(people.c.id).where(people.c.id.in_(person_ids)).order_by(people.c.id),
    ):
        await connection.execute(rows.with_for_update())


async def erase(
    connection: AsyncConnection, person_id: int | None, conversation_id: int, now: datetime, acts: list[Entry]
) -> list[str]:
    """Delete all that is kept about who speaks in a conversation. Its address stays: the reply still needs it.

    Returns the sources of files that nobody needs any more. What is blanked in the trail is added to the acts.
    """
    chats = await _erase_conversations(connection, person_id, conversation_id, now)
    await outbox.drop_letters(connection, chats, now)
    if person_id is None:
        return []
    forms = select(assessments.c.id).where(assessments.c.person_id == person_id)
    sources = set(await connection.scalars(select(evidence.c.source).where(evidence.c.assessment_id.in_(forms))))
    digests = {source.removeprefix(STORED) for source in sources if source.startswith(STORED)}
    await _forget_acts(connection, person_id, acts)
    await _forget_roles(connection, person_id)
    await outbox.drop_mentions(connection, person_id, now)
    await batches.forget_person(connection, person_id, forms)
    await recognition.forget_person(connection, person_id, forms)
    await _erase_forms(connection, person_id, forms)
    await leaving.forget_person(connection, person_id, conversation_id, now)
    await connection.execute(delete(people).where(people.c.id == person_id))
    await forget_addresses(connection, now, chats - {conversation_id})
    return sorted(f"{STORED}{digest}" for digest in digests - await file_uses.kept(connection, digests))


async def _erase_conversations(
    connection: AsyncConnection, person_id: int | None, conversation_id: int, now: datetime
) -> set[int]:
    """Forget what was said in all conversations of somebody. Returns their ids."""
    theirs = conversations.c.id == conversation_id
    if person_id is not None:
        theirs |= conversations.c.person_id == person_id
    chats = set(await connection.scalars(select(conversations.c.id).where(theirs)))
    await leaving.leave_out(connection, select(conversations.c.id).where(theirs), now)
    await connection.execute(delete(standing_messages).where(standing_messages.c.conversation_id.in_(chats)))
    await button_codes.forget(connection, chats)
    # That somebody agreed, to which text and until when, has to be shown for as long as it is asked; not who it was.
    agreed = (consents.c.conversation_id.in_(chats), consents.c.withdrawn_at.is_(None))
    await connection.execute(update(consents).where(*agreed).values(withdrawn_at=now, given_by=None))
    unmade = (notice_reports.c.conversation_id.in_(chats), notice_reports.c.digest.is_(None))
    await connection.execute(delete(notice_reports).where(*unmade))
    others = conversations.c.id.in_(chats - {conversation_id})
    gone = {"person_id": None, "consented": None, "session": None, "erased_at": now}
    await connection.execute(update(conversations).where(others).values(gone))
    return chats


async def _erase_forms(connection: AsyncConnection, person_id: int, forms: Select[tuple[int]]) -> None:
    for table in (answers, evidence):
        await connection.execute(delete(table).where(table.c.assessment_id.in_(forms)))
    await connection.execute(delete(assessments).where(assessments.c.person_id == person_id))


async def _forget_acts(connection: AsyncConnection, person_id: int, acts: list[Entry]) -> None:
    """Keep that somebody acted without saying who, and what was done with what is theirs without saying with what."""
    if blanked := await trail.forget(connection, person_id):
        acts.append(Entry(act=ERASE, role="resident", about="person", details={BLANKED: blanked}))


async def _forget_roles(connection: AsyncConnection, person_id: int) -> None:
    """Keep which invitations there were without saying whose; what they were themselves is no more."""
    await connection.execute(update(invitations).where(invitations.c.invited_by == person_id).values(invited_by=None))
    for table in (proposals, samples):
        await connection.execute(update(table).where(table.c.person_id == person_id).values(person_id=None))
    await meeting.forget_person(connection, person_id)
    for table in (roles, arrivals):
        await connection.execute(delete(table).where(table.c.person_id == person_id))


async def settle_last_replies(connection: AsyncConnection, now: datetime) -> None:
    """Give up the last replies to the erased that could not be handed over for a day."""
    too_long = conversations.c.erased_at < now - KEPT_FOR_LAST_REPLY
    if late := list(await connection.scalars(select(conversations.c.id).where(too_long).limit(_AT_ONCE))):
        await outbox.drop_letters(connection, late, now)


async def forget_addresses(connection: AsyncConnection, now: datetime, of: Collection[int] | None = None) -> int:
    """Forget the addresses of the erased in whose conversations nothing waits, neither to be sent nor to be answered.

    The row stays, so that updates that come again are known by their ids. Who writes from there is a stranger.
    Returns how many were forgotten.
    """
    erased = select(conversations.c.id).where(conversations.c.erased_at.is_not(None), _nothing_waits()).limit(_AT_ONCE)
    if of is not None:
        erased = erased.where(conversations.c.id.in_(sorted(of)))
    ids = list(await connection.scalars(erased.with_for_update(of=conversations, skip_locked=True)))
    if not ids:
        return 0
    nobody = {"address": literal("erased-").concat(cast(conversations.c.id, Text)), "language": None, "session": None}
    # Asked once more: until the rows were held, something may have come.
    changed = await connection.execute(
        update(conversations)
        .where(conversations.c.id.in_(ids), _nothing_waits())
        .values(**nobody, blocked_at=None, erased_at=None)
    )
    return changed.rowcount


def _nothing_waits() -> ColumnElement[bool]:
    same_chat = [letters.c[name] == conversations.c[name] for name in ("channel", "bot", "address")]
    to_send = select(letters.c.id).where(*same_chat, text(OPEN_LETTERS)).correlate(conversations).exists()
    to_answer = (
        select(inbox.c.id)
        .where(inbox.c.conversation_id == conversations.c.id, inbox.c.done_at.is_(None))
        .correlate(conversations)
        .exists()
    )
    return and_(~to_send, ~to_answer)
