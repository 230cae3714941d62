"""Random samples of a village's or a commune's forms, as they were drawn."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "samples",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("unit_id", KEY, sa.ForeignKey("units.id", name="fk_samples_unit_id"), nullable=False),
        sa.Column("round_id", KEY, sa.ForeignKey("rounds.id", name="fk_samples_round_id"), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("drawn_from", sa.Integer(), nullable=False),
        sa.Column("forms", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", KEY, sa.ForeignKey("people.id", name="fk_samples_person_id"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_samples_unit_id_round_id", "samples", ["unit_id", "round_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("samples")
