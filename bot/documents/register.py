"""Sổ cấp giấy chứng nhận: every title ever given, by running number, those revoked among them."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Cell, Each, Layout, Row, Section, Side, Table, Text
from bot.documents.decree30 import Heading, Signature


@dataclass(frozen=True, slots=True)
class Entry:
    """A title in the register. `note` says when and why it was revoked."""

    number: int
    name: str
    village: str
    title: str
    year: int
    decision: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """What stands on a register, or on a year of it."""

    heading: Heading
    period: str
    entries: tuple[Entry, ...]
    signature: Signature
    provisional: str = ""

    @property
    def count(self) -> int:
        """Return how many titles were ever given in it."""
        return len(self.entries)


ENTRIES = Table(
    (16, 54, 50, 52, 48, 32),
    (
        Row(
            tuple(
                Cell(head, form.HEAD_CELL)
                for head in ("Số vào sổ", "Họ và tên", "Thôn, tổ dân phố", "Danh hiệu", "Quyết định", "Ghi chú")
            )
        ),
    ),
    (
        Each(
            "entry",
            "entries",
            (
                Row(
                    (
                        Cell("{{ entry.number }}", form.CELL_CENTRED),
                        Cell("{{ entry.name }}", form.CELL),
                        Cell("{{ entry.village }}", form.CELL),
                        Cell("{{ entry.title }}, {{ entry.year }}", form.CELL_CENTRED),
                        Cell("{{ entry.decision }}", form.CELL),
                        Cell("{{ entry.note }}", form.CELL),
                    )
                ),
            ),
        ),
    ),
)

LAYOUT = Layout(
    "register",
    "Sổ cấp giấy chứng nhận",
    Register,
    ("heading", "period", "entries"),
    (
        Section(
            form.A4_ACROSS,
            (
                *form.heading(form.A4_ACROSS, numbered=False),
                *form.title("SỔ CẤP GIẤY CHỨNG NHẬN", "{{ period }}"),
                ENTRIES,
                Text("Sổ ghi {{ count }} giấy chứng nhận./.", form.TEXT_LAST),
                Side(
                    (
                        (152, (Text("", form.CELL),)),
                        (100, (Text("{{ heading.place_and_day }}", form.PLACE), *form.signed())),
                    )
                ),
            ),
        ),
    ),
)
