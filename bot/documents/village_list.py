"""Danh sách: whom a village's branch proposes, to be posted and to go up."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Layout, Section, Side, Space, Text
from bot.documents.decree30 import Heading, Signature
from bot.documents.people import Listed


@dataclass(frozen=True, slots=True)
class VillageList:
    """What stands on a village's list."""

    heading: Heading
    village: str
    title: str
    year: int
    people: tuple[Listed, ...]
    signature: Signature
    provisional: str = ""

    @property
    def count(self) -> int:
        """Return how many people are on it."""
        return len(self.people)


PEOPLE = form.table_of_people(
    (
        ("Họ và tên", 58, "{{ person.name }}", form.CELL),
        ("Thôn, tổ dân phố", 34, "{{ person.village }}", form.CELL),
        ("Danh hiệu", 39, "{{ person.title }}", form.CELL_CENTRED),
        ("Ghi chú", 22, "{{ person.note }}", form.CELL),
    ),
    "people",
)

LAYOUT = Layout(
    "list",
    "Danh sách đề nghị công nhận",
    VillageList,
    ("heading", "village", "title", "year", "people", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(numbered=False),
                *form.title("DANH SÁCH", "Đề nghị công nhận danh hiệu “{{ title }}” năm {{ year }}", "{{ village }}"),
                PEOPLE,
                Text("Danh sách có {{ count }} người./.", form.TEXT),
                Space(2),
                Side(
                    (
                        (75, (Text("", form.CELL),)),
                        (90, (Text("{{ heading.place_and_day }}", form.PLACE), *form.signed())),
                    )
                ),
            ),
        ),
    ),
)
