"""Who let the unfinished of a village be reminded, on a phone that several share."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.add_column("asked_reminders", sa.Column("person_id", KEY, nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("asked_reminders", "person_id")
