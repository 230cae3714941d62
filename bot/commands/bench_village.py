"""The benchmark of a commune's evening: a head confirms a thousand forms by one order, and papers are made of them.

A commune of 30,000 people in 25 villages. In one village a thousand forms wait, complete, each with its answers. The
head orders in chat that all be confirmed; the carrier of batches does so piece by piece, while residents of other
villages fill in their forms as fast as they are answered. `confirm_all_s` is the time of all pieces together, from
asking for the database to the commit, `turn_p99_ms_meanwhile` what the residents waited for. Then somebody of the
association asks for the commune's summary, as a whole turn, again and again. At last a thousand certificates become one
pdf, and a decision with a thousand people in its appendix a docx, each as `hoctap report` makes it.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.application import spare_the_collector
from bot.catalogues import load
from bot.commands.bench_people import VILLAGES_A_COMMUNE, Province, found, settle
from bot.commands.bench_turns import CHANNEL, DAY, Line, form_texts, percentile, says, talk
from bot.documents import certificate, decision, letterhead
from bot.documents.people import Listed
from bot.documents.proposal import VillageCount
from bot.documents.records import Decided, GivenTitle, Proposed
from bot.services import papers
from bot.services.batches import BatchCarrier
from bot.services.criteria_files import shipped
from bot.services.documents import in_order, written, written_apart
from bot.services.papers import CITIZEN, Setting
from bot.services.runtime import Runtime
from bot.store.core import contacts
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from bot.store.core.tables import answers, assessments, conversations, people, roles, tallies, units
from flows.domain.people import RoleKind

PEOPLE = 30_000
RESIDENTS = 8
SUMMARIES = 40
REGISTRATION = ("/start v-bench-0-{village}", "Tiếng Việt", "đồng ý", "Nguyễn Văn An", "1970", "có", "1", "có")
ORDER = ("/review", "duyệt hết", "duyệt hết")

Report = Callable[[str], None]


class Figures(msgspec.Struct):
    """What was measured, of so many forms: seconds of confirming them all, milliseconds that others waited meanwhile,
    and of a commune's summary; certificates a second, and seconds for a decision with its list."""

    forms: int
    confirm_all_s: float
    turn_p99_ms_meanwhile: float
    commune_summary_ms: float
    certificates_per_s: float
    decision_docx_s: float


@dataclass(frozen=True, slots=True)
class Pieces:
    """What confirming came to: seconds of work, the milliseconds of others' turns, and how many forms were done."""

    seconds: float
    others: list[float]
    confirmed: int


async def measure(forms: int, people_there: int, report: Report) -> Figures:
    """Measure one evening. Raises nothing that a server would not."""
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        province = await found(database, people_there, DAY)
        await _people_there(database, province, forms, people_there)
        report(f"{people_there:,} people in {VILLAGES_A_COMMUNE} villages, {forms:,} forms wait in one of them")
        line = Line(database)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(line.run())
            await talk(line, [says(f"resident {n}", _registration(n)) for n in range(RESIDENTS)])
            await talk(line, [says("head", ORDER)])
            spare_the_collector()  # as a server does at its start
            pieces = await _confirmed(database, line)
            report(f"{pieces.confirmed:,} forms confirmed, {len(pieces.others):,} turns of others meanwhile")
            summaries = await talk(line, [says("association", ["/commune"] * SUMMARIES)])
            working.cancel()
        await database.close()
    certificates_s, decision_s = await asyncio.to_thread(_papers, forms)
    return Figures(
        forms=pieces.confirmed,
        confirm_all_s=pieces.seconds,
        turn_p99_ms_meanwhile=percentile(pieces.others, 99),
        commune_summary_ms=percentile(summaries, 50),
        certificates_per_s=forms / certificates_s,
        decision_docx_s=decision_s,
    )


# The commune


async def _people_there(database: Database, province: Province, forms: int, people_there: int) -> None:
    """Let people live there, a thousand forms wait in the first village, and a head and the association have a chat."""
    async with database.writing() as connection:
        await settle(connection, province, range(people_there), ("nowhere", "nowhere"), DAY)
        chats = [("nowhere", "nowhere", f"of {number}") for number in range(forms)]
        await forms_wait(connection, (province.first_village, province.round_id), chats, DAY)
        commune = await connection.scalar(select(units.c.id).where(units.c.kind == "commune").order_by(units.c.id))
        await hold(connection, "head", province.first_village, (CHANNEL, CHANNEL, "head"), DAY)
        await hold(connection, "association", int(commune or 0), (CHANNEL, CHANNEL, "association"), DAY)
        await count_all(connection)


async def forms_wait(
    connection: AsyncConnection, place: tuple[int, int], chats: Sequence[tuple[str, str, str]], now: datetime
) -> None:
    """Let a complete form of everybody in these chats (channel, bot, address) wait in a unit and a round."""
    criteria = next(one for one in shipped() if one.group == "farmer")
    unit_id, round_id = place
    last = int(await connection.scalar(select(func.max(people.c.id))) or 0)
    first_form = int(await connection.scalar(select(func.max(assessments.c.id))) or 0)
    ids = range(last + 1, last + 1 + len(chats))
    lives = {"birth_year": 1970, "unit_id": unit_id, "group": "farmer", "created_at": now}
    form = {
        "round_id": round_id, "unit_id": unit_id, "pin": criteria.pin, "state": "submitted", "version": 11,
        "total": criteria.maximum, "passed": True, "begun_at": now, "submitted_at": now, "touched_at": now,
    }  # fmt: skip
    best = [(one.id, one.levels[0].id, one.levels[0].points) for one in criteria.indicators]
    await connection.execute(insert(people), [{"id": id_, "name": f"Nguyễn Thị {id_}", **lives} for id_ in ids])
    known = {"language": "vi", "consented": True}
    rows: list[dict[str, Any]] = [
        {"channel": channel, "bot": bot, "address": address, "person_id": id_, **known}
        for (channel, bot, address), id_ in zip(chats, ids, strict=True)
    ]
    await connection.execute(insert(conversations), rows)
    rows = [{"id": first_form + number, "person_id": id_, **form} for number, id_ in enumerate(ids, 1)]
    await connection.execute(insert(assessments), rows)
    given = [
        {"assessment_id": row["id"], "indicator_id": one, "level_id": level, "points": points, "at": now}
        for row in rows
        for one, level, points in best
    ]
    await connection.execute(insert(answers), given)
    await contacts.refresh(connection, ids)


async def count_all(connection: AsyncConnection) -> None:
    """Count all forms anew, as if they were all farmers'."""
    keys: tuple[Any, ...] = (assessments.c.unit_id, assessments.c.round_id)
    ends: tuple[Any, ...] = (assessments.c.state, assessments.c.passed)
    counted = select(*keys, literal("farmer"), *ends, func.count()).group_by(*keys, *ends)
    columns = ["unit_id", "round_id", "group", "state", "passed", "count"]
    await connection.execute(insert(tallies).from_select(columns, counted))


async def hold(
    connection: AsyncConnection, role: RoleKind, unit_id: int, chat: tuple[str, str, str], now: datetime
) -> None:
    """Let somebody in a chat hold a role."""
    new = insert(people).values(name=f"Trần Văn {role.title()}", created_at=now).returning(people.c.id)
    person_id = (await connection.execute(new)).scalar_one()
    channel, bot, address = chat
    there = {"channel": channel, "bot": bot, "address": address, "person_id": person_id}
    await connection.execute(insert(conversations).values({**there, "language": "vi", "consented": True}))
    held = {"person_id": person_id, "role": role, "unit_id": unit_id, "since": now}
    await connection.execute(insert(roles), held)
    await contacts.refresh(connection, [person_id])


def _registration(number: int) -> list[str]:
    """Return what a resident types to be known, in any village but the first."""
    return [text.format(village=number % (VILLAGES_A_COMMUNE - 1) + 1) for text in REGISTRATION]


# The evening


async def _confirmed(database: Database, line: Line) -> Pieces:
    """Let the carrier work while residents go on. Returns what it took, and what they waited for."""
    over = asyncio.Event()
    carrier = BatchCarrier(Runtime(database, load(), lambda: DAY, ZoneInfo("Asia/Ho_Chi_Minh")))
    criteria = next(one for one in shipped() if one.group == "farmer")
    chairs = [_until(over, says(f"resident {n}", form_texts(criteria)[:-1] * 50)) for n in range(RESIDENTS)]
    others = asyncio.create_task(talk(line, chairs))
    began = time.perf_counter()
    while await carrier.run_once():
        pass
    seconds = time.perf_counter() - began
    over.set()
    took = await others
    confirmed = select(func.count()).where(assessments.c.state == "confirmed", assessments.c.version > 11)
    async with database.reading() as connection:
        return Pieces(seconds, took, int(await connection.scalar(confirmed) or 0))


def _until(over: asyncio.Event, updates: Iterator[Incoming]) -> Iterator[Incoming]:
    """Yield what is said until it is over."""
    for update in updates:
        if over.is_set():
            return
        yield update


# The papers


def _papers(count: int) -> tuple[float, float]:
    """Make certificates and a decision. Returns the seconds of both."""
    criteria = next(one for one in shipped() if one.group == "farmer")
    setting = Setting(letterhead.usual("Xã Mẫu"), DAY.year, (criteria,), load()["vi"])
    listed = in_order(Listed(f"Nguyễn Thị {n}", f"thôn Mẫu {n % VILLAGES_A_COMMUNE}", CITIZEN) for n in range(count))
    day = date(DAY.year, 11, 25)
    titles = [
        GivenTitle(n, one.name, one.village, one.title, DAY.year, f"{n:022}", "05", day)
        for n, one in enumerate(listed, 1)
    ]
    villages = tuple(VillageCount(f"thôn Mẫu {n}", 50, 45, 40) for n in range(VILLAGES_A_COMMUNE))
    paper = papers.certificates(setting, titles, "https://hoctap.example/c/{code}")
    decided = papers.decision(setting, Decided("05", day, listed, Proposed("03", day, listed, villages)))
    began = time.perf_counter()
    written_apart(certificate.ON_A4, paper, ".pdf")
    made = time.perf_counter()
    written(decision.LAYOUT, decided, ".docx")
    return made - began, time.perf_counter() - made
