"""`python -m tests.system.power_cut FILE GROUP`: kill a process group right after it has committed to a SQLite file.

The next transaction is held up meanwhile, as a backup would. At moments drawn by chance alone, two transactions
that ought to be one are not told apart often enough. A program of its own, for it must be quick.
"""

import os
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress

LONGEST = 1.0


def main() -> None:
    file, group = sys.argv[1], int(sys.argv[2])
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and _locks(connection):
            connection.execute("ROLLBACK")
            time.sleep(0.0002)
        while time.monotonic() < until and not _locks(connection):
            pass
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _locks(connection: sqlite3.Connection) -> bool:
    """Keep others from writing, unless one of them is just doing so."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


if __name__ == "__main__":
    main()
