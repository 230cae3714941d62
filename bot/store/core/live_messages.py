"""Standing messages: which message of a chat a topic has, so that news of it change that message."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.outbox import DueLetter
from bot.store.core.tables import standing_messages


class LiveMessage(Struct, frozen=True):
    """The message of a topic in a chat, by the channel's own id."""

    conversation_id: int
    topic: str
    message_id: str


async def found(connection: AsyncConnection, due: Sequence[DueLetter]) -> list[DueLetter]:
    """Give letters that have a topic the message that stands in their chat."""
    return [
        replace(letter, standing=await _message_id(connection, letter.conversation_id, letter.outgoing.topic))
        if letter.outgoing is not None and letter.outgoing.topic
        else letter
        for letter in due
    ]


async def _message_id(connection: AsyncConnection, conversation_id: int, topic: str) -> str | None:
    return await connection.scalar(
        select(standing_messages.c.message_id).where(
            standing_messages.c.conversation_id == conversation_id, standing_messages.c.topic == topic
        )
    )


async def keep(connection: AsyncConnection, standing: Sequence[LiveMessage]) -> None:
    """Remember what stands in chats."""
    statement = upserts.insert_or_replace(connection, standing_messages, ("message_id",))
    await execute_many(
        connection,
        statement,
        [
            {"conversation_id": one.conversation_id, "topic": one.topic, "message_id": one.message_id}
            for one in standing
        ],
    )
