"""Gather: everything a batch of waiting turns may know, in a handful of statements whatever its size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any, cast, get_args

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.json_rows import json_rows
from bot.store.core.reference import current_version
from bot.store.core.tables import conversation_people, conversations, inbox, people, roles
from flows.conversation.facts import Conversation, Sharer
from flows.conversation.session import HOME, Frame, Session
from flows.domain.people import Person, Role, RoleKind
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


_sharers = people.alias("sharers")


def roles_of_person() -> ScalarSelect[str]:
    """Select the roles of the person of the enclosing statement, as `roles_in` reads them."""
    return json_rows(
        roles.c.role, roles.c.unit_id, roles.c.until, roles.c.away_until, where=roles.c.person_id == people.c.id
    )


def whoever_speaks() -> list[ColumnElement[Any]]:
    """Return the columns of somebody that `person_in` and `roles_in` read."""
    named = (
        "name", "birth_year", "unit_id", "group", "representative", "helper_id", "helper", "publishes", "household_id",
    )  # fmt: skip
    return [people.c.id.label("person_id"), *(people.c[name] for name in named), roles_of_person().label("roles")]


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
            conversations.c.joined,
            conversations.c.person_id,
            people.c.id.label("found_id"),
            people.c.name,
            people.c.birth_year,
            people.c.unit_id,
            people.c.group,
            people.c.representative,
            people.c.helper_id,
            people.c.helper,
            people.c.publishes,
            people.c.household_id,
            json_rows(
                _sharers.c.id,
                _sharers.c.name,
                _sharers.c.birth_year,
                conversation_people.c.place,
                where=(conversation_people.c.conversation_id == conversations.c.id)
                & (_sharers.c.id == conversation_people.c.person_id),
            ).label("people"),
            roles_of_person().label("roles"),
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
_people_decoder = msgspec.json.Decoder(list[tuple[int, str, int | None, int]])
_roles_decoder = msgspec.json.Decoder(list[tuple[str, int, date | None, date | None]])
_ROLE_KINDS = frozenset(get_args(RoleKind))
AnyRow = Row[*tuple[Any, ...]]


class Waiting(Struct, frozen=True):
    """One turn that waits: the first unanswered update of a conversation, the conversation as it stands, and who
    speaks there. `cut` tells that the innermost talk of the session could not be read, `newer` that the session or a
    role is of a newer version. `joined` tells that somebody here has other chats, too: then `moved` that they used
    another one last, `came_from` which one if they were in the middle of something there, and `beside` who share their
    phones."""

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
    joined: bool = False
    moved: bool = False
    came_from: Conversation | None = None
    beside: frozenset[int] = frozenset()

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
    # Whose chat has just become somebody else's stands beside nobody: PostgreSQL reads again only what it locks.
    rows = [row for row in found if row.found_id == row.person_id]
    if not rows:
        return Claimed(())
    return Claimed(tuple([_waiting(row) for row in rows]), rows[0].reference_version)


def _waiting(row: AnyRow) -> Waiting:
    session, cut = read_session(row.session) if row.session is not None else (Session(), False)
    known, every_role = roles_in(row.roles)
    return Waiting(
        inbox_id=row.inbox_id,
        body=row.body,
        callback=row.callback,
        more=row.waiting > 1,
        conversation=Conversation(row.id, row.channel, row.language, row.consented, _people(row.people), row.bot),
        bot=row.bot,
        address=row.address,
        blocked_at=row.blocked_at,
        session=session,
        person=person_in(row) if row.person_id is not None else None,
        roles=known,
        cut=cut,
        newer=cut or not every_role,
        joined=row.joined,
    )


def _people(rows: str) -> tuple[Sharer, ...]:
    """Return those who share a phone, in the order in which they came."""
    if rows == "[]":
        return ()
    kept = sorted(_people_decoder.decode(rows), key=itemgetter(3))
    return tuple(Sharer(id_, name, birth_year) for id_, name, birth_year, _place in kept)


def roles_in(rows: str) -> tuple[tuple[Role, ...], bool]:
    """Return the roles somebody holds, and whether these are all: one of a newer version gives no rights here."""
    if rows == "[]":  # as nearly everybody's
        return (), True
    kept = _roles_decoder.decode(rows)
    known = [
        Role(cast(RoleKind, kind), unit_id, until, away_until)
        for kind, unit_id, until, away_until in kept
        if kind in _ROLE_KINDS
    ]
    return tuple(known), len(known) == len(kept)


def read_session(stored: bytes) -> tuple[Session[AnyTalk], bool]:
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


def person_in(row: AnyRow) -> Person:
    """Return the person of a row that has their columns, and their id as `person_id`."""
    return _person(row, row.person_id)


def person_of(row: AnyRow) -> Person:
    """Return the person whose row of their own this is."""
    return _person(row, row.id)


def _person(row: AnyRow, person_id: int) -> Person:
    return Person(
        person_id,
        row.name,
        row.birth_year,
        row.unit_id,
        row.group,
        row.representative,
        row.helper,
        row.helper_id or 0,
        row.publishes,
        row.household_id or 0,
    )
