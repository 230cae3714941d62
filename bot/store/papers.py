"""Papers that somebody waits for, and their files once they are made."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.tables import assessments, paper_files, papers, roles, units
from flows.domain.people import Role
from flows.papers.records import AnyRecord
from flows.papers.rights import PaperKind

AnyRow = Row[*tuple[Any, ...]]


class WaitingPaper(Struct, frozen=True):
    """A paper somebody waits for. `parts` of its files are made and sent already; it was tried `attempts` times."""

    id: int
    conversation_id: int
    person_id: int
    kind: PaperKind
    unit_id: int
    unit_code: str
    year: int
    about: int
    group: str
    parts: int
    attempts: int


# what turns write


_COLUMNS = ("conversation_id", "person_id", "kind", "unit_id", "year", "about", "group")
_same_waits = (
    select(papers.c.id)
    .where(papers.c.settled_at.is_(None), *(papers.c[name] == bindparam(f"_{name}") for name in _COLUMNS))
    .exists()
)
_ASK = insert(papers).from_select(
    [*_COLUMNS, "asked_at"],
    select(
        *(bindparam(f"_{name}", type_=papers.c[name].type).label(name) for name in _COLUMNS),
        bindparam("_asked_at", type_=papers.c.asked_at.type).label("asked_at"),
    ).where(~_same_waits),
)


class Rows:
    """What papers are asked for by a batch of turns. What somebody waits for already is not asked for twice."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._asked: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Note a paper that is asked for."""
        assert one.person_id is not None  # who has a role or a form is somebody
        row = {
            "conversation_id": one.turn.conversation.id,
            "person_id": one.person_id,
            "kind": record.kind,
            "unit_id": record.unit_id,
            "year": record.year,
            "about": record.about,
            "group": record.group,
            "asked_at": self._now,
        }
        self._asked.append({f"_{name}": value for name, value in row.items()})

    async def write(self, connection: AsyncConnection) -> None:
        """Write them, one after the other: the second of two alike finds the first."""
        for row in self._asked:
            await connection.execute(_ASK, row)


# what makes them


async def next_waiting(connection: AsyncConnection, resting: Collection[int] = ()) -> WaitingPaper | None:
    """Return the paper that waits longest, without those that rest after a failure, or None."""
    waiting = (
        select(papers, units.c.code)
        .join(units, units.c.id == papers.c.unit_id)
        .where(papers.c.settled_at.is_(None), papers.c.id.not_in(sorted(resting)))
        .order_by(papers.c.id)
        .limit(1)
    )
    row = (await connection.execute(waiting)).first()
    if row is None:
        return None
    return WaitingPaper(
        row.id,
        row.conversation_id,
        row.person_id,
        row.kind,
        row.unit_id,
        row.code,
        row.year,
        row.about,
        row.group,
        row.parts,
        row.attempts,
    )


async def roles_of(connection: AsyncConnection, person_id: int, today: date) -> tuple[Role, ...]:
    """Return the roles that somebody holds on a day."""
    columns = (roles.c.role, roles.c.unit_id, roles.c.until, roles.c.away_until)
    held = [Role(*row) for row in await connection.execute(select(*columns).where(roles.c.person_id == person_id))]
    return tuple(role for role in held if role.in_force(today))


async def owner_of(connection: AsyncConnection, form_id: int) -> int | None:
    """Return whose a form is, None for one that is gone."""
    found: int | None = await connection.scalar(select(assessments.c.person_id).where(assessments.c.id == form_id))
    return found


async def note_files(
    connection: AsyncConnection, paper_id: int, part: int, digests: Iterable[str], settled_at: datetime | None
) -> bool:
    """Note the files of a part of a paper, with the last one when it was sent. False when another instance has done it
    meanwhile, or it is not wanted any more."""
    waits = (papers.c.id == paper_id, papers.c.parts == part, papers.c.settled_at.is_(None))
    changed = await connection.execute(update(papers).where(*waits).values(parts=part + 1, settled_at=settled_at))
    if not changed.rowcount:
        return False
    rows = [{"paper_id": paper_id, "digest": digest} for digest in sorted(digests)]
    await execute_many(connection, upserts.insert_new(connection, paper_files), rows)
    return True


async def count_attempt(connection: AsyncConnection, paper_id: int) -> None:
    """Note that a paper could not be made this time."""
    await connection.execute(update(papers).where(papers.c.id == paper_id).values(attempts=papers.c.attempts + 1))


async def settle(connection: AsyncConnection, paper_id: int, now: datetime) -> bool:
    """Let nobody wait for a paper any more. False when nobody did."""
    waits = (papers.c.id == paper_id, papers.c.settled_at.is_(None))
    return (await connection.execute(update(papers).where(*waits).values(settled_at=now))).rowcount > 0


# what leaves


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Forget papers that were settled before a moment. Their files are swept away when nothing else refers to them."""
    await _forget(connection, select(papers.c.id).where(papers.c.settled_at < before))


async def forget_person(connection: AsyncConnection, person_id: int) -> list[str]:
    """Forget what somebody has asked for. Returns the files."""
    return await _forget(connection, select(papers.c.id).where(papers.c.person_id == person_id))


async def forget_chats(connection: AsyncConnection, chats: Collection[int]) -> None:
    """Forget what was asked for in chats."""
    await _forget(connection, select(papers.c.id).where(papers.c.conversation_id.in_(sorted(chats))))


async def _forget(connection: AsyncConnection, which: Select[tuple[int]]) -> list[str]:
    ids = list(await connection.scalars(which))
    gone = delete(paper_files).where(paper_files.c.paper_id.in_(ids)).returning(paper_files.c.digest)
    digests = list(await connection.scalars(gone))
    await connection.execute(delete(papers).where(papers.c.id.in_(ids)))
    return digests
