"""Books that are read, by unit."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "the newest"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "books_read",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("books", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_books_read"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_books_read_unit_id"),
    )
    op.create_index("ix_books_read_unit_id", "books_read", ["unit_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("books_read")
