"""Who asked for the report of a notice, on a phone that several share."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.add_column("notice_reports", sa.Column("person_id", KEY, nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("notice_reports", "person_id")
