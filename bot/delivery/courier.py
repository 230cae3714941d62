"""The courier of one bot: sends what the outbox holds, and notes what became of it."""

import asyncio
import random
import secrets
import time
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import DecodeError
from msgspec.structs import replace
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.latency import Latency
from bot.services.rate_limiter import RateLimiter
from bot.services.runtime import Runtime
from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rejected, Sender, Sent
from bot.services.signals import Signal
from bot.services.wording import NoticeWording
from bot.store import notices
from bot.store.core import leases, outbox
from bot.store.core import live_messages as standing
from bot.store.core.database import is_unreachable, retry_while_unreachable
from bot.store.core.live_messages import LiveMessage
from bot.store.core.outbox import NOTICE, DueLetter, Letter, SettledLetter, Source
from flows.conversation.messages import Message, Outgoing
from flows.notices.talk import refused_message
from flows.words.wording import _

log = structlog.get_logger()

REFUSED = Counter("hoctap_letters_refused", "Letters to one person that a channel refused as they were.", ["channel"])
CANNOT_BE_SHOWN = _("I have an answer for you, but it cannot be shown here. Please type “start” to go on.")

# How many may be on their way or not settled yet. When the process dies, as many replies may be sent twice, and as
# many notices are uncertain: notices are taken for about half a second ahead.
REPLIES_IN_FLIGHT = 64
NOTICES_IN_FLIGHT = 64
NOTICES_AHEAD_SECONDS = 0.5
FEWEST_NOTICES = 8
LONGEST_BACKOFF = 300.0
IDLE_SECONDS = 1.0
# Notices that landed wait so long for others to be settled with.
SETTLE_SECONDS = 0.2
# While there are no notices, they are looked for as often, not each time replies are settled.
LOOK_SECONDS = 0.2
# Replies that could not be settled for so long would be sent again by whoever comes next: no more is sent on top.
LATEST_SETTLED_SECONDS = 0.1
LANDING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LandedLetter:
    """A letter that came back: what became of it, the channel's own id where it was sent, and when, by the loop."""

    letter: DueLetter
    settled: SettledLetter
    message_id: str | None
    at: float

    @property
    def standing(self) -> LiveMessage | None:
        """Return the message that stands in the chat from now on, if this letter has a topic."""
        topic = self.letter.outgoing.topic if self.letter.outgoing is not None else ""
        return LiveMessage(self.letter.conversation_id, topic, self.message_id) if topic and self.message_id else None

    @property
    def refusal(self) -> str | None:
        """Return why the channel takes this notice from nobody, if so: who was refused waits without a time."""
        waits = self.settled.state == "queued" and self.settled.due is None
        return self.settled.error if waits and self.letter.notice_id is not None else None


class Courier:
    """Sends the letters of one bot, replies before notices. Of several instances one leads, by a lease in the database.

    A reply is only read before it is sent, so that it waits for no transaction: whoever leads next sends again what
    was not settled. A notice must not come twice, so it is marked as on its way, in the transaction that settles what
    came back. At most one reply of a conversation is on its way, so their order holds.
    """

    def __init__(self, runtime: Runtime, sender: Sender, turns: Latency | None = None) -> None:
        self._runtime = runtime
        self._sender = sender
        self._bell = runtime.letters_queued
        self._wording = NoticeWording(runtime.catalogues)
        self._name = f"delivery:{sender.channel}:{sender.bot}"
        self._me = secrets.token_hex(8)
        self._turns = turns or Latency()
        self._pace = RateLimiter(sender.rates, self._turns)
        self._most_notices = round(sender.rates.per_bot * NOTICES_AHEAD_SECONDS)
        self._most_notices = min(NOTICES_IN_FLIGHT, max(FEWEST_NOTICES, self._most_notices))
        self._taking_replies = asyncio.Lock()
        self._landing = Signal()
        self._unreadable: set[int] = set()
        self._forget_all()
        self.trouble: str | None = None

    def _forget_all(self) -> None:
        """Know of no letter and of no lead, as at the start."""
        # What was taken and is not settled yet, by id.
        self._replies: dict[int, DueLetter] = {}
        self._notices: dict[int, DueLetter] = {}
        self._flying: set[asyncio.Task[None]] = set()
        self._notices_flying = 0
        self._landed: list[LandedLetter] = []
        self._exchanging: asyncio.Task[bool] | None = None
        # The notices that the channel does not take, by the version that it refused.
        self._refused: dict[int, int | None] = {}
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
            await _to_the_end(self._land())

    @property
    def share(self) -> float:
        """Return the share of its rate that notices have at present: less than 1 while turns are slow."""
        return self._pace.share

    async def _land(self) -> None:
        """Wait for letters that are on their way and settle them, so that a stop asked for repeats none. What takes
        longer is called off."""
        if self._exchanging is not None:  # what it takes is sent, not left as nobody's
            await _ended([self._exchanging])
        await _ended(self._flying)
        self._pace.free_chats()
        with suppress(SQLAlchemyError, OSError):  # without a database, nobody knows what became of them
            await self._settle_landed()
        with suppress(SQLAlchemyError, OSError):
            async with self._runtime.database.writing() as connection:
                await leases.give_up(connection, self._name, self._me)

    async def _settle_landed(self) -> None:
        """Settle what landed: together, or else one by one, so that a letter that cannot be settled is no other's."""
        try:
            async with self._runtime.database.writing() as connection:
                await self._settle(connection, self._landed)
        except Exception as error:
            if is_unreachable(error):
                raise
            for one in self._landed:
                await self._settle_alone(one)

    async def _settle_alone(self, one: LandedLetter) -> None:
        """Settle a letter, or else note no more than its state: what is over must not be sent again for ever."""
        try:
            async with self._runtime.database.writing() as connection:
                await self._settle(connection, [one])
                return
        except Exception as error:
            if is_unreachable(error):
                raise
            log.exception("letter_not_settled", outbox_id=one.letter.id)
            if one.settled.state == "queued":
                return  # it still is
        async with self._runtime.database.writing() as connection:
            await outbox.settle(connection, [SettledLetter(one.letter.id, one.settled.state)], self._runtime.clock())

    def _patience(self) -> float:
        """Return how long to wait for a ring before looking again."""
        return min(IDLE_SECONDS, self._pace.held() or IDLE_SECONDS)

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
            if self._is_full() or self._is_behind() or self._pace.held() or not self._leads():
                return
            # What lands while this reads is not read again: it counts as on its way until it is settled.
            taken = frozenset(self._replies)
            at = (self._sender.channel, self._sender.bot)
            async with self._runtime.database.reading() as connection:
                due = await outbox.next_replies(
                    connection, *at, taken, REPLIES_IN_FLIGHT - len(taken), self._runtime.clock()
                )
                for letter in await standing.found(connection, due):
                    self._replies[letter.id] = letter
                    self._launch(letter)

    def _is_full(self) -> bool:
        return len(self._replies) == REPLIES_IN_FLIGHT

    def _is_behind(self) -> bool:
        """Tell whether a reply waits too long to be settled."""
        first = next((one.at for one in self._landed if one.letter.id in self._replies), None)
        return first is not None and time.monotonic() - first > LATEST_SETTLED_SECONDS

    # notices, and what became of letters

    async def _send_notices(self) -> None:
        """Settle replies as soon as they landed, and take notices half a load at a time."""
        while True:
            heard = self._landing.rings
            self._pace.make_way()
            if await retry_while_unreachable(self._exchange_whole):
                await retry_while_unreachable(self._take_replies)
            await self._landing.wait(heard, SETTLE_SECONDS if self._landed else self._patience())

    async def _exchange_whole(self) -> bool:
        """Exchange, to the end also when this is told to stop meanwhile."""
        self._exchanging = asyncio.create_task(self._exchange())
        return await asyncio.shield(self._exchanging)

    async def _exchange(self) -> bool:
        """Settle what came back and take the next notices, in one transaction. Tells whether replies were settled, or
        may be taken only now."""
        landed = tuple(self._landed)
        led, now = self._leads(), time.monotonic()
        room = self._room_for_notices() if led else 0  # replies first
        sources = await self._sources() if room else []
        if not (landed or sources or self._lease_is_old()):
            return False
        knows_in_flight, self._knows_in_flight = self._knows_in_flight, False
        due: list[DueLetter] = []
        async with self._runtime.database.writing() as connection:
            leads = await leases.hold(connection, self._name, self._me)
            await self._settle(connection, landed)
            if leads and not knows_in_flight:
                await self._settle_lost(connection)
            if leads and sources:
                due = await self._take_notices(connection, sources, room)
        self._knows_in_flight = leads
        self._leads_until = now + leases.SECONDS if leads else 0.0
        if not leads:
            self.trouble = None  # whoever leads now knows better
        freed = self._forget(landed)
        for letter in due:
            self._notices[letter.id] = letter
            self._notices_flying += 1
            self._launch(letter)
        if leads and not led:
            self._landing.ring()
        return leads and (freed or not led)

    def _forget(self, landed: Sequence[LandedLetter]) -> bool:
        """Forget what is settled now. Tells whether replies were among it."""
        del self._landed[: len(landed)]
        ids = {one.letter.id for one in landed}
        replies = ids & self._replies.keys()
        for id_ in ids:
            (self._replies if id_ in replies else self._notices).pop(id_)
        return bool(replies)

    def _leads(self) -> bool:
        return time.monotonic() < self._leads_until

    def _lease_is_old(self) -> bool:
        return time.monotonic() > self._leads_until - leases.SECONDS / 2

    def _room_for_notices(self) -> int:
        """Return how many notices may be taken. A few at a time would cost a transaction each: half a load at once."""
        room = self._most_notices - self._notices_flying
        may = (
            not self._pace.held()
            and not self._runtime.is_quiet(self._runtime.clock())
            and time.monotonic() >= self._no_notices_until
        )
        return room if may and room >= self._most_notices // 2 else 0

    async def _sources(self) -> list[Source]:
        """Return what there is to take, knowing what the notices say; one that cannot be read waits for who can."""
        async with self._runtime.database.reading() as connection:
            sources = await outbox.sources(connection, self._sender.channel, self._sender.bot, self._runtime.clock())
            try:
                await self._wording.learn(connection, [source for source in sources if source is not None])
            except DecodeError:
                return [source for source in sources if source is None or await self._can_read(connection, source)]
        if not sources:
            self._no_notices_until = time.monotonic() + LOOK_SECONDS
        return sources

    async def _can_read(self, connection: AsyncConnection, notice_id: int) -> bool:
        try:
            await self._wording.learn(connection, [notice_id])
        except DecodeError:
            if notice_id not in self._unreadable:
                log.warning("notice_unreadable", notice_id=notice_id)
            self._unreadable.add(notice_id)
            return False
        return True

    async def _take_notices(self, connection: AsyncConnection, sources: Sequence[Source], room: int) -> list[DueLetter]:
        at = (self._sender.channel, self._sender.bot)
        return await standing.found(
            connection, await outbox.take_notices(connection, *at, sources, room, self._runtime.clock())
        )

    async def _settle(self, connection: AsyncConnection, landed: Sequence[LandedLetter]) -> None:
        now = self._runtime.clock()
        refused = {one.letter.notice_id: one.refusal for one in landed if one.refusal is not None}
        for notice_id, error in refused.items():
            assert notice_id is not None
            await stop_refused(connection, self._runtime, notice_id, error, now)
            self._bell.ring()
        await outbox.settle(connection, [one.settled for one in landed], now)
        for one in landed:
            if one.settled.state == "blocked":
                await outbox.mark_blocked(connection, one.letter.conversation_id, now)
        await standing.keep(connection, [one.standing for one in landed if one.standing is not None])

    async def _settle_lost(self, connection: AsyncConnection) -> None:
        """Settle what was on its way when the last leader died, but for what this one is sending itself."""
        at = (self._sender.channel, self._sender.bot)
        await outbox.settle_in_flight(connection, *at, self._runtime.clock(), self._notices)

    # one letter

    def _launch(self, letter: DueLetter) -> None:
        task = asyncio.create_task(self._deliver(letter))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _deliver(self, letter: DueLetter) -> None:
        self._landed.append(await self._landed_after(letter))
        if self._is_urgent(letter):
            self._landing.ring()

    async def _landed_after(self, letter: DueLetter) -> LandedLetter:
        """Send a letter. A bug must not leave it on its way for ever: nobody knows how far it got."""
        try:
            outcome = await self._outcome(letter)
            message_id = outcome.message_id if isinstance(outcome, Sent) else None
            return LandedLetter(letter, self._judged(letter, outcome), message_id, time.monotonic())
        except Exception as error:
            log.exception("letter_broken", outbox_id=letter.id)
            return LandedLetter(letter, self._unknown(letter, type(error).__name__), None, time.monotonic())

    def _unknown(self, letter: DueLetter, error: str) -> SettledLetter:
        if letter.priority == NOTICE:
            return SettledLetter(letter.id, "uncertain", error)
        return SettledLetter(
            letter.id, "queued", error, self._runtime.clock() + timedelta(seconds=backoff(letter.attempts))
        )

    async def _outcome(self, letter: DueLetter) -> Outcome:
        """Word and send a letter. A notice that cannot be worded costs its own letters, not the delivery."""
        if letter.notice_id is None:
            outcome = Rejected("unreadable") if letter.unreadable else await self._send(letter, letter.outgoing)
            if isinstance(outcome, Rejected) and (letter.outgoing is not None or letter.unreadable):
                return await self._send_instead(letter, letter.outgoing, outcome)
            return outcome
        try:
            outgoing = self._wording.outgoing(letter.notice_id, letter.language, self._sender.channel)
        except Exception as error:
            log.exception("notice_not_worded", outbox_id=letter.id)
            return Later(type(error).__name__)
        return await self._send(letter, outgoing)

    def _is_urgent(self, letter: DueLetter) -> bool:
        """Tell whether to settle a letter that landed at once: a reply, lest it is sent again, or the notice that
        leaves room for others."""
        if letter.id in self._replies:
            return True
        self._notices_flying -= 1
        return self._notices_flying == self._most_notices // 2

    async def _send(self, letter: DueLetter, outgoing: Outgoing | None) -> Outcome:
        if outgoing is None:
            return await self._try(letter, None)
        await (self._pace.turn_of_notice if letter.priority == NOTICE else self._pace.turn_of_reply)(letter.address)
        try:
            return await self._try(letter, outgoing)
        finally:
            self._pace.sent(letter.address, group=self._sender.is_group(letter.address))

    async def _send_instead(self, letter: DueLetter, outgoing: Outgoing | None, refused: Rejected) -> Outcome:
        """Say plainly what was refused with its files, buttons and marks, or else that there is something to say: a
        person who wrote is never left without an answer. Returns the refusal when nothing at all is taken."""
        log.error("letter_refused", outbox_id=letter.id, error=refused.error)
        REFUSED.labels(self._sender.channel).inc()
        again = replace(letter, callback=None, standing=None)
        if outgoing is not None and outgoing.text.strip():
            outcome = await self._send(again, Outgoing(outgoing.text))
            if not isinstance(outcome, Rejected):
                return outcome
        outcome = await self._send(again, await self._cannot_be_shown(letter))
        return refused if isinstance(outcome, Rejected) else outcome

    async def _cannot_be_shown(self, letter: DueLetter) -> Outgoing:
        async with self._runtime.database.reading() as connection:
            language = await outbox.language_of(connection, letter.conversation_id)
        return self._runtime.said(Message(CANNOT_BE_SHOWN), language)

    async def _try(self, letter: DueLetter, outgoing: Outgoing | None) -> Outcome:
        if self._is_refused(letter):  # while it waited for its place
            return Later("its notice was refused", 0.0)
        try:
            return await self._sender.send(letter.address, outgoing, letter.callback, letter.standing)
        except Exception as error:
            # A bug of the channel must cost one letter, not the delivery; nobody knows how far it got.
            log.exception("sender_broken", outbox_id=letter.id)
            return Later(type(error).__name__, uncertain=True)

    def _is_refused(self, letter: DueLetter) -> bool:
        """Tell whether the channel has refused what a letter says when it was for somebody else."""
        id_ = letter.notice_id
        return id_ is not None and id_ in self._refused and self._refused[id_] == self._wording.version(id_)

    def _judged(self, letter: DueLetter, outcome: Outcome) -> SettledLetter:
        match outcome:
            case Sent():
                if not self._pace.held():  # this one may have been on its way before
                    self.trouble = None
                return SettledLetter(letter.id, "sent")
            case Later(error, uncertain=True) if letter.priority == NOTICE:
                log.info("notice_uncertain", outbox_id=letter.id, error=error)
                return SettledLetter(letter.id, "uncertain", error)
            case Later(error, seconds, whole_bot, _, too_many):
                if too_many:
                    self._pace.slow_down(letter.address)
                wait = seconds if seconds is not None else backoff(letter.attempts)
                if whole_bot:
                    self.trouble = f"messages wait: {error}"
                    self._pace.hold(wait)
                log.info("letter_delayed", outbox_id=letter.id, error=error, seconds=round(wait, 1))
                return SettledLetter(letter.id, "queued", error, self._runtime.clock() + timedelta(seconds=wait))
            case BlockedByPerson(error):
                return SettledLetter(letter.id, "blocked", error)
            case OutsideWindow(error):
                return SettledLetter(letter.id, "outside", error)
            case Rejected(error, only_here=False) if letter.notice_id is not None:
                log.warning("notice_refused", outbox_id=letter.id, notice_id=letter.notice_id, error=error)
                self._refused[letter.notice_id] = self._wording.version(letter.notice_id)
                return SettledLetter(letter.id, "queued", error)
            case Rejected(error):
                log.error("letter_rejected", outbox_id=letter.id, error=error)
                return SettledLetter(letter.id, "failed", error)


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Wait until tasks are over. Those that take too long are called off."""
    for cancel in (False, True):
        under_way = [task for task in tasks if not task.done()]
        if not under_way:
            return
        if cancel:
            for task in under_way:
                task.cancel()
        await asyncio.wait(under_way, timeout=LANDING_SECONDS)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do a work to its end, also when this is told to stop meanwhile."""
    doing = asyncio.create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await doing
        raise


async def stop_refused(
    connection: AsyncConnection, runtime: Runtime, notice_id: int, error: str, now: datetime
) -> None:
    """Pause a notice that a channel takes from nobody, and tell its author; once."""
    if not await notices.refuse(connection, notice_id, error):
        return
    notice = await notices.find(connection, notice_id)
    to = await outbox.recipient_of(connection, await notices.conversation_of(connection, notice_id))
    if notice is not None and to is not None:
        await outbox.queue(connection, [Letter(to, runtime.said(refused_message(notice), to.language))], now)


def backoff(attempts: int) -> float:
    """Return seconds to wait after so many attempts: doubling from half a second, with jitter, bounded."""
    seconds = min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempts - 1, 12))
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311
