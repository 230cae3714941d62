"""Several people on one phone, and people for whom somebody fills in.

Every chat there is has one person, as before: such chats have no rows of people.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HELPED = sa.text("helper_id IS NOT NULL")
RECORDED = sa.text("recorded_by IS NOT NULL")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "conversation_people",
        sa.Column(
            "conversation_id",
            KEY,
            sa.ForeignKey("conversations.id", name="fk_conversation_people_conversation_id"),
            nullable=False,
        ),
        sa.Column(
            "person_id", KEY, sa.ForeignKey("people.id", name="fk_conversation_people_person_id"), nullable=False
        ),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("session", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("conversation_id", "person_id", name="pk_conversation_people"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_conversation_people_person_id", "conversation_people", ["person_id"])
    op.add_column("people", sa.Column("helper_id", KEY, nullable=True))
    op.add_column("people", sa.Column("helper", sa.Text(), nullable=True))
    op.create_index("ix_people_helper_id", "people", ["helper_id"], sqlite_where=HELPED, postgresql_where=HELPED)
    op.add_column("consents", sa.Column("person_id", KEY, nullable=True))
    op.create_index("ix_consents_person_id", "consents", ["person_id"])
    op.add_column("consents", sa.Column("how", sa.Text(), nullable=True))
    op.add_column("consents", sa.Column("given_on", sa.Date(), nullable=True))
    op.add_column("consents", sa.Column("witness", sa.Text(), nullable=True))
    op.add_column("consents", sa.Column("recorded_by", KEY, nullable=True))
    op.create_index(
        "ix_consents_recorded_by", "consents", ["recorded_by"], sqlite_where=RECORDED, postgresql_where=RECORDED
    )


def downgrade() -> None:
    """Go down. Of a phone that several share, who is spoken for stays; the others are people without a chat."""
    op.drop_index("ix_consents_recorded_by", "consents")
    for column in ("recorded_by", "witness", "given_on", "how"):
        op.drop_column("consents", column)
    op.drop_index("ix_consents_person_id", "consents")
    op.drop_column("consents", "person_id")
    op.drop_index("ix_people_helper_id", "people")
    op.drop_column("people", "helper")
    op.drop_column("people", "helper_id")
    op.drop_table("conversation_people")
