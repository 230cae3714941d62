"""A commune on a database: people who write to the turn loop, and the letters and rows that come of it."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Row, Table, Text, func, select

from bot.services import invitations, rounds
from bot.services.batches import BatchCarrier
from bot.services.criteria_files import shipped
from bot.services.runtime import Runtime
from bot.services.turns import Done, Turns
from bot.store.core import outbox, setup
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from bot.store.core.migrating import migrate
from bot.store.core.outbox import SettledLetter
from bot.store.core.tables import answers, assessments, conversations, criteria_sets, metadata, tallies
from bot.store.core.tables import outbox as letters
from flows.batches.batch import UNDO_FOR
from flows.conversation.facts import Links, Start
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Pressed, Reply, Typed
from flows.domain.people import RoleKind
from flows.domain.units import Unit
from tests.databases import BACKENDS, Databases
from tests.sample import CATALOGUES, NOW, ZONE

CHANNEL, BOT = "telegram", "1"
LINKS = Links((Start("https://hoctap.example/chat#{code}"),), sign_in="https://hoctap.example/dashboard/in#{code}")

UNITS = (
    ("tk", "Xã Thần Khê", "commune", None),
    ("tk-dong", "Thôn Đông", "village", "tk"),
    ("tk-doai", "Thôn Đoài", "village", "tk"),
)


class Commune:
    """A commune that works with one `Turns`; people are known by the name in their address."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now: datetime = NOW
        self.runtime = Runtime(database, CATALOGUES, lambda: self.now, ZONE)
        self.turns = self.instance()
        self._updates = 0

    def instance(self) -> Turns:
        """Return one more instance on the same database."""
        return Turns(self.runtime, lambda: LINKS)

    # what people do

    def update(self, name: str, reply: Reply | str, update_id: str = "", callback: str | None = None) -> Incoming:
        """Return an update of somebody's, with an id of its own unless one is given."""
        self._updates += 1
        said = Typed(reply) if isinstance(reply, str) else reply
        unique = update_id or f"{self.now.timestamp():.0f}-{id(self)}-{self._updates}"
        return Incoming(CHANNEL, BOT, name, unique, said, callback)

    async def say(self, name: str, *texts: str) -> None:
        """Let somebody type, each text once the one before is answered."""
        for text in texts:
            await self.together((name, text))

    async def press(self, name: str, payload: str) -> None:
        """Let somebody press a button."""
        await self.together((name, Pressed(payload)))

    async def together(self, *done: tuple[str, Reply | str]) -> None:
        """Let people do things at the same moment, and work until nothing waits."""
        await self.turns.receive([self.update(name, reply) for name, reply in done])
        await self.work()

    async def work(self) -> list[Done]:
        """Work until nothing waits. Returns what each round came to."""
        rounds_worked = [await self.turns.run_once()]
        while rounds_worked[-1].turns:
            self.now += timedelta(seconds=1)
            rounds_worked.append(await self.turns.run_once())
        return rounds_worked[:-1]

    async def undo_no_more(self) -> None:
        """Let the minute go by in which a decision can be undone, and tell those concerned."""
        self.now += UNDO_FOR
        carrier = BatchCarrier(self.runtime)
        while await carrier.run_once():
            pass

    # what comes of it

    async def read(self, name: str) -> list[Outgoing]:
        """Take the letters that wait for somebody, as sent."""
        async with self.database.writing() as connection:
            due = await outbox.read_new(connection, CHANNEL, BOT, name)
            await outbox.settle(connection, [SettledLetter(letter.id, "sent") for letter in due], self.now)
        return [letter.outgoing for letter in due if letter.outgoing is not None]

    async def texts(self, name: str) -> list[str]:
        """Take the texts that wait for somebody."""
        return [outgoing.text for outgoing in await self.read(name)]

    async def deliver(self) -> None:
        """Send everything that waits, to everybody."""
        for name in await self.column(select(letters.c.address).where(letters.c.state == "queued").distinct()):
            await self.read(name)

    async def payload(self, name: str, beginning: str) -> str:
        """Return a button of the newest letter that has it, by the beginning of what it carries."""
        buttons = [b.payload for one in await self.read(name) for row in one.buttons for b in row]
        return next(payload for payload in reversed(buttons) if payload.startswith(beginning))

    # what is kept

    async def rows(self, statement: Any) -> list[Row[Any]]:
        """Return the rows of a statement."""
        async with self.database.reading() as connection:
            return list(await connection.execute(statement))

    async def column(self, statement: Any) -> list[Any]:
        """Return the first column of a statement."""
        return [row[0] for row in await self.rows(statement)]

    async def count(self, table: Table, *where: Any) -> int:
        """Return how many rows a table has."""
        return int((await self.column(select(func.count()).select_from(table).where(*where)))[0])

    async def form(self, name: str) -> Row[Any]:
        """Return somebody's form, as a row."""
        of_person = (
            select(assessments)
            .join(conversations, conversations.c.person_id == assessments.c.person_id)
            .where(conversations.c.address == name)
        )
        return (await self.rows(of_person))[-1]

    async def answers(self, name: str) -> dict[str, str]:
        """Return the levels somebody has chosen, by indicator."""
        form = await self.form(name)
        return {row.indicator_id: row.level_id for row in await self.rows(select(answers)) if row[0] == form.id}

    async def tallies(self) -> Counter[tuple[Any, ...]]:
        """Return what the tallies count, leaving out zeros."""
        return Counter({tuple(row[:-1]): row[-1] for row in await self.rows(select(tallies)) if row[-1]})

    async def recount(self) -> Counter[tuple[Any, ...]]:
        """Count the forms anew, as the tallies should have them."""
        pins = {criteria.pin: criteria.group for criteria in shipped()}
        forms = await self.rows(select(assessments))
        return Counter((form.unit_id, form.round_id, pins[form.pin], form.state, form.passed) for form in forms)

    async def everything(self) -> str:
        """Return every text and blob of every table, to look for what should not be there."""
        found = []
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if isinstance(column.type, Text | LargeBinary)]
            if table is criteria_sets or not columns:
                continue
            for row in await self.rows(select(*columns)):
                found += [value.decode() if isinstance(value, bytes) else str(value) for value in row]
        return "\n".join(found)


StaffMember = tuple[str, str, RoleKind, str]


async def staffed(
    database: Database, units: Sequence[tuple[str, str, str, str | None]], staff: Iterable[StaffMember]
) -> Commune:
    """Make units with an open round of the first of them, and let people take up their roles."""
    await migrate(database)
    await rounds.load_shipped(database, NOW)
    async with database.writing() as connection:
        wanted = [Unit(0, code, name, kind) for code, name, kind, _parent in units]
        await setup.save_units(connection, wanted, {code: parent for code, _, _, parent in units if parent})
    opens, closes = date(2026, 9, 1), date(2026, 11, 15)
    top = units[0][0]
    await rounds.open_round(database, year=2026, name="Đợt 2026", unit_code=top, opens=opens, closes=closes, now=NOW)
    commune = Commune(database)
    for name, full_name, role, unit in staff:
        code, _expires = await invitations.invite(database, role, unit, NOW)
        await commune.say(name, f"/start {code}", "vi", "đồng ý", full_name, "có")
    return commune


async def gone_live(database: Database) -> None:
    """Make a commune with an open round, two heads of Thôn Đông and an administrator."""
    commune = await staffed(
        database,
        UNITS,
        (
            ("Trường", "Trần Văn Trường", "head", "tk-dong"),
            ("Hạnh", "Vũ Thị Hạnh", "head", "tk-dong"),
            ("Hoa", "Phạm Thị Hoa", "admin", "tk"),
        ),
    )
    await commune.deliver()


async def under_way(database: Database) -> None:
    """Make a commune in which Lan has submitted her form and Minh has answered three questions of his."""
    await gone_live(database)
    commune = Commune(database)
    for name, full_name, answered in (("Lan", "Nguyễn Thị Lan", 10), ("Minh", "Lê Văn Minh", 3)):
        await commune.say(name, "/start v-tk-dong", "vi", "đồng ý", full_name, "1975", "có", "1", "có", "bắt đầu")
        await fill_in(commune, name, answered)
    await commune.say("Lan", "nộp phiếu")
    await commune.deliver()


async def fill_in(commune: Commune, name: str, questions: int, level: str = "1") -> None:
    """Answer so many questions, without evidence."""
    for _question in range(questions):
        await commune.read(name)
        await commune.say(name, level)
        if any(button.payload.endswith(":skip") for row in (await commune.read(name))[-1].buttons for button in row):
            await commune.say(name, "bỏ qua")


@pytest.fixture(params=BACKENDS)
async def commune(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Commune]:
    """A commune under way; the test runs once on each backend."""
    async with databases.fresh(request.param, under_way) as url:
        database = Database(url)
        yield Commune(database)
        await database.close()
