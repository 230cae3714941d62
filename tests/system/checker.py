"""The checker: whether a database at rest adds up, whatever its servers have been through."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Row, Table, Text, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.audit import verify
from bot.services.criteria_files import shipped
from bot.store.core.chain import BrokenChain
from bot.store.core.database import Database
from bot.store.core.tables import answers, assessments, inbox, metadata, notices, outbox, tallies
from flows.domain.criteria import CriteriaSet

AnyRow = Row[*tuple[Any, ...]]

_IS_OVER = outbox.c.state.not_in(("queued", "sending"))
_SAYS_SOMETHING = or_(outbox.c.body.is_not(None), outbox.c.callback.is_not(None), outbox.c.address != "")


async def complaints(database: Database, erased: Collection[str]) -> list[str]:
    """Return what does not add up in a database that nobody is working on.

    These hold at any rest, however often servers were killed:

    - Tallies equal a recount of the forms, for every unit, round, group, state and passed or not. What is counted as
      erased has no form, but is never less than none.
    - The total of every form is the sum of its answers' points, and it has passed exactly if it is no draft and its
      criteria's pass rule says so.
    - Every notice that has begun has as many recipients as rows in its ledger. One that has ended knows what became of
      each of them.
    - Every update is answered: none waits, none was given up.
    - Every letter is settled, and what it said, its address and its button are forgotten.
    - Who was erased is named in no column of any table.
    - The trail of acts holds.
    """
    async with database.reading() as connection:
        return [
            *await _tallies_differ(connection),
            *await _forms_differ(connection),
            *await _ledgers_differ(connection),
            *await _rows(connection, "updates wait", inbox, inbox.c.done_at.is_(None)),
            *await _rows(connection, "updates were given up", inbox, inbox.c.failed),
            *await _rows(connection, "letters wait", outbox, outbox.c.notice_id.is_(None), ~_IS_OVER),
            *await _rows(connection, "settled letters say more than that", outbox, _IS_OVER, _SAYS_SOMETHING),
            *await _named(connection, erased),
            *await _trail_is_broken(database),
        ]


async def _trail_is_broken(database: Database) -> list[str]:
    try:
        await verify(database)
    except BrokenChain as broken:
        return [str(broken)]
    return []


async def _tallies_differ(connection: AsyncConnection) -> list[str]:
    groups = {criteria.pin: criteria.group for criteria in shipped()}
    counted = Counter({tuple(row[:-1]): row[-1] for row in await connection.execute(select(tallies))})
    forms = await connection.execute(select(assessments))
    recount = Counter((row.unit_id, row.round_id, groups[row.pin], row.state, row.passed) for row in forms)
    recount.update({key: max(count, 0) for key, count in counted.items() if key[3] == "erased"})
    return [
        f"tally {key}: {counted[key]}, but there are {recount[key]} forms"
        for key in sorted({*counted, *recount})
        if counted[key] != recount[key]
    ]


async def _forms_differ(connection: AsyncConnection) -> list[str]:
    criteria = {one.pin: one for one in shipped()}
    points = (
        select(
            assessments,
            func.coalesce(func.sum(answers.c.points), 0).label("sum"),
            func.coalesce(func.min(answers.c.points), 0).label("lowest"),
            func.count(answers.c.points).label("given"),
        )
        .outerjoin(answers, answers.c.assessment_id == assessments.c.id)
        .group_by(assessments.c.id)
    )
    return [text for row in await connection.execute(points) for text in _of_form(row, criteria[row.pin])]


def _of_form(row: AnyRow, criteria: CriteriaSet) -> Iterator[str]:
    rule, all_given = criteria.pass_rule, row.given == len(criteria.indicators)
    passes = row.state != "draft" and all_given and row.sum >= rule.total and row.lowest >= rule.floor
    if (row.total, row.passed) != (row.sum, passes):
        yield f"form {row.id}, {row.state}: {row.total}, {row.passed}, by its answers {row.sum}, {passes}"


async def _ledgers_differ(connection: AsyncConnection) -> list[str]:
    ledgers = (
        select(
            *[notices.c[name] for name in ("id", "state", "recipients", "ended_at")],
            func.count(outbox.c.id).label("rows"),
            func.count(outbox.c.id).filter(_IS_OVER).label("over"),
        )
        .outerjoin(outbox, outbox.c.notice_id == notices.c.id)
        .where(notices.c.started_at.is_not(None))
        .group_by(notices.c.id)
    )
    return [text for row in await connection.execute(ledgers) for text in _of_notice(row)]


def _of_notice(row: AnyRow) -> Iterator[str]:
    if row.ended_at is None and row.state != "paused":
        yield f"notice {row.id} is still {row.state}"
    if row.recipients != row.rows:
        yield f"notice {row.id}, {row.state}: {row.recipients} recipients, {row.rows} in its ledger"
    if row.ended_at is not None and row.over != row.rows:
        yield f"notice {row.id}, {row.state}: ended with {row.rows - row.over} recipients open"


async def _rows(connection: AsyncConnection, what: str, table: Table, *where: ColumnElement[bool]) -> list[str]:
    count = await connection.scalar(select(func.count()).select_from(table).where(*where))
    return [f"{count} {what}"] if count else []


async def _named(connection: AsyncConnection, names: Collection[str]) -> list[str]:
    found = []
    for table in metadata.sorted_tables:
        for column in [column for column in table.columns if isinstance(column.type, Text | LargeBinary)]:
            kept = [_text(value) for value in await connection.scalars(select(column).distinct()) if value]
            found += [f"{name} is named in {column}" for name in names if any(name in value for value in kept)]
    return found


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
