"""Lists as one parameter: the rows they choose, and by which way SQLite comes to them."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from bot.store import applying, forms
from bot.store.core import inbox, outbox
from bot.store.core.database import Database
from bot.store.core.lists import is_among
from bot.store.core.tables import conversations

PLACES = [("telegram", "1", address) for address in ("an", 'b"a', "cá", "")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [([], []), (["an"], ["an"]), (["cá", 'b"a', "nobody", "cá"], ['b"a', "cá"]), ([""], [""])],
)
async def test_rows_are_chosen_by_texts_and_by_numbers(
    database: Database, wanted: Sequence[str], found: Sequence[str]
) -> None:
    address, id_ = conversations.c.address, conversations.c.id
    async with database.writing() as connection:
        ids = await inbox.conversation_ids(connection, PLACES)
    async with database.reading() as connection:
        by_text = await connection.scalars(select(address).where(is_among(address, "texts")), {"texts": wanted})
        numbers = [ids["telegram", "1", text] for text in found]
        by_number = await connection.scalars(select(address).where(is_among(id_, "ids")), {"ids": numbers})
    assert (sorted(by_text), sorted(by_number)) == (sorted(found), sorted(found))


@pytest.mark.parametrize(
    "statement",
    [applying._DONE, forms._FORMS_OF_PEOPLE[1], forms._FORMS_BY_ID[1], inbox._OF_ADDRESSES, outbox._settle_sent],
)
async def test_no_table_is_gone_through_to_find_a_few_rows(database: Database, statement: Any) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL knows how many rows there are, and goes through few of them")
    sql = str(statement.compile(dialect=sqlite.dialect()))
    async with database.reading() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("[1]",) * sql.count("?"))
        steps = [row.detail for row in plan]
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []
