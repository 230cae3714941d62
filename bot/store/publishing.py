"""Whose name may stand on posted lists: as it is now, and every choice with the text it was made on."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.tables import consents, people
from flows.publishing.records import AnyRecord

_CHANGE = update(people).where(people.c.id == bindparam("_id")).values(publishes=bindparam("publishes"))
_ADD = insert(consents)


class Rows:
    """What a batch of people say about being named."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._changed: list[dict[str, Any]] = []
        self._said: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note a choice. Who fills in for somebody has asked them this very day, and records it."""
        person = one.facts.person
        assert person is not None  # who is a resident is somebody
        self._changed.append({"_id": person.id, "publishes": record.given})
        self._said.append(
            {
                "conversation_id": one.turn.conversation.id,
                "person_id": person.id,
                "about": "publishing",
                "text_version": record.text_version,
                "given": record.given,
                "given_by": record.representative or None,
                "how": record.how,
                "given_on": one.facts.today if record.how is not None else None,
                "witness": None,
                "recorded_by": (person.helper_id or None) if person.is_helped else None,
                "at": self._now,
            }
        )

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await execute_many(connection, _CHANGE, self._changed)
        await execute_many(connection, _ADD, self._said)
