"""Whether people may be named on posted lists, and what each consent is about."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. Whoever was never asked is not named; every consent so far is about being kept."""
    op.add_column("people", sa.Column("publishes", sa.Boolean(), nullable=True))
    op.add_column("consents", sa.Column("about", sa.Text(), nullable=False, server_default=sa.text("'keeping'")))


def downgrade() -> None:
    """Go down. What was agreed about names goes too: without its mark it would read as agreeing to be kept. Posted lists
    that are waited for cannot be made by an older version."""
    op.execute("DELETE FROM consents WHERE about <> 'keeping'")
    op.execute("DELETE FROM paper_files WHERE paper_id IN (SELECT id FROM papers WHERE kind = 'posted')")
    op.execute("DELETE FROM papers WHERE kind = 'posted'")
    op.drop_column("consents", "about")
    op.drop_column("people", "publishes")
