"""What a notice says to each of its readers, worded once a language and channel, however many read it."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import structlog
from msgspec import DecodeError
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.metrics import PASSED_OVER
from bot.store.core.outbox import DueLetter
from bot.store.notices import reading
from flows.conversation.facts import Sharer
from flows.conversation.messages import Outgoing, rendered
from flows.conversation.phones import for_readers
from flows.notices.notice import Content, message_of
from flows.words.wording import Catalogues, catalogue_for

MOST_KNOWN = 1000

log = structlog.get_logger()


class NoticeWording:
    """The words of notices under way. What one says may be mended while it is paused: that makes a new version."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._contents: dict[int, tuple[int, Content]] = {}
        self._worded: dict[tuple[int, str], Outgoing] = {}
        # By the version that cannot be read.
        self._unreadable: dict[int, int] = {}
        self._passed_over: set[int] = set()

    async def learn(self, connection: AsyncConnection, notice_ids: Iterable[int]) -> frozenset[int]:
        """Read what notices say, those that are not known yet or have changed. Returns those that only another version
        of this program can read."""
        wanted = set(notice_ids)
        if not wanted:
            return frozenset()
        for notice_id, version in (await reading.versions(connection, wanted)).items():
            if version not in (self.version(notice_id), self._unreadable.get(notice_id)):
                self._drop(notice_id)
                await self._read(connection, notice_id, version)
        known = wanted & self._contents.keys()
        self._forget(known)
        return frozenset(wanted - known)

    async def _read(self, connection: AsyncConnection, notice_id: int, version: int) -> None:
        try:
            self._contents[notice_id] = await reading.content_of(connection, notice_id)
        except DecodeError:
            log.warning("notice_unreadable", notice_id=notice_id)
            if len(self._unreadable) >= MOST_KNOWN:
                self._unreadable.clear()
            self._unreadable[notice_id] = version

    def version(self, notice_id: int) -> int | None:
        """Return which version of a notice is known."""
        known = self._contents.get(notice_id)
        return known[0] if known is not None else None

    def _drop(self, notice_id: int) -> None:
        self._contents.pop(notice_id, None)
        self._unreadable.pop(notice_id, None)
        for key in [key for key in self._worded if key[0] == notice_id]:
            del self._worded[key]

    def _forget(self, wanted: Collection[int]) -> None:
        """Forget the oldest notices beyond those remembered, never one of those wanted now."""
        for notice_id in wanted:  # these are the newest now
            self._contents[notice_id] = self._contents.pop(notice_id)
        for notice_id in list(self._contents)[: max(0, len(self._contents) - max(MOST_KNOWN, len(wanted)))]:
            self._drop(notice_id)

    def outgoing(self, notice_id: int, language: str | None, readers: Sequence[Sharer] = ()) -> Outgoing:
        """Return a notice, which was learnt before, for a reader. On a shared phone it names whom it concerns."""
        catalogue = catalogue_for(language, self._catalogues)
        if readers:
            message = message_of(self._contents[notice_id][1], notice_id, catalogue.language)
            return rendered(for_readers(message, readers), catalogue)
        key = (notice_id, catalogue.language)
        if key not in self._worded:
            message = message_of(self._contents[notice_id][1], notice_id, catalogue.language)
            self._worded[key] = rendered(message, catalogue)
        return self._worded[key]

    async def worded(self, connection: AsyncConnection, letters: Sequence[DueLetter], channel: str) -> list[DueLetter]:
        """Return letters with the words of those that are notices. What only another version can read is passed over:
        it waits for that one."""
        of_notices = [letter.notice_id for letter in letters if letter.notice_id is not None]
        unreadable = await self.learn(connection, of_notices)
        return list(self._readable(letters, unreadable, channel))

    def _readable(self, letters: Sequence[DueLetter], unreadable: Collection[int], channel: str) -> Iterator[DueLetter]:
        for letter in letters:
            if letter.unreadable or letter.notice_id in unreadable:
                self._pass_over(letter, channel)
            elif letter.notice_id is not None:
                outgoing = self.outgoing(letter.notice_id, letter.language, letter.readers)
                yield replace(letter, outgoing=outgoing)
            else:
                yield letter

    def _pass_over(self, letter: DueLetter, channel: str) -> None:
        """Tell of a letter that is passed over; once, although it is looked at every second."""
        if letter.id in self._passed_over:
            return
        if len(self._passed_over) >= MOST_KNOWN:
            self._passed_over.clear()
        self._passed_over.add(letter.id)
        log.warning("letter_passed_over", outbox_id=letter.id, channel=channel)
        PASSED_OVER.labels(channel).inc()
