"""The report of a notice: a row for every recipient, and sums that come out."""

import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape

from bot.reports.notices import NoticeReport, ReportHeading, ReportRow
from flows.notices.notice import Audience, Content, LedgerState, Notice, NoticeAnswer
from flows.words.spelling import has_invisible
from flows.words.wording import Catalogue
from tests.sample import CATALOGUES, NOW, ZONE

EN, VI = CATALOGUES["en"], CATALOGUES["vi"]
STATES: tuple[LedgerState, ...] = get_args(LedgerState)
ANSWERS: tuple[NoticeAnswer, ...] = get_args(NoticeAnswer)
CONTENT = Content("*Kính mời* họp thôn\n\nLúc 8 giờ", asks_who_comes=True)
NOTICE = Notice(5, 1, CONTENT, Audience((1,)), "done", started_at=NOW, author_name="Trần Văn Bình")
HEADING = ReportHeading(NOTICE, NOW + timedelta(hours=1), ZONE)
LAN = ReportRow("Thôn Đông, Xã Tân An", "Nguyễn Thị Lan", "telegram", "Tiếng Việt", "sent", NOW, None, "come")

answers = st.one_of(st.none(), st.sampled_from(ANSWERS))
rows = st.builds(
    ReportRow,
    village=st.sampled_from(["", "Thôn Đông", "Thôn 2", "Thôn 10"]),
    name=st.text(max_size=30),
    channel=st.sampled_from(["web", "telegram", "pigeon"]),
    language=st.sampled_from(["", "Tiếng Việt", "English", "fr"]),
    state=st.sampled_from(STATES),
    at=st.one_of(st.none(), st.just(NOW)),
    error=st.one_of(st.none(), st.text(max_size=30)),
    answer=answers,
)


def write_report(rows: Iterable[ReportRow], heading: ReportHeading, words: Catalogue) -> bytes:
    with NoticeReport(heading, words) as growing:
        growing.add(rows)
        return growing.finished()


def report(*rows: ReportRow, heading: ReportHeading = HEADING) -> Workbook:
    return load_workbook(io.BytesIO(write_report(rows, heading, EN)))


def table(book: Workbook, sheet: str) -> list[list[Any]]:
    return [list(row) for row in book[sheet].iter_rows(values_only=True)]


def counts(book: Workbook, title: str) -> dict[str, int]:
    """Return the numbers of the summary under a title, down to their total."""
    listed = table(book, "Summary")
    first = next(number for number, row in enumerate(listed) if row[0] == title) + 1
    last = next(number for number in range(first, len(listed)) if listed[number][0] == "Total")
    return {row[0]: row[1] for row in listed[first : last + 1]}


def test_a_recipient_is_a_row() -> None:
    erased = ReportRow("", "", "web", "", "blocked", NOW, "Forbidden: bot was blocked by the user")
    _heading, *listed = table(report(LAN, erased), "Recipients")
    at = datetime(2026, 10, 1, 8, 0)
    assert listed == [
        ["Thôn Đông, Xã Tân An", "Nguyễn Thị Lan", "Telegram", "Tiếng Việt", "Sent", at, None, "I'll come"],
        ["–", "–", "Web chat", None, "Has blocked the bot", at, "Forbidden: bot was blocked by the user", None],
    ]


def test_times_are_those_of_the_place() -> None:
    _heading, row = table(report(replace(LAN, at=NOW.astimezone(UTC))), "Recipients")
    assert row[5] == datetime(2026, 10, 1, 8, 0)


def test_the_summary_tells_what_it_was_and_how_it_went() -> None:
    book = report(LAN, LAN, replace(LAN, state="failed", answer=None), replace(LAN, answer="cannot"))
    assert [row[:2] for row in table(book, "Summary")[:8]] == [
        ["Report of notice 5", None],
        [None, None],
        ["Written by", "Trần Văn Bình"],
        ["State", "sent"],
        ["Begun", datetime(2026, 10, 1, 8, 0)],
        ["Ended", "–"],
        ["As of", datetime(2026, 10, 1, 9, 0)],
        ["Text", "Kính mời họp thôn\n\nLúc 8 giờ"],
    ]
    assert counts(book, "Result") == {"Sent": 3, "Failed": 1, "Total": 4}
    assert counts(book, "Answer") == {"I'll come": 2, "I can't come": 1, "No answer": 1, "Total": 4}


def test_villages_stand_in_the_order_in_which_people_count_and_the_erased_last() -> None:
    names = ["Thôn 10", "", "thôn 2", "Đoài", "Dinh"]
    book = report(*(replace(LAN, village=name) for name in names))
    assert [row[:3] for row in table(book, "By village")] == [
        ["Village or workplace", "Recipients", "Sent"],
        ["Dinh", 1, 1],
        ["Đoài", 1, 1],
        ["thôn 2", 1, 1],
        ["Thôn 10", 1, 1],
        ["–", 1, 1],
        ["Total", 5, 5],
    ]


@settings(max_examples=40)
@given(st.lists(rows, max_size=30))
def test_whatever_comes_in_everything_sums_to_the_recipients(listed: list[ReportRow]) -> None:
    book = report(*listed)
    assert len(table(book, "Recipients")) == 1 + len(listed)
    for title in ("Result", "Answer"):
        numbers = counts(book, title)
        assert numbers.pop("Total") == sum(numbers.values()) == len(listed)
    _heading, *villages, total = table(book, "By village")
    states = len({row.state for row in listed})
    for village in [*villages, total]:
        assert village[1] == sum(village[2 : 2 + states])
    assert total[1:] == [sum(column) for column in zip(*(village[1:] for village in villages), strict=True)] or [0]
    assert total[1] == len(listed)


def test_a_notice_that_asks_nobody_has_no_answers() -> None:
    quiet = replace(HEADING, notice=replace(NOTICE, content=Content("Nghỉ lễ")))
    book = report(replace(LAN, answer=None), heading=quiet)
    assert "Answer" not in [row[0] for row in table(book, "Summary")]


FORMULAS = [
    '=HYPERLINK("https://elsewhere.example","Lan")',
    "=1+1",
    "+84912345678",
    "-1",
    "@SUM(A1:A9)",
    "{=1+1}",
    "=cmd|' /C calc'!A0",
    "\t=1+1",
    "\n=1+1",
    "https://elsewhere.example",
    "mailto:lan@elsewhere.example",
    "internal:Summary!A1",
    "1e5",
    "TRUE",
    "#REF!",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_that_people_write_becomes_a_formula_a_link_or_a_number(text: str) -> None:
    row = ReportRow(text, text, text, text, "failed", NOW, text)
    notice = replace(NOTICE, author_name=text, content=Content(text))
    made = write_report([row], replace(HEADING, notice=notice), EN)
    with zipfile.ZipFile(io.BytesIO(made)) as unpacked:
        xml = "".join(unpacked.read(name).decode() for name in unpacked.namelist() if "worksheets" in name)
        assert not [name for name in unpacked.namelist() if "externalLink" in name or "sheet1.xml.rels" in name]
    assert not re.findall(r"<f[ >]|<hyperlink", xml)
    book = load_workbook(io.BytesIO(made))
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "d"}
    shown = [cell.value for cell in book["Recipients"][2]]
    assert [str(value).strip() for value in (*shown[:4], shown[6])] == [text.strip()] * 5


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_a_name_is_read_back_as_it_is_but_for_hidden_characters(name: str) -> None:
    _heading, row = table(report(replace(LAN, name=name)), "Recipients")
    read = unescape(row[1] or "")
    assert read == name if name.isprintable() else not has_invisible(read)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("_x0041_", "_x0041_"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("  Lan  ", "  Lan  "),
        ("\ufffeLan\uffff", "Lan"),
        ("Lan\0\x1b[31m", "Lan[31m"),
        ("\u202egnùr", "gnùr"),
    ],
)
def test_names_with_strange_characters_stay_readable(name: str, shown: str) -> None:
    _heading, row = table(report(replace(LAN, name=name)), "Recipients")
    assert unescape(row[1]) == shown


def test_very_long_texts_are_cut_and_the_file_still_opens() -> None:
    long = "x" * 100_000
    notice = replace(NOTICE, author_name=long, content=Content(long + "\n" * 5000))
    book = report(ReportRow(long, long, long, long, "failed", NOW, long), heading=replace(HEADING, notice=notice))
    assert max(len(str(value)) for value in table(book, "Recipients")[1]) == 5000


def test_the_list_can_be_filtered_and_its_heading_stays_in_sight() -> None:
    sheet = report(LAN, LAN)["Recipients"]
    assert (sheet.auto_filter.ref, sheet.freeze_panes, sheet.print_title_rows) == ("A1:H3", "A2", "$1:$1")
    assert [sheet.column_dimensions[letter].width > 12 for letter in "ABCDEFGH"] == [True] * 8


def test_a_report_of_nobody_is_one_too() -> None:
    book = report()
    assert (len(table(book, "Recipients")), counts(book, "Result")) == (1, {"Total": 0})


def test_more_recipients_than_a_sheet_takes_go_on_on_the_next() -> None:
    with NoticeReport(HEADING, EN, rows_a_sheet=3) as growing:
        for number in range(7):
            growing.add([replace(LAN, name=f"Lan {number}")])
        book = load_workbook(io.BytesIO(growing.finished()))
    assert book.sheetnames == ["Summary", "By village", "Recipients", "Recipients 2", "Recipients 3"]
    assert [row[1] for sheet in book.sheetnames[2:] for row in table(book, sheet)[1:]] == [f"Lan {n}" for n in range(7)]
    assert book["Recipients 3"].auto_filter.ref == "A1:H2"
    assert counts(book, "Result")["Total"] == 7


def test_it_is_in_the_language_of_whoever_asked() -> None:
    book = load_workbook(io.BytesIO(write_report([LAN], HEADING, VI)))
    assert book.sheetnames == [VI.gettext(name) for name in ("Summary", "By village", "Recipients")]
    assert [cell.value for cell in book[book.sheetnames[-1]][2]][2:5] == ["Telegram", "Tiếng Việt", "Đã gửi"]


def test_many_recipients_need_no_more_memory_than_few() -> None:
    def many(number: int) -> Iterator[ReportRow]:
        return (replace(LAN, name=f"Nguyễn Thị Lan {one}", village=f"Thôn {one % 50}") for one in range(number))

    def peak(number: int) -> int:
        tracemalloc.start()
        with NoticeReport(HEADING, EN) as growing:
            growing.add(many(number))
            _current, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # what is imported once
    assert peak(4_000) < peak(500) + 200_000


def test_a_report_given_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        write_report((replace(LAN, name=str(1 // number)) for number in (1, 0)), HEADING, EN)
    write_report([LAN], HEADING, EN)
    assert list(tmp_path.iterdir()) == []
