"""Why a channel takes a notice from nobody, what it repeats, for how many it was approved, and who set that limit.

What a list has grown to is counted while it is written. A notice waits in the web chat until its page is opened.
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
WAITING = sa.text("state = 'waiting'")
NOT_FETCHED = "UPDATE outbox SET state = 'failed', address = '' WHERE state = 'waiting'"
# What a notice repeats is the first with the same words, for the same people, from the same chat.
SERIES = """
UPDATE notices SET series_id = (
    SELECT min(first.id) FROM notices AS first
    WHERE first.conversation_id = notices.conversation_id AND first.content = notices.content
    AND first.audience = notices.audience AND first.repeat = notices.repeat AND first.id < notices.id
) WHERE repeat <> ''
"""


def upgrade() -> None:
    """Go up."""
    op.add_column("notices", sa.Column("refusal", sa.Text(), nullable=True))
    op.add_column("notices", sa.Column("approved_for", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("notices", sa.Column("series_id", KEY, nullable=True))
    op.create_index("ix_notices_series_id", "notices", ["series_id"])
    op.execute(SERIES)
    op.add_column("approval_limits", sa.Column("set_by", KEY, nullable=True))
    op.add_column("approval_limits", sa.Column("others", sa.Integer(), nullable=False, server_default=sa.text("500")))
    op.execute(HALF_WRITTEN)
    op.create_index(
        "ix_outbox_waiting", "outbox", ["conversation_id", "id"], sqlite_where=WAITING, postgresql_where=WAITING
    )


def downgrade() -> None:
    """Go down. An older version counts a list once it is whole, and lets no notice wait for a page."""
    op.execute(NOT_FETCHED)
    op.drop_index("ix_outbox_waiting", "outbox")
    op.drop_column("approval_limits", "others")
    op.drop_column("approval_limits", "set_by")
    op.drop_index("ix_notices_series_id", "notices")
    op.drop_column("notices", "series_id")
    op.drop_column("notices", "approved_for")
    op.drop_column("notices", "refusal")
