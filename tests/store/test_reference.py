"""What all turns share: written by commands, read anew by every instance once it has changed."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from bot.services.criteria_files import shipped
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.reference import ReferenceRead, read_reference
from flows.conversation.facts import Links, Start
from flows.domain.criteria import GROUPS
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit
from tests.sample import NOW

LINKS = Links((Start("https://hoctap.example/chat#{code}"),), "https://hoctap.example/guide")
SETS = {group: f"learning-citizen-{group}" for group in GROUPS}
COMMUNE = Unit(0, "tk", "Xã Thần Khê", "commune", aliases=("Thần Khê", "Xã Cũ"), valid_from=date(2025, 7, 1))
VILLAGE = Unit(0, "tk-dong", "Thôn Đông", "village", valid_to=date(2030, 1, 1))


async def read(database: Database) -> ReferenceRead:
    async with database.reading() as connection:
        return await read_reference(connection, LINKS)


def by_code(units: UnitTree) -> dict[str, tuple[object, ...]]:
    """Return units without the ids that the database gave them."""
    return {
        unit.code: (
            unit.name, unit.kind, unit.aliases, unit.valid_from, unit.valid_to,
            units.by_id[unit.parent_id].code if unit.parent_id else None,
        )
        for unit in units.by_id.values()
    }  # fmt: skip


async def test_nothing_is_shared_in_an_empty_database(database: Database) -> None:
    empty = await read(database)
    assert (empty.reference.units.by_id, empty.reference.rounds, empty.reference.criteria) == ({}, (), {})
    assert empty.reference.links == LINKS


async def test_units_are_read_as_they_were_written_even_a_child_before_its_parent(database: Database) -> None:
    async with database.writing() as connection:
        await setup.save_units(connection, [VILLAGE, COMMUNE], {"tk-dong": "tk"})
    assert by_code((await read(database)).reference.units) == {
        "tk": (COMMUNE.name, "commune", COMMUNE.aliases, COMMUNE.valid_from, None, None),
        "tk-dong": (VILLAGE.name, "village", (), None, VILLAGE.valid_to, "tk"),
    }


async def test_a_unit_that_is_written_again_keeps_its_id_and_changes_the_rest(database: Database) -> None:
    async with database.writing() as connection:
        await setup.save_units(connection, [COMMUNE, VILLAGE], {"tk-dong": "tk"})
    before = (await read(database)).reference.units
    renamed = Unit(0, "tk-dong", "Thôn Đông Mới", "village", aliases=("Thôn Đông",))
    async with database.writing() as connection:
        await setup.save_units(connection, [renamed], {})
    after = (await read(database)).reference.units
    assert after.by_code["tk-dong"].id == before.by_code["tk-dong"].id
    assert by_code(after)["tk-dong"] == ("Thôn Đông Mới", "village", ("Thôn Đông",), None, None, None)
    assert after.by_code["tk"] == before.by_code["tk"]


async def test_units_that_have_not_changed_stay_the_same_tree_so_that_names_are_indexed_once(
    database: Database,
) -> None:
    async with database.writing() as connection:
        await setup.save_units(connection, [COMMUNE, VILLAGE], {"tk-dong": "tk"})
    before = await read(database)
    async with database.writing() as connection:
        await setup.add_criteria(connection, [shipped()[0]], NOW)
    async with database.reading() as connection:
        meanwhile = await read_reference(connection, before=before)
    assert meanwhile.version > before.version
    assert meanwhile.reference.units is before.reference.units
    async with database.writing() as connection:
        await setup.save_units(connection, [Unit(0, "tk-dong", "Thôn Mới", "village")], {})
    async with database.reading() as connection:
        after = await read_reference(connection, before=meanwhile)
    assert [unit.name for unit in after.reference.units.by_id.values()] == ["Xã Thần Khê", "Thôn Mới"]
    # What has not changed is not even read.
    tk = before.reference.units.by_code["tk"]
    assert after.reference.units.by_id[tk.id] is tk


async def test_the_last_version_of_a_set_is_in_force_and_earlier_ones_stay_to_be_found_by_their_pin(
    database: Database,
) -> None:
    old = shipped()[0]
    new = replace(old, version="2026.9")
    async with database.writing() as connection:
        assert await setup.add_criteria(connection, [old], NOW) == [old]
        assert await setup.add_criteria(connection, [old, new], NOW) == [new]
        assert await setup.add_criteria(connection, [old, new], NOW) == []
    shared = await read(database)
    assert shared.reference.criteria == {old.id: new}
    assert shared.by_pin == {old.pin: old, new.pin: new}


async def test_another_text_under_a_known_version_is_refused(database: Database) -> None:
    old = shipped()[0]
    async with database.writing() as connection:
        await setup.add_criteria(connection, [old], NOW)
        with pytest.raises(setup.VersionTaken):
            await setup.add_criteria(connection, [replace(old, title=shipped()[0].name)], NOW)


async def test_a_round_of_the_same_year_and_unit_is_changed_and_another_added(database: Database) -> None:
    async with database.writing() as connection:
        await setup.save_units(connection, [COMMUNE], {})
    (unit_id,) = (await read(database)).reference.units.by_id
    days: dict[str, Any] = {"opens": date(2026, 9, 1), "closes": date(2026, 11, 15)}
    ids = []
    for year, name in ((2026, "Đợt 2026"), (2027, "Đợt 2027"), (2026, "Đợt một")):
        async with database.writing() as connection:
            ids.append(await setup.save_round(connection, year=year, name=name, unit_id=unit_id, sets=SETS, **days))
    rounds = (await read(database)).reference.rounds
    assert ids == [rounds[0].id, rounds[1].id, rounds[0].id]
    assert [(round_.year, round_.name, round_.sets) for round_ in rounds] == [
        (2026, "Đợt một", SETS), (2027, "Đợt 2027", SETS),
    ]  # fmt: skip


async def test_every_change_makes_a_new_version_and_looking_makes_none(database: Database) -> None:
    versions = [(await read(database)).version]
    async with database.writing() as connection:
        await setup.save_units(connection, [COMMUNE], {})
    versions.append((await read(database)).version)
    async with database.writing() as connection:
        await setup.add_criteria(connection, shipped(), NOW)
    versions.append((await read(database)).version)
    (unit_id,) = (await read(database)).reference.units.by_id
    async with database.writing() as connection:
        days: dict[str, Any] = {"opens": date(2026, 9, 1), "closes": date(2026, 11, 15)}
        await setup.save_round(connection, year=2026, name="Đợt 2026", unit_id=unit_id, sets=SETS, **days)
    versions.append((await read(database)).version)
    async with database.writing() as connection:
        await setup.add_criteria(connection, shipped(), NOW)
    versions.append((await read(database)).version)
    first = versions[0]
    assert versions == [first, first + 1, first + 2, first + 3, first + 3]
