"""Papers as pdf, read back: measures, fonts, lines, page numbers, words, names as they are."""

from functools import cache
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from bot.documents import certificate, decision, village_list
from bot.documents.layouts import LAYOUTS
from bot.documents.metrics import fonts_folder
from bot.documents.pdf import pdf
from bot.services import papers
from tests.documents import made_up
from tests.documents.pages import Pdf, Run

A4, A4_ACROSS, A5_ACROSS = (210, 297), (297, 210), (210, 148)
# All letters of Vietnamese with all their tones, in both cases, and the signs of papers.
VIETNAMESE = "".join(
    dict.fromkeys(
        "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệfghiìíỉĩịjklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvwxyỳýỷỹỵz"
        "AÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬBCDĐEÈÉẺẼẸÊỀẾỂỄỆFGHIÌÍỈĨỊJKLMNOÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢPQRSTUÙÚỦŨỤƯỪỨỬỮỰVWXYỲÝỶỸỴZ"
        "0123456789“”‘’…–—-/.,;:()%\u00a0□"
    )
)


@cache
def read_back(name: str) -> Pdf:
    return Pdf(pdf(*made_up.paper(name)))


def test_every_vietnamese_letter_is_in_every_face() -> None:
    faces = sorted(fonts_folder().glob("*.ttf"))
    assert len(faces) == 4
    for face in faces:
        with TTFont(face) as font:
            known = font.getBestCmap()
            assert [letter for letter in VIETNAMESE if ord(letter) not in known] == [], face.name


def test_the_licence_of_the_fonts_lies_beside_them() -> None:
    assert "SIL OPEN FONT LICENSE" in (fonts_folder() / "LICENSE").read_text("utf-8").upper()


@pytest.mark.parametrize("name", LAYOUTS)
def test_fonts_are_embedded_and_are_those_that_come_along(name: str) -> None:
    read = PdfReader(BytesIO(pdf(*made_up.paper(name))))
    fonts = [font.get_object() for page in read.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert fonts
    for font in fonts:
        assert "LiberationSerif" in font["/BaseFont"]
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("decision", {A4}),
        ("proposal", {A4}),
        ("minutes", {A4}),
        ("list", {A4}),
        ("posted", {A4}),
        ("form", {A4}),
        ("blank-form", {A4}),
        ("poster", {A4}),
        ("year", {A4, A4_ACROSS}),
        ("register", {A4_ACROSS}),
        ("certificate-a4", {A4_ACROSS}),
        ("certificate-a5", {A5_ACROSS}),
    ],
)
def test_pages_have_their_size(name: str, sizes: set[tuple[int, int]]) -> None:
    assert set(read_back(name).sizes) == sizes


@pytest.mark.parametrize("name", ["decision", "proposal", "minutes", "list", "form", "blank-form", "year"])
def test_nothing_stands_in_the_margins_but_the_page_number(name: str) -> None:
    read = read_back(name)
    for run in read.runs:
        width, height = read.sizes[run.page - 1]
        assert run.left > 30 - 0.5, run
        assert run.right < width - 15 + 0.5, run
        assert 20 - 0.5 < run.top < height - 20 or run.text.isdigit(), run


def test_the_heading_of_a_decision_is_that_of_the_decree() -> None:
    read = read_back("decision")
    nation, motto = read.run("CỘNG HÒA XÃ HỘI"), read.run("Độc lập - Tự do")
    body, number, place = read.run("ỦY BAN NHÂN DÂN"), read.run("Số: 05/QĐ-UBND"), read.run("Thần Khê, ngày")
    assert (nation.size, motto.size, body.size, number.size, place.size) == (12, 13, 12, 13, 13)
    assert [run.is_bold for run in (nation, motto, body, number, place)] == [True, True, True, False, False]
    assert [run.is_italic for run in (nation, motto, body, number, place)] == [False, False, False, False, True]
    assert abs(nation.middle - motto.middle) < 0.5
    assert abs(body.middle - number.middle) < 1
    assert place.text.strip() == "Thần Khê, ngày 05 tháng 01 năm 2026"
    assert body.right < nation.left


def test_lines_are_as_long_as_the_decree_says() -> None:
    read = read_back("decision")
    motto, subject = read.run("Độc lập - Tự do"), read.run("Về việc công nhận")
    assert abs(read.stroke_under(motto).length - (motto.right - motto.left)) < 0.5
    body = max((read.run("ỦY BAN NHÂN DÂN"), read.run("XÃ THẦN KHÊ")), key=lambda run: run.right - run.left)
    for above in (body, subject):
        assert 1 / 3 <= read.stroke_under(above).length / (above.right - above.left) <= 1 / 2


def test_who_decides_stands_above_the_grounds_which_end_with_a_full_stop() -> None:
    read = read_back("decision")
    who, first = read.run("CHỦ TỊCH ỦY BAN NHÂN DÂN XÃ THẦN KHÊ"), read.run("Căn cứ Luật")
    last = read.run("Xét đề nghị của Hội Khuyến học xã Thần Khê")
    assert who.top < first.top < last.top
    assert who.is_bold
    assert (first.is_italic, first.size) == (True, 14)
    assert abs(first.left - (30 + 12.7)) < 0.5
    assert "Tờ trình số 03/TTr-HKH ngày 20 tháng 11 năm 2026." in read.text.replace("\n", " ")


def test_the_signer_and_the_recipients_stand_level() -> None:
    read = read_back("decision")
    office, recipients, first = read.run("CHỦ TỊCH"), read.run("Nơi nhận:"), read.run("- Như Điều 3;")
    office = next(run for run in read.runs if run.text.strip() == "CHỦ TỊCH")
    assert abs(office.top - recipients.top) < 2
    assert (office.is_bold, office.size) == (True, 14)
    assert (recipients.is_bold, recipients.is_italic, recipients.size) == (True, True, 12)
    assert (first.size, first.is_bold) == (11, False)
    assert not any(run.text.startswith("TM.") for run in read.runs)


def test_articles_are_bold_and_the_text_ends_as_it_must() -> None:
    read = read_back("decision")
    article = read.run("Điều 1.")
    assert article.is_bold
    assert "Công nhận 40 người đạt danh hiệu" in article.text
    assert "chịu trách nhiệm thi hành Quyết định này./." in read.text.replace("\n", " ")


@cache
def long_decision() -> Pdf:
    """Return a decision whose list takes several pages."""
    return Pdf(pdf(decision.LAYOUT, papers.decision(made_up.setting(), made_up.decided(made_up.people(120)))))


def numbers(read: Pdf) -> dict[int, Run]:
    """Return what stands in the top margin of each page."""
    return {run.page: run for run in read.runs if run.top < 20}


def test_pages_are_numbered_in_the_top_margin_but_the_first_and_the_appendix_by_itself() -> None:
    read = long_decision()
    first_of_list = read.run("Phụ lục").page
    found = numbers(read)
    expected = {
        **{page: str(page) for page in range(2, first_of_list)},
        **{page: str(page - first_of_list + 1) for page in range(first_of_list + 1, len(read.sizes) + 1)},
    }
    assert {page: run.text for page, run in found.items()} == expected
    assert len(expected) >= 2
    for run in found.values():
        assert run.size in {13, 14}
        assert not run.is_bold
        assert abs(run.middle - (30 + 165 / 2)) < 1


def test_the_head_of_a_list_is_repeated_on_every_page() -> None:
    read = long_decision()
    pages = {run.page for run in read.runs if run.text.startswith("STT")}
    assert pages == set(range(read.run("Phụ lục").page, len(read.sizes) + 1))


def test_the_appendix_says_what_it_belongs_to() -> None:
    read = read_back("decision")
    appendix = read.run("Phụ lục")
    assert (appendix.size, appendix.is_bold) == (14, True)
    said = read.text.replace("\n", " ")
    assert (
        "(Kèm theo Quyết định số 05/QĐ-UBND ngày 05 tháng 01 năm 2026 của Chủ tịch Ủy ban nhân dân xã Thần Khê)" in said
    )


def test_a_draft_has_neither_number_nor_day() -> None:
    draft = papers.decision(made_up.setting(), made_up.decided(made_up.people(3), draft=True))
    text = Pdf(pdf(decision.LAYOUT, draft)).text.replace("\u00a0", " ")
    assert "/QĐ-UBND" in text
    assert "05/QĐ-UBND" not in text
    assert "năm 2026" in text


def test_minutes_have_a_number_no_day_and_two_signatures() -> None:
    read = read_back("minutes")
    secretary, chair = read.run("THƯ KÝ"), read.run("CHỦ TỌA")
    assert secretary.right < chair.left
    assert abs(secretary.top - chair.top) < 1
    assert read.run("Số:").text.replace("\u00a0", "").replace(" ", "") == "Số:/BB-CHKH"
    assert not any(run.text.startswith("Thần Khê, ngày") for run in read.runs)
    assert "Cuộc họp kết thúc vào 21 giờ 05, ngày 14 tháng 11 năm 2026./." in read.text.replace("\n", " ")
    assert "- Lưu: VT, Hồ sơ." in read.text


@pytest.mark.parametrize("name", LAYOUTS)
def test_provisional_criteria_are_told_in_the_words_of_the_chat(name: str) -> None:
    text = " ".join(read_back(name).text.split())
    assert "(Bộ tiêu chí còn tạm thời nên kết quả chỉ để tham khảo.)" in text


def test_lists_carry_name_village_and_title_only() -> None:
    top = read_back("decision").run("STT").top
    heads = [run.text for run in read_back("decision").runs if run.page == 2 and abs(run.top - top) < 0.5]
    assert heads == ["STT", "Họ và tên", "Thôn, tổ dân phố", "Danh hiệu"]


# Names are data


@pytest.mark.parametrize(("name", "printed"), list(zip(made_up.ODD_NAMES, made_up.ODD_NAMES_PRINTED, strict=True)))
def test_a_name_is_text_whatever_it_holds(name: str, printed: str) -> None:
    some = made_up.named(name)
    for layout, made in (
        (decision.LAYOUT, papers.decision(made_up.setting(), made_up.decided(some))),
        (village_list.LAYOUT, papers.village_list(made_up.setting(), "Thôn Đông", some, name)),
        (certificate.ON_A5, papers.certificates(made_up.setting(), made_up.titles(some), made_up.PAGE)),
    ):
        read = Pdf(pdf(layout, made))
        found = read.text if layout is certificate.ON_A5 else read.column("Họ và tên")
        assert "".join(printed.split()) in "".join(found.split()), layout.name


def test_a_name_of_120_letters_keeps_a_certificate_on_one_page() -> None:
    for layout in (certificate.ON_A4, certificate.ON_A5):
        made = papers.certificates(made_up.setting(), made_up.titles(made_up.named(made_up.LONG_NAME)), made_up.PAGE)
        assert len(Pdf(pdf(layout, made)).sizes) == 1


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert pdf(*made_up.paper("certificate-a5")) == pdf(*made_up.paper("certificate-a5"))
