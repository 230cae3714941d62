"""The keeper of notices: starts those whose time has come, writes their ledgers, shows how they go, and ends them."""

import asyncio
import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.files import MOST_BYTES, STORED, FileRefused, FileStore
from bot.services.leading import Leading
from bot.services.reports import make_report
from bot.services.runtime import Runtime
from bot.services.sending import FileGone, FileSource, FileTooLarge
from bot.services.supervisor import Supervisor, Work
from bot.store.core import contacts, outbox
from bot.store.core.contacts import members
from bot.store.core.outbox import Recipient
from bot.store.core.reference import ReferenceRead, read_reference, read_version
from bot.store.notices import keeping, ledger, pages, reading, recipients, reports, saving
from bot.store.notices.keeping import Shown
from bot.store.notices.recipients import Gathering
from bot.store.notices.reports import ReportWanted
from flows.conversation.messages import Message, StoredFile
from flows.domain.quiet_hours import QuietHours
from flows.notices.needs import Approvers, ApproversWanted, AudienceWanted
from flows.notices.notice import Content, Notice, NoticeFile, next_time
from flows.notices.occasions import renewed
from flows.notices.talk import approval_message, grown_message, not_renewed_message, progress_message
from flows.words.refusals import Refused
from flows.words.wording import Catalogue, Wording, _, render

log = structlog.get_logger()

CHUNK = 1000
# Nobody waits for what is stopped to be taken off its list, so turns go before it.
TAKEN_OFF_AT_ONCE = 250
REST_WHILE_BUSY = {"notices.stop": 0.02}
IDLE_SECONDS = 1.0
SHOW_EVERY = timedelta(seconds=3)
# Counting a large ledger takes its time: at most this share of it.
SHARE_OF_COUNTING = 0.02
MOST_WAITING = 2
# So long a notice counts as under way for those whose page is not open. They get it later, too.
WAIT_FOR_PAGES = timedelta(hours=1)
KEEP_REPORTS = timedelta(days=1)
SWEEP_EVERY = timedelta(hours=1)

FILE_LOST = _("Your notice was not sent: its photo or file could not be fetched. Please write it once more.")
NO_LONGER_ADMIN = _("A notice of yours was not sent: you no longer administer all of its units.")
REPORT_READY = _("The report of your notice. It names people: please keep it safe.")
REPORT_TOO_LARGE = _("This report is too large for a chat. Ask for those of smaller units.")
REPORT_NAME = _("notice-report.xlsx")


class NoticeFileUnkept(Exception):
    """A file of a notice could not be written: the disk is full, or its folder cannot be used."""


class NoticeRunner:
    """What goes on with notices besides sending. One instance at a time does each work, by a lease."""

    def __init__(
        self,
        runtime: Runtime,
        files: FileStore,
        sources: Mapping[tuple[str, str], FileSource],
        supervisor: Supervisor | None = None,
    ) -> None:
        self._runtime = runtime
        self._files = files
        self._sources = sources
        self._reference: ReferenceRead | None = None
        self._shown: dict[int, _ShownLast] = {}
        self._counted_last: dict[int, _CountedLast] = {}
        self._swept: datetime | None = None
        self._supervisor = supervisor or Supervisor()

    async def run(self) -> None:
        """Keep notices for ever: each work by itself, in the instance that leads it."""
        async with asyncio.TaskGroup() as group:
            for name, work in self._works().items():
                lease = Leading(self._runtime.database, name)
                rest = REST_WHILE_BUSY.get(name, 0.0)
                group.create_task(self._supervisor.keep(name, work, IDLE_SECONDS, rest, lease=lease))

    def _works(self) -> dict[str, Work]:
        return {
            "notices.start": self._start,
            "notices.gather": self._gather,
            "notices.stop": self._take_off,
            "notices.web": self._hand_to_web,
            "notices.watch": self._watch,
            "notices.report": self._report,
            "notices.sweep": self._sweep,
        }

    async def run_once(self) -> bool:
        """Do the next piece of each work. Tells whether there may be more at once."""
        return any([await work() for work in self._works().values()])

    # starting

    async def _start(self) -> bool:
        now = self._runtime.clock()
        async with self._runtime.database.reading() as connection:
            due = await keeping.due(connection, now, self._supervisor.rests("notice "))
        started = [await self._supervisor.attempt(f"notice {id_}", partial(self._start_due, id_, now)) for id_ in due]
        return any(started)

    async def _start_due(self, notice_id: int, now: datetime) -> bool:
        async with self._runtime.database.reading() as connection:
            notice = await keeping.due_notice(connection, notice_id)
        if notice is not None:
            await self._start_one(notice, now)
        return True

    async def _start_one(self, notice: Notice, now: datetime) -> None:
        if not await self._author_may(notice):
            log.warning("notice_author_lost_role", notice_id=notice.id)
            await self._withdraw(notice, now, NO_LONGER_ADMIN)
            return
        again = next_time(self._runtime.local(notice.send_at or now), notice.repeat)
        while again is not None and again <= now:  # what was missed while nothing ran is not made up for
            again = next_time(again, notice.repeat)
        try:
            notice = await self._renewed(notice)
        except Refused as refused:
            await self._pass_over(notice, again, refused.wording, now)
            return
        if not notice.has_begun and (number := await self._too_many(notice)):
            await self._ask_approval(notice, number, now)
            return
        try:
            content = await self._with_file(notice.content)
        except OSError as error:  # a full disk holds up this notice, and is no sign of the database being away
            raise NoticeFileUnkept(type(error).__name__) from error
        except (FileGone, FileTooLarge, FileRefused) as error:
            log.warning("notice_file_lost", notice_id=notice.id, error=type(error).__name__)
            await self._withdraw(notice, now, FILE_LOST)
            return
        async with self._runtime.database.writing() as connection:
            started = await keeping.start(connection, notice, content, now)
            if started and again is not None and not notice.has_begun:
                await saving.repeat(connection, notice, again, now)

    async def _with_file(self, content: Content) -> Content:
        """Keep a notice's file in the store, where every channel finds it."""
        file = content.file
        if file is None or file.digest:
            return content
        stored = file.source.removeprefix("sha256:")
        if stored != file.source:
            return replace(content, file=replace(file, source="", digest=stored))
        source = self._source_of(file)
        if source is None:
            raise FileGone(file.channel)
        kept = await self._files.keep(await source.fetch(file.source, MOST_BYTES))
        return replace(content, file=replace(file, digest=kept.digest))

    def _source_of(self, file: NoticeFile) -> FileSource | None:
        """Return the bot that a file came by. Of what is older than this is told, only the channel is known."""
        of_channel = (one for (channel, _bot), one in self._sources.items() if channel == file.channel)
        return self._sources.get((file.channel, file.bot)) if file.bot else next(of_channel, None)

    async def _author_may(self, notice: Notice) -> bool:
        """Tell whether the author still administrates every unit of a notice, which may be of some time ago."""
        async with self._runtime.database.reading() as connection:
            held = await reading.units_administrated(connection, notice.author_id)
            units = (await self._current_reference(connection)).reference.units
        return all(any(units.covers(over, unit_id) for over in held) for unit_id in notice.audience.unit_ids)

    async def _renewed(self, notice: Notice) -> Notice:
        """Return a notice as it is sent now: what comes every year names this year's dates. Raises Refused."""
        if not notice.is_renewed:
            return notice
        async with self._runtime.database.reading() as connection:
            reference = (await self._current_reference(connection)).reference
        today = self._runtime.local(self._runtime.clock()).date()
        return replace(notice, content=renewed(reference, today, notice.content, notice.audience.unit_ids))

    async def _pass_over(self, notice: Notice, again: datetime | None, why: Wording, now: datetime) -> None:
        """Leave a yearly notice out this time, and tell its author why."""
        log.warning("notice_not_renewed", notice_id=notice.id)
        async with self._runtime.database.writing() as connection:
            if not await keeping.withdraw(connection, notice.id, now):
                return
            if again is not None:
                await saving.repeat(connection, notice, again, now)
            to = await outbox.recipient_of(
                connection, await reading.conversation_of(connection, notice.id), notice.author_id
            )
            if to is not None:
                await self._tell(connection, to, not_renewed_message(notice, why), now)
        self._runtime.letters_queued.ring()

    async def _too_many(self, notice: Notice) -> int:
        """Return how many a notice would go to, if that needs an approval that it does not have; else 0."""
        async with self._runtime.database.reading() as connection:
            reference = (await self._current_reference(connection)).reference
            units = reference.units.scope(notice.audience.unit_ids)
            today = self._runtime.local(self._runtime.clock()).date()
            wanted = AudienceWanted(notice.audience, units)
            reached = await contacts.count(connection, wanted, reference.rounds_in(units, today), today.year)
            above = (await self._approvers(connection, notice)).above
        return reached.total if notice.needs_approval(reached.total, above) else 0

    async def _approvers(self, connection: AsyncConnection, notice: Notice) -> Approvers:
        units = (await self._current_reference(connection)).reference.units
        wanted = ApproversWanted(frozenset(notice.audience.unit_ids), notice.author_id or 0)
        return await reading.approvers(connection, wanted, units)

    async def _ask_approval(self, notice: Notice, people: int, now: datetime) -> None:
        """Let a notice wait until a second administrator approves it, and tell them and its author."""
        async with self._runtime.database.writing() as connection:
            if not await keeping.ask_approval(connection, notice):
                return
            log.info("notice_has_grown", notice_id=notice.id, people=people)
            waiting = replace(notice, state="awaiting", version=notice.version + 1)
            asked = (await self._approvers(connection, notice)).person_ids
            for chats in (await outbox.reach_people(connection, asked)).values():
                for to in chats:
                    await self._tell(connection, to, approval_message(waiting, people), now)
            author = await outbox.recipient_of(
                connection, await reading.conversation_of(connection, notice.id), notice.author_id
            )
            if author is not None:
                await self._tell(connection, author, grown_message(waiting, people, asked=bool(asked)), now)
        self._runtime.letters_queued.ring()

    async def _withdraw(self, notice: Notice, now: datetime, why: Wording) -> None:
        async with self._runtime.database.writing() as connection:
            await keeping.withdraw(connection, notice.id, now)
            to = await outbox.recipient_of(
                connection, await reading.conversation_of(connection, notice.id), notice.author_id
            )
            if to is not None:
                await self._tell(connection, to, Message(why), now)
        self._runtime.letters_queued.ring()

    # the ledger

    async def _gather(self) -> bool:
        """Write the next rows of a ledger. One that cannot be written keeps no other from it."""
        async with self._runtime.database.reading() as connection:
            notice_id = await recipients.next_to_gather(connection, self._supervisor.rests("ledger "))
        if notice_id is None:
            return False
        return await self._supervisor.attempt(f"ledger {notice_id}", partial(self._gather_one, notice_id))

    async def _gather_one(self, notice_id: int) -> bool:
        """Write the next rows. Each piece is a short transaction, and turns go on between them."""
        async with self._runtime.database.reading() as connection:
            one = await recipients.gathering(connection, notice_id)
            if one is None:
                return True
            person_ids = await self._next_members(connection, one)
        async with self._runtime.database.writing() as connection:
            await recipients.gather(connection, one, person_ids, self._runtime.clock())
        if not person_ids:
            self._runtime.letters_queued.ring()
        return True

    async def _next_members(self, connection: AsyncConnection, one: Gathering) -> list[int]:
        reference = (await self._current_reference(connection)).reference
        units = reference.units.scope(one.audience.unit_ids)
        today = self._runtime.local(self._runtime.clock()).date()
        chosen = members(one.audience, units, reference.rounds_in(units, today), today.year)
        return await recipients.next_members(connection, one, chosen, CHUNK)

    async def _current_reference(self, connection: AsyncConnection) -> ReferenceRead:
        version = await read_version(connection)
        if self._reference is None or self._reference.version != version:
            self._reference = await read_reference(connection, before=self._reference)
        return self._reference

    async def _take_off(self) -> bool:
        """Take the next of those who wait for a stopped notice off its list: a short transaction each time."""
        async with self._runtime.database.reading() as connection:
            notice_id = await ledger.stopped_early(connection)
        if notice_id is None:
            return False
        async with self._runtime.database.writing() as connection:
            await ledger.take_off(connection, notice_id, TAKEN_OFF_AT_ONCE, self._runtime.clock())
        return True

    # the web chat, whose pages fetch what waits for them

    async def _hand_to_web(self) -> bool:
        """Let web chats have their notices: there they wait for the page, and count as sent once it has them."""
        now = self._runtime.clock()
        if self._runtime.is_quiet(now):
            return False
        async with self._runtime.database.reading() as connection:
            if not await pages.has_for_pages(connection):
                return False
        async with self._runtime.database.writing() as connection:
            handed = await pages.hand_to_pages(connection, CHUNK, now + WAIT_FOR_PAGES)
        return handed > 0

    # watching

    async def _watch(self) -> bool:
        ended = await self._end()
        await self._show(ended)
        return bool(ended)

    async def _end(self) -> list[int]:
        async with self._runtime.database.reading() as connection:
            if not await keeping.finished(connection, self._runtime.clock()):
                return []
        async with self._runtime.database.writing() as connection:
            return await keeping.end(connection, self._runtime.clock())

    async def _show(self, ended: list[int]) -> None:
        """Bring the message that shows how a notice goes up to date, every few seconds while something changes."""
        now = self._runtime.clock()
        async with self._runtime.database.reading() as connection:
            under_way = await keeping.under_way(connection, ended)
            looked_at = [one for one in under_way if one.notice.id in ended or self._may_have_news(one.notice, now)]
            counted = [await self._counted(connection, one, now) for one in looked_at]
        news = [one for one in counted if one.notice.id in ended or self._is_news(one.notice, now)]
        if news:
            async with self._runtime.database.writing() as connection:
                for one in news:
                    await self._show_one(connection, one, now, last=one.notice.id in ended)
            self._runtime.letters_queued.ring()
        for notice_id in ended:
            self._shown.pop(notice_id, None)
            self._counted_last.pop(notice_id, None)

    def _may_have_news(self, notice: Notice, now: datetime) -> bool:
        """Tell whether to count a ledger: every few seconds while it is sent, and once what was on its way has landed
        while it waits."""
        last = self._counted_last.get(notice.id)
        rest = self._rest_of(notice, now)
        if last is None or (last.version, last.rest) != (notice.version, rest):
            return True
        waits = notice.state == "paused" or rest is not None
        return now >= last.again_at and (last.may_change or not waits)

    async def _counted(self, connection: AsyncConnection, one: Shown, now: datetime) -> Shown:
        """Count a ledger, and note when it may be counted again."""
        begun = time.monotonic()
        counts = await ledger.counts_of(connection, one.notice.id)
        took = timedelta(seconds=(time.monotonic() - begun) / SHARE_OF_COUNTING)
        notice = replace(one.notice, counts=counts)
        self._counted_last[notice.id] = _CountedLast(
            notice.version, self._rest_of(notice, now), notice.count("sending") > 0, now + max(SHOW_EVERY, took)
        )
        return replace(one, notice=notice)

    def _is_news(self, notice: Notice, now: datetime) -> bool:
        before = self._shown.get(notice.id)
        if before is None or (before.notice.state, before.rest) != (notice.state, self._rest_of(notice, now)):
            return True
        return before.notice.counts != notice.counts

    def _rest_of(self, notice: Notice, now: datetime) -> QuietHours | None:
        """Return the quiet hours that hold up a notice on its way."""
        return self._runtime.quiet if notice.state in {"gathering", "sending"} and self._runtime.is_quiet(now) else None

    async def _show_one(self, connection: AsyncConnection, one: Shown, now: datetime, *, last: bool) -> None:
        before = self._shown.get(one.notice.id)
        rate = _rate(before, one.notice, now)
        left = one.notice.count("queued", "sending") / rate if rate else None
        rest = self._rest_of(one.notice, now)
        to = await outbox.recipient_of(connection, one.conversation_id, one.notice.author_id)
        if to is not None and not last and await outbox.count_open(connection, to) >= MOST_WAITING:
            self._look_again(one.notice.id)
            return
        self._shown[one.notice.id] = _ShownLast(one.notice, now, rate, rest)
        if to is None:
            return
        await self._tell(connection, to, progress_message(one.notice, rate, left, rest), now)

    def _look_again(self, notice_id: int) -> None:
        """Let a ledger be counted again although nothing changes: its author was not shown it."""
        self._counted_last[notice_id] = replace(self._counted_last[notice_id], may_change=True)

    async def _tell(self, connection: AsyncConnection, to: Recipient, message: Message, now: datetime) -> None:
        await outbox.queue(connection, [self._runtime.letter(to, message)], now)

    # reports

    async def _report(self) -> bool:
        """Make the report that waits longest and send it to who asked."""
        now = self._runtime.clock()
        async with self._runtime.database.reading() as connection:
            wanted = await reports.next_report(connection, self._supervisor.rests("report "))
        if wanted is None:
            return False
        return await self._supervisor.attempt(f"report {wanted.id}", partial(self._make_report, wanted, now))

    async def _make_report(self, wanted: ReportWanted, now: datetime) -> bool:
        async with self._runtime.database.reading() as connection:
            to = await outbox.recipient_of(connection, wanted.conversation_id, wanted.person_id)
            catalogue = self._runtime.catalogue(to.language if to is not None else None)
            made = await make_report(connection, self._runtime, wanted.notice_id, catalogue)
        assert made is not None  # notices are never deleted
        digest, message = await self._kept(made, catalogue)
        async with self._runtime.database.writing() as connection:
            if await reports.report_made(connection, wanted.id, digest) and to is not None:
                await self._tell(connection, to, message, now)
        self._runtime.letters_queued.ring()
        return True

    async def _kept(self, report: bytes, catalogue: Catalogue) -> tuple[str, Message]:
        """Keep a report for its way to who asked. Returns its digest, and what is said to them."""
        try:
            kept = await self._files.keep(report)
        except FileRefused:
            return "", Message(REPORT_TOO_LARGE)
        except OSError as error:
            raise NoticeFileUnkept(type(error).__name__) from error
        file = StoredFile(kept.digest, "document", render(REPORT_NAME, catalogue))
        return kept.digest, Message(REPORT_READY, files=(file,))

    async def _sweep(self) -> bool:
        await self._forget_reports()
        return False

    async def _forget_reports(self) -> None:
        """Delete the files of reports that were sent some time ago: they name people."""
        now = self._runtime.clock()
        if self._swept is not None and now - self._swept < SWEEP_EVERY:
            return
        self._swept = now
        async with self._runtime.database.writing() as connection:
            gone = await reports.old_reports(connection, now - KEEP_REPORTS)
        # Nobody else has kept the same: each says when it was made.
        self._files.forget((f"{STORED}{digest}" for digest in gone if digest), kept_before=math.inf)


class _ShownLast(Struct, frozen=True):
    """What the author was shown last, when, how many messages a second it was, and the quiet hours if it waited."""

    notice: Notice
    at: datetime
    rate: float
    rest: QuietHours | None


class _CountedLast(Struct, frozen=True):
    """A ledger when it was counted last: the notice's version, the quiet hours if it waited, whether it may change
    while it waits, and when it may be counted again."""

    version: int
    rest: QuietHours | None
    may_change: bool
    again_at: datetime


def _rate(before: _ShownLast | None, notice: Notice, now: datetime) -> float:
    """Return messages a second, smoothed."""
    if before is None or (seconds := (now - before.at).total_seconds()) <= 0:
        return before.rate if before is not None else 0.0
    present = (_settled(notice) - _settled(before.notice)) / seconds
    return 0.5 * (before.rate or present) + 0.5 * present


def _settled(notice: Notice) -> int:
    return sum(notice.counts.values()) - notice.count("queued", "sending")
