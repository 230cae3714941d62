"""Tờ trình: the commune association proposes whom to recognise, with the list."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Cell, Each, Layout, Row, Section, Table, Text, When
from bot.documents.decision import list_of_people
from bot.documents.decree30 import Heading, Signature
from bot.documents.people import Listed


@dataclass(frozen=True, slots=True)
class VillageCount:
    """A village in a proposal: how many handed in a form, were confirmed by the branch, and are proposed."""

    village: str
    submitted: int
    confirmed: int
    proposed: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What stands on a proposal. `to` is who is asked; `by` is who asks, in a sentence that begins with a capital."""

    heading: Heading
    to: str
    by: str
    grounds: tuple[str, ...]
    title: str
    year: int
    people: tuple[Listed, ...]
    villages: tuple[VillageCount, ...]
    signature: Signature
    recipients: tuple[str, ...]
    sample: str = ""
    provisional: str = ""
    trail: str = ""

    @property
    def count(self) -> int:
        """Return how many people it proposes."""
        return len(self.people)

    @property
    def total(self) -> VillageCount:
        """Return the sum of all villages."""
        return VillageCount(
            "Tổng cộng",
            sum(village.submitted for village in self.villages),
            sum(village.confirmed for village in self.villages),
            sum(village.proposed for village in self.villages),
        )

    @property
    def reference(self) -> str:
        """Say which proposal this is: `Tờ trình số … ngày … của …`."""
        return f"Tờ trình {self.heading.reference} của {self.by}"


def _counted(number: str, village: str) -> Row:
    numbers = ("submitted", "confirmed", "proposed")
    counts = tuple(Cell(f"{{{{ {village}.{one} }}}}", form.CELL_CENTRED) for one in numbers)
    return Row((Cell(number, form.CELL_CENTRED), Cell(f"{{{{ {village}.village }}}}", form.CELL), *counts))


VILLAGES = Table(
    (12, 63, 30, 30, 30),
    (
        Row(
            tuple(
                Cell(head, form.HEAD_CELL)
                for head in ("STT", "Thôn, tổ dân phố", "Đã nộp phiếu", "Chi hội xác nhận", "Đề nghị công nhận")
            )
        ),
    ),
    (Each("village", "villages", (_counted("{{ loop.index }}", "village"),)), _counted("", "total")),
)

LAYOUT = Layout(
    "proposal",
    "Tờ trình đề nghị công nhận",
    Proposal,
    ("heading", "to", "grounds", "title", "year", "people", "count", "signature", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(),
                *form.title("TỜ TRÌNH", "Về việc đề nghị công nhận danh hiệu “{{ title }}” năm {{ year }}"),
                Text("Kính gửi: {{ to }}", form.TO_WHOM),
                Each("ground", "grounds", (Text("{{ ground }}", form.GROUND),)),
                Text(
                    "Trên cơ sở kết quả tự đánh giá của người dân và biên bản họp bình xét của các chi hội khuyến học,"
                    " {{ by }} đã kiểm tra và tổng hợp như sau:",
                    form.TEXT,
                ),
                VILLAGES,
                When("sample", (Text("{{ sample }}", form.TEXT),)),
                Text(
                    "{{ by }} kính đề nghị {{ to }} xem xét, quyết định công nhận {{ count }} người đạt danh hiệu"
                    " “{{ title }}” năm {{ year }} (có danh sách kèm theo)./.",
                    form.TEXT_LAST,
                ),
                *form.ending(form.signed()),
                *form.TRAIL,
            ),
        ),
        list_of_people("", "DANH SÁCH NGƯỜI ĐƯỢC ĐỀ NGHỊ CÔNG NHẬN"),
    ),
)
