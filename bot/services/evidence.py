"""Fetches evidence that a channel holds into the file store, and tells the sender when that fails."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from bot.services.bell import Bell
from bot.services.files import MOST_BYTES, FileRefused, FileStore
from bot.services.leading import Leading
from bot.services.sending import FileGone, FileNotNow, FileSource, FileTooLarge
from bot.services.supervisor import Supervisor, led
from bot.store import evidence, outbox
from bot.store.database import Database, patiently
from bot.store.evidence import Wanted
from bot.store.outbox import Letter
from flows.messages import Message, rendered
from flows.wording import Catalogues, Lines, Wording, _, catalogue_for

log = structlog.get_logger()

IDLE_SECONDS = 5.0
LONGEST_WAIT = 3600.0
MOST_AT_ONCE = 8
MOST_ATTEMPTS = 20  # eleven hours: Telegram may be out of reach for an evening

TOO_LARGE = _("A file you sent is larger than 10 MB and could not be kept. Please send a smaller one.")
NO_EVIDENCE = _("A file you sent could not be kept: only photos, PDF and Word files are. Please send another.")
NOT_FETCHED = _("A file you sent could not be received. Please send it once more.")


def about(number: int, why: Wording) -> Wording:
    """Name the question whose evidence could not be kept: its sender may be at another one by now."""
    return Lines((_("Question {number}:", number=number), why), " ")


class EvidenceFetcher:
    """Fetches one file after the other; what fails for now is tried again, what fails for good is said."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[tuple[str, str], FileSource],
        files: FileStore,
        catalogues: Catalogues,
        clock: Callable[[], datetime],
        letters_queued: Bell,
    ) -> None:
        self._database = database
        self._sources = sources
        self._files = files
        self._catalogues = catalogues
        self._clock = clock
        self._letters_queued = letters_queued
        self._not_before: dict[int, float] = {}
        # What keeps files from being kept; None while all is well.
        self.trouble: str | None = None

    async def run(self, given: Bell, supervisor: Supervisor) -> None:
        """Fetch for ever, as soon as evidence is given. One instance does, so that nothing is said twice."""
        leading = Leading(self._database, "evidence")

        async def fetch() -> bool:
            return bool(await self.run_once())

        while True:
            heard = given.rings
            if not await patiently(lambda: supervisor.attempt("evidence", lambda: led(leading, fetch))):
                await given.wait(heard, IDLE_SECONDS)

    async def run_once(self) -> int:
        """Fetch what is wanted now. Returns how many files were settled."""
        async with self._database.reading() as connection:
            wanted = await evidence.wanted(connection, MOST_ATTEMPTS)
        at = time.monotonic()
        self._not_before = {id_: rests for id_, rests in self._not_before.items() if rests > at}
        at_once = asyncio.Semaphore(MOST_AT_ONCE)

        async def fetch(one: Wanted) -> bool:
            async with at_once:
                return await self._fetch(one)

        tried = (fetch(one) for one in wanted if self._may_try(one))
        settled = await asyncio.gather(*tried, return_exceptions=True)
        broken = [one for one in settled if isinstance(one, BaseException)]
        if broken:  # the others are fetched all the same
            raise broken[0]
        return sum(one is True for one in settled)

    def _may_try(self, one: Wanted) -> bool:
        return one.id not in self._not_before and (one.channel, one.bot) in self._sources

    async def _fetch(self, one: Wanted) -> bool:
        source = self._sources[one.channel, one.bot]
        try:
            async with asyncio.timeout(60):
                kept = await self._files.keep(await source.fetch(one.source, MOST_BYTES))
        except FileTooLarge:
            return await self._give_up(one, TOO_LARGE)
        except FileRefused:
            return await self._give_up(one, NO_EVIDENCE)
        except FileGone:
            return await self._give_up(one, NOT_FETCHED)
        except (FileNotNow, TimeoutError):
            return await self._put_off(one)
        except OSError as error:  # the disk is full, or the folder is not ours: it may be mended
            self.trouble = f"a file cannot be kept: {error.strerror}"
            log.warning("evidence_not_kept", evidence_id=one.id, error=error.strerror)
            return await self._put_off(one)
        self.trouble = None
        async with self._database.writing() as connection:
            needed = await evidence.mark_kept(connection, one.id, kept.source, kept.kind)
        if not needed:
            self._files.forget([kept.source])
        return True

    async def _put_off(self, one: Wanted) -> bool:
        """Try again later, each time after a longer while, but not for ever."""
        if one.attempts + 1 >= MOST_ATTEMPTS:
            return await self._give_up(one, NOT_FETCHED)
        async with self._database.writing() as connection:
            await evidence.count_attempt(connection, one.id)
        self._not_before[one.id] = time.monotonic() + min(LONGEST_WAIT, IDLE_SECONDS * 2.0**one.attempts)
        return False

    async def _give_up(self, one: Wanted, why: Wording) -> bool:
        log.info("evidence_given_up", evidence_id=one.id)
        catalogue = catalogue_for(one.to.language, self._catalogues)
        async with self._database.writing() as connection:
            number = await evidence.question_of(connection, one.id)
            if number is None:
                return True  # its sender has been erased meanwhile, or has taken it back
            await evidence.remove(connection, one.id)
            said = Message(about(number, why))
            await outbox.queue(connection, [Letter(one.to, rendered(said, catalogue))], self._clock())
        self._letters_queued.ring()
        return True
