"""What stands on the pages of a pdf, and where: read back with another library than the one that wrote it."""

from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import pdfplumber

MM_A_POINT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Run:
    """A line of text on a page: font and size of its first letter, and its place in millimetres."""

    text: str
    font: str
    size: float
    left: float
    right: float
    top: float
    page: int

    @property
    def is_bold(self) -> bool:
        """Tell whether it is bold."""
        return "Bold" in self.font

    @property
    def is_italic(self) -> bool:
        """Tell whether it is italic."""
        return "Italic" in self.font

    @property
    def middle(self) -> float:
        """Return the middle of it."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line that is drawn across."""

    left: float
    right: float
    top: float
    page: int

    @property
    def length(self) -> float:
        """Return its length in millimetres."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Edge:
    """A line that is drawn down."""

    left: float
    top: float
    bottom: float
    page: int


class Pdf:
    """A pdf that was read back."""

    def __init__(self, content: bytes) -> None:
        with pdfplumber.open(BytesIO(content)) as pdf:
            self.sizes = [(round(page.width * MM_A_POINT), round(page.height * MM_A_POINT)) for page in pdf.pages]
            self.runs = [run for page in pdf.pages for run in _runs(page)]
            self.edges = [edge for page in pdf.pages for edge in _edges(page)]
            self.strokes = [stroke for page in pdf.pages for stroke in _strokes(page)]
        self.text = "\n".join(run.text for run in self.runs)

    def run(self, beginning: str) -> Run:
        """Return the first run that begins so."""
        return next(run for run in self.runs if run.text.startswith(beginning))

    def column(self, beginning: str) -> str:
        """Return what stands under a heading of a table, as far as it is wide, line by line."""
        head = self.run(beginning)
        edges = [stroke for stroke in self.edges if stroke.page == head.page and stroke.top < head.top < stroke.bottom]
        left = max(edge.left for edge in edges if edge.left < head.left)
        right = min(edge.left for edge in edges if edge.left > head.right)
        inside = (run.text for run in self.runs if left < run.left < right and run.top > head.top)
        return "\n".join(inside)

    def stroke_under(self, run: Run) -> Stroke:
        """Return the first line that is drawn under a run."""
        below = [s for s in self.strokes if s.page == run.page and s.top > run.top and s.left < run.middle < s.right]
        return min(below, key=lambda stroke: stroke.top)


def _runs(page: Any) -> list[Run]:
    lines: dict[tuple[float, float], list[Any]] = {}
    for char in page.chars:
        lines.setdefault((round(char["top"], 1), round(char["size"], 1)), []).append(char)
    in_order = [sorted(chars, key=lambda char: float(char["x0"])) for _place, chars in sorted(lines.items())]
    return [_run(chars, page.page_number) for line in in_order for chars in _apart(line)]


def _apart(chars: list[Any]) -> list[list[Any]]:
    """Part what stands side by side."""
    parts = [[chars[0]]]
    for before, char in pairwise(chars):
        if char["x0"] - before["x1"] > 6:
            parts.append([])
        parts[-1].append(char)
    return parts


def _run(chars: list[Any], page: int) -> Run:
    inked = [char for char in chars if char["text"].strip()] or chars
    return Run(
        "".join(char["text"] for char in chars).strip(),
        inked[0]["fontname"],
        round(inked[0]["size"], 2),
        inked[0]["x0"] * MM_A_POINT,
        inked[-1]["x1"] * MM_A_POINT,
        inked[0]["top"] * MM_A_POINT,
        page,
    )


def _strokes(page: Any) -> list[Stroke]:
    return [
        Stroke(line["x0"] * MM_A_POINT, line["x1"] * MM_A_POINT, line["top"] * MM_A_POINT, page.page_number)
        for line in page.lines
        if line["x1"] - line["x0"] > 5
    ]


def _edges(page: Any) -> list[Edge]:
    return [
        Edge(line["x0"] * MM_A_POINT, line["top"] * MM_A_POINT, line["bottom"] * MM_A_POINT, page.page_number)
        for line in page.lines
        if line["bottom"] - line["top"] > 5
    ]
