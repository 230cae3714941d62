"""What a notice's list has grown to is counted while it is written."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HALF_WRITTEN = (
    "UPDATE notices SET recipients = (SELECT count(*) FROM outbox WHERE outbox.notice_id = notices.id)"
    " WHERE state = 'gathering'"
)


def upgrade() -> None:
    """Go up."""
    op.execute(HALF_WRITTEN)


def downgrade() -> None:
    """Go down: an older version counts a list once it is whole."""
