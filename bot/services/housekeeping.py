"""Housekeeping: what nobody needs any more leaves the database and the folder of files."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Table

from bot.services.files import STORED, FileStore
from bot.services.leading import Leading
from bot.services.supervisor import Supervisor
from bot.store import batches, erasing, forms, joining, papers, signing_in
from bot.store.core import file_links, file_uses, retention
from bot.store.core.database import Database
from bot.store.core.tables import inbox, outbox

log = structlog.get_logger()

IDLE_SECONDS = 60.0
SWEEP_EVERY = timedelta(days=1)
# A file is kept before anything refers to it.
UNUSED_FOR = timedelta(days=1)
CHUNK = 500
# An update that comes again is known for so long.
KEEP_ROWS = timedelta(days=14)
# So long a letter waits for a page to fetch it.
KEEP_UNREAD = timedelta(days=30)
# What was ordered for many forms at once is kept for so long: what was decided on each form stays.
KEEP_BATCHES = timedelta(days=30)
# Papers that were sent name people; whoever wants one again has it made again.
KEEP_PAPERS = timedelta(days=1)
# When somebody was signed in to web pages; each time ends within hours.
KEEP_SIGN_INS = timedelta(days=30)
# Who is asked about a code and does not answer is told so before. How many were wrong counts for an hour.
KEEP_CODES = timedelta(minutes=10)
KEEP_MISSES = timedelta(hours=1)
# So long a decision that is refused can say what has changed since the form was shown.
KEEP_SEEN = timedelta(days=180)
ROWS_AT_ONCE = 1000


class Housekeeper:
    """Goes round every minute; looks through all files at the start and once a day."""

    def __init__(self, database: Database, files: FileStore, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._swept: datetime | None = None
        self._forgotten_to = {inbox: 0, outbox: 0}

    async def run(self, supervisor: Supervisor) -> None:
        """Go round for ever. One instance does."""
        lease = Leading(self._database, "housekeeping", IDLE_SECONDS)
        await supervisor.keep("housekeeping", self.run_once, IDLE_SECONDS, lease=lease)

    async def run_once(self) -> bool:
        """Go round once. There is never more to do at once."""
        now = self._clock()
        await self._forget_addresses(now)
        async with self._database.writing() as connection:
            await joining.forget_old(connection, now - KEEP_CODES, now - KEEP_MISSES)
        for table in self._forgotten_to:
            await self._forget_rows(table, now - KEEP_ROWS)
        if self._swept is None or now - self._swept >= SWEEP_EVERY:
            self._swept = now
            async with self._database.writing() as connection:
                await retention.give_up_letters(connection, now - KEEP_UNREAD, now)
                await batches.forget(connection, now - KEEP_BATCHES)
                await papers.forget(connection, now - KEEP_PAPERS)
                await signing_in.forget(connection, now - KEEP_SIGN_INS)
                await file_links.forget(connection, now)
                await forms.forget_seen(connection, now - KEEP_SEEN)
            self._forgotten_to = dict.fromkeys(self._forgotten_to, 0)  # some were not over yet when they were passed
            try:
                await self._sweep_files(now)
            except OSError as error:  # a folder that is away must not end anything else
                log.warning("files_not_swept", error=error.strerror)
        return False

    async def _forget_addresses(self, now: datetime) -> None:
        """Forget where the erased were written to, once their last reply is handed over or given up."""
        async with self._database.writing() as connection:
            await erasing.settle_last_replies(connection, now)
            await erasing.forget_addresses(connection, now)

    async def _forget_rows(self, table: Table, before: datetime) -> None:
        """Delete old rows, a few at once, so that turns are not held up."""
        while True:
            async with self._database.writing() as connection:
                come_to = await retention.forget_rows(
                    connection, table, before, self._forgotten_to[table], ROWS_AT_ONCE
                )
            if come_to is None:
                return
            self._forgotten_to[table] = come_to

    async def _sweep_files(self, now: datetime) -> None:
        """Delete the files that nothing refers to: a process that ends between a turn and its files leaves some."""
        before = (now - UNUSED_FOR).timestamp()
        old = await asyncio.to_thread(self._files.unused_since, before)
        unused: set[str] = set()
        async with self._database.reading() as connection:
            for start in range(0, len(old), CHUNK):
                some = old[start : start + CHUNK]
                unused |= set(some) - await file_uses.kept(connection, some)
            if unused:
                unused -= await file_uses.in_talks(connection)
        self._files.forget((f"{STORED}{digest}" for digest in unused), before)
        if unused:
            log.info("files_swept", files=len(unused))
