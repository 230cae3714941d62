"""Telling those who administrate what only a human can mend."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.runtime import Runtime
from bot.store import roles
from bot.store.core import outbox
from flows.conversation.messages import Message


async def tell(connection: AsyncConnection, runtime: Runtime, message: Message) -> int:
    """Write to every administrator, wherever they can be reached. Returns how many letters that takes."""
    now = runtime.clock()
    people = await roles.administrators(connection, runtime.local(now).date())
    reached = await outbox.reach_people(connection, people)
    letters = [runtime.letter(to, message) for recipients in reached.values() for to in recipients]
    await outbox.queue(connection, letters, now)
    return len(letters)
