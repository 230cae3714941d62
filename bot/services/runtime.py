"""What all that runs in a deployment shares, as one value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.services.signals import Signal
from bot.store.core.database import Database
from bot.store.core.outbox import REPLY, Letter, Recipient
from flows.conversation.messages import MenuEntry, Message, Outgoing, people_named, rendered
from flows.conversation.phones import for_readers
from flows.domain.quiet_hours import QUIET, QuietHours
from flows.words.wording import Catalogue, Catalogues, catalogue_for


@dataclass(frozen=True, slots=True)
class Runtime:
    """The database, the languages, the clock and where it stands, the key by which short codes are kept, and the signal
    that letters were queued.

    Made once, in `bot/application.py`. What only some need, such as the files, is handed to those.
    """

    database: Database
    catalogues: Catalogues
    clock: Callable[[], datetime]
    zone: ZoneInfo
    quiet: QuietHours = QUIET
    key: bytes = b""
    letters_queued: Signal = field(default_factory=Signal)

    def local(self, moment: datetime) -> datetime:
        """Return a moment as clocks show it where people live."""
        return moment.astimezone(self.zone)

    def is_quiet(self, moment: datetime) -> bool:
        """Tell whether nothing is sent automatically at a moment."""
        return self.quiet.holds(self.local(moment))

    def catalogue(self, language: str | None) -> Catalogue:
        """Return the catalogue of a reader's language."""
        return catalogue_for(language, self.catalogues)

    def said(self, message: Message, language: str | None) -> Outgoing:
        """Return a message in a reader's language."""
        return rendered(message, self.catalogue(language))

    def letter(
        self, to: Recipient, message: Message, priority: int = REPLY, menu: tuple[MenuEntry, ...] = ()
    ) -> Letter:
        """Return a message on its way to somebody. On a phone that several share it says whom it is for."""
        readers = (to.reader,) if to.reader is not None else ()
        about = people_named(message) | {reader.id for reader in readers}
        outgoing = rendered(for_readers(message, readers), self.catalogue(to.language), menu)
        return Letter(to, outgoing, priority=priority, about=about)
