"""The courier of one bot: takes what is due, lets it be tried, and has what became of it written down."""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import judging, settling
from bot.delivery.attempts import Attempts
from bot.delivery.flight import Flight, LandedLetter, most_notices
from bot.delivery.judging import JITTER, Verdict
from bot.services.latency import Latency
from bot.services.rate_limiter import RateLimiter
from bot.services.runtime import Runtime
from bot.services.sending import Later, Sender, Sent
from bot.services.signals import Signal
from bot.services.stopping import ended, to_the_end
from bot.services.wording import NoticeWording
from bot.store.core import leases, outbox
from bot.store.core import live_messages as standing
from bot.store.core.database import retry_while_unreachable
from bot.store.core.outbox import DueLetter, Source

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waits:
    """How many seconds the courier waits for what."""

    # It looks again so soon when nobody rings.
    idle: float = 1.0
    # Notices that landed wait so long for others to be settled with.
    settle: float = 0.2
    # While there are no notices, they are looked for as often, not each time replies are settled.
    look: float = 0.2
    # Replies that could not be settled for so long would be sent again by whoever comes next: no more is sent on top.
    behind: float = 0.1
    # What is on its way at a stop is called off after that.
    landing: float = 5.0


def by_chance() -> float:
    """Return a factor of a waiting, so that not all try again at one moment."""
    return random.uniform(*JITTER)  # noqa: S311


class Courier:
    """Sends the letters of one bot, replies before notices. Of several instances one leads, by a lease in the database.

    A reply is only read before it is sent, so that it waits for no transaction: whoever leads next sends again what
    was not settled. A notice must not come twice, so it is marked as on its way, in the transaction that settles what
    came back. At most one reply of a conversation is on its way, so their order holds.
    """

    def __init__(
        self,
        runtime: Runtime,
        sender: Sender,
        turns: Latency | None = None,
        waits: Waits = Waits(),
        jitter: Callable[[], float] = by_chance,
    ) -> None:
        self._runtime = runtime
        self._sender = sender
        self._at = (sender.channel, sender.bot)
        self._waits = waits
        self._jitter = jitter
        self._bell = runtime.letters_queued
        self._wording = NoticeWording(runtime.catalogues)
        self._name = f"delivery:{sender.channel}:{sender.bot}"
        self._me = secrets.token_hex(8)
        self._turns = turns or Latency()
        self._pace = RateLimiter(sender.rates, self._turns)
        self._taking_replies = asyncio.Lock()
        self._landing = Signal()
        self._forget_all()
        self.trouble: str | None = None

    def _forget_all(self) -> None:
        """Know of no letter and of no lead, as at the start."""
        self._flight = Flight(most_notices(self._sender.rates.per_bot))
        self._attempts = Attempts(self._runtime, self._sender, self._wording, self._pace)
        self._attempting: set[asyncio.Task[None]] = set()
        self._exchanging: asyncio.Task[bool] | None = None
        self._leads_until = 0.0
        self._no_notices_until = 0.0
        # False at the start, after a transaction whose end is not known, and while another instance leads: then the
        # ledgers may hold notices as on their way that nobody is sending.
        self._knows_in_flight = False

    async def run(self) -> None:
        """Send for ever, while this instance leads. When this fails it may be run again: what landed is settled then,
        and what did not is known as after the end of a process."""
        self._forget_all()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_replies())
                group.create_task(self._send_notices())
        finally:
            await to_the_end(self._land())

    @property
    def share(self) -> float:
        """Return the share of its rate that notices have at present: less than 1 while turns are slow."""
        return self._pace.share

    async def _land(self) -> None:
        """Wait for letters that are on their way and settle them, so that a stop asked for repeats none. What takes
        longer is called off."""
        if self._exchanging is not None:  # what it takes is sent, not left as nobody's
            await ended([self._exchanging], self._waits.landing)
        await ended(self._attempting, self._waits.landing)
        self._pace.free_chats()
        with suppress(SQLAlchemyError, OSError):  # without a database, nobody knows what became of them
            await settling.settle_each(self._runtime, self._flight.landed)
        with suppress(SQLAlchemyError, OSError):
            async with self._runtime.database.writing() as connection:
                await leases.give_up(connection, self._name, self._me)

    def _patience(self) -> float:
        """Return how long to wait for a ring before looking again."""
        return min(self._waits.idle, self._pace.held() or self._waits.idle)

    # replies

    async def _send_replies(self) -> None:
        """Send replies as soon as they are queued."""
        while True:
            heard = self._bell.rings
            with self._turns.somebody_waits():
                await retry_while_unreachable(self._take_replies)
            await self._bell.wait(heard, self._patience())

    async def _take_replies(self) -> None:
        """Read what is due and not on its way, and send it."""
        async with self._taking_replies:
            room = self._flight.room_for_replies()
            if not room or self._is_behind() or self._pace.held() or not self.leads:
                return
            # What lands while this reads is not read again: it counts as on its way until it is settled.
            taken = self._flight.replies
            async with self._runtime.database.reading() as connection:
                due = await outbox.next_replies(connection, *self._at, taken, room, self._runtime.clock())
                for letter in await standing.found(connection, due):
                    self._launch(letter)

    def _is_behind(self) -> bool:
        """Tell whether a reply waits too long to be settled."""
        landed_at = self._flight.reply_landed_at()
        return landed_at is not None and time.monotonic() - landed_at > self._waits.behind

    # notices, and what became of letters

    async def _send_notices(self) -> None:
        """Settle replies as soon as they landed, and take notices half a load at a time."""
        while True:
            heard = self._landing.rings
            self._pace.make_way()
            if await retry_while_unreachable(self._exchange_whole):
                await retry_while_unreachable(self._take_replies)
            await self._landing.wait(heard, self._waits.settle if self._flight.landed else self._patience())

    async def _exchange_whole(self) -> bool:
        """Exchange, to the end also when this is told to stop meanwhile."""
        self._exchanging = asyncio.create_task(self._exchange())
        return await asyncio.shield(self._exchanging)

    async def _exchange(self) -> bool:
        """Settle what came back and take the next notices, in one transaction. Tells whether replies were settled, or
        may be taken only now."""
        landed = self._flight.landed
        led, now = self.leads, time.monotonic()
        room = self._room_for_notices() if led else 0  # replies first
        sources = await self._sources() if room else []
        if not (landed or sources or self._lease_is_old()):
            return False
        knows_in_flight, self._knows_in_flight = self._knows_in_flight, False
        due: list[DueLetter] = []
        async with self._runtime.database.writing() as connection:
            leads = await leases.hold(connection, self._name, self._me)
            await settling.settle(connection, self._runtime, landed)
            if leads and not knows_in_flight:
                await self._settle_lost(connection)
            if leads and sources:
                due = await self._take_notices(connection, sources, room)
        self._knows_in_flight = leads
        self._leads_until = now + leases.SECONDS if leads else 0.0
        if not leads:
            self.trouble = None  # whoever leads now knows better
        freed = self._flight.settle(landed)
        for letter in due:
            self._launch(letter)
        if leads and not led:
            self._landing.ring()
        return leads and (freed or not led)

    @property
    def leads(self) -> bool:
        """Tell whether this instance is the one that sends."""
        return time.monotonic() < self._leads_until

    def _lease_is_old(self) -> bool:
        return time.monotonic() > self._leads_until - leases.SECONDS / 2

    def _room_for_notices(self) -> int:
        """Return how many notices may be taken now: none while the bot is held, in quiet hours, or when there were none
        a moment ago."""
        if self._pace.held() or self._runtime.is_quiet(self._runtime.clock()):
            return 0
        return self._flight.room_for_notices() if time.monotonic() >= self._no_notices_until else 0

    async def _sources(self) -> list[Source]:
        """Return what there is to take, knowing what the notices say; one that cannot be read waits for who can."""
        async with self._runtime.database.reading() as connection:
            sources = await outbox.sources(connection, *self._at, self._runtime.clock())
            unreadable = await self._wording.learn(connection, [source for source in sources if source is not None])
        readable = [source for source in sources if source not in unreadable]
        if not readable:
            self._no_notices_until = time.monotonic() + self._waits.look
        return readable

    async def _take_notices(self, connection: AsyncConnection, sources: Sequence[Source], room: int) -> list[DueLetter]:
        taken = await outbox.take_notices(connection, *self._at, sources, room, self._runtime.clock())
        return await standing.found(connection, taken)

    async def _settle_lost(self, connection: AsyncConnection) -> None:
        """Settle what was on its way when the last leader died, without what this one is sending itself."""
        await outbox.settle_in_flight(connection, *self._at, self._runtime.clock(), self._flight.notices)

    # one letter

    def _launch(self, letter: DueLetter) -> None:
        self._flight.take(letter)
        task = asyncio.create_task(self._deliver(letter))
        self._attempting.add(task)
        task.add_done_callback(self._attempting.discard)

    async def _deliver(self, letter: DueLetter) -> None:
        if self._flight.land(await self._landed_after(letter)):
            self._landing.ring()

    async def _landed_after(self, letter: DueLetter) -> LandedLetter:
        """Send a letter. A bug must not leave it on its way for ever: nobody knows how far it got."""
        tried_at, outside = self._runtime.clock(), False
        try:
            outcome = await self._attempts.outcome(letter)
            verdict = judging.judge(letter, outcome, self._runtime.clock(), self._jitter())
            outside = verdict.outside
            self._heed(letter, verdict)
        except Exception as error:
            log.exception("letter_broken", outbox_id=letter.id)
            outcome = Later(type(error).__name__, uncertain=True)
            verdict = judging.judge(letter, outcome, self._runtime.clock(), self._jitter())
        message_id = outcome.message_id if isinstance(outcome, Sent) else None
        return LandedLetter(letter, verdict.settled, message_id, time.monotonic(), tried_at if outside else None)

    def _heed(self, letter: DueLetter, verdict: Verdict) -> None:
        """Do what an outcome means beyond its letter, and log what did not go well."""
        if verdict.too_many:
            self._pace.slow_down(letter.address)
        if verdict.hold is not None:
            self.trouble = f"messages wait: {verdict.settled.error}"
            self._pace.hold(verdict.hold)
        if verdict.settled.state == "sent" and not self._pace.held():  # this one may have been on its way before
            self.trouble = None
        if verdict.refuses_notice and letter.notice_id is not None:
            self._attempts.refuse(letter.notice_id)
        _log_trouble(letter, verdict)


def _log_trouble(letter: DueLetter, verdict: Verdict) -> None:
    told = {"outbox_id": letter.id, "error": verdict.settled.error}
    match verdict.settled.state:
        case "uncertain":
            log.info("notice_uncertain", **told)
        case "queued" if verdict.refuses_notice:
            log.warning("notice_refused", notice_id=letter.notice_id, **told)
        case "queued" if verdict.outside:
            log.info("letter_outside_window", **told)
        case "queued":
            log.info("letter_delayed", due=str(verdict.settled.due), **told)
        case "failed":
            log.error("letter_rejected", **told)
        case _:
            pass
