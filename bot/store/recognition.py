"""Proposals as the committee sees them, its decisions, and the register of those who are recognised."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Row, Select, and_, bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import batches
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import assessments, people, proposals, recognitions, rounds, titles
from flows.conversation.facts import Found
from flows.domain.assessments import Assessment
from flows.meeting.acts import ROUND
from flows.recognition.acts import DECISION
from flows.recognition.needs import (
    AnyNeed,
    LastDecision,
    LastDecisionWanted,
    NumberTakenWanted,
    Proposal,
    ProposalsWanted,
    ProposedForm,
    ProposedPage,
    ProposedWanted,
    Recorded,
    RecordedWanted,
    Title,
    TitlesWanted,
    TitleWanted,
)
from flows.recognition.records import AnyRecord, Recognised, TitleEnded
from flows.words.spelling import fold
from flows.words.wording import Named

CODE_BYTES = 16
# So many names of a commune's register are read to be compared with what was typed, without tone marks.
MOST_COMPARED = 50_000
AnyRow = Row[*tuple[Any, ...]]


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case ProposalsWanted():
            return _find_proposals
        case ProposedWanted():
            return _find_proposed
        case LastDecisionWanted():
            return _find_last_decisions
        case NumberTakenWanted():
            return _find_taken_numbers
        case RecordedWanted():
            return _find_recorded
        case TitlesWanted():
            return _find_titles
        case TitleWanted():
            return _find_title


async def _find_proposals(
    connection: AsyncConnection, needs: Sequence[ProposalsWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        waiting = func.sum(case((assessments.c.state == "checked", 1), else_=0))
        listed = (
            select(
                proposals.c.id,
                proposals.c.unit_id,
                proposals.c.round_id,
                waiting.label("count"),
                func.sum(case((assessments.c.state == "recognised", 1), else_=0)).label("recognised"),
                proposals.c.at,
            )
            .join(assessments, assessments.c.proposal_id == proposals.c.id)
            .where(lies_in(proposals.c.unit_id, need.units))
            .group_by(proposals.c.id)
            .having(waiting > 0)
            .order_by(proposals.c.id)
        )
        found.put(
            need,
            tuple(
                [
                    Proposal(row.id, row.unit_id, row.round_id, int(row[3]), int(row.recognised), row.at)
                    for row in await connection.execute(listed)
                ]
            ),
        )


async def _find_proposed(
    connection: AsyncConnection, needs: Sequence[ProposedWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        waits = and_(assessments.c.proposal_id == need.proposal_id, assessments.c.state == "checked")
        counted = await connection.execute(
            select(assessments.c.unit_id, func.count()).where(waits).group_by(assessments.c.unit_id).order_by("unit_id")
        )
        rows = await connection.execute(
            select(
                *[assessments.c[name] for name in ("id", "unit_id", "total")],
                people.c.id.label("person"),
                people.c.name,
                people.c.helper.is_not(None).label("helped"),
            )
            .join(people, people.c.id == assessments.c.person_id)
            .where(waits)
            .order_by(assessments.c.unit_id, assessments.c.id)
            .offset(need.offset)
            .limit(need.limit)
            .with_for_update(read=True, key_share=True, of=people)  # who is erased waits until this can be found
        )
        forms = [
            ProposedForm(row.id, Named(row.person, row.name), row.unit_id, row.total, bool(row.helped)) for row in rows
        ]
        found.put(need, ProposedPage(tuple(forms), tuple([(row[0], row[1]) for row in counted])))


async def _find_last_decisions(
    connection: AsyncConnection, needs: Sequence[LastDecisionWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        last = select(recognitions.c.number, recognitions.c.signer).where(recognitions.c.unit_id == need.unit_id)
        row = (await connection.execute(last.order_by(recognitions.c.id.desc()).limit(1))).first()
        found.put(need, LastDecision(row.number, row.signer) if row is not None else None)


async def _find_taken_numbers(
    connection: AsyncConnection, needs: Sequence[NumberTakenWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        same = select(recognitions.c.id).where(
            recognitions.c.unit_id == need.unit_id,
            recognitions.c.number == need.number,
            recognitions.c.dated == need.dated,
        )
        found.put(need, (await connection.execute(same)).first() is not None)


async def _find_recorded(
    connection: AsyncConnection, needs: Sequence[RecordedWanted], found: Found, shared: ReferenceRead
) -> None:
    held = sorted({need.proposal_id for need in needs if need.held})
    if held and connection.dialect.name != "sqlite":  # which locks everything at once
        lock = select(proposals.c.id).where(proposals.c.id.in_(held)).order_by(proposals.c.id).with_for_update()
        await connection.execute(lock)
    for need in needs:
        found.put(need, await _recorded(connection, need))


async def _recorded(connection: AsyncConnection, wanted: RecordedWanted) -> Recorded | None:
    last = (
        select(recognitions)
        .where(recognitions.c.proposal_id == wanted.proposal_id, lies_in(recognitions.c.unit_id, wanted.units))
        .order_by(recognitions.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(last)).first()
    if row is None:
        return None
    known = select(people.c.id, people.c.name).where(people.c.id == row.person_id)
    # who is erased waits until this can be found
    person = (await connection.execute(known.with_for_update(read=True, key_share=True, of=people))).first()
    by = Named(person.id, person.name) if person is not None else None
    under_way = wanted.proposal_id in await batches.proposals_decided_on(connection)
    return Recorded(row.number, row.dated, by, row.at, under_way)


_TITLES = select(
    titles,
    recognitions.c.number.label("decision"),
    recognitions.c.dated,
    assessments.c.person_id.label("owner"),
).join(recognitions, recognitions.c.id == titles.c.recognition_id)
_TITLES_OF_FORMS = _TITLES.join(assessments, assessments.c.id == titles.c.assessment_id)


async def _find_titles(
    connection: AsyncConnection, needs: Sequence[TitlesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, tuple(await _fitting(connection, need)))


async def _fitting(connection: AsyncConnection, wanted: TitlesWanted) -> list[Title]:
    """Return entries with this number, or else with all words that were typed in the name; of a form the last one."""
    newest = titles.alias("newer")
    last = select(func.max(newest.c.id)).where(newest.c.assessment_id == titles.c.assessment_id).scalar_subquery()
    here = _TITLES_OF_FORMS.where(lies_in(titles.c.unit_id, wanted.units), titles.c.id == last).order_by(
        titles.c.id.desc()
    )
    if wanted.typed.isdecimal() and len(wanted.typed) <= 9:
        rows = await connection.execute(here.where(titles.c.number == int(wanted.typed)).limit(wanted.limit))
        return [_title(row) for row in rows]
    sought = fold(wanted.typed).split()
    rows = await connection.execute(here.limit(MOST_COMPARED))
    fitting = [row for row in rows if sought and set(sought) <= set(fold(row.name).split())]
    return [_title(row) for row in sorted(fitting[: wanted.limit], key=lambda row: (fold(row.name), row.id))]


async def _find_title(
    connection: AsyncConnection, needs: Sequence[TitleWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, None)
    wanted = [need.assessment_id for need in needs]
    for row in await connection.execute(
        _TITLES_OF_FORMS.where(titles.c.assessment_id.in_(wanted)).order_by(titles.c.id)
    ):
        found.put(TitleWanted(row.assessment_id), _title(row))


def _title(row: AnyRow) -> Title:
    return Title(
        row.id,
        row.assessment_id,
        row.number,
        row.year,
        Named(row.owner, row.name),
        row.village_id,
        row.title,
        row.decision,
        row.dated,
        row.code,
        row.revoked_at,
        row.reason,
    )


class Certificate(Struct, frozen=True):
    """What the public page of a certificate shows."""

    name: str
    village_id: int
    title: str
    year: int
    valid: bool


async def certificate(connection: AsyncConnection, code: str) -> Certificate | None:
    """Return what a certificate shows by its code; None where there is none, and of somebody who was erased."""
    row = (await connection.execute(select(titles).where(titles.c.code == code))).first()
    if row is None or not row.name:
        return None
    return Certificate(row.name, row.village_id, row.title, row.year, row.revoked_at is None)


# what turns write

_END = (
    update(titles)
    .where(titles.c.assessment_id == bindparam("_form"), titles.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("revoked_at"), reason=bindparam("reason"))
)


class Rows:
    """What a batch of turns decides for the committee."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._decided: list[tuple[Decided, Recognised]] = []
        self._ended: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note what a turn records."""
        match record:
            case Recognised():
                self._decided.append((one, record))
            case TitleEnded(assessment_id, reason):
                self._ended.append({"_form": assessment_id, "revoked_at": self._now, "reason": reason})

    async def write(self, connection: AsyncConnection) -> None:
        """Write decisions, each with the order by which forms are recognised; and entries that end."""
        await execute_many(connection, _END, self._ended)
        for one, record in self._decided:
            assert one.person_id is not None  # who has a role is somebody
            decision = {
                "proposal_id": record.proposal_id,
                "unit_id": record.unit_id,
                "round_id": record.round_id,
                "number": record.number,
                "dated": record.dated,
                "signer": record.signer,
                "person_id": one.person_id,
                "at": self._now,
            }
            new = insert(recognitions).values(decision).returning(recognitions.c.id)
            order = replace(record.order, recognition_id=(await connection.execute(new)).scalar_one())
            is_decided = update(proposals).where(proposals.c.id == record.proposal_id).values(state="decided")
            await connection.execute(is_decided)
            await batches.put(connection, order, one.person_id, one.turn.conversation.id, self._now)
            self._acts.append(
                Entry(
                    act="record",
                    role="committee",
                    about=DECISION,
                    about_id=order.recognition_id,
                    actor_id=one.person_id,
                    unit_id=record.unit_id,
                    details={ROUND: record.round_id, "number": record.number, "dated": record.dated.isoformat()},
                )
            )


# what batches write


async def enter(connection: AsyncConnection, recognition_id: int, forms: Sequence[Assessment]) -> None:
    """Enter people in the register by a decision: the next numbers of the year, and a code that cannot be guessed."""
    if not forms:
        return
    decision = (
        await connection.execute(
            select(recognitions.c.unit_id, rounds.c.year)
            .join(rounds, rounds.c.id == recognitions.c.round_id)
            .where(recognitions.c.id == recognition_id)
            .with_for_update(of=recognitions)
        )
    ).one()
    last = select(func.coalesce(func.max(titles.c.number), 0)).where(
        titles.c.unit_id == decision.unit_id, titles.c.year == decision.year
    )
    first = (await connection.execute(last)).scalar_one() + 1
    rows = [
        {
            "assessment_id": form.id,
            "recognition_id": recognition_id,
            "unit_id": decision.unit_id,
            "year": decision.year,
            "number": number,
            "code": secrets.token_urlsafe(CODE_BYTES),
            "name": form.person.name,
            "village_id": form.unit_id,
            "title": _in_vietnamese(form),
            "reason": "",
        }
        for number, form in enumerate(forms, first)
    ]
    await connection.execute(insert(titles), rows)


def _in_vietnamese(form: Assessment) -> str:
    """Return the title as it stands on the paper, which is Vietnamese whatever its owner reads."""
    return form.criteria.title.vi


async def entered(connection: AsyncConnection, form_ids: Sequence[int]) -> dict[int, Title]:
    """Return the last entries of forms."""
    rows = await connection.execute(_TITLES_OF_FORMS.where(titles.c.assessment_id.in_(form_ids)).order_by(titles.c.id))
    return {row.assessment_id: _title(row) for row in rows}


# what leaves


async def forget_person(connection: AsyncConnection, person_id: int, forms: Select[tuple[int]]) -> None:
    """Forget whose entries in the register are somebody's, and who recorded decisions. Numbers stay: a register has no
    gaps. The page of the certificate is gone."""
    theirs = titles.c.assessment_id.in_(forms)
    for id_ in list(await connection.scalars(select(titles.c.id).where(theirs))):
        nobody = {"assessment_id": None, "name": "", "code": secrets.token_urlsafe(CODE_BYTES), "reason": ""}
        await connection.execute(update(titles).where(titles.c.id == id_).values(nobody))
    recorded = update(recognitions).where(recognitions.c.person_id == person_id)
    await connection.execute(recorded.values(person_id=None))
