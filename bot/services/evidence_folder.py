"""One folder of evidence for all servers of a database: a photo that one of them keeps is there for the others."""

import asyncio
import time

import structlog

from bot.services.files import MARK, FileStore
from bot.services.leading import Leading
from bot.store.core import file_uses, leases
from bot.store.core.database import Database

log = structlog.get_logger()

# A server that has just ended, with another folder, is forgotten by then.
LONGEST_WAIT = leases.SECONDS + 2.0
SECONDS_BETWEEN_TRIES = 0.25
RENEW_SECONDS = leases.SECONDS / 3

ANOTHER = (
    "EVIDENCE_URL is not usable: another hoctap serve of this database keeps its files in another folder;"
    " let all of them have one folder that they share"
)


class FolderIsAnother(Exception):
    """Another server that runs keeps its files elsewhere; the message says what to do."""


class EvidenceFolder:
    """This server's part in the one folder. Whoever sees the same folder reads the same mark in it."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    async def take(self, longest_wait: float = LONGEST_WAIT) -> None:
        """Take part, or raise FolderIsAnother when another server keeps files elsewhere, and still does after a while.

        A folder that cannot be used now may be mended later: that is said, and shall keep nobody from being answered.
        """
        until = time.monotonic() + longest_wait
        try:
            while not await self._holds():
                if time.monotonic() > until:
                    raise FolderIsAnother(ANOTHER)
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)
            await self._remember()
        except OSError as error:
            log.error("evidence_folder_unusable", error=error.strerror)

    async def keep(self) -> bool:
        """Let other servers know that this one runs. Raises FolderIsAnother; there is never more to do at once."""
        if not await self._holds():
            raise FolderIsAnother(ANOTHER)
        return False

    async def _holds(self) -> bool:
        return await Leading(self._database, "evidence folder", holder=await self._mark()).holds()

    async def _remember(self) -> None:
        """Say when the folder is not the one that the last server had."""
        async with self._database.writing() as connection:
            before = await file_uses.remember_folder(connection, await self._mark())
        if before:
            log.warning(
                "evidence_folder_is_new",
                hint="EVIDENCE_URL is another folder than before: files that were kept there are not seen unless they"
                f" are copied with {MARK}",
            )

    async def _mark(self) -> str:
        return await asyncio.to_thread(self._files.mark)
