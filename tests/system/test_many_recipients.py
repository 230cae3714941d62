"""Stopping, going on, turning off and erasing while a notice is on its way to very many: others hardly notice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text

from bot.commands.bench_people import Province, settle
from bot.store.core.database import Database
from bot.store.core.tables import Moment, outbox
from bot.store.core.tables import conversations as chats
from bot.store.notices import ledger
from flows.conversation.replies import Pressed
from tests.commune import BOT, CHANNEL, Commune, under_way
from tests.databases import BACKENDS, Backend, Databases
from tests.sample import NOW
from tests.services.test_notices import Office

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

MANY = 200_000
FIRST = 1_000_000
REMINDED = 100_000
CALM_TURNS = 200

_RECIPIENTS = text(
    "INSERT INTO outbox (conversation_id, channel, bot, address, priority, state, created_at, notice_id)"
    " SELECT id, channel, bot, address, 1, 'queued', :now, :notice_id FROM conversations WHERE id > :after"
).bindparams(bindparam("now", type_=Moment()))
_REMINDERS = text(
    "INSERT INTO outbox (conversation_id, channel, bot, address, priority, state, created_at, body)"
    " SELECT id, channel, bot, address, 1, 'queued', :now, :body FROM conversations WHERE id > :after LIMIT :most"
).bindparams(bindparam("now", type_=Moment()), bindparam("body", type_=outbox.c.body.type))


@dataclass(slots=True)
class Crowd:
    """A commune with a notice on its way to very many, and Minh, who goes on talking."""

    office: Office
    notice_id: int
    took: dict[str, list[float]] = field(default_factory=dict)

    async def talk(self, name: str, *others: tuple[str, str | Pressed]) -> None:
        """Let Minh say something, and others with him; note how long his turn takes."""
        commune = self.office.commune
        begun = time.monotonic()
        await commune.turns.receive([commune.update(*one) for one in (*others, ("Minh", "/status"))])
        await commune.turns.run_once()
        self.took.setdefault(name, []).append(time.monotonic() - begun)
        while (await commune.turns.run_once()).turns:  # of others, who wait for what is counted aside
            pass

    async def until_none_waits(self, name: str) -> None:
        """Let Minh talk on until nobody waits for the notice."""
        while set(await self.counts()) & {"queued", "waiting"}:
            for _turn in range(20):
                await self.talk(name)

    async def counts(self) -> dict[str, int]:
        """Return the ledger."""
        async with self.office.database.reading() as connection:
            counted = await ledger.counts_of(connection, self.notice_id)
        return {str(state): number for state, number in counted.items()}

    def figures(self) -> str:
        """Return how long Minh's turns took."""
        return "\n".join(
            f"{name:28} {len(took):5} turns, p50 {_at(took, 50):7.1f} ms, p99 {_at(took, 99):7.1f} ms,"
            f" longest {max(took) * 1000:7.1f} ms"
            for name, took in self.took.items()
        )


def _at(took: list[float], percent: int) -> float:
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


@pytest.fixture(params=BACKENDS)
async def crowd(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Crowd]:
    """A notice that has begun, of which nobody has anything yet."""
    backend: Backend = request.param
    async with databases.fresh(backend, under_way) as url:
        database = Database(url)
        office = Office(Commune(database), tmp_path)
        notice_id = await office.write(roles=("head",))
        await office.keep()
        await _crowded(office, notice_id)
        keeping = asyncio.create_task(office.keeper.run())
        yield Crowd(office, notice_id)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await database.close()


async def _crowded(office: Office, notice_id: int) -> None:
    """Let very many be among the recipients, and reminders wait for others."""
    commune = office.commune
    unit_id = await office.unit("tk-doai")
    async with office.database.writing() as connection:
        after = max(await connection.scalars(select(chats.c.id)))
        province, addresses = Province(unit_id, unit_id, 1, 1), range(FIRST, FIRST + MANY)
        await settle(connection, province, addresses, (CHANNEL, BOT), NOW)
        await connection.execute(_RECIPIENTS, {"now": commune.now, "notice_id": notice_id, "after": after})
        body = '{"text":"%s","buttons":[[{"label":"x","payload":"c:mute:reminders"}]]}' % ("y" * 300)
        await connection.execute(
            _REMINDERS, {"now": commune.now, "body": body.encode(), "after": after, "most": REMINDED}
        )
        await connection.execute(
            text(
                "UPDATE notices SET approved_for = 2000000,"
                " recipients = (SELECT count(*) FROM outbox WHERE notice_id = notices.id)"
            )
        )
    async with office.database.writing() as connection:
        await connection.execute(text("ANALYZE"))


async def test_others_hardly_notice_what_is_done_with_a_notice_to_very_many(crowd: Crowd) -> None:
    for _turn in range(CALM_TURNS):
        await crowd.talk("calm")
    for name, chat, typed in (
        ("page", "Hoa", ("/notices", "1")),
        ("pause", "Hoa", ("tạm dừng",)),
        ("go on", "Hoa", ("gửi tiếp",)),
        ("pause again", "Hoa", ("tạm dừng",)),
        ("turn off notices", "Hạnh", (Pressed("c:mute:notices"),)),
        ("turn off reminders", "Lan", (Pressed("c:mute:reminders"),)),
        ("erase", "Trường", ("/privacy", "xóa dữ liệu", "đồng ý xóa hết")),
        ("stop", "Hoa", ("dừng hẳn",)),
    ):
        for one in typed:
            await crowd.talk(name, (chat, one))
            for _turn in range(20):
                await crowd.talk(name + ", then")
                await asyncio.sleep(0.01)
    begun = time.monotonic()
    await crowd.until_none_waits("while it stops")
    assert await crowd.counts() == {"stopped": MANY, "muted": 2}  # Hạnh turned notices off, Trường is erased
    print(f"\n{crowd.figures()}\nstopped after {time.monotonic() - begun:.1f} s")
