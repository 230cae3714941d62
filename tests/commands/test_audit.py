"""`hoctap audit`: what an operator types, what they read, and the exit code."""

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from bot.commands import audit
from bot.main import app
from bot.store.core.database import Database
from tests.commune import Commune, under_way
from tests.databases import Databases
from tests.plain_logs import use_plain_logs

HEAD = re.compile(r"Its head is (\d+-[0-9a-f]{12})\.\n")


def run(words: list[str], url: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *words], env={"DATABASE_URL": url}, catch_exceptions=False)
    use_plain_logs()
    return done.exit_code, done.output


async def decided(database: Database) -> None:
    """Make a commune in which Lan's form was adjusted and sent back."""
    await under_way(database)
    commune = Commune(database)
    await commune.say("Hạnh", "/review", "1", "điều chỉnh", "3", "2", "Chưa đủ số buổi")
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:return:{form.id}:{form.version}")
    await commune.say("Hạnh", "Câu 2 chưa rõ")


@pytest.fixture
async def url(databases: Databases) -> AsyncIterator[str]:
    """The address of a commune where something was decided."""
    async with databases.fresh("sqlite", decided) as found:
        yield found


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def change(url: str, statement: str) -> None:
    with closing(sqlite3.connect(make_url(url).database or "")) as connection, connection:
        connection.execute(statement)


def head_of(url: str) -> str:
    code, said = run(["verify"], url)
    found = HEAD.search(said)
    assert code == 0
    assert found is not None
    return found[1]


def test_a_trail_that_holds_is_said_with_its_head(url: str) -> None:
    head = head_of(url)
    assert run(["verify"], url) == (
        0,
        f"The trail holds: 15 entries; erasures have blanked 0 parts of them.\nIts head is {head}.\n",
    )
    assert head.startswith("15-")
    code, said = run(["verify", "--head", head.upper(), "--head", head], url)
    assert (code, " 2 printed heads fit.\n" in said) == (0, True)


def test_what_was_changed_is_one_line_with_the_cure_and_exit_code_1(url: str) -> None:
    change(url, "UPDATE trail SET reason = 'khác' WHERE number = 15")
    cure = "change nothing, and look for the newest backup in which the trail still holds"
    said = f"hoctap: entry 15 does not say what it said when it was written; {cure}\n"
    assert run(["verify"], url) == (1, said)


def test_an_end_that_is_cut_off_with_all_that_knew_of_it_is_found_by_what_is_on_paper(url: str) -> None:
    head = head_of(url)
    change(url, "DELETE FROM trail WHERE number > 14")
    change(url, "UPDATE trail_head SET number = 14, hash = (SELECT hash FROM trail WHERE number = 14)")
    assert run(["verify"], url)[0] == 0
    code, said = run(["verify", "--head", head], url)
    assert (code, said.startswith(f"hoctap: the trail ends at entry 14, but the head {head} was printed")) == (1, True)


def test_what_is_no_head_is_refused(url: str) -> None:
    said = "hoctap: 'abc' is no head of the trail; copy it as printed, like 1234-abcdef123456\n"
    assert run(["verify", "--head", "abc"], url) == (2, said)


def test_how_far_one_is_is_shown_when_it_takes_long(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LONG_WORK", 1)
    assert "15 of 15 entries …\n" in run(["verify"], url)[1]


def test_it_is_looked_through_beside_one_who_writes(url: str) -> None:
    with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        assert run(["verify"], url)[0] == 0


SHOWN = """\
Số 13, bản thứ 10 của phiếu:
01/10/2026 08:00: nộp phiếu – người làm phiếu
Số 14, bản thứ 11 của phiếu:
01/10/2026 08:00: điều chỉnh một câu – Chi hội trưởng Vũ Thị Hạnh
    Câu 3: Vài tháng một lần
    Lý do: Chưa đủ số buổi
Số 15, bản thứ 12 của phiếu:
01/10/2026 08:00: trả lại để sửa – Chi hội trưởng Vũ Thị Hạnh
    Lý do: Câu 2 chưa rõ
"""


def test_a_forms_life_is_told_with_the_names_of_officials_and_of_nobody_else(url: str) -> None:
    code, said = run(["show", "1"], url)
    assert (code, re.sub(r"08:\d\d", "08:00", said)) == (0, SHOWN)
    assert "Lan" not in said


def test_a_forms_life_is_told_in_english(url: str) -> None:
    code, said = run(["show", "1", "--language", "en"], url)
    assert code == 0
    assert "an answer adjusted – Branch head Vũ Thị Hạnh" in said


def test_a_form_that_is_not_there_and_a_language_that_is_not_there_are_said(url: str) -> None:
    unknown = "hoctap: nothing is known of a form with the number 99; look the number up in a list\n"
    assert run(["show", "99"], url) == (2, unknown)
    code, said = run(["show", "1", "--language", "xx"], url)
    assert (code, said.startswith("hoctap: there is no language 'xx'; there are: vi, en")) == (2, True)
