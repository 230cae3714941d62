"""Lists as one parameter: JSON on SQLite, an array on PostgreSQL. Spelt out, each length is a statement of its own."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BinaryExpression, Boolean, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.operators import in_op
from sqlalchemy.types import TypeDecorator, TypeEngine


class List(TypeDecorator[Sequence[Any]]):
    """A list of values of a type."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the database takes."""
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """Return a list as the database takes it."""
        if value is None or dialect.name == "postgresql":
            return value
        return msgspec.json.encode(value).decode()


class one_of(BinaryExpression[bool]):
    """A condition: the value on the left is in the list on the right."""

    inherit_cache = True


@compiles(one_of, "sqlite")
def _sqlite(element: one_of, compiler: Any, **options: Any) -> str:
    value, values = compiler.process(element.left, **options), compiler.process(element.right, **options)
    return f"{value} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both are SQL already


@compiles(one_of, "postgresql")
def _postgresql(element: one_of, compiler: Any, **options: Any) -> str:
    value, values = compiler.process(element.left, **options), compiler.process(element.right, **options)
    return f"{value} = ANY ({values})"


def is_one_of(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Say that a column's value is one of these, however many they are."""
    listed = bindparam(None, list(values), type_=List(column.type), unique=True)
    return one_of(column, listed, in_op, type_=Boolean())


def is_among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Say that a column's value is in the list given by that name."""
    return one_of(column, bindparam(name, type_=List(column.type)), in_op, type_=Boolean())
