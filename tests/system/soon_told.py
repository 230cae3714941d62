"""`hoctap` in which nobody waits a minute: what is decided is told after two seconds."""

from datetime import timedelta

import bot.store.batches
from bot.main import main

UNTIL_TOLD = timedelta(seconds=2)


def tell_soon() -> None:
    """Leave only so long to undo what is decided."""
    bot.store.batches.UNDO_FOR = UNTIL_TOLD  # type: ignore[attr-defined]


if __name__ == "__main__":
    tell_soon()
    main()
