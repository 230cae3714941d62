"""How long somebody holds a role, and until when they are away; how long a village's list is posted.

Roles there are go on without a term. Rounds there are post for the usual number of days, which an empty column stands
for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    for table in ("roles", "invitations"):
        op.add_column(table, sa.Column("until", sa.Date(), nullable=True))
    op.add_column(
        "invitations", sa.Column("replaces", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.add_column("roles", sa.Column("away_until", sa.Date(), nullable=True))
    op.add_column("rounds", sa.Column("posting_days", sa.SmallInteger(), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("rounds", "posting_days")
    op.drop_column("roles", "away_until")
    op.drop_column("invitations", "replaces")
    for table in ("invitations", "roles"):
        op.drop_column(table, "until")
