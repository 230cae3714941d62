"""Links to files that a chat cannot show, each opened with a code that was told in that chat only."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.inbox import Address
from bot.store.core.tables import conversations, file_links


class FileLink(Struct, frozen=True):
    """A link as kept: hashes of its address and of its code, and what it leads to."""

    token: str
    code: str
    digest: str
    name: str
    language: str
    expires_at: datetime
    wrong: int = 0


async def add(connection: AsyncConnection, place: Address, link: FileLink) -> bool:
    """Keep a link for a chat. False when nobody has that chat."""
    channel, bot, address = place
    of_chat = (conversations.c.channel == channel, conversations.c.bot == bot, conversations.c.address == address)
    conversation_id = await connection.scalar(select(conversations.c.id).where(*of_chat))
    if conversation_id is None:
        return False
    row = {name: getattr(link, name) for name in FileLink.__struct_fields__}
    await connection.execute(insert(file_links).values(conversation_id=conversation_id, **row))
    return True


async def find(connection: AsyncConnection, token: str, *, locked: bool = False) -> FileLink | None:
    """Return a link by the hash of its address; locked, so that its wrong codes are counted one by one."""
    wanted = select(*(file_links.c[name] for name in FileLink.__struct_fields__)).where(file_links.c.token == token)
    row = (await connection.execute(wanted.with_for_update() if locked else wanted)).first()
    return FileLink(**row._mapping) if row is not None else None


async def count_wrong(connection: AsyncConnection, token: str) -> None:
    """Count a wrong code."""
    of_link = file_links.c.token == token
    await connection.execute(update(file_links).where(of_link).values(wrong=file_links.c.wrong + 1))


async def end_at(connection: AsyncConnection, token: str, when: datetime) -> None:
    """Let a link end at a time."""
    await connection.execute(update(file_links).where(file_links.c.token == token).values(expires_at=when))


async def forget(connection: AsyncConnection, now: datetime) -> None:
    """Forget links that have ended."""
    await connection.execute(delete(file_links).where(file_links.c.expires_at < now))


async def forget_chats(connection: AsyncConnection, conversation_ids: Collection[int]) -> None:
    """Forget the links of chats."""
    await connection.execute(delete(file_links).where(file_links.c.conversation_id.in_(conversation_ids)))
