"""Delivery: sends what the outbox holds, as fast as a channel allows, and notes what became of it."""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.bell import Bell
from bot.services.latency import Latency
from bot.services.pace import Pace
from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rejected, Sender, Sent
from bot.services.wording import NoticeWording
from bot.store import leases, outbox, standing
from bot.store import notices as notice_rows
from bot.store.database import Database, patiently
from bot.store.outbox import NOTICE, Due, Settled
from bot.store.standing import Standing
from flows.messages import Outgoing

log = structlog.get_logger()

# How many may be on their way. When the process dies, as many replies may be sent twice, and as many notices are
# uncertain: notices are taken for about a quarter of a second ahead.
REPLIES_IN_FLIGHT = 64
NOTICES_IN_FLIGHT = 64
NOTICES_AHEAD_SECONDS = 0.25
FEWEST_NOTICES = 8
LONGEST_BACKOFF = 300.0
IDLE_SECONDS = 1.0
SETTLE_SECONDS = 0.05
LANDING_SECONDS = 5.0


class Delivery:
    """Sends the letters of one bot, replies before notices. At most one reply of a conversation is on its way, so their
    order holds. Of several instances one leads, by a lease in the database."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        clock: Callable[[], datetime],
        bell: Bell,
        wording: NoticeWording,
        *,
        turns: Latency | None = None,
        is_quiet: Callable[[datetime], bool] = lambda now: False,
    ) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock
        self._bell = bell
        self._wording = wording
        self._turns = turns or Latency()
        self._is_quiet = is_quiet
        self._name = f"delivery:{sender.channel}:{sender.bot}"
        self._me = secrets.token_hex(8)
        self._pace = Pace(sender.rates)
        self._most_notices = round(sender.rates.per_bot * NOTICES_AHEAD_SECONDS)
        self._most_notices = min(NOTICES_IN_FLIGHT, max(FEWEST_NOTICES, self._most_notices))
        self._flying: dict[asyncio.Task[None], Due] = {}
        self._settled: list[Settled] = []
        self._blocked: list[int] = []
        self._standing: list[Standing] = []
        # False at the start, after a transaction whose end is not known, and while another instance leads: then the
        # outbox may hold letters as on their way that nobody is sending.
        self._knows_in_flight = False
        self.trouble: str | None = None

    async def run(self) -> None:
        """Send for ever, while this instance leads."""
        try:
            while True:
                heard = self._bell.rings
                self._pace.make_way(self._turns.p99)
                if not await patiently(self._exchange):
                    await self._bell.wait(heard, self._patience())
        finally:
            await self._land()

    @property
    def share(self) -> float:
        """Return the share of its rate that notices have at present: less than 1 while turns are slow."""
        return self._pace.share

    async def _land(self) -> None:
        """Wait for letters that are on their way and settle them, so that a stop asked for repeats none."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=LANDING_SECONDS)
        with suppress(SQLAlchemyError, OSError):  # without a database, nobody knows what became of them
            async with self._database.writing() as connection:
                await self._settle(connection, self._settled, self._blocked, self._standing)
                await leases.give_up(connection, self._name, self._me)

    async def _exchange(self) -> bool:
        """Settle what came back and take what is due, in one transaction. Tells whether there may be more at once."""
        settled, blocked, standing_ones = tuple(self._settled), tuple(self._blocked), tuple(self._standing)
        replies, notices = self._room()
        if not settled and not replies and not notices:
            return False
        knows_in_flight, self._knows_in_flight = self._knows_in_flight, False
        due: list[Due] = []
        async with self._database.writing() as connection:
            leads = await leases.hold(connection, self._name, self._me)
            await self._settle(connection, settled, blocked, standing_ones)
            if leads:
                if not knows_in_flight:
                    await self._settle_lost(connection)
                due = await self._take(connection, replies, notices)
        self._knows_in_flight = leads
        del self._settled[: len(settled)], self._blocked[: len(blocked)], self._standing[: len(standing_ones)]
        for letter in due:
            task = asyncio.create_task(self._deliver(letter))
            self._flying[task] = letter
            task.add_done_callback(self._landed)
        return 0 < replies == sum(letter.priority != NOTICE for letter in due)

    def _room(self) -> tuple[int, int]:
        """Return how many replies and notices may be taken. What has landed but is not settled still has its place."""
        if self._pace.held():
            return 0, 0
        flying = sum(letter.priority == NOTICE for letter in self._flying.values())
        replies = REPLIES_IN_FLIGHT - (len(self._flying) - flying) - len(self._settled)
        notices = self._most_notices - flying
        # A few at a time would cost an exchange each: half a load at once.
        enough = notices >= self._most_notices // 2 and not self._is_quiet(self._clock())
        return max(0, replies), notices if enough else 0

    async def _settle(
        self,
        connection: AsyncConnection,
        settled: Sequence[Settled],
        blocked: Sequence[int],
        standing_ones: Sequence[Standing],
    ) -> None:
        now = self._clock()
        await outbox.settle(connection, settled, now)
        for conversation_id in blocked:
            await outbox.mark_blocked(connection, conversation_id, now)
        await standing.keep(connection, standing_ones)

    async def _settle_lost(self, connection: AsyncConnection) -> None:
        """Settle what was on its way when the last leader died, but for what this one is sending itself."""
        mine = [letter.id for letter in self._flying.values()]
        await outbox.settle_in_flight(connection, self._sender.channel, self._sender.bot, self._clock(), mine)

    async def _take(self, connection: AsyncConnection, replies: int, notices: int) -> list[Due]:
        now, channel, bot = self._clock(), self._sender.channel, self._sender.bot
        due = await outbox.take_replies(connection, channel, bot, replies, now) if replies else []
        if notices:
            under_way = await notice_rows.sending(connection)
            due += await outbox.take_notices(connection, channel, bot, under_way, notices, now)
        await self._wording.learn(connection, {letter.notice_id for letter in due if letter.notice_id is not None})
        return await standing.found(connection, due)

    def _landed(self, task: asyncio.Task[None]) -> None:
        # New letters are urgent, settled ones are not: those wait for the next exchange, unless there is no room.
        landed = self._flying.pop(task)
        flying = sum(letter.priority == NOTICE for letter in self._flying.values())
        no_room = len(self._flying) - flying + len(self._settled) >= REPLIES_IN_FLIGHT
        if no_room or (landed.priority == NOTICE and flying == self._most_notices // 2):
            self._bell.ring()

    def _patience(self) -> float:
        """Return how long to wait for a ring before looking again."""
        if self._settled:
            return SETTLE_SECONDS
        return min(IDLE_SECONDS, self._pace.held() or IDLE_SECONDS)

    async def _deliver(self, letter: Due) -> None:
        outgoing = letter.outgoing
        if letter.notice_id is not None:
            outgoing = self._wording.outgoing(letter.notice_id, letter.language, self._sender.channel)
        outcome = await self._send(letter, outgoing)
        self._settled.append(self._judged(letter, outcome))
        if isinstance(outcome, Sent) and outcome.message_id and outgoing is not None and outgoing.topic:
            self._standing.append(Standing(letter.conversation_id, outgoing.topic, outcome.message_id))

    async def _send(self, letter: Due, outgoing: Outgoing | None) -> Outcome:
        if outgoing is None:
            return await self._try(letter, None)
        await (self._pace.turn_of_notice if letter.priority == NOTICE else self._pace.turn_of_reply)(letter.address)
        try:
            return await self._try(letter, outgoing)
        finally:
            self._pace.sent(letter.address, group=self._sender.is_group(letter.address))

    async def _try(self, letter: Due, outgoing: Outgoing | None) -> Outcome:
        try:
            return await self._sender.send(letter.address, outgoing, letter.callback, letter.standing)
        except Exception as error:
            # A bug of the channel must cost one letter, not the delivery; nobody knows how far it got.
            log.exception("sender_broken", outbox_id=letter.id)
            return Later(type(error).__name__, uncertain=True)

    def _judged(self, letter: Due, outcome: Outcome) -> Settled:
        match outcome:
            case Sent():
                if not self._pace.held():  # this one may have been on its way before
                    self.trouble = None
                return Settled(letter.id, "sent")
            case Later(error, uncertain=True) if letter.priority == NOTICE:
                log.info("notice_uncertain", outbox_id=letter.id, error=error)
                return Settled(letter.id, "uncertain", error)
            case Later(error, seconds, whole_bot):
                wait = seconds if seconds is not None else backoff(letter.attempts)
                if whole_bot:
                    self.trouble = f"messages wait: {error}"
                    self._pace.hold(wait)
                log.info("letter_delayed", outbox_id=letter.id, error=error, seconds=round(wait, 1))
                return Settled(letter.id, "queued", error, self._clock() + timedelta(seconds=wait))
            case BlockedByPerson(error):
                self._blocked.append(letter.conversation_id)
                return Settled(letter.id, "blocked", error)
            case OutsideWindow(error):
                return Settled(letter.id, "outside", error)
            case Rejected(error):
                log.error("letter_rejected", outbox_id=letter.id, error=error)
                return Settled(letter.id, "failed", error)


def backoff(attempts: int) -> float:
    """Return seconds to wait after so many attempts: doubling from half a second, with jitter, bounded."""
    seconds = min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempts - 1, 12))
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311
