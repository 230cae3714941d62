"""Fetches evidence that a channel holds into the file store, and tells the sender when that fails."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from bot.services.files import MOST_BYTES, FileRefused, FileStore
from bot.services.leading import Leading
from bot.services.runtime import Runtime
from bot.services.sending import FileGone, FileNotNow, FileSource, FileTooLarge
from bot.services.signals import Signal
from bot.services.supervisor import Supervisor, given_up_at_the_end, led
from bot.store import evidence
from bot.store.core import outbox
from bot.store.core.database import is_unreachable, retry_while_unreachable
from bot.store.evidence import Wanted
from flows.conversation.messages import Button, Message
from flows.words.wording import Lines, Wording, _

log = structlog.get_logger()

IDLE_SECONDS = 5.0
LONGEST_WAIT = 3600.0
MOST_AT_ONCE = 8
MOST_RESTING = 500
# What was not tried again so long after its time is nobody's here any more.
SECONDS_MISSED = 60.0
MOST_ATTEMPTS = 20  # eleven hours: Telegram may be out of reach for an evening

TOO_LARGE = _("A file you sent is larger than 10 MB and could not be kept. Please send a smaller one.")
NO_EVIDENCE = _("A file you sent could not be kept: only photos, PDF and Word files are. Please send another.")
NOT_FETCHED = _("A file you sent could not be received. Please send it once more.")


def not_kept(form_id: int, number: int, why: Wording) -> Message:
    """Say that evidence could not be kept, and for which question: its sender may be at another one by now."""
    again = Button(_("Send again for question {number}", number=number), f"c:evidence:{form_id}:{number}", lasting=True)
    return Message(Lines((_("Question {number}:", number=number), why), " "), ((again,),))


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when a file is left alone, and what it rests for: the disk takes nothing, or there is a bug, or neither."""

    until: float
    disk: str | None = None
    bug: str | None = None


class EvidenceFetcher:
    """Fetches a few files at once; what fails for now is tried again, what fails for good is said."""

    def __init__(
        self,
        runtime: Runtime,
        files: FileStore,
        sources: Mapping[tuple[str, str], FileSource],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runtime = runtime
        self._files = files
        self._sources = sources
        self._monotonic = monotonic
        self._rests: dict[int, Rest] = {}

    @property
    def trouble(self) -> str | None:
        """Return what keeps files from being kept that wait for it; None while all is well."""
        return next(filter(None, (rest.disk or rest.bug for rest in self._present_rests().values())), None)

    def _present_rests(self) -> Mapping[int, Rest]:
        """Return who rests, without the files that are gone or that another instance fetches now."""
        over = self._monotonic() - SECONDS_MISSED
        self._rests = {id_: rest for id_, rest in self._rests.items() if rest.until > over}
        return self._rests

    async def run(self, given: Signal, supervisor: Supervisor) -> None:
        """Fetch for ever, as soon as evidence is given. One instance does, so that nothing is said twice."""
        leading = Leading(self._runtime.database, "evidence")

        async def fetch() -> bool:
            return bool(await self.run_once())

        async def attempt() -> bool:
            return await supervisor.attempt("evidence", lambda: led(leading, fetch))

        async with given_up_at_the_end(leading):
            while True:
                heard = given.rings
                if not await retry_while_unreachable(attempt):
                    await given.wait(heard, IDLE_SECONDS)

    async def run_once(self) -> int:
        """Fetch what is wanted now. Returns how many files were settled."""
        if not self._sources:
            return 0
        async with self._runtime.database.reading() as connection:
            wanted = await evidence.wanted(connection, MOST_ATTEMPTS, self._sources, self._resting())
        at_once = asyncio.Semaphore(MOST_AT_ONCE)

        async def fetch(one: Wanted) -> bool:
            async with at_once:
                return await self._fetch_or_rest(one)

        settled = await asyncio.gather(*map(fetch, wanted), return_exceptions=True)
        broken = [one for one in settled if isinstance(one, BaseException)]
        if broken:  # the others are fetched all the same
            raise broken[0]
        return sum(one is True for one in settled)

    def _resting(self) -> list[int]:
        now = self._monotonic()
        return [id_ for id_, rest in self._present_rests().items() if now < rest.until][:MOST_RESTING]

    async def _fetch_or_rest(self, one: Wanted) -> bool:
        """Fetch a file. A bug costs this one an attempt, and no other its place."""
        try:
            return await self._fetch(one)
        except Exception as error:
            if is_unreachable(error):
                raise
            log.exception("evidence_broken", evidence_id=one.id)
            return await self._put_off(one, bug=f"a file cannot be fetched: {type(error).__name__}")

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
            log.warning("evidence_not_kept", evidence_id=one.id, error=error.strerror)
            return await self._put_off(one, disk=f"a file cannot be kept: {error.strerror}")
        self._rests = {id_: replace(rest, disk=None) for id_, rest in self._rests.items() if id_ != one.id}
        async with self._runtime.database.writing() as connection:
            # Not needed any more, it is swept away with what nothing refers to: somebody else may have just sent it.
            await evidence.mark_kept(connection, one.id, kept.source, kept.kind)
        return True

    async def _put_off(self, one: Wanted, *, disk: str | None = None, bug: str | None = None) -> bool:
        """Try again later, each time after a longer while, but not for ever."""
        if one.attempts + 1 >= MOST_ATTEMPTS:
            return await self._give_up(one, NOT_FETCHED)
        async with self._runtime.database.writing() as connection:
            await evidence.count_attempt(connection, one.id)
        until = self._monotonic() + min(LONGEST_WAIT, IDLE_SECONDS * 2.0**one.attempts)
        self._rests[one.id] = Rest(until, disk, bug)
        return False

    async def _give_up(self, one: Wanted, why: Wording) -> bool:
        log.info("evidence_given_up", evidence_id=one.id)
        self._rests.pop(one.id, None)
        async with self._runtime.database.writing() as connection:
            question = await evidence.question_of(connection, one.id)
            if question is None:
                return True  # its sender has been erased meanwhile, or has taken it back
            await evidence.remove(connection, one.id)
            letter = self._runtime.letter(one.to, not_kept(*question, why))
            await outbox.queue(connection, [letter], self._runtime.clock())
        self._runtime.letters_queued.ring()
        return True
