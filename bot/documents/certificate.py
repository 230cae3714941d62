"""Giấy chứng nhận: one certificate or a whole village's in one file, on A4 or A5 across.

No form binds it; the order is the usual one. The QR code opens the page on which everybody sees whether it is valid.
"""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Each, Layout, Look, Page, Picture, Rule, Section, Side, Space, Text, When

LONG_NAME = 34


@dataclass(frozen=True, slots=True)
class Certificate:
    """What stands on one certificate. `number` is the running number of the register, `decision` the decision's
    number and day in a sentence, `address` its public page."""

    name: str
    village: str
    title: str
    year: int
    number: int
    decision: str
    place_and_day: str
    signer: str = ""
    address: str = ""

    @property
    def has_long_name(self) -> bool:
        """Tell whether the name is set smaller, to stay on few lines."""
        return len(self.name) > LONG_NAME

    @property
    def number_said(self) -> str:
        """Write the running number."""
        return form.number_said(self.number)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates of one decision or of several. `who` is who decided, in capitals; `office` the lines of authority
    over each signature."""

    who: str
    certificates: tuple[Certificate, ...]
    office: tuple[str, ...]
    provisional: str = ""


A4_ACROSS = Page(297, 210, top=22, bottom=18, left=26, right=26, numbered=False, frame=True)
A5_ACROSS = Page(210, 148, top=16, bottom=13, left=19, right=19, numbered=False, frame=True)


def _layout(name: str, title: str, page: Page, scale: float) -> Layout:
    def look(style: str, size: float, *, bold: bool = False, italic: bool = False, before: float = 0) -> Look:
        points = round(size * scale * 2) / 2
        return Look(style, points, bold=bold, italic=italic, align="center", before=round(before * scale))

    nation = Look("Quốc hiệu", look("", 15).size, bold=True, align="center", new_page=True)
    small = Look("Chữ nhỏ", max(look("", 11).size, 8.5))
    half = page.room / 2
    one = (
        Text(form.NATION_SAID, nation),
        Text(form.MOTTO_SAID, look("Tiêu ngữ", 16, bold=True)),
        Rule(form.AS_LONG),
        Text("{{ who }}", look("Cơ quan ban hành", 17, bold=True, before=20)),
        Text("GIẤY CHỨNG NHẬN", look("Tên giấy", 42, bold=True, before=14)),
        Text("Chứng nhận", look("Lời dẫn", 18, italic=True, before=10)),
        When(
            "not certificate.has_long_name",
            (Text("{{ certificate.name }}", look("Họ và tên", 32, bold=True, before=8)),),
        ),
        When(
            "certificate.has_long_name",
            (Text("{{ certificate.name }}", look("Họ và tên, dài", 18, bold=True, before=4)),),
        ),
        Text("{{ certificate.village }}", look("Nơi ở", 18, before=6)),
        Text("Đạt danh hiệu", look("Lời dẫn", 18, italic=True, before=10)),
        Text("“{{ certificate.title }}” năm {{ certificate.year }}", look("Danh hiệu", 26, bold=True, before=8)),
        Space(7 * scale),
        Side(
            (
                (
                    half,
                    (
                        When("certificate.address", (Picture("{{ certificate.address }}", 27 * scale, "left"),)),
                        Text("{{ certificate.decision }}", small),
                        Text("Vào sổ số: {{ certificate.number_said }}", small),
                        When("provisional", (Text("{{ provisional }}", small),)),
                    ),
                ),
                (
                    half,
                    (
                        Text("{{ certificate.place_and_day }}", look("Địa danh, thời gian", 15, italic=True)),
                        Each("line", "office", (Text("{{ line }}", look("Chức vụ", 15, bold=True)),)),
                        Space(24 * scale),
                        Text("{{ certificate.signer }}", look("Người ký", 15, bold=True)),
                    ),
                ),
            )
        ),
    )
    required = ("who", "certificates", "office", "provisional")
    return Layout(name, title, Certificates, required, (Section(page, (Each("certificate", "certificates", one),)),))


ON_A4 = _layout("certificate-a4", "Giấy chứng nhận (A4)", A4_ACROSS, 1)
ON_A5 = _layout("certificate-a5", "Giấy chứng nhận (A5)", A5_ACROSS, 0.7)
