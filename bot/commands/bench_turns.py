"""The benchmark of turns: residents fill in forms as fast as they are answered, from “begin” to “submit”.

Every turn is whole and durable: the update is committed to the inbox, gathered, decided by the real engine on a
shipped criteria set, worded from the catalogues with its buttons, and committed with session, answer and letter
(`synchronous=FULL`); then the resident answers it. The baseline makes the same changes to the same tables through the
standard library's sqlite3, one commit a turn, with an answer in as many turns as the residents had, and nothing else:
it decides nothing, reads nothing and words nothing.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import chain, count
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.application import spare_the_collector
from bot.catalogues import load
from bot.services.criteria_files import shipped
from bot.services.rounds import load_shipped, open_round
from bot.services.runtime import Runtime
from bot.services.turns import Done, Turns
from bot.store.core import setup
from bot.store.core.database import PRAGMAS, Database
from bot.store.core.decided import Decided
from bot.store.core.inbox import Incoming
from bot.store.core.migrating import migrate
from bot.store.core.outbox import Letter
from flows.conversation.replies import Typed
from flows.domain.criteria import CriteriaSet
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit

CHANNEL = "bench"
FORMS_ALONE = 16
REGISTRATION = ("/start v-bench-1", "Tiếng Việt", "đồng ý", "Nguyễn Văn An", "1970", "có", "1", "có")
DAY = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)


_update_ids = count()


class Figures(msgspec.Struct):
    """What was measured: turns a second, milliseconds from an update to its letter, alone: one resident by himself."""

    turns_per_s: float
    raw_turns_per_s: float
    ratio: float
    p50_ms: float
    p99_ms: float
    alone_p99_ms: float


class Line(Turns):
    """The turn loop with somebody at the other end: whom a batch answered is told once it is committed."""

    def __init__(self, database: Database) -> None:
        super().__init__(Runtime(database, load(), lambda: DAY, ZoneInfo("Asia/Ho_Chi_Minh")))
        self.answered: asyncio.Queue[list[str]] = asyncio.Queue()
        self._letters_of_batch: list[Letter] = []

    async def run_once(self) -> Done:
        """Work through a batch and hand over the addresses of its letters."""
        done = await super().run_once()
        if self._letters_of_batch:
            self.answered.put_nowait([letter.to.address for letter in self._letters_of_batch])
            self._letters_of_batch = []
        return done

    async def _letters(
        self, connection: AsyncConnection, decided: Sequence[Decided], units: UnitTree, now: datetime
    ) -> list[Letter]:
        self._letters_of_batch += (letters := await super()._letters(connection, decided, units, now))
        return letters


async def talk(line: Line, chairs: Iterable[Iterator[Incoming]]) -> list[float]:
    """Let every chair say the next thing as soon as it is answered. Returns the milliseconds of every turn.

    What is said at the same time comes together, as polling brings it.
    """
    took: list[float] = []
    waiting: dict[str, tuple[Iterator[Incoming], float]] = {}
    free = list(chairs)
    while True:
        said = [(chair, update) for chair in free if (update := next(chair, None)) is not None]
        now = time.perf_counter()
        waiting.update({update.address: (chair, now) for chair, update in said})
        if not waiting:
            return took
        await line.receive([update for _chair, update in said])
        answered = [waiting.pop(address) for address in await line.answered.get()]
        now = time.perf_counter()
        took += [(now - since) * 1000 for _chair, since in answered]
        free = [chair for chair, _since in answered]


def says(address: str, texts: Iterable[str]) -> Iterator[Incoming]:
    """Yield what a resident types."""
    for text in texts:
        yield Incoming(CHANNEL, CHANNEL, address, str(next(_update_ids)), Typed(text))


def form_texts(criteria: CriteriaSet) -> tuple[str, ...]:
    """Return what is typed into a form: every answer, no evidence."""
    answers = [
        (indicator.levels[0].label.vi, *(("bỏ qua",) if indicator.evidence == "asked" else ()))
        for indicator in criteria.indicators
    ]
    return ("bắt đầu", *chain.from_iterable(answers), "gửi phiếu")


def _one_after_another(residents: Iterable[str], texts: Sequence[str]) -> Iterator[Incoming]:
    return chain.from_iterable(says(one, texts) for one in residents)


async def measure(residents: int, forms: int) -> Figures:
    """Measure turns of many residents, of one alone, and the baseline, in one run on one disk.

    `forms` residents, one after the other, sit on each of the `residents` chairs.
    """
    criteria = next(criteria for criteria in shipped() if criteria.group == "farmer")
    crowd = [[f"{chair}-{place}" for place in range(forms)] for chair in range(residents)]
    loners = [f"alone-{place}" for place in range(FORMS_ALONE)]
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        await made_commune(database)
        line = Line(database)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(line.run())
            await talk(line, [_one_after_another(chair, REGISTRATION) for chair in (loners, *crowd)])
            alone = await talk(line, [_one_after_another(loners, form_texts(criteria))])
            spare_the_collector()
            began = time.perf_counter()
            took = await talk(line, [_one_after_another(chair, form_texts(criteria)) for chair in crowd])
            seconds = time.perf_counter() - began
            working.cancel()
        await database.close()
        raw = await asyncio.to_thread(raw_turns_per_s, Path(folder) / "bench.db", criteria, min(len(took), 10_000))
    return Figures(
        turns_per_s=len(took) / seconds,
        raw_turns_per_s=raw,
        ratio=len(took) / seconds / raw,
        p50_ms=percentile(took, 50),
        p99_ms=percentile(took, 99),
        alone_p99_ms=percentile(alone, 99),
    )


async def made_commune(database: Database) -> None:
    """Make a commune with a village and an open round."""
    await migrate(database)
    await load_shipped(database, DAY)
    async with database.writing() as connection:
        units = [Unit(0, "bench", "Xã Mẫu", "commune"), Unit(0, "bench-1", "Thôn Mẫu", "village")]
        await setup.save_units(connection, units, {"bench-1": "bench"})
    await open_round(
        database,
        year=2026,
        name="Đợt mẫu",
        unit_code="bench",
        opens=date(2026, 1, 1),
        closes=date(2026, 12, 31),
        now=DAY,
    )


def raw_turns_per_s(path: Path, criteria: CriteriaSet, turns: int) -> float:
    """Change the rows of a turn through sqlite3, a commit a turn, in the tables the residents have just filled."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    people = connection.execute(
        "SELECT c.id, a.id, c.session FROM conversations c JOIN assessments a ON a.person_id = c.person_id"
    ).fetchall()
    letters = [row[0] for row in connection.execute("SELECT body FROM outbox ORDER BY id DESC LIMIT 1000")]
    questions, turns_of_form = [indicator.id for indicator in criteria.indicators], len(form_texts(criteria))
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
        if n % turns_of_form < len(questions):
            connection.execute(
                "INSERT INTO answers VALUES (?, ?, 'daily', 10, NULL, ?)"
                " ON CONFLICT DO UPDATE SET level_id = excluded.level_id, points = excluded.points, at = excluded.at",
                (form, questions[n % turns_of_form], at),
            )
            connection.execute("UPDATE assessments SET version = version + 1, total = 100 WHERE id = ?", (form,))
        connection.execute(
            "INSERT INTO outbox (conversation_id, channel, bot, address, priority, body, state, created_at)"
            " VALUES (?, 'bench', 'bench', ?, 0, ?, 'queued', ?)",
            (conversation, str(n % len(people)), letters[n % len(letters)], at),
        )
        connection.execute("UPDATE inbox SET done_at = ?, body = NULL WHERE id = ?", (at, received))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return turns / seconds


def percentile(values: list[float], percent: int) -> float:
    """Return the value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
