"""Telegram's sending limits: thirty messages a second a bot, one a private chat with a
short burst, twenty a minute a group."""

import math
from dataclasses import dataclass, field

import msgspec


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fast a bot may send. `speed` scales every rate; announced waits stay whole seconds."""

    per_bot: float = 30.0
    per_bot_burst: int = 30
    per_chat: float = 1.0
    per_chat_burst: int = 5
    per_group: float = 20 / 60
    per_group_burst: int = 20
    speed: float = 1.0
    # How much too early a message may be: a network does not deliver to the millisecond.
    jitter: float = 0.05
    retry_after: int = 1


@dataclass(frozen=True, slots=True)
class Limited:
    """A send that comes too soon. `ignored` when the sender had been told to wait and had time to hear it."""

    retry_after: int
    what: str
    ignored: bool


@dataclass(frozen=True, slots=True)
class _Ban:
    announced: float
    until: float


# A send already under way when the 429 went out cannot know of it.
_HEARD_AFTER = 0.3


@dataclass(slots=True)
class RateLimiter:
    """Leaky buckets (GCRA) a bot and a chat; refused sends cost nothing, announced waits are kept."""

    limits: Limits
    _due: dict[tuple[int, int], float] = field(default_factory=dict)
    _bans: dict[tuple[int, int], _Ban] = field(default_factory=dict)

    def admit(self, bot: int, chat: int, now: float) -> Limited | None:
        """Count a message in, or say why and how long it must wait."""
        return self._still_waiting(bot, chat, now) or self._too_soon(bot, chat, now)

    def ban(self, bot: int, chat: int, seconds: int, now: float) -> None:
        """Refuse what follows for so long; chat 0 stands for the whole bot."""
        self._bans[bot, chat] = _Ban(now, now + seconds - self.limits.jitter)

    def _still_waiting(self, bot: int, chat: int, now: float) -> Limited | None:
        for scope in (0, chat):
            ban = self._bans.get((bot, scope))
            if ban and now < ban.until:
                wait = math.ceil(ban.until - now)
                return Limited(wait, "retry_after still runs", now - ban.announced > _HEARD_AFTER)
        return None

    def _too_soon(self, bot: int, chat: int, now: float) -> Limited | None:
        rates = {0: self._bot_rate(), chat: self._chat_rate(chat)}
        for scope, (interval, burst) in rates.items():
            early = self._due.get((bot, scope), now) - now - (burst - 1) * interval - self.limits.jitter
            if early > 0:
                wait = max(self.limits.retry_after, math.ceil(early))
                self.ban(bot, scope, wait, now)
                return Limited(wait, "too many for the bot" if scope == 0 else "too many for the chat", False)
        for scope, (interval, _) in rates.items():
            self._due[bot, scope] = max(self._due.get((bot, scope), now), now) + interval
        return None

    def _bot_rate(self) -> tuple[float, int]:
        return 1 / (self.limits.per_bot * self.limits.speed), self.limits.per_bot_burst

    def _chat_rate(self, chat: int) -> tuple[float, int]:
        if chat < 0:
            return 1 / (self.limits.per_group * self.limits.speed), self.limits.per_group_burst
        return 1 / (self.limits.per_chat * self.limits.speed), self.limits.per_chat_burst
