"""Báo cáo năm, báo cáo 6 tháng: what came of the year, in words and on a statistics sheet.

What the program cannot know (members, funds, what was hard) is blank, to be filled in by whoever reports.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from bot.documents import decree30 as form
from bot.documents.blocks import Cell, Each, Layout, Look, Row, Section, Space, Table, Text
from bot.documents.decree30 import Heading, Signature


@dataclass(frozen=True, slots=True)
class Figures:
    """How many people of a unit registered, handed in a form, were confirmed by the branch, reach the points, and were
    recognised."""

    registered: int = 0
    submitted: int = 0
    confirmed: int = 0
    passed: int = 0
    recognised: int = 0

    @property
    def share(self) -> str:
        """Return how many of those registered were recognised, in percent."""
        return percent(self.recognised, self.registered)

    @property
    def submitted_said(self) -> str:
        """Say how many handed in a form: `654 (82,0%)`."""
        return str(self.submitted) + _in_brackets(self.submitted, self.registered)

    @property
    def recognised_said(self) -> str:
        """Say how many of those registered were recognised: `450/798 (56,4%)`."""
        return f"{self.recognised}/{self.registered}" + _in_brackets(self.recognised, self.registered)


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """The figures of a unit below the one that reports."""

    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class YearReport:
    """What stands on a report. `period` is `năm 2026` or `6 tháng đầu năm 2026`."""

    heading: Heading
    period: str
    to: tuple[str, ...]
    title: str
    units: tuple[UnitFigures, ...]
    signature: Signature
    recipients: tuple[str, ...]
    provisional: str = ""

    @property
    def total(self) -> Figures:
        """Return the sum of all units."""
        return sum_of(unit.figures for unit in self.units)

    @property
    def taking_part(self) -> int:
        """Return in how many units somebody registered."""
        return sum(unit.figures.registered > 0 for unit in self.units)

    @property
    def unit_count(self) -> int:
        """Return how many units there are."""
        return len(self.units)

    @property
    def reference(self) -> str:
        """Say which report this is."""
        return f"Báo cáo {self.heading.reference}"


def sum_of(figures: Iterable[Figures]) -> Figures:
    """Add figures up."""
    all_of_them = list(figures)
    return Figures(**{one.name: sum(getattr(each, one.name) for each in all_of_them) for one in fields(Figures)})


def percent(part: int, whole: int) -> str:
    """Return a share as it is written in Vietnamese: `87,5`; nothing of nothing."""
    return f"{100 * part / whole:.1f}".replace(".", ",") if whole else "–"


def _in_brackets(part: int, whole: int) -> str:
    return f" ({percent(part, whole)}%)" if whole else ""


DOTTED = "\n".join(["." * 132] * 2)
BY_HAND = Text(DOTTED, Look("Viết tay", 14, after=6, line=1.3))
LAST_BY_HAND = Text(DOTTED, Look("Viết tay, cuối", 14, after=6, line=1.3, with_next=True))
SHEET_HEAD = Look("Đầu biểu", 11, bold=True, align="center")
SHEET_CELL = Look("Ô biểu", 11)
SHEET_NUMBER = Look("Ô biểu, số", 11, align="center")
SHEET_TOTAL = Look("Ô biểu, tổng", 11, bold=True, align="center")

RESULTS = Table(
    (12, 108, 45),
    (Row(tuple(Cell(head, form.HEAD_CELL) for head in ("STT", "Nội dung", "Số lượng"))),),
    tuple(
        Row((Cell(str(place), form.CELL_CENTRED), Cell(said, form.CELL), Cell(value, form.CELL_CENTRED)))
        for place, (said, value) in enumerate(
            (
                ("Thôn, tổ dân phố có người đăng ký", "{{ taking_part }}/{{ unit_count }}"),
                ("Người đăng ký", "{{ total.registered }}"),
                ("Người đã nộp phiếu tự đánh giá", "{{ total.submitted_said }}"),
                ("Người được chi hội xác nhận", "{{ total.confirmed }}"),
                ("Trong đó đủ điểm để đề nghị công nhận", "{{ total.passed }}"),
                (
                    "Người được công nhận / người đăng ký",
                    "{{ total.recognised_said }}",
                ),
            ),
            1,
        )
    ),
)


def _sheet_row(number: str, name: str, figures: str, look: Look, name_look: Look) -> Row:
    counts = ("registered", "submitted", "passed", "recognised", "share")
    empty = tuple(Cell("", look) for _ in range(6))
    said = tuple(Cell(f"{{{{ {figures}.{count} }}}}", look) for count in counts)
    return Row((Cell(number, look), Cell(name, name_look), Cell("", look), *said, *empty))


EVERY_UNIT = _sheet_row("{{ loop.index }}", "{{ unit.name }}", "unit.figures", SHEET_NUMBER, SHEET_CELL)
SHEET = Table(
    (12, 44, 18, 18, 18, 18, 20, 16, 14, 16, 16, 16, 16, 10),
    (
        Row(
            (
                Cell("STT", SHEET_HEAD, down=2),
                Cell("Đơn vị", SHEET_HEAD, down=2),
                Cell("“{{ title }}”", SHEET_HEAD, across=6),
                Cell("Số chi hội", SHEET_HEAD, down=2),
                Cell("Hội viên", SHEET_HEAD, across=2),
                Cell("Quỹ khuyến học", SHEET_HEAD, across=2),
                Cell("Ghi chú", SHEET_HEAD, down=2),
            )
        ),
        Row(
            tuple(
                Cell(head, SHEET_HEAD)
                for head in (
                    "Tổng số", "Đăng ký", "Nộp phiếu", "Đủ điểm", "Được công nhận", "Tỷ lệ %", "Số người",
                    "% dân số", "Tổng số", "Bình quân/ người",
                )
            )
        ),
    ),
    (
        Each("unit", "units", (EVERY_UNIT,)),
        _sheet_row("", "Tổng cộng", "total", SHEET_TOTAL, SHEET_TOTAL),
    ),
)  # fmt: skip

LAYOUT = Layout(
    "year",
    "Báo cáo năm",
    YearReport,
    ("heading", "period", "title", "total", "units", "signature", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(),
                *form.title("BÁO CÁO", "Kết quả xây dựng mô hình “{{ title }}” {{ period }}"),
                Text("Kính gửi:", form.TO_MANY),
                Each("one", "to", (Text("- {{ one }}", form.TO_EACH),)),
                Space(3),
                Text("I. KẾT QUẢ BÌNH XÉT, CÔNG NHẬN", form.PART),
                RESULTS,
                Text(
                    "Số liệu từng thôn, tổ dân phố có trong biểu kèm theo. Tỷ lệ tính trên số người đăng ký.", form.TEXT
                ),
                Text("II. SỰ THAM GIA CỦA NGƯỜI DÂN", form.PART),
                BY_HAND,
                Text("III. CÔNG TÁC CHỈ ĐẠO, TỔ CHỨC CỦA HỘI KHUYẾN HỌC", form.PART),
                BY_HAND,
                Text("IV. KHÓ KHĂN, VƯỚNG MẮC", form.PART),
                BY_HAND,
                Text("V. ĐỀ XUẤT, KIẾN NGHỊ", form.PART),
                LAST_BY_HAND,
                *form.ending(form.signed()),
            ),
        ),
        Section(
            form.A4_ACROSS,
            (
                *form.appendix("", to="{{ reference }}", title_lines=("BIỂU SỐ LIỆU {{ period|upper }}",)),
                SHEET,
            ),
        ),
    ),
)
