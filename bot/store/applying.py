"""Apply: what a batch of decided turns changes, in a handful of statements inside the transaction that gathered it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import contacts, erasing, notices, upserts
from bot.store.gathering import Waiting
from bot.store.lists import is_among
from bot.store.many import execute_many
from bot.store.tables import (
    answers,
    assessments,
    consents,
    conversations,
    decisions,
    evidence,
    inbox,
    invitations,
    people,
    roles,
    tallies,
)
from flows.conversation.engine import Decision
from flows.conversation.events import Consented, ContactChanged, LanguageChosen
from flows.conversation.facts import Facts
from flows.domain.assessments import Actor, Answer, Assessment, result_of, total_of
from flows.forms.needs import assessment
from flows.forms.records import Acted, Answered, Begun, EvidenceGiven, Followed
from flows.notices.records import ApprovalLimitSet, NoticeActed, NoticeSaved, ReportAsked
from flows.privacy.records import Erased
from flows.received.records import Muted, NoticeAnswered
from flows.registration.records import PersonSaved
from flows.roles.records import InvitationUsed, Invited, RoleTaken
from flows.subjects import AnyRecord

_encoder = msgspec.json.Encoder()

_SAVE_CONVERSATION = (
    update(conversations)
    .where(conversations.c.id == bindparam("_id"))
    .values(
        {name: bindparam(name) for name in ("session", "language", "consented", "person_id", "blocked_at", "erased_at")}
    )
)
_CHANGED_OF_FORM = (
    "round_id", "unit_id", "pin", "state", "version", "total", "passed", "reason", "submitted_at", "touched_at",
    "open_until",
)  # fmt: skip
_CHANGE_FORM = (
    update(assessments)
    .where(assessments.c.id == bindparam("_id"))
    .values({name: bindparam(name) for name in _CHANGED_OF_FORM})
    .values(reminded=0)
)
_CHANGE_PERSON = (
    update(people)
    .where(people.c.id == bindparam("_id"))
    .values({name: bindparam(name) for name in ("name", "birth_year", "unit_id", "group", "representative")})
)
_USE_INVITATION = (
    update(invitations).where(invitations.c.digest == bindparam("_digest")).values(used_at=bindparam("used_at"))
)
_TAKE_ROLE = delete(roles).where(roles.c.id == bindparam("_id"), roles.c.unit_id == bindparam("_unit_id"))
_ADD = {table: insert(table) for table in (consents, invitations, assessments, evidence, decisions)}
_DONE = (
    update(inbox)
    .where(is_among(inbox.c.id, "ids"))
    .values(done_at=bindparam("done_at"), body=None, callback=None, failed=bindparam("has_failed"))
)

# What changes how somebody is reached, or what a notice's recipients are chosen by.
_CHANGES_CONTACT = (LanguageChosen, PersonSaved, Begun, Acted, ContactChanged, Muted)
AboutNotices = NoticeSaved | NoticeActed | ReportAsked | ApprovalLimitSet | Muted
TallyKey = tuple[int, int, str, str, bool]


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn that waits to be applied: what it was, what it knew, and what was decided."""

    turn: Waiting
    facts: Facts
    decision: Decision


@dataclass(slots=True)
class Rows:
    """The rows a batch writes, table by table, collected from its events."""

    consents: list[dict[str, Any]] = field(default_factory=list)
    people_changed: list[dict[str, Any]] = field(default_factory=list)
    roles: list[dict[str, Any]] = field(default_factory=list)
    roles_taken: list[dict[str, Any]] = field(default_factory=list)
    invitations: list[dict[str, Any]] = field(default_factory=list)
    invitations_used: list[dict[str, Any]] = field(default_factory=list)
    begun: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    restarted: list[int] = field(default_factory=list)
    forms_changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    tallies: Counter[TallyKey] = field(default_factory=Counter)
    erased: list[tuple[int | None, int]] = field(default_factory=list)
    notices_answered: list[tuple[int, NoticeAnswered]] = field(default_factory=list)
    about_notices: list[tuple[AboutNotices, int | None, int]] = field(default_factory=list)


async def apply(connection: AsyncConnection, batch: Sequence[Decided], now: datetime) -> list[str]:
    """Write a batch of decided turns. Returns the sources of files that nobody needs any more."""
    rows = Rows()
    await erasing.hold(connection, [one.turn for one in batch if _erases(one)])
    new_people = await _insert_people(connection, batch, now)
    for one in batch:
        for record in one.decision.records:
            assert isinstance(record, AnyRecord)
            _collect(rows, one, record, new_people.get(one.turn.inbox_id, one.turn.person_id), now)
    await _write(connection, rows)
    await execute_many(connection, _SAVE_CONVERSATION, [_conversation_row(one, new_people, now) for one in batch])
    await mark_done(connection, [one.turn.inbox_id for one in batch], now)
    await notices.answer(connection, rows.notices_answered, now)
    for about, person_id, conversation_id in rows.about_notices:
        await _apply_notice(connection, about, person_id, conversation_id, now)
    await contacts.refresh(connection, _changed_contacts(batch, new_people))
    files: list[str] = []
    for person_id, conversation_id in rows.erased:
        files += await erasing.erase(connection, person_id, conversation_id, now)
    return files


def _erases(one: Decided) -> bool:
    return any(isinstance(record, Erased) for record in one.decision.records)


def _changed_contacts(batch: Sequence[Decided], new_people: Mapping[int, int]) -> set[int]:
    """Return the people whose contacts are to be made anew: who writes again is no longer blocked."""
    return {
        person_id
        for one in batch
        if (person_id := new_people.get(one.turn.inbox_id, one.turn.person_id)) is not None
        and (
            one.turn.blocked_at is not None
            or any(isinstance(record, _CHANGES_CONTACT) for record in one.decision.records)
        )
    } | {
        form.person.id
        for one in batch
        for record in one.decision.records
        if isinstance(record, Acted) and (form := assessment(one.facts, record.assessment_id)) is not None
    }


async def _apply_notice(
    connection: AsyncConnection, record: AboutNotices, person_id: int | None, conversation_id: int, now: datetime
) -> None:
    match record:
        case NoticeSaved() if person_id is not None:
            await notices.save(connection, record, person_id, conversation_id, now)
        case NoticeActed():
            await notices.act(connection, record, now, (person_id, conversation_id))
        case Muted(kind, off) if person_id is not None:
            await notices.mute(connection, person_id, kind, now, off=off)
        case ReportAsked(notice_id):
            await notices.ask_report(connection, notice_id, conversation_id, now)
        case ApprovalLimitSet(unit_id, above):
            await notices.set_limit(connection, unit_id, above, person_id)
        case NoticeSaved() | Muted():
            pass  # of nobody known


async def mark_done(
    connection: AsyncConnection, inbox_ids: Sequence[int], now: datetime, *, failed: bool = False
) -> None:
    """Settle updates. What they said is forgotten: only their ids stay, to know them again."""
    await execute_many(connection, _DONE, [{"ids": list(inbox_ids), "done_at": now, "has_failed": failed}])


async def _insert_people(connection: AsyncConnection, batch: Sequence[Decided], now: datetime) -> Mapping[int, int]:
    """Insert the people of turns that make somebody known. Returns their ids by the turn's inbox id."""
    new = [
        (one.turn.inbox_id, record)
        for one in batch
        for record in one.decision.records
        if isinstance(record, PersonSaved) and one.turn.person_id is None
    ]
    if not new:
        return {}
    statement = insert(people).returning(people.c.id, sort_by_parameter_order=True)
    ids = await connection.scalars(statement, [{**_person_row(record), "created_at": now} for _inbox_id, record in new])
    return dict(zip((inbox_id for inbox_id, _record in new), ids, strict=True))


def _person_row(record: PersonSaved) -> dict[str, Any]:
    return {
        "name": record.name,
        "birth_year": record.birth_year,
        "unit_id": record.unit_id,
        "group": record.group,
        "representative": record.representative,
    }


def _collect(rows: Rows, one: Decided, record: AnyRecord, person_id: int | None, now: datetime) -> None:
    """Turn one record into rows."""
    conversation_id = one.turn.conversation.id
    match record:
        case Consented(text_version, given, representative):
            consent = {"text_version": text_version, "given": given, "given_by": representative or None}
            rows.consents.append({"conversation_id": conversation_id, **consent, "at": now})
        case PersonSaved() if one.turn.person_id is not None:
            rows.people_changed.append({"_id": one.turn.person_id, **_person_row(record)})
        case Begun(round_id, unit_id, criteria):
            form = {"person_id": person_id, "round_id": round_id, "unit_id": unit_id, "pin": criteria.pin}
            empty = {"state": "draft", "version": 0, "total": 0, "passed": False}
            rows.begun.append({**form, **empty, "begun_at": now, "touched_at": now})
            rows.tallies[_tally_key(one.decision.facts.own[-1])] += 1
        case Answered(assessment_id, indicator_id, answer):
            rows.answers.append(_answer_row(assessment_id, indicator_id, answer, now))
            _form_changed(rows, one, assessment_id, now)
        case EvidenceGiven(assessment_id, indicator_id, proof):
            rows.evidence.append(
                {
                    "assessment_id": assessment_id,
                    "indicator_id": indicator_id,
                    "kind": proof.kind,
                    "text": proof.text,
                    "source": proof.source,
                    "name": proof.name,
                    "conversation_id": conversation_id,
                    "at": now,
                }
            )
            _form_changed(rows, one, assessment_id, now)
        case Acted():
            _collect_act(rows, one, record, person_id, now)
        case Followed():
            rows.decisions.append(_decision_row(record, "resident", person_id, now))
            if record.act == "restart":
                rows.restarted.append(record.assessment_id)
            _form_changed(rows, one, record.assessment_id, now)
        case Invited(digest, role, unit_id, expires):
            rows.invitations.append(
                {
                    "digest": digest,
                    "role": role,
                    "unit_id": unit_id,
                    "expires": expires,
                    "invited_by": person_id,
                }
            )
        case InvitationUsed(digest, role, unit_id):
            rows.invitations_used.append({"_digest": digest, "used_at": now})
            rows.roles.append({"person_id": person_id, "role": role, "unit_id": unit_id, "since": now})
        case RoleTaken(role_id, unit_id):
            rows.roles_taken.append({"_id": role_id, "_unit_id": unit_id})
        case Erased():
            rows.erased.append((person_id, conversation_id))
            _erase_counts(rows, one.facts.own)
        case NoticeAnswered() if person_id is not None:
            rows.notices_answered.append((person_id, record))
        case NoticeSaved() | NoticeActed() | ReportAsked() | ApprovalLimitSet() | Muted():
            rows.about_notices.append((record, person_id, conversation_id))
        case LanguageChosen() | ContactChanged() | PersonSaved() | NoticeAnswered():
            pass  # written with the conversation, inserted before, or of nobody known


def _collect_act(rows: Rows, one: Decided, record: Acted, person_id: int | None, now: datetime) -> None:
    decision = {
        "indicator_id": record.indicator_id,
        "level_id": record.answer.level_id if record.answer else None,
        "reason": record.reason,
    }
    rows.decisions.append(_decision_row(record, record.actor, person_id, now) | decision)
    if record.answer is not None:
        rows.answers.append(_answer_row(record.assessment_id, record.indicator_id, record.answer, now))
    _form_changed(rows, one, record.assessment_id, now)


def _decision_row(record: Acted | Followed, actor: Actor, person_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "assessment_id": record.assessment_id,
        "version": record.version,
        "act": record.act,
        "actor": actor,
        "person_id": person_id,
        "indicator_id": "",
        "level_id": None,
        "reason": "",
        "at": now,
    }


def _answer_row(assessment_id: int, indicator_id: str, answer: Answer, now: datetime) -> dict[str, Any]:
    return {
        "assessment_id": assessment_id,
        "indicator_id": indicator_id,
        "level_id": answer.level_id,
        "points": answer.points,
        "adjusted_from": answer.adjusted_from,
        "at": now,
    }


def _form_changed(rows: Rows, one: Decided, assessment_id: int, now: datetime) -> None:
    """Note a form as the turn leaves it, and what that changes in the tallies; once a form."""
    if assessment_id in rows.forms_changed:
        return
    before = assessment(one.facts, assessment_id)
    after = assessment(one.decision.facts, assessment_id)
    assert before is not None
    assert after is not None
    result = result_of(after) if after.state != "draft" else None
    submitted_now = after.state == "submitted" and before.state != "submitted"
    rows.forms_changed[assessment_id] = {
        "_id": assessment_id,
        "round_id": after.round_id,
        "unit_id": after.unit_id,
        "pin": after.criteria.pin,
        "state": after.state,
        "version": after.version,
        "total": result.total if result is not None else total_of(after),
        "passed": result is not None and result.passed,
        "reason": after.reason,
        "submitted_at": now if submitted_now else after.submitted_at,
        "touched_at": now,
        "open_until": after.open_until,
    }
    if _tally_key(before) != _tally_key(after):
        rows.tallies[_tally_key(before)] -= 1
        rows.tallies[_tally_key(after)] += 1


def _erase_counts(rows: Rows, forms: Sequence[Assessment]) -> None:
    """Take the forms of somebody who is erased out of the tallies. What was decided stays counted, apart: they may
    begin anew, and nobody is to count twice among the others."""
    for form in forms:
        unit_id, round_id, group, state, passed = key = _tally_key(form)
        rows.tallies[key] -= 1
        if state == "confirmed":
            rows.tallies[unit_id, round_id, group, "erased", passed] += 1


def _tally_key(form: Assessment) -> TallyKey:
    """Return where a form is counted. A draft passes nothing yet."""
    passed = form.state != "draft" and result_of(form).passed
    return (form.unit_id, form.round_id, form.criteria.group, form.state, passed)


async def _write(connection: AsyncConnection, rows: Rows) -> None:
    """Write the collected rows, parents before children. Tables that nothing happens to cost nothing."""
    tally_names = ("unit_id", "round_id", "group", "state", "passed")
    counted = [
        {**dict(zip(tally_names, key, strict=True)), "count": change}
        for key, change in sorted(rows.tallies.items())  # in one order, so that no two batches wait for each other
        if change
    ]
    for table in (answers, evidence) if rows.restarted else ():
        await connection.execute(delete(table).where(table.c.assessment_id.in_(rows.restarted)))
    replaced = ("level_id", "points", "adjusted_from", "at")
    for statement, values in (
        (_ADD[consents], rows.consents),
        (_CHANGE_PERSON, rows.people_changed),
        (_ADD[invitations], rows.invitations),
        (_USE_INVITATION, rows.invitations_used),
        (upserts.insert_new(connection, roles), rows.roles),
        (_TAKE_ROLE, rows.roles_taken),
        (_ADD[assessments], rows.begun),
        (upserts.insert_or_replace(connection, answers, replaced), rows.answers),
        (_ADD[evidence], rows.evidence),
        (_CHANGE_FORM, list(rows.forms_changed.values())),
        (_ADD[decisions], rows.decisions),
        (upserts.insert_or_add(connection, tallies, "count"), counted),
    ):
        await execute_many(connection, statement, values)


def _conversation_row(one: Decided, new_people: Mapping[int, int], now: datetime) -> dict[str, Any]:
    decision, turn = one.decision, one.turn
    known = decision.facts.conversation
    erased = _erases(one)
    blocked = next((r.blocked for r in decision.records if isinstance(r, ContactChanged)), False)
    return {
        "_id": turn.conversation.id,
        "session": _encoder.encode(decision.session),
        "language": known.language,
        "consented": None if erased else known.consented,
        "person_id": None if erased else new_people.get(turn.inbox_id, turn.person_id),
        "blocked_at": (turn.blocked_at or now) if blocked else None,
        "erased_at": now if erased else None,  # who writes again afterwards is a stranger like any other
    }
