"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "criteria_sets",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criteria_sets")),
        sa.UniqueConstraint("pin", name=op.f("uq_criteria_sets_pin")),
        sa.UniqueConstraint("set_id", "version", name=op.f("uq_criteria_sets_set_id_version")),
    )
    op.create_table(
        "reference_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_version")),
    )
    op.create_table(
        "units",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("aliases", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["units.id"], name=op.f("fk_units_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("invited_by", KEY, nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_invitations_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
    )
    op.create_table(
        "people",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column("unit_id", KEY, nullable=True),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("representative", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_people_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "rounds",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("opens", sa.Date(), nullable=False),
        sa.Column("closes", sa.Date(), nullable=False),
        sa.Column("sets", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_rounds_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("year", "unit_id", name=op.f("uq_rounds_year_unit_id")),
    )
    op.create_table(
        "assessments",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("total", sa.SmallInteger(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_assessments_person_id")),
        sa.ForeignKeyConstraint(["pin"], ["criteria_sets.pin"], name=op.f("fk_assessments_pin")),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_assessments_round_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_assessments_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint("person_id", "round_id", name=op.f("uq_assessments_person_id_round_id")),
    )
    with op.batch_alter_table("assessments", schema=None) as batch_op:
        batch_op.create_index("ix_assessments_unit_id_state", ["unit_id", "state"], unique=False)

    op.create_table(
        "conversations",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("consented", sa.Boolean(), nullable=True),
        sa.Column("session", sa.LargeBinary(), nullable=True),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_conversations_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("channel", "bot", "address", name=op.f("uq_conversations_channel_bot_address")),
    )
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversations_person_id"), ["person_id"], unique=False)

    op.create_table(
        "roles",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_roles_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_roles_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("person_id", "role", "unit_id", name=op.f("uq_roles_person_id_role_unit_id")),
    )
    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roles_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "tallies",
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_tallies_round_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_tallies_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "round_id", "group", "state", "passed", name=op.f("pk_tallies")),
    )
    op.create_table(
        "answers",
        sa.Column("assessment_id", KEY, nullable=False),
        sa.Column("indicator_id", sa.Text(), nullable=False),
        sa.Column("level_id", sa.Text(), nullable=False),
        sa.Column("points", sa.SmallInteger(), nullable=False),
        sa.Column("adjusted_from", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_answers_assessment_id")),
        sa.PrimaryKeyConstraint("assessment_id", "indicator_id", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consents",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_consents_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consents_conversation_id"), ["conversation_id"], unique=False)

    op.create_table(
        "decisions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("assessment_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("indicator_id", sa.Text(), nullable=False),
        sa.Column("level_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_decisions_assessment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_decisions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_assessment_id"), ["assessment_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("assessment_id", KEY, nullable=False),
        sa.Column("indicator_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_evidence_assessment_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_evidence_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_assessment_id"), ["assessment_id"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("update_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("callback", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_inbox_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "bot", "update_id", name=op.f("uq_inbox_channel_bot_update_id")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbox_waiting",
            ["conversation_id", "id"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "outbox",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("callback", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_outbox_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_open",
            ["channel", "bot", "priority", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )
        batch_op.create_index(
            "ix_outbox_open_address",
            ["channel", "bot", "address", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )

    op.execute("INSERT INTO reference_version (id, version) VALUES (1, 1)")


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_open_address",
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )
        batch_op.drop_index(
            "ix_outbox_open",
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )

    op.drop_table("outbox")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbox_waiting", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
        )

    op.drop_table("inbox")
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_evidence_assessment_id"))

    op.drop_table("evidence")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decisions_assessment_id"))

    op.drop_table("decisions")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consents_conversation_id"))

    op.drop_table("consents")
    op.drop_table("answers")
    op.drop_table("tallies")
    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roles_unit_id"))

    op.drop_table("roles")
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversations_person_id"))

    op.drop_table("conversations")
    with op.batch_alter_table("assessments", schema=None) as batch_op:
        batch_op.drop_index("ix_assessments_unit_id_state")

    op.drop_table("assessments")
    op.drop_table("rounds")
    op.drop_table("people")
    op.drop_table("invitations")
    op.drop_table("units")
    op.drop_table("reference_version")
    op.drop_table("criteria_sets")
