"""What a paper is laid out of. Texts have fields: `{{ person.name }}` stands for what a paper is filled in with."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Align = Literal["left", "center", "right", "justify"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a text looks. `style` is what Word calls it.

    The size and the space before and after are in points, the first line's indent in millimetres, `line` in lines.
    """

    style: str
    size: float
    bold: bool = False
    italic: bool = False
    align: Align = "left"
    first_line: float = 0
    before: float = 0
    after: float = 0
    line: float = 1
    # It stands on the same page as what follows; it begins a page.
    with_next: bool = False
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. `lead` stands before it in bold: `Điều 1.`"""

    text: str
    look: Look
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A solid line in the middle under the text before it, as long as this share of the text."""

    share: float


@dataclass(frozen=True, slots=True)
class Space:
    """Room that is left free, in millimetres: for a signature and a seal."""

    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code of an address, so many millimetres wide."""

    address: str
    width: float
    align: Align = "center"


@dataclass(frozen=True, slots=True)
class Side:
    """Columns side by side, without lines: each with its width in millimetres."""

    columns: tuple[tuple[float, "Blocks"], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, over so many columns and so many rows."""

    text: str
    look: Look
    across: int = 1
    down: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with lines. `head` is repeated on every page; widths are in millimetres."""

    widths: tuple[float, ...]
    head: tuple[Row, ...]
    rows: "Blocks"


@dataclass(frozen=True, slots=True)
class Each:
    """Blocks, or rows of a table, once for each of a list."""

    name: str
    of: str
    blocks: "Blocks"


@dataclass(frozen=True, slots=True)
class When:
    """Blocks, or rows of a table, that stand there only when a field is filled in."""

    field: str
    blocks: "Blocks"


Block: TypeAlias = Text | Rule | Space | Picture | Side | Table | Row | Each | When
Blocks: TypeAlias = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page and its margins in millimetres. From the second page on, numbers stand in the middle of the top margin."""

    width: float
    height: float
    top: float
    bottom: float
    left: float
    right: float
    numbered: bool = True
    frame: bool = False

    @property
    def room(self) -> float:
        """Return the width that is left for text."""
        return self.width - self.left - self.right


@dataclass(frozen=True, slots=True)
class Section:
    """Pages that are numbered from 1 by themselves."""

    page: Page
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class Layout:
    """A paper: its name in commands, its title, the value it is filled in with, and what must not be missing from a
    template of it."""

    name: str
    title: str
    model: type
    required: tuple[str, ...]
    sections: tuple[Section, ...]
