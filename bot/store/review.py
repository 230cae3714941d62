"""The lists of forms that branch heads look at."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import answers, assessments, people
from flows.conversation.facts import Found
from flows.review.needs import AnyNeed, FormList, ListedForm, ListWanted
from flows.words.wording import Named

_answered = select(func.count()).where(answers.c.assessment_id == assessments.c.id).scalar_subquery()
_LISTED = select(
    assessments.c.id,
    assessments.c.person_id,
    people.c.name,
    assessments.c.state,
    assessments.c.total,
    _answered.label("answered"),
).join(people, people.c.id == assessments.c.person_id)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    return _find_lists


async def _find_lists(
    connection: AsyncConnection, needs: Sequence[ListWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await listed(connection, need))


async def listed(connection: AsyncConnection, wanted: ListWanted) -> FormList:
    """Return a page of forms of one state, and how many there are in each."""
    in_units = and_(
        lies_in(assessments.c.unit_id, wanted.units),
        assessments.c.round_id.in_(sorted(wanted.rounds)),
        assessments.c.person_id != wanted.without_person,
    )
    counted = await connection.execute(
        select(assessments.c.state, func.count()).where(in_units).group_by(assessments.c.state)
    )
    forms = await connection.execute(
        _LISTED.where(in_units, assessments.c.state == wanted.state)
        .order_by(assessments.c.submitted_at, assessments.c.id)
        .offset(wanted.offset)
        .limit(wanted.limit)
        .with_for_update(read=True, key_share=True, of=people)  # who is erased waits until this can be found
    )
    return FormList(
        {row[0]: row[1] for row in counted},
        tuple(map(_listed_form, forms)),
    )


async def by_id(connection: AsyncConnection, form_ids: Collection[int]) -> list[ListedForm]:
    """Return forms as they stand in lists."""
    wanted = _LISTED.where(assessments.c.id.in_(sorted(form_ids)))
    rows = await connection.execute(wanted.with_for_update(read=True, key_share=True, of=people))
    return list(map(_listed_form, rows))


def _listed_form(row: Row[*tuple[Any, ...]]) -> ListedForm:
    return ListedForm(row.id, Named(row.person_id, row.name), row.state, row.total, row.answered)
