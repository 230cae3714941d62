"""A commune of 100,000 villages: whatever its chiefs ask for works, with as few parameters as in a small one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update

from bot.store import setup
from bot.store.database import Database
from bot.store.tables import roles, units
from tests.commune import Commune, fill_in, gone_live
from tests.databases import BACKENDS, Databases
from tests.services.test_notices import Office

VILLAGES = 100_000
# As many as the largest batch of rows has, whatever the number of units.
MOST_PARAMETERS = 1000

_ADD_VILLAGES = """
INSERT INTO units (code, name, kind, parent_id, aliases)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {villages})
SELECT 'many-' || n, 'Thôn số ' || n, 'village', {commune}, CAST('[]' AS {blob}) FROM numbers
"""


async def with_many_units(database: Database) -> None:
    """Give the sample commune a hundred thousand villages, and a head over all of them."""
    await gone_live(database)
    async with database.writing() as connection:
        commune = await connection.scalar(select(units.c.id).where(units.c.code == "tk"))
        blob = "BLOB" if database.is_sqlite else "BYTEA"
        await connection.execute(text(_ADD_VILLAGES.format(villages=VILLAGES, commune=commune, blob=blob)))
        await setup.save_units(connection, [], {})
        await connection.execute(update(roles).where(roles.c.role == "head").values(unit_id=commune))
    commune_ = Commune(database)
    await commune_.say("Lan", "/start v-many-100000", "vi", "đồng ý", "Nguyễn Thị Lan", "1975", "có", "1", "có")
    await commune_.say("Lan", "bắt đầu")
    await fill_in(commune_, "Lan", 10)
    await commune_.say("Lan", "nộp phiếu")
    await commune_.deliver()


@pytest.fixture(params=BACKENDS)
async def office(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Office]:
    """The administrator of so many villages; the test runs once on each backend."""
    async with databases.fresh(request.param, with_many_units) as url:
        database = Database(url)
        yield Office(Commune(database), tmp_path)
        await database.close()


@pytest.fixture
def numbers_of_parameters() -> Any:
    """How many parameters each statement has had, of all databases."""
    found: list[int] = []

    def note(_connection: Any, _cursor: Any, _sql: str, given: Any, _context: Any, many: bool) -> None:
        found.append(len(given[0]) if many else len(given))

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


async def test_all_that_the_chiefs_of_many_units_ask_for_takes_few_parameters(
    office: Office, numbers_of_parameters: list[int]
) -> None:
    commune = office.commune
    await commune.say("Trường", "duyệt phiếu")
    assert any("Đang chờ: 1" in said for said in await commune.texts("Trường"))
    written = await office.write()
    await commune.say("Hoa", "/thongbao")
    assert any("mới nhất ở trên" in said for said in await commune.texts("Hoa"))
    assert (await office.reached()).by_channel == {"telegram": 4}
    await office.keep()
    assert await office.counts(written) == {"queued": 4}
    assert max(numbers_of_parameters) <= MOST_PARAMETERS
