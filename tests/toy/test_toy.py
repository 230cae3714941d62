"""A toy subject, made as CONTRIBUTING says: two steps, a record, a need, a table. It is its own files and its lines in
the lists, and each line that is forgotten is missed by one of the checks."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from bot.store.core.migrating import newest_revision

CHECKOUT = Path(__file__).parents[2]
SUBJECT = Path(__file__).parent / "subject"

pytestmark = pytest.mark.timeout(600)

Check = Literal["mypy", "import-linter", "the test of the lists", "the test of the columns", "its chat"]

BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
LISTS, COLUMNS = "tests/flows/test_subjects.py", "tests/store/test_own_data.py"
CHAT, STRANGERS = "tests/chats/people_count_the_books_they_read.chat", "tests/rights/strangers.py"
CHECKS: dict[Check, Sequence[str | Path]] = {
    "mypy": (BIN / "mypy", "flows/subjects.py", "bot/store/subjects.py", "flows/reading", "bot/store/reading.py"),
    "import-linter": (BIN / "lint-imports", "--no-logo"),
    "the test of the lists": (*PYTEST, LISTS),
    "the test of the columns": (*PYTEST, COLUMNS, "-k", "every_column"),
    "its chat": (*PYTEST, CHAT, "-k", "web-sqlite"),
}


@dataclass(frozen=True)
class Line:
    """A line in a list: before or after which words it stands, and which check misses it."""

    file: str
    text: str
    missed_by: Check
    before: str = ""
    after: str = ""

    def put(self, into: str) -> str:
        """Return a list with the line."""
        words = self.before or self.after
        assert into.count(words) == 1, f"{self.file} has {words!r} {into.count(words)} times"
        return into.replace(words, self.text + words if self.before else words + self.text)


FLOWS, STORE, LAYERS = "flows/subjects.py", "bot/store/subjects.py", "pyproject.toml"
LINES = {
    "its value": Line(FLOWS, "READING, ", "the test of the lists", after="\nEVERY = ("),
    "its talk": Line(FLOWS, "    Reading\n    | ", "the test of the lists", after="\nAnyTalk = (\n"),
    "its record": Line(FLOWS, "ReadingRecord | ", "the test of the lists", after="\nSubjectRecord = "),
    "its need": Line(FLOWS, "ReadingNeed | ", "the test of the lists", after="\nAnyNeed = "),
    "its finder": Line(
        STORE,
        "    if isinstance(need, ReadingNeed):\n        return reading.finder(need)\n",
        "mypy",
        before="    assert_never(need)\n",
    ),
    "its rows": Line(STORE, "        self.reading = reading.Rows()\n", "mypy", before="\n    def collect("),
    "what is collected": Line(
        STORE,
        "        elif isinstance(record, ReadingRecord):\n            self.reading.collect(one, record)\n",
        "mypy",
        before="        else:\n            assert_never(record)\n",
    ),
    "its layer": Line(LAYERS, '  "reading",\n', "import-linter", before='  "conversation",\n'),
    "its layer in the store": Line(LAYERS, '  "reading",\n', "import-linter", before='  "core",\n]'),
    "its table, which is about nobody": Line(
        COLUMNS, '    "books_read",\n', "the test of the columns", after="\nOF_NOBODY = {\n"
    ),
    "its record, which is the own of who presses": Line(STRANGERS, "    BooksRead,\n", "its chat", after="\nOWN = (\n"),
}
# Whoever forgets one of these is told by mypy that a name is not defined.
IMPORTS = (
    *(
        Line(FLOWS, f"from flows.reading.{line}\n", "mypy", before="from flows.registration.records import")
        for line in (
            "needs import AnyNeed as ReadingNeed",
            "records import AnyRecord as ReadingRecord",
            "subject import SUBJECT as READING",
            "talk import Reading",
        )
    ),
    *(
        Line(STORE, f"from {line}\n", "mypy", before="from flows.registration.records import")
        for line in (
            "bot.store import reading",
            "flows.reading.needs import AnyNeed as ReadingNeed",
            "flows.reading.records import AnyRecord as ReadingRecord",
        )
    ),
    Line(
        STRANGERS, "from flows.reading.records import BooksRead\n", "mypy", before="from flows.received.records import"
    ),
)


class Copy:
    """A copy of the checkout with the toy's own files in it, and whichever lines are put into the lists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("bot", "flows", "locales", "tests"):
            shutil.copytree(CHECKOUT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "toy"))
        for cache in (".mypy_cache", ".import_linter_cache"):
            if (CHECKOUT / cache).is_dir():  # what was found out of files that are the same
                shutil.copytree(CHECKOUT / cache, folder / cache)
        self._lists = {
            file: (CHECKOUT / file).read_text("utf-8") for file in (FLOWS, STORE, LAYERS, COLUMNS, STRANGERS)
        }
        self._add_own_files()

    def _add_own_files(self) -> None:
        shutil.copytree(SUBJECT, self.folder, ignore=shutil.ignore_patterns("__pycache__", "*.po"), dirs_exist_ok=True)
        migration = self.folder / "bot/store/migrations/versions/9999_reading.py"
        migration.write_text(migration.read_text("utf-8").replace("the newest", newest_revision()), "utf-8")
        for sentences in SUBJECT.rglob("*.po"):
            with (self.folder / sentences.relative_to(SUBJECT)).open("a", encoding="utf-8") as catalogue:
                catalogue.write(sentences.read_text("utf-8"))

    def write_lists(self, lines: Collection[Line]) -> None:
        """Write the lists with these lines."""
        for file, text in self._lists.items():
            for line in lines:
                text = line.put(text) if line.file == file else text
            (self.folder / file).write_text(text, "utf-8")

    def run(self, *command: str | Path) -> tuple[int, str]:
        """Run a command in the copy. Returns how it ended and what it printed."""
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "LANG": "C.UTF-8"}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the checkout, one for all these tests."""
    return Copy(tmp_path_factory.mktemp("checkout"))


@pytest.mark.parametrize("check", ["mypy", "import-linter"])
def test_with_all_its_lines_each_check_is_content(copy: Copy, check: Check) -> None:
    copy.write_lists([*IMPORTS, *LINES.values()])
    ended, printed = copy.run(*CHECKS[check])
    assert ended == 0, printed


def test_with_all_its_lines_it_is_in_every_list_and_people_talk_of_it(copy: Copy) -> None:
    copy.write_lists([*IMPORTS, *LINES.values()])
    ended, printed = copy.run(*PYTEST, LISTS, COLUMNS, CHAT, "-k", "test_subjects or every_column or sqlite")
    assert ended == 0, printed


@pytest.mark.parametrize("forgotten", LINES)
def test_a_line_that_is_forgotten_is_missed_by_a_check(copy: Copy, forgotten: str) -> None:
    line = LINES[forgotten]
    copy.write_lists([*IMPORTS, *(one for one in LINES.values() if one is not line)])
    ended, printed = copy.run(*CHECKS[line.missed_by])
    assert ended == 1, printed
    assert re.search("reading|books", printed, re.IGNORECASE), printed


def test_its_content_is_in_order(copy: Copy) -> None:
    copy.write_lists([*IMPORTS, *LINES.values()])
    ended, printed = copy.run(sys.executable, "-c", "from bot.content import problems; print(*problems(), sep=chr(10))")
    assert (ended, printed.strip()) == (0, "")
