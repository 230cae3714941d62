"""The tree of units is numbered: what lies below a unit is a stretch of numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UNITS = sa.table("units", *map(sa.column, ("id", "parent_id", "first", "last")))


def upgrade() -> None:
    """Go up."""
    op.add_column("units", sa.Column("first", sa.Integer(), nullable=True))
    op.add_column("units", sa.Column("last", sa.Integer(), nullable=True))
    connection = op.get_bind()
    rows = numbered({row.id: row.parent_id for row in connection.execute(sa.select(UNITS.c.id, UNITS.c.parent_id))})
    if rows:
        connection.execute(
            sa.update(UNITS)
            .where(UNITS.c.id == sa.bindparam("unit_id"))
            .values(first=sa.bindparam("number"), last=sa.bindparam("last_below")),
            rows,
        )
    op.create_index("ix_units_first", "units", ["first"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_units_first", "units")
    op.drop_column("units", "last")
    op.drop_column("units", "first")


def numbered(parents: dict[int, int | None]) -> list[dict[str, int]]:
    """Number units so that all that lies below one follows it."""
    children: dict[int | None, list[int]] = {}
    for unit_id in sorted(parents, reverse=True):
        children.setdefault(parents[unit_id], []).append(unit_id)
    order: list[int] = []
    waiting = children.get(None, [])[:]
    while waiting:
        order.append(waiting.pop())
        waiting.extend(children.get(order[-1], ()))
    sizes = dict.fromkeys(order, 1)
    for unit_id in reversed(order):
        parent_id = parents[unit_id]
        if parent_id is not None:
            sizes[parent_id] += sizes[unit_id]
    return [
        {"unit_id": unit_id, "number": number, "last_below": number + sizes[unit_id] - 1}
        for number, unit_id in enumerate(order, 1)
    ]
