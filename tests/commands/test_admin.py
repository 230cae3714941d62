"""`hoctap admin`, `migrate` and `bench` with options that can only be slips: one line, exit code 2."""

from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.main import app
from tests.plain_logs import use_plain_logs

ROUND = {"--year": "2026", "--unit": "ta", "--opens": "2026-09-01", "--closes": "2026-11-15"}
UNITS = "code,name,kind,parent code\nta,Xã Tân An,xã,\n"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of a database with one unit."""
    folder = tmp_path_factory.mktemp("admin")
    (folder / "units.csv").write_text(UNITS)
    settings = {"DATABASE_URL": f"sqlite:///{folder / 'hoctap.db'}"}
    for words in (["migrate"], ["import", "units", str(folder / "units.csv")]):
        assert CliRunner().invoke(app, words, env=settings).exit_code == 0
    return settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def run(words: list[str], settings: dict[str, str]) -> tuple[int, str]:
    done = CliRunner().invoke(app, words, env=settings, catch_exceptions=False)
    use_plain_logs()
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"--year": "20266"}, "the year 20266 is not one from 2020 to 2100; correct it"),
        ({"--year": "-5"}, "the year -5 is not one from 2020 to 2100; correct it"),
        ({"--year": "9" * 30}, f"the year {'9' * 30} is not one from 2020 to 2100; correct it"),
        ({"--opens": "0001-01-01"}, "the day 0001-01-01 is far from the year 2026; correct one of them"),
        ({"--closes": "9999-12-31"}, "the day 9999-12-31 is far from the year 2026; correct one of them"),
        ({"--year": "2062"}, "the day 2026-09-01 is far from the year 2062; correct one of them"),
        ({"--closes": "2026-08-31"}, "closes on 2026-08-31 comes before opens on 2026-09-01; put them in order"),
        ({"--name": "a" * 121}, "the name is not one line of 1 to 120 letters; type it anew"),
        ({"--name": "  "}, "the name is not one line of 1 to 120 letters; type it anew"),
        ({"--name": "Đợt\n1"}, "the name is not one line of 1 to 120 letters; type it anew"),
        ({"--name": "Đợt\u202e1"}, "the name is not one line of 1 to 120 letters; type it anew"),
        ({"--name": "\udcff"}, "the name is not one line of 1 to 120 letters; type it anew"),
        ({"--unit": "zz"}, "there is no unit with the code 'zz'; see: hoctap export units"),
    ],
)
def test_a_round_that_can_only_be_a_slip_is_refused_in_one_line(
    database: dict[str, str], options: dict[str, str], said: str
) -> None:
    words = [word for pair in (ROUND | options).items() for word in pair]
    assert run(["admin", "round", *words], database) == (2, f"hoctap: {said}\n")


def test_a_round_over_new_year_is_no_slip(database: dict[str, str]) -> None:
    words = [word for pair in (ROUND | {"--closes": "2027-01-15"}).items() for word in pair]
    assert run(["admin", "round", *words], database)[0] == 0


def test_an_invitation_by_a_link_without_a_code_says_what_to_send_there(database: dict[str, str]) -> None:
    ended, said = run(["admin", "invite", "--role", "admin", "--unit", "ta"], database | {"ZALO_OA_ID": "2718281828"})
    assert ended == 0
    code = said.rpartition("/start ")[2].strip()
    assert f"  https://zalo.me/2718281828 (follow it, then send: {code})\n" in said


@pytest.mark.parametrize("revision", ["zzz", "+1", "", "0001; --"])
def test_a_revision_that_is_not_there_is_refused_in_one_line(database: dict[str, str], revision: str) -> None:
    code, said = run(["migrate", "--revision", revision], database)
    assert (code, said.startswith(f"hoctap: there is no revision {revision!r}; there are: base, 0001")) == (2, True)


def test_the_version_is_shown() -> None:
    assert run(["--version"], {}) == (0, f"hoctap {version('hoctap')}\n")


@pytest.mark.parametrize("words", ["turns --residents 0", "turns --forms -1", "broadcast --real-seconds -1"])
def test_nothing_is_measured_with_nobody(words: str) -> None:
    assert run(["bench", *words.split()], {})[0] == 2
