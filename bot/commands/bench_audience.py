"""The benchmark of audiences: how long it takes to count them among a million people, and what it costs those who
talk meanwhile when the ledger of a notice to all of them is written.

Residents fill in forms as fast as they are answered, in whole and durable turns (`synchronous=FULL`), first alone and
then while the keeper of notices writes the ledger, a piece at a time, on the same connection and in the same process.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import msgspec
from sqlalchemy import select, text

from bot.application import Application, spare_the_collector
from bot.commands.bench_people import Province, found, make_admin, settle
from bot.commands.bench_turns import CHANNEL, DAY, REGISTRATION, Line, form_texts, percentile, says, talk
from bot.services.criteria_files import shipped
from bot.settings import SecretStr, Settings
from bot.store.core import contacts
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from bot.store.core.reference import read_reference
from bot.store.core.tables import notices as rows
from bot.store.notices import saving, writing
from flows.notices.needs import AudienceWanted
from flows.notices.notice import HIGHEST_LIMIT, Audience, Content
from flows.notices.records import NoticeSaved

Report = Callable[[str], None]

CHAIRS = 8
WARM_UP_SECONDS = 2.0
ALONE_SECONDS = 10.0
TEXTS = ("/start v-bench-0-0", *REGISTRATION[1:])


class Figures(msgspec.Struct):
    """What was measured: milliseconds of a count by audience, seconds of the ledger of all, milliseconds of turns."""

    people: int
    count_ms: dict[str, float]
    ledger_s: float
    turn_p99_ms: float
    turn_p99_alone_ms: float


async def measure(people: int, report: Report) -> Figures:
    """Measure counts, turns alone, and turns while a ledger is written, in one run on one disk."""
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        application = Application(_settings(Path(folder)), lambda: DAY)
        try:
            return await _measured(application, people, report)
        finally:
            await application.close()


def _settings(folder: Path) -> Settings:
    """Return settings of which none is the environment's."""
    return Settings(
        database_url=f"sqlite:///{folder / 'bench.db'}", telegram_token=None, public_url=None,
        telegram_webhook_secret=None, evidence_url=None, secret_key=SecretStr("a" * 16),
    )  # fmt: skip


async def _measured(application: Application, people: int, report: Report) -> Figures:
    report(f"{people:,} people move in")
    database = application.database
    province = await found(database, people, DAY)
    async with database.writing() as connection:
        await settle(connection, province, range(people), (CHANNEL, CHANNEL), DAY)
        author = await make_admin(connection, province, DAY)
    async with database.writing() as connection:  # what moving in has left to do is none of the turns' work
        await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    counted = await _count_audiences(application, province)
    spare_the_collector()
    line = Line(database)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(line.run())
        report(f"{CHAIRS} residents fill in forms, alone")
        await talk(line, _chairs("first", _after(WARM_UP_SECONDS)))
        alone = await talk(line, _chairs("alone", _after(ALONE_SECONDS)))
        report("and now while the ledger of a notice to everybody is written")
        writing = group.create_task(_write_ledger(application, province, author))
        during = await talk(line, _chairs("during", writing.done))
        working.cancel()
    return Figures(people, counted, writing.result(), percentile(during, 99), percentile(alone, 99))


async def _count_audiences(application: Application, province: Province) -> dict[str, float]:
    """Return the milliseconds of each count, the slowest of three."""
    whole = Audience((province.unit_id,))
    audiences = {
        "everybody": whole,
        "one commune": Audience((province.unit_id + 1,)),
        "one village": Audience((province.first_village,)),
        "residents who read English": Audience((province.unit_id,), ("resident",), languages=("en",)),
        "farmers over 60 with unfinished forms": Audience(
            (province.unit_id,), groups=("farmer",), youngest=61, forms=("draft", "returned")
        ),
        "everybody on another channel": Audience((province.unit_id,), channels=("web",)),
    }
    return {name: max([await _count(application, audience) for _ in range(3)]) for name, audience in audiences.items()}


async def _count(application: Application, audience: Audience) -> float:
    """Count an audience as a turn does. Returns the milliseconds it took."""
    today = DAY.astimezone(application.settings.zone).date()
    async with application.database.reading() as connection:
        reference = (await read_reference(connection)).reference
        units = reference.units.scope(audience.unit_ids)
        began = time.perf_counter()
        await contacts.count(connection, AudienceWanted(audience, units), reference.rounds_in(units, today), today.year)
    return (time.perf_counter() - began) * 1000


def _after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def _chairs(name: str, is_over: Callable[[], bool]) -> list[Iterator[Incoming]]:
    return [_residents(f"{name}-{chair}", is_over) for chair in range(CHAIRS)]


def _residents(chair: str, is_over: Callable[[], bool]) -> Iterator[Incoming]:
    """Yield what residents who sit down one after the other type, until it is over."""
    criteria = next(criteria for criteria in shipped() if criteria.group == "farmer")
    for place in count():
        for update in says(f"{chair}-{place}", (*TEXTS, *form_texts(criteria))):
            if is_over():
                return
            yield update


async def _write_ledger(application: Application, province: Province, author: tuple[int, int]) -> float:
    """Write the ledger of a notice to everybody as the keeper does. Returns the seconds it took."""
    database, keeper = application.database, application.notices()
    saved = NoticeSaved(Content(vi="Kính mời bà con"), Audience((province.unit_id,)), "scheduled")
    async with database.writing() as connection:
        await writing.set_limit(connection, province.unit_id, HIGHEST_LIMIT, None)
        notice_id = await saving.save(connection, saved, *author, DAY)
    began = time.perf_counter()
    while not await _is_written(database, notice_id):
        await keeper.run_once()
        await asyncio.sleep(0)
    return time.perf_counter() - began


async def _is_written(database: Database, notice_id: int) -> bool:
    async with database.reading() as connection:
        state = await connection.scalar(select(rows.c.state).where(rows.c.id == notice_id))
    return state not in {"scheduled", "gathering"}
