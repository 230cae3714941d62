"""Gather: everything a batch of waiting turns may know, in a handful of statements whatever its size."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, cast, get_args

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import Row, Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import notices, role_holders
from bot.store.json_rows import json_rows, json_rows_by_key
from bot.store.reference import current_version
from bot.store.scopes import lies_in
from bot.store.tables import answers, assessments, conversations, evidence, inbox, invitations, people, roles
from flows.assessments import Answer, Assessment, Evidence, EvidenceKind
from flows.criteria import CriteriaSet
from flows.facts import (
    ApproversWanted,
    AssessmentWanted,
    AudienceWanted,
    Conversation,
    FormList,
    Found,
    HoldersWanted,
    Invitation,
    InvitationWanted,
    ListedForm,
    ListWanted,
    MutedWanted,
    Need,
    NoticesWanted,
    NoticeWanted,
    ReceivedWanted,
    Reference,
    RespondentsWanted,
    TokenWanted,
)
from flows.people import Person, Role, RoleKind
from flows.session import HOME, Frame, Session

log = structlog.get_logger()

WINDOW = 4

_session_decoder = msgspec.json.Decoder(Session)

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

    Both rows are locked: whoever got there first has marked the update as done, and it drops out here.
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
        .with_for_update(skip_locked=True, of=[inbox, conversations])
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
    .with_for_update(of=assessments)
)
_FORMS_OF_PEOPLE = _FORMS.where(assessments.c.person_id.in_(bindparam("ids", expanding=True)))
_FORMS_BY_ID = _FORMS.where(assessments.c.id.in_(bindparam("ids", expanding=True)))

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
    session: Session
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


def _session(stored: bytes) -> tuple[Session, bool]:
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
_frame_decoder = msgspec.json.Decoder(Frame)


def _readable(frames: Iterable[msgspec.Raw]) -> Iterator[Frame]:
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
    for row in await connection.execute(_FORMS_OF_PEOPLE, {"ids": list(person_ids)}):
        form, before = _readable_form(row, by_pin), found.get(row.person_id, ())
        found[row.person_id] = (*before, form) if form is not None and before is not None else None
    return found


async def gather_found(
    connection: AsyncConnection,
    needs: Collection[Need],
    by_pin: Mapping[str, CriteriaSet],
    reference: Reference,
) -> dict[Need, Found]:
    """Look up what turns asked for. What does not exist is found to be None; what cannot be read is left out."""
    found: dict[Need, Found] = dict.fromkeys(needs)
    await _find_forms(connection, found, by_pin)
    for need in needs:
        match need:
            case InvitationWanted(digest):
                found[need] = await _invitation(connection, digest)
            case ListWanted():
                found[need] = await _listed(connection, need)
            case NoticeWanted(notice_id):
                try:
                    found[need] = await notices.read(connection, notice_id)
                except msgspec.DecodeError:
                    log.warning("notice_unreadable", notice_id=notice_id)
                    del found[need]
            case NoticesWanted():
                found[need] = await notices.page(connection, need)
            case ApproversWanted():
                found[need] = await notices.approvers(connection, need, reference.units)
            case ReceivedWanted():
                found[need] = await notices.received(connection, need)
            case RespondentsWanted():
                found[need] = await notices.respondents(connection, need)
            case HoldersWanted(unit_id):
                found[need] = await role_holders.over(connection, unit_id)
            case MutedWanted(person_id):
                found[need] = await notices.muted(connection, person_id)
            case AssessmentWanted() | TokenWanted() | AudienceWanted():
                pass  # found above, or by the caller
    return found


async def _find_forms(connection: AsyncConnection, found: dict[Need, Found], by_pin: Mapping[str, CriteriaSet]) -> None:
    """Find all forms that are wanted at once; those that cannot be read are left out."""
    ids = [need.id for need in found if isinstance(need, AssessmentWanted)]
    if not ids:
        return
    for row in await connection.execute(_FORMS_BY_ID, {"ids": ids}):
        if (form := _readable_form(row, by_pin)) is not None:
            found[AssessmentWanted(row.id)] = form
        else:
            del found[AssessmentWanted(row.id)]


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


async def _invitation(connection: AsyncConnection, digest: str) -> Invitation | None:
    row = (
        await connection.execute(select(invitations).where(invitations.c.digest == digest).with_for_update())
    ).first()
    if row is None:
        return None
    return Invitation(row.digest, row.role, row.unit_id, row.expires, row.used_at is None)


async def _listed(connection: AsyncConnection, wanted: ListWanted) -> FormList:
    in_units = and_(
        lies_in(assessments.c.unit_id, wanted.units),
        assessments.c.round_id.in_(sorted(wanted.rounds)),
        assessments.c.person_id != wanted.without_person,
    )
    counted = await connection.execute(
        select(assessments.c.state, func.count()).where(in_units).group_by(assessments.c.state)
    )
    forms = await connection.execute(
        select(assessments.c.id, people.c.name, assessments.c.state, assessments.c.total, _answered.label("answered"))
        .join(people, people.c.id == assessments.c.person_id)
        .where(in_units, assessments.c.state == wanted.state)
        .order_by(assessments.c.submitted_at, assessments.c.id)
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    return FormList(
        {row[0]: row[1] for row in counted},
        tuple([ListedForm(row.id, row.name, row.state, row.total, row.answered) for row in forms]),
    )
