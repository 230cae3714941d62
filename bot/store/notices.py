"""Notices and their ledgers: one outbox row a recipient, whose states always sum to the recipients."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import phones, upserts
from bot.store.core.chain import Entry
from bot.store.core.contacts import still_open
from bot.store.core.database import LostRace
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.outbox import NOTICE
from bot.store.core.reference import ReferenceRead
from bot.store.core.scopes import lies_in
from bot.store.core.tables import (
    WAITING_FOR_PAGES,
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
from flows.conversation.facts import Found
from flows.domain.units import UnitTree
from flows.notices.acts import APPROVAL_LIMIT
from flows.notices.acts import NOTICE as ABOUT_NOTICE
from flows.notices.needs import (
    AnyNeed,
    Approvers,
    ApproversWanted,
    AudienceWanted,
    LedgerWanted,
    NoticePage,
    NoticesWanted,
    NoticeWanted,
    Respondents,
    RespondentsWanted,
)
from flows.notices.notice import (
    AGAIN,
    DEFAULT_APPROVAL_ABOVE,
    Audience,
    Content,
    Ledger,
    LedgerState,
    Notice,
)
from flows.notices.records import AnyRecord, ApprovalLimitSet, NoticeActed, NoticeSaved, ReportAsked
from flows.words.wording import Named

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


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case NoticeWanted():
            return _find_notices
        case NoticesWanted():
            return _find_notice_pages
        case ApproversWanted():
            return _find_approvers
        case RespondentsWanted():
            return _find_respondents
        case AudienceWanted() | LedgerWanted():
            raise AssertionError("what is many rows is counted aside")


async def _find_notices(
    connection: AsyncConnection, needs: Sequence[NoticeWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        try:
            found.put(need, await find(connection, need.id))
        except msgspec.DecodeError:
            log.warning("notice_unreadable", notice_id=need.id)


async def _find_notice_pages(
    connection: AsyncConnection, needs: Sequence[NoticesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await page(connection, need))


async def _find_approvers(
    connection: AsyncConnection, needs: Sequence[ApproversWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await approvers(connection, need, shared.reference.units))


async def _find_respondents(
    connection: AsyncConnection, needs: Sequence[RespondentsWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await respondents(connection, need))


async def find(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice without its counts, or None."""
    row = (await connection.execute(_NOTICES.where(notices.c.id == notice_id))).first()
    return _notice(row) if row is not None else None


async def read(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice with its counts, or None."""
    notice = await find(connection, notice_id)
    return notice.with_ledger(await ledger_of(connection, notice_id)) if notice is not None else None


async def ledger_of(connection: AsyncConnection, notice_id: int) -> Ledger:
    """Count what became of a notice's recipients and what they pressed. With many recipients it takes its time."""
    answered = await connection.execute(
        select(notice_answers.c.answer, func.count().label("number"))
        .where(notice_answers.c.notice_id == notice_id)
        .group_by(notice_answers.c.answer)
    )
    return Ledger(await counts_of(connection, notice_id), {row.answer: row.number for row in answered})


async def counts_of(connection: AsyncConnection, notice_id: int) -> dict[LedgerState, int]:
    """Count a notice's ledger by state."""
    counted = await connection.execute(
        select(outbox.c.state, func.count().label("number"))
        .where(outbox.c.notice_id == notice_id)
        .group_by(outbox.c.state)
    )
    return {row.state: row.number for row in counted}


def _notice(row: AnyRow, counts: Mapping[LedgerState, int] | None = None) -> Notice:
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
        author_name=row.author_name or "",
        refusal=row.refusal or "",
        approved_for=row.approved_for,
        series_id=row.series_id,
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
    limits = list(await connection.execute(select(approval_limits).where(approval_limits.c.unit_id.in_(everywhere))))
    others = [row.others if row.set_by == wanted.author_id else row.above for row in limits]
    own = [min(row.above, by_others) for row, by_others in zip(limits, others, strict=True)]
    return Approvers(tuple(able), min(own, default=DEFAULT_APPROVAL_ABOVE), min(others, default=DEFAULT_APPROVAL_ABOVE))


async def respondents(connection: AsyncConnection, wanted: RespondentsWanted) -> Respondents:
    """Return who pressed a button last, latest first."""
    pressed = (notice_answers.c.notice_id == wanted.notice_id) & (notice_answers.c.answer == wanted.answer)
    total = await connection.scalar(select(func.count()).select_from(notice_answers).where(pressed))
    rows = await connection.execute(
        select(people.c.id, people.c.name, people.c.unit_id)
        .join(notice_answers, notice_answers.c.person_id == people.c.id)
        .where(pressed)
        .order_by(notice_answers.c.at.desc(), people.c.id)
        .limit(wanted.limit)
        .with_for_update(read=True, key_share=True, of=people)  # who is erased waits until this can be found
    )
    return Respondents(tuple((Named(row.id, row.name), row.unit_id) for row in rows), total or 0)


# what turns write


class Rows:
    """What a batch changes in notices."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._happened: list[tuple[AnyRecord, int | None, int]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note what happened to a notice."""
        self._happened.append((record, one.person_id, one.turn.conversation.id))

    async def write(self, connection: AsyncConnection) -> None:
        """Let it happen, one after the other: there are few."""
        for record, person_id, conversation_id in self._happened:
            match record:
                case NoticeSaved():
                    if person_id is not None:
                        notice_id = await save(connection, record, person_id, conversation_id, self._now)
                        self._note(person_id, "write", notice_id)
                case NoticeActed(notice_id, done, version):
                    await act(connection, record, self._now, (person_id, conversation_id))
                    self._note(person_id, done, notice_id, version)
                case ReportAsked(notice_id):
                    await ask_report(connection, notice_id, conversation_id, self._now)
                case ApprovalLimitSet(unit_id, above):
                    await set_limit(connection, unit_id, above, person_id)
                    limit = Entry(act="set", role="admin", about=APPROVAL_LIMIT, details={"above": above})
                    self._acts.append(replace(limit, actor_id=person_id, unit_id=unit_id))

    def _note(self, person_id: int | None, act: str, notice_id: int, version: int = 0) -> None:
        entry = Entry(act=act, role="admin", about=ABOUT_NOTICE, about_id=notice_id, version=version)
        self._acts.append(replace(entry, actor_id=person_id))


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


async def act(
    connection: AsyncConnection,
    record: NoticeActed,
    now: datetime,
    by: tuple[int | None, int] | None = None,
) -> None:
    """Bring a notice where an act leads. Raises LostRace when another act came first.

    Whoever mends it is its author from then on, so that they do not approve it themselves. `by` is person and chat.
    """
    changes: dict[str, Any] = {"state": record.state, "version": notices.c.version + 1}
    if record.state in {"declined", "withdrawn"}:
        changes["ended_at"] = now
    if record.act in {"repeat_uncertain", "stop"}:
        changes["ended_at"] = None
    if record.act in {"resume", "mend"}:
        changes["refusal"] = None
    if record.act in {"approve", "mend"}:
        changes["approved_for"] = record.approved_for
    if record.content is not None:
        changes["content"] = _encoder.encode(record.content)
        if by is not None:
            changes["author_id"], changes["conversation_id"] = by
    changed = await connection.execute(
        update(notices).where(notices.c.id == record.notice_id, notices.c.version == record.version).values(changes)
    )
    if not changed.rowcount:
        raise LostRace("notice")
    if record.act == "resume":
        await _leave_out_refused(connection, record.notice_id, now)
    if record.act == "stop":
        await _stop_copies(connection, record.notice_id, now)
    if record.content is not None:
        mended = {"content": changes["content"], "approved_for": 0, "version": notices.c.version + 1}
        begins = _copies_after(record.notice_id) & notices.c.started_at.is_(None)
        await connection.execute(update(notices).where(begins).values(mended))
    if record.act == "mend":
        refused = update(outbox).where(outbox.c.notice_id == record.notice_id, *_refused)
        await connection.execute(refused.values(error=None))
    if record.act in AGAIN:
        await _queue_again(connection, record.notice_id, AGAIN[record.act])


def _copies_after(notice_id: int) -> ColumnElement[bool]:
    """Say that a notice repeats another and is not over."""
    first = select(func.coalesce(notices.c.series_id, notices.c.id)).where(notices.c.id == notice_id)
    return (
        (notices.c.series_id == first.scalar_subquery())
        & (notices.c.id > notice_id)
        & notices.c.ended_at.is_(None)
        & (notices.c.state != "stopped")
    )


async def _stop_copies(connection: AsyncConnection, notice_id: int, now: datetime) -> None:
    """Stop the notices that repeat one that is stopped for good, again until none is left: one that has just begun has
    scheduled the next."""
    is_new = notices.c.started_at.is_(None)
    changes = {
        "state": case((is_new, "withdrawn"), else_="stopped"),
        "ended_at": case((is_new, literal(now, notices.c.ended_at.type))),
        "version": notices.c.version + 1,
    }
    later = update(notices).where(_copies_after(notice_id)).values(changes)
    while (await connection.execute(later)).rowcount:
        pass


# Who was refused waits like the others, but has an error and no time to be tried again at.
_refused = (outbox.c.state == "queued", outbox.c.error.is_not(None), outbox.c.due.is_(None))


async def refuse(connection: AsyncConnection, notice_id: int, error: str) -> bool:
    """Pause a notice because a channel does not take what it says. False when it is known already, or it is over."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state.in_(("sending", "paused")), notices.c.refusal.is_(None))
        .values(state="paused", refusal=error, version=notices.c.version + 1)
    )
    return changed.rowcount > 0


async def _leave_out_refused(connection: AsyncConnection, notice_id: int, now: datetime) -> None:
    """Let a notice go on as it is without those to whom it was refused."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.notice_id == notice_id, *_refused)
        .values(state="failed", settled_at=now, address="")
    )


_ADDRESS = select(conversations.c.address).where(conversations.c.id == outbox.c.conversation_id).scalar_subquery()


async def _queue_again(connection: AsyncConnection, notice_id: int, state: LedgerState) -> None:
    """Let those of a notice's recipients who are in a state, and may still be written to, have it once more."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.notice_id == notice_id, outbox.c.state == state, still_open(outbox.c.conversation_id))
        .values(state="queued", settled_at=None, due=None, error=None, address=_ADDRESS)
    )


async def leave_out(connection: AsyncConnection, conversation_ids: Select[tuple[int]], now: datetime) -> None:
    """Send conversations none of the notices that still wait for them."""
    muted = {"state": "muted", "settled_at": now, "due": None, "address": ""}
    await connection.execute(
        update(outbox)
        .where(
            outbox.c.notice_id.in_(_notices_with_ledger()),
            outbox.c.state == "queued",
            outbox.c.conversation_id.in_(conversation_ids),
        )
        .values(muted)
    )
    await connection.execute(
        update(outbox).where(text(WAITING_FOR_PAGES), outbox.c.conversation_id.in_(conversation_ids)).values(muted)
    )


async def forget_person(connection: AsyncConnection, person_id: int, conversation_id: int, now: datetime) -> None:
    """Forget somebody who is being erased: what they pressed and turned off, and notices that wait for them. What they
    wrote to many stays, without their name."""
    theirs = or_(conversations.c.person_id == person_id, conversations.c.id == conversation_id)
    await leave_out(connection, select(conversations.c.id).where(theirs), now)
    for table in (notice_answers, mutes, contacts):
        await connection.execute(delete(table).where(table.c.person_id == person_id))
    await connection.execute(update(notices).where(notices.c.author_id == person_id).values(author_id=None))
    await connection.execute(update(approval_limits).where(approval_limits.c.set_by == person_id).values(set_by=None))


async def set_limit(connection: AsyncConnection, unit_id: int, above: int, person_id: int | None) -> None:
    """Set from how many recipients on a unit's notices need a second administrator.

    Nobody raises it for what they write themselves: for them what others had set holds, too.
    """
    known = (
        await connection.execute(select(approval_limits).where(approval_limits.c.unit_id == unit_id).with_for_update())
    ).first()
    before = known.above if known is not None else DEFAULT_APPROVAL_ABOVE
    others = known.others if known is not None and known.set_by == person_id else before
    await connection.execute(
        upserts.insert_or_replace(connection, approval_limits, ("above", "set_by", "others")),
        {"unit_id": unit_id, "above": above, "set_by": person_id, "others": others},
    )


# what the keeper does


def _notices_with_ledger() -> Select[tuple[int]]:
    """Select the notices that have recipients who wait, or may get some."""
    return select(notices.c.id).where(notices.c.started_at.is_not(None), notices.c.ended_at.is_(None))


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
    """Begin to write a notice's ledger, with its file where every channel finds it. One that was mended has its ledger
    and goes on. False when somebody moved it on meanwhile."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.state == "scheduled", notices.c.version == notice.version)
        .values(
            state="sending" if notice.has_begun else "gathering",
            started_at=notice.started_at or now,
            content=_encoder.encode(content),
            version=notices.c.version + 1,
        )
    )
    return changed.rowcount > 0


_COPIED = frozenset({"author_id", "conversation_id", "content", "audience", "approved_for"})


async def ask_approval(connection: AsyncConnection, notice: Notice) -> bool:
    """Let a notice wait for approval instead of starting it. False when somebody moved it on meanwhile."""
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.state == "scheduled", notices.c.version == notice.version)
        .values(state="awaiting", version=notices.c.version + 1)
    )
    return changed.rowcount > 0


async def repeat(connection: AsyncConnection, notice: Notice, send_at: datetime, now: datetime) -> None:
    """Schedule the next one of a notice that repeats."""
    kept = [column for column in notices.c if column.name in _COPIED]
    added = await connection.execute(
        insert(notices)
        .from_select(
            [*(column.name for column in kept), "series_id", "state", "send_at", "repeat", "created_at"],
            select(
                *kept,
                func.coalesce(notices.c.series_id, notices.c.id),
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


async def next_to_gather(connection: AsyncConnection, resting: Collection[int] = ()) -> int | None:
    """Return the notice whose ledger is to be written next, without those that rest after a failure, or None."""
    waiting = select(notices.c.id).where(notices.c.state == "gathering", notices.c.id.not_in(resting))
    found: int | None = await connection.scalar(waiting.order_by(notices.c.id).limit(1))
    return found


async def gathering(connection: AsyncConnection, notice_id: int) -> Gathering | None:
    """Return a ledger that is being written, or None when it no longer is. Raises when it cannot be decoded."""
    of_notice = select(notices).where(notices.c.id == notice_id, notices.c.state == "gathering")
    row = (await connection.execute(of_notice)).first()
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
        await connection.execute(update(notices).where(*still).values(state="sending", version=notices.c.version + 1))
        return
    moved = await connection.execute(update(notices).where(*still).values(gathered_to=person_ids[-1]))
    if moved.rowcount:  # else it was stopped, or another instance was quicker
        written = await _write_recipients(connection, one.notice_id, person_ids, now)
        grown = {"recipients": notices.c.recipients + written}
        await connection.execute(update(notices).where(notices.c.id == one.notice_id).values(grown))


async def _write_recipients(
    connection: AsyncConnection, notice_id: int, person_ids: Sequence[int], now: datetime
) -> int:
    """Write rows of a ledger: one a chat, for people may share a phone. Returns how many are new."""
    written = await connection.execute(
        upserts.insert_new(connection, outbox)
        .execution_options(preserve_rowcount=True)
        .from_select(
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
            # Who is erased meanwhile is waited for, and is then nobody's chat any more.
            .where(contacts.c.person_id.in_(phones.people_of(conversations.c.id)))
            .order_by(contacts.c.person_id)
            .with_for_update(read=True, key_share=True, of=conversations),
        )
    )
    return written.rowcount


_NOT_YET = ("queued", "waiting")


async def stopped_early(connection: AsyncConnection) -> int | None:
    """Return a notice that was stopped and still has recipients who wait, or None."""
    waits = select(outbox.c.id).where(outbox.c.notice_id == notices.c.id, outbox.c.state.in_(_NOT_YET))
    stopped = select(notices.c.id).where(notices.c.state == "stopped", notices.c.ended_at.is_(None), waits.exists())
    return await connection.scalar(stopped.order_by(notices.c.id).limit(1))


async def take_off(connection: AsyncConnection, notice_id: int, most: int, now: datetime) -> None:
    """Take some of those who wait for a stopped notice off its list."""
    waits = (outbox.c.notice_id == notice_id, outbox.c.state.in_(_NOT_YET))
    some = select(outbox.c.id).where(*waits).limit(most)
    await connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(some), *waits)
        .values(state="stopped", settled_at=now, due=None, address="")
    )


async def finished(connection: AsyncConnection, now: datetime, among: Collection[int] | None = None) -> list[int]:
    """Return the notices, of all or among some, with nobody left to send to. Pages that are not opened for long have
    theirs waiting."""
    of_notice = (outbox.c.notice_id == notices.c.id, outbox.c.state.in_(("queued", "sending", "waiting")))
    waits_long = (outbox.c.state == "waiting") & (outbox.c.due <= now) & (notices.c.state == "sending")
    left = select(outbox.c.id).where(*of_notice, ~waits_long)
    under_way = [notices.c.state.in_(("sending", "stopped")), notices.c.ended_at.is_(None)]
    if among is not None:
        under_way.append(notices.c.id.in_(among))
    return list(await connection.scalars(select(notices.c.id).where(*under_way, ~left.exists())))


async def end(connection: AsyncConnection, now: datetime) -> list[int]:
    """End the notices with nobody left to send to. Returns their ids."""
    candidates = await finished(connection, now)
    await connection.execute(
        select(notices.c.id).where(notices.c.id.in_(candidates)).order_by(notices.c.id).with_for_update()
    )
    ended = await finished(connection, now, candidates)  # without what somebody moved on until it was held
    for notice_id in ended:
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
    """Return the notices that are being sent, and some that were, as far as this version can read them. Their ledgers
    are not counted."""
    rows = await connection.execute(
        _NOTICES.where(or_(notices.c.id.in_(_open_notices()), notices.c.id.in_(also))).order_by(notices.c.id)
    )
    return list(_shown(rows))


def _shown(rows: Iterable[AnyRow]) -> Iterator[Shown]:
    for row in rows:
        with suppress(msgspec.DecodeError):  # looked at every second, so not logged here
            yield Shown(_notice(row), row.conversation_id)


async def versions(connection: AsyncConnection, notice_ids: Collection[int]) -> dict[int, int]:
    """Return the versions of notices: what one says may change from one to the next."""
    found = await connection.execute(select(notices.c.id, notices.c.version).where(notices.c.id.in_(notice_ids)))
    return {row.id: row.version for row in found}


async def content_of(connection: AsyncConnection, notice_id: int) -> tuple[int, Content]:
    """Return what a notice says, and the version that says it."""
    said = select(notices.c.version, notices.c.content).where(notices.c.id == notice_id)
    version, content = (await connection.execute(said)).one()
    return version, _content_decoder.decode(content)


async def units_administrated(connection: AsyncConnection, person_id: int | None) -> list[int]:
    """Return the units somebody administrates."""
    held = select(roles.c.unit_id).where(roles.c.person_id == person_id, roles.c.role == "admin")
    return list(await connection.scalars(held))


async def withdraw(connection: AsyncConnection, notice_id: int, now: datetime) -> bool:
    """Take back a notice that cannot be sent. One that some have already is paused instead. False when somebody moved
    it on meanwhile."""
    is_new = notices.c.started_at.is_(None)
    changed = await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state == "scheduled")
        .values(
            state=case((is_new, "withdrawn"), else_="paused"),
            ended_at=case((is_new, literal(now, notices.c.ended_at.type))),
            version=notices.c.version + 1,
        )
    )
    return changed.rowcount > 0


async def conversation_of(connection: AsyncConnection, notice_id: int) -> int:
    """Return the conversation a notice was written in."""
    found: int = (
        await connection.execute(select(notices.c.conversation_id).where(notices.c.id == notice_id))
    ).scalar_one()
    return found


_for_pages = (
    outbox.c.notice_id.in_(select(notices.c.id).where(notices.c.state == "sending")),
    outbox.c.state == "queued",
    outbox.c.channel.in_(PAGES),
)


async def has_for_pages(connection: AsyncConnection) -> bool:
    """Tell whether a notice under way has recipients left who read in a page."""
    return await connection.scalar(select(outbox.c.id).where(*_for_pages).limit(1)) is not None


async def hand_to_pages(connection: AsyncConnection, most: int, until: datetime) -> int:
    """Let pages have the notices that are being sent, some at a time. A notice does not end before `until` while it
    waits for a page. Returns how many recipients these are."""
    some = select(outbox.c.id).where(*_for_pages).order_by(outbox.c.id).limit(most)
    ids = list(await connection.scalars(some.with_for_update(skip_locked=True)))
    handed = {"state": "waiting", "due": until}
    await connection.execute(update(outbox).where(outbox.c.id.in_(ids), outbox.c.state == "queued").values(handed))
    return len(ids)


async def ask_report(connection: AsyncConnection, notice_id: int, conversation_id: int, now: datetime) -> None:
    """Let a report be made and sent to a conversation, unless one is on its way there already."""
    waits = select(notice_reports.c.id).where(
        notice_reports.c.notice_id == notice_id,
        notice_reports.c.conversation_id == conversation_id,
        notice_reports.c.digest.is_(None),
    )
    asked = select(literal(notice_id), literal(conversation_id), literal(now, notice_reports.c.asked_at.type))
    await connection.execute(
        insert(notice_reports).from_select(["notice_id", "conversation_id", "asked_at"], asked.where(~waits.exists()))
    )


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


async def report_made(connection: AsyncConnection, report_id: int, digest: str) -> bool:
    """Note that a report is made, and which file it is. False when another instance has made it meanwhile."""
    made = await connection.execute(
        update(notice_reports)
        .where(notice_reports.c.id == report_id, notice_reports.c.digest.is_(None))
        .values(digest=digest)
    )
    return made.rowcount > 0


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
