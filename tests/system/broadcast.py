"""A notice to a whole commune, from outside: how it comes into the database, and what its ledger says at any time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError

from bot.commands.bench_people import Province, make_admin, settle
from bot.settings import ASYNC_DRIVERS
from bot.store.core.database import Database
from bot.store.core.tables import conversations, outbox, rounds, units
from bot.store.notices import saving, writing
from flows.notices.notice import HIGHEST_LIMIT, Audience, Content
from flows.notices.records import NoticeSaved
from tests.botapi import DEFAULT_TOKEN, Person
from tests.system.commune import COMMUNE, VILLAGE
from tests.zalo_oa import OaPerson

# Beyond the title that its author is shown while it goes out.
NOTICE = "Kính mời bà con đến nhà văn hóa thôn"
TEXT = f"*Tuần lễ hưởng ứng học tập suốt đời* năm nay bắt đầu ngày 1 tháng 10. {NOTICE} lúc 8 giờ sáng."
VILLAGES = 2
ON_TELEGRAM = ("telegram", DEFAULT_TOKEN.partition(":")[0])
FINAL = frozenset({"sent", "blocked", "failed", "uncertain", "outside", "stopped", "muted"})
NEVER_QUIET = {"QUIET_HOURS": "00:00-00:00"}

_LOOK = text(
    "SELECT n.state, n.recipients, n.ended_at IS NOT NULL AS ended, o.state AS place, count(o.id) AS number"
    " FROM notices n LEFT JOIN outbox o ON o.notice_id = n.id WHERE n.id = :notice_id"
    " GROUP BY n.state, n.recipients, n.ended_at, o.state"
).bindparams(bindparam("notice_id", type_=outbox.c.notice_id.type))


@dataclass(frozen=True, slots=True)
class Look:
    """A notice and its ledger at one moment."""

    state: str
    recipients: int
    ended: bool
    counts: Counter[str]

    @property
    def sums_up(self) -> bool:
        """Tell whether the counters sum to the recipients, as soon as these are known."""
        return self.state in {"scheduled", "gathering"} or self.counts.total() == self.recipients

    @property
    def settled(self) -> int:
        """Return for how many recipients it is known what became of them."""
        return sum(self.counts[state] for state in FINAL)


class Broadcast:
    """A notice to everybody of a commune, watched while others send it."""

    def __init__(self, database: Database, author: tuple[int, int], unit_id: int) -> None:
        self._database = database
        self._author = author
        self._unit_id = unit_id
        self._notice_id = 0
        self._looking = asyncio.Lock()
        self.looks = 0
        self.wrong: list[str] = []
        self.last: Look | None = None

    async def write(self) -> None:
        """Write the notice, to be sent at once."""
        saved = NoticeSaved(Content(vi=TEXT, asks_who_comes=True), Audience((self._unit_id,)), "scheduled")
        async with self._database.writing() as connection:
            await writing.set_limit(connection, self._unit_id, HIGHEST_LIMIT, None)
            self._notice_id = await saving.save(connection, saved, *self._author, datetime.now(UTC))

    async def look(self) -> Look:
        """Look once, and note a ledger that does not sum up or that goes backward."""
        async with self._looking, self._database.reading() as connection:
            rows = list(await connection.execute(_LOOK, {"notice_id": self._notice_id}))
            counts = Counter({row.place: row.number for row in rows if row.place is not None})
            look = Look(rows[0].state, rows[0].recipients, bool(rows[0].ended), counts)
            self._note(look)
        return look

    def _note(self, look: Look) -> None:
        self.looks += 1
        if not look.sums_up:
            self.wrong.append(f"does not sum to its recipients: {look}")
        if self.last is not None and look.settled < self.last.settled:
            self.wrong.append(f"goes backward: {self.last}, then {look}")
        self.last = look

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look again and again until the block is left. While a database comes back after a power cut, it is blind."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except DBAPIError as error:
                if "locked" not in str(error) and "readonly" not in str(error):
                    raise
            await asyncio.sleep(0.02)

    async def until(self, reached: Callable[[Look], bool], seconds: float = 60.0) -> Look:
        """Return the first look at which something is reached."""
        async with asyncio.timeout(seconds):
            while not reached(look := await self.look()):
                await asyncio.sleep(0.02)
        return look

    async def ledger(self) -> dict[int, str]:
        """Return what became of each chat's notice."""
        rows = select(conversations.c.address, outbox.c.state).join(conversations)
        rows = rows.where(outbox.c.notice_id == self._notice_id)
        async with self._database.reading() as connection:
            return {int(address): state for address, state in await connection.execute(rows)}


@asynccontextmanager
async def to_a_commune(
    address: str,
    crowd: Sequence[Person | OaPerson],
    to: tuple[str, str] = ("telegram", DEFAULT_TOKEN.partition(":")[0]),
) -> AsyncIterator[Broadcast]:
    """Let a crowd with a bot of a channel move into a commune that is set up. The first of them writes notices."""
    scheme, _, rest = address.partition("://")
    database = Database(f"{ASYNC_DRIVERS[scheme]}://{rest}")
    try:
        author, unit_id = await _moved_in(database, [int(person.id) for person in crowd], to)
        yield Broadcast(database, author, unit_id)
    finally:
        await database.close()


async def _moved_in(database: Database, chats: list[int], to: tuple[str, str]) -> tuple[tuple[int, int], int]:
    now = datetime.now(UTC)
    addresses = range(chats[0], chats[-1] + 1, chats[1] - chats[0])
    assert list(addresses) == chats
    async with database.writing() as connection:
        ids = {row.code: row.id for row in await connection.execute(select(units.c.code, units.c.id))}
        round_id = await connection.scalar(select(rounds.c.id))
        commune = Province(ids[COMMUNE], ids[VILLAGE], VILLAGES, int(round_id or 0))
        await settle(connection, commune, addresses, to, now)
        return await make_admin(connection, commune, now), commune.unit_id
