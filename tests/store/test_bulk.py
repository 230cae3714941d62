"""One statement with many rows."""

from sqlalchemy import bindparam, delete, insert, select

from bot.store.core.bulk import execute_many
from bot.store.core.database import Database
from bot.store.core.tables import leases
from tests.sample import NOW


async def test_a_statement_may_have_a_single_parameter(database: Database) -> None:
    rows = [{"name": name, "holder": "Lan", "until": NOW} for name in ("a", "of-two", "c")]
    async with database.writing() as connection:
        await execute_many(connection, insert(leases), rows)
        ended = delete(leases).where(leases.c.name == bindparam("_name"))
        await execute_many(connection, ended, [{"_name": "a"}, {"_name": "of-two"}])
        assert (await connection.scalars(select(leases.c.name))).all() == ["c"]
