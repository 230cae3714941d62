"""What a letter can be turned off as, and indexes of the few letters that were refused or name somebody.

What waits already has the button under it that turns its kind off.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = ("reminders", "digests", "dates")
OPEN = "state IN ('queued', 'sending') AND notice_id IS NULL AND priority = 1"
REFUSED = sa.text("state = 'queued' AND error IS NOT NULL AND due IS NULL AND notice_id IS NOT NULL")
NAMES_PEOPLE = sa.text("about IS NOT NULL")


def upgrade() -> None:
    """Go up."""
    op.add_column("outbox", sa.Column("kind", sa.Text(), nullable=True))
    has_button = "instr(body, :button)" if op.get_bind().dialect.name == "sqlite" else "position(:button IN body)"
    for kind in KINDS:
        mark = sa.text(f"UPDATE outbox SET kind = :kind WHERE {OPEN} AND {has_button} > 0")  # noqa: S608
        button = sa.bindparam("button", f'"c:mute:{kind}"'.encode(), sa.LargeBinary())
        op.execute(mark.bindparams(button, kind=kind))
    op.create_index("ix_outbox_refused", "outbox", ["notice_id"], sqlite_where=REFUSED, postgresql_where=REFUSED)
    op.create_index("ix_outbox_about", "outbox", ["id"], sqlite_where=NAMES_PEOPLE, postgresql_where=NAMES_PEOPLE)


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_outbox_about", "outbox")
    op.drop_index("ix_outbox_refused", "outbox")
    op.drop_column("outbox", "kind")
