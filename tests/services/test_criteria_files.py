"""Criteria sets as files: what is written is read back the same, and what is broken is named by its cell."""

import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from bot.services.criteria_files import from_file, from_xlsx, shipped, to_xlsx
from flows.domain.criteria import GROUPS, BrokenCriteria, CriteriaSet, Indicator, Level, Source, faults
from flows.words.localized import Localized

FARMER = shipped()[0]
WORKBOOK = to_xlsx(FARMER)
SET, LEVELS = "Bộ tiêu chí", "Chỉ số"

every_set = pytest.mark.parametrize("criteria", shipped(), ids=GROUPS)


def test_the_shipped_sets_come_in_the_order_of_the_groups() -> None:
    assert tuple(criteria.group for criteria in shipped()) == GROUPS


@every_set
def test_a_workbook_is_read_back_as_the_same_set(criteria: CriteriaSet) -> None:
    again = from_xlsx(to_xlsx(criteria), "form.xlsx")
    assert (again, again.pin) == (criteria, criteria.pin)


def test_the_same_set_gives_the_same_bytes() -> None:
    assert to_xlsx(FARMER) == WORKBOOK


def test_a_workbook_opens_with_three_sheets_a_frozen_header_and_merged_cells() -> None:
    book = load_workbook(io.BytesIO(WORKBOOK))
    levels = book[LEVELS]
    assert book.sheetnames == [SET, LEVELS, "Hướng dẫn"]
    assert levels.freeze_panes == "A2"
    assert {str(area) for area in levels.merged_cells.ranges} >= {"A2:A17", "D2:D5", "I2:I5", "U2:U5"}


def test_a_toml_file_is_read_by_its_ending() -> None:
    text = TOML.encode()
    assert from_file("Bieu mau.TOML", text) == from_file("x.toml", b"\xef\xbb\xbf" + text)
    assert from_file("x.xlsx", WORKBOOK) == FARMER


# Sets that nobody wrote

letters = st.sampled_from("aạăầbcdđeghiklmnoôơởpqrstuưừvxyABĐ0123456789.,;:!?()=+-_'\"<>&%#@/“”…–😀")
line = st.text(letters, min_size=1, max_size=40).map(str.strip).filter(bool)
word = line.filter(lambda text: ";" not in text)
FIRST_WORDS = ("mận", "bưởi", "chuối", "xoài", "nhãn")
lines = st.lists(line, min_size=1, max_size=3).map("\n".join)


def localized(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Localized]:
    return st.builds(Localized, vi=texts, en=texts)


@st.composite
def changed_level(draw: st.DrawFn, level: Level, number: int) -> Level:
    """Draw a level with other words, which begin so that no two of an indicator are alike."""
    label = localized(line.map(lambda text: f"{FIRST_WORDS[number]} {text}"))
    also = st.lists(word.map(lambda text: f"như {FIRST_WORDS[number]} {text}"), max_size=3, unique=True)
    return replace(level, label=draw(label), also=tuple(draw(also)))


@st.composite
def changed_indicator(draw: st.DrawFn, indicator: Indicator) -> Indicator:
    """Draw an indicator with other words, and with a level fewer."""
    hint = draw(st.none() | localized(lines))
    dropped = draw(st.integers(1, len(indicator.levels) - 1))
    levels = [level for n, level in enumerate(indicator.levels) if n != dropped or len(indicator.levels) == 2]
    return replace(
        indicator,
        short=draw(localized(line.map("quả {}".format))),
        question=draw(localized(line)),
        explanation=draw(localized(lines)),
        official=draw(localized(line)),
        evidence="none" if hint is None else "asked",
        evidence_hint=hint,
        levels=tuple(draw(changed_level(level, n)) for n, level in enumerate(levels)),
    )


@st.composite
def changed_set(draw: st.DrawFn) -> CriteriaSet:
    """Draw a shipped set with one of its competencies, its source and its status changed."""
    criteria = draw(st.sampled_from(shipped()))
    where = draw(st.integers(0, len(criteria.competencies) - 1))
    competency = criteria.competencies[where]
    indicators = (draw(changed_indicator(competency.indicators[0])), *competency.indicators[1:])
    competencies = list(criteria.competencies)
    competencies[where] = replace(competency, name=draw(localized(line)), indicators=indicators)
    official = draw(st.booleans())
    return replace(
        criteria,
        version=f"{draw(st.integers(2000, 2099))}.{draw(st.integers(1, 100))}",
        status="official" if official else "provisional",
        provisional=None if official else draw(localized(lines)),
        source=Source(
            document=draw(line),
            number=draw(st.none() | line),
            date=draw(st.none() | st.dates().map(str)),
            note=draw(localized(lines)),
        ),
        competencies=tuple(competencies),
    )


@settings(max_examples=60)
@given(changed_set())
def test_any_valid_set_survives_being_a_workbook(criteria: CriteriaSet) -> None:
    assume(next(faults(criteria), None) is None)
    assert from_xlsx(to_xlsx(criteria), "form.xlsx") == criteria


@pytest.mark.parametrize(
    "text",
    ["=1+1", "{=SUM(A1:A2)}", "+84 912", "'quoted'", "TRUE", "1e5", "_x0041_ and _x000D_", "<b>&amp;_*["],
)
def test_text_that_spreadsheets_take_for_something_else_stays_text(text: str) -> None:
    indicator = replace(FARMER.indicators[0], question=Localized(text, text))
    first, *others = FARMER.competencies
    first = replace(first, indicators=(indicator, *first.indicators[1:]))
    criteria = replace(FARMER, source=replace(FARMER.source, number=text), competencies=(first, *others))
    assert from_xlsx(to_xlsx(criteria), "form.xlsx") == criteria


# Workbooks as clerks leave them


def test_columns_may_be_moved_and_added() -> None:
    def move(book: Workbook) -> None:
        sheet = book[LEVELS]
        unmerge(sheet)
        sheet.move_range("A1:U50", cols=2)
        sheet["A1"] = "Ghi chú riêng"
        sheet["A2"] = "đã xem"

    assert from_xlsx(edited(move), "form.xlsx") == FARMER


def test_what_a_row_repeats_from_above_may_be_written_out() -> None:
    def fill(book: Workbook) -> None:
        sheet = book[LEVELS]
        unmerge(sheet)
        for row in range(3, 6):
            for column in "ABCDEIJKLMNOQRSU":
                sheet[f"{column}{row}"] = sheet[f"{column}2"].value

    assert from_xlsx(edited(fill), "form.xlsx") == FARMER


def test_empty_rows_and_texts_from_a_mac_do_no_harm() -> None:
    def loosen(book: Workbook) -> None:
        book[SET]["A30"] = None
        book[LEVELS]["G2"] = " Hằng nga\u0300y\r\n"
        book[LEVELS].row_dimensions[60].height = 20

    assert from_xlsx(edited(loosen), "form.xlsx") == FARMER


def test_other_words_are_parted_by_semicolons_or_lines() -> None:
    def relist(book: Workbook) -> None:
        book[LEVELS]["T2"] = "ngày nào cũng nghe ;hôm nào cũng xem;\n mỗi sáng\n"
        book[LEVELS]["T3"] = None
        book[LEVELS]["U2"] = "Bản tin"

    indicator = from_xlsx(edited(relist), "form.xlsx").indicators[0]
    assert indicator.levels[0].also == ("ngày nào cũng nghe", "hôm nào cũng xem", "mỗi sáng")
    assert (indicator.levels[1].also, indicator.other_names) == ((), ("Bản tin",))


def test_a_workbook_from_before_there_were_other_words_is_read_without_them() -> None:
    def cut(book: Workbook) -> None:
        unmerge(book[LEVELS])
        book[LEVELS].delete_cols(20, 2)

    criteria = from_xlsx(edited(cut), "form.xlsx")
    assert {level.also for indicator in criteria.indicators for level in indicator.levels} == {()}
    assert criteria.indicators[0].levels[0].label == FARMER.indicators[0].levels[0].label


def test_dates_numbers_and_code_words_are_understood_in_their_cells() -> None:
    def retype(book: Workbook) -> None:
        book[SET]["B4"] = "farmer"
        book[SET]["B5"] = "TAM THOI"
        book[SET]["B11"] = 2020
        book[SET]["B13"] = "100"
        book[LEVELS]["H2"] = 10.0

    assert from_xlsx(edited(retype), "form.xlsx") == FARMER


def test_a_group_is_read_by_its_former_name_too() -> None:
    assert from_xlsx(edited(put(SET, "B4", "Nhóm khác")), "form.xlsx") == replace(FARMER, group="other")


def test_a_date_cell_is_a_date() -> None:
    read = from_xlsx(edited(put(SET, "B11", datetime(2022, 7, 28))), "form.xlsx")
    assert read.source.date == "2022-07-28"


def test_of_a_formula_the_value_is_read() -> None:
    def formula(sheet: str) -> str:
        return re.sub(r'(<c r="H2"[^>]*>)<v>10</v>', r"\1<f>5+5</f><v>10</v>", sheet)

    assert from_xlsx(repacked("xl/worksheets/sheet2.xml", formula), "form.xlsx") == FARMER


# What a clerk does not see


def hide_row(book: Workbook) -> None:
    book[LEVELS].row_dimensions[3].hidden = True


def hide_column(book: Workbook) -> None:
    book[LEVELS].column_dimensions["O"].hidden = True


def hide_sheet(book: Workbook) -> None:
    book[LEVELS].sheet_state = "hidden"


def strike(book: Workbook) -> None:
    for cell in book[LEVELS][3]:
        cell.font = Font(strike=True)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (hide_row, f'form.xlsx: sheet "{LEVELS}", row 3: is hidden; show it'),
        (hide_column, f'form.xlsx: sheet "{LEVELS}", row 1: is in part in a hidden column; show it'),
        (hide_sheet, f'form.xlsx: sheet "{LEVELS}": is hidden; show it'),
        (strike, f'form.xlsx: sheet "{LEVELS}", row 3: is struck through; show it'),
    ],
)
def test_what_is_not_to_be_seen_is_refused_unless_asked_for(edit: Callable[[Workbook], None], said: str) -> None:
    with pytest.raises(BrokenCriteria) as refused:
        from_file("form.xlsx", edited(edit))
    assert str(refused.value) == f"{said} or delete it, or import with --hidden"
    assert from_file("form.xlsx", edited(edit), hidden=True) == FARMER


def test_letters_of_old_fonts_are_refused_with_the_cure() -> None:
    with pytest.raises(BrokenCriteria, match=r"TCVN3.*Unikey"):
        from_xlsx(edited(put(LEVELS, "G2", "H»ng ngµy")), "form.xlsx")
    with pytest.raises(BrokenCriteria, match=r"line 2.*VNI.*Unikey"):
        from_file("form.toml", 'id = "x"\nname = "Coâng daân hoïc taäp"'.encode())


# Faults, by the cell


def put(sheet: str, cell: str, value: Any) -> Callable[[Workbook], None]:
    """Return an edit that sets one cell."""

    def edit(book: Workbook) -> None:
        book[sheet][cell] = value

    return edit


def edited(edit: Callable[[Workbook], None]) -> bytes:
    """Return the farmers' workbook after an edit."""
    book = load_workbook(io.BytesIO(WORKBOOK))
    edit(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def new_competency_in_row_3(book: Workbook) -> None:
    """Begin a competency without an indicator."""
    unmerge(book[LEVELS])
    book[LEVELS]["A3"] = "more"
    book[LEVELS]["B3"] = book[LEVELS]["M3"] = "Thêm"


FAULTS: dict[str, tuple[Callable[[Workbook], None], str]] = {
    "answers alike": (
        put(LEVELS, "G3", "hang ngay"),
        'sheet "Chỉ số", row 3, column "Câu trả lời": "hang ngay" reads like "Hằng ngày" of level 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "other words of two answers": (
        put(LEVELS, "T3", "thường xuyên; Ngay nao cung"),
        'sheet "Chỉ số", row 3, column "Cách gõ khác của câu trả lời": "Ngay nao cung" reads like "ngày nào cũng" '
        "of level 1 when typed without tone marks; word one of them differently",
    ),
    "a bare no": (
        put(LEVELS, "T3", "không"),
        'sheet "Chỉ số", row 3, column "Cách gõ khác của câu trả lời": "không" says only no, '
        "but this is not the lowest answer; list it there or delete it",
    ),
    "other words too long": (
        put(LEVELS, "T3", "ngày nào cũng xem, " * 3),
        'sheet "Chỉ số", row 3, column "Cách gõ khác của câu trả lời": has 56 characters, at most 40 fit; shorten it',
    ),
    "name of another question": (
        put(LEVELS, "U2", "Kế hoạch học tập"),
        'sheet "Chỉ số", row 6, column "Tên ngắn": "Kế hoạch học tập" reads like "Kế hoạch học tập" of indicator 1 '
        "when typed without tone marks; word one of them differently",
    ),
    "no English": (
        put(LEVELS, "P9", None),
        'sheet "Chỉ số", row 9, column "Câu trả lời (tiếng Anh)": is missing; add it',
    ),
    "no points": (
        put(LEVELS, "H4", None),
        'sheet "Chỉ số", row 4, column "Điểm": is missing; add it',
    ),
    "points in words": (
        put(LEVELS, "H4", "năm"),
        'sheet "Chỉ số", row 4, column "Điểm": must be a whole number; write it in digits, without quotes',
    ),
    "half points": (
        put(LEVELS, "H4", 4.5),
        'sheet "Chỉ số", row 4, column "Điểm": must be a whole number; write it in digits, without quotes',
    ),
    "points out of order": (
        put(LEVELS, "H4", 9),
        'sheet "Chỉ số", row 4, column "Điểm": 9 points after 8; '
        "order the levels from most to fewest points, each with its own",
    ),
    "competency without an indicator": (
        new_competency_in_row_3,
        'sheet "Chỉ số", row 3, column "Mã chỉ số": is missing; add it',
    ),
    "unknown word": (
        put(LEVELS, "K2", "Chắc là có"),
        'sheet "Chỉ số", row 2, column "Hỏi minh chứng": has an unknown value; write one of "asked", "none"',
    ),
    "error of a formula": (
        put(LEVELS, "G2", "#REF!"),
        'sheet "Chỉ số", row 2, column "Câu trả lời": holds the error #REF!; type the text instead of a formula',
    ),
    "yes-no value": (
        put(LEVELS, "G2", True),
        'sheet "Chỉ số", row 2, column "Câu trả lời": is not kept as text; format the cell as text and type it again',
    ),
    "version kept as a number": (
        put(SET, "B3", 2026.1),
        'sheet "Bộ tiêu chí", row 3, column "Tiếng Việt hoặc giá trị": is not kept as text; '
        "format the cell as text and type it again",
    ),
    "no total": (
        put(SET, "B14", None),
        'sheet "Bộ tiêu chí", row 14, column "Tiếng Việt hoặc giá trị": is missing; add it',
    ),
    "English name missing": (
        put(SET, "C7", None),
        'sheet "Bộ tiêu chí", row 7, column "Tiếng Anh": is missing; add it',
    ),
    "unknown line": (
        put(SET, "A7", "Tên"),
        'sheet "Bộ tiêu chí", row 7: "Tên" is no line of this sheet; correct or delete it',
    ),
    "line twice": (
        put(SET, "A7", "Phiên bản"),
        'sheet "Bộ tiêu chí", row 7: "Phiên bản" is there twice; delete one of them',
    ),
    "line missing": (
        lambda book: book[SET].delete_rows(3),
        'sheet "Bộ tiêu chí", line "Phiên bản": is missing; add it',
    ),
    "column missing": (
        put(LEVELS, "H1", "Số"),
        'sheet "Chỉ số", row 1: there is no column "Điểm"; add it, or copy the texts into a freshly exported workbook',
    ),
    "sheet missing": (
        lambda book: book.remove(book[LEVELS]),
        'sheet "Chỉ số": is missing or empty; copy the texts into a freshly exported workbook',
    ),
    "no rows": (
        lambda book: book[LEVELS].delete_rows(2, 60),
        'sheet "Chỉ số": the number of competencies is 0; give at least 3',
    ),
}


@pytest.mark.parametrize(("edit", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_workbook_is_refused_by_sheet_row_and_column(edit: Callable[[Workbook], None], message: str) -> None:
    assert refusal("form.xlsx", edited(edit)) == f"form.xlsx: {message}"


def test_a_row_that_contradicts_the_one_it_continues_is_refused() -> None:
    def contradict(book: Workbook) -> None:
        unmerge(book[LEVELS])
        book[LEVELS]["E4"] = "Một câu hỏi khác?"

    assert refusal("form.xlsx", edited(contradict)) == (
        'form.xlsx: sheet "Chỉ số", row 4, column "Câu hỏi": '
        "is not the same as in row 2, which it continues; leave the cell empty"
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("form.docx", b"", "is neither TOML nor a workbook; give a .toml or .xlsx file"),
        ("form.XLSM", WORKBOOK, "workbooks that may hold macros are refused; save it as .xlsx"),
        ("form.xls", WORKBOOK, "workbooks that may hold macros are refused; save it as .xlsx"),
        ("form.xlsx", b"PK but no zip", "is no .xlsx workbook; save it as .xlsx"),
        ("form.toml", "Đợt".encode("utf-16"), "is not in UTF-8; save it as UTF-8 text"),
        (
            "form.toml",
            bytes(6 * 2**20),
            "is too big (6.0 MB); 5 MB at most, copy the texts into a freshly exported workbook",
        ),
    ],
)
def test_other_files_are_refused(name: str, data: bytes, message: str) -> None:
    assert refusal(name, data) == f"{name}: {message}"


def test_a_workbook_with_macros_is_refused_under_any_name() -> None:
    data = with_member("xl/vbaProject.bin", b"")
    assert refusal("form.xlsx", data) == (
        "form.xlsx: workbooks with macros are refused; save it as .xlsx without macros"
    )


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    data = with_member("xl/media/image1.png", bytes(60 * 2**20))
    assert refusal("form.xlsx", data).startswith("form.xlsx: is too big (60.")


def test_a_damaged_workbook_is_refused() -> None:
    data = repacked("xl/workbook.xml", lambda text: text[:200])
    assert refusal("form.xlsx", data) == ("form.xlsx: is damaged; open it in a spreadsheet program and save it again")


@settings(max_examples=60)
@given(st.integers(0, len(WORKBOOK) - 1), st.binary(min_size=1, max_size=40))
def test_a_workbook_with_bytes_overwritten_is_read_or_refused_and_never_breaks_the_reader(
    start: int, noise: bytes
) -> None:
    data = WORKBOOK[:start] + noise + WORKBOOK[start + len(noise) :]
    with suppress(BrokenCriteria):
        from_xlsx(data, "form.xlsx")


def refusal(name: str, data: bytes) -> str:
    """Return what is said when a file is refused."""
    with pytest.raises(BrokenCriteria) as refused:
        from_file(name, data)
    return str(refused.value)


def unmerge(sheet: Any) -> None:
    """Take merged cells apart, as a clerk does before sorting."""
    for area in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(area))


def repacked(member: str, change: Callable[[str], str]) -> bytes:
    """Return the farmers' workbook with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()).encode() if name == member else text)
    return buffer.getvalue()


def with_member(name: str, content: bytes) -> bytes:
    """Return the farmers' workbook with one more part."""
    buffer = io.BytesIO(WORKBOOK)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, content)
    return buffer.getvalue()


TOML = """
id = "small"
version = "2026.1"
group = "other"
status = "official"
name = { vi = "Mẫu nhỏ", en = "Small form" }
title = { vi = "Danh hiệu", en = "Title" }
source = { document = "Quyết định", note = { vi = "Nguyên văn", en = "Verbatim" } }
pass_rule = { maximum = 30, total = 20, floor = 5 }
""" + "".join(
    f"""
[[competencies]]
id = "c{n}"
name = {{ vi = "Năng lực {n}", en = "Competency {n}" }}
[[competencies.indicators]]
id = "i{n}"
short = {{ vi = "Chỉ số {n}", en = "Indicator {n}" }}
question = {{ vi = "Câu hỏi?", en = "Question?" }}
explanation = {{ vi = "Giải thích.", en = "Explanation." }}
official = {{ vi = "Nguyên văn", en = "Wording" }}
evidence = "none"
levels = [
  {{ id = "yes", points = 10, label = {{ vi = "Có", en = "Yes" }} }},
  {{ id = "no", points = 0, label = {{ vi = "Không", en = "No" }} }},
]
"""
    for n in (1, 2, 3)
)
