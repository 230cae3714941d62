"""The looks that a layout uses: what Word knows as styles."""

from collections.abc import Iterator

from bot.documents.blocks import Blocks, Each, Layout, Look, Row, Side, Table, Text, When


def looks_of(layout: Layout) -> tuple[Look, ...]:
    """Return the looks of a layout, each once, in the order in which they come."""
    found = {look.style: look for section in layout.sections for look in _looks(section.blocks)}
    return tuple(found.values())


def _looks(blocks: Blocks) -> Iterator[Look]:
    for block in blocks:
        match block:
            case Text(_, look):
                yield look
            case Row(cells):
                yield from (cell.look for cell in cells)
            case Table(_, head, rows):
                yield from _looks((*head, *rows))
            case Side(columns):
                yield from (look for _, column in columns for look in _looks(column))
            case Each(blocks=inside) | When(blocks=inside):
                yield from _looks(inside)
            case _:
                pass
