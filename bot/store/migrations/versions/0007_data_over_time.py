"""Whose consent it was, and when it ended; whom letters are about; which returned forms are still open.

Consent of people who are known already was their own. Letters that wait are about the owners of the forms that their
buttons open.
"""

import re
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

RETURNED = sa.text("state = 'returned'")
LETTERS = """
    SELECT id, body FROM outbox WHERE state IN ('queued', 'sending') AND notice_id IS NULL AND body IS NOT NULL
"""
AT_ONCE = 500
_FORM = re.compile(rb'"c:[a-z_]+:([0-9]{1,18})[:"]')


def upgrade() -> None:
    """Go up."""
    op.add_column("consents", sa.Column("given_by", sa.Text(), nullable=True))
    op.add_column("consents", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("about", sa.Text(), nullable=True))
    op.create_index(
        "ix_assessments_open_until", "assessments", ["open_until"], sqlite_where=RETURNED, postgresql_where=RETURNED
    )
    _say_whom_letters_are_about()


def _say_whom_letters_are_about() -> None:
    connection = op.get_bind()
    letters = connection.execute(sa.text(LETTERS)).all()
    forms = {row.id: {int(found) for found in _FORM.findall(bytes(row.body))} for row in letters}
    owners: dict[int, int] = {}
    find = sa.text("SELECT id, person_id FROM assessments WHERE id IN :ids").bindparams(
        sa.bindparam("ids", expanding=True)
    )
    for some in _slices(sorted(set().union(*forms.values()))):
        owners |= {row.id: row.person_id for row in connection.execute(find, {"ids": some})}
    for letter_id, form_ids in forms.items():
        people = sorted({owners[form_id] for form_id in form_ids if form_id in owners})
        if people:
            about = "".join(f",{person_id}" for person_id in people) + ","
            connection.execute(
                sa.text("UPDATE outbox SET about = :about WHERE id = :id"), {"about": about, "id": letter_id}
            )


def _slices(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def downgrade() -> None:
    """Go down. Consent that ended is forgotten, as it was before."""
    op.execute("DELETE FROM consents WHERE withdrawn_at IS NOT NULL")
    op.drop_index("ix_assessments_open_until", "assessments")
    op.drop_column("outbox", "about")
    op.drop_column("consents", "withdrawn_at")
    op.drop_column("consents", "given_by")
