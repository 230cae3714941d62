"""Notices and their ledgers: one outbox row a recipient, whose states always sum to the recipients."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, literal, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import upserts
from bot.store.contacts import still_open
from bot.store.database import LostRace
from bot.store.outbox import NOTICE, Recipient
from bot.store.scopes import lies_in
from bot.store.tables import (
    approval_limits,
    contacts,
    conversations,
    mutes,
    notice_answers,
    notice_reports,
    notice_units,
    notices,
    outbox,
    people,
    roles,
)
from flows.events import NoticeActed, NoticeAnswered, NoticeSaved
from flows.facts import (
    Approvers,
    ApproversWanted,
    MutedKinds,
    NoticePage,
    NoticesWanted,
    ReceivedWanted,
    Respondents,
    RespondentsWanted,
)
from flows.notices import (
    DEFAULT_APPROVAL_ABOVE,
    Audience,
    Content,
    LedgerState,
    MutedKind,
    Notice,
    NoticeAnswer,
)
from flows.units import UnitTree

# Channels without a delivery: their pages fetch what waits.
PAGES = ("web", "terminal")

_encoder = msgspec.json.Encoder()
_content_decoder = msgspec.json.Decoder(Content)
_audience_decoder = msgspec.json.Decoder(Audience)

_author_name = select(people.c.name).where(people.c.id == notices.c.author_id).scalar_subquery()
_NOTICES = select(*notices.c, _author_name.label("author_name"))
AnyRow = Row[*tuple[Any, ...]]

log = structlog.get_logger()


# what turns read


async def read(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice with its counts, or None."""
    row = (await connection.execute(_NOTICES.where(notices.c.id == notice_id))).first()
    if row is None:
        return None
    counts = await counts_of(connection, notice_id)
    answered = await connection.execute(
        select(notice_answers.c.answer, func.count().label("number"))
        .where(notice_answers.c.notice_id == notice_id)
        .group_by(notice_answers.c.answer)
    )
    return _notice(row, counts, {row.answer: row.number for row in answered})


async def counts_of(connection: AsyncConnection, notice_id: int) -> dict[LedgerState, int]:
    """Count a notice's ledger by state."""
    counted = await connection.execute(
        select(outbox.c.state, func.count().label("number"))
        .where(outbox.c.notice_id == notice_id)
        .group_by(outbox.c.state)
    )
    return {row.state: row.number for row in counted}


def _notice(
    row: AnyRow, counts: Mapping[LedgerState, int] | None = None, answers: Mapping[NoticeAnswer, int] | None = None
) -> Notice:
    return Notice(
        id=row.id,
        author_id=row.author_id,
        content=_content_decoder.decode(row.content),
        audience=_audience_decoder.decode(row.audience),
        state=row.state,
        version=row.version,
        send_at=row.send_at,
        repeat=row.repeat,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        recipients=row.recipients,
        counts=counts or {},
        answers=answers or {},
        author_name=row.author_name or "",
    )


async def page(connection: AsyncConnection, wanted: NoticesWanted) -> NoticePage:
    """Return a page of the notices somebody may see: those for units that are all theirs."""
    of_notice = select(notice_units.c.unit_id).where(notice_units.c.notice_id == notices.c.id)
    elsewhere = of_notice.where(~lies_in(notice_units.c.unit_id, wanted.units, few=0))
    rows = await connection.execute(
        _NOTICES.where(of_notice.exists() & ~elsewhere.exists())
        .order_by(notices.c.id.desc())
        .offset(wanted.offset)
        .limit(wanted.limit + 1)
    )
    found = rows.all()
    return NoticePage(tuple(_readable(found[: wanted.limit])), len(found) > wanted.limit)


def _readable(rows: Iterable[AnyRow]) -> Iterator[Notice]:
    """Yield the notices without those that only a newer version can read."""
    for row in rows:
        try:
            yield _notice(row)
        except msgspec.DecodeError:
            log.warning("notice_unreadable", notice_id=row.id)


async def approvers(connection: AsyncConnection, wanted: ApproversWanted, units: UnitTree) -> Approvers:
    """Return who may approve a notice: administrators over every one of its units, but for its author."""
    above = [{unit.id for unit in units.upwards(unit_id)} for unit_id in wanted.units]
    everywhere = set().union(*above)
    held: dict[int, set[int]] = {}
    for person_id, unit_id in await connection.execute(
        select(roles.c.person_id, roles.c.unit_id).where(roles.c.role == "admin", roles.c.unit_id.in_(everywhere))
    ):
        held.setdefault(person_id, set()).add(unit_id)
    able = sorted(
        person_id
        for person_id, over in held.items()
        if person_id != wanted.author_id and all(over & path for path in above)
    )
    limits = select(func.min(approval_limits.c.above)).where(approval_limits.c.unit_id.in_(everywhere))
    limit = await connection.scalar(limits)
    return Approvers(tuple(able), DEFAULT_APPROVAL_ABOVE if limit is None else limit)


async def received(connection: AsyncConnection, wanted: ReceivedWanted) -> bool:
    """Tell whether a conversation was among a notice's recipients."""
    found = await connection.scalar(
        select(outbox.c.id).where(
            outbox.c.notice_id == wanted.notice_id, outbox.c.conversation_id == wanted.conversation_id
        )
    )
    return found is not None


async def respondents(connection: AsyncConnection, wanted: RespondentsWanted) -> Respondents:
    """Return who pressed a button last, latest first."""
    pressed = (notice_answers.c.notice_id == wanted.notice_id) & (notice_answers.c.answer == wanted.answer)
    total = await connection.scalar(select(func.count()).select_from(notice_answers).where(pressed))
    rows = await connection.execute(
        select(people.c.name, people.c.unit_id)
        .join(notice_answers, notice_answers.c.person_id == people.c.id)
        .where(pressed)
        .order_by(notice_answers.c.at.desc(), people.c.id)
        .limit(wanted.limit)
    )
    return Respondents(tuple((name, unit_id) for name, unit_id in rows), total or 0)


async def muted(connection: AsyncConnection, person_id: int) -> MutedKinds:
    """Return what somebody has turned off."""
    return MutedKinds(frozenset(await connection.scalars(select(mutes.c.kind).where(mutes.c.person_id == person_id))))


# what turns write


async def save(
    connection: AsyncConnection, record: NoticeSaved, author_id: int, conversation_id: int, now: datetime
) -> int:
    """Keep a notice. Returns its id."""
    notice_id: int = (
        await connection.execute(
            insert(notices)
            .values(
                author_id=author_id,
                conversation_id=conversation_id,
                content=_encoder.encode(record.content),
                audience=_encoder.encode(record.audience),
                state=record.state,
                send_at=record.send_at,
                repeat=record.repeat,
                created_at=now,
            )
            .returning(notices.c.id)
        )
    ).scalar_one()
    await _keep_units(connection, notice_id, record.audience.unit_ids)
    return notice_id


async def _keep_units(connection: AsyncConnection, notice_id: int, unit_ids: Collection[int]) -> None:
    rows = [{"notice_id": notice_id, "unit_id": unit_id} for unit_id in sorted(set(unit_ids))]
    await connection.execute(insert(notice_units), rows)


async def act(connection: AsyncConnection, record: NoticeActed, now: datetime) -> None:
    """Bring a notice where an act leads. Raises LostRace when another act came first."""
    changes: dict[str, Any] = {"state": record.state, "version": notices.c.version + 1}
    if record.state in {"declined", "withdrawn"}:
        changes["ended_at"] = now
    if record.act == "repeat_uncertain":
        changes["ended_at"] = None
    if record.act == "stop":  # while its ledger was written, it has no more recipients than that
        ledger_rows = select(func.count()).select_from(outbox).where(outbox.c.notice_id == record.notice_id)
        changes["recipients"] = ledger_rows.scalar_subquery()
    changed = await connection.execute(
        update(notices).where(notices.c.id == record.notice_id, notices.c.version == record.version).values(changes)
    )
    if not changed.rowcount:
        raise LostRace("notice")
    match record.act:
        case "stop":
            await _move(connection, record.notice_id, "queued", "stopped", now)
        case "repeat_uncertain":
            await _move(connection, record.notice_id, "uncertain", "queued", None, still_open(outbox.c.conversation_id))
        case _:
            pass


_ADDRESS = select(conversations.c.address).where(conversations.c.id == outbox.c.conversation_id).scalar_subquery()


async def _move(
    connection: AsyncConnection,
    notice_id: int,
    before: LedgerState,
    after: LedgerState,
    now: datetime | None,
    *only: ColumnElement[bool],
) -> None:
    await connection.execute(
        update(outbox)
        .where(outbox.c.notice_id == notice_id, outbox.c.state == before, *only)
        .values(state=after, settled_at=now, due=None, address=_ADDRESS if after == "queued" else "")
    )


async def answer(connection: AsyncConnection, record: NoticeAnswered, person_id: int, now: datetime) -> None:
    """Keep the button somebody pressed last."""
    question = "form" if record.answer == "start" else "who"
    await connection.execute(
        upserts.insert_or_replace(connection, notice_answers, ("answer", "at")),
        {
            "notice_id": record.notice_id,
            "person_id": person_id,
            "question": question,
            "answer": record.answer,
            "at": now,
        },
    )


async def mute(connection: AsyncConnection, person_id: int, kind: MutedKind, now: datetime, *, off: bool) -> None:
    """Turn something off or on for somebody. Notices that still wait for them are not sent."""
    if not off:
        await connection.execute(delete(mutes).where(mutes.c.person_id == person_id, mutes.c.kind == kind))
        return
    await connection.execute(upserts.insert_new(connection, mutes), {"person_id": person_id, "kind": kind})
    if kind == "notices":
        await leave_out(connection, select(conversations.c.id).where(conversations.c.person_id == person_id), now)


async def leave_out(connection: AsyncConnection, conversation_ids: Select[tuple[int]], now: datetime) -> None:
    """Send conversations none of the notices that still wait for them."""
    await connection.execute(
        update(outbox)
        .where(
            outbox.c.notice_id.in_(_notices_with_ledger()),
            outbox.c.state == "queued",
            outbox.c.conversation_id.in_(conversation_ids),
        )
        .values(state="muted", settled_at=now, address="")
    )


async def forget_person(connection: AsyncConnection, person_id: int, conversation_id: int, now: datetime) -> None:
    """Forget somebody who is being erased: what they pressed and turned off, and notices that wait for them. What they
    wrote to many stays, without their name."""
    theirs = or_(conversations.c.person_id == person_id, conversations.c.id == conversation_id)
    await leave_out(connection, select(conversations.c.id).where(theirs), now)
    for table in (notice_answers, mutes, contacts):
        await connection.execute(delete(table).where(table.c.person_id == person_id))
    await connection.execute(update(notices).where(notices.c.author_id == person_id).values(author_id=None))


async def set_limit(connection: AsyncConnection, unit_id: int, above: int) -> None:
    """Set from how many recipients on a unit's notices need a second administrator."""
    await connection.execute(
        upserts.insert_or_replace(connection, approval_limits, ("above",)), {"unit_id": unit_id, "above": above}
    )


# what the keeper does


def _notices_with_ledger() -> Select[tuple[int]]:
    """Select the notices that have recipients who wait, or may get some."""
    return select(notices.c.id).where(
        notices.c.state.in_(("gathering", "sending", "paused", "stopped")), notices.c.ended_at.is_(None)
    )


def _open_notices() -> Select[tuple[int]]:
    return select(notices.c.id).where(
        notices.c.state.in_(("sending", "paused", "stopped")), notices.c.ended_at.is_(None)
    )


async def due(connection: AsyncConnection, now: datetime, resting: Collection[int] = ()) -> list[int]:
    """Return the ids of notices whose time has come, oldest first, without those that rest after a failure."""
    ids = await connection.scalars(
        select(notices.c.id)
        .where(notices.c.state == "scheduled", or_(notices.c.send_at.is_(None), notices.c.send_at <= now))
        .where(notices.c.id.not_in(resting))
        .order_by(notices.c.id)
        .limit(20)
    )
    return list(ids)


async def due_notice(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice that is to start, or None when it was withdrawn. Raises when it cannot be decoded."""
    row = (await connection.execute(_NOTICES.where(notices.c.id == notice_id, notices.c.state == "scheduled"))).first()
    return _notice(row) if row is not None else None


async def start(connection: AsyncConnection, notice: Notice, content: Content, now: datetime) -> bool:
    """Begin to write a notice's ledger, with its file where every channel finds it. False when it was withdrawn."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.state == "scheduled")
        .values(state="gathering", started_at=now, content=_encoder.encode(content), version=notices.c.version + 1)
    )
    return changed.rowcount > 0


async def repeat(connection: AsyncConnection, notice: Notice, send_at: datetime, now: datetime) -> None:
    """Schedule the next one of a notice that repeats."""
    kept = [column for column in notices.c if column.name in {"author_id", "conversation_id", "content", "audience"}]
    added = await connection.execute(
        insert(notices)
        .from_select(
            [*(column.name for column in kept), "state", "send_at", "repeat", "created_at"],
            select(
                *kept,
                literal("scheduled"),
                literal(send_at, notices.c.send_at.type),
                literal(notice.repeat),
                literal(now, notices.c.created_at.type),
            ).where(notices.c.id == notice.id),
        )
        .returning(notices.c.id)
    )
    await _keep_units(connection, added.scalar_one(), notice.audience.unit_ids)


class Gathering(Struct, frozen=True):
    """A ledger that is being written. `to` is the last person of it so far."""

    notice_id: int
    audience: Audience
    to: int


async def gathering(connection: AsyncConnection) -> Gathering | None:
    """Return the ledger that is to be written next, or None."""
    row = (
        await connection.execute(select(notices).where(notices.c.state == "gathering").order_by(notices.c.id).limit(1))
    ).first()
    return Gathering(row.id, _audience_decoder.decode(row.audience), row.gathered_to) if row is not None else None


async def next_members(
    connection: AsyncConnection, one: Gathering, members: Select[tuple[int]], most: int
) -> list[int]:
    """Return the next people of an audience who can be reached, by person id. Only reads: it may take its time."""
    chosen = members.where(contacts.c.reach == "open", contacts.c.person_id > one.to)
    return list(await connection.scalars(chosen.order_by(contacts.c.person_id).limit(most)))


async def gather(connection: AsyncConnection, one: Gathering, person_ids: Sequence[int], now: datetime) -> None:
    """Write the next rows of a ledger. Nobody left is its end: then sending begins."""
    still = (notices.c.id == one.notice_id, notices.c.state == "gathering", notices.c.gathered_to == one.to)
    if not person_ids:
        ledger_rows = select(func.count()).select_from(outbox).where(outbox.c.notice_id == one.notice_id)
        sending_now = {"state": "sending", "version": notices.c.version + 1}
        await connection.execute(
            update(notices).where(*still).values(**sending_now, recipients=ledger_rows.scalar_subquery())
        )
        return
    moved = await connection.execute(update(notices).where(*still).values(gathered_to=person_ids[-1]))
    if moved.rowcount:  # else it was stopped, or another instance was quicker
        await _write_recipients(connection, one.notice_id, person_ids, now)


async def _write_recipients(
    connection: AsyncConnection, notice_id: int, person_ids: Sequence[int], now: datetime
) -> None:
    await connection.execute(
        insert(outbox).from_select(
            ["conversation_id", "channel", "bot", "address", "priority", "body", "state", "created_at", "notice_id"],
            select(
                conversations.c.id,
                conversations.c.channel,
                conversations.c.bot,
                conversations.c.address,
                literal(NOTICE),
                null(),
                literal("queued"),
                literal(now, outbox.c.created_at.type),
                literal(notice_id),
            )
            .select_from(contacts)
            .join(conversations, conversations.c.id == contacts.c.conversation_id)
            .where(contacts.c.person_id.in_(person_ids), contacts.c.reach == "open")
            .order_by(contacts.c.person_id),
        )
    )


async def finished(connection: AsyncConnection) -> list[int]:
    """Return the notices with nobody left to send to."""
    waits = (outbox.c.state == "sending") | ((outbox.c.state == "queued") & (notices.c.state == "sending"))
    left = select(outbox.c.id).where(outbox.c.notice_id == notices.c.id, waits)
    under_way = (notices.c.state.in_(("sending", "stopped")), notices.c.ended_at.is_(None))
    return list(await connection.scalars(select(notices.c.id).where(*under_way, ~left.exists())))


async def end(connection: AsyncConnection, now: datetime) -> list[int]:
    """End the notices with nobody left to send to. Returns their ids."""
    ended = await finished(connection)
    for notice_id in ended:
        await _move(connection, notice_id, "queued", "stopped", now)  # tried in vain when it was stopped
        await connection.execute(
            update(notices).where(notices.c.id == notice_id, notices.c.state == "sending").values(state="done")
        )
        await connection.execute(
            update(notices).where(notices.c.id == notice_id).values(ended_at=now, version=notices.c.version + 1)
        )
    return ended


class Shown(Struct, frozen=True):
    """A notice under way and the conversation where its author watches it."""

    notice: Notice
    conversation_id: int


async def under_way(connection: AsyncConnection, also: Sequence[int] = ()) -> list[Shown]:
    """Return the notices that are being sent, and some that were, with their counts."""
    rows = list(
        await connection.execute(
            _NOTICES.where(or_(notices.c.id.in_(_open_notices()), notices.c.id.in_(also))).order_by(notices.c.id)
        )
    )
    return [Shown(_notice(row, await counts_of(connection, row.id)), row.conversation_id) for row in rows]


async def content_of(connection: AsyncConnection, notice_id: int) -> Content:
    """Return what a notice says."""
    return _content_decoder.decode(
        (await connection.execute(select(notices.c.content).where(notices.c.id == notice_id))).scalar_one()
    )


async def units_administrated(connection: AsyncConnection, person_id: int | None) -> list[int]:
    """Return the units somebody administrates."""
    held = select(roles.c.unit_id).where(roles.c.person_id == person_id, roles.c.role == "admin")
    return list(await connection.scalars(held))


async def withdraw(connection: AsyncConnection, notice_id: int, now: datetime) -> None:
    """Take back a notice that cannot be sent."""
    await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state == "scheduled")
        .values(state="withdrawn", ended_at=now, version=notices.c.version + 1)
    )


async def conversation_of(connection: AsyncConnection, notice_id: int) -> int:
    """Return the conversation a notice was written in."""
    found: int = (
        await connection.execute(select(notices.c.conversation_id).where(notices.c.id == notice_id))
    ).scalar_one()
    return found


class ForPage(Struct, frozen=True):
    """A recipient whose page fetches what waits for it."""

    id: int
    notice_id: int
    to: Recipient


_for_pages = (
    outbox.c.notice_id.in_(select(notices.c.id).where(notices.c.state == "sending")),
    outbox.c.state == "queued",
    outbox.c.channel.in_(PAGES),
)


async def has_for_pages(connection: AsyncConnection) -> bool:
    """Tell whether a notice under way has recipients left who read in a page."""
    return await connection.scalar(select(outbox.c.id).where(*_for_pages).limit(1)) is not None


async def take_for_pages(connection: AsyncConnection, most: int) -> list[ForPage]:
    """Return the next recipients who read in a page, of notices that are being sent."""
    rows = await connection.execute(
        select(outbox, conversations.c.language)
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .where(*_for_pages)
        .order_by(outbox.c.id)
        .limit(most)
        .with_for_update(of=outbox, skip_locked=True)
    )
    return [
        ForPage(row.id, row.notice_id, Recipient(row.conversation_id, row.channel, row.bot, row.address, row.language))
        for row in rows
    ]


async def handed_over(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    """Note that recipients have their notice waiting in their chat."""
    await connection.execute(
        update(outbox).where(outbox.c.id.in_(ids)).values(state="sent", settled_at=now, address="")
    )


async def ask_report(connection: AsyncConnection, notice_id: int, conversation_id: int, now: datetime) -> None:
    """Let a report be made and sent to a conversation, once however often it is asked for meanwhile."""
    of_notice = {"notice_id": notice_id, "conversation_id": conversation_id}
    waits = select(notice_reports.c.id).filter_by(**of_notice).where(notice_reports.c.digest.is_(None)).limit(1)
    if await connection.scalar(waits) is None:
        await connection.execute(insert(notice_reports).values(asked_at=now, **of_notice))


class ReportWanted(Struct, frozen=True):
    """A report somebody waits for."""

    id: int
    notice_id: int
    conversation_id: int


async def next_report(connection: AsyncConnection, resting: Collection[int] = ()) -> ReportWanted | None:
    """Return the report that waits longest, without those that rest after a failure, or None."""
    waiting = (
        select(notice_reports)
        .where(notice_reports.c.digest.is_(None), notice_reports.c.id.not_in(resting))
        .order_by(notice_reports.c.id)
        .limit(1)
    )
    row = (await connection.execute(waiting)).first()
    return ReportWanted(row.id, row.notice_id, row.conversation_id) if row is not None else None


async def report_made(connection: AsyncConnection, report_id: int, digest: str) -> None:
    """Note that a report is made, and which file it is."""
    await connection.execute(update(notice_reports).where(notice_reports.c.id == report_id).values(digest=digest))


async def old_reports(connection: AsyncConnection, before: datetime) -> list[str]:
    """Forget reports of some time ago. Returns their files, which nobody needs any more."""
    gone = await connection.scalars(
        delete(notice_reports)
        .where(notice_reports.c.asked_at < before, notice_reports.c.digest.is_not(None))
        .returning(notice_reports.c.digest)
    )
    return list(gone)


async def ledger(connection: AsyncConnection, notice_id: int, after: int, most: int) -> list[AnyRow]:
    """Return the next rows of a ledger: id, unit_id, name, channel, language, state, error, settled_at, answer."""
    who = select(notice_answers.c.answer).where(
        notice_answers.c.notice_id == outbox.c.notice_id,
        notice_answers.c.person_id == people.c.id,
        notice_answers.c.question == "who",
    )
    rows = await connection.execute(
        select(
            outbox.c.id,
            people.c.unit_id,
            people.c.name,
            outbox.c.channel,
            conversations.c.language,
            outbox.c.state,
            outbox.c.error,
            outbox.c.settled_at,
            who.scalar_subquery().label("answer"),
        )
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .outerjoin(people, people.c.id == conversations.c.person_id)
        .where(outbox.c.notice_id == notice_id, outbox.c.id > after)
        .order_by(outbox.c.id)
        .limit(most)
    )
    return list(rows)
