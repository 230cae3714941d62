"""Codes for buttons, for channels that show none."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    chat = sa.ForeignKey("conversations.id", name="fk_button_codes_conversation_id")
    op.create_table(
        "button_codes",
        sa.Column("conversation_id", KEY, chat, primary_key=True),
        sa.Column("code", sa.Integer(), primary_key=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Go down."""
    op.drop_table("button_codes")
