"""What a notice says to each of its readers, worded once a language and channel, however many read it."""

from collections.abc import Collection, Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import notices
from flows.conversation.messages import Message, Outgoing, rendered
from flows.notices.notice import Content, message_of
from flows.words.wording import Catalogues, Wording, catalogue_for

MOST_KNOWN = 1000


class NoticeWording:
    """The words of notices under way. What a notice says does not change once it is being sent."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._contents: dict[int, Content] = {}
        self._worded: dict[tuple[int, str, str], Outgoing] = {}

    async def learn(self, connection: AsyncConnection, notice_ids: Iterable[int]) -> None:
        """Read what notices say, those that are not known yet."""
        wanted = set(notice_ids)
        for notice_id in wanted - self._contents.keys():
            self._contents[notice_id] = await notices.content_of(connection, notice_id)
        self._forget(wanted)

    def _forget(self, wanted: Collection[int]) -> None:
        """Forget the oldest notices beyond those remembered, never one of those wanted now."""
        for notice_id in wanted:  # these are the newest now
            self._contents[notice_id] = self._contents.pop(notice_id)
        for notice_id in list(self._contents)[: max(0, len(self._contents) - max(MOST_KNOWN, len(wanted)))]:
            del self._contents[notice_id]
            for key in [key for key in self._worded if key[0] == notice_id]:
                del self._worded[key]

    def outgoing(self, notice_id: int, language: str | None, channel: str) -> Outgoing:
        """Return a notice, which was learnt before, for a reader."""
        catalogue = catalogue_for(language, self._catalogues)
        key = (notice_id, catalogue.language, channel)
        if key not in self._worded:
            message = message_of(self._contents[notice_id], notice_id, catalogue.language, channel)
            self._worded[key] = rendered(message, catalogue)
        return self._worded[key]

    def said(self, words: Wording, language: str | None) -> Outgoing:
        """Return a plain sentence in a reader's language."""
        return rendered(Message(words), catalogue_for(language, self._catalogues))
