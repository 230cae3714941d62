"""Rows of a table as one JSON text, in a column beside the row they belong to."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Text, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class json_array_of(GenericFunction[str]):
    """An aggregate: a JSON array with an array of these columns for every row."""

    type = Text()
    inherit_cache = True


@compiles(json_array_of, "sqlite")
def _sqlite(element: json_array_of, compiler: Any, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(json_array_of, "postgresql")
def _postgresql(element: json_array_of, compiler: Any, **options: Any) -> str:
    return f"coalesce(json_agg(json_build_array({compiler.process(element.clauses, **options)})), '[]')::text"


def json_rows(*columns: ColumnElement[Any], where: ColumnElement[bool]) -> ScalarSelect[str]:
    """Select the rows that belong to a row of the enclosing statement; `[]` when there are none."""
    return select(json_array_of(*columns)).where(where).scalar_subquery()
