"""From the village to the certificate: closed villages, proposals, decisions and the register of titles."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "closings",
        sa.Column("unit_id", KEY, sa.ForeignKey("units.id", name="fk_closings_unit_id"), nullable=False),
        sa.Column("round_id", KEY, sa.ForeignKey("rounds.id", name="fk_closings_round_id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("meeting", sa.LargeBinary(), nullable=False),
        sa.Column("posted_until", sa.Date(), nullable=True),
        sa.Column("person_id", KEY, sa.ForeignKey("people.id", name="fk_closings_person_id"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "round_id", name="pk_closings"),
    )
    op.create_table(
        "proposals",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("unit_id", KEY, sa.ForeignKey("units.id", name="fk_proposals_unit_id"), nullable=False),
        sa.Column("round_id", KEY, sa.ForeignKey("rounds.id", name="fk_proposals_round_id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("person_id", KEY, sa.ForeignKey("people.id", name="fk_proposals_person_id"), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_proposals_unit_id_round_id", "proposals", ["unit_id", "round_id"])
    op.create_table(
        "recognitions",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column(
            "proposal_id", KEY, sa.ForeignKey("proposals.id", name="fk_recognitions_proposal_id"), nullable=False
        ),
        sa.Column("unit_id", KEY, sa.ForeignKey("units.id", name="fk_recognitions_unit_id"), nullable=False),
        sa.Column("round_id", KEY, sa.ForeignKey("rounds.id", name="fk_recognitions_round_id"), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, sa.ForeignKey("people.id", name="fk_recognitions_person_id"), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.UniqueConstraint("unit_id", "number", "dated", name="uq_recognitions_unit_id_number_dated"),
    )
    op.create_table(
        "titles",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("assessment_id", KEY, sa.ForeignKey("assessments.id", name="fk_titles_assessment_id"), nullable=True),
        sa.Column(
            "recognition_id", KEY, sa.ForeignKey("recognitions.id", name="fk_titles_recognition_id"), nullable=False
        ),
        sa.Column("unit_id", KEY, sa.ForeignKey("units.id", name="fk_titles_unit_id"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("village_id", KEY, sa.ForeignKey("units.id", name="fk_titles_village_id"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.UniqueConstraint("unit_id", "year", "number", name="uq_titles_unit_id_year_number"),
        sa.UniqueConstraint("code", name="uq_titles_code"),
    )
    op.create_index("ix_titles_assessment_id", "titles", ["assessment_id"])
    op.add_column("assessments", sa.Column("proposal_id", KEY, nullable=True))
    op.create_index("ix_assessments_proposal_id", "assessments", ["proposal_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_assessments_proposal_id", "assessments")
    op.drop_column("assessments", "proposal_id")
    for table in ("titles", "recognitions", "proposals", "closings"):
        op.drop_table(table)
