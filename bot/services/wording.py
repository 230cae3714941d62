"""What a notice says to each of its readers, worded once a language and channel, however many read it."""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import notices
from bot.store.core.outbox import DueLetter
from flows.conversation.messages import Outgoing, rendered
from flows.notices.notice import Content, message_of
from flows.words.wording import Catalogues, catalogue_for

MOST_KNOWN = 1000


class NoticeWording:
    """The words of notices under way. What one says may be mended while it is paused: that makes a new version."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._contents: dict[int, tuple[int, Content]] = {}
        self._worded: dict[tuple[int, str, str], Outgoing] = {}

    async def learn(self, connection: AsyncConnection, notice_ids: Iterable[int]) -> None:
        """Read what notices say, those that are not known yet or have changed."""
        wanted = set(notice_ids)
        if not wanted:
            return
        for notice_id, version in (await notices.versions(connection, wanted)).items():
            if self.version(notice_id) != version:
                self._drop(notice_id)
                self._contents[notice_id] = await notices.content_of(connection, notice_id)
        self._forget(wanted)

    def version(self, notice_id: int) -> int | None:
        """Return which version of a notice is known."""
        known = self._contents.get(notice_id)
        return known[0] if known is not None else None

    def _drop(self, notice_id: int) -> None:
        self._contents.pop(notice_id, None)
        for key in [key for key in self._worded if key[0] == notice_id]:
            del self._worded[key]

    def _forget(self, wanted: Collection[int]) -> None:
        """Forget the oldest notices beyond those remembered, never one of those wanted now."""
        for notice_id in wanted:  # these are the newest now
            self._contents[notice_id] = self._contents.pop(notice_id)
        for notice_id in list(self._contents)[: max(0, len(self._contents) - max(MOST_KNOWN, len(wanted)))]:
            self._drop(notice_id)

    def outgoing(self, notice_id: int, language: str | None, channel: str) -> Outgoing:
        """Return a notice, which was learnt before, for a reader."""
        catalogue = catalogue_for(language, self._catalogues)
        key = (notice_id, catalogue.language, channel)
        if key not in self._worded:
            message = message_of(self._contents[notice_id][1], notice_id, catalogue.language, channel)
            self._worded[key] = rendered(message, catalogue)
        return self._worded[key]

    async def worded(self, connection: AsyncConnection, letters: Sequence[DueLetter], channel: str) -> list[DueLetter]:
        """Return letters with the words of those that are notices."""
        await self.learn(connection, [letter.notice_id for letter in letters if letter.notice_id is not None])
        return [
            replace(letter, outgoing=self.outgoing(letter.notice_id, letter.language, channel))
            if letter.notice_id is not None
            else letter
            for letter in letters
        ]
