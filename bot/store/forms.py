"""Forms with their answers and evidence, what was decided on them, and how many there are."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import Column, ColumnElement, Row, Select, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.database import LostRace
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.gathering import person_in, person_of, roles_in
from bot.store.core.json_rows import json_rows, json_rows_by_key
from bot.store.core.lists import is_among
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import (
    answers,
    assessments,
    closings,
    evidence,
    people,
    rounds,
    seen_forms,
    tallies,
    trail,
)
from flows.conversation.facts import Another, Found
from flows.domain.assessments import (
    GIVING_BACK,
    Actor,
    Answer,
    Assessment,
    Evidence,
    EvidenceKind,
    result_of,
    total_of,
)
from flows.domain.criteria import CriteriaSet
from flows.domain.people import Person
from flows.forms.acts import FORM, INDICATOR, LEVEL, PUT_ON
from flows.forms.needs import (
    AnyNeed,
    AssessmentWanted,
    CountWanted,
    Latecomer,
    LatecomersWanted,
    LatecomerWanted,
    Seen,
    Since,
    SinceWanted,
    assessment,
)
from flows.forms.records import Acted, Answered, AnyRecord, Begun, EvidenceGiven, Followed, LetIn, Vouched
from flows.forms.seen import seen
from flows.words.name_order import name_order
from flows.words.spelling import fold

log = structlog.get_logger()

AnyRow = Row[*tuple[Any, ...]]
TallyKey = tuple[int, int, str, str, bool]
TALLY_NAMES = ("unit_id", "round_id", "group", "state", "passed")

# Answers and evidence come with their form, as JSON: one statement and one row a form, however many there are.
_answers_of_form = json_rows_by_key(
    answers.c.indicator_id, answers.c.level_id, answers.c.points, answers.c.adjusted_from,
    where=answers.c.assessment_id == assessments.c.id,
)  # fmt: skip
_evidence_of_form = json_rows(
    evidence.c.indicator_id, evidence.c.id, evidence.c.kind, evidence.c.text, evidence.c.source, evidence.c.name,
    evidence.c.known,
    where=evidence.c.assessment_id == assessments.c.id,
)  # fmt: skip
DECIDED = ("confirmed", "checked", "recognised", "revoked")
# A village that is closed holds its forms, except those that the association has given back to the branch since.
_given_back = (
    select(trail.c.number)
    .where(
        trail.c.about == FORM,
        trail.c.about_id == assessments.c.id,
        trail.c.role == "association",
        or_(*(trail.c.act == act for act in sorted(GIVING_BACK))),
        trail.c.at >= closings.c.at,
    )
    .correlate(assessments, closings)
    .exists()
)
_is_closed = (
    select(closings.c.unit_id)
    .where(
        closings.c.unit_id == assessments.c.unit_id,
        closings.c.round_id == assessments.c.round_id,
        closings.c.state == "closed",
        or_(*(assessments.c.state == state for state in DECIDED), ~_given_back),
    )
    .correlate(assessments)
    .exists()
)
_KEPT_OF_FORM = [
    assessments.c[name]
    for name in (
        "id",
        "person_id",
        "round_id",
        "unit_id",
        "pin",
        "state",
        "version",
        "reason",
        "submitted_at",
        "open_until",
        "proposal_id",
    )
]
_FORMS = (
    select(
        *_KEPT_OF_FORM,
        people.c.name,
        people.c.birth_year,
        people.c.unit_id.label("person_unit_id"),
        people.c.group,
        people.c.representative,
        people.c.helper_id,
        people.c.helper,
        people.c.household_id,
        _is_closed.label("closed"),
        _answers_of_form.label("answers"),
        _evidence_of_form.label("evidence"),
    )
    .join(people, people.c.id == assessments.c.person_id)
    .order_by(assessments.c.id)
)
_LOCK_FORMS = select(assessments.c.id).order_by(assessments.c.id).with_for_update()


def _locking_and_reading(column: Column[int]) -> tuple[Select[int], Select[*tuple[Any, ...]]]:
    """Select forms twice, by a column: to lock them, and to read them then."""
    wanted = is_among(column, "ids")
    return _LOCK_FORMS.where(wanted), _FORMS.where(wanted)


_FORMS_OF_PEOPLE = _locking_and_reading(assessments.c.person_id)
_FORMS_BY_ID = _locking_and_reading(assessments.c.id)
_answers_decoder = msgspec.json.Decoder(dict[str, Answer])
_evidence_decoder = msgspec.json.Decoder(list[tuple[str, int, EvidenceKind, str, str, str, bool | int | None]])

_CHANGED_OF_FORM = (
    "round_id", "unit_id", "pin", "state", "version", "total", "passed", "reason", "submitted_at", "touched_at",
    "open_until", "proposal_id",
)  # fmt: skip
_CHANGE_FORM = (
    update(assessments)
    .where(assessments.c.id == bindparam("_id"))
    .values({name: bindparam(name) for name in _CHANGED_OF_FORM})
    .values(reminded=0)
)
_VOUCH = update(evidence).where(evidence.c.id == bindparam("_id")).values(known=bindparam("known"))
_ADD_FORM, _ADD_EVIDENCE, _ADD_SEEN = insert(assessments), insert(evidence), insert(seen_forms)
_seen_decoder = msgspec.json.Decoder(Seen)


# what turns read


async def gather_own(
    connection: AsyncConnection, person_ids: Collection[int], by_pin: Mapping[str, CriteriaSet]
) -> Mapping[int, tuple[Assessment, ...] | None]:
    """Return all assessments of each person, oldest first, locked until the transaction ends; None where one of them
    cannot be read."""
    if not person_ids:
        return {}
    found: dict[int, tuple[Assessment, ...] | None] = {}
    for row in await _locked_forms(connection, _FORMS_OF_PEOPLE, person_ids):
        form, before = _readable_form(row, by_pin), found.get(row.person_id, ())
        found[row.person_id] = (*before, form) if form is not None and before is not None else None
    return found


async def as_spoken_for(
    connection: AsyncConnection, row: Row[*tuple[Any, ...]], shared: ReferenceRead
) -> Another | None:
    """Return somebody as they will be spoken for, by the columns of `whoever_speaks`; None when only another version
    can read their forms."""
    own = (await gather_own(connection, {row.person_id}, shared.by_pin)).get(row.person_id, ())
    return Another(person_in(row), roles_in(row.roles)[0], own) if own is not None else None


async def find_assessments(
    connection: AsyncConnection, needs: Sequence[AssessmentWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up forms by id, locked until the transaction ends. One that cannot be read is not found at all."""
    for need in needs:
        found.put(need, None)
    for row in await _locked_forms(connection, _FORMS_BY_ID, [need.id for need in needs]):
        if (form := _readable_form(row, shared.by_pin)) is not None:
            found.put(AssessmentWanted(row.id), form)
        else:
            found.drop(AssessmentWanted(row.id))


async def read_form(connection: AsyncConnection, form_id: int, by_pin: Mapping[str, CriteriaSet]) -> Assessment | None:
    """Return a form as it stands, without a lock; None for one that is gone or cannot be read."""
    row = (await connection.execute(_FORMS_BY_ID[1], {"ids": [form_id]})).first()
    return _readable_form(row, by_pin) if row is not None else None


async def _locked_forms(
    connection: AsyncConnection, forms: tuple[Select[int], Select[*tuple[Any, ...]]], ids: Collection[int]
) -> Sequence[AnyRow]:
    """Lock forms, and read them when they are locked.

    A statement that did both and had to wait would get the form as it is by then, but its answers and evidence, which
    are other rows, as they were before.
    """
    lock, read = forms
    if connection.dialect.name != "sqlite":  # which locks everything at once
        await connection.execute(lock, {"ids": list(ids)})
    return (await connection.execute(read, {"ids": list(ids)})).all()


def _readable_form(row: AnyRow, by_pin: Mapping[str, CriteriaSet]) -> Assessment | None:
    """Decode a form; None for one whose criteria, answers or evidence are of a newer version."""
    try:
        return _assessment(row, by_pin)
    except (msgspec.DecodeError, KeyError):
        log.warning("form_unreadable", assessment_id=row.id)
        return None


def _assessment(row: AnyRow, by_pin: Mapping[str, CriteriaSet]) -> Assessment:
    return Assessment(
        id=row.id,
        person=Person(
            row.person_id,
            row.name,
            row.birth_year,
            row.person_unit_id,
            row.group,
            row.representative,
            row.helper,
            row.helper_id or 0,
            household_id=row.household_id or 0,
        ),
        round_id=row.round_id,
        unit_id=row.unit_id,
        criteria=by_pin[row.pin],
        state=row.state,
        version=row.version,
        answers=_answers_decoder.decode(row.answers),
        evidence=_evidence(row.evidence),
        reason=row.reason,
        submitted_at=row.submitted_at,
        open_until=row.open_until,
        closed=bool(row.closed),
        proposal_id=row.proposal_id or 0,
    )


def _evidence(rows: str) -> Mapping[str, tuple[Evidence, ...]]:
    found: dict[str, tuple[Evidence, ...]] = {}
    for indicator_id, id_, kind, text, source, name, known in sorted(_evidence_decoder.decode(rows), key=itemgetter(1)):
        found[indicator_id] = (
            *found.get(indicator_id, ()),
            Evidence(kind, text, source, name, id_, None if known is None else bool(known)),
        )
    return found


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case AssessmentWanted():
            return find_assessments
        case CountWanted():
            return _find_counts
        case LatecomersWanted():
            return _find_latecomers
        case LatecomerWanted():
            return _find_latecomer
        case SinceWanted():
            return _find_since


async def _find_counts(
    connection: AsyncConnection, needs: Sequence[CountWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        counted = select(func.coalesce(func.sum(tallies.c.count), 0)).where(
            lies_in(tallies.c.unit_id, need.units),
            tallies.c.round_id.in_(sorted(need.rounds)),
            tallies.c.state == need.state,
        )
        if need.to_propose:
            counted = counted.where(tallies.c.passed, _village_is_closed)
        found.put(need, int(await connection.scalar(counted) or 0))


_village_is_closed = (
    select(closings.c.unit_id)
    .where(
        closings.c.unit_id == tallies.c.unit_id,
        closings.c.round_id == tallies.c.round_id,
        closings.c.state == "closed",
    )
    .correlate(tallies)
    .exists()
)


async def _find_latecomers(
    connection: AsyncConnection, needs: Sequence[LatecomersWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        rows = (await connection.execute(_residents(need.year).where(lies_in(people.c.unit_id, need.units)))).all()
        called = [row for row in rows if _ends_with(row.name.casefold(), need.typed.casefold())]
        called = called or [row for row in rows if _ends_with(fold(row.name), fold(need.typed))]
        called.sort(key=lambda row: (name_order(row.name), row.id))
        found.put(need, tuple(map(_latecomer, called[: need.limit])))


def _ends_with(name: str, typed: str) -> bool:
    words = typed.split()
    return bool(words) and name.split()[-len(words) :] == words


async def _find_latecomer(
    connection: AsyncConnection, needs: Sequence[LatecomerWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        row = (await connection.execute(_residents(need.year).where(people.c.id == need.person_id))).first()
        found.put(need, _latecomer(row) if row is not None else None)


async def _find_since(
    connection: AsyncConnection, needs: Sequence[SinceWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        shown = seen_forms.c.version <= need.version
        found.put(need, await _since(connection, need.assessment_id, shown, trail.c.version >= need.version))


async def since(connection: AsyncConnection, form_ids: Collection[int], at: datetime) -> dict[int, Since]:
    """Return forms as they were at a moment, and what was done with them since."""
    return {id_: await _since(connection, id_, seen_forms.c.at <= at, trail.c.at > at) for id_ in form_ids}


async def _since(
    connection: AsyncConnection, form_id: int, shown: ColumnElement[bool], later: ColumnElement[bool]
) -> Since:
    done = trail.select().where(trail.c.about == FORM, trail.c.about_id == form_id, later)
    acts = [row.act for row in await connection.execute(done.order_by(trail.c.number))]
    return Since(await _seen(connection, form_id, shown), tuple(acts))


async def _seen(connection: AsyncConnection, form_id: int, when: ColumnElement[bool]) -> Seen | None:
    """Return a form as it was last shown then; None where that is not kept, or only another version can read it."""
    last = select(seen_forms.c.content).where(seen_forms.c.assessment_id == form_id, when)
    content = await connection.scalar(last.order_by(seen_forms.c.version.desc()).limit(1))
    try:
        return _seen_decoder.decode(content) if content is not None else None
    except msgspec.DecodeError:
        return None


async def forget_seen(connection: AsyncConnection, before: datetime) -> None:
    """Forget how forms were shown before a moment."""
    await connection.execute(delete(seen_forms).where(seen_forms.c.at < before))


def _residents(year: int) -> Select[*tuple[Any, ...]]:
    """Select residents with their form of a year, which is one at most. Who is erased waits until it can be found."""
    of_year = and_(
        assessments.c.person_id == people.c.id,
        assessments.c.round_id.in_(select(rounds.c.id).where(rounds.c.year == year)),
    )
    known = [people.c.birth_year.is_not(None), people.c.group.is_not(None), people.c.unit_id.is_not(None)]
    return (
        select(
            people,
            assessments.c.id.label("form_id"),
            assessments.c.unit_id.label("form_unit_id"),
            assessments.c.state,
            assessments.c.open_until,
        )
        .select_from(people.outerjoin(assessments, of_year))
        .where(*known)
        .order_by(people.c.id)
        .with_for_update(read=True, key_share=True, of=people)
    )


def _latecomer(row: AnyRow) -> Latecomer:
    return Latecomer(person_of(row), row.form_unit_id or row.unit_id, row.form_id or 0, row.state, row.open_until)


# what turns write


class Rows:
    """What a batch changes in forms."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._begun: list[dict[str, Any]] = []
        self._let_in: list[tuple[dict[str, Any], Entry]] = []
        self._restarted: list[int] = []
        self._answers: list[dict[str, Any]] = []
        self._evidence: list[dict[str, Any]] = []
        self._vouched: list[dict[str, Any]] = []
        self._changed: dict[int, dict[str, Any]] = {}
        self._seen: list[dict[str, Any]] = []
        self._tallies: Counter[TallyKey] = Counter()

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        match record:
            case Answered(assessment_id, indicator_id, answer):
                self._answers.append(_answer_row(assessment_id, indicator_id, answer, self._now))
                self._change(one, assessment_id)
            case EvidenceGiven(assessment_id):
                self._evidence.append(_evidence_row(one, record, self._now))
                self._change(one, assessment_id)
            case Begun(round_id, unit_id, criteria):
                form = {"person_id": one.person_id, "round_id": round_id, "unit_id": unit_id, "pin": criteria.pin}
                empty = {"state": "draft", "version": 0, "total": 0, "passed": False}
                self._begun.append({**form, **empty, "begun_at": self._now, "touched_at": self._now})
                self._tallies[_tally_key(one.decision.facts.own[-1])] += 1
            case LetIn():
                self._let_in.append(self._late_form(one, record))
                self._tallies[_late_tally_key(record)] += 1
            case Vouched(assessment_id):
                self._vouched.append({"_id": record.evidence_id, "known": record.known})
                self._acts.append(_vouching(_forms_of(one, assessment_id)[0], record, one.person_id))
                self._change(one, assessment_id)
            case Acted(assessment_id):
                before, after = _forms_of(one, assessment_id)
                self.act(_who_acts(one, record.actor), before, after, record)
            case Followed(assessment_id):
                self._acts.append(_entry(_forms_of(one, assessment_id)[0], record, "resident", _who_acts(one)))
                if record.act == "restart":
                    self._restarted.append(assessment_id)
                self._change(one, assessment_id)

    def _late_form(self, one: Decided, record: LetIn) -> tuple[dict[str, Any], Entry]:
        """Return a form that is begun for somebody, and the act of it, which is about the form once it has an id."""
        form = {
            "person_id": record.person_id, "round_id": record.round_id, "unit_id": record.unit_id,
            "pin": record.criteria.pin, "state": "draft", "version": 0, "total": 0, "passed": False,
            "begun_at": self._now, "touched_at": self._now, "open_until": record.open_until,
        }  # fmt: skip
        act = Entry(
            act="let_in",
            role=record.actor,
            about=FORM,
            owner_id=record.person_id,
            actor_id=one.person_id,
            unit_id=record.unit_id,
            reason=record.reason,
        )
        return form, act

    def act(self, person_id: int | None, before: Assessment, after: Assessment, record: Acted) -> None:
        """Turn an act of somebody's into rows, with the form as it was and as the act leaves it."""
        details: dict[str, str | int] = {PUT_ON: record.proposal_id} if record.proposal_id else {}
        if record.answer is not None:
            details |= {INDICATOR: record.indicator_id, LEVEL: record.answer.level_id}
        entry = _entry(before, record, record.actor, person_id)
        self._acts.append(replace(entry, reason=record.reason, details=details))
        if record.answer is not None:
            self._answers.append(_answer_row(record.assessment_id, record.indicator_id, record.answer, self._now))
        self._change_form(before, after, undone=record.act == "undo")

    def _change(self, one: Decided, assessment_id: int) -> None:
        self._change_form(*_forms_of(one, assessment_id))

    def _change_form(self, before: Assessment, after: Assessment, *, undone: bool = False) -> None:
        """Note a form as a turn leaves it, and what that changes in the tallies; once a form. One whose confirmation
        was undone waits since it was submitted."""
        if after.id in self._changed:
            return
        result = result_of(after) if after.state != "draft" else None
        submitted_now = after.state == "submitted" and before.state != "submitted" and not undone
        self._changed[after.id] = {
            "_id": after.id,
            "round_id": after.round_id,
            "unit_id": after.unit_id,
            "pin": after.criteria.pin,
            "state": after.state,
            "version": after.version,
            "total": result.total if result is not None else total_of(after),
            "passed": result is not None and result.passed,
            "reason": after.reason,
            "submitted_at": self._now if submitted_now else after.submitted_at,
            "touched_at": self._now,
            "open_until": after.open_until,
            "proposal_id": after.proposal_id or None,
        }
        if not after.editable and (before.editable or _shows_other(before, after)):
            kept = {"assessment_id": after.id, "version": after.version, "at": self._now}
            self._seen.append({**kept, "content": msgspec.json.encode(seen(after))})
        if _tally_key(before) != _tally_key(after):
            self._tallies[_tally_key(before)] -= 1
            self._tallies[_tally_key(after)] += 1

    def take_out(self, forms: Sequence[Assessment]) -> None:
        """Take the forms of somebody who is erased out of the tallies. What was decided stays counted, apart: they may
        begin anew, and nobody is to count twice among the others."""
        for form in forms:
            unit_id, round_id, group, state, passed = key = _tally_key(form)
            self._tallies[key] -= 1
            if state in {"confirmed", "checked", "recognised"}:
                self._tallies[unit_id, round_id, group, "erased", passed] += 1

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows, forms before what belongs to them."""
        for table in (answers, evidence) if self._restarted else ():
            await connection.execute(delete(table).where(table.c.assessment_id.in_(self._restarted)))
        counted = [
            {**dict(zip(TALLY_NAMES, key, strict=True)), "count": change}
            for key, change in sorted(self._tallies.items())  # in one order, so that no two batches wait for each other
            if change
        ]
        await self._write_let_in(connection)
        replaced = ("level_id", "points", "adjusted_from", "at")
        for statement, rows in (
            (_ADD_FORM, self._begun),
            (upserts.insert_or_replace(connection, answers, replaced), self._answers),
            (_ADD_EVIDENCE, self._evidence),
            (_VOUCH, self._vouched),
            (_CHANGE_FORM, list(self._changed.values())),
            (_ADD_SEEN, self._seen),
            (upserts.insert_or_add(connection, tallies, "count"), counted),
        ):
            await execute_many(connection, statement, rows)

    async def _write_let_in(self, connection: AsyncConnection) -> None:
        """Begin forms for who was let in. Raises LostRace where somebody has one meanwhile."""
        for form, act in self._let_in:
            begin = upserts.insert_new(connection, assessments).values(form).returning(assessments.c.id)
            form_id = await connection.scalar(begin)
            if form_id is None:
                raise LostRace("form")
            self._acts.append(replace(act, about_id=form_id))


def _forms_of(one: Decided, assessment_id: int) -> tuple[Assessment, Assessment]:
    """Return a form as a turn found it and as it leaves it."""
    before, after = assessment(one.facts, assessment_id), assessment(one.decision.facts, assessment_id)
    assert before is not None
    assert after is not None
    return before, after


def _shows_other(before: Assessment, after: Assessment) -> bool:
    """Tell whether something else stands on a form now, besides its state."""
    return (before.answers, before.evidence, before.person, before.unit_id, before.criteria.pin) != (
        after.answers, after.evidence, after.person, after.unit_id, after.criteria.pin,
    )  # fmt: skip


def _entry(form: Assessment, record: Acted | Followed, actor: Actor, person_id: int | None) -> Entry:
    return Entry(
        act=record.act,
        role=actor,
        about=FORM,
        about_id=form.id,
        owner_id=form.person.id,
        actor_id=person_id,
        unit_id=form.unit_id,
        version=record.version,
    )


def _who_acts(one: Decided, actor: Actor = "resident") -> int | None:
    """Return who acts on a form: for somebody who is helped, who fills in for them."""
    person = one.turn.person
    return person.helper_id if actor == "resident" and person is not None and person.helper_id else one.person_id


def _vouching(form: Assessment, record: Vouched, person_id: int | None) -> Entry:
    entry = Entry(act="vouch", role=record.actor, about=FORM, about_id=form.id, owner_id=form.person.id)
    return replace(
        entry, actor_id=person_id, unit_id=form.unit_id, version=form.version, details={INDICATOR: record.indicator_id}
    )


def _answer_row(assessment_id: int, indicator_id: str, answer: Answer, now: datetime) -> dict[str, Any]:
    return {
        "assessment_id": assessment_id,
        "indicator_id": indicator_id,
        "level_id": answer.level_id,
        "points": answer.points,
        "adjusted_from": answer.adjusted_from,
        "at": now,
    }


def _evidence_row(one: Decided, record: EvidenceGiven, now: datetime) -> dict[str, Any]:
    proof = record.evidence
    return {
        "assessment_id": record.assessment_id,
        "indicator_id": record.indicator_id,
        "kind": proof.kind,
        "text": proof.text,
        "source": proof.source,
        "name": proof.name,
        "conversation_id": one.turn.conversation.id,
        "at": now,
    }


def _late_tally_key(record: LetIn) -> TallyKey:
    return (record.unit_id, record.round_id, record.criteria.group, "draft", False)


def _tally_key(form: Assessment) -> TallyKey:
    """Return where a form is counted. A draft passes nothing yet."""
    passed = form.state != "draft" and result_of(form).passed
    return (form.unit_id, form.round_id, form.criteria.group, form.state, passed)
