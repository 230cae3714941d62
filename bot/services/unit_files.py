"""Units as files: lists that clerks keep in a spreadsheet program, and what villages are handed to start with.

Bytes and values only. Columns are found by their headings, in English or Vietnamese, in any order. What the rows may
say, and what they change, is in `flows/unit_lists.py`.
"""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import islice
from pathlib import PurePath
from string import Template
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias
from urllib.parse import urlsplit

from bot.sheets import writing
from bot.sheets.fonts import old_letters
from bot.sheets.seen import Hidden, hidden_in, is_struck, may_be_struck, numbers_said, shown_number
from flows.conversation.facts import Start, starts_at
from flows.domain.unit_lists import KIND_NAMES, KIND_OF, UnitList, UnitRow, UnitsRefused, quoted
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit
from flows.registration.subject import VILLAGE_CODE
from flows.words.spelling import composed, fold

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_BYTES = 20 * 1024 * 1024
MOST_BYTES_UNPACKED = 200 * 1024 * 1024
MOST_ROWS = 250_000
MOST_COLUMNS = 60
LONG_ON_A_CARD = 36
# Titles and empty rows may stand above the headings, as clerks like it.
HEADINGS_WITHIN = 15


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of a list: its heading in both languages, and how else it may be called, folded."""

    key: str
    english: str
    vietnamese: str
    also: tuple[str, ...]
    width: int

    @property
    def said(self) -> str:
        return f'"{self.english}" ("{self.vietnamese}")'


_COLUMNS = (
    _Column("code", "code", "Mã", ("unit code", "ma don vi", "ma so"), 18),
    _Column("name", "name", "Tên", ("ten don vi", "unit name"), 36),
    _Column("kind", "kind", "Loại", ("type", "loai don vi"), 22),
    _Column("parent", "parent code", "Mã cấp trên", ("parent", "ma don vi cap tren", "cap tren"), 18),
    _Column("aliases", "aliases", "Tên khác", ("alias", "other names", "ten goi khac"), 32),
    _Column("old", "old names", "Tên cũ", ("old name", "former names", "ten truoc day"), 32),
)
_REQUIRED = _COLUMNS[:4]
_HEADINGS: Mapping[str, _Column] = {
    heading: column for column in _COLUMNS for heading in (column.english, fold(column.vietnamese), *column.also)
}

_BETWEEN_NAMES = re.compile(r"[;|\n]")
_SEPARATORS = (",", ";", "\t")
# What clerks write under and between units: sums, who made the list and where, who signs it.
_NO_UNIT = re.compile(
    r"(tong|cong)( cong| so)?( \d.*)?|(tong cong|tong so|total|sum)\b.*|(nguoi|can bo|thu truong|(pho )?chu tich|tm|t m"
    r"|kt|k t|noi nhan|ghi chu|xac nhan|ky ten|prepared by|signed)\b.*|(.* )?ngay (\d+ )?thang\b.*"
)
_NOTE_IN_HEADING = re.compile(r"\(.*?\)|\[.*?\]")


# Reading a list


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A cell that no text can be had from: what is wrong with it, and the cure."""

    fault: str


_Cell: TypeAlias = str | _Unusable
_Rows: TypeAlias = list[tuple[int, tuple[_Cell, ...]]]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The rows of one sheet that hold anything, with their numbers, and what was left out, for it is not to be seen.
    A csv file is one sheet without a title."""

    title: str
    rows: _Rows
    left_out: tuple[str, ...] = ()


def read_units(file: str, data: bytes, *, hidden: bool = False) -> UnitList:
    """Return the rows of a csv file or workbook, by the ending of its name; what a workbook hides or strikes through
    only when asked for. Raises UnitsRefused."""
    if len(data) > MOST_BYTES:
        _refuse(file, f"is too big ({len(data) / 2**20:.1f} MB)", f"{MOST_BYTES // 2**20} MB at most; split it")
    match PurePath(file).suffix.lower():
        case ".csv":
            sheets = [_csv_sheet(file, data)]
        case ".xlsx":
            sheets = _workbook_sheets(file, data, hidden=hidden)
        case ".xlsm" | ".xls" | ".xlsb" | ".ods" | ".xltm":
            _refuse(file, "is a workbook of another kind", "save it as .xlsx")
        case _:
            _refuse(file, "is neither a csv file nor a workbook", "give a .csv or .xlsx file")
    return _read_sheets(file, sheets)


def _refuse(place: str, problem: str, cure: str) -> NoReturn:
    raise UnitsRefused([f"{place}: {problem}; {cure}"])


def _read_sheets(file: str, sheets: Sequence[_Sheet]) -> UnitList:
    _refuse_old_letters(file, sheets)
    left_out = [f"{_sheet_said(file, sheet)}: {line}" for sheet in sheets for line in sheet.left_out]
    headed = [(sheet, heading) for sheet in sheets if (heading := _heading(sheet.rows)) is not None]
    if not headed:
        wanted = ", ".join(column.said for column in _REQUIRED)
        cure = f"name the columns in the first row: {wanted}"
        raise UnitsRefused([f"{file}: there is no row of headings; {cure}", *left_out])
    odd = [*left_out, *_unread_sheets(file, sheets)]
    rows: list[UnitRow] = []
    for sheet, heading in headed:
        where = f'{file}, sheet "{sheet.title}"' if len(headed) > 1 else file
        odd.extend(_unread_columns(where, sheet, heading))
        rows.extend(_unit_rows(where, sheet, heading, odd))
    if not rows:
        _refuse(file, "holds no units", "write one row for each below the headings")
    if len(rows) > MOST_ROWS:
        _refuse(file, f"holds {len(rows):,} units", f"{MOST_ROWS:,} at most; split it")
    return UnitList(file, tuple(rows), tuple(odd))


def _sheet_said(file: str, sheet: _Sheet) -> str:
    return f"{file}, sheet {quoted(sheet.title)}" if sheet.title else file


def _refuse_old_letters(file: str, sheets: Sequence[_Sheet]) -> None:
    """Refuse a list that was typed for a font of before Unicode: residents would be shown other letters."""
    for sheet in sheets:
        for number, cells in sheet.rows:
            for cell in cells:
                if isinstance(cell, str) and (wrong := old_letters(cell)):
                    _refuse(f"{_sheet_said(file, sheet)}, row {number}", f"{quoted(cell)} is {wrong}", "save it again")


def _unread_sheets(file: str, sheets: Iterable[_Sheet]) -> Iterator[str]:
    for sheet in sheets:
        if sheet.rows and _heading(sheet.rows) is None and fold(sheet.title) != fold(writing.GUIDE):
            yield f"{file}, sheet {quoted(sheet.title)}: is not read, for it has no row of headings"


def _heading(rows: _Rows) -> int | None:
    """Return the position of the row with the most headings, if any has two of them."""
    counts = [len(_headings_in(cells)) for _number, cells in rows[:HEADINGS_WITHIN]]
    best = max(counts, default=0)
    return counts.index(best) if best >= 2 else None


def _headings_in(cells: Iterable[_Cell]) -> list[_Column]:
    return [column for _position, column in _headed(cells)]


def _headed(cells: Iterable[_Cell]) -> list[tuple[int, _Column]]:
    """Return the columns with their positions. `Mã (bắt buộc)` is a heading, too, where none says `Mã` alone."""
    texts = [(n, cell) for n, cell in enumerate(cells) if isinstance(cell, str)]
    exact = {n: _HEADINGS[fold(text)] for n, text in texts if fold(text) in _HEADINGS}
    loose: dict[_Column, list[int]] = {}
    for n, text in texts:
        column = _HEADINGS.get(fold(_NOTE_IN_HEADING.sub("", text)))
        if n not in exact and column is not None and column not in exact.values():
            loose.setdefault(column, []).append(n)
    noted = {places[0]: column for column, places in loose.items() if len(places) == 1}
    return sorted((exact | noted).items(), key=lambda pair: pair[0])


def _columns(where: str, sheet: _Sheet, heading: int) -> Mapping[str, int]:
    number, cells = sheet.rows[heading]
    found = _headings_in(cells)
    for column in found:
        if found.count(column) > 1:
            _refuse(f"{where}, row {number}", f"the column {column.said} is there twice", "delete one of them")
    for column in _REQUIRED:
        if column not in found:
            _refuse(f"{where}, row {number}", f"there is no column {column.said}", "add it, even if it stays empty")
    return {column.key: n for n, column in _headed(cells)}


def _unread_columns(where: str, sheet: _Sheet, heading: int) -> Iterator[str]:
    cells = sheet.rows[heading][1]
    read = {position for position, _column in _headed(cells)}
    for n, cell in enumerate(cells):
        if isinstance(cell, str) and cell.strip() and n not in read:
            yield f"{where}: the column {quoted(cell)} is not read"


def _unit_rows(where: str, sheet: _Sheet, heading: int, odd: list[str]) -> Iterator[UnitRow]:
    columns = _columns(where, sheet, heading)
    width = len(sheet.rows[heading][1])
    rows = sheet.rows[heading + 1 :]
    notes = _notes(rows, columns)
    if notes:
        first = next(cell for cell in dict(rows)[min(notes)] if isinstance(cell, str) and cell.strip())
        odd.append(f"{where}, {numbers_said(notes)}: not read, for no unit is there ({quoted(first.strip())})")
    for number, cells in rows:
        if number in notes:
            continue
        taken = {key: cells[position] if position < len(cells) else "" for key, position in columns.items()}
        faults = [f"{_said(key)} {cell.fault}" for key, cell in taken.items() if isinstance(cell, _Unusable)]
        if not sheet.title and any(cells[width:]):
            faults.append("there are more cells than columns; put quotation marks around texts with separators in them")
        yield _unit_row(f"{where}, row {number}", taken, tuple(faults))


def _notes(rows: _Rows, columns: Mapping[str, int]) -> set[int]:
    """Return the numbers of the rows that hold sums and signatures. After the last unit, all from the first one on."""
    notes = {number for number, cells in rows if _is_note(cells, columns)}
    last = max((number for number, cells in rows if _has_kind(cells, columns)), default=0)
    below = [number for number in notes if number > last]
    return notes | {number for number, _cells in rows if below and number >= min(below)}


def _is_note(cells: tuple[_Cell, ...], columns: Mapping[str, int]) -> bool:
    texts = [fold(cell) for cell in cells if isinstance(cell, str)]
    code = cells[columns["code"]] if columns["code"] < len(cells) else ""
    coded = not isinstance(code, str) or (code.strip() and not _NO_UNIT.fullmatch(fold(code)))
    return not coded and not _has_kind(cells, columns) and any(map(_NO_UNIT.fullmatch, texts))


def _has_kind(cells: tuple[_Cell, ...], columns: Mapping[str, int]) -> bool:
    kind = cells[columns["kind"]] if columns["kind"] < len(cells) else ""
    return isinstance(kind, str) and fold(kind) in KIND_OF


def _unit_row(place: str, taken: Mapping[str, _Cell], faults: tuple[str, ...]) -> UnitRow:
    texts = {key: "" if isinstance(cell, _Unusable) else cell for key, cell in taken.items()}
    code, name, kind, parent = (composed(texts[column.key]) for column in _REQUIRED)
    return UnitRow(place, code, name, kind, parent, _names(texts), faults)


def _names(texts: Mapping[str, str]) -> tuple[str, ...] | None:
    if "aliases" not in texts and "old" not in texts:
        return None
    written = (name for key in ("aliases", "old") for name in _BETWEEN_NAMES.split(texts.get(key, "")))
    return tuple(dict.fromkeys(filter(None, map(composed, written))))


def _said(key: str) -> str:
    return "the " + next(column.english for column in _COLUMNS if column.key == key)


# Reading csv


def _csv_sheet(file: str, data: bytes) -> _Sheet:
    text = _decoded(file, data)
    separator = max(_SEPARATORS, key=lambda candidate: _headings_with(text, candidate))
    rows: _Rows = []
    number = 0
    try:
        for number, cells in enumerate(_records(text, separator), start=1):
            if any(cell.strip() for cell in cells):
                rows.append((number, tuple(cells)))
    except csv.Error:
        problem = "a quotation mark is not closed or stands inside a text"
        _refuse(f"{file}, row {number + 1}", problem, "delete it, or write it twice")
    return _Sheet("", rows)


def _records(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def _headings_with(text: str, separator: str) -> int:
    """Return how many headings are found when the cells are separated by this."""
    best = 0
    try:
        for cells in islice(_records(text, separator), HEADINGS_WITHIN):
            best = max(best, len(_headings_in(cells)))
    except csv.Error:
        pass
    return best


def _decoded(file: str, data: bytes) -> str:
    cure = 'save it as "CSV UTF-8" or as .xlsx'
    if data.startswith(b"PK\x03\x04"):
        _refuse(file, "is a workbook", "let its name end in .xlsx")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(file, "is in UTF-16", cure)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        _refuse(f"{file}, row {row}", "is not in UTF-8 (perhaps in Windows-1258)", cure)


# Reading workbooks

_ODD_FORMAT = "is a number in the format {}; format the cell as text and type what it is to be"
_FORMULA = _Unusable("holds a formula without a result; type the text instead")
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')


def _workbook_sheets(file: str, data: bytes, *, hidden: bool) -> list[_Sheet]:
    _refuse_package(file, data)
    try:
        sheets = _sheets(data, computed=False, hidden=hidden)
        if any(cell is _FORMULA for sheet in sheets for _number, cells in sheet.rows for cell in cells):
            computed = _sheets(data, computed=True, hidden=hidden)
            return [_with_results(*pair) for pair in zip(sheets, computed, strict=True)]
    except Exception:  # what openpyxl raises on a damaged file is not documented
        _refuse(file, "is damaged", "open it in a spreadsheet program and save it again")
    return sheets


def _refuse_package(file: str, data: bytes) -> None:
    """Refuse what is no plain workbook before anything in it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            unpacked = sum(member.file_size for member in package.infolist())
    except zipfile.BadZipFile:
        _refuse(file, "is no .xlsx workbook, or locked by a password", "save it as .xlsx without one")
    if unpacked > MOST_BYTES_UNPACKED:
        _refuse(file, f"is too big unpacked ({unpacked / 2**20:.0f} MB)", "copy the list into a new workbook")


def _sheets(data: bytes, *, computed: bool, hidden: bool) -> list[_Sheet]:
    """Return all sheets with the results of formulas, or else with `_FORMULA` where one is."""
    from openpyxl import load_workbook  # takes longer than all else here, and only workbooks need it

    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(io.BytesIO(data)) as package:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=computed, keep_links=False)
        may_strike = not hidden and may_be_struck(package)
        return [_sheet(sheet, package, hidden=hidden, may_strike=may_strike) for sheet in book.worksheets]


def _sheet(sheet: Any, package: zipfile.ZipFile, *, hidden: bool, may_strike: bool) -> _Sheet:
    written = package.read(sheet._worksheet_path)
    struck: set[int] = set()
    rows = _spread(_filled_rows(sheet, struck if may_strike else None), written)
    if hidden:
        return _Sheet(sheet.title, rows)
    if sheet.sheet_state != "visible":
        told = ("the sheet is hidden and not read",) if rows else ()
        return _Sheet(sheet.title, [], tuple(f"{line}; {_SHOW}" for line in told))
    return _visible(sheet.title, rows, hidden_in(written), struck)


_SHOW = "show it, or import with --hidden"


def _visible(title: str, rows: _Rows, unseen: Hidden, struck: set[int]) -> _Sheet:
    """Leave out what a clerk does not see, or struck through, and say so."""
    hidden = {number for number, _cells in rows if number in unseen.rows}
    columns = {n for _number, cells in rows for n in unseen.columns if n < len(cells) and _holds_anything(cells[n])}
    struck = struck - hidden
    told = []
    if hidden:
        told.append(f"{numbers_said(hidden)}: hidden and not read; {_SHOW}")
    if struck:
        told.append(f"{numbers_said(struck)}: struck through and not read; delete it, or import with --hidden")
    if columns:
        letters = ", ".join(_letters(column) for column in sorted(columns))
        told.append(f"column {letters}: hidden and not read; {_SHOW}")
    seen = [
        (number, tuple("" if n in columns else cell for n, cell in enumerate(cells)))
        for number, cells in rows
        if number not in hidden and number not in struck
    ]
    return _Sheet(title, seen, tuple(told))


def _filled_rows(sheet: Any, struck: set[int] | None) -> _Rows:
    """Return the rows that hold anything, and note the numbers of those that are struck through, if wanted."""
    sheet.reset_dimensions()  # some programs write a wrong size
    found: _Rows = []
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        if any(map(_is_filled, row)):
            found.append((number, tuple(map(_text, row))))
            if struck is not None and is_struck(row):
                struck.add(number)
    return found


def _is_filled(cell: Any) -> bool:
    if isinstance(cell.value, str):
        return bool(cell.value.strip())
    return cell.value is not None or _shows_nothing(cell)


def _shows_nothing(cell: Any) -> bool:
    """Tell whether this is a formula with an empty text for a result, unlike one that was never computed."""
    return cell.value is None and cell.data_type == "str"


def _text(cell: Any) -> _Cell:
    """Return what a cell shows. A number in a format like 00000 has its zeros, as official codes have them."""
    match cell.value:
        case None:
            return " " if _shows_nothing(cell) else ""
        case str() if cell.data_type == "e":
            return _Unusable(f"holds the error {cell.value}; type the text instead")
        case _ if cell.data_type == "f":
            return _FORMULA
        case str() as text:
            return text
        case bool():
            return str(cell.value).upper()
        case int() | float() as number if float(number).is_integer():
            shown = shown_number(int(number), cell.number_format)
            return shown if shown is not None else _Unusable(_ODD_FORMAT.format(cell.number_format))
        case _:
            return _Unusable("holds a date or a fraction; format the cell as text and type it again")


def _spread(rows: _Rows, written: bytes) -> _Rows:
    """Let cells that are merged downwards all hold what is in the first: a clerk merges the parent of villages."""
    merged = _MERGED.findall(written)
    if not merged:
        return rows
    cells_of = {number: list(cells) for number, cells in rows}
    last = max(cells_of, default=0)
    for letters, first_row, last_row in merged:
        first, column = int(first_row), _position(letters.decode())
        shared = cells_of[first][column] if first in cells_of and column < len(cells_of[first]) else ""
        for number in range(first + 1, min(int(last_row), last) + 1):
            if number in cells_of and column < len(cells_of[number]):
                cells_of[number][column] = shared
    return [(number, tuple(cells)) for number, cells in cells_of.items()]


def _position(letters: str) -> int:
    from openpyxl.utils import column_index_from_string

    return column_index_from_string(letters) - 1


def _letters(position: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(position + 1)


def _with_results(written: _Sheet, computed: _Sheet) -> _Sheet:
    """Put results where formulas are. A formula that was never computed stays what it is."""
    results = dict(computed.rows)
    rows = [
        (number, tuple(_result(results.get(number, ()), n) if cell is _FORMULA else cell for n, cell in enumerate(row)))
        for number, row in written.rows
    ]
    return replace(written, rows=[(number, row) for number, row in rows if any(map(_holds_anything, row))])


def _holds_anything(cell: _Cell) -> bool:
    return isinstance(cell, _Unusable) or bool(cell.strip())


def _result(cells: tuple[_Cell, ...], position: int) -> _Cell:
    return (cells[position] if position < len(cells) else "") or _FORMULA


# Writing lists


def units_csv(units: UnitTree) -> str:
    """Return all units as csv text, with the headings and kinds of the code."""
    return _csv([column.english for column in _COLUMNS], _cells(units))


def units_xlsx(units: UnitTree) -> bytes:
    """Return all units as a workbook, with Vietnamese headings and kinds; the same units give the same bytes."""
    return _workbook([(code, name, KIND_NAMES[kind][0], *rest) for code, name, kind, *rest in _cells(units)])


# Nobody lives here: the province, its commune and its village are made up.
_EXAMPLES = (
    ("hp", "Tỉnh Hương Phú", "province", "", "", ""),
    ("ta", "Xã Tân An", "commune", "hp", "", "Xã An Bình; Xã Tân Lập"),
    ("ta-dong", "Thôn Đông", "village", "ta", "Làng Đông", "Thôn 1"),
)


def template_csv() -> str:
    """Return a list to be filled in, with examples, as csv text."""
    return _csv([column.english for column in _COLUMNS], _EXAMPLES)


def template_xlsx() -> bytes:
    """Return a list to be filled in, with examples and instructions, as a workbook."""
    return _workbook([(code, name, KIND_NAMES[kind][0], *rest) for code, name, kind, *rest in _EXAMPLES])


def _cells(units: UnitTree) -> Iterator[tuple[str, ...]]:
    """Yield the cells of every unit. Old names are kept among the aliases."""
    for unit in _in_order(units):
        parent = units.by_id[unit.parent_id].code if unit.parent_id is not None else ""
        yield unit.code, unit.name, unit.kind, parent, "; ".join(unit.aliases), ""


def _in_order(units: UnitTree) -> Iterator[Unit]:
    """Yield every unit followed by what lies in it."""
    inside: dict[int | None, list[Unit]] = {}
    for unit in units.by_id.values():
        inside.setdefault(unit.parent_id, []).append(unit)
    waiting = inside.get(None, [])[::-1]
    while waiting:
        unit = waiting.pop()
        yield unit
        waiting.extend(inside.get(unit.id, [])[::-1])


def _csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([headings, *rows])
    return text.getvalue()


_GUIDE = (
    "Mỗi dòng của trang “Đơn vị” là một đơn vị: tỉnh, xã, thôn, cơ quan… Trước khi nhập vào hệ thống, xin xóa ba "
    "dòng ví dụ.",
    "Mã: không dấu, không dấu cách; chỉ gồm chữ cái a–z, chữ số, gạch nối và gạch dưới; dài không quá 40 ký tự; "
    "không trùng nhau. Mã nằm trong đường liên kết và mã QR của thôn, vì vậy đã dùng thì không đổi.",
    "Tên: tên đầy đủ đang dùng, ví dụ “Thôn Đông”, “Xã Tân An”.",
    "Loại: chọn trong danh sách. Có thể ghi “xã”, “phường”, “thôn”, “bản”, “tổ dân phố”, “trường”, “cơ quan”… Người "
    "dân đăng ký ở thôn hoặc ở cơ quan.",
    "Mã cấp trên: mã của đơn vị trực tiếp quản lý, có trong tài liệu này hoặc đã nhập từ trước. Đơn vị cao nhất để "
    "trống.",
    "Tên khác và tên cũ: các tên mà người dân vẫn quen gọi, kể cả tên trước khi sáp nhập; nhiều tên thì cách nhau "
    "bằng dấu chấm phẩy. Người dân gõ tên nào cũng tìm thấy.",
    "Có thể đổi chỗ cột, thêm dòng tiêu đề phía trên, gộp ô mã cấp trên của nhiều thôn. Giữ nguyên tên các cột.",
    "Nhập lại thì đơn vị có cùng mã được sửa theo tài liệu, đơn vị mới được thêm vào; không đơn vị nào bị xóa.",
    "Khi nhập vào hệ thống, cả tài liệu được kiểm tra trước. Nếu có lỗi, hệ thống báo số dòng và cách sửa; chưa có "
    "gì bị thay đổi.",
)
_ROWS_PREPARED = 1_000


def _workbook(rows: Sequence[Sequence[str]]) -> bytes:
    def write(book: "Workbook") -> None:
        _write_list(book, book.add_worksheet("Đơn vị"), rows)
        writing.write_guide(book, "Hướng dẫn điền danh sách đơn vị", _GUIDE)

    return writing.workbook("Danh sách đơn vị", write)


def _write_list(book: "Workbook", sheet: "Worksheet", rows: Sequence[Sequence[str]]) -> None:
    text = book.add_format(writing.FONT | writing.AS_TEXT)
    header = book.add_format(writing.FONT | writing.HEADING)
    for position, column in enumerate(_COLUMNS):
        sheet.set_column(position, position, column.width, text)
        sheet.write_string(0, position, column.vietnamese, header)
    for number, cells in enumerate(rows, start=1):
        for position, cell in enumerate(cells):
            if cell:
                sheet.write_string(number, position, cell, text)
    last = max(len(rows), _ROWS_PREPARED)
    kinds = [words[0] for words in KIND_NAMES.values()]
    # A list to choose from, which also takes the other words: "thôn", "phường".
    sheet.data_validation(1, 2, last, 2, {"validate": "list", "source": kinds, "show_error": False})
    sheet.ignore_errors({"number_stored_as_text": f"A2:F{last + 1}"})
    sheet.autofilter(0, 0, max(len(rows), 1), len(_COLUMNS) - 1)
    writing.keep_heading(sheet, 24)
    writing.fit_to_page(sheet)


# Writing start links


@dataclass(frozen=True, slots=True)
class StartCard:
    """What a village is handed: its name, where it lies, and the addresses that open the bot with its code."""

    unit: Unit
    above: str
    links: tuple[str, ...]

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Return the addresses, each after what stands under its picture."""
        return tuple((self._caption(link), link) for link in self.links)

    def _caption(self, link: str) -> str:
        """Return which channel a link leads to. Where it carries no code, the code is typed there."""
        code = f"{VILLAGE_CODE}{self.unit.code}"
        return _channel(link) if code in link else f"{_channel(link)}: bấm “Quan tâm”, rồi nhắn {code}"


def start_cards(units: UnitTree, top: Unit, starts: Sequence[Start]) -> tuple[StartCard, ...]:
    """Return a card for every village and workplace at or below a unit, with the addresses of its bots."""
    below = units.subtree(top.id)
    return tuple(
        StartCard(
            unit,
            ", ".join(above.name for above in units.upwards(unit.id) if above is not unit and above.kind != "province"),
            tuple(
                pattern.replace("{code}", f"{VILLAGE_CODE}{unit.code}") for pattern in starts_at(units, unit.id, starts)
            ),
        )
        for unit in _in_order(units)
        if unit.id in below and unit.takes_residents
    )


def links_csv(cards: Sequence[StartCard]) -> str:
    """Return the start links as csv text, with a column for every channel."""
    channels = list(dict.fromkeys(_channel(link) for card in cards for link in card.links))
    links = [{_channel(link): link for link in card.links} for card in cards]
    rows = [
        (card.unit.code, card.unit.name, card.above, *(of_card.get(channel, "") for channel in channels))
        for card, of_card in zip(cards, links, strict=True)
    ]
    return _csv(["Mã", "Tên", "Thuộc", *channels], rows)


def _channel(link: str) -> str:
    return {"t.me": "Telegram", "zalo.me": "Zalo"}.get(urlsplit(link).hostname or "", "Trang web")


def links_html(title: str, cards: Iterable[StartCard]) -> str:
    """Return a page to print on A4 and cut up: a card with QR pictures for every village."""
    return _PAGE.substitute(title=escape(title), cards="\n".join(map(_card, cards)))


def _card(card: StartCard) -> str:
    pictures = "".join(f"<figure>{_qr(link)}<figcaption>{said}</figcaption></figure>" for said, link in card.codes)
    links = "".join(f"<li>{escape(link.partition('://')[2])}</li>" for link in card.links)
    size = ' class="long"' if len(card.unit.name) > LONG_ON_A_CARD else ""
    return (
        f"<article><header><p>{escape(card.above)}</p><h2{size}>{escape(card.unit.name)}</h2></header>"
        f'<div class="pictures">{pictures}</div>'
        "<footer><p>Mở máy ảnh hoặc Zalo, quét mã để tự đánh giá “Công dân học tập”</p>"
        f"<ul>{links}</ul></footer></article>"
    )


def _qr(link: str) -> str:
    import segno  # only start links need it

    return segno.make_qr(link, error="m").svg_inline(border=0, omitsize=True, title=link)


_PAGE = Template("""<!DOCTYPE html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
@page { size: A4 portrait; margin: 10mm; }
* { box-sizing: border-box; margin: 0; }
body { font: 11pt/1.35 system-ui, "Segoe UI", Roboto, Arial, sans-serif; color: #1c2723; background: #eef2f0; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 4mm; max-width: 190mm; margin: 4mm auto; }
article { display: flex; flex-direction: column; align-items: center; justify-content: space-between; gap: 3mm;
  min-height: 88mm; padding: 5mm; border: 1px solid #b5c2bc; border-radius: 3mm; background: #fff;
  text-align: center; break-inside: avoid; }
header p, figcaption, ul { color: #55625c; overflow-wrap: anywhere; }
header p { font-size: 10pt; }
h2 { font-size: 17pt; line-height: 1.15; color: #1f6f54; text-wrap: balance; overflow-wrap: anywhere; }
h2.long { font-size: 12pt; }
.pictures { display: flex; justify-content: center; gap: 8mm; }
figure svg { display: block; width: 34mm; height: 34mm; }
figure:only-child svg { width: 42mm; height: 42mm; }
figcaption { margin-top: 1mm; font-size: 9pt; }
figure:only-child figcaption { display: none; }
footer p { font-size: 10.5pt; font-weight: 600; text-wrap: balance; }
ul { list-style: none; padding: 0; font-size: 7.5pt; }
@media print { body { background: none; } main { max-width: none; margin: 0; padding: 0.3mm; } }
@media screen and (max-width: 45rem) { main { grid-template-columns: 1fr; } article { margin: 0 4mm; } }
</style>
</head>
<body>
<main>
$cards
</main>
</body>
</html>
""")
