"""A database from before levels listed other words: its sets keep their pins, its forms go on, new ones begin anew."""

import hashlib
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select

from bot.services.criteria_files import SHIPPED_BEFORE, shipped
from bot.services.rounds import load_criteria, load_shipped
from bot.store.core.database import Database
from bot.store.core.reference import read_reference
from bot.store.core.tables import assessments, criteria_sets
from flows.domain.criteria import CriteriaSet
from tests.commune import Commune, fill_in, gone_live
from tests.databases import BACKENDS, Databases
from tests.sample import NOW

SHIPPED_THEN = (Path(__file__).parent / "farmer-2026.1.toml").read_text("utf-8")
NEW = shipped()[0]

# The shapes of a set at 2026.1.


class Localized(msgspec.Struct):
    """A text in both languages."""

    vi: str
    en: str


class Level(msgspec.Struct):
    """One answer, without other words."""

    id: str
    label: Localized
    points: int


class Indicator(msgspec.Struct, kw_only=True):
    """One scored line, without other names."""

    id: str
    short: Localized
    question: Localized
    explanation: Localized
    official: Localized
    evidence: str
    evidence_hint: Localized | None = None
    levels: tuple[Level, ...]


class Competency(msgspec.Struct):
    """A group of indicators."""

    id: str
    name: Localized
    indicators: tuple[Indicator, ...]


class PassRule(msgspec.Struct):
    """What earns the title."""

    total: int
    floor: int
    maximum: int = 100


class Source(msgspec.Struct, kw_only=True):
    """The document that is quoted."""

    document: str
    number: str | None = None
    date: str | None = None
    note: Localized


class Form(msgspec.Struct, kw_only=True):
    """A set as a whole."""

    id: str
    version: str
    group: str
    status: str
    provisional: Localized | None = None
    name: Localized
    title: Localized
    source: Source
    pass_rule: PassRule
    competencies: tuple[Competency, ...]


THEN = msgspec.convert(tomllib.loads(SHIPPED_THEN), Form)
BODY = msgspec.json.encode(THEN)
PIN = hashlib.sha256(msgspec.json.encode(THEN, order="sorted")).hexdigest()[:16]
OLD = msgspec.json.decode(BODY, type=CriteriaSet)


async def at_2026_1(database: Database) -> None:
    """Make a commune whose farmers' set is the one that shipped as 2026.1, stored as it was stored then."""
    await gone_live(database)
    async with database.writing() as connection:
        await connection.execute(criteria_sets.delete().where(criteria_sets.c.pin == NEW.pin))
        row = {"set_id": THEN.id, "version": THEN.version, "pin": PIN, "body": BODY, "imported_at": NOW}
        await connection.execute(insert(criteria_sets).values(row))


@pytest.fixture(params=BACKENDS)
async def old(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Commune]:
    """A commune at 2026.1; the test runs once on each backend."""
    async with databases.fresh(request.param, at_2026_1) as url:
        database = Database(url)
        yield Commune(database)
        await database.close()


async def begin(commune: Commune, name: str, full_name: str) -> str:
    """Let a farmer register and begin the form. Returns the first question."""
    await commune.say(name, "/start v-tk-dong", "vi", "đồng ý", full_name, "1975", "có", "1", "có")
    await commune.read(name)
    await commune.say(name, "bắt đầu")
    return "\n".join(await commune.texts(name))


def test_a_set_of_then_has_the_same_pin_and_the_same_bytes_now() -> None:
    assert (OLD.version, OLD.pin) == ("2026.1", PIN)
    assert msgspec.json.encode(OLD) == BODY
    assert PIN in SHIPPED_BEFORE


def test_a_list_of_other_words_makes_another_pin() -> None:
    first, *others = OLD.competencies
    indicator = replace(first.indicators[0], also=("thời sự",))
    changed = replace(OLD, competencies=(replace(first, indicators=(indicator, *first.indicators[1:])), *others))
    assert changed.pin != OLD.pin


async def test_a_form_begun_before_the_upgrade_goes_on_and_new_ones_begin_on_the_new_set(old: Commune) -> None:
    assert OLD.indicators[0].question.vi in await begin(old, "Lan", "Nguyễn Thị Lan")
    await old.say("Lan", "1")
    await load_shipped(old.database, NOW)
    old.turns = old.instance()

    assert NEW.indicators[0].question.vi in await begin(old, "Minh", "Lê Văn Minh")
    await old.read("Lan")
    await old.say("Lan", "có kế hoạch, chưa học")
    await old.say("Lan", "bỏ qua")
    assert OLD.indicators[2].question.vi in "\n".join(await old.texts("Lan"))
    await fill_in(old, "Lan", 8)
    await old.say("Lan", "nộp phiếu")
    assert await old.column(select(assessments.c.pin).order_by(assessments.c.id)) == [PIN, NEW.pin]
    assert ((await old.form("Lan")).state, (await old.form("Lan")).total) == ("submitted", 95)
    assert (await old.answers("Lan"))["study-plan"] == "planned"


async def test_every_set_of_the_database_is_found_by_its_own_pin(old: Commune) -> None:
    await load_shipped(old.database, NOW)
    async with old.database.reading() as connection:
        shared = await read_reference(connection)
    assert {pin: criteria.pin for pin, criteria in shared.by_pin.items()} == {pin: pin for pin in shared.by_pin}
    assert PIN in shared.by_pin
    assert shared.reference.criteria == {criteria.id: criteria for criteria in shipped()}


@pytest.mark.parametrize("version", ["2022.1", "2026.2", "2026.7"])
async def test_a_set_of_the_associations_own_is_not_replaced_by_the_shipped_one(old: Commune, version: str) -> None:
    own = replace(OLD, version=version, name=replace(OLD.name, vi="Mẫu của xã Thần Khê"))
    await load_criteria(old.database, (own,), NOW)
    await load_shipped(old.database, NOW)
    async with old.database.reading() as connection:
        in_force = (await read_reference(connection)).reference.criteria
    assert in_force[own.id] == own
