"""The maker of papers: makes what was asked for in chats, one after the other, and sends it there as files."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.files import FileRefused, FileStore
from bot.services.leading import Leading
from bot.services.runtime import Runtime
from bot.services.supervisor import Supervisor
from bot.store import papers
from bot.store.core import outbox
from bot.store.core.database import is_unreachable
from bot.store.core.reference import read_branch
from bot.store.papers import WaitingPaper
from flows.conversation.facts import Links
from flows.conversation.messages import Button, Message, StoredFile
from flows.domain.criteria import Group
from flows.domain.people import GROUPS
from flows.papers import words
from flows.papers.rights import OWN, may_have
from flows.words.place_names import inside_sentence
from flows.words.spelling import fold
from flows.words.wording import DEFAULT_LANGUAGE, Wording, render

# What lays papers out takes as much memory as a tenth of a server: it is loaded with the first paper.
if TYPE_CHECKING:
    from bot.services.documents import Prepared, Suffix, Wanted

log = structlog.get_logger()

IDLE_SECONDS = 1.0
# So many certificates are in one file: it stays small enough for every channel, and how far it is can be told.
PART = 500
# From so many on, people are told that it takes a while.
MANY = 50
MOST_ATTEMPTS = 8
LONGEST_FILE_NAME = 80


class PaperUnkept(Exception):
    """A paper could not be written: the disk is full, or its folder cannot be used."""


class PaperMaker:
    """Makes papers, the one that waits longest first. One instance does, by a lease; one that fails rests, and keeps no
    other from being made."""

    def __init__(
        self,
        runtime: Runtime,
        files: FileStore,
        supervisor: Supervisor | None = None,
        links: Callable[[], Links] = Links,
        part: int = PART,
    ) -> None:
        self._runtime = runtime
        self._files = files
        self._supervisor = supervisor or Supervisor()
        self._links = links
        self._part = part

    async def run(self) -> None:
        """Make papers for ever."""
        lease = Leading(self._runtime.database, "papers", IDLE_SECONDS)
        await self._supervisor.keep("papers", self.run_once, IDLE_SECONDS, lease=lease)

    async def run_once(self) -> bool:
        """Make the paper that waits longest. Tells whether there was one, so that there may be more."""
        async with self._runtime.database.reading() as connection:
            waiting = await papers.next_waiting(connection, self._supervisor.rests("paper "))
        if waiting is None:
            return False
        return await self._supervisor.attempt(f"paper {waiting.id}", partial(self._make_or_tell, waiting))

    async def _make_or_tell(self, waiting: WaitingPaper) -> bool:
        """Make a paper. Of trouble whoever waits is told once, and when it is given up."""
        try:
            await self._make(waiting)
        except Exception as error:
            if is_unreachable(error):
                raise
            async with self._runtime.database.writing() as connection:
                await papers.count_attempt(connection, waiting.id)
                if waiting.attempts == 0:
                    await self._tell(connection, waiting, words.TROUBLE)
                elif waiting.attempts + 1 >= MOST_ATTEMPTS and await papers.settle(
                    connection, waiting.id, self._runtime.clock()
                ):
                    await self._tell(connection, waiting, words.GIVEN_UP)
            self._runtime.letters_queued.ring()
            raise
        self._runtime.letters_queued.ring()
        return True

    async def _make(self, waiting: WaitingPaper) -> None:
        from bot.services.documents import DocumentRefused, prepare

        if not await self._may_have(waiting):
            await self._refuse(waiting, words.NO_LONGER_YOURS)
            return
        catalogue = self._runtime.catalogues[DEFAULT_LANGUAGE]  # papers are Vietnamese, whoever reads them
        try:
            prepared = await prepare(self._runtime.database, self._wanted(waiting), catalogue, self._runtime.zone)
        except DocumentRefused as refused:
            log.info("paper_not_there", paper_id=waiting.id, kind=waiting.kind, why=type(refused).__name__)
            await self._refuse(waiting, words.NOT_THERE.get(waiting.kind, words.NOTHING_THERE))
            return
        try:
            await self._send_parts(waiting, prepared)
        except FileRefused:
            await self._refuse(waiting, words.TOO_LARGE)

    def _named(self, waiting: WaitingPaper) -> str:
        return render(words.NAMES[waiting.kind], self._runtime.catalogues[DEFAULT_LANGUAGE])

    async def _may_have(self, waiting: WaitingPaper) -> bool:
        """Tell whether who asked still has the right: between asking and making a role may have ended."""
        async with self._runtime.database.reading() as connection:
            if waiting.kind in OWN:
                return await papers.owner_of(connection, waiting.about) == waiting.person_id
            today = self._runtime.local(self._runtime.clock()).date()
            roles = await papers.roles_of(connection, waiting.person_id, today)
            units = await read_branch(connection, waiting.unit_id)
        return may_have(waiting.kind, roles, units, waiting.unit_id)

    def _wanted(self, waiting: WaitingPaper) -> "Wanted":
        from bot.services.documents import Wanted

        links = self._links()
        group: Group = next((known for known in GROUPS if known == waiting.group), "farmer")
        return Wanted(
            waiting.kind,
            waiting.unit_code,
            waiting.year,
            ".pdf",
            group=group,
            about=waiting.about,
            links=links.start,
            page=links.certificate or "",
        )

    async def _send_parts(self, waiting: WaitingPaper, prepared: "Prepared") -> None:
        """Make and send what is not sent yet, file by file: killed in between, it goes on with the next one."""
        parts = prepared.parts(self._part)
        for place in range(waiting.parts, len(parts)):
            if prepared.pages >= MANY:
                await self._tell_progress(waiting, prepared.pages, place * self._part)
            name = _file_name(self._named(waiting), prepared.unit, waiting.year, place + 1 if len(parts) > 1 else 0)
            files = [await self._kept(parts[place], suffix, name) for suffix in _suffixes(waiting)]
            is_last = place + 1 == len(parts)
            async with self._runtime.database.writing() as connection:
                now = self._runtime.clock()
                digests = {file.digest for file in files}
                if not await papers.note_files(connection, waiting.id, place, digests, now if is_last else None):
                    return  # erased, or made by another instance
                said = words.ready(waiting.kind, inside_sentence(prepared.unit), waiting.year)
                await self._tell(
                    connection, waiting, said, files, buttons=await self._next_step(connection, waiting, prepared)
                )
            self._runtime.letters_queued.ring()
        log.info("paper_made", paper_id=waiting.id, kind=waiting.kind, parts=len(parts))

    async def _next_step(
        self, connection: AsyncConnection, waiting: WaitingPaper, prepared: "Prepared"
    ) -> tuple[Button, ...]:
        """Offer the association to record number and date with a proposal that has none yet."""
        from bot.documents.proposal import Proposal

        if not isinstance(prepared.paper, Proposal) or prepared.paper.heading.number or not waiting.about:
            return ()
        today = self._runtime.local(self._runtime.clock()).date()
        held = await papers.roles_of(connection, waiting.person_id, today)
        if all(role.kind != "association" for role in held):
            return ()
        return (Button(words.NUMBER_PROPOSAL, f"c:proposal_number:{waiting.about}", lasting=True),)

    async def _kept(self, part: "Prepared", suffix: "Suffix", name: str) -> StoredFile:
        """Set a part, and keep it as a file."""
        content = await part.set_as(suffix)
        try:
            kept = await self._files.keep(content)
        except OSError as error:  # a full disk holds up this paper, and is no sign of the database being away
            raise PaperUnkept(error.strerror or type(error).__name__) from error
        return StoredFile(kept.digest, "document", f"{name}{suffix}")

    async def _refuse(self, waiting: WaitingPaper, why: Wording) -> None:
        async with self._runtime.database.writing() as connection:
            if await papers.settle(connection, waiting.id, self._runtime.clock()):
                await self._tell(connection, waiting, why)

    async def _tell_progress(self, waiting: WaitingPaper, count: int, done: int) -> None:
        """Say how far it is, in one message that changes where the channel can do that."""
        async with self._runtime.database.writing() as connection:
            text = words.many_under_way(count, min(count, done))
            await self._tell(connection, waiting, text, topic=f"paper-{waiting.id}")
        self._runtime.letters_queued.ring()

    async def _tell(
        self,
        connection: AsyncConnection,
        waiting: WaitingPaper,
        text: Wording,
        files: Sequence[StoredFile] = (),
        topic: str = "",
        buttons: tuple[Button, ...] = (),
    ) -> None:
        """Tell whoever asked; on a phone that several share the message says whom it is for."""
        to = await outbox.recipient_of(connection, waiting.conversation_id, waiting.person_id)
        if to is not None:
            message = Message(text, (buttons,) if buttons else (), files=tuple(files), topic=topic)
            await outbox.queue(connection, [self._runtime.letter(to, message)], self._runtime.clock())


def _suffixes(waiting: WaitingPaper) -> "tuple[Suffix, ...]":
    return (".pdf", ".docx") if waiting.kind in words.AS_DOCX else (".pdf",)


def _file_name(paper: str, unit: str, year: int, part: int) -> str:
    """Name a file in letters that every device knows: `bien-ban-hop-chi-hoi-thon-dong-2026`."""
    plain = re.sub(r"[^a-z0-9]+", "-", fold(f"{paper} {unit}")).strip("-")[:LONGEST_FILE_NAME]
    return f"{plain}-{year}" + (f"-{part}" if part else "")
