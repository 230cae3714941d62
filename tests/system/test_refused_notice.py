"""A notice that a Bot API server does not take: it stops at once, is mended, and goes to those who have not got it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from bot.channels.telegram.channel import RATES, TelegramChannel
from bot.delivery.courier import Courier
from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.store.core import contacts
from bot.store.core.database import Database
from bot.store.core.inbox import conversation_ids
from bot.store.core.outbox import NOTICE
from bot.store.core.tables import conversations, outbox, people
from bot.store.core.tables import notices as notice_table
from bot.store.notices import keeping, reading, writing
from flows.notices.notice import Content, Notice
from flows.notices.records import NoticeActed
from tests.botapi import DEFAULT_TOKEN, BotApiServer, Limits
from tests.sample import CATALOGUES, NEVER_QUIET, ZONE

RECIPIENTS, HAVE_IT_ALREADY = 20, 5
SPEED = 20
WRONG = Content("Mời bà con dự họp.", link_label="Lịch họp", link_url="https://localhost/lich")
RIGHT = replace(WRONG, link_url="https://hoctap.example/lich")
NOW = datetime.now(UTC)


class Broadcast:
    """A notice to some people of a bot, and the delivery that sends it."""

    def __init__(self, database: Database, channel: TelegramChannel) -> None:
        self.database = database
        runtime = Runtime(database, CATALOGUES, lambda: datetime.now(UTC), ZONE, NEVER_QUIET)
        self.bell = runtime.letters_queued
        self.delivery = Courier(runtime, channel)

    async def write(self, bot: str, chats: list[int]) -> None:
        """Let a notice be on its way to these chats. The first is its author's; some have it already."""
        places = [("telegram", bot, str(chat)) for chat in chats]
        async with self.database.writing() as connection:
            ids = [id_ for _place, id_ in sorted((await conversation_ids(connection, places)).items())]
            for id_ in ids:
                await connection.execute(people.insert().values(id=id_, name="Somebody", created_at=NOW))
            await connection.execute(update(conversations).values(person_id=conversations.c.id, language="vi"))
            await contacts.refresh(connection, ids)
            row = {"id": 1, "conversation_id": ids[0], "author_id": ids[0], "audience": b'{"unit_ids":[1]}'}
            kept = {"content": msgspec.json.encode(WRONG), "state": "sending", "recipients": len(ids)}
            await connection.execute(notice_table.insert().values(**row, **kept, created_at=NOW, started_at=NOW))
            for place, id_ in enumerate(ids):
                state = "sent" if place < HAVE_IT_ALREADY else "queued"
                letter = {"conversation_id": id_, "channel": "telegram", "bot": bot, "state": state}
                to = {"address": str(chats[place]), "priority": NOTICE, "notice_id": 1, "created_at": NOW}
                await connection.execute(outbox.insert().values(**letter, **to))

    async def look(self) -> Notice:
        """Return the notice as it stands."""
        async with self.database.reading() as connection:
            notice = await reading.read(connection, 1)
        assert notice is not None
        return notice

    async def mend(self) -> None:
        """Do as its author and the keeper do."""
        async with self.database.writing() as connection:
            paused = await reading.read(connection, 1)
            assert paused is not None
            acted = NoticeActed(1, "mend", paused.version, "scheduled", RIGHT)
            await writing.act(connection, acted, NOW, (paused.author_id, await reading.conversation_of(connection, 1)))
            mended = await keeping.due_notice(connection, 1)
            assert mended is not None
            assert await keeping.start(connection, mended, mended.content, NOW)

    @asynccontextmanager
    async def delivered(self) -> AsyncIterator[None]:
        """Deliver until the block is left."""
        task = asyncio.create_task(self.delivery.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    """A Bot API server, faster than the public one."""
    async with BotApiServer(limits=Limits(speed=SPEED)) as running:
        yield running


@pytest.fixture
async def channel(server: BotApiServer, tmp_path: Path) -> AsyncIterator[TelegramChannel]:
    """The bot at that server."""
    made = TelegramChannel(DEFAULT_TOKEN, server.base_url, FileStore(tmp_path), RATES.times(SPEED))
    yield made
    await made.stop()


async def test_a_notice_that_is_refused_stops_at_once_and_once_mended_goes_to_those_who_have_not_got_it(
    database: Database, server: BotApiServer, channel: TelegramChannel
) -> None:
    chats = sorted(person.id for person in server.add_crowd(RECIPIENTS))
    broadcast = Broadcast(database, channel)
    await broadcast.write(channel.bot, chats)

    async def author_is_told() -> bool:
        return bool(server.ledger.tally("Xin bấm “Sửa”").chats)

    async def everybody_has_it() -> bool:
        return (await broadcast.look()).counts == {"sent": RECIPIENTS}

    async with broadcast.delivered():
        await until(author_is_told)
    paused = await broadcast.look()
    assert (paused.state, paused.counts) == (
        "paused",
        {"sent": HAVE_IT_ALREADY, "queued": RECIPIENTS - HAVE_IT_ALREADY},
    )
    assert "wrong http url" in paused.refusal
    assert server.ledger.tally(WRONG.vi).chats.keys() <= {chats[0]}  # the author reads its title
    await broadcast.mend()
    async with broadcast.delivered():
        broadcast.bell.ring()
        await until(everybody_has_it)
    got = Counter(server.ledger.tally("họp.").chats)
    assert {chat: got[chat] for chat in chats[HAVE_IT_ALREADY:]} == dict.fromkeys(chats[HAVE_IT_ALREADY:], 1)
    assert not any(got[chat] for chat in chats[1:HAVE_IT_ALREADY])
    async with database.reading() as connection:
        assert set(await connection.scalars(select(outbox.c.state))) == {"sent"}
