"""Papers as docx, read back by python-docx: measures, styles, lines, page numbers, names as they are."""

import re
import zipfile
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from bot.documents import certificate, decision, decree30, village_list
from bot.documents.blocks import Look, Page
from bot.documents.docx import RULES, docx, template
from bot.documents.layouts import LAYOUTS
from bot.documents.looks import looks_of
from bot.documents.metrics import longest_line
from bot.services import papers
from tests.documents import made_up

ALIGNMENTS = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
}


def opened(content: bytes) -> Any:
    return Document(BytesIO(content))


@cache
def read_back(name: str) -> Any:
    return opened(docx(*made_up.paper(name)))


def paragraphs(document: Any) -> list[Any]:
    """Return all paragraphs in the order of the page, those in tables too."""
    return [Paragraph(element, document._body) for element in document.element.body.iter(qn("w:p"))]


def text_of(document: Any) -> str:
    return "\n".join(paragraph.text for paragraph in paragraphs(document))


def test_every_paper_is_filled_in() -> None:
    for name in LAYOUTS:
        text = text_of(read_back(name))
        assert not re.search(r"[{}]|%\}", text), name
        assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text or name == "poster"


@pytest.mark.parametrize("name", LAYOUTS)
def test_docx_and_pdf_say_the_same(name: str) -> None:
    """The words of a paper stand in one place; heads of tables that are repeated come more often in print."""
    from tests.documents.test_pdf import read_back as read_pdf

    said = sorted(word for word in text_of(read_back(name)).split() if word.isalpha())
    printed = sorted(word for word in read_pdf(name).text.split() if word.isalpha())
    missing = [word for word in set(said) if printed.count(word) < said.count(word)]
    assert missing == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_pages_and_margins_are_those_of_the_layout(name: str) -> None:
    sections = read_back(name).sections
    for section, asked in zip(sections, LAYOUTS[name].sections, strict=True):
        page = asked.page
        found = (
            section.page_width.mm, section.page_height.mm, section.top_margin.mm, section.bottom_margin.mm,
            section.left_margin.mm, section.right_margin.mm,
        )  # fmt: skip
        wanted = (page.width, page.height, page.top, page.bottom, page.left, page.right)
        assert found == pytest.approx(wanted, abs=0.1)


def test_a_decision_has_the_measures_of_the_decree() -> None:
    for section in read_back("decision").sections:
        assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
        assert 20 <= round(section.top_margin.mm, 1) <= 25
        assert 20 <= round(section.bottom_margin.mm, 1) <= 25
        assert 30 <= round(section.left_margin.mm, 1) <= 35
        assert 15 <= round(section.right_margin.mm, 1) <= 20
        assert section.header_distance.mm < section.top_margin.mm


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_look_is_a_style_of_words_in_times_new_roman(name: str) -> None:
    document = read_back(name)
    for look in looks_of(LAYOUTS[name]):
        _has_look(document.styles[look.style], look)
    used = {paragraph.style.name for paragraph in paragraphs(document) if paragraph.text.strip()}
    assert used <= {look.style for look in looks_of(LAYOUTS[name])} | {"Normal"}


def _has_look(style: Any, look: Look) -> None:
    fonts = style.element.rPr.rFonts
    assert {fonts.get(qn(script)) for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia")} == {"Times New Roman"}
    assert (style.font.size.pt, bool(style.font.bold), bool(style.font.italic)) == (look.size, look.bold, look.italic)
    assert style.paragraph_format.alignment == ALIGNMENTS[look.align]
    assert round((style.paragraph_format.first_line_indent or 0) / 36000, 1) == look.first_line
    assert style.paragraph_format.space_after.pt == look.after


def test_no_text_brings_a_font_or_a_size_of_its_own() -> None:
    for name in LAYOUTS:
        for paragraph in paragraphs(read_back(name)):
            assert [run.font.size or run.font.name for run in paragraph.runs if run.text] == [None] * len(
                [run for run in paragraph.runs if run.text]
            )


def lines(document: Any, page: Page = decree30.A4) -> list[tuple[str, float, Any]]:
    """Return the lines under texts: the style, the length in millimetres, the text above. Outside of tables they lie on
    such pages."""
    found = []
    for paragraph in paragraphs(document):
        if paragraph.style.name in RULES:
            cell = paragraph._p.getparent().find(f"{qn('w:tcPr')}/{qn('w:tcW')}")
            room = int(cell.get(qn("w:w"))) / 1440 * 25.4 if cell is not None else page.room
            form = paragraph.paragraph_format
            above = Paragraph(paragraph._p.getprevious(), document._body)
            found.append((paragraph.style.name, room - form.left_indent.mm - form.right_indent.mm, above))
    return found


def test_lines_are_as_long_as_the_decree_says() -> None:
    found = lines(read_back("decision"))
    assert [above.text.split("\n")[0] for _, _, above in found] == [
        "ỦY BAN NHÂN DÂN",
        "Độc lập - Tự do - Hạnh phúc",
        "Về việc công nhận danh hiệu “Công dân học tập” năm 2026",
        "(Kèm theo Quyết định số 05/QĐ-UBND ngày 05 tháng 01 năm 2026 của Chủ tịch Ủy ban nhân dân xã Thần Khê)",
    ]
    for style, length, above in found[:3]:
        text = longest_line(above.text, above.style.font.size.pt, bold=bool(above.style.font.bold))
        if RULES[style] == 1:
            assert length == pytest.approx(text, abs=0.5)
        else:
            assert text / 3 <= length <= text / 2


def test_a_line_on_a_page_across_is_in_its_middle_too() -> None:
    *_, (_style, length, above) = lines(read_back("year"), decree30.A4_ACROSS)
    assert above.text.startswith("(Kèm theo Báo cáo")
    assert 1 / 3 <= length / longest_line(above.text, 14, italic=True) <= 1 / 2


def test_lines_are_drawn() -> None:
    styles = read_back("decision").styles
    for name in RULES:
        (line,) = styles[name].element.pPr.find(qn("w:pBdr"))
        assert (line.tag, line.get(qn("w:val"))) == (qn("w:top"), "single")


def test_page_numbers_stand_in_the_middle_of_the_top_but_not_on_the_first_page() -> None:
    for section in read_back("decision").sections:
        assert section.different_first_page_header_footer
        assert section._sectPr.find(qn("w:pgNumType")).get(qn("w:start")) == "1"
        (number,) = section.header.paragraphs
        assert "PAGE" in number._p.xml
        assert number.style.paragraph_format.alignment == WD_ALIGN_PARAGRAPH.CENTER
        assert number.style.font.size.pt in {13, 14}
        assert "PAGE" not in section.first_page_header.paragraphs[0]._p.xml


def test_the_head_of_a_list_is_repeated_on_every_page() -> None:
    table = read_back("decision").tables[-1]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert len(table.rows) == 41


def test_a_column_is_as_wide_as_it_was_laid_out() -> None:
    table = read_back("decision").tables[-1]
    for row in table.rows:
        assert [round(cell.width.mm) for cell in row.cells] == [12, 66, 48, 39]


def test_the_template_itself_reads_as_the_paper() -> None:
    text = text_of(opened(template(decision.LAYOUT)))
    assert "{{ heading.number_and_symbol }}" in text
    assert "Công nhận {{ count }} người đạt danh hiệu “{{ title }}” năm {{ year }}" in text
    assert "{%tr for person in people %}" in text


def test_codes_are_pictures_of_their_size() -> None:
    document = read_back("certificate-a4")
    assert [round(shape.width.mm) for shape in document.inline_shapes] == [27, 27]


# Names are data


@pytest.mark.parametrize(("name", "printed"), list(zip(made_up.ODD_NAMES, made_up.ODD_NAMES_PRINTED, strict=True)))
def test_a_name_is_text_whatever_it_holds(name: str, printed: str) -> None:
    some = made_up.named(name)
    for layout, made in (
        (decision.LAYOUT, papers.decision(made_up.setting(), made_up.decided(some))),
        (village_list.LAYOUT, papers.village_list(made_up.setting(), "Thôn Đông", some, name)),
        (certificate.ON_A5, papers.certificates(made_up.setting(), made_up.titles(some), made_up.PAGE)),
    ):
        found = [paragraph.text for paragraph in paragraphs(opened(docx(layout, made)))]
        assert printed in found, layout.name


def test_a_name_brings_no_field_and_no_link_into_the_file() -> None:
    made = papers.decision(made_up.setting(), made_up.decided(made_up.named(*made_up.ODD_NAMES)))
    with zipfile.ZipFile(BytesIO(docx(decision.LAYOUT, made))) as package:
        body = package.read("word/document.xml").decode()
    assert "w:hyperlink" not in body
    assert "instrText" not in body
    assert "w:bidi" not in body
