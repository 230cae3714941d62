"""One statement with many rows, bound without SQLAlchemy's work for each: that costs as much as SQLite's own."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from bot.store.core.sqlite_connection import SqliteConnection
from bot.store.core.tables import Moment

MOST_TIMES = 256

Row = Mapping[str, Any]
Bind = Callable[[Row], tuple[Any, ...]]


async def execute_many(connection: AsyncConnection, statement: Executable, rows: Sequence[Row]) -> None:
    """Execute an insert or update with each of the rows, which all have the same keys. Without rows, do nothing."""
    if not rows:
        return
    sql, bind = _prepared(statement, tuple(rows[0]), connection.dialect)
    values, driver = [bind(row) for row in rows], _driver(connection)
    if isinstance(driver, SqliteConnection):
        await driver.executemany(sql, values)
    else:
        await connection.exec_driver_sql(sql, values if len(values) > 1 else values[0])


def _driver(connection: AsyncConnection) -> object:
    sync = connection.sync_connection
    return sync.connection.driver_connection if sync is not None else None


@lru_cache
def _prepared(statement: Any, keys: tuple[str, ...], dialect: Dialect) -> tuple[str, Bind]:
    """Return a statement's SQL and what puts a row into the order and the types that the driver wants."""
    compiled = statement.compile(dialect=dialect, column_keys=keys, for_executemany=True)
    names = compiled.positiontup
    fixed = {name: value for name, value in compiled.params.items() if name not in keys}
    types = [compiled.binds[name].type.dialect_impl(dialect) for name in names]
    processors = [(place, process) for place, kind in enumerate(types) if (process := _processor(kind, dialect))]

    def bind(row: Row) -> tuple[Any, ...]:
        given = {**fixed, **row} if fixed else row
        values = [given[name] for name in names]
        for place, process in processors:
            values[place] = process(values[place])
        return tuple(values)

    return compiled.string, bind


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what makes the driver's value of ours. A batch has few points in time, each in many rows."""
    process = kind.bind_processor(dialect)
    return lru_cache(MOST_TIMES)(process) if process is not None and isinstance(kind, Moment) else process
