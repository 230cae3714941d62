"""How long texts are when they are printed: the widths of letters in the font of pdfs, which are those of Times."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = files("bot.documents") / "fonts"
FAMILY = "Liberation Serif"
MM_A_POINT = 25.4 / 72
_FACES = {(False, False): "Regular", (True, False): "Bold", (False, True): "Italic", (True, True): "BoldItalic"}


@dataclass(frozen=True, slots=True)
class _Face:
    widths: Mapping[str, int]
    otherwise: int
    units: int


def longest_line(text: str, size: float, *, bold: bool = False, italic: bool = False) -> float:
    """Return how long the longest line of a text is, in millimetres."""
    face = _face(bold, italic)
    lines = [sum(face.widths.get(letter, face.otherwise) for letter in line) for line in text.split("\n")]
    return max(lines) / face.units * size * MM_A_POINT


def font_file(*, bold: bool = False, italic: bool = False) -> str:
    """Return the name of the file of a face."""
    return f"LiberationSerif-{_FACES[bold, italic]}.ttf"


@cache
def fonts_folder() -> Path:
    """Return where the fonts lie."""
    with as_file(FONTS) as folder:
        return folder


@cache
def _face(bold: bool, italic: bool) -> _Face:
    with TTFont(fonts_folder() / font_file(bold=bold, italic=italic), lazy=True) as font:
        advance = font["hmtx"].metrics
        widths = {chr(code): advance[glyph][0] for code, glyph in font.getBestCmap().items()}
        return _Face(widths, advance[".notdef"][0], font["head"].unitsPerEm)
