"""The demo's commune: it shows every state there is, and is what its people's own acts would have made it."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import Row, func, select

from bot.channels.web.messages import BOT, CHANNEL
from bot.commands.demo_commune import KNOWN, OFFICIALS, RESIDENTS, VILLAGES, Stage, Village, villages
from bot.commands.demo_phones import PHONES
from bot.commands.demo_story import Listening, Story
from bot.services import audit
from bot.services.criteria_files import shipped
from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from bot.store.core.tables import (
    assessments,
    closings,
    conversations,
    evidence,
    notices,
    proposals,
    recognitions,
    rounds,
    samples,
    tallies,
    titles,
)
from flows.conversation.replies import Typed
from flows.conversation.session import HOME
from flows.words.wording import render
from tests.sample import CATALOGUES, ZONE

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What is said there is the answer, and nothing is begun.
SHOWN_AT_HOME = {"phiếu của tôi", "my form"}
END = datetime.combine(date(2026, 10, 20), time(9, 0), ZONE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """The commune, made once."""
    folder = tmp_path_factory.mktemp("demo")
    database = Database(f"sqlite+aiosqlite:///{folder / 'made.db'}")
    await Story(database, FileStore(folder / "evidence"), CATALOGUES, ZONE, END).tell()
    yield database
    await database.close()


async def rows(database: Database, statement: Any) -> list[Row[Any]]:
    async with database.reading() as connection:
        return list(await connection.execute(statement))


async def states(database: Database, year: int) -> Counter[str]:
    counted = (
        select(assessments.c.state, func.count())
        .join(rounds, rounds.c.id == assessments.c.round_id)
        .where(rounds.c.year == year)
        .group_by(assessments.c.state)
    )
    return Counter(dict(map(tuple, await rows(database, counted))))


async def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    assert villages() == villages()
    assert villages(1) != villages(2)
    people = [one for village in villages() for one in village.residents]
    assert (len(VILLAGES), len(people)) == (25, RESIDENTS)
    assert len({one.name for one in people}) == len({one.address for one in people}) == RESIDENTS
    assert {known["name"] for known in KNOWN.values()} <= {one.name for one in people}


async def test_forms_are_in_every_state_and_last_years_round_went_all_the_way(made: Database) -> None:
    this_year, last_year = await states(made, 2026), await states(made, 2025)
    for state in ("draft", "submitted", "returned", "confirmed", "checked", "recognised"):
        assert this_year[state] >= 10, state
    assert this_year["revoked"] == 1
    assert last_year.keys() == {"recognised", "confirmed"}  # those who missed the title stay confirmed
    assert last_year["recognised"] > 60


async def test_villages_meetings_lists_and_decisions_are_at_every_stage(made: Database) -> None:
    this_year = select(rounds.c.id).where(rounds.c.year == 2026)
    stages = await rows(made, select(closings.c.state).where(closings.c.round_id.in_(this_year)))
    assert Counter(row.state for row in stages) == {"closed": 13, "sent_back": 1}
    proposed = await rows(made, select(proposals.c.state).where(proposals.c.round_id.in_(this_year)))
    assert Counter(row.state for row in proposed) == {"decided": 1, "proposed": 1}
    decided = await rows(made, select(recognitions.c.number).order_by(recognitions.c.id))
    assert [row.number for row in decided] == ["21/QĐ-UBND", "35/QĐ-UBND"]
    revoked = await rows(made, select(titles.c.year).where(titles.c.revoked_at.is_not(None)))
    assert [row.year for row in revoked] == [2026]
    assert {row.kind for row in await rows(made, select(evidence.c.kind))} == {"text", "photo", "vouched"}
    assert len(await rows(made, select(samples.c.id))) == 1
    assert [row.state for row in await rows(made, select(notices.c.state))] == ["done"]


async def test_the_trail_holds_and_tallies_equal_a_recount(made: Database) -> None:
    assert (await audit.verify(made)).head.number > 500
    counted: Counter[tuple[Any, ...]] = Counter(
        {tuple(row[:-1]): row[-1] for row in await rows(made, select(tallies)) if row[-1]}
    )
    groups = {criteria.pin: criteria.group for criteria in shipped()}
    forms = await rows(made, select(assessments))
    assert counted == Counter((one.unit_id, one.round_id, groups[one.pin], one.state, one.passed) for one in forms)


async def test_everybody_on_a_phone_is_in_the_commune(made: Database) -> None:
    known = {row.address for row in await rows(made, select(conversations.c.address))}
    assert {phone.address for phone in PHONES if phone.address} <= known
    assert [phone.title for phone in PHONES if not phone.address] == ["Lan"]


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_what_a_phone_proposes_to_type_is_understood_there(made: Database, language: str) -> None:
    runtime = Runtime(made, CATALOGUES, lambda: END + timedelta(minutes=5), ZONE)
    turns = Listening(runtime, ())
    for phone in PHONES:
        typed = re.findall("“(.+?)”", render(phone.hint, CATALOGUES[language]))
        address = OFFICIALS["head"].address if phone.role == "deputy" else phone.address
        assert bool(typed) == bool(address)
        for text in ("/language", language, "/cancel", *typed, "/cancel") if typed else ():
            await turns.receive([Incoming(CHANNEL, BOT, address, f"{language}-{uuid4()}", Typed(text))])
            while (await turns.run_once()).turns:
                pass
            session = turns.heard[address].session
            if text in typed:
                assert session.misses == 0, (phone.title, text)
                assert session.frame != HOME or text in SHOWN_AT_HOME, (phone.title, text)


def one_village_of_each_stage() -> tuple[Village, ...]:
    """Return a small commune in which everything happens that happens in the large one."""
    kept: dict[Stage, Village] = {}
    for village in villages():
        kept.setdefault(village.stage, village)
    return tuple(replace(village, residents=village.residents[::2]) for village in kept.values())


@pytest.mark.parametrize("day", [date(2027, 1, 1), date(2028, 2, 29)], ids=str)
async def test_the_story_can_be_told_on_every_day_of_the_year(tmp_path: Path, day: date) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'made.db'}")
    end = datetime.combine(day, time(0, 5), ZONE)
    try:
        await Story(
            database, FileStore(tmp_path / "evidence"), CATALOGUES, ZONE, end, one_village_of_each_stage()
        ).tell()
        this_year = await states(database, day.year)
        assert this_year.keys() >= {"draft", "submitted", "confirmed", "checked", "recognised", "revoked"}
    finally:
        await database.close()
