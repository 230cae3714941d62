"""The benchmark of turns: residents fill in forms as fast as they are answered.

Every turn is whole and durable: the update is committed to the inbox, gathered, decided by the real engine on a
shipped criteria set, worded from the catalogues with its buttons, and committed with session, answer and letter
(`synchronous=FULL`); then the resident answers it. The baseline makes the same changes to the same rows through the
standard library's sqlite3, one commit a turn, and nothing else: it decides nothing, reads nothing and words nothing.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.application import spare_the_collector
from bot.catalogues import load
from bot.services.criteria_files import shipped
from bot.services.rounds import load_shipped, open_round
from bot.services.turns import Done, Turns
from bot.store import setup
from bot.store.applying import Decided
from bot.store.database import PRAGMAS, Database
from bot.store.inbox import Incoming
from bot.store.migrating import migrate
from bot.store.outbox import Letter
from flows.criteria import CriteriaSet
from flows.messages import Outgoing
from flows.replies import Typed
from flows.units import Unit, UnitTree

CHANNEL = "bench"
ALONE_TURNS = 200
DAY = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)


class Figures(msgspec.Struct):
    """What was measured: turns a second, milliseconds from an update to its letter, alone: one resident by himself."""

    turns_per_s: float
    raw_turns_per_s: float
    ratio: float
    p50_ms: float
    p99_ms: float
    alone_p99_ms: float


class Line(Turns):
    """The turn loop with somebody at the other end: who was answered in a batch hears it once it is committed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, load(), lambda: DAY, ZoneInfo("Asia/Ho_Chi_Minh"))
        self.waiting: dict[str, asyncio.Future[Outgoing]] = {}
        self._answered: list[Letter] = []

    async def run_once(self) -> Done:
        """Work through a batch and hand over its letters."""
        done = await super().run_once()
        for letter in self._answered:
            self._hand_over(letter)
        self._answered.clear()
        return done

    async def _letters(self, connection: AsyncConnection, decided: Sequence[Decided], units: UnitTree) -> list[Letter]:
        letters = await super()._letters(connection, decided, units)
        self._answered += letters
        return letters

    def _hand_over(self, letter: Letter) -> None:
        if letter.outgoing is not None and not self.waiting[letter.to.address].done():
            self.waiting[letter.to.address].set_result(letter.outgoing)

    def give_up(self, worker: "asyncio.Task[None]") -> None:
        """Let nobody wait for a loop that has died."""
        for answer in self.waiting.values():
            answer.cancel()


class Resident:
    """Somebody who answers at once. `update` numbers what they send."""

    def __init__(self, line: Line, address: str) -> None:
        self._line = line
        self._address = address
        self._sent = 0

    async def say(self, text: str) -> float:
        """Send a text and wait for its answer. Returns the milliseconds it took."""
        self._sent += 1
        answer: asyncio.Future[Outgoing] = asyncio.get_running_loop().create_future()
        self._line.waiting[self._address] = answer
        began = time.perf_counter()
        update = Incoming(CHANNEL, CHANNEL, self._address, f"{self._address}-{self._sent}", Typed(text))
        await self._line.receive([update])
        await answer
        return (time.perf_counter() - began) * 1000

    async def register(self) -> None:
        """Get to the first question of the form."""
        for text in ("/start v-bench-1", "Tiếng Việt", "đồng ý", "Nguyễn Văn An", "1970", "có", "1", "có", "bắt đầu"):
            await self.say(text)

    async def fill(self, criteria: CriteriaSet) -> list[float]:
        """Fill in the form once, from the first question to the summary, and go back to the first."""
        took = []
        for number, indicator in enumerate(criteria.indicators, 1):
            took.append(await self.say(indicator.levels[0].label.vi))
            if indicator.evidence == "asked":
                took.append(await self.say("bỏ qua"))
            if number < len(criteria.indicators):
                took.append(await self.say(f"sửa {number + 1}"))
        took.append(await self.say("sửa 1"))
        return took


async def measure(residents: int, forms: int) -> Figures:
    """Measure turns of many residents, of one alone, and the baseline, in one run on one disk."""
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        await _commune(database)
        line = Line(database)
        working = asyncio.create_task(line.run())
        working.add_done_callback(line.give_up)
        criteria = next(criteria for criteria in shipped() if criteria.group == "farmer")
        crowd = [Resident(line, str(number)) for number in range(residents)]
        await asyncio.gather(*(one.register() for one in crowd))
        alone = [took for _ in range(ALONE_TURNS // 20) for took in await crowd[0].fill(criteria)]
        spare_the_collector()
        began = time.perf_counter()
        took = [ms for many in await asyncio.gather(*(_fill(one, criteria, forms) for one in crowd)) for ms in many]
        seconds = time.perf_counter() - began
        working.cancel()
        await asyncio.wait([working])
        await database.close()
        raw = await asyncio.to_thread(raw_turns_per_s, Path(folder) / "raw.db", min(len(took), 10_000))
    return Figures(
        turns_per_s=len(took) / seconds,
        raw_turns_per_s=raw,
        ratio=len(took) / seconds / raw,
        p50_ms=_percentile(took, 50),
        p99_ms=_percentile(took, 99),
        alone_p99_ms=_percentile(alone, 99),
    )


async def _fill(one: Resident, criteria: CriteriaSet, forms: int) -> list[float]:
    return [ms for _ in range(forms) for ms in await one.fill(criteria)]


async def _commune(database: Database) -> None:
    await migrate(database)
    await load_shipped(database, DAY)
    async with database.writing() as connection:
        units = [Unit(0, "bench", "Xã Mẫu", "commune"), Unit(0, "bench-1", "Thôn Mẫu", "village")]
        await setup.save_units(connection, units, {"bench-1": "bench"})
    await open_round(
        database, year=2026, name="Đợt mẫu", unit_code="bench", opens=date(2026, 1, 1), closes=date(2026, 12, 31)
    )


def raw_turns_per_s(path: Path, turns: int) -> float:
    """Change the rows of a turn through sqlite3, a commit a turn: inbox, session, answer, form, letter."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.executescript(
        """
        CREATE TABLE inbox (id INTEGER PRIMARY KEY, channel, bot, update_id, conversation_id, body, done_at,
                            UNIQUE (channel, bot, update_id));
        CREATE TABLE conversations (id INTEGER PRIMARY KEY, session);
        CREATE TABLE answers (assessment_id, indicator_id, level_id, points, at,
                              PRIMARY KEY (assessment_id, indicator_id)) WITHOUT ROWID;
        CREATE TABLE assessments (id INTEGER PRIMARY KEY, version, total);
        CREATE TABLE outbox (id INTEGER PRIMARY KEY, conversation_id, body, state, created_at);
        """
    )
    people = 64
    connection.executemany("INSERT INTO conversations VALUES (?, '')", [(n,) for n in range(people)])
    connection.executemany("INSERT INTO assessments VALUES (?, 0, 0)", [(n,) for n in range(people)])
    session, letter, reply = b"s" * 120, b"l" * 900, b"r" * 40
    began = time.perf_counter()
    for n in range(turns):
        who = n % people
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO inbox VALUES (?, 'bench', 'bench', ?, ?, ?, NULL)", (n, str(n), who, reply))
        connection.execute("UPDATE conversations SET session = ? WHERE id = ?", (session, who))
        connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, 'a', 10, 'now')", (who, str(n % 10)))
        connection.execute("UPDATE assessments SET version = ?, total = ? WHERE id = ?", (n, n, who))
        connection.execute("INSERT INTO outbox VALUES (?, ?, ?, 'queued', 'now')", (n, who, letter))
        connection.execute("UPDATE inbox SET done_at = 'now', body = NULL WHERE id = ?", (n,))
        connection.execute("UPDATE outbox SET state = 'sent', body = NULL WHERE id = ?", (n,))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return turns / seconds


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
