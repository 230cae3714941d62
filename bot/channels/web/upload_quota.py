"""How much may be uploaded in a day by one conversation, from one network address and in all, so that nobody fills the
disk."""

from datetime import date

MOST_REMEMBERED = 100_000


class UploadQuota:
    """Counts bytes by key and day, in memory: after a restart everybody may begin anew."""

    def __init__(self, bytes_a_day: int) -> None:
        self._bytes_a_day = bytes_a_day
        self._day: date | None = None
        self._used: dict[str, int] = {}

    def allows(self, key: str, size: int, day: date) -> bool:
        """Tell whether so much more may be kept today, and count it if so."""
        if day != self._day or len(self._used) >= MOST_REMEMBERED:
            self._day, self._used = day, {}
        used = self._used.get(key, 0) + size
        if used > self._bytes_a_day:
            return False
        self._used[key] = used
        return True

    def give_back(self, key: str, size: int) -> None:
        """Take back what was counted and then not kept."""
        if key in self._used:
            self._used[key] = max(0, self._used[key] - size)
