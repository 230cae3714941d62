"""Rows of a table as one JSON text, in a column beside the row they belong to."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Text, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class json_array_of(GenericFunction[str]):
    """An aggregate: a JSON array with an array of these columns for every row."""

    type = Text()
    inherit_cache = True


class json_object_of(GenericFunction[str]):
    """An aggregate: a JSON object from the first column to an array of the others, for every row."""

    type = Text()
    inherit_cache = True


@compiles(json_array_of, "sqlite")
def _sqlite(element: json_array_of, compiler: Any, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(json_array_of, "postgresql")
def _postgresql(element: json_array_of, compiler: Any, **options: Any) -> str:
    return f"coalesce(json_agg(json_build_array({compiler.process(element.clauses, **options)})), '[]')::text"


@compiles(json_object_of, "sqlite")
def _sqlite_object(element: json_object_of, compiler: Any, **options: Any) -> str:
    key, values = _key_and_values(element, compiler, options)
    return f"json_group_object({key}, json_array({values}))"


@compiles(json_object_of, "postgresql")
def _postgresql_object(element: json_object_of, compiler: Any, **options: Any) -> str:
    key, values = _key_and_values(element, compiler, options)
    return f"coalesce(json_object_agg({key}, json_build_array({values})), '{{}}')::text"


def _key_and_values(element: json_object_of, compiler: Any, options: Any) -> tuple[str, str]:
    key, *values = [compiler.process(column, **options) for column in element.clauses]
    return key, ", ".join(values)


def json_rows(*columns: ColumnElement[Any], where: ColumnElement[bool]) -> ScalarSelect[str]:
    """Select the rows that belong to a row of the enclosing statement; `[]` when there are none."""
    return select(json_array_of(*columns)).where(where).scalar_subquery()


def json_rows_by_key(
    key: ColumnElement[str], *columns: ColumnElement[Any], where: ColumnElement[bool]
) -> ScalarSelect[str]:
    """Select the rows that belong to a row of the enclosing statement, by a key of theirs; `{}` when there are none."""
    return select(json_object_of(key, *columns)).where(where).scalar_subquery()
