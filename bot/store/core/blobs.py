"""Looking for bytes in bytes, which each database spells in its own way."""

from sqlalchemy import ColumnElement, LargeBinary, func, literal
from sqlalchemy.ext.asyncio import AsyncConnection


def contains(connection: AsyncConnection, column: ColumnElement[bytes], wanted: bytes) -> ColumnElement[bool]:
    """Say that a column has these bytes in it."""
    value = literal(wanted, LargeBinary)
    if connection.dialect.name == "sqlite":
        return func.instr(column, value) > 0
    return func.pg_catalog.position(column, value) > 0
