"""What reminders look at: who is found, what it costs to find nobody, and what is noted once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, event, insert, select

from bot.services.criteria_files import shipped
from bot.store import reminders
from bot.store.core import contacts, setup
from bot.store.core.database import Database
from bot.store.core.reference import mark_changed
from bot.store.core.tables import assessments, conversations, mutes, people, roles, rounds, tallies, units
from bot.store.reminders import WaitingForms
from flows.domain.units import Scope
from flows.notices.notice import MutedKind
from tests.databases import Databases

NOW = datetime(2026, 10, 10, 2, 0, tzinfo=UTC)
TODAY = date(2026, 10, 10)
BEFORE = [NOW - timedelta(days=days) for days in (1, 3, 7)]
OPEN, CLOSED, UPCOMING, OTHER_OPEN = 1, 2, 3, 4
DAYS = {
    OPEN: (date(2026, 9, 1), TODAY),
    CLOSED: (date(2026, 9, 1), date(2026, 10, 9)),
    UPCOMING: (date(2026, 10, 11), date(2026, 12, 1)),
    OTHER_OPEN: (TODAY, date(2026, 12, 1)),
}
PIN = shipped()[0].pin


@pytest.fixture
async def village(database: Database) -> Database:
    """Twelve villages with twelve people and four rounds, and nothing else yet."""
    async with database.writing() as connection:
        await setup.add_criteria(connection, shipped(), NOW)
        for id_ in range(1, 13):
            village = {"id": id_, "code": f"v{id_}", "name": "Thôn", "kind": "village", "aliases": b"[]"}
            village |= {"first": id_, "last": id_}
            await connection.execute(insert(units).values(village))
            await connection.execute(insert(people).values(id=id_, name="Người", unit_id=id_, created_at=NOW))
        for id_, (opens, closes) in DAYS.items():
            values = {"id": id_, "year": 2026, "name": "Đợt", "unit_id": id_, "sets": b"{}"}
            await connection.execute(insert(rounds).values(**values, opens=opens, closes=closes))
    return database


async def add(database: Database, *statements: Executable) -> None:
    async with database.writing() as connection:
        for statement in statements:
            await connection.execute(statement)


def form(person_id: int, days: float, **values: Any) -> dict[str, Any]:
    """Return a form of the open round that was not touched for so many days, unless said otherwise."""
    usual = {
        "person_id": person_id, "round_id": OPEN, "unit_id": person_id, "pin": PIN, "state": "draft", "version": 1,
        "total": 0, "passed": False, "begun_at": NOW, "submitted_at": None, "reminded": 0,
        "touched_at": NOW - timedelta(days=days),
    }  # fmt: skip
    return usual | values


async def due(database: Database, most: int = 100) -> tuple[list[int], list[int]]:
    """Return the rounds that are due, and the owners of the forms taken from them."""
    async with database.writing() as connection:
        found = await reminders.rounds_due(connection, TODAY, BEFORE, most=10)
        forms = await reminders.take_unfinished(connection, found, BEFORE, most)
    return sorted(found), sorted(one.person_id for one in forms)


async def test_forms_are_due_by_their_state_round_time_and_the_reminders_they_had(village: Database) -> None:
    forms = [
        form(1, 1),
        form(2, 0.99),
        form(3, 2, reminded=1),
        form(4, 3, reminded=1, state="returned"),
        form(5, 6, reminded=2),
        form(6, 7, reminded=2),
        form(7, 100, reminded=3),
        form(8, 5, state="submitted"),
        form(9, 5, state="confirmed"),
        form(10, 5, round_id=CLOSED),
        form(11, 5, round_id=UPCOMING),
        form(12, 5, round_id=OTHER_OPEN),
    ]
    await add(village, insert(assessments).values(forms))
    assert await due(village) == ([OPEN, OTHER_OPEN], [1, 4, 6, 12])
    assert len((await due(village, most=2))[1]) == 2


async def test_nothing_is_due_where_there_is_nothing(database: Database) -> None:
    assert await due(database) == ([], [])


async def test_a_form_marked_as_reminded_waits_for_the_next_time(village: Database) -> None:
    await add(village, insert(assessments).values([form(1, 2), form(2, 2), form(3, 2)]))
    async with village.writing() as connection:
        ids = {row.person_id: row.id for row in await connection.execute(select(assessments))}
        await reminders.mark_reminded(connection, {ids[1]: 1, ids[3]: 3})
    assert await due(village) == ([OPEN], [2])


async def test_two_instances_take_different_forms(databases: Databases) -> None:
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        async with database.writing() as connection:
            await setup.add_criteria(connection, shipped(), NOW)
            unit = {"id": 1, "code": "v", "name": "Thôn", "kind": "village", "aliases": b"[]"}
            await connection.execute(insert(units).values(unit))
            opens, closes = DAYS[OPEN]
            values = {"id": OPEN, "year": 2026, "name": "Đợt", "unit_id": 1, "sets": b"{}"}
            await connection.execute(insert(rounds).values(**values, opens=opens, closes=closes))
            ids = range(1, 7)
            await connection.execute(insert(people), [{"id": id_, "name": "Người", "created_at": NOW} for id_ in ids])
            await connection.execute(insert(assessments), [form(id_, 2, unit_id=1) for id_ in ids])
        async with database.writing() as first, database.writing() as second:
            one = await reminders.take_unfinished(first, [OPEN], BEFORE, 4)
            other = await reminders.take_unfinished(second, [OPEN], BEFORE, 4)
        assert sorted(form.person_id for form in (*one, *other)) == [1, 2, 3, 4, 5, 6]
        await database.close()


async def test_looking_for_nobody_reads_an_index_and_no_forms(databases: Databases) -> None:
    said: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        said.append((statement, parameters))

    async with databases.fresh("sqlite") as url:
        database = Database(url)
        async with database.reading() as connection:
            event.listen(connection.sync_connection, "before_cursor_execute", note)
            await reminders.rounds_due(connection, TODAY, BEFORE, 10)
            await reminders.take_unfinished(connection, [OPEN, OTHER_OPEN], BEFORE, 10)
            plans = [
                [row[-1] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                for statement, parameters in said[:4]
            ]
        await database.close()
    assert [[step for step in steps if "assessments" in step] for steps in plans] == [
        ["SEARCH assessments USING INDEX ix_assessments_unfinished (round_id=? AND reminded=?)"] * 3,
        *[["SEARCH assessments USING INDEX ix_assessments_unfinished (round_id=? AND reminded=? AND touched_at<?)"]]
        * 3,
    ]


async def test_those_who_hold_a_role_come_in_order_each_with_all_their_units(village: Database) -> None:
    held = [(3, "head", 1), (1, "head", 2), (3, "head", 4), (2, "admin", 1), (7, "head", 7), (1, "admin", 5)]
    rows = [{"person_id": id_, "role": role, "unit_id": unit, "since": NOW} for id_, role, unit in held]
    await add(village, insert(roles).values(rows))
    async with village.reading() as connection:
        first = await reminders.holders(connection, "head", 0, 2)
        then = await reminders.holders(connection, "head", 3, 2)
        admins = await reminders.holders(connection, "admin", 0, 2)
    assert (first, then, admins) == ({1: [2], 3: [1, 4]}, {7: [7]}, {1: [5], 2: [1]})


@pytest.mark.parametrize(("kind", "found"), [("reminders", {1: "c", 3: "e"}), ("digests", {1: "c"})])
async def test_people_are_reached_in_their_newest_open_chat_unless_they_turned_it_off(
    village: Database, kind: MutedKind, found: dict[int, str]
) -> None:
    chats: Sequence[tuple[str, int | None, bool]] = (
        ("a", 1, False), ("b", 2, True), ("c", 1, False), ("d", 1, True), ("e", 3, False), ("f", None, False),
        ("g", 4, False),
    )  # fmt: skip
    rows = [
        {"channel": "web", "bot": "", "address": address, "person_id": id_, "blocked_at": NOW if blocked else None}
        for address, id_, blocked in chats
    ]
    await add(
        village,
        insert(conversations).values(rows),
        insert(mutes).values([{"person_id": 3, "kind": "digests"}, {"person_id": 4, "kind": "reminders"}]),
    )
    async with village.writing() as connection:
        await contacts.refresh(connection, {1, 2, 3, 4})
    async with village.reading() as connection:
        reached = await reminders.reached(connection, {1, 2, 3, 5}, kind)
        nobody = await reminders.reached(connection, set(), kind)
    assert {id_: to.address for id_, to in reached.items()} == found
    assert nobody == {}


async def test_chats_are_held_until_the_transaction_ends(village: Database) -> None:
    row = {"id": 5, "channel": "web", "bot": "", "address": "a"}
    await add(village, insert(conversations).values(row))
    async with village.writing() as connection:
        assert await reminders.hold(connection, [5, 6]) == {5}
        assert await reminders.hold(connection, []) == frozenset()


async def test_forms_that_wait_are_counted_by_village_and_round_and_those_of_heads_apart(village: Database) -> None:
    at = [NOW - timedelta(hours=hours) for hours in range(9)]
    waits: dict[str, Any] = {"unit_id": 1, "state": "submitted"}
    forms = [
        form(1, 0, **waits, submitted_at=at[1]),
        form(2, 0, **waits, submitted_at=at[3]),
        form(3, 0, **waits, submitted_at=at[2]),
        form(4, 0, **waits, submitted_at=at[5]),
        form(5, 0, **waits, submitted_at=at[6], round_id=CLOSED),
        form(6, 0, **{**waits, "unit_id": 2}, submitted_at=at[7]),
        form(7, 0, **{**waits, "unit_id": 3}, submitted_at=at[8]),
        form(8, 0, **{**waits, "state": "confirmed"}, submitted_at=at[8]),
    ]
    held = [(4, "head", 1), (4, "head", 2), (1, "admin", 1)]
    rows = [{"person_id": id_, "role": role, "unit_id": unit, "since": NOW} for id_, role, unit in held]
    await add(village, insert(assessments).values(forms), insert(roles).values(rows))
    async with village.reading() as connection:
        waiting = await reminders.waiting_forms(connection, Scope((1, 2), 2))
        nothing = await reminders.waiting_forms(connection, Scope())
    assert sorted(waiting, key=lambda one: (one.unit_id, one.round_id, one.owner_id)) == [
        WaitingForms(1, OPEN, 0, 3, at[3]),
        WaitingForms(1, OPEN, 4, 1, at[5]),
        WaitingForms(1, CLOSED, 0, 1, at[6]),
        WaitingForms(2, OPEN, 0, 1, at[7]),
    ]
    assert nothing == []


async def test_forms_are_counted_from_the_tallies(village: Database) -> None:
    counted = [
        (1, OPEN, "farmer", "draft", 3), (1, OPEN, "worker", "draft", 4), (1, OPEN, "worker", "confirmed", 1),
        (1, CLOSED, "worker", "confirmed", 9), (2, OPEN, "pupil", "returned", 2), (3, OPEN, "pupil", "draft", 5),
    ]  # fmt: skip
    names = ("unit_id", "round_id", "group", "state", "count")
    rows = [{**dict(zip(names, one, strict=True)), "passed": False} for one in counted]
    await add(village, insert(tallies).values(rows))
    async with village.reading() as connection:
        counts = await reminders.form_counts(connection, Scope((1, 2), 2))
    assert counts == {OPEN: {"draft": 7, "confirmed": 1, "returned": 2}, CLOSED: {"confirmed": 9}}


async def test_what_was_said_is_noted_once_and_forgotten_later(database: Database) -> None:
    later = NOW + timedelta(days=1)
    claims = []
    for keys, at in (({"a", "b"}, NOW), ({"b", "c"}, later), ({"a", "b", "c"}, later), (set[str](), later)):
        async with database.writing() as connection:
            claims.append(await reminders.claim(connection, keys, at))
    assert [sorted(new) for new in claims] == [["a", "b"], ["c"], [], []]
    async with database.writing() as connection:
        before = await reminders.known(connection, ["a", "b", "c", "d"])
        await reminders.forget(connection, later)
        after = await reminders.known(connection, ["a", "b", "c", "d"])
        nothing = await reminders.known(connection, [])
    assert [sorted(keys) for keys in (before, after, nothing)] == [["a", "b", "c"], ["c"], []]


async def test_a_claim_that_is_rolled_back_is_none(database: Database) -> None:
    async with database.writing() as connection:
        await reminders.claim(connection, {"a"}, NOW)
        await connection.rollback()
    async with database.writing() as connection:
        assert await reminders.claim(connection, {"a"}, NOW) == {"a"}


async def test_what_is_shared_is_read_anew_only_when_it_has_changed(village: Database) -> None:
    async with village.reading() as connection:
        first = await reminders.read_shared(connection, None)
        assert await reminders.read_shared(connection, first) is first
    async with village.writing() as connection:
        await mark_changed(connection)
    async with village.reading() as connection:
        second = await reminders.read_shared(connection, first)
    assert (second.version, second.reference.rounds) == (first.version + 1, first.reference.rounds)
