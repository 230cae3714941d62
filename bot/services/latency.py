"""How long people wait for their turn, over the last seconds: notices make way when it grows."""

import time
from collections import deque

WINDOW_SECONDS = 5.0


class Latency:
    """The waits of the last seconds, in seconds."""

    def __init__(self) -> None:
        self._waits: deque[tuple[float, float]] = deque(maxlen=2000)

    def note(self, seconds: float) -> None:
        """Keep how long somebody waited."""
        self._waits.append((time.monotonic(), seconds))

    def p99(self) -> float:
        """Return the 99th percentile; 0 when nobody waited lately."""
        since = time.monotonic() - WINDOW_SECONDS
        waits = sorted(seconds for at, seconds in self._waits if at >= since)
        return waits[min(len(waits) - 1, len(waits) * 99 // 100)] if waits else 0.0
