"""Phiếu tự đánh giá: a form as somebody filled it in, and the same form blank, to be filled in by hand."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Blocks, Cell, Each, Layout, Look, Picture, Row, Section, Side, Space, Table, Text, When
from bot.documents.decree30 import Heading, Signature


@dataclass(frozen=True, slots=True)
class Line:
    """An indicator: what the person chose, and on a blank form what there is to choose."""

    number: int
    text: str
    level: str = ""
    points: int | None = None
    evidence: str = ""
    levels: tuple[str, ...] = ()

    @property
    def points_said(self) -> str:
        """Return the points, if there are any."""
        return "" if self.points is None else str(self.points)

    @property
    def choices(self) -> str:
        """Return the levels, each on a line with a box to mark."""
        return "\n".join(f"□ {level}" for level in self.levels)


@dataclass(frozen=True, slots=True)
class Part:
    """A competency with its indicators: `A. Tự học, học tập suốt đời`."""

    name: str
    points: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BlankForm:
    """What stands on a blank form. `address` begins the same form on a phone."""

    heading: Heading
    title: str
    year: int
    form_name: str
    village: str
    parts: tuple[Part, ...]
    rule: str
    address: str = ""
    provisional: str = ""

    @property
    def resident_signs(self) -> Signature:
        """Return the place for the resident's signature."""
        return Signature(("NGƯỜI TỰ ĐÁNH GIÁ",))

    @property
    def branch_signs(self) -> Signature:
        """Return the place for the branch's confirmation."""
        return Signature(("XÁC NHẬN CỦA CHI HỘI",))


@dataclass(frozen=True, slots=True)
class FilledForm(BlankForm):
    """What stands on a form that was filled in. `by_another` says who typed it, and that the person agreed."""

    name: str = ""
    birth_year: int | None = None
    group: str = ""
    representative: str = ""
    by_another: str = ""
    total: str = ""
    lowest: str = ""
    result: str = ""
    state: str = ""

    @property
    def resident_signs(self) -> Signature:
        """Return the place for the signature, with the name."""
        return Signature(("NGƯỜI TỰ ĐÁNH GIÁ",), self.name)


FORM_NAME = Look("Tên phiếu", 13, italic=True, align="center", before=2, after=6)
ASKED = Look("Điền vào", 13, align="justify", after=4)
RESULT = Look("Kết quả", 13, align="justify", after=4, with_next=True)
SMALL_CELL = Look("Ô phiếu", 11.5)
SMALL_CENTRED = Look("Ô phiếu, giữa", 11.5, align="center")
SMALL_BOLD = Look("Ô phiếu, đậm", 11.5, bold=True)
SMALL_HEAD = Look("Đầu phiếu", 11.5, bold=True, align="center")
UNDER_CODE = Look("Dưới mã QR", 10, italic=True, align="center")
LONG_DOTS = "." * 74


def _head(*said: str) -> tuple[Row, ...]:
    return (Row(tuple(Cell(one, SMALL_HEAD) for one in said)),)


ANSWERS = Table(
    (10, 62, 40, 16, 37),
    _head("TT", "Nội dung", "Tự đánh giá", "Điểm", "Minh chứng"),
    (
        Each(
            "part",
            "parts",
            (
                Row(
                    (
                        Cell("{{ part.name }}", SMALL_BOLD, 3),
                        Cell("{{ part.points }}", SMALL_HEAD),
                        Cell("", SMALL_CELL),
                    )
                ),
                Each(
                    "line",
                    "part.lines",
                    (
                        Row(
                            (
                                Cell("{{ line.number }}", SMALL_CENTRED),
                                Cell("{{ line.text }}", SMALL_CELL),
                                Cell("{{ line.level }}", SMALL_CELL),
                                Cell("{{ line.points_said }}", SMALL_CENTRED),
                                Cell("{{ line.evidence }}", SMALL_CELL),
                            )
                        ),
                    ),
                ),
            ),
        ),
        Row((Cell("Tổng cộng", SMALL_BOLD, 3), Cell("{{ total }}", SMALL_HEAD), Cell("", SMALL_CELL))),
    ),
)
CHOICES = Table(
    (10, 56, 64, 14, 21),
    _head("TT", "Nội dung", "Đánh dấu x vào một ô", "Điểm", "Minh chứng"),
    (
        Each(
            "part",
            "parts",
            (
                Row((Cell("{{ part.name }}", SMALL_BOLD, 5),)),
                Each(
                    "line",
                    "part.lines",
                    (
                        Row(
                            (
                                Cell("{{ line.number }}", SMALL_CENTRED),
                                Cell("{{ line.text }}", SMALL_CELL),
                                Cell("{{ line.choices }}", SMALL_CELL),
                                Cell("", SMALL_CENTRED),
                                Cell("", SMALL_CELL),
                            )
                        ),
                    ),
                ),
            ),
        ),
        Row((Cell("Tổng cộng", SMALL_BOLD, 3), Cell("", SMALL_HEAD), Cell("", SMALL_CELL))),
    ),
)
CONSENT = (
    "□ Tôi đồng ý để Hội Khuyến học lưu và dùng thông tin trong phiếu này để xét danh hiệu; tôi có quyền xem, sửa và"
    " yêu cầu xóa."
)
# Asked by itself, and of nobody's result: who leaves it empty is not named.
CONSENT_TO_NAME = "□ Tôi đồng ý nêu tên trên danh sách niêm yết (không bắt buộc; để trống thì chỉ được tính số)."


def _title() -> Blocks:
    return (*form.title("PHIẾU TỰ ĐÁNH GIÁ", "“{{ title }}” năm {{ year }}"), Text("{{ form_name }}", FORM_NAME))


def _signatures() -> Blocks:
    return (
        Space(2),
        Side(((82.5, (Text("", form.PLACE),)), (82.5, (Text("{{ heading.place_and_day }}", form.PLACE),)))),
        Side(((82.5, form.signed("branch_signs")), (82.5, form.signed("resident_signs")))),
    )


FILLED = Layout(
    "form",
    "Phiếu tự đánh giá",
    FilledForm,
    ("name", "birth_year", "village", "parts", "total", "result", "by_another", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(numbered=False),
                *_title(),
                Side(
                    (
                        (115, (Text("{{ name }}", ASKED, lead="Họ và tên: "),)),
                        (50, (Text("{{ birth_year }}", ASKED, lead="Năm sinh: "),)),
                    )
                ),
                Text("{{ village }}", ASKED, lead="Nơi ở: "),
                Text("{{ group }}", ASKED, lead="Nhóm nghề nghiệp: "),
                When("representative", (Text("{{ representative }}", ASKED, lead="Người đại diện: "),)),
                When("by_another", (Text("{{ by_another }}", ASKED, lead="Người làm hộ: "),)),
                ANSWERS,
                Text("{{ total }} điểm; {{ lowest }}.", RESULT, lead="Kết quả: "),
                Text("{{ result }}", RESULT),
                Text("{{ state }}", RESULT, lead="Tình trạng: "),
                *_signatures(),
            ),
        ),
    ),
)

BLANK = Layout(
    "blank-form",
    "Phiếu tự đánh giá để điền bằng tay",
    BlankForm,
    ("title", "year", "parts", "rule", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(numbered=False),
                *_title(),
                Side(
                    (
                        (
                            132,
                            (
                                Text(LONG_DOTS, ASKED, lead="Họ và tên: "),
                                Text(f"{form.DOTS}{form.DOTS}", ASKED, lead="Năm sinh: "),
                                Text("{{ village }}", ASKED, lead="Nơi ở: "),
                                Text(LONG_DOTS[44:], ASKED, lead="Người đại diện (nếu dưới 16 tuổi): "),
                                Text(CONSENT, ASKED),
                                Text(CONSENT_TO_NAME, ASKED),
                            ),
                        ),
                        (
                            33,
                            (
                                When(
                                    "address",
                                    (
                                        Picture("{{ address }}", 27),
                                        Text("Làm trên điện thoại: quét mã này", UNDER_CODE),
                                    ),
                                ),
                                Text("", UNDER_CODE),
                            ),
                        ),
                    )
                ),
                CHOICES,
                Text("{{ rule }}", ASKED),
                *_signatures(),
            ),
        ),
    ),
)
