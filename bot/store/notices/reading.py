"""Notices as they are read: without the counts of their ledgers, unless those are asked for."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.scopes import lies_in
from bot.store.core.tables import approval_limits, notice_answers, notice_units, notices, people, roles
from bot.store.notices.ledger import AnyRow, ledger_of
from flows.domain.unit_tree import UnitTree
from flows.notices.needs import Approvers, ApproversWanted, NoticePage, NoticesWanted, Respondents, RespondentsWanted
from flows.notices.notice import DEFAULT_APPROVAL_ABOVE, Audience, Content, LedgerState, Notice
from flows.words.wording import Named

encoder = msgspec.json.Encoder()
content_decoder = msgspec.json.Decoder(Content)
audience_decoder = msgspec.json.Decoder(Audience)
_author_name = select(people.c.name).where(people.c.id == notices.c.author_id).scalar_subquery()
NOTICES = select(*notices.c, _author_name.label("author_name"))
log = structlog.get_logger()


async def find(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice without its counts, or None."""
    row = (await connection.execute(NOTICES.where(notices.c.id == notice_id))).first()
    return notice_of(row) if row is not None else None


async def read(connection: AsyncConnection, notice_id: int) -> Notice | None:
    """Return a notice with its counts, or None."""
    notice = await find(connection, notice_id)
    return notice.with_ledger(await ledger_of(connection, notice_id)) if notice is not None else None


def notice_of(row: AnyRow, counts: Mapping[LedgerState, int] | None = None) -> Notice:
    return Notice(
        id=row.id,
        author_id=row.author_id,
        content=content_decoder.decode(row.content),
        audience=audience_decoder.decode(row.audience),
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
        NOTICES.where(of_notice.exists() & ~elsewhere.exists())
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
            yield notice_of(row)
        except msgspec.DecodeError:
            log.warning("notice_unreadable", notice_id=row.id)


async def approvers(connection: AsyncConnection, wanted: ApproversWanted, units: UnitTree) -> Approvers:
    """Return who may approve a notice: administrators over every one of its units, never its author."""
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


async def conversation_of(connection: AsyncConnection, notice_id: int) -> int:
    """Return the conversation a notice was written in."""
    found: int = (
        await connection.execute(select(notices.c.conversation_id).where(notices.c.id == notice_id))
    ).scalar_one()
    return found


async def versions(connection: AsyncConnection, notice_ids: Collection[int]) -> dict[int, int]:
    """Return the versions of notices: what one says may change from one to the next."""
    found = await connection.execute(select(notices.c.id, notices.c.version).where(notices.c.id.in_(notice_ids)))
    return {row.id: row.version for row in found}


async def content_of(connection: AsyncConnection, notice_id: int) -> tuple[int, Content]:
    """Return what a notice says, and the version that says it."""
    said = select(notices.c.version, notices.c.content).where(notices.c.id == notice_id)
    version, content = (await connection.execute(said)).one()
    return version, content_decoder.decode(content)


async def units_administrated(connection: AsyncConnection, person_id: int | None) -> list[int]:
    """Return the units somebody administrates."""
    held = select(roles.c.unit_id).where(roles.c.person_id == person_id, roles.c.role == "admin")
    return list(await connection.scalars(held))
