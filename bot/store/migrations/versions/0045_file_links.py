"""Links to files, opened with a code."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "file_links",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column(
            "conversation_id",
            KEY,
            sa.ForeignKey("conversations.id", name="fk_file_links_conversation_id"),
            nullable=False,
        ),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("code", "digest", "name", "language")),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("token", name="pk_file_links"),
        sqlite_with_rowid=False,
    )
    for column in ("conversation_id", "digest"):
        op.create_index(f"ix_file_links_{column}", "file_links", [column])


def downgrade() -> None:
    """Go down."""
    op.drop_table("file_links")
