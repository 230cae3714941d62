"""What every start checks first: what is written down, in one line with its place and cure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bot

CHECKOUT = Path(bot.__file__).parents[1]
COMMANDS = (["serve"], ["demo"], ["check"], ["chat"])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the program that a test may break."""
    for name in ("bot", "flows", "locales"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _start(copy: Path, command: list[str]) -> tuple[int, str]:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bot.main import main; main()"
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite+aiosqlite:///{copy / 'hoctap.db'}", "PORT": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(copy), *command],
        cwd=copy, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_broken_catalogue_is_told_in_one_line(copy: Path, command: list[str]) -> None:
    catalogue = copy / "locales" / "vi" / "LC_MESSAGES" / "hoctap.po"
    catalogue.write_text(catalogue.read_text("utf-8") + '\nmsgid "half a sentence\n', "utf-8")
    code, said = _start(copy, command)
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("hoctap: ")
    assert "hoctap.po" in said


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_sentence_without_translation_is_told_in_one_line(copy: Path, command: list[str]) -> None:
    words = copy / "flows" / "forms" / "talk.py"
    words.write_text(words.read_text("utf-8") + '\nNEW = _("Nobody has translated this.")\n', "utf-8")
    code, said = _start(copy, command)
    assert (code, said.count("\n")) == (2, 2)  # it is missing in both catalogues
    assert said.startswith("hoctap: flows/forms/talk.py:")


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_broken_criteria_set_is_told_in_one_line(copy: Path, command: list[str]) -> None:
    criteria = next((copy / "flows" / "domain" / "criteria").glob("*.toml"))
    criteria.write_text(criteria.read_text("utf-8").replace("points", "pionts"), "utf-8")
    code, said = _start(copy, command)
    assert (code, said.count("\n")) == (2, 1)
    assert criteria.name in said


def test_what_breaks_after_a_good_start_is_told_at_the_next_one(copy: Path) -> None:
    assert _start(copy, ["check"]) == (0, "")
    talk = copy / "flows" / "forms" / "talk.py"
    talk.write_text(talk.read_text("utf-8") + '\nFURTHER = _("Nobody has translated this.")\n', "utf-8")
    code, said = _start(copy, ["serve"])
    assert (code, "Nobody has translated this." in said) == (2, True)


# What papers, tables, guides and the other database need, each of which takes as long to load as a talk.
NOT_NEEDED_TO_ANSWER = {
    "alembic", "asyncpg", "bot.documents", "docx", "docxtpl", "fontTools", "jinja2", "lxml", "mako",
    "markdown_it", "openpyxl", "pydantic", "segno", "typst", "xlsxwriter",
}  # fmt: skip


def test_a_start_loads_nothing_that_is_not_needed_for_the_first_answer(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from bot.commands import running
        from bot.application import Application

        async def work():
            application = Application(running.settings())
            assert application.served and application.http()
            await application.close()

        running.run(work)
        print(*sys.modules)
    """
    env = {"PATH": os.environ["PATH"], "TELEGRAM_TOKEN": "1:token", "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert NOT_NEEDED_TO_ANSWER.intersection(done.stdout.split()) == set()
