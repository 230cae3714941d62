"""Danh sách: whom a branch proposes, with every name to go up; and as it is posted, with the names of who agreed."""

from dataclasses import dataclass, replace

from bot.documents import decree30 as form
from bot.documents.blocks import Cell, Layout, Row, Section, Side, Space, Text, When
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
                Text("Danh sách có {{ count }} người./.", form.TEXT_LAST),
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


@dataclass(frozen=True, slots=True)
class PostedList:
    """What stands on a list that everybody can read. `purpose` is what its people are listed for, `people` are those
    who agreed to be named, and `unnamed` how many stand on it without a name. `until` says how long it hangs, and whom
    to tell what is wrong with it."""

    heading: Heading
    purpose: str
    where: str
    title: str
    year: int
    people: tuple[Listed, ...]
    unnamed: int
    signature: Signature
    until: str = ""
    provisional: str = ""

    @property
    def count(self) -> int:
        """Return how many people are on it, named or not."""
        return len(self.people) + self.unnamed

    @property
    def unnamed_said(self) -> str:
        """Say how many stand there without a name, and under which numbers."""
        first = len(self.people) + 1
        numbers = f"Từ số {first} đến số {self.count}" if self.unnamed > 1 else f"Số {first}"
        return f"{numbers}: {self.unnamed} người không nêu tên"

    @property
    def counted(self) -> str:
        """Say how many there are."""
        among = f", trong đó {self.unnamed} người không nêu tên" if self.unnamed and self.people else ""
        return f"Danh sách có {self.count} người{among}./."


_NAMED = form.table_of_people(
    (
        ("Họ và tên", 66, "{{ person.name }}", form.CELL),
        ("Thôn, tổ dân phố", 48, "{{ person.village }}", form.CELL),
        ("Danh hiệu", 39, "{{ person.title }}", form.CELL_CENTRED),
    ),
    "people",
)
_UNNAMED = When(
    "unnamed",
    (Row((Cell("{{ unnamed_said }}", form.CELL_CENTRED, across=4),)),),
)
POSTED = Layout(
    "posted",
    "Danh sách niêm yết",
    PostedList,
    ("heading", "purpose", "where", "title", "year", "people", "unnamed", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(numbered=False),
                *form.title("DANH SÁCH", "{{ purpose }} danh hiệu “{{ title }}” năm {{ year }}", "{{ where }}"),
                replace(_NAMED, rows=(*_NAMED.rows, _UNNAMED)),
                Text("{{ counted }}", form.TEXT_LAST),
                When("until", (Text("{{ until }}", form.TEXT_LAST),)),
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
