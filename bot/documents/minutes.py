"""Biên bản họp: the branch meeting, its votes, and whom it proposes."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Each, Layout, Section, Space, Text, When
from bot.documents.decree30 import Heading, Signature
from bot.documents.people import Listed


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody whom the meeting did not propose, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Minutes:
    """What stands on minutes. Beginning and end are said as on paper: `19 giờ 30, ngày 15 tháng 11 năm 2026`.

    Counts that nobody told are blank, to be written by hand.
    """

    heading: Heading
    village: str
    title: str
    year: int
    begins: str
    ends: str
    where: str
    chair: str
    secretary: str
    present: int | None
    invited: int | None
    submitted: int
    confirmed: int
    votes: int | None
    people: tuple[Listed, ...]
    against: int = 0
    abstained: int = 0
    left_out: tuple[LeftOut, ...] = ()
    opinions: str = ""
    posting: str = ""
    recipients: tuple[str, ...] = form.recipients((), "VT, Hồ sơ")
    provisional: str = ""
    trail: str = ""

    @property
    def count(self) -> int:
        """Return how many people the meeting proposes."""
        return len(self.people)

    @property
    def present_said(self) -> str:
        """Say how many were there: `Có mặt 32/40 người.`"""
        there = form.DOTS if self.present is None else self.present
        return f"Có mặt: {there}" + (f"/{self.invited} người được mời" if self.invited is not None else " người")

    @property
    def votes_said(self) -> str:
        """Say how many agreed, and how many did not: `Số người biểu quyết đồng ý: 31 người; không đồng ý: 1 người.`"""
        others = (("không đồng ý", self.against), ("không biểu quyết", self.abstained))
        said = "".join(f"; {how}: {count} người" for how, count in others if count)
        return f"Số người biểu quyết đồng ý: {form.DOTS if self.votes is None else self.votes} người{said}."

    @property
    def secretary_signs(self) -> Signature:
        """Return the signature of whoever wrote the minutes."""
        return Signature(("THƯ KÝ",), self.secretary)

    @property
    def chair_signs(self) -> Signature:
        """Return the signature of whoever led the meeting."""
        return Signature(("CHỦ TỌA",), self.chair)


PEOPLE = form.table_of_people(
    (
        ("Họ và tên", 75, "{{ person.name }}", form.CELL),
        ("Danh hiệu", 42, "{{ person.title }}", form.CELL_CENTRED),
        ("Ghi chú", 36, "{{ person.note }}", form.CELL),
    ),
    "people",
)
LEFT_OUT = When(
    "left_out",
    (
        Text("Các trường hợp cuộc họp chưa đề nghị công nhận:", form.TEXT),
        Each("person", "left_out", (Text("- {{ person.name }}: {{ person.reason }}.", form.TEXT),)),
    ),
)

LAYOUT = Layout(
    "minutes",
    "Biên bản họp chi hội",
    Minutes,
    ("heading", "begins", "ends", "where", "chair", "secretary", "people", "count", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(dated=False),
                *form.title("BIÊN BẢN", "Họp bình xét danh hiệu “{{ title }}” năm {{ year }}", "của {{ village }}"),
                Text("{{ begins }}.", form.TEXT_FIRST, lead="Thời gian bắt đầu: "),
                Text("{{ where }}.", form.TEXT, lead="Địa điểm: "),
                Text("{{ present_said }}.", form.TEXT, lead="Thành phần tham dự. "),
                Text("{{ chair }}.", form.TEXT, lead="Chủ trì (Chủ tọa): "),
                Text("{{ secretary }}.", form.TEXT, lead="Thư ký (người ghi biên bản): "),
                Text("Nội dung (theo diễn biến cuộc họp):", form.PART),
                Text(
                    "1. Chủ tọa báo cáo kết quả tự đánh giá: {{ submitted }} người đã nộp phiếu, chi hội đã xác nhận"
                    " {{ confirmed }} phiếu.",
                    form.TEXT,
                ),
                Text("2. Ý kiến của người dự họp: {{ opinions }}", form.TEXT),
                Text(
                    "3. Biểu quyết: {{ votes_said }} Cuộc họp đề nghị công nhận {{ count }} người, gồm:",
                    form.TEXT,
                ),
                PEOPLE,
                LEFT_OUT,
                When("posting", (Text("4. Niêm yết: {{ posting }}", form.TEXT),)),
                Text("Cuộc họp kết thúc vào {{ ends }}./.", form.TEXT_LAST),
                *form.ending(form.signed("chair_signs"), form.signed("secretary_signs")),
                Space(4),
                *form.RECIPIENTS_LISTED,
                *form.TRAIL,
            ),
        ),
    ),
)
