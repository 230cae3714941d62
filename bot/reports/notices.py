"""The report of a notice as a workbook: what became of it in all, by village, and of each recipient.

Rows go to disk as they come: a report of many recipients needs little more memory than one of few. What people are
called and what a channel answered is written as text, so that no spreadsheet program takes it for a formula.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec import Struct

from bot.sheets import writing
from flows.domain.channels import told_apart
from flows.notices.notice import ANSWERS, LedgerState, Notice, NoticeAnswer
from flows.notices.words import LEDGER, NOTICE_STATES
from flows.words.marks import read_marks
from flows.words.spelling import cleaned, fold
from flows.words.wording import Catalogue, Wording, _, render

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Key = TypeVar("Key", bound=str)
Columns: TypeAlias = Sequence[tuple[Wording, int]]  # titles and widths

ROWS_A_SHEET = 1_000_000
LONGEST_CELL = 5_000
LETTERS_A_LINE = 60
MOST_LINES = 25

NOBODY = "–"


class ReportRow(Struct, frozen=True):
    """A recipient of a notice, with the name of their language. `village` and `name` are empty for somebody who was
    erased since."""

    village: str
    name: str
    channel: str
    language: str
    state: LedgerState
    at: datetime | None = None
    error: str | None = None
    answer: NoticeAnswer | None = None


class ReportHeading(Struct, frozen=True):
    """What a report is about, when it was made, and where its times are told."""

    notice: Notice
    made_at: datetime
    zone: tzinfo


class NoticeReport:
    """A report that grows on disk, for whoever gets its rows bit by bit."""

    def __init__(self, heading: ReportHeading, words: Catalogue, rows_a_sheet: int = ROWS_A_SHEET) -> None:
        from xlsxwriter import Workbook  # only reports need it

        self._heading = heading
        self._words = words
        self._rows_a_sheet = rows_a_sheet
        self._results: Counter[tuple[str, LedgerState]] = Counter()
        self._answers: Counter[tuple[str, NoticeAnswer]] = Counter()
        self._left_open = ExitStack()
        folder = self._left_open.enter_context(TemporaryDirectory(prefix="hoctap-report-"))
        self._path = Path(folder) / "report.xlsx"
        self._book = Workbook(str(self._path), {"constant_memory": True, "tmpdir": folder})
        self._left_open.callback(self._close)
        self._looks = {name: self._book.add_format(writing.FONT | look) for name, look in _LOOKS.items()}
        self._summary = self._sheet(_("Summary"))
        self._villages = self._sheet(_("By village"))
        self._lists: list[_Sheet] = []
        self._next_row = rows_a_sheet + 1

    def __enter__(self) -> "NoticeReport":
        return self

    def __exit__(self, *error: object) -> None:
        self._left_open.close()

    def add(self, rows: Iterable[ReportRow]) -> None:
        """Write recipients, in the order in which they stand in the report."""
        for row in rows:
            if self._next_row > self._rows_a_sheet:
                self._begin_list()
            _write_recipient(self._lists[-1], self._next_row, row)
            self._next_row += 1
            self._results[row.village, row.state] += 1
            if row.answer is not None:
                self._answers[row.village, row.answer] += 1

    def finished(self) -> bytes:
        """Write the totals and return the workbook. Nothing can be added any more."""
        if not self._lists:
            self._begin_list()
        self._end_list()
        _write_summary(self._summary, self._heading, _totals(self._results), _totals(self._answers))
        _write_villages(self._villages, self._results, self._answers)
        self._close()
        return self._path.read_bytes()

    def _begin_list(self) -> None:
        self._end_list()
        number = len(self._lists) + 1
        name = _("Recipients") if number == 1 else _("Recipients {number}", number=number)
        sheet = self._sheet(name)
        sheet.begin_table(_COLUMNS)
        self._lists.append(sheet)
        self._next_row = 1

    def _end_list(self) -> None:
        """Let a list be filtered, down to its last row."""
        if self._lists:
            self._lists[-1].end_table(self._next_row - 1, len(_COLUMNS))

    def _sheet(self, name: Wording) -> "_Sheet":
        return _Sheet(self._book, self._looks, self._words, self._heading.zone, name)

    def _close(self) -> None:
        if not self._book.fileclosed:
            self._book.close()


def _totals(counts: Mapping[tuple[str, Any], int]) -> Counter[Any]:
    totals: Counter[Any] = Counter()
    for (_village, key), count in counts.items():
        totals[key] += count
    return totals


# The list of recipients

_COLUMNS: Columns = (
    (_("Village or workplace"), 32),
    (_("Name"), 28),
    (_("Channel"), 14),
    (_("Language"), 13),
    (_("Result"), 32),
    (_("Time"), 19),
    (_("Error"), 40),
    (_("Answer"), 18),
)


def _write_recipient(sheet: "_Sheet", row: int, recipient: ReportRow) -> None:
    sheet.text(row, 0, recipient.village or NOBODY)
    sheet.text(row, 1, recipient.name or NOBODY)
    sheet.text(row, 2, told_apart(recipient.channel))
    sheet.text(row, 3, recipient.language)
    sheet.word(row, 4, LEDGER[recipient.state])
    sheet.moment(row, 5, recipient.at)
    sheet.text(row, 6, recipient.error or "")
    if recipient.answer is not None:
        sheet.word(row, 7, ANSWERS[recipient.answer])


# What became of it in all


def _write_summary(
    sheet: "_Sheet", heading: ReportHeading, results: Counter[LedgerState], answers: Counter[NoticeAnswer]
) -> None:
    notice = heading.notice
    sheet.widths([38, 22, 12, 12, 12])
    sheet.text(0, 0, _("Report of notice {id}", id=notice.id), "title")
    sheet.labelled(2, _("Written by"), notice.author_name)
    sheet.labelled(3, _("State"), NOTICE_STATES[notice.state])
    sheet.labelled(4, _("Begun"), notice.started_at)
    sheet.labelled(5, _("Ended"), notice.ended_at)
    sheet.labelled(6, _("As of"), heading.made_at)
    sheet.text(7, 0, _("Text"), "label")
    sheet.wide_text(7, 1, 4, read_marks(notice.content.vi)[0])
    row = _write_counts(sheet, 9, _("Result"), _named(LEDGER, results))
    if notice.content.asks_who_comes or answers:
        silent = (_("No answer"), results.total() - answers.total())
        _write_counts(sheet, row + 1, _("Answer"), [*_named(ANSWERS, answers), silent])


def _named(words: Mapping[Any, Wording], counts: Mapping[Any, int]) -> list[tuple[Wording, int]]:
    return [(word, counts[key]) for key, word in words.items() if counts.get(key)]


def _write_counts(sheet: "_Sheet", row: int, title: Wording, counts: Sequence[tuple[Wording, int]]) -> int:
    """Write counts, and under them their sum. Returns the row after it."""
    total = sum(count for _name, count in counts)
    sheet.text(row, 0, title, "heading")
    sheet.text(row, 1, _("Number"), "number heading")
    sheet.text(row, 2, _("Share"), "number heading")
    for name, count in counts:
        row += 1
        sheet.word(row, 0, name)
        sheet.number(row, 1, count)
        sheet.number(row, 2, count / total if total else 0, "share")
    sheet.text(row + 1, 0, _("Total"), "total")
    sheet.number(row + 1, 1, total, "total number")
    sheet.number(row + 1, 2, 1 if total else 0, "total share")
    return row + 2


# What became of it by village


def _write_villages(
    sheet: "_Sheet",
    results: Mapping[tuple[str, LedgerState], int],
    answers: Mapping[tuple[str, NoticeAnswer], int],
) -> None:
    villages = sorted({village for village, _state in results}, key=_as_people_count)
    states, said = _occurring(LEDGER, results), _occurring(ANSWERS, answers)
    titles = [*(LEDGER[state] for state in states), *(ANSWERS[answer] for answer in said)]
    sheet.begin_table([(_("Village or workplace"), 36)], [(_("Recipients"), 14), *((title, 18) for title in titles)])
    sums: Counter[int] = Counter()
    for row, village in enumerate(villages, start=1):
        reached = [results.get((village, state), 0) for state in states]
        numbers = [sum(reached), *reached, *(answers.get((village, answer), 0) for answer in said)]
        sheet.text(row, 0, village or NOBODY)
        for column, number in enumerate(numbers, start=1):
            sheet.number(row, column, number, "few")
            sums[column] += number
    sheet.end_table(len(villages), len(titles) + 2)
    sheet.text(len(villages) + 1, 0, _("Total"), "total")
    for column in range(1, len(titles) + 2):
        sheet.number(len(villages) + 1, column, sums[column], "total number")


def _occurring(words: Mapping[Key, Wording], counts: Mapping[tuple[str, Key], int]) -> list[Key]:
    found = {key for _village, key in counts}
    return [key for key in words if key in found]


def _as_people_count(village: str) -> tuple[bool, list[tuple[int, str]]]:
    """Sort Thôn 2 before Thôn 10, and last who lives nowhere any more."""
    return not village, [(int(digits or 0), letters) for digits, letters in _DIGITS_OR_NOT.findall(fold(village))]


_DIGITS_OR_NOT = re.compile(r"(\d+)|(\D+)")


# A sheet


_HEADING: dict[str, Any] = writing.HEADING | {"text_wrap": True}
_TOTAL: dict[str, Any] = {"bold": True, "top": 1}
_LOOKS: Mapping[str, dict[str, Any]] = {
    "title": writing.TITLE,
    "heading": _HEADING,
    "number heading": _HEADING | {"align": "right"},
    "label": {"font_color": "#55625C"},
    "text": {},
    "wide": {"text_wrap": True},
    "moment": {"num_format": "dd/mm/yyyy hh:mm:ss", "align": "left"},
    "number": {"num_format": "#,##0"},
    "few": {"num_format": "#,##0;-#,##0;"},
    "share": {"num_format": "0.0%"},
    "total": _TOTAL,
    "total number": _TOTAL | {"num_format": "#,##0"},
    "total share": _TOTAL | {"num_format": "0.0%"},
}


class _Sheet:
    """One sheet, written from top to bottom."""

    def __init__(
        self, book: "Workbook", looks: Mapping[str, "Format"], words: Catalogue, zone: tzinfo, name: Wording
    ) -> None:
        self._sheet: Worksheet = book.add_worksheet(render(name, words))
        self._looks = looks
        self._words = words
        self._zone = zone
        writing.fit_to_page(self._sheet)

    def text(self, row: int, column: int, said: Wording, look: str = "text") -> None:
        """Write a wording as nothing but text."""
        if printable := _printable(render(said, self._words)):
            self._sheet.write_string(row, column, printable, self._looks[look])

    def word(self, row: int, column: int, word: Wording, look: str = "text") -> None:
        """Write a word of the chat without the picture before it, which not every printer knows."""
        self.text(row, column, _PICTURE.sub("", render(word, self._words)), look)

    def labelled(self, row: int, label: Wording, said: Wording | datetime | None) -> None:
        """Write a label and what it names."""
        self.text(row, 0, label, "label")
        match said:
            case datetime():
                self.moment(row, 1, said)
            case None | str():
                self.text(row, 1, said or NOBODY)
            case _:
                self.word(row, 1, said)

    def moment(self, row: int, column: int, at: datetime | None) -> None:
        """Write a time as clocks show it where people live."""
        if at is not None:
            local = at.astimezone(self._zone).replace(tzinfo=None, microsecond=0)
            self._sheet.write_datetime(row, column, local, self._looks["moment"])

    def wide_text(self, row: int, first: int, last: int, text: str) -> None:
        """Write a text of several lines over some columns, as high as it needs."""
        printable = _printable(text)
        lines = sum(1 + len(line) // LETTERS_A_LINE for line in printable.split("\n"))
        self._sheet.set_row(row, 15.5 * min(lines, MOST_LINES))
        self._sheet.merge_range(row, first, row, last, "", self._looks["wide"])
        self._sheet.write_string(row, first, printable, self._looks["wide"])

    def number(self, row: int, column: int, number: float, look: str = "number") -> None:
        """Write a number."""
        self._sheet.write_number(row, column, number, self._looks[look])

    def widths(self, widths: Iterable[int]) -> None:
        """Set how wide the columns are, in letters."""
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    def begin_table(self, columns: Columns, of_numbers: Columns = ()) -> None:
        """Write the first row, which stays in sight and is repeated on every page."""
        self.widths(width for _title, width in (*columns, *of_numbers))
        for column, (title, _width) in enumerate((*columns, *of_numbers)):
            self.word(0, column, title, "heading" if column < len(columns) else "number heading")
        writing.keep_heading(self._sheet, 34)

    def end_table(self, last_row: int, columns: int) -> None:
        """Let a table be filtered, down to its last row."""
        self._sheet.autofilter(0, 0, max(last_row, 1), columns - 1)


_PICTURE = re.compile(r"^[^\w–]+")


def _printable(text: str) -> str:
    """Return a text as a cell can hold it: no control characters, not too long."""
    if not text.isprintable():
        text = "\n".join(cleaned(line, LONGEST_CELL) for line in text.splitlines())
    return text[:LONGEST_CELL]
