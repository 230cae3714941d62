"""Papers as pdf, set by typst with the fonts that come along, and as pictures of their pages."""

import json
from dataclasses import asdict
from importlib.resources import files
from io import BytesIO
from typing import Any

from bot.documents.blocks import Layout
from bot.documents.decree30 import PAGE_NUMBER
from bot.documents.filling import Filled, filled
from bot.documents.looks import looks_of
from bot.documents.metrics import FAMILY, fonts_folder

_SOURCE = files("bot.documents") / "paper.typ"


def pdf(layout: Layout, paper: object) -> bytes:
    """Return a paper as pdf. The same paper gives the same bytes, whenever it is made."""
    (made,) = _set(layout, paper, format="pdf")
    return made


def pictures(layout: Layout, paper: object, resolution: int) -> list[bytes]:
    """Return a picture of every page, with so many dots an inch."""
    return _set(layout, paper, format="png", ppi=resolution)


def _set(layout: Layout, paper: object, **how: Any) -> list[bytes]:
    """Let typst set a paper. What stands on it is handed over as values, never as a part of the source."""
    import typst  # only papers need it, and it is big

    inputs = {"paper": json.dumps(_described(layout, paper), ensure_ascii=False)}
    made = typst.compile(
        _SOURCE.read_bytes(),
        font_paths=[str(fonts_folder())],
        ignore_system_fonts=True,
        sys_inputs=inputs,
        **how,
    )
    return made if isinstance(made, list) else [made]


def _described(layout: Layout, paper: object) -> Filled:
    sections = list(filled(layout, paper))
    return {
        "title": layout.title,
        "font": FAMILY,
        "looks": {look.style: asdict(look) for look in (*looks_of(layout), PAGE_NUMBER)},
        "page_number": PAGE_NUMBER.style,
        "sections": sections,
        "codes": _codes(sections),
    }


def _codes(found: Any) -> dict[str, str]:
    """Return the QR code of every address on a paper, as SVG."""
    import segno

    codes: dict[str, str] = {}
    waiting = [found]
    for one in waiting:
        match one:
            case {"kind": "picture", "address": str(address)}:
                picture = BytesIO()
                segno.make_qr(address, error="m").save(picture, kind="svg", xmldecl=False, border=0, omitsize=True)
                codes[address] = picture.getvalue().decode()
            case dict():
                waiting.extend(one.values())
            case list() | tuple():
                waiting.extend(one)
            case _:
                pass
    return codes
