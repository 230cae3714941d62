"""Lists of units as files: every fault is told with its row, and what is written is read back the same."""

import csv
import io
import time
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from xlsxwriter import Workbook as WrittenWorkbook

from bot.services.unit_files import (
    MOST_BYTES,
    links_csv,
    links_html,
    read_units,
    start_cards,
    template_csv,
    template_xlsx,
    units_csv,
    units_xlsx,
)
from flows.conversation.facts import Start
from flows.domain.unit_lists import KIND_NAMES, UnitPlan, UnitsRefused, plan_units
from flows.domain.unit_tree import UnitTree
from flows.domain.units import KINDS, Unit
from flows.words.spelling import fold

NOTHING = UnitTree()
PROVINCE = Unit(1, "hp", "Tỉnh Hương Phú", "province")
COMMUNE = Unit(2, "ta", "Xã Tân An", "commune", 1, ("Xã An Bình",))
VILLAGE = Unit(3, "ta-dong", "Thôn Đông", "village", 2, ("Làng Đông", "Thôn 1"))
KNOWN = UnitTree.of([PROVINCE, COMMUNE, VILLAGE])
HEADINGS = "code,name,kind,parent code,aliases,old names\n"
KINDS_SAID = "tỉnh, xã, phường, thôn, tổ dân phố, cơ quan (province, commune, village, workplace)"


def planned(text: str | bytes, known: UnitTree = NOTHING, file: str = "units.csv") -> UnitPlan:
    data = text.encode() if isinstance(text, str) else text
    return plan_units(read_units(file, data), known)


def refused(text: str | bytes, known: UnitTree = NOTHING, file: str = "units.csv") -> list[str]:
    with pytest.raises(UnitsRefused) as caught:
        planned(text, known, file)
    return list(caught.value.lines)


def workbook(*rows: list[Any], title: str = "Đơn vị") -> Workbook:
    book = Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


TITLES = ["Mã", "Tên", "Loại", "Mã cấp trên", "Tên khác", "Tên cũ"]


# What is understood

COMMA = "code,name,kind,parent code\nta,Xã Tân An,commune,\nta-dong,Thôn Đông,village,ta\n"


@pytest.mark.parametrize(
    "data",
    [
        COMMA.encode(),
        COMMA.encode("utf-8-sig"),
        COMMA.replace(",", ";").encode(),
        COMMA.replace(",", "\t").encode(),
        COMMA.replace("\n", "\r\n").encode(),
        "MA,ten,Loại,Mã Cấp TRÊN\nta,Xã Tân An,XÃ,\nta-dong,Thôn Đông,thôn,TA\n".encode(),
        "Loại,Mã,Mã cấp trên,Tên\nphường,ta,,Xã  Tân An \ntổ dân phố,ta-dong,ta,Thôn Đông\n".encode(),
        "DANH SÁCH,,,\n\nmã,tên,loại,mã cấp trên\n,,,\nta,Xã Tân An,xã,\n  ,,,\nta-dong,Thôn Đông,ấp,ta\n\n".encode(),
        "mã,tên,loại,mã cấp trên\nta,Xa\u0303 Ta\u0302n An,xã,\nta-dong,Thôn Đông,thôn,ta".encode(),
    ],
    ids=["comma", "bom", "semicolon", "tab", "crlf", "vietnamese", "moved", "titles and blanks", "nfd"],
)
def test_csv_is_read_however_spreadsheets_write_it(data: bytes) -> None:
    assert planned(data) == UnitPlan(
        new=(Unit(0, "ta", "Xã Tân An", "commune"), Unit(0, "ta-dong", "Thôn Đông", "village")),
        changed=(),
        unchanged=0,
        parents={"ta-dong": "ta"},
    )


def test_old_names_become_aliases_and_none_is_kept_twice() -> None:
    (unit,) = planned(HEADINGS + 'ta,Xã Tân An,xã,,An Bình; Tân Lập,"Tân Lập|Xã Cũ;"\n').new
    assert unit.aliases == ("An Bình", "Tân Lập", "Xã Cũ")


def test_a_unit_may_lie_in_one_that_comes_after_it() -> None:
    plan = planned(HEADINGS + "ta-dong,Thôn Đông,thôn,TA,,\nta,Xã Tân An,xã,hp,,\n", UnitTree.of([PROVINCE]))
    assert plan.parents == {"ta-dong": "ta", "ta": "hp"}


def test_every_kind_has_words_that_differ_without_tone_marks() -> None:
    words = [fold(word) for kind, others in KIND_NAMES.items() for word in (kind, *others)]
    assert (sorted(words), tuple(KIND_NAMES)) == (sorted(set(words)), KINDS)


# What is refused, with its row


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",Thôn Hạ,thôn,ta", "the code is missing; give the unit one, such as ta-dong"),
        (
            "ta hạ,Thôn Hạ,thôn,ta",
            'the code "ta hạ" cannot go into a link; use 1 to 40 of A-Z a-z 0-9 _ -',
        ),
        (
            f"{'a' * 41},Thôn Hạ,thôn,ta",
            f'the code "{"a" * 41}" cannot go into a link; use 1 to 40 of A-Z a-z 0-9 _ -',
        ),
        ("TA,Thôn Hạ,thôn,ta", 'the code "TA" is there already in row 2; give every unit its own'),
        ("ta-ha,,thôn,ta", "the name is missing; write the name of the unit"),
        (
            "ta-ha,Thôn\u202e Hạ,thôn,ta",
            'the name "Thôn? Hạ" has hidden characters in it; type it again by hand',
        ),
        ("ta-ha,Thôn\x00Hạ,thôn,ta", 'the name "Thôn?Hạ" has hidden characters in it; type it again by hand'),
        (f"ta-ha,{'Hạ ' * 41},thôn,ta", f'the name "{"Hạ " * 20}…" has 122 characters; 120 at most'),
        ("ta-ha,???,thôn,ta", 'the name "???" has no letters; write the name of the unit'),
        ("ta-ha,=A1,thôn,ta", 'the name "=A1" looks like a formula; type the text instead'),
        ("ta-ha,Thôn Hạ,,ta", f"the kind is missing; write one of: {KINDS_SAID}"),
        ("ta-ha,Thôn Hạ,phố,ta", f'"phố" is no kind of unit; write one of: {KINDS_SAID}'),
        (
            "ta-ha,Thôn Hạ,thôn,tb",
            'there is no unit with the code "tb", neither in this file nor in the database; correct the parent code',
        ),
        ("ta-ha,Thôn Hạ,thôn,ta-ha", "the unit lies inside itself (ta-ha → ta-ha); correct the parent code"),
        (
            "tb,Xã Tân Bình,xã,ta",
            'a commune cannot lie in a commune ("ta"); give the code of one of: province, district',
        ),
        ("hp,Tỉnh Hương Phú,tỉnh,ta", 'a province cannot lie in a commune ("ta"); leave the parent code empty'),
        (
            "ta-ha,Thôn 1, 2 và 3,thôn,ta",
            "there are more cells than columns; put quotation marks around texts with separators in them",
        ),
    ],
)
def test_a_fault_is_told_with_its_row_and_the_cure(row: str, fault: str) -> None:
    text = f"code,name,kind,parent code\nta,Xã Tân An,xã,\n{row}\n"
    assert refused(text) == [f"units.csv, row 3: {fault}"]


def test_units_that_lie_in_each_other_are_each_told() -> None:
    text = "code,name,kind,parent code\na,Xã A,xã,c\nb,Thôn B,thôn,a\nc,Tỉnh C,tỉnh,b\nd,Thôn D,thôn,a\n"
    assert refused(text) == [
        "units.csv, row 2: the unit lies inside itself (a → c → b → a); correct the parent code",
        "units.csv, row 3: the unit lies inside itself (b → a → c → b); correct the parent code",
        "units.csv, row 4: the unit lies inside itself (c → b → a → c); correct the parent code",
    ]


def test_a_unit_keeps_a_kind_that_suits_what_lies_in_it_already() -> None:
    assert refused(HEADINGS + "ta,Tân An,thôn,hp,,\n", KNOWN) == [
        'units.csv, row 2: the unit cannot become a village, for "ta-dong", a village, lies in it;'
        " correct the kind, or move what lies in it first"
    ]


def test_all_faults_are_told_up_to_twenty() -> None:
    lines = refused("code,name,kind,parent code\n" + ",,,\nta,,xã,\n" + "x,,,\n" * 20)
    assert (len(lines), lines[0], lines[-1]) == (
        21,
        "units.csv, row 3: the name is missing; write the name of the unit",
        "and 40 more faults",
    )


WANTED = '"code" ("Mã"), "name" ("Tên"), "kind" ("Loại"), "parent code" ("Mã cấp trên")'


@pytest.mark.parametrize(
    ("file", "data", "line"),
    [
        ("units.csv", b"", f"units.csv: there is no row of headings; name the columns in the first row: {WANTED}"),
        (
            "units.csv",
            "ta,Xã Tân An,xã,\n".encode(),
            f"units.csv: there is no row of headings; name the columns in the first row: {WANTED}",
        ),
        ("units.csv", HEADINGS.encode(), "units.csv: holds no units; write one row for each below the headings"),
        (
            "units.csv",
            b"ma,ten,loai\nta,A,xa\n",
            'units.csv, row 1: there is no column "parent code" ("Mã cấp trên"); add it, even if it stays empty',
        ),
        (
            "units.csv",
            "mã,tên,loại,code,mã cấp trên\n".encode(),
            'units.csv, row 1: the column "code" ("Mã") is there twice; delete one of them',
        ),
        (
            "units.csv",
            HEADINGS.encode("utf-16"),
            'units.csv: is in UTF-16; save it as "CSV UTF-8" or as .xlsx',
        ),
        (
            "units.csv",
            HEADINGS.encode() + "ta,Xã Hà Đông,xã,,,\n".replace("ã", "a\u0303").encode("cp1258"),
            'units.csv, row 2: is not in UTF-8 (perhaps in Windows-1258); save it as "CSV UTF-8" or as .xlsx',
        ),
        (
            "units.csv",
            HEADINGS.encode() + b'ta,"Tan An,xa,,,\n',
            "units.csv, row 2: a quotation mark is not closed or stands inside a text; delete it, or write it twice",
        ),
        ("units.csv", b"PK\x03\x04", "units.csv: is a workbook; let its name end in .xlsx"),
        (
            "units.xlsx",
            b"nonsense",
            "units.xlsx: is no .xlsx workbook, or locked by a password; save it as .xlsx without one",
        ),
        ("units.xls", b"", "units.xls: is a workbook of another kind; save it as .xlsx"),
        ("units.pdf", b"", "units.pdf: is neither a csv file nor a workbook; give a .csv or .xlsx file"),
        ("units.csv", b" " * (MOST_BYTES + 1), "units.csv: is too big (20.0 MB); 20 MB at most; split it"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_line(file: str, data: bytes, line: str) -> None:
    assert refused(data, file=file) == [line]


# Workbooks


def test_a_workbook_may_have_titles_blank_rows_merged_parents_and_numbers_as_codes() -> None:
    book = workbook(
        ["DANH SÁCH ĐƠN VỊ"],
        [],
        TITLES,
        [123, "Xã Tân An", "xã"],
        [],
        ["dong", "Thôn Đông", "thôn", 123],
        ["doai", "Thôn\nĐoài", "thôn"],
        [7.0, "Thôn Bảy", "thôn"],
    )
    sheet = book.worksheets[0]
    sheet.merge_cells("A1:F1")
    sheet.merge_cells("D6:D8")
    for cell in ("A4", "D6"):
        sheet[cell].number_format = "00000"
    plan = planned(saved(book), file="units.xlsx")
    assert [(unit.code, unit.name) for unit in plan.new] == [
        ("00123", "Xã Tân An"),
        ("dong", "Thôn Đông"),
        ("doai", "Thôn Đoài"),
        ("7", "Thôn Bảy"),
    ]
    assert plan.parents == {"dong": "00123", "doai": "00123", "7": "00123"}


def test_cells_without_a_text_are_told_by_row_and_column() -> None:
    book = workbook(
        TITLES,
        ["ta", "Xã Tân An", "xã"],
        ["=A2", "Thôn Đông", "thôn", "ta"],
        [date(2026, 1, 2), "Thôn Đoài", "thôn", "ta"],
        ["ha", "#REF!", "thôn", "ta"],
        [1.5, "Thôn Hạ", "thôn", "ta"],
    )
    assert refused(saved(book), file="units.xlsx") == [
        "units.xlsx, row 3: the code holds a formula without a result; type the text instead",
        "units.xlsx, row 4: the code holds a date or a fraction; format the cell as text and type it again",
        "units.xlsx, row 5: the name holds the error #REF!; type the text instead",
        "units.xlsx, row 6: the code holds a date or a fraction; format the cell as text and type it again",
    ]


def with_text_for_a_result(data: bytes, cell: str) -> bytes:
    """Say, as spreadsheet programs do and xlsxwriter does not, that the empty result of a formula is a text."""
    written, changed = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(changed, "w") as package:
        for member in written.namelist():
            content = written.read(member).replace(f'r="{cell}">'.encode(), f'r="{cell}" t="str">'.encode())
            package.writestr(member, content)
    return changed.getvalue()


def test_formulas_count_as_what_they_last_showed() -> None:
    buffer = io.BytesIO()
    with WrittenWorkbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, TITLES)
        sheet.write_row(1, 0, ["ta", "Xã Tân An", "xã"])
        sheet.write_formula(2, 0, '=A2&"-dong"', None, "ta-dong")
        sheet.write_row(2, 1, ["Thôn Đông", "thôn"])
        sheet.write_formula(2, 3, "=A2", None, "ta")
        sheet.write_formula(3, 0, '=IF(B4="","",1)', None, "")
    plan = planned(with_text_for_a_result(buffer.getvalue(), "A4"), file="units.xlsx")
    assert ([unit.code for unit in plan.new], plan.parents) == (["ta", "ta-dong"], {"ta-dong": "ta"})


def test_all_sheets_with_headings_are_read_and_others_are_named() -> None:
    book = workbook(TITLES, ["ta", "Xã Tân An", "xã"], title="Xã")
    for title, rows in {
        "Thôn": [TITLES, ["ta-dong", "Thôn Đông", "phố", "ta"]],
        "Nháp": [["gì đó"]],
        "Hướng dẫn": [["Cách điền"]],
        "Trống": [],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    assert refused(saved(book), file="u.xlsx") == [
        f'u.xlsx, sheet "Thôn", row 2: "phố" is no kind of unit; write one of: {KINDS_SAID}'
    ]
    book["Thôn"]["C2"] = "thôn"
    plan = planned(saved(book), file="u.xlsx")
    assert plan.warnings == ('u.xlsx, sheet "Nháp": is not read, for it has no row of headings',)


def test_a_damaged_workbook_is_refused_in_one_line() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("xl/workbook.xml", "<nonsense")
    (line,) = refused(buffer.getvalue(), file="units.xlsx")
    assert line.startswith("units.xlsx: is damaged; ")


# Importing again


def test_what_is_known_by_its_code_in_any_case_is_changed_or_left_alone() -> None:
    text = HEADINGS + "HP,Tỉnh Hương Phú,tỉnh,,,\nta,Xã Tân An Mới,xã,hp,,Xã An Bình\ntb,Xã Tân Bình,xã,HP,,\n"
    plan = planned(text, KNOWN)
    assert plan == UnitPlan(
        new=(Unit(0, "tb", "Xã Tân Bình", "commune"),),
        changed=(Unit(2, "ta", "Xã Tân An Mới", "commune", 1, ("Xã An Bình",)),),
        unchanged=1,
        parents={"ta": "hp", "tb": "hp"},
    )


def test_moving_a_unit_counts_as_a_change() -> None:
    plan = planned(HEADINGS + "tb,Xã Tân Bình,xã,hp,,\nta-dong,Thôn Đông,thôn,tb,Làng Đông,Thôn 1\n", KNOWN)
    assert (len(plan.new), [unit.code for unit in plan.changed], plan.parents["ta-dong"]) == (1, ["ta-dong"], "tb")


def test_without_columns_for_them_other_names_and_dates_stay() -> None:
    closed = Unit(3, "ta-dong", "Thôn Đông", "village", 2, ("Làng Đông",), valid_to=date(2025, 7, 1), successor_id=2)
    known = UnitTree.of([PROVINCE, COMMUNE, closed])
    (changed,) = planned("code,name,kind,parent code\nta-dong,Thôn Đông 1,thôn,ta\n", known).changed
    assert (changed.aliases, changed.valid_to, changed.successor_id) == (("Làng Đông",), date(2025, 7, 1), 2)


def test_what_is_seldom_meant_is_a_warning() -> None:
    text = (
        "code,name,kind,parent code,Ghi chú\nta-d2,thôn đông,thôn,ta,x\n"
        "nha,Nhà máy,công ty,,\nbv,Bệnh viện,bệnh viện,,\n"
    )
    assert planned(text, KNOWN).warnings == (
        'units.csv: the column "Ghi chú" is not read',
        'units.csv, row 3: "Nhà máy" lies in no commune, for its parent code is empty',
        'units.csv, row 4: "Bệnh viện" lies in no commune, for its parent code is empty',
        'units.csv, row 2: "thôn đông" is the name of several units of one parent: ta-dong, ta-d2',
    )


# What a clerk sees

SHOWN = ["ta", "Xã Tân An", "xã"]


def numbered(number: float, number_format: str) -> bytes:
    """Make a list in which the code of a commune is a number in a format."""
    book = workbook(TITLES, [number, "Xã Tân An", "xã"])
    book.worksheets[0]["A2"].number_format = number_format
    return saved(book)


@pytest.mark.parametrize(
    ("number", "number_format", "code"),
    [(7, '"XA"000', "XA007"), (7, "00000;-00000", "00007"), (12345, "00-000", "12-345"), (7, "General", "7")],
)
def test_a_code_is_what_its_cell_shows(number: float, number_format: str, code: str) -> None:
    assert [unit.code for unit in planned(numbered(number, number_format), file="u.xlsx").new] == [code]


@pytest.mark.parametrize(
    ("number", "number_format"), [(1234, "#,##0"), (12, "0.0"), (12, "[>10]00000;0"), (10**12, "General")]
)
def test_a_code_that_shows_otherwise_is_refused_with_place_and_cure(number: float, number_format: str) -> None:
    assert refused(numbered(number, number_format), file="u.xlsx") == [
        f"u.xlsx, row 2: the code is a number in the format {number_format};"
        " format the cell as text and type what it is to be"
    ]


def with_hidden_parts() -> bytes:
    """Make a workbook with a filtered row, one struck through, a hidden column and a hidden sheet."""
    book = workbook(
        [*TITLES[:4], "Tên khác"],
        [*SHOWN, "", "Xã Cũ"],
        ["v1", "Thôn Một", "thôn", "ta"],
        ["v2", "Thôn Hai", "thôn", "ta"],
        ["v3", "Thôn Ba", "thôn", "ta"],
    )
    sheet = book.worksheets[0]
    sheet.row_dimensions[3].hidden = True
    for cell in sheet[4]:
        cell.font = Font(strike=True)
    sheet["B5"].font = Font(strike=True)  # only a part of it: it counts
    sheet.column_dimensions["E"].hidden = True
    secret = book.create_sheet("Nháp")
    secret.append(TITLES)
    secret.append(["v4", "Thôn Bốn", "thôn", "ta"])
    secret.sheet_state = "hidden"
    return saved(book)


def test_what_is_not_to_be_seen_is_told_and_left_out() -> None:
    plan = planned(with_hidden_parts(), file="u.xlsx")
    assert [(unit.code, unit.aliases) for unit in plan.new] == [("ta", ()), ("v3", ())]
    assert plan.warnings == (
        'u.xlsx, sheet "Đơn vị": row 3: hidden and not read; show it, or import with --hidden',
        'u.xlsx, sheet "Đơn vị": row 4: struck through and not read; delete it, or import with --hidden',
        'u.xlsx, sheet "Đơn vị": column E: hidden and not read; show it, or import with --hidden',
        'u.xlsx, sheet "Nháp": the sheet is hidden and not read; show it, or import with --hidden',
    )


def test_what_is_not_to_be_seen_is_read_when_asked_for() -> None:
    plan = plan_units(read_units("u.xlsx", with_hidden_parts(), hidden=True), NOTHING)
    assert [unit.code for unit in plan.new] == ["ta", "v1", "v2", "v3", "v4"]
    assert (plan.new[0].aliases, plan.warnings) == (("Xã Cũ",), ())


def test_a_list_that_is_hidden_as_a_whole_is_refused_saying_so() -> None:
    book = workbook(TITLES, SHOWN)
    book.create_sheet("Trống")
    book.worksheets[0].sheet_state = "hidden"
    assert refused(saved(book), file="u.xlsx")[1:] == [
        'u.xlsx, sheet "Đơn vị": the sheet is hidden and not read; show it, or import with --hidden'
    ]


@pytest.mark.parametrize(
    ("name", "font"), [("Th«n §«ng", "TCVN3 (ABC)"), ("Thoân Ñoâng", "VNI Windows")], ids=["tcvn3", "vni"]
)
@pytest.mark.parametrize("file", ["u.csv", "u.xlsx"])
def test_letters_of_old_fonts_are_refused_with_the_cure(name: str, font: str, file: str) -> None:
    rows = [TITLES[:4], ["ta-dong", name, "thôn", ""]]
    data = saved(workbook(*rows)) if file == "u.xlsx" else "\n".join(map(",".join, rows)).encode()
    where = 'u.xlsx, sheet "Đơn vị"' if file == "u.xlsx" else "u.csv"
    (line,) = refused(data, file=file)
    assert line.startswith(f'{where}, row 2: "{name}" is in the letters of ')
    assert f'convert it with Unikey (Ctrl+Shift+F6) from "{font}"' in line


NOTED = ["Mã (bắt buộc)", "Tên đơn vị*", "Loại [thôn/xã]", "Mã cấp trên (nếu có)", "Tên (tiếng Anh)"]


@pytest.mark.parametrize("file", ["u.csv", "u.xlsx"])
def test_headings_may_have_notes_and_sums_and_signatures_are_no_units(file: str) -> None:
    rows = [
        NOTED,
        ["ta", "Xã Tân An", "xã", "", ""],
        ["Cộng", "1", "", "", ""],
        ["v1", "Thôn Tổng Cộng", "thôn", "ta", ""],
        ["", "Tổng cộng: 2 đơn vị", "", "", ""],
        ["", "", "Tân An, ngày 5 tháng 9 năm 2026", "", ""],
        ["Người lập biểu", "", "", "Chủ tịch", ""],
        ["", "Nguyễn Văn A", "", "", ""],
    ]
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    data = saved(workbook(*rows)) if file == "u.xlsx" else written.getvalue().encode()
    plan = planned(data, file=file)
    assert [unit.name for unit in plan.new] == ["Xã Tân An", "Thôn Tổng Cộng"]
    assert plan.warnings == (
        f'{file}: the column "Tên (tiếng Anh)" is not read',
        f'{file}, rows 3, 5–8: not read, for no unit is there ("Cộng")',
    )


@pytest.mark.parametrize("row", [",Công ty May,,ta", "ct,Công ty May,,ta", ",Thôn Hạ,,"])
def test_a_unit_with_something_missing_is_no_signature(row: str) -> None:
    (line, *_others) = refused(f"code,name,kind,parent code\nta,Xã Tân An,xã,\n{row}\n")
    assert line.startswith("units.csv, row 3: ")


# Round trips

NAMES = st.text(
    st.sampled_from("aạăbcdđeghiklmnoôơpqrstuưvxyABĐ0123456789.,:!?()-_'\"<>&%#/“”–=+@ "), min_size=1, max_size=30
).map(lambda text: "Thôn " + " ".join(text.split()))
CODES = st.text(st.sampled_from("abcxyzABC019_-"), min_size=1, max_size=40)


@st.composite
def trees(draw: st.DrawFn) -> UnitTree:
    codes = draw(st.lists(CODES, min_size=1, max_size=12, unique_by=str.lower))
    found: list[Unit] = []
    for number, code in enumerate(codes, start=1):
        kind = draw(st.sampled_from(KINDS))
        above = [unit.id for unit in found if KINDS.index(unit.kind) < KINDS.index(kind)]
        aliases = tuple(alias.strip() for alias in draw(st.lists(NAMES, max_size=3, unique=True)))
        name = draw(NAMES).strip()
        found.append(Unit(number, code, name, kind, draw(st.sampled_from([None, *above])), aliases))
    return UnitTree.of(found)


@settings(max_examples=60)
@given(trees())
def test_importing_what_was_exported_changes_nothing(units: UnitTree) -> None:
    for file, data in {"u.csv": units_csv(units).encode("utf-8-sig"), "u.xlsx": units_xlsx(units)}.items():
        plan = planned(data, units, file)
        assert (plan.new, plan.changed, plan.unchanged) == ((), (), len(units.by_id))
        into_nothing = planned(data, NOTHING, file)
        assert {unit.code: (unit.name, unit.kind, unit.aliases) for unit in into_nothing.new} == {
            unit.code: (unit.name, unit.kind, unit.aliases) for unit in units.by_id.values()
        }


def test_the_same_units_give_the_same_bytes() -> None:
    assert (units_xlsx(KNOWN), template_xlsx()) == (units_xlsx(KNOWN), template_xlsx())


def test_templates_are_lists_that_can_be_imported_and_explain_themselves() -> None:
    plans = [planned(template_csv()), planned(template_xlsx(), file="t.xlsx")]
    assert plans[0] == plans[1]
    assert [unit.code for unit in plans[0].new] == ["hp", "ta", "ta-dong"]
    book = load_workbook(io.BytesIO(template_xlsx()))
    assert book.sheetnames == ["Đơn vị", "Hướng dẫn"]
    assert [cell.value for cell in book["Đơn vị"][1]] == TITLES
    assert book["Đơn vị"].freeze_panes == "A2"


def test_thousands_of_rows_are_checked_in_a_moment() -> None:
    rows = "".join(f"v{n},Thôn {n},thôn,ta,Xóm {n},Làng {n}\n" for n in range(5_000))
    began = time.process_time()
    assert len(planned(HEADINGS + "ta,Xã Tân An,xã,,,\n" + rows).new) == 5_001
    assert time.process_time() - began < 5


def test_a_long_chain_of_units_is_refused_without_much_thought() -> None:
    rows = "".join(f"v{n},Thôn {n},thôn,v{n + 1},,\n" for n in range(20_000)) + "v20000,Thôn,thôn,v0,,\n"
    began = time.process_time()
    assert refused(HEADINGS + rows)[-1] == "and 19,981 more faults"
    assert time.process_time() - began < 10


# Start links

STARTS = (
    Start("https://t.me/hoctap_bot?start={code}", "telegram"),
    Start("https://hoc.example.vn/chat#{code}", "web"),
)
SCHOOL = Unit(4, "ta-truong", "Trường <Tân> & An", "workplace", 2)
GONE = Unit(5, "ta-cu", "Thôn Cũ", "village", 2, valid_to=date(2025, 7, 1))
COMMUNE_TREE = UnitTree.of([PROVINCE, COMMUNE, VILLAGE, SCHOOL, GONE, Unit(6, "tb", "Xã Tân Bình", "commune", 1)])


def test_villages_and_workplaces_get_links_and_what_is_gone_does_not() -> None:
    cards = start_cards(COMMUNE_TREE, PROVINCE, STARTS)
    assert list(csv.reader(io.StringIO(links_csv(cards)))) == [
        ["Mã", "Tên", "Thuộc", "Telegram", "Trang web"],
        [
            *("ta-dong", "Thôn Đông", "Xã Tân An"),
            *("https://t.me/hoctap_bot?start=v-ta-dong", "https://hoc.example.vn/chat#v-ta-dong"),
        ],
        [
            *("ta-truong", "Trường <Tân> & An", "Xã Tân An"),
            *("https://t.me/hoctap_bot?start=v-ta-truong", "https://hoc.example.vn/chat#v-ta-truong"),
        ],
    ]


def test_a_village_gets_the_link_of_the_nearest_bot_of_each_channel() -> None:
    own = Start("https://t.me/tan_an_bot?start={code}", "telegram", "2", "ta")
    other = Start("https://t.me/tan_binh_bot?start={code}", "telegram", "3", "tb")
    both, web_only = start_cards(COMMUNE_TREE, VILLAGE, (other, *STARTS, own)), (other, STARTS[1])
    assert both[0].links == ("https://hoc.example.vn/chat#v-ta-dong", "https://t.me/tan_an_bot?start=v-ta-dong")
    rows = list(csv.reader(io.StringIO(links_csv(start_cards(COMMUNE_TREE, PROVINCE, (*web_only, own))))))
    assert rows[0][3:] == ["Trang web", "Telegram"]
    assert start_cards(COMMUNE_TREE, VILLAGE, web_only)[0].links == ("https://hoc.example.vn/chat#v-ta-dong",)


def test_a_unit_without_villages_gets_no_cards() -> None:
    assert start_cards(COMMUNE_TREE, COMMUNE_TREE.by_id[6], STARTS) == ()


def test_the_page_has_a_card_for_each_with_pictures_and_escaped_names() -> None:
    page = links_html("Xã <Tân> An", start_cards(COMMUNE_TREE, VILLAGE, STARTS[:1]))
    both = links_html("Xã Tân An", start_cards(COMMUNE_TREE, COMMUNE, STARTS))
    assert (page.count("<article>"), page.count("<svg"), both.count("<article>"), both.count("<svg")) == (1, 1, 2, 4)
    assert "<title>Xã &lt;Tân&gt; An</title>" in page
    assert "<h2>Trường &lt;Tân&gt; &amp; An</h2>" in both
    assert "Mở máy ảnh hoặc Zalo, quét mã để tự đánh giá “Công dân học tập”" in page
    assert "http-equiv" not in page
    assert "src=" not in page
