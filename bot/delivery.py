"""Delivery: sends what the outbox holds, as fast as a channel allows, and notes what became of it."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.bell import Bell
from bot.services.sending import BlockedByPerson, Later, Outcome, Rejected, Sender, Sent
from bot.store import outbox
from bot.store.database import Database, patiently
from bot.store.outbox import Due, Settled

log = structlog.get_logger()

IN_FLIGHT = 64
LONGEST_BACKOFF = 300.0
IDLE_SECONDS = 1.0
SETTLE_SECONDS = 0.05
LANDING_SECONDS = 5.0


class Delivery:
    """Sends the letters of one bot. At most one letter of a conversation is on its way, so their order holds."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        clock: Callable[[], datetime],
        bell: Bell,
    ) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock
        self._bell = bell
        self._pace = _Pace(sender.rates.per_bot, sender.rates.per_chat)
        self._flying: dict[asyncio.Task[None], int] = {}
        self._settled: list[Settled] = []
        self._blocked: list[int] = []
        # False at the start and after a transaction whose end is not known: then the outbox may hold letters as on
        # their way that nobody is sending.
        self._knows_in_flight = False
        self.trouble: str | None = None

    async def run(self) -> None:
        """Send for ever. What was in flight when the last process died is sent again."""
        try:
            while True:
                heard = self._bell.rings
                if not await patiently(self._exchange):
                    await self._bell.wait(heard, self._patience())
        finally:
            await self._land()

    async def _land(self) -> None:
        """Wait for letters that are on their way and settle them, so that a stop asked for repeats none."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=LANDING_SECONDS)
        with suppress(SQLAlchemyError, OSError):  # without a database, they are sent again
            async with self._database.writing() as connection:
                await self._settle(connection, self._settled, self._blocked)

    async def _exchange(self) -> bool:
        """Settle what came back and take what is due, in one transaction. Tells whether anything was done."""
        settled, blocked = tuple(self._settled), tuple(self._blocked)
        room = 0 if self._pace.held() else IN_FLIGHT - len(self._flying) - len(settled)
        if not settled and not room:
            return False
        now, sender, due = self._clock(), self._sender, []
        knows_in_flight, self._knows_in_flight = self._knows_in_flight, False
        async with self._database.writing() as connection:
            await self._settle(connection, settled, blocked)
            if not knows_in_flight:
                await outbox.requeue_in_flight(connection, sender.channel, sender.bot, list(self._flying.values()))
            if room:
                due = await outbox.take_due(connection, sender.channel, sender.bot, room, now)
        self._knows_in_flight = True
        del self._settled[: len(settled)], self._blocked[: len(blocked)]
        for letter in due:
            task = asyncio.create_task(self._deliver(letter))
            self._flying[task] = letter.id
            task.add_done_callback(self._landed)
        return bool(settled or due)

    async def _settle(self, connection: AsyncConnection, settled: Sequence[Settled], blocked: Sequence[int]) -> None:
        now = self._clock()
        await outbox.settle(connection, settled, now)
        for conversation_id in blocked:
            await outbox.mark_blocked(connection, conversation_id, now)

    def _landed(self, task: asyncio.Task[None]) -> None:
        # New letters are urgent, settled ones are not: those wait for the next exchange, unless there is no room.
        if len(self._flying) + len(self._settled) > IN_FLIGHT:
            self._bell.ring()
        del self._flying[task]

    def _patience(self) -> float:
        """Return how long to wait for a ring before looking again."""
        if self._settled:
            return SETTLE_SECONDS
        return min(IDLE_SECONDS, self._pace.held() or IDLE_SECONDS)

    async def _deliver(self, letter: Due) -> None:
        if letter.outgoing is not None:
            await self._pace.turn(letter.address)
        outcome = await self._sender.send(letter.address, letter.outgoing, letter.callback)
        self._pace.sent(letter.address)
        self._settled.append(self._judged(letter, outcome))

    def _judged(self, letter: Due, outcome: Outcome) -> Settled:
        match outcome:
            case Sent():
                self.trouble = None
                return Settled(letter.id, "sent")
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
            case Rejected(error):
                log.error("letter_rejected", outbox_id=letter.id, error=error)
                return Settled(letter.id, "failed", error)


def backoff(attempts: int) -> float:
    """Return seconds to wait after so many attempts: doubling from half a second, with jitter, bounded."""
    seconds = min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempts - 1, 12))
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311


class _Pace:
    """When the next message may go: evenly spaced for the bot and for each chat; nothing while the bot is held."""

    def __init__(self, per_bot: float, per_chat: float) -> None:
        self._between_any = 1 / per_bot
        self._between_same = 1 / per_chat
        self._next_any = 0.0
        self._next_of: dict[str, float] = {}
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Send nothing for a while."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)

    def held(self) -> float:
        """Return the seconds the bot is still held, 0 when it is not."""
        return max(0.0, self._held_until - time.monotonic())

    def sent(self, address: str) -> None:
        """Count a chat's pause from when its last message, which may have had parts, was out."""
        self._next_of[address] = time.monotonic() + self._between_same

    async def turn(self, address: str) -> None:
        """Wait for one's turn. Whoever waits while the bot is held queues anew, so that not all go at once after it."""
        at = self._place(address)
        while (wait := at - time.monotonic()) > 0:
            await asyncio.sleep(wait)
            if self.held():
                at = self._place(address)

    def _place(self, address: str) -> float:
        """Take the next free moment of the bot and return when both it and the chat are ready."""
        now = time.monotonic()
        free = max(now, self._next_any, self._held_until)
        self._next_any = free + self._between_any
        if len(self._next_of) > 10_000:
            self._next_of = {chat: ready for chat, ready in self._next_of.items() if ready > now}
        return max(free, self._next_of.get(address, 0.0))
