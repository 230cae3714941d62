"""What papers are made of: templates, counts by unit, those who pass, and what is on record of a round."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.documents.records import Decided, GivenTitle, Meeting, Proposed
from bot.store.core import upserts
from bot.store.core.scopes import lies_in
from bot.store.core.tables import assessments, people, rounds, tallies, templates, units
from bot.store.core.tables import roles as held
from flows.domain.units import Scope

AnyRow = Row[*tuple[Any, ...]]


class FormCount(Struct, frozen=True):
    """How many forms of a unit are in a state and reach the points, or do not."""

    unit_id: int
    state: str
    passed: bool
    count: int


# Confirmed by the branch, or further.
CONFIRMED = ("confirmed", "checked", "recognised")


# Templates


async def save_template(connection: AsyncConnection, unit_id: int, name: str, content: bytes, now: datetime) -> None:
    """Keep a template for a unit in the place of the one it had."""
    statement = upserts.insert_or_replace(connection, templates, ("content", "imported_at"))
    row = {"unit_id": unit_id, "name": name, "content": content, "imported_at": now}
    await connection.execute(statement, row)


async def read_template(connection: AsyncConnection, unit_ids: Sequence[int], name: str) -> bytes | None:
    """Return the template of the first of the units that has one."""
    wanted = templates.c.unit_id.in_(bindparam("ids", expanding=True)) & (templates.c.name == name)
    rows = await connection.execute(select(templates.c.unit_id, templates.c.content).where(wanted), {"ids": unit_ids})
    found = {row.unit_id: row.content for row in rows}
    return next((found[unit_id] for unit_id in unit_ids if unit_id in found), None)


async def read_templates(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return all templates with the code of their unit."""
    joined = select(units.c.code, templates.c.name, templates.c.content).join(units, units.c.id == templates.c.unit_id)
    return (await connection.execute(joined.order_by(units.c.code, templates.c.name))).all()


# What is there already


async def count_forms(connection: AsyncConnection, scope: Scope, year: int) -> list[FormCount]:
    """Count the forms of a year by unit, state and whether they reach the points, in a unit and all below it."""
    counted = (
        select(
            tallies.c.unit_id, tallies.c.state, tallies.c.passed, func.sum(tallies.c.count).label("count")
        )
        .join(rounds, rounds.c.id == tallies.c.round_id)
        .where(rounds.c.year == year, lies_in(tallies.c.unit_id, scope))
        .group_by(tallies.c.unit_id, tallies.c.state, tallies.c.passed)
    )  # fmt: skip
    return [FormCount(*row) for row in await connection.execute(counted)]


async def read_passed(connection: AsyncConnection, scope: Scope, year: int) -> Sequence[AnyRow]:
    """Return who reaches the points in forms that the branch has confirmed: name, unit and criteria."""
    passed = (
        select(people.c.name, assessments.c.unit_id, assessments.c.pin)
        .join(people, people.c.id == assessments.c.person_id)
        .join(rounds, rounds.c.id == assessments.c.round_id)
        .where(
            rounds.c.year == year,
            lies_in(assessments.c.unit_id, scope),
            assessments.c.state.in_(CONFIRMED),
            assessments.c.passed,
        )
    )
    return (await connection.execute(passed)).all()


async def read_head(connection: AsyncConnection, unit_id: int) -> str:
    """Return the name of a branch's head: of the one, or of nobody where there are several or none."""
    heads = select(people.c.name).join(held, held.c.person_id == people.c.id)
    names = (await connection.scalars(heads.where(held.c.unit_id == unit_id, held.c.role == "head"))).all()
    return names[0] if len(names) == 1 else ""


# What is on record once branches, association and committee decide in chat


async def read_meeting(connection: AsyncConnection, unit_id: int, year: int) -> Meeting | None:
    """Return the branch meeting of a village's closing; None while it has not met."""
    return None


async def read_proposal(connection: AsyncConnection, unit_id: int, year: int) -> Proposed | None:
    """Return what a commune's association proposes; None while it has not proposed."""
    return None


async def read_decision(connection: AsyncConnection, unit_id: int, year: int) -> Decided | None:
    """Return the decision on a commune's proposal; None while there is none."""
    return None


async def read_titles(connection: AsyncConnection, scope: Scope, year: int) -> Sequence[GivenTitle]:
    """Return the titles of a year in a unit and all below it, by running number."""
    return ()
