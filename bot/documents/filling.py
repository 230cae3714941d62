"""A layout filled in: every field replaced by what it stands for, lists and conditions worked out.

Values are data: what a name holds is never read as a field, a tag or a command. Templates are other people's, too: they
run in a sandbox that knows loops, conditions and fields, and no function.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.documents.blocks import Block, Blocks, Cell, Each, Layout, Picture, Row, Rule, Side, Space, Table, Text, When
from bot.documents.metrics import longest_line
from flows.words.spelling import has_invisible

Values = Mapping[str, Any]
Filled = dict[str, Any]


# Other breaks and tabs than the line break, which papers have themselves.
_TO_SPACES = dict.fromkeys(map(ord, "\t\v\f\r\x85\u2028\u2029"), " ")


def printable(value: Any) -> Any:
    """Return a text without what changes how it reads and cannot be seen; any other value as it is."""
    if not isinstance(value, str) or (value.isascii() and value.isprintable()):
        return value
    return "".join(letter for letter in value.translate(_TO_SPACES) if not has_invisible(letter))


def upper(text: object) -> str:
    """Return a text in capitals."""
    return str(text).upper()


def sandbox() -> ImmutableSandboxedEnvironment:
    """Return where templates are read and run."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=printable)
    for known in (environment.globals, environment.filters, environment.tests):
        known.clear()
    environment.filters["upper"] = upper
    return environment


_SANDBOX = sandbox()


def fields_of(model: type) -> tuple[str, ...]:
    """Return what a template of a paper may name: the fields and properties of its value."""
    return tuple(name for name in dir(model) if not name.startswith("_"))


def values_of(paper: object) -> Values:
    """Return the fields of a paper with what they stand for."""
    return {name: getattr(paper, name) for name in fields_of(type(paper))}


def filled(layout: Layout, paper: object) -> Iterator[Filled]:
    """Yield the sections of a paper, filled in."""
    values = values_of(paper)
    for section in layout.sections:
        blocks = list(_blocks(section.blocks, values, section.page.room))
        yield {"page": asdict(section.page), "blocks": blocks}


def _blocks(blocks: Blocks, values: Values, room: float) -> Iterator[Filled]:
    above: Text | None = None
    for block, inner in _expanded(blocks, values):
        match block:
            case Text(text, look, lead):
                above = Text(said(text, inner), look, said(lead, inner))
                yield {"kind": "text", "text": above.text, "look": look.style, "lead": above.lead}
            case Rule(share):
                assert above is not None
                yield {"kind": "rule", "width": rule_width(above, share, room)}
            case Space(height):
                yield {"kind": "space", "height": height}
            case Picture(address, width, align):
                yield {"kind": "picture", "address": said(address, inner), "width": width, "align": align}
            case Side(columns):
                filled_columns = [list(_blocks(column, inner, width)) for width, column in columns]
                yield {"kind": "side", "widths": [width for width, _ in columns], "columns": filled_columns}
            case Table(widths, head, rows):
                yield {
                    "kind": "table",
                    "widths": widths,
                    "head": [_row(row, inner) for row in head],
                    "rows": [_row(row, found) for row, found in _expanded(rows, inner) if isinstance(row, Row)],
                }
            case Row() | Each() | When():
                raise TypeError("rows stand in tables; lists and conditions were worked out before")


def rule_width(above: Text, share: float, room: float) -> float:
    """Return how long the line under a text is, in millimetres."""
    look = above.look
    return share * min(longest_line(above.text, look.size, bold=look.bold, italic=look.italic), room)


def _row(row: Row, values: Values) -> list[Filled]:
    return [_cell(cell, values) for cell in row.cells]


def _cell(cell: Cell, values: Values) -> Filled:
    return {"text": said(cell.text, values), "look": cell.look.style, "across": cell.across, "down": cell.down}


def _expanded(blocks: Blocks, values: Values) -> Iterator[tuple[Block, Values]]:
    """Yield the blocks that stand there, each with the values that hold for it."""
    for block in blocks:
        match block:
            case When(field, inside):
                if _expression(field)(**values):
                    yield from _expanded(inside, values)
            case Each(name, of, inside):
                for place, value in enumerate(_expression(of)(**values) or (), 1):
                    yield from _expanded(inside, {**values, name: value, "loop": {"index": place}})
            case _:
                yield block, values


def said(text: str, values: Values) -> str:
    """Return a text with its fields filled in."""
    return _template(text).render(values) if "{" in text else text


@lru_cache(maxsize=1024)
def _template(text: str) -> Template:
    return _SANDBOX.from_string(text)


@lru_cache(maxsize=256)
def _expression(text: str) -> TemplateExpression:
    return _SANDBOX.compile_expression(text, undefined_to_none=False)
