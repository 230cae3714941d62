"""What a notice says to each of its readers, worded once a language and channel, however many read it."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import notices
from flows.messages import Message, Outgoing, rendered
from flows.notices import Content, message_of
from flows.wording import Catalogues, Wording, catalogue_for

MOST_KNOWN = 1000


class NoticeWording:
    """The words of notices under way. What a notice says does not change once it is being sent."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._contents: dict[int, Content] = {}
        self._worded: dict[tuple[int, str, str], Outgoing] = {}

    async def learn(self, connection: AsyncConnection, notice_ids: Iterable[int]) -> None:
        """Read what notices say, those that are not known yet."""
        for notice_id in set(notice_ids) - self._contents.keys():
            if len(self._contents) >= MOST_KNOWN:
                self._contents.clear()
                self._worded.clear()
            self._contents[notice_id] = await notices.content_of(connection, notice_id)

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
