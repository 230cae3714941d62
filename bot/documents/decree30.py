"""The form of administrative documents: Decree 30/2020/NĐ-CP, Appendices I to III, in millimetres and points.

Where the decree leaves a range, one value of it is chosen here. The parts stand in the order of the decree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.documents.blocks import Blocks, Cell, Each, Look, Page, Row, Rule, Side, Space, Table, Text, When
from flows.words.place_names import inside_sentence, keeps_its_noun

# The page: A4, margins top and bottom 20–25, left 30–35, right 15–20. Tables that are no appendix lie across.
A4 = Page(210, 297, top=20, bottom=20, left=30, right=15)
A4_ACROSS = Page(297, 210, top=20, bottom=20, left=30, right=15)
PAGE_NUMBER = Look("Số trang", 14, align="center")
FONT = "Times New Roman"

# The heading: 12–13 and 13–14. With 12 and 13 the nation's name stands in one line beside the body's.
NATION = Look("Quốc hiệu", 12, bold=True, align="center")
MOTTO = Look("Tiêu ngữ", 13, bold=True, align="center")
ABOVE = Look("Cơ quan chủ quản", 12, align="center")
BODY = Look("Cơ quan ban hành", 12, bold=True, align="center")
NUMBER = Look("Số, ký hiệu", 13, align="center", before=6, after=6)
PLACE = Look("Địa danh, thời gian", 13, italic=True, align="center", before=6, after=6)
LEFT, RIGHT = 75.0, 90.0
AS_LONG, SHORT = 1.0, 0.4  # as long as the text; a third to a half of it

# Kind and subject, who decides, grounds, the text: 13–14.
KIND = Look("Tên loại", 14, bold=True, align="center", before=12, with_next=True)
SUBJECT = Look("Trích yếu", 14, bold=True, align="center", with_next=True)
WHO_DECIDES = Look("Thẩm quyền ban hành", 14, bold=True, align="center", before=12, after=6, with_next=True)
DECIDES = Look("Quyết định", 14, bold=True, align="center", before=6, after=6, with_next=True)
TO_WHOM = Look("Kính gửi", 14, align="center", before=12, after=12)
# Of several, each stands on a line of its own.
TO_MANY = Look("Kính gửi nhiều nơi", 14, first_line=30, before=12, with_next=True)
TO_EACH = Look("Kính gửi, từng nơi", 14, first_line=50, with_next=True)
GROUND = Look("Căn cứ", 14, italic=True, align="justify", first_line=12.7, after=6, line=1.1)
TEXT = Look("Nội dung", 14, align="justify", first_line=12.7, after=6, line=1.1)
TEXT_FIRST = Look("Nội dung, đoạn đầu", 14, align="justify", first_line=12.7, before=12, after=6, line=1.1)
# The last sentence goes with the signature: no signature stands on a page by itself.
TEXT_LAST = Look("Nội dung, câu kết", 14, align="justify", first_line=12.7, after=6, line=1.1, with_next=True)
PART = Look("Mục", 14, bold=True, align="justify", first_line=12.7, after=6, line=1.1, with_next=True)
NOTE = Look("Ghi chú", 12, italic=True, align="center", before=6, after=6)

# The signature 13–14; recipients 12 and 11.
OFFICE = Look("Quyền hạn, chức vụ", 14, bold=True, align="center", with_next=True)
HOW_TO_SIGN = Look("Cách ký", 13, italic=True, align="center", with_next=True)
SIGNER = Look("Họ tên người ký", 14, bold=True, align="center")
RECIPIENTS = Look("Nơi nhận", 12, bold=True, italic=True)
RECIPIENT = Look("Nơi nhận, từng dòng", 11)
SMALL = Look("Chữ nhỏ", 9, before=10)
ROOM_TO_SIGN = 26.0

# The appendix: 14 and 13–14. Tables follow no rule but that they can be read.
APPENDIX = Look("Phụ lục", 14, bold=True, align="center", with_next=True)
APPENDIX_TITLE = Look("Tên phụ lục", 14, bold=True, align="center", with_next=True)
OF_WHAT = Look("Kèm theo", 14, italic=True, align="center", with_next=True)
HEAD_CELL = Look("Đầu bảng", 13, bold=True, align="center")
CELL = Look("Ô bảng", 13)
CELL_CENTRED = Look("Ô bảng, giữa", 13, align="center")

NATION_SAID = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO_SAID = "Độc lập - Tự do - Hạnh phúc"
# What is written by hand later. These spaces are not taken together, neither in Word nor in a pdf.
BLANK = "\u00a0" * 6
DOTS = "." * 24


# What stands there


@dataclass(frozen=True, slots=True)
class Heading:
    """The top of a paper: who issues it, under whom, its number and symbol, the place and the day.

    Without a number or a day their places are blank: on paper they come after the signature.
    """

    body: str
    above: str = ""
    symbol: str = ""
    place: str = ""
    number: str = ""
    day: date | None = None
    year: int | None = None

    @property
    def number_and_symbol(self) -> str:
        """Say `Số: 05/QĐ-UBND`; nothing for a paper without a number."""
        return f"Số: {self.number or BLANK}/{self.symbol}" if self.symbol else ""

    @property
    def place_and_day(self) -> str:
        """Say `Thần Khê, ngày 05 tháng 01 năm 2026`."""
        return f"{self.place}, {day_said(self.day, self.year)}"

    @property
    def reference(self) -> str:
        """Say how another paper names this one: `số 05/QĐ-UBND ngày 05 tháng 01 năm 2026`."""
        return f"số {self.number or BLANK}/{self.symbol} {day_said(self.day, self.year)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs: the lines of authority and office, and the name."""

    lines: tuple[str, ...]
    name: str = ""


def number_said(number: int) -> str:
    """Write a paper's number: below 10 with a 0."""
    return f"{number:02}"


def day_said(day: date | None, year: int | None = None) -> str:
    """Write a day: those below 10 and the months 1 and 2 with a 0. A day that is not known is left blank."""
    if day is None:
        return f"ngày {BLANK} tháng {BLANK} năm {year or BLANK}"
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def place_of(name: str) -> str:
    """Return the place of a commune's papers: `Thần Khê`, but `Phường 5` and `Xã Lê Quý Đôn` in full."""
    inside = inside_sentence(name)
    if keeps_its_noun(name):
        return name
    noun = next((noun for noun in ("xã ", "phường ", "thị trấn ", "đặc khu ", "tỉnh ") if inside.startswith(noun)), "")
    return inside.removeprefix(noun)


def authority(head: str, collective: str = "", *, by_deputy: bool = False) -> tuple[str, ...]:
    """Return the lines above a signature. A head who decides by their own power signs without TM.; a deputy for them
    with KT."""
    signs = (f"KT. {head}", f"PHÓ {head}") if by_deputy else (head,)
    return (f"TM. {collective}", *signs) if collective else signs


def grounds(*said: str) -> tuple[str, ...]:
    """Punctuate grounds: one a line with `;`, the last with `.`"""
    plain = [one.strip().rstrip(".;, ") for one in said if one.strip()]
    return tuple(f"{one}{'.' if place == len(plain) else ';'}" for place, one in enumerate(plain, 1))


def recipients(named: Sequence[str], kept: str = "VT") -> tuple[str, ...]:
    """Punctuate recipients: each with `;`, the last is what is kept."""
    return (*(f"- {one.strip().rstrip('.;')};" for one in named if one.strip()), f"- Lưu: {kept.rstrip('.')}.")


# How it is laid out


def heading(page: Page = A4, *, numbered: bool = True, dated: bool = True) -> Blocks:
    """Lay out the top of a paper. Minutes have no place and day there, forms and lists no number either."""
    left, right = (LEFT, RIGHT) if page is A4 else (page.room - 1.4 * RIGHT, 1.4 * RIGHT)
    names: Blocks = (
        When("heading.above", (Text("{{ heading.above }}", ABOVE),)),
        Text("{{ heading.body }}", BODY),
        Rule(SHORT),
    )
    nation: Blocks = (Text(NATION_SAID, NATION), Text(MOTTO_SAID, MOTTO), Rule(AS_LONG))
    number: Blocks = (Text("{{ heading.number_and_symbol }}", NUMBER),)
    day: Blocks = (Text("{{ heading.place_and_day }}" if dated else "", PLACE),)
    top = Side(((left, names), (right, nation)))
    return (top, Side(((left, number), (right, day)))) if numbered else (top,)


def title(kind: str, *subject: str) -> Blocks:
    """Lay out the kind of a paper and what it is about, with a line under it."""
    return (Text(kind, KIND), *(Text(line, SUBJECT) for line in subject), Rule(SHORT), PROVISIONAL)


# Whatever rests on provisional criteria says so, always in the words of the chat.
PROVISIONAL = When("provisional", (Text("{{ provisional }}", NOTE),))


def signed(who: str = "signature", *, how: str = "") -> Blocks:
    """Lay out a signature: the offices, room to sign, the name."""
    return (
        Each("line", f"{who}.lines", (Text("{{ line }}", OFFICE),)),
        *((Text(how, HOW_TO_SIGN),) if how else ()),
        Space(ROOM_TO_SIGN),
        Text(f"{{{{ {who}.name }}}}", SIGNER),
    )


# The newest link of the trail of what was decided: with it on paper, nobody can cut the trail's end unseen.
TRAIL: Blocks = (When("trail", (Text("{{ trail }}", SMALL),)),)

RECIPIENTS_LISTED: Blocks = (
    Text("Nơi nhận:", RECIPIENTS),
    Each("recipient", "recipients", (Text("{{ recipient }}", RECIPIENT),)),
)


def ending(right: Blocks, left: Blocks = RECIPIENTS_LISTED) -> Blocks:
    """Lay out the end of a paper: recipients, or another signature, level with the signature."""
    return (Space(4), Side(((75, left), (90, right))))


def appendix(name: str, *, to: str, title_lines: Sequence[str]) -> Blocks:
    """Lay out the top of an appendix; it begins a section, so that its pages are numbered by themselves."""
    return (
        *((Text(name, APPENDIX),) if name else ()),
        *(Text(line, APPENDIX_TITLE) for line in title_lines),
        Text(f"(Kèm theo {to})", OF_WHAT),
        Rule(SHORT),
        PROVISIONAL,
    )


def table_of_people(columns: Sequence[tuple[str, float, str, Look]], of: str) -> Table:
    """Lay out a list: a number, and for each of the people what the columns say (heading, width, text, look)."""
    return Table(
        (12, *(width for _head, width, _text, _look in columns)),
        (Row((Cell("STT", HEAD_CELL), *(Cell(head, HEAD_CELL) for head, _width, _text, _look in columns))),),
        (
            Each(
                "person",
                of,
                (Row((Cell("{{ loop.index }}", CELL_CENTRED), *(Cell(text, look) for _, _, text, look in columns))),),
            ),
        ),
    )
