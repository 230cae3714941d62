"""`hoctap admin sign-out`: what an operator types and reads, and what becomes of the phone and of its owner."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.main import app
from bot.store.core.database import Database
from bot.store.core.tables import people
from tests.commune import Commune, under_way
from tests.databases import BACKENDS, Databases
from tests.plain_logs import use_plain_logs


@pytest.fixture(params=BACKENDS)
async def url(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[str]:
    """The address of a commune under way."""
    async with databases.fresh(request.param, under_way) as found:
        yield found


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def run(url: str, *words: str) -> tuple[int, str]:
    env = {"DATABASE_URL": url, "PUBLIC_URL": "https://hoctap.example"}
    done = CliRunner().invoke(app, ["admin", *words], env=env, catch_exceptions=False)
    use_plain_logs()
    return done.exit_code, done.output


def number_of(url: str, unit: str, name: str) -> str:
    listed = (line.split("\t") for line in run(url, "roles", "--unit", unit)[1].splitlines())
    return next(number for number, _role, _unit, held_by in listed if held_by == name)


def test_who_is_signed_out_by_the_operator_comes_back_by_the_line_that_is_printed(url: str) -> None:
    number = number_of(url, "tk", "Trần Văn Trường")
    code, said = run(url, "sign-out", "--number", number)
    told = re.fullmatch(
        r"Trần Văn Trường is signed out everywhere; chats: 1\. To let them in again:\n"
        r"It works once, until \d\d/\d\d/\d{4} \d\d:\d\d\. Hand over one of these:\n"
        r"  https://hoctap\.example/chat#(i-\S+)\n"
        r"  or type to the bot:  (/start i-\S+)\n",
        said,
    )
    assert code == 0
    assert told is not None, said
    assert told[2] == f"/start {told[1]}"
    asyncio.run(_comes_back(url, told[2]))
    assert number_of(url, "tk", "Trần Văn Trường") == number


async def _comes_back(url: str, line: str) -> None:
    database = Database(url)
    commune = Commune(database)
    known = await commune.count(people)
    await commune.say("Trường", "/review")
    assert "Đang chờ" not in (await commune.texts("Trường"))[-1]
    await commune.say("Trường2", line, "vi", "đồng ý", "đúng", "/review")
    assert "Đang chờ" in (await commune.texts("Trường2"))[-1]
    await commune.say("Sơn", line, "en")
    assert "Are you" not in "".join(await commune.texts("Sơn"))
    assert await commune.count(people) == known
    await database.close()


def test_an_english_phone_is_asked_in_english(url: str) -> None:
    """What the operator reads is English, as of every command; what a phone reads is in its language."""
    _code, said = run(url, "sign-out", "--number", number_of(url, "tk", "Trần Văn Trường"))
    asyncio.run(_is_asked_in_english(url, said.split()[-1]))


async def _is_asked_in_english(url: str, code: str) -> None:
    database = Database(url)
    commune = Commune(database)
    await commune.say("Trường2", f"/start {code}", "en", "agree")
    assert (await commune.texts("Trường2"))[-1].endswith("Are you Trần Văn Trường yourself?")
    await database.close()


def test_only_the_phones_of_that_one_person_are_signed_out(url: str) -> None:
    run(url, "sign-out", "--number", number_of(url, "tk-dong", "Vũ Thị Hạnh"))
    asyncio.run(_still_works(url))


async def _still_works(url: str) -> None:
    database = Database(url)
    commune = Commune(database)
    await commune.say("Trường", "/review")
    assert "Đang chờ" in (await commune.texts("Trường"))[-1]
    await commune.say("Hoa", "/invite")
    assert "Xin chọn nhiệm vụ" in (await commune.texts("Hoa"))[-1]
    await database.close()


def test_a_number_that_is_not_there_is_said_in_one_line(url: str) -> None:
    assert run(url, "sign-out", "--number", "999") == (
        2,
        "hoctap: there is no role with the number 999; see: hoctap admin roles\n",
    )
    assert run(url, "sign-out", "--number", "Trường")[0] == 2
