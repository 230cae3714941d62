"""When somebody was erased, by which their address is forgotten; evidence is found by its file; which folder
files are kept in.

Letters that were settled before this forget where they went.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ERASED = sa.text("erased_at IS NOT NULL")
SETTLED = "UPDATE outbox SET address = '' WHERE state NOT IN ('queued', 'sending')"


def upgrade() -> None:
    """Go up."""
    op.add_column("conversations", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_conversations_erased_at", "conversations", ["erased_at"], sqlite_where=ERASED, postgresql_where=ERASED
    )
    op.create_index("ix_evidence_source", "evidence", ["source"])
    op.add_column("reference_version", sa.Column("evidence_folder", sa.Text(), nullable=True))
    op.execute(SETTLED)


def downgrade() -> None:
    """Go down. Addresses of settled letters stay forgotten: nothing needs them."""
    op.drop_column("reference_version", "evidence_folder")
    op.drop_index("ix_evidence_source", "evidence")
    op.drop_index("ix_conversations_erased_at", "conversations")
    op.drop_column("conversations", "erased_at")
