"""The outbox: which letter goes next, and what is left of it afterwards, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from bot.store.core import contacts, outbox
from bot.store.core.database import Database
from bot.store.core.inbox import conversation_ids
from bot.store.core.outbox import NOTICE, REPLY, DueLetter, Letter, OutboxState, Recipient, SettledLetter
from bot.store.core.tables import conversations, people, roles, units
from bot.store.core.tables import outbox as letters
from flows.conversation.events import HeadsAddress
from flows.conversation.messages import InlineFile, MenuEntry, Outgoing, OutgoingButton, StoredFile
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit

NOW = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
RICH = Outgoing(
    "Chào bác <b>&_*[ 🙂",
    ((OutgoingButton("1. Hằng ngày", "a:3:daily"),), (OutgoingButton("✅", "c:confirm:1:2", lasting=True),)),
    (StoredFile("ab" * 32, "photo", "lop.jpg"), InlineFile("hoctap.txt", "Mọi thứ")),
    (MenuEntry("start", "Bắt đầu"),),
)


class Box:
    """The outbox of a database, by people's addresses."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def write(
        self, address: str, *texts: str, priority: int = REPLY, bot: str = "1", callback: str | None = None
    ) -> None:
        """Queue letters."""
        async with self.database.writing() as connection:
            place = ("telegram", bot, address)
            id_ = (await conversation_ids(connection, [place]))[place]
            to = Recipient(id_, *place, "vi")
            await outbox.queue(connection, [Letter(to, Outgoing(text), callback, priority) for text in texts], NOW)

    async def take(self, most: int = 100, now: datetime = NOW, but: Sequence[DueLetter] = ()) -> list[DueLetter]:
        """Take what is due for the first bot, without replies that are on their way."""
        on_their_way = [one.id for one in but]
        async with self.database.writing() as connection:
            replies = await outbox.next_replies(connection, "telegram", "1", on_their_way, most, now)
            return replies + await outbox.take_notices(connection, "telegram", "1", [None], most - len(replies), now)

    async def settle(self, due: Sequence[DueLetter], state: OutboxState, later: datetime | None = None) -> None:
        """Settle letters."""
        async with self.database.writing() as connection:
            await outbox.settle(connection, [SettledLetter(one.id, state, "why", later) for one in due], NOW)

    async def states(self) -> list[tuple[str, str]]:
        """Return address and state of every letter, in the order they were written."""
        async with self.database.reading() as connection:
            rows = await connection.execute(select(letters.c.address, letters.c.state).order_by(letters.c.id))
            return [(row.address, row.state) for row in rows]


@pytest.fixture
def box(database: Database) -> Box:
    """An empty outbox."""
    return Box(database)


def texts(due: Sequence[DueLetter]) -> list[str]:
    return [one.outgoing.text for one in due if one.outgoing is not None]


async def test_a_letter_comes_out_as_it_went_in(box: Box) -> None:
    await box.write("Lan", "", callback="press 1")
    async with box.database.writing() as connection:
        row = (await connection.execute(select(conversations))).one()
        to = Recipient(row.id, "telegram", "1", "Minh", None)
        await outbox.queue(connection, [Letter(to, RICH), Letter(to, None, "press 2")], NOW)
        await connection.execute(update(letters).where(letters.c.id > 1).values(conversation_id=row.id))
    await box.settle(await box.take(), "sent")
    (rich,) = await box.take()
    assert (rich.outgoing, rich.address, rich.attempts, rich.created_at) == (RICH, "Minh", 1, NOW)
    await box.settle([rich], "sent")
    (press,) = await box.take()
    assert (press.outgoing, press.callback) == (None, "press 2")


async def test_only_the_first_letter_of_each_conversation_is_taken(box: Box) -> None:
    await box.write("Lan", "1", "2", "3")
    await box.write("Minh", "1")
    first = await box.take()
    assert [one.address for one in first] == ["Lan", "Minh"]
    assert await box.take(but=first) == []
    await box.settle(first, "sent")
    assert texts(await box.take()) == ["2"]


async def test_a_letter_that_waits_to_be_tried_again_holds_those_behind_it(box: Box) -> None:
    await box.write("Lan", "1", "2")
    later = NOW + timedelta(seconds=30)
    await box.settle(await box.take(), "queued", later)
    assert await box.take(now=later - timedelta(seconds=1)) == []
    again = await box.take(now=later)
    assert (texts(again), again[0].attempts) == (["1"], 2)


async def test_replies_go_before_notices_and_in_the_order_they_were_written(box: Box) -> None:
    await box.write("Lan", "notice", priority=NOTICE)
    await box.write("Minh", "reply")
    await box.write("Hoa", "notice", priority=NOTICE)
    await box.write("Hạnh", "reply")
    assert [one.address for one in await box.take(most=3)] == ["Minh", "Hạnh", "Lan"]


async def test_a_bot_takes_its_own_letters_only(box: Box) -> None:
    await box.write("Lan", "1", bot="2")
    assert await box.take() == []
    assert await box.states() == [("Lan", "queued")]


@pytest.mark.parametrize("state", ["sent", "failed", "blocked"])
async def test_what_is_settled_is_forgotten_and_stays_as_it_is(box: Box, state: OutboxState) -> None:
    await box.write("Lan", "bí mật", callback="press 1")
    due = await box.take()
    for next_state in (state, "sent", "queued", "failed"):
        await box.settle(due, next_state)
        async with box.database.reading() as connection:
            row = (await connection.execute(select(letters))).one()
        assert (row.state, row.body, row.callback, row.settled_at) == (state, None, None, NOW)
    assert await box.take() == []


async def test_a_letter_that_will_be_tried_again_keeps_its_text(box: Box) -> None:
    await box.write("Lan", "bí mật", callback="press 1")
    await box.settle(await box.take(), "queued", NOW)
    (again,) = await box.take()
    assert (texts([again]), again.callback) == (["bí mật"], "press 1")


async def test_a_reply_that_was_on_its_way_when_the_process_died_is_sent_again_in_its_place(box: Box) -> None:
    await box.write("Lan", "1", "2")
    await box.write("Minh", "1", bot="2")
    await box.take()
    async with box.database.writing() as connection:
        await outbox.settle_in_flight(connection, "telegram", "1", NOW)
        assert await outbox.count_open(connection, Recipient(0, "telegram", "2", "Minh", "vi")) == 1
    assert texts(await box.take()) == ["1"]


async def test_nothing_waits_any_more_for_somebody_who_stopped_the_bot(box: Box) -> None:
    await box.write("Lan", "1", "2", "3")
    await box.write("Minh", "1")
    lan = [one for one in await box.take() if one.address == "Lan"]
    await box.settle(lan, "blocked")
    async with box.database.writing() as connection:
        await outbox.mark_blocked(connection, lan[0].conversation_id, NOW)
        bodies = list(await connection.scalars(select(letters.c.body).where(letters.c.state == "blocked")))
    assert await box.states() == [("", "blocked")] * 3 + [("Minh", "queued")]
    assert bodies == [None] * 3


async def test_a_reader_who_fetches_settles_exactly_what_was_seen(box: Box) -> None:
    await box.write("Lan", "1", "2", "3")
    await box.write("Minh", "1")
    async with box.database.writing() as connection:
        seen = await outbox.read_new(connection, "telegram", "1", "Lan")
        assert texts(seen) == ["1", "2", "3"]
        await outbox.settle_read(connection, "telegram", "1", "Lan", [seen[0].id, seen[2].id], NOW)
        assert texts(await outbox.read_new(connection, "telegram", "1", "Lan")) == ["2"]
        assert await outbox.read_new(connection, "telegram", "2", "Lan") == []
    assert [state for _address, state in await box.states()] == ["sent", "queued", "sent", "queued"]


UNITS = UnitTree.of(
    [Unit(1, "tk", "Xã Thần Khê", "commune"), Unit(2, "d", "Thôn Đông", "village", 1), Unit(3, "x", "Xã X", "commune")]
)


async def _heads(database: Database, heads: dict[int, int]) -> None:
    """Make people 1, 2, 3 and give some of them a unit to head."""
    async with database.writing() as connection:
        for unit in UNITS.by_id.values():
            values = {"id": unit.id, "code": unit.code, "name": unit.name, "kind": unit.kind, "aliases": b"[]"}
            await connection.execute(insert(units).values(values))
        for id_ in (1, 2, 3):
            await connection.execute(insert(people).values(id=id_, name=f"Người {id_}", created_at=NOW))
        for person_id, unit_id in heads.items():
            row = {"person_id": person_id, "role": "head", "unit_id": unit_id, "since": NOW}
            await connection.execute(insert(roles).values(row))
        admin = {"person_id": 3, "role": "admin", "unit_id": 2, "since": NOW}
        await connection.execute(insert(roles).values(admin))


@pytest.mark.parametrize(
    ("heads", "owner", "confirming"),
    [
        ({1: 2, 2: 2}, 99, [1, 2]),
        ({1: 2, 2: 2}, 1, [2]),
        ({1: 2, 2: 1}, 99, [1]),
        ({1: 2, 2: 1}, 1, [2]),
        ({1: 1}, 99, [1]),
        ({1: 3}, 99, []),
        ({1: 2}, 1, []),
        ({}, 99, []),
    ],
)
async def test_the_nearest_heads_but_for_the_owner_confirm(
    database: Database, heads: dict[int, int], owner: int, confirming: list[int]
) -> None:
    await _heads(database, heads)
    to = HeadsAddress(2, owner)
    async with database.reading() as connection:
        assert await outbox.heads_of(connection, {to}, UNITS, NOW.date()) == {to: confirming}


async def test_somebody_is_reached_in_one_chat_that_they_have_not_stopped(database: Database) -> None:
    await _heads(database, {})
    async with database.writing() as connection:
        for address, person_id, blocked in (("a", 1, None), ("b", 1, None), ("c", 1, NOW), ("d", 2, None)):
            row = {"channel": "web", "bot": "", "address": address, "person_id": person_id, "blocked_at": blocked}
            await connection.execute(insert(conversations).values(row))
        await contacts.refresh(connection, {1, 2, 3})
        reached = await outbox.reach_people(connection, {1, 3})
        nobody = await outbox.reach_people(connection, set())
    assert {id_: [to.address for to in recipients] for id_, recipients in reached.items()} == {1: ["b"], 3: []}
    assert nobody == {}
