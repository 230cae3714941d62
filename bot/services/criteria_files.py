"""Criteria sets as files: the shipped ones, an association's own TOML, and the workbook that clerks fill in.

Bytes and values only. The workbook has three sheets: the set as a whole, a row for every level, instructions.
Rows and columns are found by their titles: a clerk may move them, merge cells or leave repeated ones empty.
"""

import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from itertools import groupby
from math import ceil
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from bot.sheets import writing
from bot.sheets.fonts import old_letters
from bot.sheets.seen import hidden_in, is_struck, may_be_struck
from flows.domain.criteria import (
    GROUPS,
    LEVELS_OF_AN_INDICATOR,
    MOST_POINTS,
    BrokenCriteria,
    CriteriaSet,
    Path,
    read_plain,
    read_toml,
)
from flows.words.spelling import fold

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_BYTES = 5 * 1024 * 1024
MOST_BYTES_UNPACKED = 50 * 1024 * 1024
MOST_ROWS = 2_000
MOST_COLUMNS = 60

_SET_SHEET = "Bộ tiêu chí"
_LEVEL_SHEET = "Chỉ số"
_ENGLISH = "tiếng Anh"
_FRESH = "copy the texts into a freshly exported workbook"

# What the workbook says for the words of the code. Both are read.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "group": {
        "farmer": "Nông dân, lao động nông thôn",
        "worker": "Công nhân, thợ thủ công, thợ sửa chữa",
        "official": "Cán bộ, công chức, viên chức, quản lý, doanh nhân",
        "pupil": "Học sinh, sinh viên",
        "other": "Nghỉ hưu, nội trợ, lao động tự do, khác",
    },
    "status": {"official": "Chính thức", "provisional": "Tạm thời"},
    "evidence": {"asked": "Có", "none": "Không"},
}
# What workbooks said that were exported before.
_FORMER_WORDS: Mapping[str, Mapping[str, str]] = {"group": {"other": "Nhóm khác"}}
_NUMBERS = frozenset({"points", "total", "floor", "maximum"})
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})


@dataclass(frozen=True, slots=True)
class _Property:
    """One line of the first sheet. A localized one has its English beside the Vietnamese."""

    title: str
    path: tuple[str, ...]
    hint: str
    localized: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the second sheet. Depth 1 tells of a competency, 2 of an indicator, 3 of a level.

    An optional one is missing in workbooks that were exported before there was such a thing.
    """

    title: str
    depth: int
    path: tuple[str, ...]
    width: int
    optional: bool = False


_SET_HEADER = ("Mục", "Tiếng Việt hoặc giá trị", "Tiếng Anh", "Cách điền")

_PROPERTIES = (
    _Property("Mã bộ tiêu chí", ("id",), "Chữ thường không dấu, số và gạch nối; giữ nguyên qua các phiên bản."),
    _Property("Phiên bản", ("version",), "Năm.số thứ tự, ví dụ 2026.2. Mỗi lần sửa nội dung là một phiên bản mới."),
    _Property("Nhóm đối tượng", ("group",), "Chọn trong danh sách."),
    _Property(
        "Tình trạng",
        ("status",),
        "Chính thức: đúng nguyên văn của văn bản. Tạm thời: các trường hợp còn lại.",
    ),
    _Property("Phần còn tạm thời", ("provisional",), "Nói rõ điều gì còn tạm thời; để trống nếu chính thức.", True),
    _Property("Tên bộ tiêu chí", ("name",), "Tên gọi đầy đủ, kèm nhóm đối tượng.", True),
    _Property("Danh hiệu", ("title",), "Danh hiệu được công nhận khi đạt.", True),
    _Property("Văn bản nguồn", ("source", "document"), "Tên văn bản ban hành hoặc dự thảo."),
    _Property("Số văn bản", ("source", "number"), "Ví dụ 324/QĐ-KHVN; để trống nếu không có."),
    _Property("Ngày văn bản", ("source", "date"), "Năm-tháng-ngày, ví dụ 2022-07-28; có thể chỉ ghi năm."),
    _Property("Ghi chú về nguồn", ("source", "note"), "Lấy từ đâu, đã thay đổi những gì.", True),
    _Property("Tổng điểm tối đa", ("pass_rule", "maximum"), "Bằng tổng điểm cao nhất của tất cả các chỉ số."),
    _Property("Tổng điểm cần đạt", ("pass_rule", "total"), "Từ số điểm này trở lên là đạt."),
    _Property("Điểm thấp nhất mỗi chỉ số", ("pass_rule", "floor"), "Không chỉ số nào được dưới số điểm này."),
)

# Words that people type are listed in one cell, with this between them; a new line will do as well.
_BETWEEN = ";"
_ALSO = ("also",)

# What a clerk works on comes first, then the English, then the other words.
_COLUMNS = (
    _Column("Mã năng lực", 1, ("id",), 14),
    _Column("Năng lực", 1, ("name", "vi"), 24),
    _Column("Mã chỉ số", 2, ("id",), 16),
    _Column("Tên ngắn", 2, ("short", "vi"), 20),
    _Column("Câu hỏi", 2, ("question", "vi"), 34),
    _Column("Mã câu trả lời", 3, ("id",), 15),
    _Column("Câu trả lời", 3, ("label", "vi"), 32),
    _Column("Điểm", 3, ("points",), 8),
    _Column("Giải thích", 2, ("explanation", "vi"), 52),
    _Column("Nguyên văn chỉ số", 2, ("official", "vi"), 34),
    _Column("Hỏi minh chứng", 2, ("evidence",), 12),
    _Column("Gợi ý minh chứng", 2, ("evidence_hint", "vi"), 34),
    _Column(f"Năng lực ({_ENGLISH})", 1, ("name", "en"), 24),
    _Column(f"Tên ngắn ({_ENGLISH})", 2, ("short", "en"), 20),
    _Column(f"Câu hỏi ({_ENGLISH})", 2, ("question", "en"), 34),
    _Column(f"Câu trả lời ({_ENGLISH})", 3, ("label", "en"), 32),
    _Column(f"Giải thích ({_ENGLISH})", 2, ("explanation", "en"), 52),
    _Column(f"Nguyên văn chỉ số ({_ENGLISH})", 2, ("official", "en"), 34),
    _Column(f"Gợi ý minh chứng ({_ENGLISH})", 2, ("evidence_hint", "en"), 34),
    _Column("Cách gõ khác của câu trả lời", 3, _ALSO, 110, optional=True),
    _Column("Cách gọi khác của chỉ số", 2, _ALSO, 30, optional=True),
)
_PRINTED_COLUMNS = 12

_GUIDE = (
    "Tài liệu này chứa một bộ tiêu chí của phiếu tự đánh giá. Trang “Bộ tiêu chí” nói về cả bộ; trang “Chỉ số” có "
    "một dòng cho mỗi câu trả lời.",
    "Để đưa mẫu phiếu chính thức vào hệ thống: thay lời văn bằng nguyên văn của văn bản, tăng số phiên bản, đổi "
    "tình trạng thành “Chính thức”, xóa nội dung ở mục “Phần còn tạm thời”, rồi gửi tài liệu cho người quản trị.",
    "Giữ nguyên tên các trang, tiêu đề các cột và các mục. Có thể đổi chỗ cột, thêm dòng và tô màu.",
    "Năng lực và chỉ số chỉ cần ghi ở dòng đầu tiên của mình; các dòng tiếp theo để trống hoặc gộp ô.",
    "Mã viết bằng chữ thường không dấu, số và gạch nối, không trùng nhau. Mã đã dùng thì không dùng lại cho nội "
    "dung khác.",
    f"Mỗi chỉ số có từ {min(LEVELS_OF_AN_INDICATOR)} đến {max(LEVELS_OF_AN_INDICATOR)} câu trả lời, xếp từ điểm "
    f"cao xuống điểm thấp; điểm là số nguyên từ 0 đến {MOST_POINTS}.",
    "Câu trả lời và tên ngắn dài không quá 40 ký tự để vừa nút bấm trên điện thoại. Khi bỏ dấu, hai câu trả lời "
    "của cùng một chỉ số không được giống nhau (ví dụ “Có” và “Cò”).",
    "Câu hỏi nên là một câu ngắn mà người sáu mươi tuổi đọc qua là hiểu và trả lời được ngay.",
    "Cột “Cách gõ khác của câu trả lời” ghi những lời người dân hay gõ thay cho câu trả lời đó, viết đủ dấu, cách "
    "nhau bằng dấu chấm phẩy, ví dụ: ngày nào cũng xem; tối nào cũng xem. Một lời chỉ ghi cho một câu trả lời. "
    "Không ghi riêng chữ “có”; riêng chữ “không” chỉ ghi ở câu trả lời thấp điểm nhất. Có thể để trống.",
    "Cột “Cách gọi khác của chỉ số” ghi những lời dùng để gọi tên chỉ số khi muốn sửa, ví dụ: điện thoại; Zalo.",
    "Minh chứng chỉ được hỏi khi câu trả lời đạt từ mức “Điểm thấp nhất mỗi chỉ số” trở lên. Gợi ý được đọc sau chữ "
    "“Ví dụ:”, nên viết chữ thường, ví dụ: ảnh giấy chứng nhận hoặc giấy mời.",
    "Nếu có hỏi minh chứng thì ghi gợi ý nên gửi gì; nếu không hỏi thì để trống ô gợi ý.",
    "Cần điền cả tiếng Việt và tiếng Anh.",
    "Khi đưa vào hệ thống, cả tài liệu được kiểm tra trước. Nếu có lỗi, hệ thống báo tên trang, số dòng, tên cột và "
    "cách sửa; chưa có gì bị thay đổi.",
)


# The pins of the sets that shipped earlier (2026.1), which the ones that ship now replace.
SHIPPED_BEFORE = frozenset(
    {"b8f164491c054b98", "ca977991171534ab", "e5d4251280ab53ae", "655e0e85a1afc4e7", "e1d61a59618f4d2e"}
)


@cache
def shipped() -> tuple[CriteriaSet, ...]:
    """Return the criteria sets that come with the package, in the order of the groups."""
    folder = resources.files("flows.domain.criteria")
    names = [f"{group}.toml" for group in GROUPS]
    return tuple(read_toml(folder.joinpath(name).read_text("utf-8"), name) for name in names)


def from_file(name: str, data: bytes, *, hidden: bool = False) -> CriteriaSet:
    """Return the set in a TOML file or workbook, by the ending of its name. Raises BrokenCriteria.

    A workbook that hides or strikes through a part is refused unless that is asked for: of a form nothing may go
    missing, and nothing may come in that nobody saw.
    """
    _refuse_oversize(name, len(data), MOST_BYTES)
    match PurePath(name).suffix.lower():
        case ".toml":
            text = _decoded(name, data)
            for number, line in enumerate(text.splitlines(), start=1):
                _refuse_old_letters(name, f"line {number}", line)
            return read_toml(text, name)
        case ".xlsx":
            return from_xlsx(data, name, hidden=hidden)
        case ".xlsm" | ".xltm" | ".xlsb" | ".xls":
            raise BrokenCriteria(name, "", "workbooks that may hold macros are refused", "save it as .xlsx")
        case _:
            raise BrokenCriteria(name, "", "is neither TOML nor a workbook", "give a .toml or .xlsx file")


def _refuse_oversize(name: str, size: int, most: int) -> None:
    if size > most:
        problem = f"is too big ({size / 2**20:.1f} MB)"
        raise BrokenCriteria(name, "", problem, f"{most // 2**20} MB at most, {_FRESH}")


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BrokenCriteria(name, "", "is not in UTF-8", "save it as UTF-8 text") from None


# Reading a workbook

_Cell: TypeAlias = Any
_Rows: TypeAlias = list[tuple[int, tuple[_Cell, ...]]]


def from_xlsx(data: bytes, name: str, *, hidden: bool = False) -> CriteriaSet:
    """Return the set in a workbook. BrokenCriteria calls it `name` and tells sheet, row and column."""
    _refuse_package(name, data)
    sheets = _sheets(name, data, hidden=hidden)
    lines = _read_lines(name, _sheet(name, sheets, _SET_SHEET))
    parts = list(_read_parts(name, _sheet(name, sheets, _LEVEL_SHEET)))
    places = _places(lines, parts)
    return read_plain(_nested(lines, parts), name, lambda path: _located(path, places))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the first sheet: its row and what its cells hold, by path."""

    row: int
    values: Mapping[tuple[str, ...], _Cell]


@dataclass(frozen=True, slots=True)
class _Part:
    """A competency, indicator or level with the row it begins in and what its cells hold."""

    depth: int
    row: int
    values: Mapping[_Column, _Cell]

    @property
    def id(self) -> _Cell:
        return next(value for column, value in self.values.items() if column.path == ("id",))


def _refuse_package(name: str, data: bytes) -> None:
    """Refuse what is no plain workbook, before anything in it is unpacked."""
    _refuse_oversize(name, len(data), MOST_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
    except zipfile.BadZipFile:
        raise BrokenCriteria(name, "", "is no .xlsx workbook", "save it as .xlsx") from None
    _refuse_oversize(name, sum(member.file_size for member in members), MOST_BYTES_UNPACKED)
    if any("vbaproject" in member.filename.lower() for member in members):
        raise BrokenCriteria(name, "", "workbooks with macros are refused", "save it as .xlsx without macros")


def _sheets(name: str, data: bytes, *, hidden: bool) -> dict[str, _Rows]:
    """Return the rows that hold anything, by folded sheet name. Formulas count as the values last computed."""
    from openpyxl import load_workbook  # takes longer than all else here, and only uploads need it

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            read = [sheet for sheet in book.worksheets if fold(sheet.title) in _READ_SHEETS]
            if not hidden:
                for sheet in read:
                    _refuse_hidden(name, sheet, package)
        return {fold(sheet.title): _filled_rows(sheet) for sheet in read}
    except BrokenCriteria:
        raise
    except Exception:  # what openpyxl raises on a damaged file is not documented
        raise BrokenCriteria(name, "", "is damaged", "open it in a spreadsheet program and save it again") from None


_READ_SHEETS = frozenset({fold(_SET_SHEET), fold(_LEVEL_SHEET)})


def _refuse_hidden(name: str, sheet: Any, package: zipfile.ZipFile) -> None:
    """Refuse what a clerk does not see, or has struck through."""
    cure = "show it or delete it, or import with --hidden"
    place = f'sheet "{sheet.title}"'
    if sheet.sheet_state != "visible":
        raise BrokenCriteria(name, place, "is hidden", cure)
    unseen = hidden_in(package.read(sheet._worksheet_path))
    may_strike = may_be_struck(package)
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS), start=1):
        filled = {n for n, cell in enumerate(row) if cell.value is not None}
        if filled and number in unseen.rows:
            raise BrokenCriteria(name, f"{place}, row {number}", "is hidden", cure)
        if filled & unseen.columns:
            raise BrokenCriteria(name, f"{place}, row {number}", "is in part in a hidden column", cure)
        if may_strike and is_struck(row):
            raise BrokenCriteria(name, f"{place}, row {number}", "is struck through", cure)


def _filled_rows(sheet: Any) -> _Rows:
    sheet.reset_dimensions()  # some programs write a wrong size
    rows = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
    return [(n, row) for n, row in enumerate(rows, start=1) if any(cell is not None for cell in row)]


def _sheet(name: str, sheets: Mapping[str, _Rows], title: str) -> _Rows:
    rows = sheets.get(fold(title))
    if not rows:
        raise BrokenCriteria(name, f'sheet "{title}"', "is missing or empty", _FRESH)
    return rows


def _read_lines(name: str, rows: _Rows) -> dict[_Property, _Line]:
    known = {fold(line.title): line for line in _PROPERTIES}
    found: dict[_Property, _Line] = {}
    for number, cells in rows[1:]:
        title = str(cells[0] or "")
        line = known.get(fold(title))
        place = f'sheet "{_SET_SHEET}", row {number}'
        if line is None:
            raise BrokenCriteria(name, place, f'"{title}" is no line of this sheet', "correct or delete it")
        if line in found:
            raise BrokenCriteria(name, place, f'"{title}" is there twice', "delete one of them")
        found[line] = _Line(number, dict(_line_values(name, place, line, cells)))
    return found


def _line_values(
    name: str, place: str, line: _Property, cells: tuple[_Cell, ...]
) -> Iterator[tuple[tuple[str, ...], _Cell]]:
    paths = [(*line.path, "vi"), (*line.path, "en")] if line.localized else [line.path]
    for position, path in enumerate(paths, start=1):
        where = f'{place}, column "{_SET_HEADER[position]}"'
        yield path, _value(name, where, line.path[-1], cells[position] if position < len(cells) else None)


def _read_parts(name: str, rows: _Rows) -> Iterator[_Part]:
    """Yield competencies, indicators and levels in the order of the second sheet."""
    positions = _header(name, rows[0][1])
    open_: dict[int, _Part] = {}
    for number, cells in rows[1:]:
        competency, indicator, level = _parts_of_row(name, number, cells, positions)
        for part in (competency, indicator):
            above = open_.get(part.depth)
            if above is not None and part.id in (None, above.id):
                _refuse_difference(name, part, above)
                continue
            if part.depth == 1:
                open_.clear()
            open_[part.depth] = part
            yield part
        yield level


def _header(name: str, cells: tuple[_Cell, ...]) -> dict[_Column, int]:
    titles = [fold(str(cell or "")) for cell in cells]
    there = [column for column in _COLUMNS if fold(column.title) in titles]
    for column in _COLUMNS:
        if column not in there and not column.optional:
            place = f'sheet "{_LEVEL_SHEET}", row 1'
            raise BrokenCriteria(name, place, f'there is no column "{column.title}"', f"add it, or {_FRESH}")
    return {column: titles.index(fold(column.title)) for column in there}


def _parts_of_row(
    name: str, number: int, cells: tuple[_Cell, ...], positions: Mapping[_Column, int]
) -> tuple[_Part, _Part, _Part]:
    values = {
        column: _value(name, _level_place(number, column), column.path[0], cells[position])
        for column, position in positions.items()
        if position < len(cells)
    }
    first, second, third = (
        _Part(depth, number, {column: values.get(column) for column in _COLUMNS if column.depth == depth})
        for depth in (1, 2, 3)
    )
    return first, second, third


def _refuse_difference(name: str, part: _Part, above: _Part) -> None:
    for column, value in part.values.items():
        if value not in (None, above.values[column]):
            problem = f"is not the same as in row {above.row}, which it continues"
            raise BrokenCriteria(name, _level_place(part.row, column), problem, "leave the cell empty")


def _value(name: str, place: str, field: str, cell: _Cell) -> _Cell:
    """Return what a cell means for a field: a number, a word of the code, a text in NFC, or None."""
    match cell:
        case None:
            return None
        case str():
            return _meaning(name, place, field, cell)
        case datetime() | date():
            return cell.strftime("%Y-%m-%d")
        case int() | float() if not isinstance(cell, bool) and float(cell).is_integer():
            return int(cell) if field in _NUMBERS else str(int(cell))
        case float() if field in _NUMBERS:
            return cell
        case _:  # 2026.10 kept as a number has become 2026.1
            raise BrokenCriteria(name, place, "is not kept as text", "format the cell as text and type it again")


def _meaning(name: str, place: str, field: str, cell: str) -> int | str | None:
    if cell in _ERRORS:
        raise BrokenCriteria(name, place, f"holds the error {cell}", "type the text instead of a formula")
    _refuse_old_letters(name, place, cell)
    text = unicodedata.normalize("NFC", cell).replace("\r\n", "\n").strip()
    if field in _NUMBERS and text.isdecimal():
        return int(text)
    codes = {fold(word): code for words in (_FORMER_WORDS, _WORDS) for code, word in words.get(field, {}).items()}
    return codes.get(fold(text), text) or None


def _refuse_old_letters(name: str, place: str, text: str) -> None:
    if wrong := old_letters(text):
        raise BrokenCriteria(name, place, f"is {wrong}", "save it again")


def _nested(lines: Mapping[_Property, _Line], parts: Iterable[_Part]) -> dict[str, Any]:
    """Return the plain dicts and lists that a TOML file would hold; what is empty is left out."""
    plain: dict[str, Any] = {"competencies": []}
    for line in lines.values():
        for path, value in line.values.items():
            _put(plain, path, value)
    inside: dict[int, list[Any]] = {1: plain["competencies"]}
    for part in parts:
        item: dict[str, Any] = {}
        for column, value in part.values.items():
            _put(item, column.path, _listed(value) if column.path == _ALSO else value)
        inside[part.depth].append(item)
        if part.depth < 3:
            inside[part.depth + 1] = item.setdefault("indicators" if part.depth == 1 else "levels", [])
    return plain


def _listed(cell: _Cell) -> list[str] | None:
    """Return the words that a cell lists, or None for an empty one."""
    words = (word.strip() for word in str(cell or "").replace("\n", _BETWEEN).split(_BETWEEN))
    return list(filter(None, words)) or None


def _put(plain: dict[str, Any], path: tuple[str, ...], value: _Cell) -> None:
    if value is not None:
        for key in path[:-1]:
            plain = plain.setdefault(key, {})
        plain[path[-1]] = value


_Places: TypeAlias = dict[tuple[int, ...] | tuple[str, ...], int]


def _places(lines: Mapping[_Property, _Line], parts: Iterable[_Part]) -> _Places:
    """Return the row of every line by its path, and of every part by its positions."""
    places: _Places = {line.path: found.row for line, found in lines.items()}
    counted = [-1, -1, -1]
    for part in parts:
        counted[part.depth - 1] += 1
        counted[part.depth :] = [-1] * (3 - part.depth)
        places[tuple(counted[: part.depth])] = part.row
    return places


def _located(path: Path, places: _Places) -> str:
    """Say in which sheet, row and column a place of the set lies."""
    positions = tuple(part for part in path if isinstance(part, int))
    fields = tuple(part for part in path if isinstance(part, str))
    if not positions:
        return _set_place(fields, places)
    fields = fields[len(positions) :]
    columns = [column for column in _COLUMNS if column.depth == len(positions)]
    fitting = (column for column in columns if column.path[: len(fields)] == fields)
    return _level_place(places[positions], next(fitting, columns[0]))


def _set_place(fields: tuple[str, ...], places: _Places) -> str:
    line = next((line for line in _PROPERTIES if fields[: len(line.path)] == line.path), None)
    if line is None:
        return f'sheet "{_LEVEL_SHEET}"'
    if line.path not in places:
        return f'sheet "{_SET_SHEET}", line "{line.title}"'
    column = _SET_HEADER[2] if fields[-1] == "en" else _SET_HEADER[1]
    return f'sheet "{_SET_SHEET}", row {places[line.path]}, column "{column}"'


def _level_place(row: int, column: _Column) -> str:
    return f'sheet "{_LEVEL_SHEET}", row {row}, column "{column.title}"'


# Writing a workbook


def to_xlsx(criteria: CriteriaSet) -> bytes:
    """Return a set as a workbook; the same set gives the same bytes."""

    def write(book: "Workbook") -> None:
        book.set_size(2400, 1400)
        formats = {name: book.add_format(_FONT | style) for name, style in _STYLES.items()}
        _write_set(book.add_worksheet(_SET_SHEET), formats, msgspec.to_builtins(criteria))
        _write_levels(book.add_worksheet(_LEVEL_SHEET), formats, criteria)
        writing.write_guide(book, "Hướng dẫn điền bộ tiêu chí", _GUIDE)

    return writing.workbook(criteria.name.vi, write)


_FONT: dict[str, Any] = writing.FONT | {"font_size": 10, "text_wrap": True}
_BOX = {"border": 1, "border_color": "#BFBFBF"}
_STYLES: dict[str, dict[str, Any]] = {
    "header": writing.HEADING | _BOX,
    "title": writing.PALE | _BOX,
    "text": writing.AS_TEXT | _BOX,
    "number": {"align": "center", **_BOX},
    "hint": {"italic": True, "font_color": "#595959", **_BOX},
    "competency": writing.PALE | writing.AS_TEXT | _BOX,
}
_LINE_HEIGHT = 13.5


def _write_set(sheet: "Worksheet", formats: Mapping[str, "Format"], plain: Mapping[str, Any]) -> None:
    widths = (28, 60, 60, 48)
    for position, (title, width) in enumerate(zip(_SET_HEADER, widths, strict=True)):
        sheet.set_column(position, position, width)
        sheet.write_string(0, position, title, formats["header"])
    for row, line in enumerate(_PROPERTIES, start=1):
        value = _get(plain, line.path)
        texts = [_get(value, (language,)) for language in ("vi", "en")] if line.localized else [value, None]
        sheet.write_string(row, 0, line.title, formats["title"])
        for position, text in enumerate(texts, start=1):
            _write(sheet, row, position, _shown(line.path[-1], text), formats)
        sheet.write_string(row, 3, line.hint, formats["hint"])
        sheet.set_row(row, _height([*texts, line.hint], [60, 60, 48]))
        _offer(sheet, row, row, 1, line.path[-1])
    _dress(sheet, columns=4)


def _write_levels(sheet: "Worksheet", formats: Mapping[str, "Format"], criteria: CriteriaSet) -> None:
    rows = [
        {1: msgspec.to_builtins(competency), 2: msgspec.to_builtins(indicator), 3: msgspec.to_builtins(level)}
        for competency in criteria.competencies
        for indicator in competency.indicators
        for level in indicator.levels
    ]
    for position, column in enumerate(_COLUMNS):
        sheet.set_column(position, position, column.width)
        sheet.write_string(0, position, column.title, formats["header"])
        for first, last, value in _stretches(rows, column):
            _write_merged(sheet, first, last, position, column, value, formats)
        _offer(sheet, 1, len(rows), position, column.path[0])
    shared, own = ([column for column in _COLUMNS if column.depth == depth] for depth in (2, 3))
    for first, last, _text in _stretches(rows, shared[0]):
        needed = _height_of(rows[first - 1][2], shared) / (last - first + 1)
        for row in range(first, last + 1):
            sheet.set_row(row, max(2 * _LINE_HEIGHT, needed, _height_of(rows[row - 1][3], own)))
    _dress(sheet, columns=_PRINTED_COLUMNS)


def _stretches(rows: list[dict[int, Any]], column: _Column) -> Iterator[tuple[int, int, Any]]:
    """Yield first row, last row and value of the cells that say one thing."""
    start = 1
    keys = [tuple(row[depth]["id"] for depth in range(1, column.depth + 1)) for row in rows]
    for _key, members in groupby(keys):
        end = start + len(list(members)) - 1
        yield start, end, _get(rows[start - 1][column.depth], column.path)
        start = end + 1


def _write_merged(
    sheet: "Worksheet",
    first: int,
    last: int,
    position: int,
    column: _Column,
    value: Any,
    formats: Mapping[str, "Format"],
) -> None:
    style = "competency" if column.depth == 1 else "text"
    if last > first:
        sheet.merge_range(first, position, last, position, "", formats[style])
    _write(sheet, first, position, _shown(column.path[0], value), formats, style)


def _write(
    sheet: "Worksheet",
    row: int,
    position: int,
    value: Any,
    formats: Mapping[str, "Format"],
    style: str = "text",
) -> None:
    match value:
        case None:
            sheet.write_blank(row, position, None, formats[style])
        case int():
            sheet.write_number(row, position, value, formats["number"])
        case _:
            sheet.write_string(row, position, value, formats[style])


def _dress(sheet: "Worksheet", columns: int) -> None:
    """Keep the header in sight and make the sheet print on A4 across."""
    writing.keep_heading(sheet, 30)
    writing.fit_to_page(sheet)
    sheet.hide_gridlines(2)
    sheet.print_area(0, 0, sheet.dim_rowmax or 0, columns - 1)


def _offer(sheet: "Worksheet", first: int, last: int, position: int, field: str) -> None:
    """Offer the words of a field as a list, and hold points within their bounds."""
    if field in _WORDS:
        words = list(_WORDS[field].values())
        sheet.data_validation(first, position, last, position, {"validate": "list", "source": words})
    elif field == "points":
        bounds = {"validate": "integer", "criteria": "between", "minimum": 0, "maximum": MOST_POINTS}
        sheet.data_validation(first, position, last, position, bounds)


def _shown(field: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return f"{_BETWEEN} ".join(value)
    return _WORDS.get(field, {}).get(value, value)


def _get(plain: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        plain = None if plain is None else plain.get(key)
    return plain


def _height_of(plain: Any, columns: list[_Column]) -> float:
    return _height([_shown(c.path[0], _get(plain, c.path)) for c in columns], [c.width for c in columns])


def _height(texts: Iterable[Any], widths: Iterable[int]) -> float:
    """Return the height that the longest of some wrapped texts needs, as letters of this font run."""
    lines = (
        sum(max(1, ceil(len(line) / width)) for line in str(text or "").split("\n"))
        for text, width in zip(texts, widths, strict=True)
    )
    return _LINE_HEIGHT * max(lines) + 4
