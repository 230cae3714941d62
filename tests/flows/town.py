"""A town of people who chat: the real loop on a real store, in memory, and what each turn knew and decided."""

import asyncio
import atexit
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Executable, Row, insert, select

from bot.services import rounds
from bot.services.runtime import Runtime
from bot.services.turns import Turns
from bot.store import forms
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.gathering import Waiting
from bot.store.core.inbox import Incoming, read_reply
from bot.store.core.migrating import migrate
from bot.store.core.reference import read_reference
from bot.store.core.tables import conversations, outbox, roles
from flows.conversation.engine import Decision
from flows.conversation.facts import Facts, Links, Reference, Start
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Pressed, Reply, Typed
from flows.conversation.session import Session, Talk
from flows.domain.assessments import Assessment
from flows.domain.criteria import CriteriaSet
from flows.domain.people import RoleKind
from flows.roles.records import Invited
from tests.sample import CATALOGUES, NOW, UNITS, ZONE

LINKS = Links((Start("https://hoctap.example/chat#{code}"),))
MOST_ROUNDS = 8
# Files that never reach a disk, where there is such a place.
MEMORY = next((str(place) for place in (Path("/dev/shm"),) if place.is_dir()), None)


class Turn(Struct, frozen=True):
    """One turn: where the conversation stood, what was replied, what was known, and what was decided."""

    before: Session[Talk]
    reply: Reply
    facts: Facts
    decision: Decision


class _Watched(Turns):
    """A loop that remembers what it decided."""

    decided: list[Turn]

    def _decide_one(self, turn: Waiting, facts: Facts) -> Any:
        outcome = super()._decide_one(turn, facts)
        if isinstance(outcome, Decision):
            self.decided.append(Turn(turn.session, read_reply(turn.body), facts, outcome))
        return outcome


@dataclass
class Phone:
    """A conversation: where it stands, and all messages it has shown."""

    session: Session[Talk] = field(default_factory=Session)
    shown: list[Outgoing] = field(default_factory=list)

    def payloads(self, message: int = -1) -> list[str]:
        """Return what the buttons of a message carry; of the newest one with buttons, unless told."""
        with_buttons = [[b.payload for group in one.buttons for b in group] for one in self.shown if one.buttons]
        return with_buttons[message % len(with_buttons)] if with_buttons else []


class _Place:
    """The one database that towns are made in, each in its turn: what is prepared for a connection takes longer than
    most of these tests."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY, prefix="hoctap-town-")
        self._file = Path(self._folder.name) / "town.db"
        self.loop = asyncio.new_event_loop()
        self.database = Database(f"sqlite+aiosqlite:///{self._file}")
        atexit.register(self._close)

    def keep(self, name: str) -> None:
        """Keep a copy of what is there."""
        self._copy(self._file, self._file.with_name(name))

    def restore(self, name: str) -> None:
        """Put a copy back."""
        self._copy(self._file.with_name(name), self._file)

    def _copy(self, source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
            read.backup(written)

    def _close(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.loop.close()
        self._folder.cleanup()


class Town:
    """All phones, and what the database has. There is one town at a time: the next one takes its place."""

    def __init__(self, place: _Place) -> None:
        self.now: datetime = NOW
        self.phones: dict[str, Phone] = {}
        self.tokens: list[str] = []
        self._loop, self._database = place.loop, place.database
        self._turns = _Watched(Runtime(self._database, CATALOGUES, lambda: self.now, ZONE), lambda: LINKS)
        self._said = self._read = 0

    def again(self, place: _Place) -> "Town":
        """Return a town that goes on from here, on a copy of the database as it was here."""
        town = Town(place)
        town.phones = {name: Phone(phone.session, [*phone.shown]) for name, phone in self.phones.items()}
        town.now, town.tokens, town._said, town._read = self.now, [*self.tokens], self._said, self._read
        return town

    def phone(self, name: str) -> Phone:
        """Return somebody's phone, a new one if they come for the first time."""
        return self.phones.setdefault(name, Phone())

    # what people do

    def say(self, name: str, *texts: str) -> None:
        """Let somebody type, one turn after the other."""
        for text in texts:
            self.turn(name, Typed(text))

    def press(self, name: str, key: str) -> Turn:
        """Let somebody press a button of the newest message, by the end of what it carries."""
        payload = next(payload for payload in self.phone(name).payloads() if payload.endswith(f":{key}"))
        return self.turn(name, Pressed(payload))

    def turn(self, name: str, reply: Reply) -> Turn:
        """Let somebody reply, and return what came of it."""
        (turn,) = self.turns(name, reply)
        return turn

    def turns(self, name: str, *replies: Reply) -> list[Turn]:
        """Let somebody reply several times before the first is answered."""
        return self._loop.run_until_complete(self._work(name, replies))

    async def _work(self, name: str, replies: Sequence[Reply]) -> list[Turn]:
        decided = self._turns.decided = []
        numbers = range(self._said, self._said + len(replies))
        self._said += len(replies)
        incoming = [Incoming("web", "", name, str(n), reply) for n, reply in zip(numbers, replies, strict=True)]
        await self._turns.receive(incoming)
        for _round in range(MOST_ROUNDS + len(replies)):
            if len(decided) == len(replies):
                break
            done = await self._turns.run_once()
            assert not done.failed, "a turn is broken; the log says why"
        self.phone(name).session = decided[-1].decision.session
        for turn in decided:
            self.tokens += [turn.facts.token for record in turn.decision.records if isinstance(record, Invited)]
        await self._deliver()
        return decided

    async def _deliver(self) -> None:
        """Show what waits for people on their phones."""
        new = select(outbox.c.id, outbox.c.body, conversations.c.address).join(conversations)
        async with self._database.reading() as connection:
            for letter in await connection.execute(new.where(outbox.c.id > self._read).order_by(outbox.c.id)):
                self._read = letter.id
                if letter.body is not None:
                    self.phone(letter.address).shown.append(_decoder.decode(letter.body))

    # what is there

    def person_id(self, name: str) -> int:
        """Return who somebody is; 0 for nobody known."""
        rows = self.rows(select(conversations.c.person_id).where(conversations.c.address == name))
        return next((row.person_id for row in rows), None) or 0

    def form_of(self, name: str) -> Assessment | None:
        """Return somebody's newest form."""
        person_id = self.person_id(name)

        async def read() -> Assessment | None:
            async with self._database.writing() as connection:
                shared = await read_reference(connection)
                found = await forms.gather_own(connection, [person_id], shared.by_pin)
                return next(reversed(found.get(person_id) or ()), None)

        return self._loop.run_until_complete(read())

    def reference(self) -> Reference:
        """Return what all turns share."""

        async def read() -> Reference:
            async with self._database.reading() as connection:
                return (await read_reference(connection)).reference

        return self._loop.run_until_complete(read())

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return the rows of a statement."""

        async def read() -> Sequence[Row[Any]]:
            async with self._database.reading() as connection:
                return (await connection.execute(statement)).all()

        return self._loop.run_until_complete(read())

    def write(self, *statements: Executable) -> None:
        """Change something by itself, as another conversation would."""

        async def write() -> None:
            async with self._database.writing() as connection:
                for statement in statements:
                    await connection.execute(statement)

        self._loop.run_until_complete(write())

    def found(self) -> None:
        """Make the tables, the units, the shipped criteria sets and a round."""

        async def set_up() -> None:
            await migrate(self._database)
            await rounds.load_shipped(self._database, self.now)
            parents = {unit.code: UNITS.by_id[unit.parent_id].code for unit in UNITS.by_id.values() if unit.parent_id}
            async with self._database.writing() as connection:
                await setup.save_units(connection, list(UNITS.by_id.values()), parents)
            await rounds.open_round(
                self._database, year=2026, name="Đợt 2026", unit_code="tk", opens=date(2026, 9, 1),
                closes=date(2026, 11, 15), now=self.now,
            )  # fmt: skip

        self._loop.run_until_complete(set_up())

    def publish(self, criteria: CriteriaSet) -> None:
        """Publish a criteria set."""
        self._loop.run_until_complete(rounds.load_criteria(self._database, (criteria,), self.now))

    def give_role(self, name: str, kind: RoleKind, unit_id: int) -> None:
        """Give somebody a role."""
        role = {"person_id": self.person_id(name), "role": kind, "unit_id": unit_id, "since": self.now}
        self.write(insert(roles).values(role))


_decoder = msgspec.json.Decoder(Outgoing)


def settled() -> Town:
    """Return a town that has begun: Lan has submitted, Minh is at question 4, Trường is head and has submitted too,
    Hạnh is head of the same village, Hoa and Bình administer the commune, Thảo checks there, Hoa heads the other
    village. Sáu came by."""
    place, town = _settled()
    place.restore("settled.db")
    return town.again(place)


@cache
def _settled() -> tuple[_Place, Town]:
    place = _Place()
    town = Town(place)
    town.found()
    staff: tuple[tuple[str, str, tuple[tuple[RoleKind, int], ...]], ...] = (
        ("Trường", "Trần Văn Trường", (("head", 3),)),
        ("Hạnh", "Vũ Thị Hạnh", (("head", 3),)),
        ("Hoa", "Phạm Thị Hoa", (("admin", 2), ("head", 4))),
        ("Bình", "Ngô Văn Bình", (("admin", 2),)),
        ("Thảo", "Ngô Thị Thảo", (("association", 2),)),
    )
    for name, full_name, held in staff:
        town.say(name, "xin chào", "vi", "đồng ý", full_name, "1970", "thon dong than khe", "1", "1", "có")
        for kind, unit_id in held:
            town.give_role(name, kind, unit_id)
    for name, full_name in (("Lan", "Nguyễn Thị Lan"), ("Minh", "Lê Văn Minh")):
        town.say(name, "/start v-tk-dong", "vi", "đồng ý", full_name, "1975", "có", "1", "có")
    for name, answers in (("Lan", 10), ("Trường", 10), ("Minh", 3)):
        town.say(name, "/status", "bắt đầu làm phiếu")
        _fill_in(town, name, answers)
    town.say("Lan", "nộp")
    town.say("Trường", "nộp")
    town.say("Sáu", "/start")
    town.say("Hoa", "/invite", "1", "thon doai", "1", "1")
    place.keep("settled.db")
    return place, town


def _fill_in(town: Town, name: str, answers: int) -> None:
    for _question in range(answers):
        town.say(name, "1")
        if town.phone(name).session.frame.step == "evidence":
            town.say(name, "bỏ qua")
