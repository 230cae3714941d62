"""The pages of every paper look as they did when somebody looked at them.

`pytest tests/documents -k pictures --rewrite-pictures` draws them anew; look at each that has changed before it is
committed. typst draws with its own code, without the fonts and libraries of the machine; a rounding of its arithmetic
may still differ between kinds of processors, so that a pixel may be a little lighter or darker, and nothing else.
"""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from bot.documents import certificate
from bot.documents.layouts import LAYOUTS
from bot.documents.pdf import pictures
from bot.services import papers
from tests.documents import made_up

FOLDER = Path(__file__).with_name("pictures")
RESOLUTION = 40  # dots an inch: small, and a word that is another still shows
LIGHTER_OR_DARKER = 24


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_pictures_of_pages_are_those_that_were_looked_at(name: str, request: pytest.FixtureRequest) -> None:
    drawn = pictures(*made_up.paper(name), RESOLUTION)
    if request.config.getoption("--rewrite-pictures"):
        rewrite(name, drawn)
    looked_at = sorted(FOLDER.glob(f"{name}-[0-9].png"))
    assert len(drawn) == len(looked_at)
    for page, file in zip(drawn, looked_at, strict=True):
        now, before = grey(page), grey(file.read_bytes())
        assert now.size == before.size
        assert furthest(now, before) <= LIGHTER_OR_DARKER, file.name


def test_no_picture_is_of_a_paper_that_is_gone() -> None:
    assert {file.stem.rpartition("-")[0] for file in FOLDER.iterdir()} == set(LAYOUTS)


def test_a_word_that_is_another_is_seen() -> None:
    pages = [
        grey(pictures(certificate.ON_A5, papers.certificates(made_up.setting(), titles, made_up.PAGE), RESOLUTION)[0])
        for titles in (made_up.titles(made_up.named(name)) for name in ("Trần Thị Lan", "Trần Thị Lam"))
    ]
    assert furthest(*pages) > LIGHTER_OR_DARKER


def furthest(one: Image.Image, other: Image.Image) -> int:
    """Return how much lighter or darker a pixel of one picture is than that of the other, at most."""
    return max(level for level, pixels in enumerate(ImageChops.difference(one, other).histogram()) if pixels)


def grey(picture: bytes) -> Image.Image:
    return Image.open(BytesIO(picture)).convert("L")


def rewrite(name: str, drawn: list[bytes]) -> None:
    for old in FOLDER.glob(f"{name}-[0-9].png"):
        old.unlink()
    for number, page in enumerate(drawn, 1):
        grey(page).save(FOLDER / f"{name}-{number}.png", optimize=True)
