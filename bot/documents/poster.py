"""Áp phích: a village's code on a wall, scanned with any phone. One page a village."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Each, Layout, Look, Page, Picture, Section, Side, Text, When


@dataclass(frozen=True, slots=True)
class Code:
    """An address that begins a conversation in a village, and the channel it leads to."""

    channel: str
    address: str

    @property
    def shown(self) -> str:
        """Return the address as people type it."""
        return self.address.partition("://")[2]


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on one poster. A second code leads to a second channel."""

    village: str
    above: str
    first: Code
    second: Code | None = None


@dataclass(frozen=True, slots=True)
class Posters:
    """The posters of some villages. `by` is who puts them up."""

    posters: tuple[Poster, ...]
    by: str
    title: str
    provisional: str = ""


PAGE = Page(210, 297, top=18, bottom=16, left=18, right=18, numbered=False, frame=True)
BY = Look("Đơn vị", 16, bold=True, align="center", new_page=True)
TITLE = Look("Danh hiệu", 36, bold=True, align="center", before=24)
VILLAGE = Look("Tên thôn", 46, bold=True, align="center", before=26)
ABOVE = Look("Tên xã", 24, align="center", after=22)
CALL = Look("Lời mời", 23, bold=True, align="center", before=26, after=10)
HOW = Look("Cách làm", 17, align="center", after=8)
CHANNEL = Look("Kênh", 15, bold=True, align="center")
ADDRESS = Look("Địa chỉ", 12, align="center")


def _code(code: str, width: float) -> tuple[Picture | Text, ...]:
    address = Text(f"{{{{ {code}.shown }}}}", ADDRESS)
    return (Picture(f"{{{{ {code}.address }}}}", width), Text(f"{{{{ {code}.channel }}}}", CHANNEL), address)


LAYOUT = Layout(
    "poster",
    "Áp phích mã QR của thôn",
    Posters,
    ("posters",),
    (
        Section(
            PAGE,
            (
                Each(
                    "poster",
                    "posters",
                    (
                        Text("{{ by }}", BY),
                        Text("TỰ ĐÁNH GIÁ\n“{{ title|upper }}”", TITLE),
                        Text("{{ poster.village }}", VILLAGE),
                        Text("{{ poster.above }}", ABOVE),
                        When("not poster.second", _code("poster.first", 98)),
                        When(
                            "poster.second",
                            (Side(((87, _code("poster.first", 76)), (87, _code("poster.second", 76)))),),
                        ),
                        Text("Mở máy ảnh hoặc Zalo, quét mã để bắt đầu", CALL),
                        Text("Mười câu hỏi, khoảng mười phút.\nKhông phải cài đặt, không hỏi số căn cước.", HOW),
                        Text("Không có điện thoại thông minh? Xin gặp chi hội trưởng.", HOW),
                        form.PROVISIONAL,
                    ),
                ),
            ),
        ),
    ),
)
