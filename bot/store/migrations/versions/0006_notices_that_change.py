"""Why a channel takes a notice from nobody, for how many it was approved, and who set the limit of approval.

What a list has grown to is counted while it is written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HALF_WRITTEN = (
    "UPDATE notices SET recipients = (SELECT count(*) FROM outbox WHERE outbox.notice_id = notices.id)"
    " WHERE state = 'gathering'"
)


def upgrade() -> None:
    """Go up."""
    op.add_column("notices", sa.Column("refusal", sa.Text(), nullable=True))
    op.add_column("notices", sa.Column("approved_for", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("approval_limits", sa.Column("set_by", KEY, nullable=True))
    op.add_column("approval_limits", sa.Column("others", sa.Integer(), nullable=False, server_default=sa.text("500")))
    op.execute(HALF_WRITTEN)


def downgrade() -> None:
    """Go down. An older version counts a list once it is whole."""
    op.drop_column("approval_limits", "others")
    op.drop_column("approval_limits", "set_by")
    op.drop_column("notices", "approved_for")
    op.drop_column("notices", "refusal")
