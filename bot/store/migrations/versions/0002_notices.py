"""Notices, their ledgers, reminders, and who leads the delivery."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
OF_NOTICE: dict[str, Any] = {name: sa.text("notice_id IS NOT NULL") for name in ("sqlite_where", "postgresql_where")}
OPEN_BEFORE: dict[str, Any] = {
    name: sa.text("state IN ('queued', 'sending')") for name in ("sqlite_where", "postgresql_where")
}
OPEN: dict[str, Any] = {
    name: sa.text("state IN ('queued', 'sending') AND notice_id IS NULL")
    for name in ("sqlite_where", "postgresql_where")
}
UNFINISHED: dict[str, Any] = {
    name: sa.text("state IN ('draft', 'returned')") for name in ("sqlite_where", "postgresql_where")
}
OPEN_INDEXES = {"ix_outbox_open": "priority", "ix_outbox_open_address": "address"}
NOTICE_TABLES = (
    "leases", "standing_messages", "reminders", "approval_limits", "notice_reports", "notice_answers", "notice_units",
    "notices", "mutes", "contacts",
)  # fmt: skip

# Everybody who is known so far can be written to from now on.
FILL_CONTACTS = """
INSERT INTO contacts
    (person_id, unit_id, "group", birth_year, conversation_id, channel, language, reach, round_id, form_state)
SELECT p.id, p.unit_id, coalesce(p."group", ''), p.birth_year, c.id, coalesce(c.channel, ''), coalesce(c.language, ''),
    CASE WHEN c.id IS NULL THEN 'nowhere' WHEN c.blocked_at IS NOT NULL THEN 'blocked' ELSE 'open' END,
    a.round_id, coalesce(a.state, 'none')
FROM people p
LEFT JOIN conversations c ON c.id = (
    SELECT d.id FROM conversations d WHERE d.person_id = p.id ORDER BY d.blocked_at IS NOT NULL, d.id DESC LIMIT 1
)
LEFT JOIN assessments a ON a.id = (SELECT max(b.id) FROM assessments b WHERE b.person_id = p.id)
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "contacts",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("unit_id", KEY, nullable=True),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column("conversation_id", KEY, nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("round_id", KEY, nullable=True),
        sa.Column("form_state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_contacts_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_contacts")),
    )
    op.create_index(
        "ix_contacts_audience",
        "contacts",
        ["unit_id", "reach", "channel", "group", "birth_year", "language", "form_state", "round_id", "person_id"],
    )
    op.create_table(
        "mutes",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_mutes_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", name=op.f("pk_mutes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notices",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("author_id", KEY, nullable=True),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("audience", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("send_at", MOMENT, nullable=True),
        sa.Column("repeat", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("gathered_to", KEY, server_default=sa.text("0"), nullable=False),
        sa.Column("recipients", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_notices_author_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_notices_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_state"), "notices", ["state"])
    op.create_table(
        "notice_units",
        sa.Column("notice_id", KEY, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_units_notice_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_notice_units_unit_id")),
        sa.PrimaryKeyConstraint("notice_id", "unit_id", name=op.f("pk_notice_units")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_answers",
        sa.Column("notice_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_answers_notice_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notice_answers_person_id")),
        sa.PrimaryKeyConstraint("notice_id", "person_id", "question", name=op.f("pk_notice_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_notice_answers_person_id"), "notice_answers", ["person_id"])
    op.create_table(
        "notice_reports",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("notice_id", KEY, nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_reports_notice_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_notice_reports_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_reports")),
    )
    op.create_table(
        "approval_limits",
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("above", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_approval_limits_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_approval_limits")),
    )
    op.create_table(
        "reminders",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reminders")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "standing_messages",
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_standing_messages_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "topic", name=op.f("pk_standing_messages")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.add_column(
        "assessments",
        sa.Column("touched_at", MOMENT, server_default=sa.text("'1970-01-01 00:00:00.000000'"), nullable=False),
    )
    op.add_column("assessments", sa.Column("reminded", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE assessments SET touched_at = coalesce(submitted_at, begun_at)")
    op.create_index("ix_assessments_unfinished", "assessments", ["round_id", "reminded", "touched_at"], **UNFINISHED)
    op.add_column("outbox", sa.Column("notice_id", KEY, nullable=True))
    op.create_index("uq_outbox_notice", "outbox", ["notice_id", "conversation_id"], unique=True, **OF_NOTICE)
    op.create_index("ix_outbox_notice", "outbox", ["notice_id", "state", "channel", "bot", "id"], **OF_NOTICE)
    _index_open_letters(OPEN)
    op.execute(FILL_CONTACTS)


def downgrade() -> None:
    """Go down. Ledgers go with their notices: without one, a row of them says nothing."""
    op.execute("DELETE FROM outbox WHERE notice_id IS NOT NULL")
    _index_open_letters(OPEN_BEFORE)
    op.drop_index("ix_outbox_notice", "outbox", **OF_NOTICE)
    op.drop_index("uq_outbox_notice", "outbox", **OF_NOTICE)
    op.drop_column("outbox", "notice_id")
    op.drop_index("ix_assessments_unfinished", "assessments", **UNFINISHED)
    op.drop_column("assessments", "reminded")
    op.drop_column("assessments", "touched_at")
    for table in NOTICE_TABLES:
        op.drop_table(table)


def _index_open_letters(what: dict[str, Any]) -> None:
    for name, column in OPEN_INDEXES.items():
        op.drop_index(name, "outbox")
        op.create_index(name, "outbox", ["channel", "bot", column, "id"], **what)
