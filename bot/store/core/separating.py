"""A chat that is no longer somebody's: from its next word on it is nobody's, or that of the others on the phone."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, and_, case, delete, exists, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import contacts, outbox, phones
from bot.store.core.gathering import read_session
from bot.store.core.tables import (
    asked_reminders,
    batches,
    conversation_people,
    conversations,
    joined_chats,
    joined_people,
    notice_reports,
    notices,
    papers,
    sign_ins,
)
from flows.conversation.session import Session
from flows.subjects import AnyTalk

_encoder = msgspec.json.Encoder()


async def sign_out(connection: AsyncConnection, person_id: int, now: datetime) -> list[int]:
    """Take all chats away from somebody, and what they have open in browsers. Returns the chats."""
    chats = sorted({id_ for id_ in await connection.scalars(phones.chats_of(person_id)) if id_ is not None})
    for chat in chats:
        await separate(connection, person_id, chat, now)
    await connection.execute(delete(sign_ins).where(sign_ins.c.person_id == person_id))
    return chats


async def separate(
    connection: AsyncConnection, person_id: int, chat: int, now: datetime, kept: Session[AnyTalk] | None = None
) -> None:
    """Take a chat away from somebody. What still waits for them there is not sent; what they have asked for there comes
    to another chat of theirs, in which they go on with what is `kept`."""
    row = (await connection.execute(select(conversations).where(conversations.c.id == chat).with_for_update())).first()
    theirs = set(await connection.scalars(phones.chats_of(person_id)))
    if row is None or chat not in theirs:
        return
    shared = await _leave_phone(connection, person_id, row)
    if not shared:
        await _forget_whose(connection, person_id, row)
        await outbox.drop_letters(connection, [chat], now)
    await connection.execute(
        delete(sign_ins).where(sign_ins.c.person_id == person_id, sign_ins.c.conversation_id == chat)
    )
    other = await _go_on_elsewhere(connection, person_id, chat, kept)
    await _send_elsewhere(connection, person_id, chat, other, now, alone=not shared)
    await contacts.refresh(connection, [person_id])


async def _leave_phone(connection: AsyncConnection, person_id: int, row: Row[*tuple[Any, ...]]) -> bool:
    """Take somebody off a phone that they share; who is left alone there shares it with nobody. Tells whether it was
    shared."""
    of_chat = conversation_people.c.conversation_id == row.id
    here = (await connection.execute(select(conversation_people).where(of_chat).order_by("place"))).all()
    left = [one for one in here if one.person_id != person_id]
    if not left:
        return False
    if row.person_id == person_id:
        asked = read_session(row.session)[0].asked if row.session is not None else 0
        there = read_session(left[0].session)[0] if left[0].session is not None else Session[AnyTalk]()
        session = _encoder.encode(Session(there.frames, asked + 1))
        next_one = {"person_id": left[0].person_id, "session": session}
        await connection.execute(update(conversations).where(conversations.c.id == row.id).values(next_one))
    gone = of_chat if len(left) == 1 else and_(of_chat, conversation_people.c.person_id == person_id)
    await connection.execute(delete(conversation_people).where(gone))
    return True


async def _forget_whose(connection: AsyncConnection, person_id: int, row: Row[*tuple[Any, ...]]) -> None:
    """Let a chat be nobody's. Its old buttons stay old, and whoever writes there is asked for their own consent."""
    asked = read_session(row.session)[0].asked if row.session is not None else 0
    nobodys = {
        "person_id": None,
        "consented": None,
        "joined": False,
        "session": _encoder.encode(Session(asked=asked + 1)),
    }
    await connection.execute(update(conversations).where(conversations.c.id == row.id).values(nobodys))
    await phones.note_whose_consent(connection, [(row.id, person_id)])


async def _go_on_elsewhere(
    connection: AsyncConnection, person_id: int, chat: int, kept: Session[AnyTalk] | None
) -> int | None:
    """Return the chat used last of those that are left. Where it is the only one, it has all of them again."""
    theirs = joined_chats.c.person_id == person_id
    await connection.execute(delete(joined_chats).where(theirs, joined_chats.c.conversation_id == chat))
    newest = select(joined_chats.c.conversation_id).where(theirs).order_by(joined_chats.c.used_at.desc())
    left: list[int] = list(await connection.scalars(newest))
    known = (await connection.execute(select(joined_people).where(joined_people.c.person_id == person_id))).first()
    if known is None or not left:
        await connection.execute(delete(joined_people).where(joined_people.c.person_id == person_id))
        return left[0] if left else None
    last: int = left[0] if known.conversation_id == chat else known.conversation_id
    stored = read_session(known.session)[0] if known.session is not None else Session[AnyTalk]()
    session = kept or stored
    if len(left) > 1:
        letters = case((joined_people.c.letters_to == chat, null()), else_=joined_people.c.letters_to)
        values = {"conversation_id": last, "session": _encoder.encode(session), "letters_to": letters}
        await connection.execute(update(joined_people).where(joined_people.c.person_id == person_id).values(values))
        return last
    await _be_the_only_one(connection, person_id, last, session)
    return last


async def _be_the_only_one(connection: AsyncConnection, person_id: int, chat: int, session: Session[AnyTalk]) -> None:
    """Let the last chat of somebody have what was kept with the person, who has one chat like most."""
    row = (await connection.execute(select(conversations).where(conversations.c.id == chat).with_for_update())).one()
    asked = read_session(row.session)[0].asked if row.session is not None else 0
    encoded = _encoder.encode(Session(session.frames, max(asked, session.asked) + 1))
    if row.person_id == person_id:
        await connection.execute(update(conversations).where(conversations.c.id == chat).values(session=encoded))
    else:
        parked = (conversation_people.c.conversation_id == chat, conversation_people.c.person_id == person_id)
        await connection.execute(update(conversation_people).where(*parked).values(session=encoded))
    for table in (joined_chats, joined_people):
        await connection.execute(delete(table).where(table.c.person_id == person_id))
    others = exists().where(joined_chats.c.conversation_id == chat)
    await connection.execute(update(conversations).where(conversations.c.id == chat).values(joined=others))


async def _send_elsewhere(
    connection: AsyncConnection, person_id: int, chat: int, other: int | None, now: datetime, *, alone: bool
) -> None:
    """Let what somebody has asked for in a chat come to another of theirs, or to nobody where they have none."""
    unsent = (papers.c.conversation_id == chat, papers.c.person_id == person_id)
    ordered = (batches.c.conversation_id == chat, batches.c.person_id == person_id)
    written = (notices.c.conversation_id == chat, notices.c.author_id == person_id)
    if other is None:
        await connection.execute(update(papers).where(*unsent, papers.c.settled_at.is_(None)).values(settled_at=now))
        if alone:
            await connection.execute(delete(notice_reports).where(notice_reports.c.conversation_id == chat))
        return
    await connection.execute(update(papers).where(*unsent).values(conversation_id=other))
    await connection.execute(update(batches).where(*ordered).values(conversation_id=other))
    await connection.execute(update(notices).where(*written).values(conversation_id=other))
    if alone:
        for table in (notice_reports, asked_reminders):
            await connection.execute(update(table).where(table.c.conversation_id == chat).values(conversation_id=other))
