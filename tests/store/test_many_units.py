"""A commune of 100,000 villages: whatever its chiefs ask for works, with as few parameters as in a small one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update

from bot.services.reminders import Reminders
from bot.store import review
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.reference import read_reference
from bot.store.core.scopes import FEW_UNITS, lies_in
from bot.store.core.tables import assessments, roles, units
from flows.domain.unit_tree import MANY_UNITS
from flows.domain.units import Scope, Unit
from flows.review.needs import ListWanted
from tests.commune import Commune, commune, fill_in, gone_live
from tests.databases import BACKENDS, Databases
from tests.services.test_notices import Office

__all__ = ["commune"]

VILLAGES = 100_000
# As many as the largest batch of rows has, whatever the number of units.
MOST_PARAMETERS = 1000

_ADD_VILLAGES = """
INSERT INTO units (code, name, kind, parent_id, aliases)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {villages})
SELECT 'many-' || n, 'Thôn số ' || n, 'village', {commune}, CAST('[]' AS {blob}) FROM numbers
"""


async def with_many_units(database: Database, villages: int = VILLAGES) -> None:
    """Give the sample commune many more villages, heads over all of them, and a form that waits."""
    await gone_live(database)
    async with database.writing() as connection:
        commune_id = await connection.scalar(select(units.c.id).where(units.c.code == "tk"))
        blob = "BLOB" if database.is_sqlite else "BYTEA"
        await connection.execute(text(_ADD_VILLAGES.format(villages=villages, commune=commune_id, blob=blob)))
        await setup.number_units(connection)
        await connection.execute(update(roles).where(roles.c.role == "head").values(unit_id=commune_id))
    commune = Commune(database)
    await commune.say("Lan", "/start v-many-100", "vi", "đồng ý", "Nguyễn Thị Lan", "1975", "có", "1", "có", "bắt đầu")
    await fill_in(commune, "Lan", 10)
    await commune.say("Lan", "nộp phiếu")
    await commune.deliver()
    await _know_how_many(database)


async def _know_how_many(database: Database) -> None:
    """Let a database see how many rows its tables have, as it does by itself after a while."""
    async with database.writing() as connection:
        await connection.execute(text("ANALYZE"))


async def with_some_units(database: Database) -> None:
    """Give the sample commune a hundred more villages, and the rest as with many."""
    await with_many_units(database, 100)


@pytest.fixture(params=BACKENDS)
async def office(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Office]:
    """The administrator of so many villages; the test runs once on each backend."""
    async with databases.fresh(request.param, with_many_units) as url:
        database = Database(url)
        yield Office(Commune(database), tmp_path)
        await database.close()


@pytest.fixture
def numbers_of_parameters() -> Iterator[list[int]]:
    """How many parameters each statement has had, of all databases."""
    found: list[int] = []

    def note(_connection: Any, _cursor: Any, _sql: str, given: Any, _context: Any, many: bool) -> None:
        found.append(len(given[0]) if many else len(given))

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def reminding(commune: Commune) -> Reminders:
    """Return what reminds the people of a commune, at any hour."""
    return Reminders(commune.runtime)


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
    # A week before the round closes: a digest for the heads, the numbers of all units for the administrator.
    commune.now = commune.now.replace(month=11, day=8, hour=9)
    while await reminding(commune).run_once():
        pass
    assert any("1" in said for said in await commune.texts("Trường"))
    assert any("1" in said for said in await commune.texts("Hoa"))
    assert max(numbers_of_parameters) <= MOST_PARAMETERS


async def test_units_that_come_and_go_in_a_large_tree_are_numbered_again(office: Office) -> None:
    async with office.database.writing() as connection:
        await setup.save_units(connection, [Unit(0, "mk", "Xã Minh Khai", "commune")], {})
    async with office.database.writing() as connection:
        await setup.save_units(connection, [Unit(0, "many-7", "Thôn số 7", "village")], {"many-7": "mk"})
    async with office.database.reading() as connection:
        tree = (await read_reference(connection)).reference.units
        for code, below in (("mk", 2), ("tk", VILLAGES + 2)):
            scope = tree.scope([tree.by_code[code].id])
            found = await connection.scalars(select(units.c.code).where(lies_in(units.c.id, scope)))
            assert (len(found.all()), scope.size) == (below, below)


# Units are moved


@pytest.mark.parametrize("size", [3, FEW_UNITS + 1])
async def test_whoever_thinks_of_the_tree_as_it_was_does_not_see_who_lies_elsewhere_by_now(
    size: int, commune: Commune
) -> None:
    tk = (await commune.column(select(units.c.id).where(units.c.code == "tk")))[0]
    of_tk = ListWanted(Scope((tk,), size), frozenset({1}), "submitted", 0)
    async with commune.database.writing() as connection:
        assert (await review.listed(connection, of_tk)).counts["submitted"] == 1
        # Another commune comes first in the tree now, with the village in which Lan lives.
        village = Unit(0, "tk-dong", "Thôn Đông", "village")
        await setup.save_units(connection, [Unit(0, "mk", "Xã Minh Khai", "commune"), village], {"tk-dong": "mk"})
        mk = await connection.scalar(select(units.c.id).where(units.c.code == "mk"))
        assert (await review.listed(connection, of_tk)).counts == {}
        of_mk = ListWanted(Scope((mk or 0,), size), frozenset({1}), "submitted", 0)
        assert (await review.listed(connection, of_mk)).counts["submitted"] == 1


async def test_roles_that_overlap_count_nobody_twice(commune: Commune) -> None:
    async with commune.database.reading() as connection:
        tree = (await read_reference(connection)).reference.units
        tk, dong, doai = (tree.by_code[code].id for code in ("tk", "tk-dong", "tk-doai"))
        for tops, few in (((tk, dong), 0), ((tk, dong), 100), ((dong, doai), 0), ((dong, doai, tk), 100)):
            here = lies_in(assessments.c.unit_id, Scope(tops, 3), few)
            assert len((await connection.scalars(select(assessments.c.id).where(here))).all()) == 2
        nowhere = lies_in(assessments.c.unit_id, tree.scope([]))
        assert (await connection.scalars(select(assessments.c.id).where(nowhere))).all() == []


async def test_a_unit_without_numbers_is_in_nobodys_scope(commune: Commune) -> None:
    tops = await commune.column(select(units.c.id).where(units.c.code.in_(("tk", "tk-dong"))))
    assert len(tops) == 2
    async with commune.database.writing() as connection:
        await connection.execute(update(units).where(units.c.code == "tk-dong").values(first=None, last=None))
        for top in tops:
            for few in (0, 100):
                here = lies_in(assessments.c.unit_id, Scope((top,), 1), few)
                assert (await connection.scalars(select(assessments.c.id).where(here))).all() == []


async def test_a_new_name_leaves_the_numbers_of_all_others_alone(office: Office) -> None:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, _given: Any, _context: Any, _many: bool) -> None:
        said.append(sql)

    event.listen(Engine, "before_cursor_execute", note)
    async with office.database.writing() as connection:
        await setup.save_units(connection, [Unit(0, "many-7", "Thôn Bảy", "village")], {"many-7": "tk"})
    event.remove(Engine, "before_cursor_execute", note)
    of_units = [sql for sql in said if "units" in sql]
    assert len(of_units) == 2
    assert all("WHERE units." in sql and "first" not in sql for sql in of_units)


async def with_just_many_units(database: Database) -> None:
    """Give the sample commune so many villages that indexing their names is noticed."""
    await with_many_units(database, MANY_UNITS)


async def test_nobody_waits_until_the_names_of_many_units_are_indexed_anew(databases: Databases) -> None:
    async with databases.fresh("sqlite", with_just_many_units) as url:
        database = Database(url)
        commune = Commune(database)
        await commune.say("Hoa", "/invite", "chi hội trưởng", "thon so 7")
        # A new name by itself is taken up by the index there is; where a village comes, it is made anew.
        changed = [Unit(0, "many-7", "Thôn Mới", "village"), Unit(0, "many-more", "Thôn Thêm", "village")]
        async with database.writing() as connection:
            await setup.save_units(connection, changed, {"many-7": "tk", "many-more": "tk"})
        await commune.read("Hoa")
        for typed, found in (("thon so 7", "Thôn Mới"), ("thon so 8", "Thôn số 8"), ("thon moi", "Thôn Mới")):
            await commune.say("Hoa", typed)
            assert f"1. {found}, xã Thần Khê" in await buttons(commune, "Hoa")
            assert commune.turns._indexing is not None
            await commune.turns._indexing
        await database.close()


async def buttons(commune: Commune, name: str) -> list[str]:
    """Take the buttons of the letters that wait for somebody."""
    return [button.label for one in await commune.read(name) for row in one.buttons for button in row]


async def test_postgresql_knows_of_many_new_units_at_once(databases: Databases) -> None:
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        async with database.writing() as connection:
            await setup.save_units(connection, [Unit(0, str(n), "Thôn", "village") for n in range(setup.MANY)], {})
            known = await connection.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'units'"))
        assert known == setup.MANY
        await database.close()


# How it is found


@pytest.mark.parametrize(("few", "index"), [(100, "ix_assessments_unit_id_state"), (0, "INTEGER PRIMARY KEY")])
async def test_few_units_lead_to_their_forms_and_of_many_each_form_is_looked_at(
    few: int, index: str, databases: Databases
) -> None:
    async with databases.fresh("sqlite") as url:
        database = Database(url)
        async with database.reading() as connection:
            here = select(assessments.c.id).where(lies_in(assessments.c.unit_id, Scope((1,), 3), few))
            said = here.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
            plan = "\n".join(row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {said}")))
        await database.close()
    assert index in plan
    assert "SCAN tops" not in plan
    assert "SCAN below" not in plan
    assert ("ix_units_first" in plan) == (few > 0)
