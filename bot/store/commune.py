"""What an association may propose and has proposed, and the samples that it draws."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import and_, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import batches, review
from bot.store.core import phones
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import assessments, closings, proposals, samples, units
from flows.commune.acts import PROPOSAL, SAMPLE
from flows.commune.needs import (
    AnyNeed,
    CandidatesWanted,
    FormsWanted,
    NumberedProposal,
    NumberedWanted,
    Sample,
    SamplesWanted,
    ToPropose,
    ToProposeWanted,
)
from flows.commune.records import AnyRecord, ProposalNumbered, Proposed, Sampled
from flows.conversation.facts import Found
from flows.domain.units import LEAF_KINDS
from flows.meeting.acts import ROUND

# So many villages are named that are not closed.
MOST_MISSING = 20
# So many samples of a unit are shown again.
MOST_SAMPLES = 5

_ADD_SAMPLE = insert(samples)
_NUMBER = (
    update(proposals)
    .where(proposals.c.id == bindparam("_id"), proposals.c.state != "decided")
    .values(number=bindparam("number"), dated=bindparam("dated"))
)
_ids = msgspec.json.Decoder(tuple[int, ...])


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case NumberedWanted():
            return _find_numbered
        case ToProposeWanted():
            return _find_what_to_propose
        case CandidatesWanted():
            return _find_candidates
        case SamplesWanted():
            return _find_samples
        case FormsWanted():
            return _find_forms


async def _find_numbered(
    connection: AsyncConnection, needs: Sequence[NumberedWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        row = (await connection.execute(select(proposals).where(proposals.c.id == need.proposal_id))).first()
        known = NumberedProposal(row.unit_id, row.round_id, row.state == "decided") if row is not None else None
        found.put(need, known)


async def _find_what_to_propose(
    connection: AsyncConnection, needs: Sequence[ToProposeWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await to_propose(connection, need))


async def to_propose(connection: AsyncConnection, wanted: ToProposeWanted) -> ToPropose:
    """Return how far villages are. Those that are closed stay so until the transaction ends."""
    is_closed = and_(
        closings.c.unit_id == units.c.id, closings.c.round_id == wanted.round_id, closings.c.state == "closed"
    )
    here = and_(lies_in(units.c.id, wanted.units), units.c.kind.in_(sorted(LEAF_KINDS)), units.c.valid_to.is_(None))
    closed = await connection.execute(
        select(units.c.id, closings.c.posted_until)
        .join(closings, is_closed)
        .where(lies_in(units.c.id, wanted.units))
        .order_by(units.c.first)
        .with_for_update(read=True, of=closings)
    )
    up: list[int] = []
    posted: list[int] = []
    for unit_id, until in closed:
        (posted if until is not None and wanted.today <= until else up).append(unit_id)
    missing = and_(here, ~select(closings.c.unit_id).where(is_closed).correlate(units).exists())
    count = await connection.scalar(select(func.count()).select_from(units).where(missing))
    some = await connection.scalars(select(units.c.id).where(missing).order_by(units.c.first).limit(MOST_MISSING))
    return ToPropose(tuple(up), tuple(posted), tuple(some), int(count or 0))


async def _find_candidates(
    connection: AsyncConnection, needs: Sequence[CandidatesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        confirmed = select(assessments.c.id).where(
            lies_in(assessments.c.unit_id, need.units),
            assessments.c.round_id == need.round_id,
            assessments.c.state == "confirmed",
            phones.concerns_others(assessments.c.person_id, need.without_person),
            ~phones.lives_with(assessments.c.person_id, need.without_person),
        )
        found.put(need, tuple(await connection.scalars(confirmed.order_by(assessments.c.id))))


async def _find_samples(
    connection: AsyncConnection, needs: Sequence[SamplesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        drawn = select(samples).where(samples.c.unit_id == need.unit_id, samples.c.round_id == need.round_id)
        rows = await connection.execute(drawn.order_by(samples.c.id.desc()).limit(MOST_SAMPLES))
        found.put(need, tuple([Sample(row.seed, row.drawn_from, _ids.decode(row.forms), row.at) for row in rows]))


async def _find_forms(
    connection: AsyncConnection, needs: Sequence[FormsWanted], found: Found, shared: ReferenceRead
) -> None:
    wanted = {form_id for need in needs for form_id in need.form_ids}
    forms = {form.assessment_id: form for form in await review.by_id(connection, wanted)}
    for need in needs:
        found.put(need, tuple([forms[form_id] for form_id in need.form_ids if form_id in forms]))


class Rows:
    """What a batch of turns proposes."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._proposed: list[tuple[Decided, Proposed]] = []
        self._sampled: list[dict[str, Any]] = []
        self._numbered: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note what a turn proposes, and what it draws."""
        match record:
            case Proposed():
                self._proposed.append((one, record))
            case ProposalNumbered(proposal_id, number=number, dated=dated):
                self._note(one, "number", PROPOSAL, record, proposal_id)
                self._numbered.append({"_id": proposal_id, "number": number, "dated": dated})
            case Sampled(unit_id, round_id, seed, drawn_from, form_ids):
                drawn = {"unit_id": unit_id, "round_id": round_id, "seed": seed, "drawn_from": drawn_from}
                forms = msgspec.json.encode(form_ids)
                self._note(one, "draw", SAMPLE, record)
                self._sampled.append({**drawn, "forms": forms, "person_id": one.person_id, "at": self._now})

    async def write(self, connection: AsyncConnection) -> None:
        """Write samples; and proposals, each with the order that puts forms on it."""
        await execute_many(connection, _ADD_SAMPLE, self._sampled)
        await execute_many(connection, _NUMBER, self._numbered)
        for one, record in self._proposed:
            assert one.person_id is not None  # who has a role is somebody
            proposal = {
                "unit_id": record.unit_id,
                "round_id": record.round_id,
                "state": "proposed",
                "number": "",
                "person_id": one.person_id,
                "at": self._now,
            }
            new = insert(proposals).values(proposal).returning(proposals.c.id)
            order = replace(record.order, proposal_id=(await connection.execute(new)).scalar_one())
            await batches.put(connection, order, one.person_id, one.turn.conversation.id, self._now)
            self._note(one, "propose", PROPOSAL, record, order.proposal_id)

    def _note(self, one: Decided, act: str, about: str, record: AnyRecord, about_id: int | None = None) -> None:
        entry = Entry(act=act, role="association", about=about, about_id=about_id, actor_id=one.person_id)
        self._acts.append(replace(entry, unit_id=record.unit_id, details={ROUND: record.round_id}))
