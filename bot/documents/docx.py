"""Papers as docx: templates made of layouts, to be edited in Word, and what becomes of a template filled in.

In a template every look is a style of Word's, and every line under a text is a paragraph of one of two styles: how long
it has to be is known only when the text is.
"""

from collections.abc import Iterator
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.table import Table as WordTable
from docx.table import _Cell as WordCell
from docx.text.paragraph import Paragraph
from docxtpl import DocxTemplate, InlineImage

from bot.documents.blocks import Blocks, Each, Layout, Look, Page, Picture, Row, Rule, Side, Space, Table, Text, When
from bot.documents.decree30 import AS_LONG, FONT, PAGE_NUMBER, SHORT
from bot.documents.filling import sandbox, values_of
from bot.documents.looks import looks_of
from bot.documents.metrics import longest_line

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.section import Section as WordSection
    from docx.styles.style import ParagraphStyle

# Lines under texts, by the style of their paragraph: how long they are.
RULES = {"Kẻ dài bằng chữ": AS_LONG, "Kẻ ngắn": SHORT}
_RULE_STYLES = {share: style for style, share in RULES.items()}
BREAK = "Ngắt"  # the paragraph that Word wants between two tables
TAG = "Lệnh của mẫu"  # loops and conditions, small and grey, so that a template looks like its paper
AFTER_TABLE = 2.5
GRID = "Table Grid"

_ALIGNMENTS = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
}
_TWIPS_A_MM = 1440 / 25.4


# Filling in


def docx(layout: Layout, paper: object, own_template: bytes | None = None) -> bytes:
    """Return a paper as docx, from the template that comes along or from one that a clerk has edited."""
    word = DocxTemplate(BytesIO(own_template or template(layout)))
    environment = sandbox()
    environment.filters["qr"] = partial(_code, word)
    word.render(dict(values_of(paper)), environment, autoescape=True)
    rule_lines(word.docx)
    made = BytesIO()
    word.save(made)
    return made.getvalue()


def _code(word: DocxTemplate, address: str, width: float) -> InlineImage:
    """Return the QR code of an address, to stand in a text."""
    import segno

    picture = BytesIO()
    segno.make_qr(address, error="m").save(picture, kind="png", scale=8, border=0)
    return InlineImage(word, picture, width=Mm(width))


def rule_lines(document: "WordDocument") -> None:
    """Make the lines under texts as long as their share of the text above."""
    shares = {style.style_id: RULES[style.name] for style in document.styles if style.name in RULES}
    for element, room in _with_room(document):
        if (share := shares.get(element.style)) is not None and (above := element.getprevious()) is not None:
            length = share * min(_printed_width(Paragraph(above, document._body)), room)
            rule = Paragraph(element, document._body).paragraph_format
            rule.left_indent = rule.right_indent = Mm(max(0, (room - length) / 2))


def _with_room(document: "WordDocument") -> Iterator[tuple[Any, float]]:
    """Yield every paragraph with the width that it has: that of its cell, or of the page of its section."""
    sections = iter(document.sections)
    section: Any = next(sections)
    for block in document.element.body:
        width = Length(section.page_width - section.left_margin - section.right_margin).mm
        for element in block.iter(qn("w:p")):
            yield element, _cell_width(element) or width
        if block.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None:
            section = next(sections)


def _cell_width(element: Any) -> float | None:
    width = element.getparent().find(f"{qn('w:tcPr')}/{qn('w:tcW')}")
    return float(width.get(qn("w:w"))) / _TWIPS_A_MM if width is not None else None


def _printed_width(above: Paragraph) -> float:
    """Return how long the text of a paragraph is, in the font of its style, which a clerk may have changed."""
    style: Any = above.style
    size = style.font.size.pt if style is not None and style.font.size is not None else 14
    bold, italic = (bool(style is not None and value) for value in (style.font.bold, style.font.italic))
    return longest_line(above.text, size, bold=bold, italic=italic)


# Templates


@cache
def template(layout: Layout) -> bytes:
    """Return the template of a paper as it comes along: its words, with fields for what is filled in."""
    document = Document()
    document.core_properties.title = layout.title
    document.core_properties.author = ""
    document.core_properties.comments = ""
    _Styles(document).add(looks_of(layout))
    for place, section in enumerate(layout.sections):
        if place:
            document.add_section(WD_SECTION.NEW_PAGE)
            document.paragraphs[-1].style = BREAK
        _set_page(document.sections[-1], section.page)
        _Writer(document, section.page.room).write(section.blocks)
    written = BytesIO()
    rule_lines(document)
    document.save(written)
    return written.getvalue()


class _Styles:
    """The styles of a document that is being made."""

    def __init__(self, document: "WordDocument") -> None:
        self._styles = document.styles
        self._set_font(self._styles["Normal"], 14)
        normal: ParagraphStyle = self._styles["Normal"]
        normal.paragraph_format.space_after = Pt(0)

    def add(self, looks: tuple[Look, ...]) -> None:
        """Add a style for every look, for lines, and for breaks."""
        for look in (*looks, PAGE_NUMBER):
            self._add_look(look)
        for name in RULES:
            rule = self._add_thin(name)
            self._line_above(rule)
            rule.paragraph_format.space_before = Pt(4)
            rule.paragraph_format.space_after = Pt(2)
        self._add_thin(BREAK)
        tag = self._add(TAG, 8)
        tag.font.color.rgb = RGBColor(0x80, 0x80, 0x80)

    def _add(self, name: str, size: float) -> "ParagraphStyle":
        style: ParagraphStyle = self._styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = self._styles["Normal"]
        style.quick_style = True
        self._set_font(style, size)
        return style

    def _add_look(self, look: Look) -> None:
        style = self._add(look.style, look.size)
        style.font.bold, style.font.italic = look.bold, look.italic
        form = style.paragraph_format
        form.alignment = _ALIGNMENTS[look.align]
        form.first_line_indent = Mm(look.first_line) if look.first_line else None
        form.space_before, form.space_after = Pt(look.before), Pt(look.after)
        form.line_spacing = look.line
        form.keep_with_next = look.with_next
        form.page_break_before = look.new_page

    def _add_thin(self, name: str) -> "ParagraphStyle":
        style = self._add(name, 1)
        style.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        style.paragraph_format.line_spacing = Pt(1)
        return style

    def _set_font(self, style: Any, size: float) -> None:
        style.font.name, style.font.size = FONT, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:eastAsia", "w:cs", "w:hAnsi"):
            fonts.set(qn(script), FONT)

    def _line_above(self, style: "ParagraphStyle") -> None:
        line = _element("w:top", val="single", sz="6", space="1", color="000000")
        borders = _element("w:pBdr")
        borders.append(line)
        properties = style.element.get_or_add_pPr()
        properties.insert_element_before(
            borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr", "w:pPrChange"
        )


def _set_page(section: "WordSection", page: Page) -> None:
    across = page.width > page.height
    section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(page.width), Mm(page.height)
    section.top_margin, section.bottom_margin = Mm(page.top), Mm(page.bottom)
    section.left_margin, section.right_margin = Mm(page.left), Mm(page.right)
    section.header_distance = section.footer_distance = Mm(10)
    section.header.is_linked_to_previous = section.first_page_header.is_linked_to_previous = False
    section.different_first_page_header_footer = True
    _set(section._sectPr, "w:pgNumType", start="1")
    if page.numbered:
        number = section.header.paragraphs[0]
        number.style = PAGE_NUMBER.style
        _add_page_number(number)
    if page.frame:
        _add_frame(section._sectPr)


def _add_page_number(paragraph: Paragraph) -> None:
    for kind, code in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()._r
        if code:
            instruction = _element("w:instrText")
            instruction.text = code
            run.append(instruction)
        else:
            run.append(_element("w:fldChar", fldCharType=kind))


def _add_frame(properties: Any) -> None:
    borders = _element("w:pgBorders", offsetFrom="page")
    for side in ("top", "left", "bottom", "right"):
        borders.append(_element(f"w:{side}", val="thickThinSmallGap", sz="24", space="24", color="000000"))
    properties.find(qn("w:pgMar")).addnext(borders)


def _element(name: str, **attributes: str) -> Any:
    made = OxmlElement(name)
    for attribute, value in attributes.items():
        made.set(qn(f"w:{attribute}"), value)
    return made


def _set(parent: Any, name: str, **attributes: str) -> None:
    """Set an element of a section, at the place where Word looks for it."""
    for old in parent.findall(qn(name)):
        parent.remove(old)
    parent.find(qn("w:pgMar")).addnext(_element(name, **attributes))


class _Writer:
    """Writes blocks into a document or a cell of one, from top to bottom."""

    def __init__(self, into: Any, room: float) -> None:
        self._into = into
        self._room = room
        self._after_table = False
        # A cell begins with a paragraph, which is the first that is written.
        self._first: Paragraph | None = into.paragraphs[0] if isinstance(into, WordCell) else None

    def write(self, blocks: Blocks) -> None:
        """Write blocks. What holds nothing is left with the paragraph that Word wants there."""
        self._write(blocks)
        if self._after_table:
            self._paragraph(BREAK)

    def _write(self, blocks: Blocks) -> None:
        for block in blocks:
            match block:
                case Text(text, look, lead):
                    self._text(text, look, lead)
                case Rule(share):
                    self._paragraph(_RULE_STYLES[share])
                case Space(height):
                    self._space(height)
                case Picture(address, width, align):
                    code = f"{address.removesuffix(' }}')}|qr({width:g}) }}}}"
                    self._paragraph("Normal", code).alignment = _ALIGNMENTS[align]
                case Each(name, of, inside):
                    self._between(f"{{%p for {name} in {of} %}}", inside, "{%p endfor %}")
                case When(field, inside):
                    self._between(f"{{%p if {field} %}}", inside, "{%p endif %}")
                case Side(columns):
                    self._side(columns)
                case Table(widths, head, rows):
                    self._table(widths, head, rows)
                case Row():
                    raise TypeError("a row stands in a table")

    def _between(self, before: str, blocks: Blocks, after: str) -> None:
        self._paragraph(TAG, before)
        self._write(blocks)
        self._paragraph(TAG, after)

    def _paragraph(self, style: str, text: str = "") -> Paragraph:
        self._after_table = False
        if self._first is not None:
            paragraph, self._first = self._first, None
        else:
            paragraph = self._into.add_paragraph()
        paragraph.style = style
        if text:
            paragraph.add_run(text)
        return paragraph

    def _text(self, text: str, look: Look, lead: str) -> None:
        paragraph = self._paragraph(look.style)
        if lead:
            paragraph.add_run(lead).bold = True
        paragraph.add_run(text)

    def _space(self, height: float, *, with_next: bool = True) -> None:
        form = self._paragraph(BREAK).paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Mm(height)
        form.keep_with_next = with_next

    def _new_table(self, widths: tuple[float, ...]) -> WordTable:
        if self._after_table:
            self._paragraph(BREAK)
        # A document's own tables are as wide as its page; those in cells are told.
        table: WordTable = self._into.add_table(0, len(widths))
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
        self._after_table = True
        self._first = None
        return table

    def _side(self, columns: tuple[tuple[float, Blocks], ...]) -> None:
        table = self._new_table(tuple(width for width, _ in columns))
        _set_cell_margins(table, 0, 0)
        row = _added_row(table)
        _keep_together(row)
        for cell, (width, blocks) in zip(row.cells, columns, strict=True):
            cell.width = Mm(width)
            _Writer(cell, width).write(blocks)

    def _table(self, widths: tuple[float, ...], head: tuple[Row, ...], rows: Blocks) -> None:
        table = self._new_table(widths)
        table.style = GRID
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        _set_cell_margins(table, 1.5, 1)
        taken: set[tuple[int, int]] = set()
        for place, row in enumerate(head):
            self._row(table, widths, row, taken, place, len(head))
            table.rows[-1]._tr.get_or_add_trPr().append(_element("w:tblHeader"))
        self._rows(table, widths, rows)
        self._space(AFTER_TABLE, with_next=False)

    def _rows(self, table: WordTable, widths: tuple[float, ...], rows: Blocks) -> None:
        for block in rows:
            match block:
                case Row():
                    self._row(table, widths, block, set(), 0, 1)
                case Each(name, of, inside):
                    self._row_tag(table, f"{{%tr for {name} in {of} %}}")
                    self._rows(table, widths, inside)
                    self._row_tag(table, "{%tr endfor %}")
                case When(field, inside):
                    self._row_tag(table, f"{{%tr if {field} %}}")
                    self._rows(table, widths, inside)
                    self._row_tag(table, "{%tr endif %}")
                case _:
                    raise TypeError("a table holds rows")

    def _row_tag(self, table: WordTable, tag: str) -> None:
        cells = _added_row(table).cells
        paragraph = cells[0].merge(cells[-1]).paragraphs[0]
        paragraph.style = TAG
        paragraph.add_run(tag)

    def _row(
        self,
        table: WordTable,
        widths: tuple[float, ...],
        row: Row,
        taken: set[tuple[int, int]],
        place: int,
        height: int,
    ) -> None:
        """Write a row. `taken` are the places that cells of rows before reach down to."""
        added = _added_row(table)
        _keep_together(added)
        tr, column = added._tr, 0
        cells = list(tr.tc_lst)
        waiting = list(row.cells)
        while column < len(widths):
            here = cells[column]
            if (place, column) in taken:
                here.get_or_add_tcPr().append(_element("w:vMerge"))
                here.width = Mm(widths[column])
                column += 1
                continue
            cell = waiting.pop(0)
            for extra in cells[column + 1 : column + cell.across]:
                tr.remove(extra)
            here.width = Mm(sum(widths[column : column + cell.across]))
            if cell.across > 1:
                here.grid_span = cell.across
            if cell.down > 1:
                here.get_or_add_tcPr().append(_element("w:vMerge", val="restart"))
                taken |= {(place + down, column) for down in range(1, min(cell.down, height))}
            word_cell = WordCell(here, table)
            word_cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
            paragraph = word_cell.paragraphs[0]
            paragraph.style = cell.look.style
            paragraph.add_run(cell.text)
            column += cell.across


def _added_row(table: WordTable) -> Any:
    """Add a row to a table; python-docx does not say what it returns."""
    added: Any = table
    return added.add_row()


def _keep_together(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("w:cantSplit"))


def _set_cell_margins(table: WordTable, across: float, down: float) -> None:
    margins = _element("w:tblCellMar")
    for side, width in (("top", down), ("left", across), ("bottom", down), ("right", across)):
        margins.append(_element(f"w:{side}", w=str(round(width * _TWIPS_A_MM)), type="dxa"))
    properties = table._tbl.tblPr
    properties.append(margins)
    # Without lines, too, Word sets a table off by its cells' usual margins.
    properties.append(_element("w:tblLook", val="0000"))
