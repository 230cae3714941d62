"""In which version of the reference a unit was changed last: who knows an earlier one reads only those that are newer."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. No server has read what was there before."""
    op.add_column("units", sa.Column("changed_in", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_units_changed_in", "units", ["changed_in"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_units_changed_in", "units")
    op.drop_column("units", "changed_in")
