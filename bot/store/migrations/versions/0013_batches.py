"""What was ordered to be done with many forms at once, and with what outcome for each; whether the branch knows what it
is to vouch for; how each branch head hears of forms that arrive."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
UNDER_WAY: dict[str, Any] = {name: sa.text("stage <> 'ended'") for name in ("sqlite_where", "postgresql_where")}


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "batches",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("ordered", sa.LargeBinary(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_batches_person_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_batches_conversation_id"),
    )
    op.create_index("ix_batches_person_id", "batches", ["person_id"])
    op.create_index("ix_batches_under_way", "batches", ["id"], **UNDER_WAY)
    op.create_table(
        "batch_items",
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("assessment_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "assessment_id", name="pk_batch_items"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_batch_items_batch_id"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name="fk_batch_items_assessment_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batch_items_assessment_id", "batch_items", ["assessment_id"])
    op.create_index("ix_batch_items_outcome", "batch_items", ["batch_id", "outcome", "assessment_id"])
    op.create_table(
        "arrivals",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("told_how", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_arrivals"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_arrivals_person_id"),
    )
    op.create_table(
        "asked_reminders",
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("gone_to", KEY, nullable=False, server_default=sa.text("0")),
        sa.Column("reached", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("passed_over", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("unit_id", "day", name="pk_asked_reminders"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_asked_reminders_unit_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_asked_reminders_conversation_id"),
        sqlite_with_rowid=False,
    )
    op.add_column("evidence", sa.Column("known", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Go down. Orders under way are not carried on by an older version."""
    op.drop_column("evidence", "known")
    for table in ("asked_reminders", "arrivals", "batch_items", "batches"):
        op.drop_table(table)
