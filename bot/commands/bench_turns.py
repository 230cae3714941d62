"""The benchmark of turns: residents fill in forms as fast as they are answered.

Every turn is whole and durable: the update is committed to the inbox, gathered, decided by the real engine on a
shipped criteria set, worded from the catalogues with its buttons, and committed with session, answer and letter
(`synchronous=FULL`); then the resident answers it. The baseline makes the same changes to the same tables through the
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
        raw = await asyncio.to_thread(raw_turns_per_s, Path(folder) / "bench.db", min(len(took), 10_000))
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
    """Change the rows of a turn through sqlite3, a commit a turn, in the tables the residents have just filled."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    people = connection.execute(
        "SELECT c.id, a.id, c.session FROM conversations c JOIN assessments a ON a.person_id = c.person_id"
    ).fetchall()
    ((letter,),) = connection.execute("SELECT body FROM outbox ORDER BY id DESC LIMIT 1")
    questions = [row[0] for row in connection.execute("SELECT DISTINCT indicator_id FROM answers")]
    reply, at = b'{"type":"typed","text":"Hang ngay"}', "2026-10-01 01:00:00.000000"
    began = time.perf_counter()
    for n in range(turns):
        conversation, form, session = people[n % len(people)]
        connection.execute("BEGIN IMMEDIATE")
        received = connection.execute(
            "INSERT INTO inbox (channel, bot, update_id, conversation_id, body, received_at)"
            " VALUES ('bench', 'bench', ?, ?, ?, ?)",
            (f"raw-{n}", conversation, reply, at),
        ).lastrowid
        connection.execute("UPDATE conversations SET session = ? WHERE id = ?", (session, conversation))
        connection.execute(
            "INSERT INTO answers VALUES (?, ?, 'daily', 10, NULL, ?)"
            " ON CONFLICT DO UPDATE SET level_id = excluded.level_id, points = excluded.points, at = excluded.at",
            (form, questions[n % len(questions)], at),
        )
        connection.execute("UPDATE assessments SET version = version + 1, total = 100 WHERE id = ?", (form,))
        connection.execute(
            "INSERT INTO outbox (conversation_id, channel, bot, address, priority, body, state, created_at)"
            " VALUES (?, 'bench', 'bench', ?, 0, ?, 'queued', ?)",
            (conversation, str(n % len(people)), letter, at),
        )
        connection.execute("UPDATE inbox SET done_at = ?, body = NULL WHERE id = ?", (at, received))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return turns / seconds


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
