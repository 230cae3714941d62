"""What papers are made of: templates, counts by unit, those who pass, and what is on record of a round."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, and_, bindparam, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import meeting
from bot.store.core import upserts
from bot.store.core.chain import read_details
from bot.store.core.lists import is_one_of
from bot.store.core.scopes import lies_in
from bot.store.core.tables import (
    assessments,
    closings,
    consents,
    people,
    proposals,
    recognitions,
    rounds,
    samples,
    tallies,
    templates,
    titles,
    trail,
    units,
)
from bot.store.core.tables import roles as held
from bot.store.core.trail import head_about
from flows.commune.acts import PROPOSAL
from flows.domain.assessments import State
from flows.domain.closings import Minutes
from flows.domain.people import HowAgreed
from flows.domain.units import Scope
from flows.forms.acts import FORM, PUT_ON
from flows.meeting.acts import VILLAGE
from flows.recognition.acts import DECISION

AnyRow = Row[*tuple[Any, ...]]
_ids = msgspec.json.Decoder(tuple[int, ...])


class FormCount(Struct, frozen=True):
    """How many forms of a unit are in a state and reach the points, or do not."""

    unit_id: int
    state: str
    passed: bool
    count: int


# Confirmed by the branch, or further.
CONFIRMED = ("confirmed", "checked", "recognised", "revoked")


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


class FormOnList(Struct, frozen=True):
    """A form that stands on a list, with its owner's name as it is now. `helped` was filled in by somebody else, `late`
    confirmed after the village had met; `total` is what its answers come to. Whose owner `publishes` may be named where
    everybody can read it."""

    name: str
    unit_id: int
    village: str
    pin: str
    state: State
    passed: bool
    total: int
    helped: bool
    publishes: bool
    late: bool = False


_ON_LIST = (
    people.c.name,
    assessments.c.unit_id,
    units.c.name.label("village"),
    assessments.c.pin,
    assessments.c.state,
    assessments.c.passed,
    assessments.c.total,
    people.c.helper.is_not(None).label("helped"),
    func.coalesce(people.c.publishes, false()).label("publishes"),
)
_of_owner = people.c.id == assessments.c.person_id
_of_village = units.c.id == assessments.c.unit_id
# Whoever the branch let in once it had met is told apart: the meeting did not vote on them.
_confirmed_late = (
    select(trail.c.number)
    .where(
        trail.c.about == FORM,
        trail.c.about_id == assessments.c.id,
        trail.c.act == "confirm",
        trail.c.at > closings.c.at,
    )
    .correlate(assessments, closings)
    .exists()
)


async def read_confirmed(connection: AsyncConnection, scope: Scope, year: int) -> list[FormOnList]:
    """Return the forms of a year that the branch has confirmed, in a unit and all below it."""
    closed = and_(closings.c.unit_id == assessments.c.unit_id, closings.c.round_id == assessments.c.round_id)
    confirmed = (
        select(*_ON_LIST, _confirmed_late.label("late"))
        .join(people, _of_owner)
        .join(units, _of_village)
        .join(rounds, rounds.c.id == assessments.c.round_id)
        .outerjoin(closings, closed)
        .where(rounds.c.year == year, lies_in(assessments.c.unit_id, scope), assessments.c.state.in_(CONFIRMED))
    )
    return [FormOnList(*tuple(row)) for row in await connection.execute(confirmed)]


class RecordedConsent(Struct, frozen=True):
    """How and when somebody agreed to be helped, as their helper has recorded it, and who witnessed it."""

    how: HowAgreed
    day: date
    witness: str


async def read_recorded_consent(connection: AsyncConnection, person_id: int) -> RecordedConsent | None:
    """Return what is on record of somebody's consent to be filled in for; None where nothing is."""
    recorded = select(consents.c.how, consents.c.given_on, consents.c.witness).where(
        consents.c.person_id == person_id,
        consents.c.about == "keeping",
        consents.c.how.is_not(None),
        consents.c.withdrawn_at.is_(None),
    )
    row = (await connection.execute(recorded.order_by(consents.c.id.desc()).limit(1))).first()
    return RecordedConsent(row.how, row.given_on, row.witness or "") if row is not None else None


async def read_head(connection: AsyncConnection, unit_id: int) -> str:
    """Return the name of a branch's head: of the one, or of nobody where there are several or none."""
    heads = select(people.c.name).join(held, held.c.person_id == people.c.id)
    names = (await connection.scalars(heads.where(held.c.unit_id == unit_id, held.c.role == "head"))).all()
    return names[0] if len(names) == 1 else ""


# What is on record once branches, association and committee have decided in chat


class ClosedVillage(Struct, frozen=True):
    """The last branch meeting of a village. `trail` is the head at the act that closed it."""

    minutes: Minutes
    trail: str


async def read_meeting(connection: AsyncConnection, unit_id: int, year: int) -> ClosedVillage | None:
    """Return the branch meeting of a village's closing; None while it has not met."""
    of_year = (
        select(closings)
        .join(rounds, rounds.c.id == closings.c.round_id)
        .where(closings.c.unit_id == unit_id, rounds.c.year == year)
    )
    row = (await connection.execute(of_year.order_by(closings.c.at.desc()).limit(1))).first()
    minutes = meeting.read_minutes(row) if row is not None else None
    if row is None or minutes is None:
        return None
    return ClosedVillage(minutes, await _trail(connection, VILLAGE, unit_id, row.at))


async def _trail(connection: AsyncConnection, about: str, about_id: int, until: datetime) -> str:
    """Return the head of the trail that stands on a paper about something as it was at a moment."""
    head = await head_about(connection, about, about_id, until)
    return str(head) if head is not None else ""


class ProposalRow(Struct, frozen=True):
    """What an association has proposed. Number and day are blank until they are recorded."""

    id: int
    unit_id: int
    round_id: int
    number: str
    day: date | None
    at: datetime
    trail: str


async def read_proposal(
    connection: AsyncConnection, scope: Scope, year: int, proposal_id: int = 0
) -> ProposalRow | None:
    """Return the newest proposal of a year in units, or a certain one; None where there is none."""
    of_year = (
        select(proposals)
        .join(rounds, rounds.c.id == proposals.c.round_id)
        .where(lies_in(proposals.c.unit_id, scope), rounds.c.year == year)
        .order_by(proposals.c.id.desc())
        .limit(1)
    )
    wanted = of_year.where(proposals.c.id == proposal_id) if proposal_id else of_year
    row = (await connection.execute(wanted)).first()
    if row is None:
        return None
    printed = await _trail(connection, PROPOSAL, row.id, row.at)
    return ProposalRow(row.id, row.unit_id, row.round_id, row.number, row.dated, row.at, printed)


async def place_of_proposal(connection: AsyncConnection, proposal_id: int) -> tuple[int, int]:
    """Return the commune and the year of a proposal."""
    of_year = select(proposals.c.unit_id, rounds.c.year).join(rounds, rounds.c.id == proposals.c.round_id)
    row = (await connection.execute(of_year.where(proposals.c.id == proposal_id))).one()
    return row.unit_id, row.year


async def read_proposed(connection: AsyncConnection, proposal_id: int) -> list[FormOnList]:
    """Return the forms that are on a proposal."""
    on_it = select(*_ON_LIST).join(people, _of_owner).join(units, _of_village)
    rows = await connection.execute(on_it.where(assessments.c.proposal_id == proposal_id))
    return [FormOnList(*tuple(row)) for row in rows]


async def read_proposed_then(connection: AsyncConnection, proposal: ProposalRow, scope: Scope) -> list[FormOnList]:
    """Return the forms that a proposal was made with, those among them that were left out of it later."""
    acts = select(trail.c.about_id, trail.c.details).where(
        trail.c.about == FORM, trail.c.act == "propose", trail.c.at >= proposal.at, lies_in(trail.c.unit_id, scope)
    )
    put_on_it = [row.about_id for row in await connection.execute(acts) if _put_on(row.details) == proposal.id]
    either = or_(assessments.c.proposal_id == proposal.id, is_one_of(assessments.c.id, put_on_it))
    rows = await connection.execute(select(*_ON_LIST).join(people, _of_owner).join(units, _of_village).where(either))
    return [FormOnList(*tuple(row)) for row in rows]


def _put_on(details: str) -> int | str | None:
    return read_details(details).get(PUT_ON)


async def read_samples(connection: AsyncConnection, scope: Scope, round_id: int, until: datetime) -> list[int]:
    """Return of how many forms each sample was that was drawn in units until a moment, the oldest first."""
    drawn = select(samples.c.forms).where(
        lies_in(samples.c.unit_id, scope), samples.c.round_id == round_id, samples.c.at <= until
    )
    return [len(_ids.decode(forms)) for forms in await connection.scalars(drawn.order_by(samples.c.id))]


class DecisionRow(Struct, frozen=True):
    """A decision that was recorded."""

    id: int
    proposal_id: int
    number: str
    day: date
    signer: str
    trail: str


async def read_decision(connection: AsyncConnection, proposal_id: int) -> DecisionRow | None:
    """Return the decision on a proposal that was recorded last; None while there is none."""
    last = select(recognitions).where(recognitions.c.proposal_id == proposal_id)
    row = (await connection.execute(last.order_by(recognitions.c.id.desc()).limit(1))).first()
    return await _decision_row(connection, row) if row is not None else None


async def find_decision(
    connection: AsyncConnection, scope: Scope, year: int, *, number: str = "", decision_id: int = 0
) -> DecisionRow | None:
    """Return the decision of a year in units that bears a number, or a certain one; None where there is none."""
    of_year = (
        select(recognitions)
        .join(rounds, rounds.c.id == recognitions.c.round_id)
        .where(lies_in(recognitions.c.unit_id, scope), rounds.c.year == year)
    )
    asked = recognitions.c.id == decision_id if decision_id else recognitions.c.number == number
    row = (await connection.execute(of_year.where(asked).order_by(recognitions.c.id.desc()).limit(1))).first()
    return await _decision_row(connection, row) if row is not None else None


async def _decision_row(connection: AsyncConnection, row: AnyRow) -> DecisionRow:
    printed = await _trail(connection, DECISION, row.id, row.at)
    return DecisionRow(row.id, row.proposal_id, row.number, row.dated, row.signer, printed)


class TitleRow(Struct, frozen=True):
    """An entry of the register, with the village and what it lies in, the decision that it rests on, the criteria of
    its form, and whether its owner may be named on posted lists. Of somebody who was erased the name is empty."""

    number: int
    name: str
    village: str
    above: str | None
    title: str
    year: int
    code: str
    decision_number: str
    decision_day: date
    signer: str
    revoked_at: datetime | None
    reason: str
    pin: str | None
    publishes: bool


_above = units.alias("above")
_TITLES = (
    select(
        titles.c.number,
        titles.c.name,
        units.c.name.label("village"),
        _above.c.name.label("above"),
        titles.c.title,
        titles.c.year,
        titles.c.code,
        recognitions.c.number.label("decision_number"),
        recognitions.c.dated,
        recognitions.c.signer,
        titles.c.revoked_at,
        titles.c.reason,
        assessments.c.pin,
        func.coalesce(people.c.publishes, false()).label("publishes"),
    )
    .join(recognitions, recognitions.c.id == titles.c.recognition_id)
    .join(units, units.c.id == titles.c.village_id)
    .outerjoin(_above, _above.c.id == units.c.parent_id)
    .outerjoin(assessments, assessments.c.id == titles.c.assessment_id)
    .outerjoin(people, _of_owner)
    .order_by(titles.c.unit_id, titles.c.number)
)


async def read_titles(connection: AsyncConnection, scope: Scope, year: int) -> list[TitleRow]:
    """Return the titles of a year in a unit and all below it, by running number."""
    here = or_(lies_in(titles.c.unit_id, scope), lies_in(titles.c.village_id, scope))
    return [TitleRow(*tuple(row)) for row in await connection.execute(_TITLES.where(titles.c.year == year, here))]


async def read_title(connection: AsyncConnection, form_id: int) -> TitleRow | None:
    """Return the title that a form has led to last; None where there is none."""
    last = select(func.max(titles.c.id)).where(titles.c.assessment_id == form_id).scalar_subquery()
    row = (await connection.execute(_TITLES.where(titles.c.id == last))).first()
    return TitleRow(*tuple(row)) if row is not None else None


async def read_titles_of(connection: AsyncConnection, decision_id: int) -> list[TitleRow]:
    """Return the titles that a decision gave, with the names of then."""
    of_it = _TITLES.where(titles.c.recognition_id == decision_id)
    return [TitleRow(*tuple(row)) for row in await connection.execute(of_it)]
