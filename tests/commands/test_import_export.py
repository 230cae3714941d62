"""`hoctap import` and `hoctap export` as an administrator runs them, on a real database."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook
from sqlalchemy import select
from typer.testing import CliRunner

from bot.main import app
from bot.services.criteria_files import from_xlsx, shipped, to_xlsx
from bot.services.rounds import load_shipped, open_round
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.migrating import migrate
from bot.store.core.reference import current_version, read_units
from flows.domain.units import Unit
from flows.words.localized import Localized
from tests.databases import Databases
from tests.plain_logs import use_plain_logs

UNITS = """mã;tên;loại;mã cấp trên;tên khác;tên cũ
hp;Tỉnh Hương Phú;tỉnh;;;
ta;Xã Tân An;xã;hp;;Xã An Bình
ta-dong;Thôn Đông;thôn;ta;"Làng Đông; Thôn 1";
ta-truong;Trường THCS Tân An;trường;ta;;
"""
LISTED = """code,name,kind,parent code,aliases,old names
hp,Tỉnh Hương Phú,province,,,
ta,Xã Tân An,commune,hp,Xã An Bình,
ta-dong,Thôn Đông,village,ta,Làng Đông; Thôn 1,
ta-truong,Trường THCS Tân An,workplace,ta,,
"""
NOW = datetime(2026, 9, 1, tzinfo=UTC)
HOCTAP = Path(sys.executable).with_name("hoctap")
CHANNELS = ("TELEGRAM_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "PUBLIC_URL")

Said = tuple[int, str, str]
Run = Callable[..., Said]


async def with_a_round(database: Database) -> None:
    """Leave a database as `hoctap migrate` does, with a few units and a round for the province."""
    await migrate(database)
    await load_shipped(database, NOW)
    parents = {"ta": "hp", "ta-dong": "ta", "ta-truong": "ta"}
    units = [
        Unit(0, "hp", "Tỉnh Hương Phú", "province"),
        Unit(0, "ta", "Xã Tân An", "commune", aliases=("Xã An Bình",)),
        Unit(0, "ta-dong", "Thôn Đông", "village", aliases=("Làng Đông", "Thôn 1")),
        Unit(0, "ta-truong", "Trường THCS Tân An", "workplace"),
    ]
    async with database.writing() as connection:
        await setup.save_units(connection, units, parents)
    await open_round(
        database, year=2026, name="Đợt 2026", unit_code="hp", opens=date(2026, 9, 1), closes=date(2026, 11, 30), now=NOW
    )


@pytest.fixture
async def furnished(databases: Databases) -> AsyncIterator[str]:
    """The address of a database with a few units and a round."""
    async with databases.fresh("sqlite", with_a_round) as url:
        yield url


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command in a folder of its own: exit code, output, errors. A process for each would take a minute."""
    monkeypatch.chdir(tmp_path)
    for name in CHANNELS:
        monkeypatch.delenv(name, raising=False)

    def command(*words: str, **environment: str) -> Said:
        done = CliRunner().invoke(app, words, env=environment, catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    yield command
    use_plain_logs()  # commands let logs go to what was the error output then


@pytest.fixture
def hoctap(run: Run, furnished: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a database with a few units and a round."""
    monkeypatch.setenv("DATABASE_URL", furnished)
    return run


# Units


def test_units_are_imported_changed_and_exported_again(
    run: Run, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    hoctap = run
    (tmp_path / "units.csv").write_text(UNITS)
    assert hoctap("import", "units", "units.csv") == (0, "units.csv: 4 new, 0 changed, 0 unchanged.\n", "")
    assert hoctap("export", "units") == (0, LISTED, "")
    for file in ("all.csv", "all.xlsx"):
        assert hoctap("export", "units", file) == (0, "", f"Written to {file}.\n")
        assert hoctap("import", "units", file) == (0, f"{file}: 0 new, 0 changed, 4 unchanged.\n", "")
    (tmp_path / "more.csv").write_text(
        "code,name,kind,parent code\ntb-ha,Thôn Hạ,thôn,tb\nTA-DONG,Thôn Đông,thôn,tb\ntb,Xã Tân Bình,xã,hp\n"
    )
    assert hoctap("import", "units", "more.csv") == (0, "more.csv: 2 new, 1 changed, 0 unchanged.\n", "")
    lines = hoctap("export", "units")[1].splitlines()
    assert sorted(lines[4:]) == [
        "ta-dong,Thôn Đông,village,tb,Làng Đông; Thôn 1,",
        "tb,Xã Tân Bình,commune,hp,,",
        "tb-ha,Thôn Hạ,village,tb,,",
    ]


def test_with_any_fault_nothing_is_imported(hoctap: Run, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text(
        "code,name,kind,parent code\ntb,Xã Tân Bình,xã,hp\ntb-ha,Thôn Hạ,xóm nhỏ,tb\n,Thôn Thượng,thôn,tc\n"
    )
    code, output, errors = hoctap("import", "units", "units.csv")
    assert (code, output, errors.splitlines()) == (
        2,
        "",
        [
            'hoctap: units.csv, row 3: "xóm nhỏ" is no kind of unit; write one of: tỉnh, xã, phường, thôn, tổ dân phố,'
            " cơ quan (province, commune, village, workplace)",
            "hoctap: units.csv, row 4: the code is missing; give the unit one, such as ta-dong",
            "hoctap: nothing was imported",
        ],
    )
    assert hoctap("export", "units")[1] == LISTED


def test_warnings_do_not_stop_an_import(hoctap: Run, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("code,name,kind,parent code\nta-d2,Thôn Đông,thôn,ta\n")
    assert hoctap("import", "units", "units.csv") == (
        0,
        "units.csv: 1 new, 0 changed, 0 unchanged.\n",
        'hoctap: warning: units.csv, row 2: "Thôn Đông" is the name of several units of one parent: ta-dong, ta-d2\n',
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("import", "units", "gone.csv"), "gone.csv: cannot be read: No such file or directory"),
        (("import", "units", "."), ".: cannot be read: Is a directory"),
        (("import", "criteria", "gone.toml"), "gone.toml: cannot be read: No such file or directory"),
        (("export", "units", "units.pdf"), "units.pdf: the name must end in .csv or .xlsx"),
        (
            ("export", "units", "no/units.csv", "--template"),
            "no/units.csv: cannot be written: No such file or directory",
        ),
        (("export", "criteria", "x"), "there is no criteria set 'x'; see: hoctap export criteria"),
        (
            ("export", "criteria", "learning-citizen-pupil", "--version", "1999.1"),
            "learning-citizen-pupil has no version '1999.1'; there are: 2026.2",
        ),
        (("export", "links", "ta", "links.pdf"), "links.pdf: the name must end in .html or .csv"),
        (("export", "links", "zz", "links.csv"), "there is no unit with the code 'zz'; see: hoctap export units"),
        (
            ("export", "links", "ta", "links.html"),
            "no channel has an address; set TELEGRAM_TOKEN, ZALO_OA_ID, or PUBLIC_URL for the web chat",
        ),
    ],
)
def test_what_can_be_mended_is_one_line(hoctap: Run, words: tuple[str, ...], line: str) -> None:
    assert hoctap(*words) == (2, "", f"hoctap: {line}\n")


def test_a_process_sets_up_a_database_and_imports(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in CHANNELS}
    environment |= {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    (tmp_path / "units.csv").write_text(UNITS)
    steps = [("migrate",), ("import", "units", "units.csv"), ("export", "units"), ("import", "units", "gone.csv")]
    done = [
        subprocess.run([HOCTAP, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        for words in steps
    ]
    assert [(step.returncode, step.stdout) for step in done[1:]] == [
        (0, "units.csv: 4 new, 0 changed, 0 unchanged.\n"),
        (0, LISTED),
        (2, ""),
    ]
    assert done[3].stderr == "hoctap: gone.csv: cannot be read: No such file or directory\n"


def test_without_tables_one_is_told_to_migrate(run: Run, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text(UNITS)
    there = {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    assert [run("migrate", *words, **there)[0] for words in [(), ("--revision", "base")]] == [0, 0]
    told = "hoctap: the tables are missing or of an older version; run: hoctap migrate\n"
    assert run("import", "units", "units.csv", **there) == (2, "", told)


def test_a_template_needs_no_database(run: Run, tmp_path: Path) -> None:
    nowhere = {"DATABASE_URL": "sqlite:////nowhere/at/all.db"}
    printed = run("export", "units", "--template", **nowhere)[1]
    assert printed.splitlines()[3] == "ta-dong,Thôn Đông,village,ta,Làng Đông,Thôn 1"
    assert run("export", "units", "mau.xlsx", "--template", **nowhere)[0] == 0
    assert load_workbook(tmp_path / "mau.xlsx").sheetnames == ["Đơn vị", "Hướng dẫn"]


async def test_thousands_of_units_are_saved_in_a_few_statements(database: Database) -> None:
    units = [Unit(0, f"v{n}", f"Thôn {n}", "village") for n in range(5_000)]
    parents = {unit.code: "ta" for unit in units}
    async with database.writing() as connection:
        await setup.save_units(connection, [*units, Unit(0, "ta", "Xã Tân An", "commune")], parents)
        before = (await connection.execute(select(current_version()))).scalar_one()
    async with database.writing() as connection:
        await setup.save_units(connection, [Unit(0, "v7", "Thôn Bảy", "village")], {})
        tree = await read_units(connection)
        after = (await connection.execute(select(current_version()))).scalar_one()
    above = tree.by_code["ta"].id
    assert (len(tree.by_id), len(tree.subtree(above)), after - before) == (5_001, 5_000, 1)
    assert (tree.by_code["v7"].name, tree.by_code["v7"].parent_id) == ("Thôn Bảy", None)


# Criteria


def test_a_set_is_exported_edited_and_imported_as_a_new_version(hoctap: Run, tmp_path: Path) -> None:
    listed = hoctap("export", "criteria")[1].splitlines()
    assert (len(listed), listed[3].split(" · ")[:3]) == (5, ["learning-citizen-pupil 2026.2", "pupil", "provisional"])

    name = "learning-citizen-pupil-2026.2.xlsx"
    assert hoctap("export", "criteria", "learning-citizen-pupil") == (0, "", f"Written to {name}.\n")
    again = f"hoctap: {name} is there already; delete it, or give another name\n"
    assert hoctap("export", "criteria", "learning-citizen-pupil") == (2, "", again)
    same = "learning-citizen-pupil 2026.2 is already there; nothing was changed.\n"
    assert hoctap("import", "criteria", name) == (0, same, "")

    pupils = from_xlsx((tmp_path / name).read_bytes(), name)
    edited = replace(pupils, name=Localized("Công dân học tập – học sinh Tân An", pupils.name.en))
    (tmp_path / "same.xlsx").write_bytes(to_xlsx(edited))
    refused = "learning-citizen-pupil 2026.2 is there already with another text; give the new text a new version"
    assert hoctap("import", "criteria", "same.xlsx") == (2, "", f"hoctap: {refused}\n")

    (tmp_path / "new.xlsx").write_bytes(to_xlsx(replace(edited, version="2026.3")))
    assert hoctap("import", "criteria", "new.xlsx") == (
        0,
        "learning-citizen-pupil 2026.3 is loaded: group pupil, provisional.\n"
        "Forms begun from now on use it instead of 2026.2.\n"
        "It is used by “Đợt 2026” of Tỉnh Hương Phú (hp), 2026-09-01 to 2026-11-30.\n",
        "",
    )
    for version, expected in {"": "2026.3", "2026.2": "2026.2"}.items():
        options = ("--version", version) if version else ()
        assert hoctap("export", "criteria", "learning-citizen-pupil", "out.xlsx", *options)[0] == 0
        assert from_xlsx((tmp_path / "out.xlsx").read_bytes(), "out.xlsx").version == expected


def test_a_set_that_no_round_uses_says_how_to_use_it(hoctap: Run, tmp_path: Path) -> None:
    (tmp_path / "own.xlsx").write_bytes(to_xlsx(replace(shipped()[0], id="tan-an-farmer")))
    assert hoctap("import", "criteria", "own.xlsx") == (
        0,
        "tan-an-farmer 2026.2 is loaded: group farmer, provisional.\n"
        "No round uses it yet: hoctap admin round … --criteria farmer=tan-an-farmer\n",
        "",
    )


def test_a_broken_set_is_refused_in_one_line(hoctap: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('id = "x"')
    code, output, errors = hoctap("import", "criteria", "own.toml")
    assert (code, output, errors.count("\n"), errors.startswith("hoctap: own.toml: ")) == (2, "", 1, True)


# Start links


def test_start_links_are_written_as_a_page_and_as_a_list(hoctap: Run, tmp_path: Path) -> None:
    web = {"PUBLIC_URL": "https://hoc.example.vn/"}
    assert hoctap("export", "links", "HP", "links.csv", **web) == (0, "", "Written to links.csv.\n")
    assert list(csv.reader(io.StringIO((tmp_path / "links.csv").read_text("utf-8-sig")))) == [
        ["Mã", "Tên", "Thuộc", "Trang web"],
        ["ta-dong", "Thôn Đông", "Xã Tân An", "https://hoc.example.vn/chat#v-ta-dong"],
        ["ta-truong", "Trường THCS Tân An", "Xã Tân An", "https://hoc.example.vn/chat#v-ta-truong"],
    ]
    assert hoctap("export", "links", "ta-dong", "links.html", **web)[0] == 0
    page = (tmp_path / "links.html").read_text()
    assert re.findall("<h2>(.*?)</h2>", page) == ["Thôn Đông"]
