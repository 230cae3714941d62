"""Erasing somebody: the totals stay, and what they decided and wrote to many, without their name."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, delete, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import batches, households, joining, meeting, papers, recognition
from bot.store.core import button_codes, file_links, file_uses, outbox, trail
from bot.store.core.chain import BLANKED, ERASE, Entry
from bot.store.core.gathering import Waiting
from bot.store.core.tables import (
    OPEN_LETTERS,
    answers,
    arrivals,
    asked_reminders,
    assessments,
    consents,
    conversation_people,
    conversations,
    evidence,
    inbox,
    invitations,
    notice_reports,
    people,
    proposals,
    roles,
    samples,
    seen_forms,
    sign_ins,
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
    shared = select(conversation_people.c.conversation_id).where(conversation_people.c.person_id.in_(person_ids))
    theirs = or_(
        conversations.c.id.in_(chats), conversations.c.person_id.in_(person_ids), conversations.c.id.in_(shared)
    )
    for rows in (
        select(conversations.c.id).where(theirs).order_by(conversations.c.id),
        select(people.c.id).where(people.c.id.in_(person_ids)).order_by(people.c.id),
    ):
        await connection.execute(rows.with_for_update())


async def erase(
    connection: AsyncConnection, person_id: int | None, conversation_id: int, now: datetime, acts: list[Entry]
) -> list[str]:
    """Delete all that is kept about who speaks in a conversation. Its address stays: the reply still needs it. On a
    phone that several share, the others stay as they are.

    Returns the sources of files that nobody needs any more. What is blanked in the trail is added to the acts.
    """
    shared = await _leave_phones(connection, person_id, now) if person_id is not None else set()
    chats = await _erase_conversations(connection, person_id, {conversation_id} - shared, now)
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
    await leaving.forget_person(connection, person_id, chats, now)
    digests |= set(await papers.forget_person(connection, person_id))
    await connection.execute(delete(sign_ins).where(sign_ins.c.person_id == person_id))
    await joining.forget_person(connection, person_id)
    await households.forget_person(connection, person_id)
    await connection.execute(update(people).where(people.c.helper_id == person_id).values(helper_id=None, helper=""))
    await connection.execute(delete(people).where(people.c.id == person_id))
    await forget_addresses(connection, now, chats - {conversation_id})
    return sorted(f"{STORED}{digest}" for digest in digests - await file_uses.kept(connection, digests))


async def _leave_phones(connection: AsyncConnection, person_id: int, now: datetime) -> set[int]:
    """Take somebody off the phones that they share with others. Returns these chats. Where they are spoken for, another
    is from then on; who is left alone shares the phone with nobody."""
    mine = conversation_people.c.person_id == person_id
    shared = set(await connection.scalars(select(conversation_people.c.conversation_id).where(mine)))
    agreed = (consents.c.person_id == person_id, consents.c.withdrawn_at.is_(None))
    await connection.execute(update(consents).where(*agreed).values(_ended(now)))
    await connection.execute(update(consents).where(consents.c.recorded_by == person_id).values(recorded_by=None))
    await connection.execute(delete(conversation_people).where(mine))
    await leaving.leave_person_out(connection, person_id, shared, now)
    for chat in sorted(shared):
        of_chat = conversation_people.c.conversation_id == chat
        here = (await connection.execute(select(conversation_people).where(of_chat).order_by("place"))).all()
        next_one = {"person_id": here[0].person_id, "session": here[0].session}
        spoken_for = (conversations.c.id == chat, conversations.c.person_id == person_id)
        await connection.execute(update(conversations).where(*spoken_for).values(next_one))
        if len(here) == 1:
            await connection.execute(delete(conversation_people).where(of_chat))
    return shared


def _ended(now: datetime) -> dict[str, Any]:
    """Return what becomes of a consent: that it was given, to which text and until when, has to be shown for as long as
    it is asked; not who it was."""
    return {"withdrawn_at": now, "given_by": None, "witness": None, "recorded_by": None, "person_id": None}


async def _erase_conversations(
    connection: AsyncConnection, person_id: int | None, own: set[int], now: datetime
) -> set[int]:
    """Forget what was said in all conversations that are somebody's alone. Returns their ids."""
    theirs: ColumnElement[bool] = conversations.c.id.in_(own)
    if person_id is not None:
        theirs |= conversations.c.person_id == person_id
    chats = set(await connection.scalars(select(conversations.c.id).where(theirs)))
    await leaving.leave_out(connection, select(conversations.c.id).where(theirs), now)
    await connection.execute(delete(standing_messages).where(standing_messages.c.conversation_id.in_(chats)))
    await button_codes.forget(connection, chats)
    agreed = (consents.c.conversation_id.in_(chats), consents.c.withdrawn_at.is_(None))
    await connection.execute(update(consents).where(*agreed).values(_ended(now)))
    unmade = (notice_reports.c.conversation_id.in_(chats), notice_reports.c.digest.is_(None))
    await connection.execute(delete(notice_reports).where(*unmade))
    await papers.forget_chats(connection, chats)
    await joining.forget_chats(connection, chats)
    await file_links.forget_chats(connection, chats)
    others = conversations.c.id.in_(chats - own)
    gone = {"person_id": None, "consented": None, "session": None, "joined": False, "erased_at": now}
    await connection.execute(update(conversations).where(others).values(gone))
    return chats


async def _erase_forms(connection: AsyncConnection, person_id: int, forms: Select[tuple[int]]) -> None:
    for table in (answers, evidence, seen_forms):
        await connection.execute(delete(table).where(table.c.assessment_id.in_(forms)))
    await connection.execute(delete(assessments).where(assessments.c.person_id == person_id))


async def _forget_acts(connection: AsyncConnection, person_id: int, acts: list[Entry]) -> None:
    """Keep that somebody acted without saying who, and what was done with what is theirs without saying with what."""
    if blanked := await trail.forget(connection, person_id):
        acts.append(Entry(act=ERASE, role="resident", about="person", details={BLANKED: blanked}))


async def _forget_roles(connection: AsyncConnection, person_id: int) -> None:
    """Keep which invitations, lists, reports and reminders there were, not whose; their own roles are no more."""
    await connection.execute(update(invitations).where(invitations.c.invited_by == person_id).values(invited_by=None))
    for table in (proposals, samples, asked_reminders):
        await connection.execute(update(table).where(table.c.person_id == person_id).values(person_id=None))
    asked = notice_reports.c.person_id == person_id
    await connection.execute(delete(notice_reports).where(asked, notice_reports.c.digest.is_(None)))
    await connection.execute(update(notice_reports).where(asked).values(person_id=None))
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
        .values(**nobody, blocked_at=None, heard_at=None, erased_at=None)
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
