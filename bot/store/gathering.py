"""Gather: everything a batch of waiting turns may know, in a handful of statements whatever its size."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, cast, get_args

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import Column, Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.json_rows import json_rows, json_rows_by_key
from bot.store.lists import is_among
from bot.store.reference import ReferenceRead, current_version
from bot.store.tables import answers, assessments, conversations, evidence, inbox, people, roles
from flows.conversation.facts import Conversation, Found
from flows.conversation.session import HOME, Frame, Session
from flows.domain.assessments import Answer, Assessment, Evidence, EvidenceKind
from flows.domain.criteria import CriteriaSet
from flows.domain.people import Person, Role, RoleKind
from flows.forms.needs import AssessmentWanted
from flows.subjects import AnyTalk

log = structlog.get_logger()

WINDOW = 4

_session_decoder = msgspec.json.Decoder(Session[AnyTalk])

_ALL_WAITING = (
    select(
        inbox.c.conversation_id.label("conversation_id"),
        func.min(inbox.c.id).label("id"),
        func.count().label("waiting"),
    )
    .where(inbox.c.done_at.is_(None))
    .group_by(inbox.c.conversation_id)
    .order_by(func.min(inbox.c.id))
    .limit(bindparam("window"))
)
_OTHERS_WAITING = _ALL_WAITING.where(inbox.c.conversation_id.not_in(bindparam("but", expanding=True)))

_ONE_WAITING = _ALL_WAITING.where(inbox.c.conversation_id == bindparam("only"))


def _claim_from(waiting: Select[tuple[int, int, int]]) -> Select[*tuple[Any, ...]]:
    """Select the first updates with all that is known of who wrote them.

    Both rows are locked: whoever got there first has marked the update as done, and it drops out here. The lock lets
    others write letters to the conversation and keep updates of it meanwhile, for these only need it to exist.
    """
    first = waiting.subquery()
    return (
        select(
            inbox.c.id.label("inbox_id"),
            inbox.c.body,
            inbox.c.callback,
            first.c.waiting,
            conversations.c.id,
            conversations.c.channel,
            conversations.c.bot,
            conversations.c.address,
            conversations.c.language,
            conversations.c.consented,
            conversations.c.session,
            conversations.c.blocked_at,
            conversations.c.person_id,
            people.c.name,
            people.c.birth_year,
            people.c.unit_id,
            people.c.group,
            people.c.representative,
            json_rows(roles.c.role, roles.c.unit_id, where=roles.c.person_id == people.c.id).label("roles"),
            current_version().label("reference_version"),
        )
        .join(first, first.c.id == inbox.c.id)
        .join(conversations, conversations.c.id == inbox.c.conversation_id)
        .outerjoin(people, people.c.id == conversations.c.person_id)
        .where(inbox.c.done_at.is_(None))
        .order_by(inbox.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, key_share=True, of=[inbox, conversations])
    )


_CLAIM, _CLAIM_BUT = _claim_from(_ALL_WAITING), _claim_from(_OTHERS_WAITING)
_CLAIM_ONE = _claim_from(_ONE_WAITING)
# Answers and evidence come with their form, as JSON: one statement and one row a form, however many there are.
_answers_of_form = json_rows_by_key(
    answers.c.indicator_id, answers.c.level_id, answers.c.points, answers.c.adjusted_from,
    where=answers.c.assessment_id == assessments.c.id,
)  # fmt: skip
_evidence_of_form = json_rows(
    evidence.c.indicator_id, evidence.c.id, evidence.c.kind, evidence.c.text, evidence.c.source, evidence.c.name,
    where=evidence.c.assessment_id == assessments.c.id,
)  # fmt: skip
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

_answered = select(func.count()).where(answers.c.assessment_id == assessments.c.id).scalar_subquery()
_roles_decoder = msgspec.json.Decoder(list[tuple[str, int]])
_ROLE_KINDS = frozenset(get_args(RoleKind))
_answers_decoder = msgspec.json.Decoder(dict[str, Answer])
_evidence_decoder = msgspec.json.Decoder(list[tuple[str, int, EvidenceKind, str, str, str]])
AnyRow = Row[*tuple[Any, ...]]


class Waiting(Struct, frozen=True):
    """One turn that waits: the first unanswered update of a conversation, the conversation as it stands, and who
    speaks there. `cut` tells that the innermost talk of the session could not be read, `newer` that the session or a
    role is of a newer version."""

    inbox_id: int
    body: bytes
    callback: str | None
    more: bool
    conversation: Conversation
    bot: str
    address: str
    blocked_at: datetime | None
    session: Session[AnyTalk]
    person: Person | None
    roles: tuple[Role, ...]
    cut: bool = False
    newer: bool = False

    @property
    def person_id(self) -> int | None:
        """Return the id of who speaks."""
        return self.person.id if self.person is not None else None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch of turns, held until the transaction ends, and the version of the reference it must be decided on."""

    turns: tuple[Waiting, ...]
    reference_version: int = 0


async def claim(connection: AsyncConnection, most: int, but: Sequence[int] = (), only: int | None = None) -> Claimed:
    """Take the first waiting update of up to `most` conversations that no other instance holds, except for some, or of
    a single conversation."""
    # The window is wider than the batch, so that an instance whose first ones are held finds others.
    wanted: dict[str, Any] = {"most": most, "window": WINDOW * most}
    if only is not None:
        found = await connection.execute(_CLAIM_ONE, wanted | {"only": only})
    elif but:
        found = await connection.execute(_CLAIM_BUT, wanted | {"but": but})
    else:
        found = await connection.execute(_CLAIM, wanted)
    rows = found.all()
    if not rows:
        return Claimed(())
    return Claimed(tuple([_waiting(row) for row in rows]), rows[0].reference_version)


def _waiting(row: AnyRow) -> Waiting:
    session, cut = _session(row.session) if row.session is not None else (Session(), False)
    kept, known = _roles_decoder.decode(row.roles), []
    for kind, unit_id in kept:
        if kind in _ROLE_KINDS:  # one of a newer version gives no rights here
            known.append(Role(cast(RoleKind, kind), unit_id))
    return Waiting(
        inbox_id=row.inbox_id,
        body=row.body,
        callback=row.callback,
        more=row.waiting > 1,
        conversation=Conversation(row.id, row.channel, row.language, row.consented),
        bot=row.bot,
        address=row.address,
        blocked_at=row.blocked_at,
        session=session,
        person=_person(row) if row.person_id is not None else None,
        roles=tuple(known),
        cut=cut,
        newer=cut or len(known) < len(kept),
    )


def _session(stored: bytes) -> tuple[Session[AnyTalk], bool]:
    """Decode a session, and tell whether it was cut: a talk that this version does not have is left, together with
    what was begun inside it. What it was begun from goes on. Old buttons stay old."""
    try:
        return _session_decoder.decode(stored), False
    except msgspec.DecodeError:
        log.warning("session_of_another_version")
    try:
        outline = _outline_decoder.decode(stored)
    except msgspec.DecodeError:
        return Session(), True
    return Session(tuple(_readable(outline.frames)) or (HOME,), outline.asked + 1), True


class _Outline(Struct, frozen=True):
    """A session as any version writes it."""

    frames: tuple[msgspec.Raw, ...] = ()
    asked: int = 0


_outline_decoder = msgspec.json.Decoder(_Outline)
_frame_decoder = msgspec.json.Decoder(Frame[AnyTalk])


def _readable(frames: Iterable[msgspec.Raw]) -> Iterator[Frame[AnyTalk]]:
    """Yield the outer frames that this version can read."""
    for frame in frames:
        try:
            yield _frame_decoder.decode(frame)
        except msgspec.ValidationError:
            return


def _person(row: AnyRow) -> Person:
    return Person(row.person_id, row.name, row.birth_year, row.unit_id, row.group, row.representative)


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
        person=Person(row.person_id, row.name, row.birth_year, row.person_unit_id, row.group, row.representative),
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
    )


def _evidence(rows: str) -> Mapping[str, tuple[Evidence, ...]]:
    found: dict[str, tuple[Evidence, ...]] = {}
    for indicator_id, id_, kind, text, source, name in sorted(_evidence_decoder.decode(rows), key=itemgetter(1)):
        found[indicator_id] = (*found.get(indicator_id, ()), Evidence(kind, text, source, name, id_))
    return found
