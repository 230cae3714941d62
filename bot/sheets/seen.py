"""What a person sees of a workbook: numbers in their formats, and what is hidden or struck through."""

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# From here on, a cell in the general format shows 1.2E+11.
_TOO_LONG = 10**11
_LOCALE = re.compile(r"\[\$-[0-9A-Fa-f]+\]")
_PART = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<digit>[0#])|(?P<sign>[-+ ()])')
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_NUMBER = re.compile(rb'\br="(\d+)"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"|\bht="0(?:\.0+)?"|\bwidth="0(?:\.0+)?"')
_SPAN = re.compile(rb'\b(min|max)="(\d+)"')


def shown_number(number: int, format_: str) -> str | None:
    """Return a whole number as its cell shows it: 5 in `00000` or `"XA"000` is 00005 or XA005. None for a format that
    is about more than digits, such as thousands, fractions and conditions."""
    if format_ in ("General", "@", ""):
        return str(number) if abs(number) < _TOO_LONG else None
    sections = _LOCALE.sub("", format_).split(";")
    if number < 0 or (number == 0 and len(sections) > 2):
        return None
    parts = list(_PART.finditer(sections[0]))
    if "".join(part[0] for part in parts) != sections[0]:
        return None
    return _filled_in(str(number) if number else "", [_literal_or_digit(part) for part in parts])


def _literal_or_digit(part: re.Match[str]) -> tuple[str, str]:
    """Return what a part of a format shows always, or else the digit it stands for."""
    if part["digit"]:
        return "", part["digit"]
    return part["quoted"] or part["escaped"] or part["sign"] or "", ""


def _filled_in(digits: str, parts: list[tuple[str, str]]) -> str | None:
    """Put digits into their places from the right; the leftmost place takes what is left."""
    places = sum(bool(digit) for _literal, digit in parts)
    if not places:
        return None
    shown: list[str] = []
    for literal, digit in reversed(parts):
        if not digit:
            shown.append(literal)
            continue
        places -= 1
        taken = digits if places == 0 else digits[-1:]
        digits = digits[: len(digits) - len(taken)]
        shown.append(taken or ("0" if digit == "0" else ""))
    return "".join(reversed(shown))


@dataclass(frozen=True, slots=True)
class Hidden:
    """The numbers of the rows, and the positions of the columns, that a sheet does not show."""

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()


def hidden_in(written: bytes) -> Hidden:
    """Return what a sheet does not show, by filter or by hand, from the sheet as it is written."""
    rows: set[int] = set()
    number = 0
    for row in _ROW.finditer(written):
        told = _NUMBER.search(row[1])
        number = int(told[1]) if told else number + 1
        if _HIDDEN.search(row[1]):
            rows.add(number)
    columns: set[int] = set()
    for column in _COLUMN.finditer(written):
        if _HIDDEN.search(column[1]):
            span = {name: int(value) for name, value in _SPAN.findall(column[1])}
            columns.update(range(span.get(b"min", 1) - 1, min(span.get(b"max", 0), 1_000)))
    return Hidden(frozenset(rows), frozenset(columns))


def may_be_struck(package: zipfile.ZipFile) -> bool:
    """Tell whether any style of a workbook strikes text through, so that cells need not be asked one by one."""
    return any(b"strike" in package.read(name) for name in package.namelist() if name.endswith("styles.xml"))


def is_struck(cells: Iterable[Any]) -> bool:
    """Tell whether all that a row holds is struck through."""
    filled = [cell for cell in cells if cell.value is not None and str(cell.value).strip()]
    return bool(filled) and all(cell.font is not None and cell.font.strike for cell in filled)


def numbers_said(numbers: Iterable[int]) -> str:
    """Return row numbers in few words: `row 3` or `rows 3, 5–8`."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], number]
        else:
            spans.append([number, number])
    said = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans[:MOST_SPANS])
    more = "" if len(spans) <= MOST_SPANS else " and others"
    return f"row{'s' if len(spans) > 1 or spans[0][0] != spans[0][1] else ''} {said}{more}"


MOST_SPANS = 10
