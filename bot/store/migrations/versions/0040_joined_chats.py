"""One person in several chats: which they are, the codes by which they are joined, and how often a wrong one came.

Everybody there is has one chat, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0034"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _refers(name: str, table: str, to: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{name}"), nullable=nullable)


def upgrade() -> None:
    """Go up."""
    op.add_column("conversations", sa.Column("joined", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "joined_people",
        _refers("person_id", "joined_people", "people"),
        _refers("conversation_id", "joined_people", "conversations"),
        sa.Column("session", sa.LargeBinary(), nullable=True),
        sa.Column("letters_to", KEY, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_joined_people"),
    )
    op.create_table(
        "joined_chats",
        _refers("conversation_id", "joined_chats", "conversations"),
        _refers("person_id", "joined_chats", "people"),
        sa.Column("since", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "person_id", name="pk_joined_chats"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_joined_chats_person_id", "joined_chats", ["person_id"])
    op.create_table(
        "join_codes",
        _refers("person_id", "join_codes", "people"),
        sa.Column("digest", sa.Text(), nullable=False),
        _refers("conversation_id", "join_codes", "conversations"),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        _refers("claimed_by", "join_codes", "conversations", nullable=True),
        sa.Column("claimed_for", KEY, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_join_codes"),
    )
    op.create_index("ix_join_codes_digest", "join_codes", ["digest"])
    op.create_table(
        "join_misses",
        _refers("conversation_id", "join_misses", "conversations"),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_join_misses"),
    )
    op.create_index("ix_join_misses_at", "join_misses", ["at"])


def downgrade() -> None:
    """Go down. Chats stay whose they are; who shares a phone with others by it stays there, too."""
    op.drop_table("join_misses")
    op.drop_table("join_codes")
    op.drop_table("joined_chats")
    op.drop_table("joined_people")
    op.drop_column("conversations", "joined")
