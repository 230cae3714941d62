"""Workbooks as this house writes them: one font, one green, headings that stay in sight, printed on A4 across."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

# What is put together is what a format is made of: FONT | HEADING.
FONT: dict[str, Any] = {"font_name": "Arial", "font_size": 11, "valign": "top"}
HEADING: dict[str, Any] = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F6F54", "valign": "vcenter"}
TITLE: dict[str, Any] = {"bold": True, "font_size": 14, "font_color": "#1F6F54"}
PALE: dict[str, Any] = {"bold": True, "bg_color": "#E8F3EE"}
AS_TEXT: dict[str, Any] = {"num_format": "@"}  # so that 00123 and 2026.10 stay what was typed

GUIDE = "Hướng dẫn"
GUIDE_WIDTH = 92
LINE_HEIGHT = 15
A4 = 9
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook has no time zone


def workbook(title: str, write: Callable[["Workbook"], None]) -> bytes:
    """Return the workbook that `write` fills. The same content gives the same bytes, whenever it is written."""
    from xlsxwriter import Workbook  # only exports need it

    buffer = io.BytesIO()
    with Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": _MADE})
        write(book)
    return buffer.getvalue()


def fit_to_page(sheet: "Worksheet") -> None:
    """Make a sheet print on A4 across, all its columns on one page."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)


def keep_heading(sheet: "Worksheet", height: float) -> None:
    """Keep the first row in sight, and on every printed page."""
    sheet.set_row(0, height)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)


def write_guide(book: "Workbook", title: str, lines: Iterable[str]) -> None:
    """Add a sheet of numbered instructions."""
    sheet = book.add_worksheet(GUIDE)
    heading, text = book.add_format(FONT | TITLE), book.add_format(FONT | {"text_wrap": True})
    sheet.set_column(0, 0, GUIDE_WIDTH)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, title, heading)
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, f"{row}. {line}", text)
        sheet.set_row(row, LINE_HEIGHT * ceil((len(line) + 4) / GUIDE_WIDTH) + 5)
    fit_to_page(sheet)
