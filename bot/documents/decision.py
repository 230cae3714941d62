"""Quyết định công nhận: the decision that recognises, with its list as an appendix."""

from dataclasses import dataclass

from bot.documents import decree30 as form
from bot.documents.blocks import Each, Layout, Section, Text
from bot.documents.decree30 import Heading, Signature
from bot.documents.people import Listed


@dataclass(frozen=True, slots=True)
class Decision:
    """What stands on a decision. `who` is who decides, in capitals, and `who_said` in a sentence; `carried_out_by` is
    who carries it out, in a sentence that begins with a capital."""

    heading: Heading
    who: str
    who_said: str
    grounds: tuple[str, ...]
    title: str
    year: int
    people: tuple[Listed, ...]
    carried_out_by: str
    signature: Signature
    recipients: tuple[str, ...]
    provisional: str = ""
    trail: str = ""

    @property
    def count(self) -> int:
        """Return how many people it recognises."""
        return len(self.people)

    @property
    def reference(self) -> str:
        """Say which decision this is: `Quyết định số … ngày … của …`."""
        return f"Quyết định {self.heading.reference} của {self.who_said}"


PEOPLE = form.table_of_people(
    (
        ("Họ và tên", 66, "{{ person.name }}", form.CELL),
        ("Thôn, tổ dân phố", 48, "{{ person.village }}", form.CELL),
        ("Danh hiệu", 39, "{{ person.title }}", form.CELL_CENTRED),
    ),
    "people",
)


def list_of_people(name: str, title: str) -> Section:
    """Lay out the list of whom a paper is about, on pages of its own."""
    titles = (title, "DANH HIỆU “{{ title|upper }}” NĂM {{ year }}")
    top = form.appendix(name, to="{{ reference }}", title_lines=titles)
    return Section(form.A4, (*top, PEOPLE, Text("Danh sách có {{ count }} người./.", form.TEXT)))


LAYOUT = Layout(
    "decision",
    "Quyết định công nhận",
    Decision,
    ("heading", "who", "grounds", "title", "year", "people", "count", "signature", "provisional"),
    (
        Section(
            form.A4,
            (
                *form.heading(),
                *form.title("QUYẾT ĐỊNH", "Về việc công nhận danh hiệu “{{ title }}” năm {{ year }}"),
                Text("{{ who }}", form.WHO_DECIDES),
                Each("ground", "grounds", (Text("{{ ground }}", form.GROUND),)),
                Text("QUYẾT ĐỊNH:", form.DECIDES),
                Text(
                    "Công nhận {{ count }} người đạt danh hiệu “{{ title }}” năm {{ year }} (có danh sách kèm theo).",
                    form.TEXT,
                    lead="Điều 1. ",
                ),
                Text("Quyết định này có hiệu lực kể từ ngày ký.", form.TEXT, lead="Điều 2. "),
                Text(
                    "{{ carried_out_by }} chịu trách nhiệm thi hành Quyết định này./.", form.TEXT_LAST, lead="Điều 3. "
                ),
                *form.ending(form.signed()),
                *form.TRAIL,
            ),
        ),
        list_of_people("Phụ lục", "DANH SÁCH NGƯỜI ĐƯỢC CÔNG NHẬN"),
    ),
)
