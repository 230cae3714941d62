"""A commune of 100,000 villages beside one of a hundred: every command and every page takes hardly longer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, make_url, select
from typer.testing import CliRunner

from bot.main import app
from bot.services.criteria_files import to_xlsx
from bot.services.notices import NoticeRunner
from bot.services.reminders import Reminders
from bot.store.core import contacts, setup, tables
from bot.store.core.database import Database
from bot.store.core.reference import ReferenceRead, read_reference
from bot.store.core.tables import reminders as said_already
from bot.store.notices import saving
from flows.conversation.subject import Command
from flows.domain.units import Unit
from flows.notices.needs import AudienceWanted
from flows.notices.notice import Audience, Content
from flows.notices.records import NoticeSaved
from flows.subjects import SUBJECTS
from tests.channels.test_web import JPEG, Web, asking
from tests.commune import Commune
from tests.databases import BACKENDS, Backend, Databases, Prepare
from tests.plain_logs import use_plain_logs
from tests.sample import NOW
from tests.services.test_notices import Office
from tests.store.test_many_units import VILLAGES, reminding, with_many_units, with_some_units

TIMES = 7
MOST = 2.0
HOLDERS = {"": "Lan", "head": "Trường", "association": "Hoa", "committee": "Hoa", "admin": "Hoa"}
NEWCOMER = ("/start", "vi", "đồng ý", "Lê Thị Na", "1975")
VILLAGE = "Thôn số 77, xã Thần Khê"

Work = Callable[[], Awaitable[object]]


def _holder(command: Command) -> str:
    """Return a role that has a command; nothing for everybody's."""
    return command.roles[0] if command.roles else ""


@dataclass(slots=True)
class Address:
    """A commune with everything that can be asked of it."""

    office: Office
    web: Web
    settings: dict[str, str]
    folder: Path
    shared: ReferenceRead
    came: int = 0
    reminders: Reminders = field(init=False)
    keeper: NoticeRunner = field(init=False)

    def __post_init__(self) -> None:
        self.reminders = reminding(self.commune)
        self.keeper = self.office.keeper

    @property
    def commune(self) -> Commune:
        """Return who says what."""
        return self.office.commune

    def works(self) -> dict[str, tuple[Work, Work]]:
        """Return what is timed, by name, each with what comes before it untimed."""
        return {**self.chat(), **self.pages(), **self.commands(), **self.keepers()}

    # in chat

    def chat(self) -> dict[str, tuple[Work, Work]]:
        """Return every command, and what people type after it that is looked up among all units."""
        every = {f"/{one.name}": self.says(HOLDERS[_holder(one)], f"/{one.name}") for one in SUBJECTS.commands}
        return every | {
            "village of a newcomer": (self.newcomer, lambda: self.newcomer_says(VILLAGE)),
            "misspelt village": (self.newcomer, lambda: self.newcomer_says("thon soo 77 than ke")),
            "link of a village": (self.next_newcomer, lambda: self.newcomer_says("/start v-many-77")),
            "form of the list": self.says("Trường", "1", after=["/review"]),
            "place of an invitation": self.says("Hoa", VILLAGE, after=["/invite", "chi hội trưởng"]),
            "take a form back": (self.submitted, lambda: self.commune.say("Lan", "rút lại")),
        }

    def says(self, name: str, typed: str, after: list[str] | None = None) -> tuple[Work, Work]:
        """Let somebody who is at home say something, after something else."""
        return lambda: self.commune.say(name, "/cancel", *(after or [])), lambda: self.commune.say(name, typed)

    async def next_newcomer(self) -> None:
        """Let the next newcomer be somebody else."""
        self.came += 1

    async def newcomer(self) -> None:
        """Let a newcomer come to the question where they live."""
        await self.next_newcomer()
        for typed in NEWCOMER:
            await self.newcomer_says(typed)

    async def newcomer_says(self, typed: str) -> None:
        """Let the newcomer type."""
        await self.commune.say(f"newcomer {self.came}", typed)

    async def submitted(self) -> None:
        """Let Lan have submitted her form."""
        await self.commune.say("Lan", "/cancel", "nộp phiếu")

    # pages

    def pages(self) -> dict[str, tuple[Work, Work]]:
        """Return every address of the web server."""
        client = self.web.client
        addresses = ("/chat", "/static/chat.js", "/healthz", "/readyz", "/metrics", "/telegram", "/web/files/none")
        return {f"GET {address}": (nothing, partial(client.get, address)) for address in addresses} | {
            "POST /web/open": (nothing, lambda: client.post("/web/open")),
            "POST /web/say": (self.worked, lambda: self.web.say(text="/help")),
            "POST /web/poll": (self.said, lambda: self.web.hear()),
            "POST /web/files": (lambda: self.web.agree("a token that uploads"), self.upload),
        }

    async def worked(self) -> None:
        """Let nothing wait on the web."""
        while (await self.web.application.turns.run_once()).turns:
            pass

    async def said(self) -> None:
        """Let a page have something to read."""
        await self.web.say(text="/help")
        await self.worked()

    async def upload(self) -> None:
        """Let somebody upload a photo."""
        assert (await self.web.upload(JPEG, "a token that uploads")).status_code == 200

    # commands

    def commands(self) -> dict[str, tuple[Work, Work]]:
        """Return the commands that are about one unit or none."""
        round_ = "--year 2027 --unit tk --opens 2027-09-01 --closes 2027-11-15"
        lines = {
            "check": 0, "migrate": 0, "import criteria criteria.xlsx": 0, "export criteria": 0,
            "export criteria learning-citizen-farmer again.xlsx": 0,
            "export links many-77 links.csv": 0, "export units t.csv --template": 0,
            f"admin round {round_}": 0, "admin invite --role head --unit many-77": 0, "admin roles --unit many-77": 0,
            "admin take-role --number 999": 2,
        }  # fmt: skip
        return {f"hoctap {line}": (nothing, partial(self.hoctap, line, code)) for line, code in lines.items()}

    async def hoctap(self, line: str, code: int = 0) -> None:
        """Run a command."""
        words = [str(self.folder / word) if word.endswith((".csv", ".xlsx")) else word for word in line.split()]
        done = await asyncio.to_thread(CliRunner().invoke, app, words, env=self.settings)
        use_plain_logs()
        assert done.exit_code == code, f"{line}: {done.output}"

    # what goes on by itself

    def keepers(self) -> dict[str, tuple[Work, Work]]:
        """Return what goes on by itself, and what a change of units costs."""
        return {
            "ledger of a notice": (nothing, self.ledger),
            "count of an audience": (nothing, self.count),
            "reminders": (self.unreminded, self.remind),
            "a new name saved": (nothing, self.rename),
            "first turn after it": (self.rename, lambda: self.commune.say("Lan", "/status")),
            "first search after it": (self.renamed_at_the_question, lambda: self.newcomer_says(VILLAGE)),
        }

    async def ledger(self) -> None:
        """Write the ledger of a notice to all."""
        saved = NoticeSaved(Content(vi="Mời họp.", en="A meeting."), Audience((self.top,)), "scheduled", None, "")
        async with self.commune.database.writing() as connection:
            await saving.save(connection, saved, await self.office.person("Hoa"), 1, self.commune.now)
        await self.office.keep()

    async def count(self) -> None:
        """Count who a notice to all reaches."""
        reference = self.shared.reference
        wanted = AudienceWanted(Audience((self.top,)), reference.units.scope([self.top]))
        async with self.commune.database.reading() as connection:
            await contacts.count(connection, wanted, reference.rounds_in(wanted.units, NOW.date()), NOW.year)

    @property
    def top(self) -> int:
        """Return the commune's id."""
        return self.shared.reference.units.by_code["tk"].id

    async def unreminded(self) -> None:
        """Let nobody have been reminded yet."""
        self.commune.now = NOW.replace(month=11, day=8, hour=9)
        async with self.commune.database.writing() as connection:
            await connection.execute(delete(said_already))
        self.reminders._heads.begun = self.reminders._admins.begun = None

    async def remind(self) -> None:
        """Remind everybody."""
        while await self.reminders.run_once():
            pass

    async def rename(self) -> None:
        """Give a village a new name."""
        self.came += 1
        async with self.commune.database.writing() as connection:
            village = Unit(0, "many-7", f"Thôn Bảy {self.came}", "village")
            await setup.save_units(connection, [village], {"many-7": "tk"})

    async def renamed_at_the_question(self) -> None:
        """Let a village have a new name, which turns have heard of, before somebody looks for one."""
        await self.newcomer()
        await self.rename()
        await self.commune.say("Lan", "/status")


async def nothing() -> None:
    """Let nothing come before."""


@asynccontextmanager
async def opened(databases: Databases, backend: Backend, prepare: Prepare, folder: Path) -> AsyncIterator[Address]:
    """Open a commune as its people, its pages and its commands see it."""
    async with databases.fresh(backend, prepare) as url, asking(url, folder / "evidence") as web:
        database = Database(url)
        async with database.reading() as connection:
            shared = await read_reference(connection)
        criteria = shared.reference.criteria["learning-citizen-farmer"]
        (folder / "criteria.xlsx").write_bytes(to_xlsx(criteria))
        by_line = make_url(url).set(drivername=backend).render_as_string(hide_password=False)
        settings = {"DATABASE_URL": by_line, "PUBLIC_URL": "http://hoctap.test", "TIME_ZONE": "Asia/Ho_Chi_Minh"}
        await _give_hoa_all_roles(database)
        office = Office(Commune(database), folder)
        await office.write(state="awaiting")
        yield Address(office, web, settings, folder, shared)
        await database.close()


async def _give_hoa_all_roles(database: Database) -> None:
    """Let who administers the commune check and decide there, too."""
    held = tables.roles
    async with database.writing() as connection:
        (hoa,) = await connection.execute(select(held).where(held.c.role == "admin").order_by(held.c.id).limit(1))
        for kind in ("association", "committee"):
            role = {"person_id": hoa.person_id, "role": kind, "unit_id": hoa.unit_id, "since": NOW}
            await connection.execute(insert(held).values(role))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("backend", BACKENDS)
async def test_every_command_and_page_takes_at_most_twice_as_long(
    backend: Backend, databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few_folder, lots_folder = tmp_path / "some", tmp_path / "many"
    for folder in (few_folder, lots_folder):
        folder.mkdir()
    async with (
        opened(databases, backend, with_some_units, few_folder) as some,
        opened(databases, backend, with_many_units, lots_folder) as many,
    ):
        ratios = {}
        with capsys.disabled():
            print(f"\n{backend}, {VILLAGES:,} units against 100: times as long, and milliseconds")
            for what, work in many.works().items():
                few, lots = await _in_turn(some.works()[what], work)
                ratios[what] = lots / few
                print(f"  {ratios[what]:5.2f}  {1000 * few:7.1f} {1000 * lots:7.1f}  {what}")
    assert {what: ratio for what, ratio in ratios.items() if ratio > MOST} == {}


async def _in_turn(*works: tuple[Work, Work]) -> list[float]:
    """Return how long each takes, done one after the other, so that the machine is busy with others for all alike."""
    taken: list[list[float]] = [[] for _work in works]
    for again in range(TIMES + 1):
        for (before, work), seconds in zip(works, taken, strict=True):
            await before()
            began = time.perf_counter()
            await work()
            if again:  # the first time reads what is kept afterwards
                seconds.append(time.perf_counter() - began)
    return [min(seconds) for seconds in taken]  # whatever else runs on the machine disturbed it least


def test_every_command_of_the_talk_is_timed() -> None:
    assert set(HOLDERS) == {_holder(one) for one in SUBJECTS.commands}
