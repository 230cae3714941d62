"""Web pages for officials: links that sign in once, and what is open since."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0028"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _refers(name: str, to: str) -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey(f"{to}.id", name=f"fk_sign_ins_{name}"), nullable=False)


def _moment(name: str, *, nullable: bool) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "sign_ins",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.Text(), nullable=False),
        _refers("person_id", "people"),
        _refers("conversation_id", "conversations"),
        _moment("given_at", nullable=False),
        _moment("link_ends", nullable=False),
        _moment("opened_at", nullable=True),
        sa.Column("cookie", sa.Text(), nullable=True),
        _moment("ends", nullable=True),
        sa.UniqueConstraint("digest", name="uq_sign_ins_digest"),
        sa.UniqueConstraint("cookie", name="uq_sign_ins_cookie"),
    )
    op.create_index("ix_sign_ins_person_id", "sign_ins", ["person_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("sign_ins")
