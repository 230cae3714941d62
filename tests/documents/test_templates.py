"""Templates that a clerk has edited: broken by Word, made by LibreOffice, with faults, with bad intent."""

import re
import zipfile
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt

from bot.documents import decision
from bot.documents.docx import docx, template
from bot.documents.layouts import LAYOUTS
from bot.documents.templates import TemplateRefused, check, faults
from bot.services import papers
from tests.documents import made_up
from tests.documents.test_docx import lines, opened, text_of

LAYOUT = decision.LAYOUT


def changed(*changes: tuple[str, str], part: str = "word/document.xml", added: dict[str, bytes] | None = None) -> bytes:
    """Return the template of a decision with texts replaced in a part of the file."""
    written = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(template(LAYOUT))) as before,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            content = before.read(name)
            if name == part:
                for old, new in changes:
                    assert old.encode() in content, old
                    content = content.replace(old.encode(), new.encode())
            after.writestr(name, content)
        for name, content in (added or {}).items():
            after.writestr(name, content)
    return written.getvalue()


def paper() -> Any:
    return papers.decision(made_up.setting(), made_up.decided(made_up.people(5)))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_templates_that_come_along_have_no_fault(name: str) -> None:
    assert list(faults(LAYOUTS[name], template(LAYOUTS[name]))) == []


def test_what_a_clerk_writes_stands_on_the_paper() -> None:
    own = changed(("Quyết định này có hiệu lực kể từ ngày ký.", "Quyết định này có hiệu lực từ ngày 01/12/2026."))
    check(LAYOUT, own)
    assert "có hiệu lực từ ngày 01/12/2026" in text_of(opened(docx(LAYOUT, paper(), own)))


# Word cuts a field into runs wherever somebody has typed, corrected or been marked by the spelling check.
SPLIT = (
    '<w:t xml:space="preserve">{{ </w:t></w:r><w:proofErr w:type="spellStart"/>'
    '<w:r><w:rPr><w:lang w:val="en-US"/></w:rPr>'
    '<w:t>cou</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>nt</w:t></w:r><w:proofErr w:type="spellEnd"/>'
    '<w:r w:rsidR="00AB12CD"><w:t xml:space="preserve"> }</w:t></w:r><w:r><w:t>}'
)


def test_fields_that_word_has_cut_into_pieces_are_filled_in() -> None:
    own = changed(("Công nhận {{ count }}", f"Công nhận </w:t></w:r><w:r>{SPLIT}"))
    check(LAYOUT, own)
    assert "Công nhận 5 người đạt danh hiệu" in text_of(opened(docx(LAYOUT, paper(), own)))


def test_a_loop_that_word_has_cut_into_pieces_goes_round() -> None:
    ends = "</w:t></w:r><w:r><w:t"
    cut = f'{{%{ends}>tr for person{ends} xml:space="preserve"> in people %{ends}>}}'
    own = changed(("{%tr for person in people %}", cut))
    check(LAYOUT, own)
    assert len(opened(docx(LAYOUT, paper(), own)).tables[-1].rows) == 6


def saved_by_libreoffice(own: bytes) -> bytes:
    """Return a template as LibreOffice 7.4 writes it: formats in every run, other ids of styles, its own settings."""
    document = Document(BytesIO(own))
    ids = {}
    for number, style in enumerate(document.styles):
        ids[style.style_id] = f"L{number}"
        style.element.set(qn("w:styleId"), ids[style.style_id])
    for element in [*document.element.body.iter(), *document.styles.element.iter()]:
        if element.tag in {qn("w:pStyle"), qn("w:basedOn"), qn("w:link"), qn("w:next"), qn("w:tblStyle")}:
            element.set(qn("w:val"), ids[element.get(qn("w:val"))])
    for run in document.element.body.iter(qn("w:r")):
        run.get_or_add_rPr()
    for properties in document.element.body.iter(qn("w:pPr")):
        control = properties.makeelement(qn("w:widowControl"), {qn("w:val"): "false"})
        properties.insert_element_before(control, "w:pBdr", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr")
    written = BytesIO()
    document.save(written)
    return written.getvalue()


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_template_that_libreoffice_has_saved_is_filled_in_like_ours(name: str) -> None:
    layout, made = made_up.paper(name)
    own = saved_by_libreoffice(template(layout))
    check(layout, own)
    ours, theirs = opened(docx(layout, made)), opened(docx(layout, made, own))
    assert text_of(theirs) == text_of(ours)
    assert [line[:2] for line in lines(theirs)] == [line[:2] for line in lines(ours)]


def test_lines_follow_a_size_that_a_clerk_has_changed() -> None:
    document = Document(BytesIO(template(LAYOUT)))
    before = lines(opened(docx(LAYOUT, paper())))[1][1]
    document.styles["Tiêu ngữ"].font.size = Pt(15)
    written = BytesIO()
    document.save(written)
    after = lines(opened(docx(LAYOUT, paper(), written.getvalue())))[1][1]
    assert after == pytest.approx(before * 15 / 13, abs=0.5)


# Faults


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{{ count }}", "{{ cuont }}", "the field cuont is unknown; count is meant?"),
        ("{{ person.name }}", "{{ person.nmae }}", "the field nmae is unknown; name is meant?"),
        ("{{ heading.body }}", "{{ heading.bodi }}", "the field bodi is unknown; body is meant?"),
        ("{{ who }}", "CHỦ TỊCH", "the field {{ who }} is missing; put it back, as in the exported template"),
        ("{{ who }}", "{{ who }", "the field {{ who }} is missing"),
        ("{%tr endfor %}", "", "a field or loop is not closed or misspelt"),
    ],
)
def test_a_fault_is_told_with_its_cure(old: str, new: str, told: str) -> None:
    found = list(faults(LAYOUT, changed((old, new))))
    assert any(told in fault for fault in found), found


@pytest.mark.parametrize(
    "code",
    [
        "{{ who.__class__.__mro__ }}",
        "{{ ''.join(people) }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for a in range(10**9) %}x{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{{ who|attr('x') }}",
        "{{ people * 100000 }}",
    ],
)
def test_a_template_that_does_more_than_name_fields_is_refused(code: str) -> None:
    own = changed(("{{ who }}", f"{{{{ who }}}} {code}"))
    with pytest.raises(TemplateRefused):
        check(LAYOUT, own)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no docx"),
        (b"PK\x03\x04 nothing", "is no docx"),
        (b"x" * (5 * 2**20 + 1), "is bigger than 5 MB"),
        (changed(added={"word/vbaProject.bin": b"macro"}), "holds macros"),
        (changed(added={"word/huge.xml": b"0" * (50 * 2**20)}), "unpacks to more than 50 MB"),
        (
            changed(
                added={
                    "word/_rels/settings.xml.rels": b'<Relationships><Relationship Id="r1" Type="http://schemas.openxml'
                    b'formats.org/officeDocument/2006/relationships/attachedTemplate" Target="http://x/evil.dotm"'
                    b' TargetMode="External"/></Relationships>'
                }
            ),
            "would fetch",
        ),
        (changed(("<w:body>", "<w:bdy>")), "is no readable docx"),
    ],
    ids=["empty", "torn", "big", "macros", "bomb", "fetches", "broken"],
)
def test_a_file_that_is_no_plain_docx_is_refused(content: bytes, told: str) -> None:
    (fault,) = faults(LAYOUT, content)
    assert told in fault


def test_a_fault_is_one_line() -> None:
    for fault in faults(LAYOUT, changed(("{{ who }}", "{{ a\nb }}"))):
        assert not re.search(r"\n", fault)
