"""Papers that are asked for in the chat, and their files."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITS = sa.text("settled_at IS NULL")


def _refers(name: str, table: str, to: str) -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{name}"), nullable=False)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "papers",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("conversation_id", "papers", "conversations"),
        _refers("person_id", "papers", "people"),
        sa.Column("kind", sa.Text(), nullable=False),
        _refers("unit_id", "papers", "units"),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("about", KEY, nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
    )
    for column in ("conversation_id", "person_id"):
        op.create_index(f"ix_papers_{column}", "papers", [column])
    op.create_index("ix_papers_waiting", "papers", ["id"], sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_table(
        "paper_files",
        _refers("paper_id", "paper_files", "papers"),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("paper_id", "digest", name="pk_paper_files"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_paper_files_digest", "paper_files", ["digest"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("paper_files")
    op.drop_table("papers")
