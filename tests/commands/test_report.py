"""`hoctap report`, and templates out and in, as an administrator runs them."""

import asyncio
from pathlib import Path

import pytest
from docx import Document

from bot.store.core.database import Database
from bot.store.core.reference import read_unit
from bot.store.documents import save_template
from tests.commands.test_import_export import NOW, Run, furnished, hoctap, run

__all__ = ["furnished", "hoctap", "run"]


def test_papers_are_written_as_docx_and_as_pdf(hoctap: Run, tmp_path: Path) -> None:
    web = {"PUBLIC_URL": "https://hoc.example.vn/"}
    for words in (
        ("form", "--unit", "ta-dong", "--group", "worker"),
        ("list", "--unit", "ta-dong"),
        ("year", "--unit", "ta", "--half"),
        ("poster", "--unit", "ta"),
    ):
        for file, beginning in ((f"{words[0]}.docx", b"PK"), (f"{words[0]}.PDF", b"%PDF-")):
            told = hoctap("report", *words, "--year", "2026", "--out", file, **web)
            assert told == (0, "", f"Written to {file}.\n")
            assert (tmp_path / file).read_bytes().startswith(beginning)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("list", "--unit", "ta", "--out", "list.odt"), "list.odt: the name must end in .docx or .pdf"),
        (("list", "--unit", "zz", "--out", "x.pdf"), "there is no unit with the code 'zz'; see: hoctap export units"),
        (("decision", "--unit", "ta", "--out", "x.pdf"), "nothing is decided for Xã Tân An in 2026 yet"),
        (("list", "--unit", "ta", "--out", "no/x.pdf"), "no/x.pdf: cannot be written: No such file or directory"),
        (
            ("poster", "--unit", "ta", "--out", "x.pdf"),
            "no channel has an address; set TELEGRAM_TOKEN, ZALO_OA_ID, or PUBLIC_URL for the web chat",
        ),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(hoctap: Run, words: tuple[str, ...], line: str) -> None:
    assert hoctap("report", *words, "--year", "2026") == (2, "", f"hoctap: {line}\n")


def test_templates_go_out_are_changed_and_come_in_again(hoctap: Run, tmp_path: Path) -> None:
    assert hoctap("export", "templates", "mau", "--unit", "ta") == (0, "", "13 templates are in mau.\n")
    assert hoctap("export", "templates", "mau")[2] == (
        "hoctap: mau/form.docx is there already; delete it, or give another name\n"
    )
    file = tmp_path / "mau/list.docx"
    document = Document(str(file))
    ending = next(paragraph for paragraph in document.paragraphs if "{{ count }}" in paragraph.text)
    ending.runs[0].text = "Tổng số: {{ count }}."
    document.save(str(file))
    assert hoctap("import", "template", "mau/list.docx", "--unit", "ta") == (
        0,
        "list.docx is used by ta and all below it from now on.\n",
        "",
    )
    hoctap("report", "list", "--unit", "ta-dong", "--year", "2026", "--out", "x.docx")
    assert "Tổng số: 0." in [paragraph.text for paragraph in Document(str(tmp_path / "x.docx")).paragraphs]
    assert hoctap("check")[0] == 0


def test_the_letterhead_goes_out_and_comes_in_again(hoctap: Run, tmp_path: Path) -> None:
    hoctap("export", "templates", "mau", "--unit", "ta")
    assert 'place = "Tân An"' in (tmp_path / "mau/letterhead.toml").read_text()
    assert hoctap("import", "template", "mau/letterhead.toml", "--unit", "ta")[0] == 0


def test_every_fault_of_a_template_is_a_line(hoctap: Run, tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("{{ nmae }}")
    document.save(str(tmp_path / "mau.docx"))
    code, output, errors = hoctap("import", "template", "mau.docx", "--as", "register", "--unit", "ta")
    assert (code, output) == (2, "")
    assert errors.splitlines() == [
        "hoctap: mau.docx: the field nmae is unknown; there are: count, entries, heading, period, provisional,"
        " signature",
        "hoctap: mau.docx: the field {{ heading }} is missing; put it back, as in the exported template",
        "hoctap: mau.docx: the field {{ period }} is missing; put it back, as in the exported template",
        "hoctap: mau.docx: the field {{ entries }} is missing; put it back, as in the exported template",
        "hoctap: nothing was imported",
    ]
    assert hoctap("import", "template", "mau.docx", "--unit", "ta")[2].startswith("hoctap: mau.docx: there is no paper")


async def with_a_broken_template(address: str) -> None:
    database = Database(address)
    async with database.writing() as connection:
        unit = await read_unit(connection, "ta")
        assert unit is not None
        await save_template(connection, unit.id, "list", b"%PDF", NOW)
    await database.close()


def test_check_names_a_template_in_use_that_fits_no_more(hoctap: Run, furnished: str) -> None:
    asyncio.run(with_a_broken_template(furnished))
    assert hoctap("check") == (
        2,
        "",
        "hoctap: list.docx of ta: is no docx; save it from Word or LibreOffice as .docx\n",
    )


def test_check_says_when_templates_could_not_be_looked_through(hoctap: Run, tmp_path: Path) -> None:
    for address, told in (
        (f"sqlite:///{tmp_path / 'empty.db'}", "the tables are missing or of an older version; run: hoctap migrate"),
        ("postgresql://hoctap:geheim@127.0.0.1:1/hoctap", "DATABASE_URL is not usable"),
    ):
        (tmp_path / "empty.db").touch()
        code, output, errors = hoctap("check", DATABASE_URL=address)
        assert (code, errors) == (0, "")
        assert f"Templates in use were not looked through: {told}" in output
        assert "geheim" not in output
