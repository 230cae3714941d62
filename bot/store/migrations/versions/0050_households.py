"""Who lives together, and who was asked whether they do. Nobody there has said yet."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
IS_KNOWN = sa.text("household_id IS NOT NULL")


def _person(name: str) -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey("people.id", name=f"fk_household_asks_{name}"), nullable=False)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "households",
        sa.Column("id", KEY, nullable=False, autoincrement=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_households"),
    )
    op.create_table(
        "household_asks",
        _person("asker_id"),
        _person("person_id"),
        sa.Column("asked_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("asker_id", "person_id", name="pk_household_asks"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_household_asks_person_id", "household_asks", ["person_id"])
    op.add_column("people", sa.Column("household_id", KEY, nullable=True))
    op.create_index(
        "ix_people_household_id", "people", ["household_id"], sqlite_where=IS_KNOWN, postgresql_where=IS_KNOWN
    )


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_people_household_id", "people")
    op.drop_column("people", "household_id")
    op.drop_table("household_asks")
    op.drop_table("households")
