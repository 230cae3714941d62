"""The trail: what was decided on forms becomes its first entries, chained in the order in which it was done.

The hash is written here once more as it was when the trail began: what is on paper must hold for ever.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT_ONCE = 1000
MOMENT = sa.DateTime(timezone=True)

trail = sa.table(
    "trail",
    sa.column("number", KEY),
    sa.column("at", MOMENT),
    *(sa.column(name, sa.Text) for name in ("act", "role", "about", "actor_salt", "actor_digest", "reason", "details")),
    *(sa.column(name, KEY) for name in ("unit_id", "version", "actor_id", "about_id", "owner_id")),
    *(sa.column(name, sa.Text) for name in ("salt", "digest", "hash")),
)
decisions = sa.table(
    "decisions",
    *(sa.column(name, KEY) for name in ("id", "assessment_id", "version", "person_id")),
    *(sa.column(name, sa.Text) for name in ("act", "actor", "indicator_id", "level_id", "reason")),
    sa.column("at", MOMENT),
)
assessments = sa.table("assessments", *(sa.column(name, KEY) for name in ("id", "person_id", "unit_id")))


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "trail",
        sa.Column("number", KEY, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("unit_id", KEY, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("actor_salt", sa.Text(), nullable=True),
        sa.Column("actor_digest", sa.Text(), nullable=True),
        sa.Column("about_id", KEY, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_trail_actor_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_trail_owner_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_trail")),
    )
    op.create_table(
        "trail_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", KEY, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_head")),
    )
    number, last = _chain_decisions()
    op.get_bind().execute(
        sa.text("INSERT INTO trail_head (id, number, hash) VALUES (1, :number, :hash)"),
        {"number": number, "hash": last},
    )
    op.create_index("ix_trail_about", "trail", ["about", "about_id"])
    op.create_index(op.f("ix_trail_actor_id"), "trail", ["actor_id"])
    op.create_index(op.f("ix_trail_owner_id"), "trail", ["owner_id"])
    op.drop_index(op.f("ix_decisions_assessment_id"), "decisions")
    op.drop_table("decisions")


def _chain_decisions() -> tuple[int, str]:
    """Move what was decided into the trail. Returns its end."""
    connection = op.get_bind()
    number, last = 0, "0" * 64
    for decided in _decided(connection):
        rows = []
        for row in decided:
            number += 1
            rows.append(_entry(number, last, row))
            last = rows[-1]["hash"]
        connection.execute(sa.insert(trail), rows)
    return number, last


def _decided(connection: sa.Connection) -> Iterator[list[Any]]:
    after = 0
    whose = (
        sa.select(decisions, assessments.c.person_id.label("owner_id"), assessments.c.unit_id)
        .join(assessments, assessments.c.id == decisions.c.assessment_id)
        .order_by(decisions.c.id)
        .limit(AT_ONCE)
    )
    while found := list(connection.execute(whose.where(decisions.c.id > after))):
        yield found
        after = found[-1].id


def _entry(number: int, before: str, row: Any) -> dict[str, Any]:
    at: datetime = row.at if row.at.tzinfo is not None else row.at.replace(tzinfo=UTC)
    adjusted = {"indicator": row.indicator_id, "level": row.level_id} if row.level_id is not None else {}
    details = msgspec.json.encode(adjusted).decode() if adjusted else ""
    actor_salt, salt = None if row.person_id is None else token_hex(16), token_hex(16)
    actor_digest = None if row.person_id is None else _digest(actor_salt, row.person_id)
    digest = _digest(salt, row.assessment_id, row.owner_id, row.reason, details)
    written = at.astimezone(UTC).isoformat(timespec="microseconds")
    said = (number, row.act, row.actor, "form", row.unit_id, row.version, actor_digest, digest)
    return {
        "number": number, "at": at.astimezone(UTC), "act": row.act, "role": row.actor, "about": "form",
        "unit_id": row.unit_id, "version": row.version, "actor_id": row.person_id, "actor_salt": actor_salt,
        "actor_digest": actor_digest, "about_id": row.assessment_id, "owner_id": row.owner_id, "reason": row.reason,
        "details": details, "salt": salt, "digest": digest, "hash": _digest(before, written, *said),
    }  # fmt: skip


def _digest(*values: object) -> str:
    return sha256(msgspec.json.encode(values)).hexdigest()


def downgrade() -> None:
    """Go down. An older version knows what was decided on forms that are still there, and nothing else of the trail."""
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
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_decisions_assessment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_decisions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_assessment_id"), "decisions", ["assessment_id"])
    _decide_again(op.get_bind())
    op.drop_table("trail_head")
    op.drop_table("trail")


def _decide_again(connection: sa.Connection) -> None:
    after = 0
    on_forms = (
        sa.select(trail)
        .join(assessments, assessments.c.id == trail.c.about_id)
        .where(trail.c.about == "form")
        .order_by(trail.c.number)
        .limit(AT_ONCE)
    )
    while found := list(connection.execute(on_forms.where(trail.c.number > after))):
        connection.execute(sa.insert(decisions), [_decision(row) for row in found])
        after = found[-1].number


def _decision(row: Any) -> dict[str, Any]:
    details = msgspec.json.decode(row.details) if row.details else {}
    return {
        "assessment_id": row.about_id, "version": row.version, "act": row.act, "actor": row.role,
        "person_id": row.actor_id, "indicator_id": details.get("indicator", ""), "level_id": details.get("level"),
        "reason": row.reason, "at": row.at,
    }  # fmt: skip
