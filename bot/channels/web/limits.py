"""How often the web chat may be used: by one conversation, from one network address, and in all.

A village may share one address: phone networks hide hundreds of phones behind it. So what one address may do is meant
for a whole meeting at once, and what one person may do is counted by conversation. The buckets are in memory: every
server counts for itself, and after a restart everybody may begin anew.
"""

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request

MOST_REMEMBERED = 100_000
EVERYBODY = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and so many at once after a quiet time."""

    a_second: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be done from one network address, and in all."""

    of_one: Rate
    in_all: Rate


LIMITS: Mapping[str, Limit] = {
    "open": Limit(Rate(10, 300), Rate(200, 2_000)),
    "say": Limit(Rate(50, 600), Rate(1_000, 5_000)),
    # The first words of a conversation: whatever somebody makes up costs rows from here on.
    "begin": Limit(Rate(5, 300), Rate(50, 1_000)),
    "poll": Limit(Rate(100, 1_200), Rate(2_000, 20_000)),
    # A token without our signature, which has to be looked up.
    "unsigned": Limit(Rate(5, 300), Rate(100, 5_000)),
    # Whoever scans one; and whoever tries codes, for which a hundred million years are needed at this rate.
    "certificate": Limit(Rate(5, 100), Rate(200, 2_000)),
    # Whoever tries tokens of links; nobody signs in often.
    "sign in": Limit(Rate(1, 30), Rate(20, 200)),
    "upload": Limit(Rate(10, 200), Rate(50, 500)),
}
OF_A_CONVERSATION = Rate(2, 30)


class TooMany(Exception):
    """More than is allowed; the same will do after so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class RateLimiter:
    """A token bucket for each key, kept as the moment at which it will be full again."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._distance = 1 / rate.a_second
        self._depth = rate.at_once * self._distance
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, key: str) -> None:
        """Count one. Raises TooMany."""
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now) + self._distance
        if (wait := full_at - now - self._depth) > 1e-9:
            raise TooMany(wait)
        if key not in self._full_at and len(self._full_at) >= MOST_REMEMBERED:
            self._forget(now)
        self._full_at[key] = full_at

    def _forget(self, now: float) -> None:
        """Forget who has been quiet; all, when nearly nobody has."""
        busy = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        self._full_at = busy if len(busy) < MOST_REMEMBERED // 2 else {}


class Door:
    """Lets in what the limits allow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_one = {act: RateLimiter(limit.of_one, clock) for act, limit in LIMITS.items()}
        self._in_all = {act: RateLimiter(limit.in_all, clock) for act, limit in LIMITS.items()}
        self._of_conversation = RateLimiter(OF_A_CONVERSATION, clock)

    def enter(self, act: str, host: str) -> None:
        """Count something done from a network address. Raises TooMany. Who is refused uses up nothing of the others."""
        self._of_one[act].take(network_of(host))
        self._in_all[act].take(EVERYBODY)

    def speak(self, address: str) -> None:
        """Count something said in a conversation. Raises TooMany."""
        self._of_conversation.take(address)


def host_of(request: Request) -> str:
    """Return the network address of who asks; behind a proxy the one it tells, if uvicorn was told to trust it."""
    return request.client.host if request.client is not None else ""


@lru_cache(maxsize=4096)
def network_of(host: str) -> str:
    """Return what counts as one address: of IPv6 the half that a household or a phone gets, as all of it is theirs."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
