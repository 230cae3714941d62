"""The lists of forms that branch heads look at."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import arrivals
from bot.store.core import phones, upserts
from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import answers, asked_reminders, assessments, evidence, people
from flows.conversation.facts import Found
from flows.domain.assessments import State
from flows.review.needs import (
    MOST_LISTED,
    AnyNeed,
    ArrivalsWanted,
    FormList,
    ListedForm,
    ListWanted,
    RemindedWanted,
    VillageForms,
    VillagesWanted,
)
from flows.review.records import AnyRecord, ArrivalsChosen, UnfinishedReminded
from flows.words.name_order import name_order
from flows.words.wording import Named

_answered = select(func.count()).where(answers.c.assessment_id == assessments.c.id).scalar_subquery()


def _evidence(*which: ColumnElement[bool]) -> ScalarSelect[int]:
    of_form = evidence.c.assessment_id == assessments.c.id
    return select(func.count()).where(of_form, *which).correlate(assessments).scalar_subquery()


_silent = _evidence(evidence.c.kind.in_(("photo", "document")), evidence.c.text == "")
_to_vouch = _evidence(evidence.c.kind == "vouched", evidence.c.known.is_(None))


_LISTED = select(
    assessments.c.id,
    assessments.c.person_id,
    people.c.name,
    people.c.helper.is_not(None).label("helped"),
    assessments.c.state,
    assessments.c.total,
    _answered.label("answered"),
    assessments.c.passed,
    _silent.label("silent"),
    _to_vouch.label("to_vouch"),
    assessments.c.submitted_at,
).join(people, people.c.id == assessments.c.person_id)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case ListWanted():
            return _find_lists
        case VillagesWanted():
            return _find_villages
        case ArrivalsWanted():
            return _find_arrivals
        case RemindedWanted():
            return _find_reminded


async def _find_lists(
    connection: AsyncConnection, needs: Sequence[ListWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await listed(connection, need))


async def listed(connection: AsyncConnection, wanted: ListWanted) -> FormList:
    """Return the forms of one state, sorted by the given name, and how many there are in each state."""
    in_units = _in_units(wanted)
    counted = await connection.execute(
        select(assessments.c.state, func.count()).where(in_units).group_by(assessments.c.state)
    )
    forms = await connection.execute(
        _LISTED.where(in_units, assessments.c.state == wanted.state)
        .order_by(assessments.c.submitted_at, assessments.c.id)
        .limit(MOST_LISTED)
        .with_for_update(read=True, key_share=True, of=people)  # who is erased waits until this can be found
    )
    # Databases know no Vietnamese order, or each its own.
    ordered = sorted(forms, key=lambda row: (name_order(row.name), row.id))
    return FormList(
        {row[0]: row[1] for row in counted},
        tuple(map(_listed_form, ordered)),
    )


async def by_id(connection: AsyncConnection, form_ids: Collection[int]) -> list[ListedForm]:
    """Return forms as they stand in lists."""
    wanted = _LISTED.where(assessments.c.id.in_(sorted(form_ids)))
    rows = await connection.execute(wanted.with_for_update(read=True, key_share=True, of=people))
    return list(map(_listed_form, rows))


def _listed_form(row: Row[*tuple[Any, ...]]) -> ListedForm:
    name = Named(row.person_id, row.name)
    return ListedForm(
        row.id,
        name,
        row.state,
        row.total,
        row.answered,
        row.passed,
        row.silent,
        row.to_vouch,
        row.submitted_at,
        bool(row.helped),
    )


def _in_units(wanted: ListWanted | VillagesWanted) -> ColumnElement[bool]:
    return and_(
        lies_in(assessments.c.unit_id, wanted.units),
        assessments.c.round_id.in_(sorted(wanted.rounds)),
        phones.concerns_others(assessments.c.person_id, wanted.without_person),
        ~phones.lives_with(assessments.c.person_id, wanted.without_person),
    )


async def _find_villages(
    connection: AsyncConnection, needs: Sequence[VillagesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await villages(connection, need))


async def villages(connection: AsyncConnection, wanted: VillagesWanted) -> tuple[VillageForms, ...]:
    """Count the forms of each village."""
    columns: tuple[Any, ...] = (assessments.c.unit_id, assessments.c.state)
    rows = await connection.execute(
        select(*columns, func.count().label("number"), func.min(assessments.c.submitted_at).label("oldest"))
        .where(_in_units(wanted))
        .group_by(*columns)
        .order_by(assessments.c.unit_id)
    )
    counts: dict[int, dict[State, int]] = {}
    oldest: dict[int, datetime] = {}
    for row in rows:
        counts.setdefault(row.unit_id, {})[row.state] = row.number
        if row.state == "submitted":
            oldest[row.unit_id] = row.oldest
    return tuple(VillageForms(unit_id, states, oldest.get(unit_id)) for unit_id, states in counts.items())


async def _find_arrivals(
    connection: AsyncConnection, needs: Sequence[ArrivalsWanted], found: Found, shared: ReferenceRead
) -> None:
    chosen = await arrivals.told_how(connection, [need.person_id for need in needs])
    for need in needs:
        found.put(need, chosen.get(need.person_id, ""))


async def _find_reminded(
    connection: AsyncConnection, needs: Sequence[RemindedWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        rows = await connection.scalars(select(asked_reminders.c.unit_id).where(asked_reminders.c.day == need.day))
        found.put(need, frozenset(rows))


class Rows:
    """What a batch of turns settles about a branch besides its forms."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._chosen: list[tuple[int, ArrivalsChosen]] = []
        self._asked: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        assert one.person_id is not None  # who has a role is somebody
        match record:
            case ArrivalsChosen():
                self._chosen.append((one.person_id, record))
            case UnfinishedReminded(unit_ids):
                chat = one.turn.conversation.id
                asked = {"day": one.facts.today, "conversation_id": chat, "person_id": one.person_id}
                self._asked += [{"unit_id": unit_id, **asked} for unit_id in unit_ids]

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows. Of two who ask for the same on one day, the first is heard."""
        for person_id, record in self._chosen:
            await arrivals.choose(connection, person_id, record.told_how)
        await execute_many(connection, upserts.insert_new(connection, asked_reminders), self._asked)
