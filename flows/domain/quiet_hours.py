"""The hours in which nothing is sent automatically."""

from datetime import datetime, time

from msgspec import Struct


class QuietHours(Struct, frozen=True):
    """The hours in which nothing is sent automatically, by local time; over midnight when `start` is later."""

    start: time = time(21, 0)
    end: time = time(6, 0)

    def holds(self, local: datetime) -> bool:
        """Tell whether a local time is within."""
        now = local.time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


QUIET = QuietHours()
