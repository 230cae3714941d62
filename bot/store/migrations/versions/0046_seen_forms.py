"""Forms as they were shown to whoever decides."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    form = sa.ForeignKey("assessments.id", name="fk_seen_forms_assessment_id")
    op.create_table(
        "seen_forms",
        sa.Column("assessment_id", KEY, form, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", "version", name="pk_seen_forms"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_seen_forms_at", "seen_forms", ["at"])
    op.create_index("ix_recognitions_proposal_id", "recognitions", ["proposal_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_recognitions_proposal_id", "recognitions")
    op.drop_table("seen_forms")
