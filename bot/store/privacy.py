"""Rights over one's own data: what is kept of somebody, and erasing it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import erasing, own_data
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from flows.conversation.facts import Found
from flows.privacy.needs import AnyNeed, OwnDataWanted
from flows.privacy.records import AnyRecord, Erased


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    return _find_own_data


async def _find_own_data(
    connection: AsyncConnection, needs: Sequence[OwnDataWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await own_data.read(connection, need))


def erases(one: Decided) -> bool:
    """Tell whether somebody erases themselves in a turn."""
    return any(isinstance(record, Erased) for record in one.decision.records)


class Rows:
    """Who is erased by a batch."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._erased: list[tuple[int | None, int]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note somebody to be erased."""
        self._erased.append((one.person_id, one.turn.conversation.id))

    async def write(self, connection: AsyncConnection) -> list[str]:
        """Erase them, once all else is written. Returns the sources of files that nobody needs any more."""
        files: list[str] = []
        for person_id, conversation_id in self._erased:
            files += await erasing.erase(connection, person_id, conversation_id, self._now, self._acts)
        return files
