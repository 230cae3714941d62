"""When the next message may go: so many a second for the bot and for each chat, replies before notices."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.services.latency import Latency
from bot.services.sending import Rates

# A bot's messages may come a little early, counted in their usual distance: what a clock or the loop was late by is
# made up for, and a reply need not wait for its place among notices.
EARLY_NOTICES = 2
EARLY_REPLIES = 8
MOST_CHATS = 10_000
LOOK_AGAIN_SECONDS = 0.05
# A notice sent in the middle of a turn makes it longer; one that waits this long loses nothing of its rate.
BRIEFLY = 0.01

SLOW_TURNS = 0.2
SLOWEST = 0.05
SLOWER, FASTER = 0.5, 0.1
ADJUST_SECONDS = 1.0


@dataclass(slots=True)
class _Chat:
    """A chat's own bucket: when it will be full again, when its last message was out, and whether one is under way."""

    full: float = 0.0
    last: float = -math.inf
    taken: bool = False


class RateLimiter:
    """One bot's places in time. Nothing goes while it is held; notices go slower while turns are slow."""

    def __init__(self, rates: Rates, turns: Latency) -> None:
        self._rates = rates
        self._turns = turns
        self._between = 1 / rates.per_bot
        self._next = 0.0
        self._next_notice = 0.0
        self._chats: dict[str, _Chat] = {}
        # Chats that Telegram said 429 for: they get no burst any more. A dict, so that the oldest is forgotten first.
        self._slow: dict[str, None] = {}
        self._held_until = 0.0
        self._replies, self._notices = asyncio.Lock(), asyncio.Lock()
        self._adjusted = 0.0
        self.share = 1.0

    def hold(self, seconds: float) -> None:
        """Send nothing for a while, and nothing early after it."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)
        self._next = max(self._next, self._held_until + EARLY_REPLIES * self._between)

    def held(self) -> float:
        """Return the seconds the bot is still held, 0 when it is not."""
        return max(0.0, self._held_until - time.monotonic())

    def make_way(self) -> None:
        """Halve the share of notices each second that turns are slow, and give it back by tenths."""
        now = time.monotonic()
        if now - self._adjusted < ADJUST_SECONDS:
            return
        self._adjusted = now
        if self._turns.p99() > SLOW_TURNS:
            self.share = max(SLOWEST, self.share * SLOWER)
        else:
            self.share = min(1.0, self.share + FASTER)

    def slow_down(self, address: str) -> None:
        """Give a chat no burst from now on: the channel said that it got too many messages."""
        if len(self._slow) >= MOST_CHATS:
            del self._slow[next(iter(self._slow))]
        self._slow[address] = None

    def sent(self, address: str, *, group: bool = False) -> None:
        """Count a chat's pause from when its last message, which may have had parts, was out."""
        now = time.monotonic()
        if len(self._chats) > MOST_CHATS:
            self._chats = {key: chat for key, chat in self._chats.items() if chat.taken or chat.full > now}
        chat = self._chats.setdefault(address, _Chat())
        pause = 1 / (self._rates.per_group if group else self._rates.per_chat)
        # In a group, others' pauses are longer than a burst could ever make up for.
        begun = now + (self._burst_seconds() if group else 0.0)
        chat.full = max(chat.full, begun) + pause
        chat.last, chat.taken = now, False

    def free_chats(self) -> None:
        """Forget that anything is under way: whoever sends now was not told of it."""
        for chat in self._chats.values():
            chat.taken = False

    async def turn_of_reply(self, address: str) -> None:
        """Wait for the chat, which may get a few replies in a burst, and for the bot."""
        await self._chat_ready(address, self._reply_ready)
        async with self._replies:
            await self._place(EARLY_REPLIES)

    async def turn_of_notice(self, address: str) -> None:
        """Wait for the chat, for the bot, and for replies, which need not wait for this."""
        await self._chat_ready(address, self._notice_ready)
        async with self._notices:
            while (wait := self._next_notice - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await self._turns.until_nobody_waits(BRIEFLY)
            await self._place(EARLY_NOTICES)
            # At full share only the bot's own rate counts.
            slower = self._between / self.share if self.share < 1 else 0.0
            self._next_notice = max(self._next_notice, time.monotonic()) + slower

    def _burst_seconds(self) -> float:
        """Return how much too early a chat's message may be, so that as many as its burst may come at once."""
        return (self._rates.chat_burst - 1) / self._rates.per_chat

    def _reply_ready(self, address: str, chat: _Chat) -> float:
        return chat.full - (0.0 if address in self._slow else self._burst_seconds())

    def _notice_ready(self, address: str, chat: _Chat) -> float:
        return max(chat.last + 1 / self._rates.per_chat, self._reply_ready(address, chat))

    async def _chat_ready(self, address: str, ready: Callable[[str, _Chat], float]) -> None:
        """Wait for a chat and take it: nothing else goes there until `sent` says when."""
        while True:
            chat = self._chats.setdefault(address, _Chat())
            wait = LOOK_AGAIN_SECONDS if chat.taken else ready(address, chat) - time.monotonic()
            if wait <= 0:
                break
            await asyncio.sleep(min(wait, LOOK_AGAIN_SECONDS))
        chat.taken = True

    async def _place(self, early: int) -> None:
        """Wait until the bot may send and count the message. Several may wait; each looks again when it wakes."""
        while (wait := max(self._held_until, self._next - early * self._between) - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self._next = max(self._next, time.monotonic()) + self._between
