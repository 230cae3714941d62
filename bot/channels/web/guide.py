"""The guides at `/guide`: pages without scripts, in the language that is asked for."""

from html import escape
from importlib.resources import files as package_files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.frame import filled, said, tag_of
from bot.channels.web.routes import PAGE_HEADERS
from bot.channels.web.words import Words
from bot.guides.pages import ADDRESS, NAMES, Guide, address, languages, read
from flows.words.wording import Catalogue, Catalogues, Wording, _, render

GUIDES = _("Guides")
OPEN_CHAT = _("Open the conversation")
ON_THIS_PAGE = _("On this page")


class GuidePages:
    """What people read before they begin, or when they do not know how to go on."""

    def __init__(self, words: Words, catalogues: Catalogues) -> None:
        self._words = words
        self._catalogues = catalogues
        self._frame = (package_files("bot.guides") / "frame.html").read_text("utf-8")

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves of them."""
        return [Route(ADDRESS, self.list_all), Route(ADDRESS + "/{name}", self.show)]

    def list_all(self, request: Request) -> Response:
        """List the guides."""
        return self._list(self._reader(request))

    def show(self, request: Request) -> Response:
        """Show a guide; for a name that none has, the list."""
        reader, name = self._reader(request), request.path_params["name"]
        if name not in NAMES:
            return self._list(reader, status=404)
        guide = read(name, reader)
        links = _link(address(None, reader.language), GUIDES, reader) + self._links(name, guide.language, reader)
        return self._page(guide.language, guide.title, links, _contents(guide, reader) + guide.body)

    def _reader(self, request: Request) -> Catalogue:
        accepted = request.headers.get("accept-language", "")
        return self._words.reader(request.query_params.get("language"), accepted)

    def _list(self, reader: Catalogue, status: int = 200) -> Response:
        guides = [read(name, reader) for name in NAMES]
        body = "".join(
            f"<section><h2>{_link(address(guide.name, reader.language), guide.title, reader)}</h2>"
            f"<p>{guide.opening}</p></section>"
            for guide in guides
        )
        links = self._links(None, reader.language, reader)
        return self._page(reader.language, render(GUIDES, reader), links, body, status)

    def _links(self, name: str | None, language: str, reader: Catalogue) -> str:
        """Return the way into the conversation, and to the other languages."""
        others = [other for other in languages(name or NAMES[0]) if other != language and other in self._catalogues]
        return _link("/chat", OPEN_CHAT, reader) + "".join(
            _link(address(name, other), self._catalogues[other].name, reader) for other in others
        )

    def _page(self, language: str, title: str, links: str, body: str, status: int = 200) -> Response:
        parts = {"language": tag_of(language), "title": escape(title), "links": links, "body": body}
        return Response(filled(self._frame, parts), status, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)


def _contents(guide: Guide, reader: Catalogue) -> str:
    """Return the list of a guide's sections, after the paragraph that says what it is for."""
    heading = said(ON_THIS_PAGE, reader)
    sections = "".join(f'<li><a href="#{id_}">{escape(words)}</a></li>' for id_, words in guide.sections.items())
    return f'<p class="opening">{guide.opening}</p><nav class="contents"><b>{heading}</b><ul>{sections}</ul></nav>'


def _link(to: str, words: Wording, reader: Catalogue) -> str:
    return f'<a href="{escape(to)}">{said(words, reader)}</a>'
