"""A guide: Markdown that people read on a page of its own, or in the repository."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.catalogues import locales
from bot.guides.talks import talk_html
from flows.words.wording import DEFAULT_LANGUAGE, Catalogue

if TYPE_CHECKING:
    from markdown_it.token import Token

# Whom they are for, in the order in which they are listed.
NAMES = (
    "resident",
    "certificate",
    "branch-head",
    "meeting",
    "association",
    "committee",
    "who-sees-what",
    "operator",
)
ADDRESS = "/guide"

_FENCED_TALK = re.compile(r"(?<=^```chat\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide as HTML. `opening` is its first paragraph and `body` what follows; `sections` are headings by id."""

    name: str
    language: str
    title: str
    opening: str
    sections: dict[str, str]
    body: str


def languages(name: str) -> tuple[str, ...]:
    """Return the languages that a guide is written in."""
    return tuple(sorted(file.parents[1].name for file in locales().glob(f"*/guide/{name}.md")))


def source(name: str, language: str) -> Path:
    """Return the file of a guide: in a language, or else in Vietnamese."""
    file = locales() / language / "guide" / f"{name}.md"
    return file if file.exists() else locales() / DEFAULT_LANGUAGE / "guide" / f"{name}.md"


def talks(markdown: str) -> list[str]:
    """Return the fenced talks of a guide. In their order they are one chat."""
    return _FENCED_TALK.findall(markdown)


def with_talks(markdown: str, talks: Sequence[str]) -> str:
    """Return a guide with other talks in the places of its own."""
    news = iter(talks)
    return _FENCED_TALK.sub(lambda _old: next(news), markdown)


@cache
def read(name: str, reader: Catalogue) -> Guide:
    """Return a guide for a reader. It begins with its title and a paragraph that says what it is for."""
    from markdown_it import MarkdownIt  # every start would wait for it

    file = source(name, reader.language)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(file.read_text("utf-8"))
    sections = dict(_sections(tokens))
    for token in _with_children(tokens):
        _adapt(token, reader)

    def html(some: Sequence["Token"]) -> str:
        return str(markdown.renderer.render(some, markdown.options, {}))

    return Guide(name, file.parents[1].name, tokens[1].content, html([tokens[4]]), sections, html(tokens[6:]))


def _sections(tokens: Sequence["Token"]) -> Iterator[tuple[str, str]]:
    """Give the headings ids. Yields these with their words."""
    headings = [place for place, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    for number, place in enumerate(headings, 1):
        tokens[place].attrSet("id", f"s{number}")
        yield f"s{number}", "".join(part.content for part in tokens[place + 1].children or ())


def _with_children(tokens: Iterable["Token"]) -> Iterator["Token"]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _adapt(token: "Token", reader: Catalogue) -> None:
    """Make bubbles of a fenced talk, and let a link to another guide lead to its page."""
    if token.type == "fence" and token.info == "chat":
        token.type, token.content = "html_block", talk_html(token.content, reader)
    elif token.type == "link_open" and str(token.attrGet("href")).removesuffix(".md") in NAMES:
        token.attrSet("href", address(str(token.attrGet("href")).removesuffix(".md"), reader.language))


def address(name: str | None, language: str) -> str:
    """Return where a guide is read in a language; without its name, the list of all."""
    return f"{ADDRESS}/{name}?language={language}" if name else f"{ADDRESS}?language={language}"
