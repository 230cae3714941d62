"""The phases of a round, and until when a returned form may be corrected.

Rounds there are keep their days; their other phases are the usual ones, which an empty column stands for. Forms
returned before this have no days beyond their round's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

DAYS = ("registration", "branch", "commune", "decision", "report")


def upgrade() -> None:
    """Go up."""
    for day in DAYS:
        op.add_column("rounds", sa.Column(day, sa.Date(), nullable=True))
    op.add_column("rounds", sa.Column("return_days", sa.SmallInteger(), nullable=True))
    op.add_column("assessments", sa.Column("open_until", sa.Date(), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("assessments", "open_until")
    op.drop_column("rounds", "return_days")
    for day in reversed(DAYS):
        op.drop_column("rounds", day)
