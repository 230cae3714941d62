"""Pages that are not the chat: what is said, alone in a frame, or whatever else a template of ours has holes for."""

import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files as package_files

from starlette.responses import Response

from flows.words.wording import Catalogue, Wording, render

PAGES = package_files("bot.channels.web") / "pages"

_HOLE = re.compile(r"\{\{(\w+)\}\}")


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Return a template with its holes filled in. What is put in is never looked through for holes."""
    return _HOLE.sub(lambda hole: parts[hole[1]], template)


def said(words: Wording, reader: Catalogue) -> str:
    """Return a wording as it stands in a page."""
    return escape(render(words, reader))


def tag_of(language: str) -> str:
    """Return a language as browsers call it."""
    return language.replace("_", "-")


class PageFrame:
    """A frame with a title, in one of the styles, and with the headers that its pages go out with."""

    def __init__(self, style: str, title: Wording, headers: Mapping[str, str]) -> None:
        self._style = style
        self._title = title
        self._headers = headers
        self._template = (PAGES / "frame.html").read_text("utf-8")

    def page(self, reader: Catalogue, body: str, status: int = 200, also: Mapping[str, str] | None = None) -> Response:
        """Return a page, with headers that go out with it `also`."""
        parts = {
            "language": tag_of(reader.language),
            "title": said(self._title, reader),
            "style": self._style,
            "body": body,
        }
        headers = {**self._headers, **(also or {})}
        return Response(filled(self._template, parts), status, media_type="text/html; charset=utf-8", headers=headers)
