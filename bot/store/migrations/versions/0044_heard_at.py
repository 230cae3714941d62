"""When somebody was last heard in a chat."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. Whoever did something lately has it in the inbox."""
    op.add_column("conversations", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE conversations SET heard_at ="
        " (SELECT max(received_at) FROM inbox WHERE inbox.conversation_id = conversations.id)"
        " WHERE id IN (SELECT conversation_id FROM inbox) AND person_id IS NOT NULL"
    )


def downgrade() -> None:
    """Go down."""
    op.drop_column("conversations", "heard_at")
