"""INSERT … ON CONFLICT, which each database dialect spells in a class of its own."""

from functools import cache

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

# Statements are made once: making one costs as much as executing it.


def insert_new(connection: AsyncConnection, table: Table) -> Insert:
    """Insert rows, leaving alone those that are there already."""
    return _insert_new(connection.dialect.name, table)


def insert_or_replace(
    connection: AsyncConnection, table: Table, replaced: tuple[str, ...], key: tuple[str, ...] = ()
) -> Insert:
    """Insert rows, replacing these columns where a key, by default the primary one, is there already."""
    return _insert_or_replace(connection.dialect.name, table, replaced, key)


def insert_or_add(connection: AsyncConnection, table: Table, added: str) -> Insert:
    """Insert rows, adding to a number where the primary key is there already."""
    return _insert_or_add(connection.dialect.name, table, added)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


@cache
def _insert_or_replace(dialect: str, table: Table, replaced: tuple[str, ...], key: tuple[str, ...]) -> Insert:
    columns = [table.c[name] for name in key] or list(table.primary_key.columns)
    if dialect == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(columns, set_={name: lite.excluded[name] for name in replaced})
    pg = postgresql.insert(table)
    return pg.on_conflict_do_update(index_elements=columns, set_={name: pg.excluded[name] for name in replaced})


@cache
def _insert_or_add(dialect: str, table: Table, added: str) -> Insert:
    key = list(table.primary_key.columns)
    if dialect == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(key, set_={added: table.c[added] + lite.excluded[added]})
    pg = postgresql.insert(table)
    return pg.on_conflict_do_update(index_elements=key, set_={added: table.c[added] + pg.excluded[added]})
