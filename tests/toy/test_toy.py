"""A toy subject, made as CONTRIBUTING says: two steps, a record, a need, a table. It is its own files and its lines in
the lists, and each line that is forgotten is missed by one of the checks."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.toy.copying import PYTEST, Copy, Line

SUBJECT = Path(__file__).parent / "subject"

pytestmark = pytest.mark.timeout(600)

BIN = Path(sys.executable).parent
LISTS, COLUMNS = "tests/flows/test_subjects.py", "tests/store/test_own_data.py"
CHAT, STRANGERS = "tests/chats/people_count_the_books_they_read.chat", "tests/rights/strangers.py"
CHECKS: dict[str, Sequence[str | Path]] = {
    "mypy": (BIN / "mypy", "flows/subjects.py", "bot/store/subjects.py", "flows/reading", "bot/store/reading.py"),
    "import-linter": (BIN / "lint-imports", "--no-logo"),
    "the test of the lists": (*PYTEST, LISTS),
    "the test of the columns": (*PYTEST, COLUMNS, "-k", "every_column"),
    "its chat": (*PYTEST, CHAT, "-k", "web-sqlite"),
}


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


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the checkout, one for all these tests."""
    return Copy(tmp_path_factory.mktemp("checkout"), SUBJECT, (FLOWS, STORE, LAYERS, COLUMNS, STRANGERS))


@pytest.mark.parametrize("check", ["mypy", "import-linter"])
def test_with_all_its_lines_each_check_is_content(copy: Copy, check: str) -> None:
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
