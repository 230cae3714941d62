"""Papers made of what the database holds: lists, reports, posters, templates of units."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from sqlalchemy import update

from bot.documents import letterhead
from bot.documents.docx import template
from bot.documents.layouts import LAYOUTS
from bot.documents.year_report import Figures
from bot.services import documents
from bot.services.documents import DocumentRefused, Wanted, make, use_template
from bot.services.papers import figures
from bot.store.core.tables import assessments, people, tallies
from bot.store.documents import FormCount
from flows.conversation.facts import Start
from tests.commune import Commune, commune, fill_in
from tests.documents.test_docx import text_of
from tests.sample import CATALOGUES, NOW, ZONE

__all__ = ["commune"]

WEB = "https://hoc.example.vn/chat#{code}"


async def text(commune: Commune, kind: str, unit: str = "tk-dong", **how: Any) -> str:
    """Return what a paper says, made as docx."""
    made = await make(commune.database, Wanted(kind, unit, 2026, ".docx", **how), CATALOGUES["vi"], ZONE)
    return text_of(Document(BytesIO(made)))


@pytest.fixture
async def confirmed(commune: Commune) -> Commune:
    """A commune in which Lan's form is confirmed and reaches the points, and Minh's does not reach them."""
    await fill_in(commune, "Minh", 7, "4")
    await commune.say("Minh", "nộp phiếu", "nộp phiếu")
    async with commune.database.writing() as connection:
        for name, passed in (("Nguyễn Thị Lan", True), ("Lê Văn Minh", False)):
            form = await commune.form(name.split()[-1])
            await connection.execute(
                update(assessments).where(assessments.c.id == form.id).values(state="confirmed", passed=passed)
            )
            await connection.execute(
                update(tallies)
                .where(tallies.c.state == "submitted", tallies.c.passed == form.passed)
                .values(state="confirmed", passed=passed)
            )
    return commune


async def test_a_list_names_who_is_confirmed_and_reaches_the_points(confirmed: Commune) -> None:
    said = await text(confirmed, "list")
    assert "Nguyễn Thị Lan" in said
    assert "Lê Văn Minh" not in said
    assert "Danh sách có 1 người./." in said
    assert "Thôn Đông, xã Thần Khê" in said
    assert "CHI HỘI KHUYẾN HỌC\nTHÔN ĐÔNG" in said
    assert "(Bộ tiêu chí còn tạm thời nên kết quả chỉ để tham khảo.)" in said


async def test_a_list_of_another_village_names_nobody_of_this_one(confirmed: Commune) -> None:
    said = await text(confirmed, "list", "tk-doai")
    assert "Lan" not in said
    assert "Danh sách có 0 người./." in said


async def test_a_list_of_the_commune_names_the_village_of_each(confirmed: Commune) -> None:
    async with confirmed.database.writing() as connection:
        await connection.execute(update(people).where(people.c.name == "Nguyễn Thị Lan").values(name="=1+1 <Lan>"))
    said = await text(confirmed, "list", "tk")
    assert "=1+1 <Lan>" in said.split("\n")
    assert "thôn Đông" in said.split("\n")


async def test_a_report_counts_the_forms_of_the_year(commune: Commune) -> None:
    said = (await text(commune, "year", "tk", half=True)).split("\n")
    assert "Kết quả xây dựng mô hình “Công dân học tập” 6 tháng đầu năm 2026" in said
    assert said[said.index("Người đăng ký") + 1] == "2"
    assert said[said.index("Người đã nộp phiếu tự đánh giá") + 1] == "1 (50,0%)"
    place = said.index("Thôn Đông")
    assert said[place : place + 4] == ["Thôn Đông", "", "2", "1"]


async def test_another_year_has_no_forms(commune: Commune) -> None:
    made = await make(commune.database, Wanted("year", "tk", 2025, ".docx"), CATALOGUES["vi"], ZONE)
    said = text_of(Document(BytesIO(made))).split("\n")
    assert said[said.index("Người đăng ký") + 1] == "0"


def test_figures_follow_the_states_of_forms() -> None:
    counted = figures(
        [
            FormCount(1, "draft", False, 5),
            FormCount(1, "returned", False, 4),
            FormCount(1, "submitted", True, 3),
            FormCount(1, "confirmed", True, 20),
            FormCount(1, "confirmed", False, 2),
            FormCount(1, "recognised", True, 10),
            FormCount(1, "erased", True, 1),
            FormCount(2, "revoked", True, 1),
        ]
    )
    one = counted[1]
    assert (one.registered, one.submitted, one.confirmed, one.passed, one.recognised) == (45, 36, 33, 31, 10)
    assert (one.share, one.submitted_said, one.recognised_said) == ("22,2", "36 (80,0%)", "10/45 (22,2%)")
    assert Figures().recognised_said == "0/0"
    assert (counted[2].confirmed, counted[2].recognised, counted[2].share) == (1, 0, "0,0")


async def test_a_poster_leads_into_its_village(commune: Commune) -> None:
    said = await text(commune, "poster", "tk", links=(Start(WEB),))
    assert "Thôn Đông" in said.split("\n")
    assert "Thôn Đoài" in said.split("\n")
    assert "hoc.example.vn/chat#v-tk-dong" in said


async def test_a_blank_form_has_the_questions_of_its_group(commune: Commune) -> None:
    said = await text(commune, "form", group="farmer", links=(Start(WEB),))
    assert "Có hay xem thời sự, nghe loa thôn hoặc đọc tin mùa vụ, giá nông sản không?" in said
    assert "□ Hằng ngày (10\u00a0điểm)" in said
    assert "Tôi đồng ý để Hội Khuyến học lưu" in said


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted("list", "zz", 2026, ".docx"), "there is no unit with the code 'zz'"),
        (Wanted("poster", "tk", 2026, ".pdf"), "no channel has an address"),
        (Wanted("minutes", "tk-dong", 2026, ".pdf"), "Thôn Đông has held no branch meeting of 2026 yet"),
        (Wanted("proposal", "tk", 2026, ".pdf"), "nothing is proposed for Xã Thần Khê in 2026 yet"),
        (Wanted("decision", "tk", 2026, ".pdf"), "nothing is decided for Xã Thần Khê in 2026 yet"),
        (Wanted("certificates", "tk", 2026, ".pdf"), "nobody in Xã Thần Khê has a title of 2026 yet"),
        (Wanted("register", "tk", 2026, ".pdf"), "nobody in Xã Thần Khê has a title of 2026 yet"),
    ],
    ids=lambda value: value.kind if isinstance(value, Wanted) else "",
)
async def test_what_is_not_there_is_said(commune: Commune, wanted: Wanted, told: str) -> None:
    with pytest.raises(DocumentRefused, match=told):
        await make(commune.database, wanted, CATALOGUES["vi"], ZONE)


# Templates of units


def with_words(name: str, old: str, new: str) -> bytes:
    """Return a template in which a clerk has changed a paragraph."""
    document = Document(BytesIO(template(LAYOUTS[name])))
    for paragraph in document.paragraphs:
        if old in paragraph.text:
            paragraph.runs[0].text = paragraph.text.replace(old, new)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


async def test_the_template_of_the_nearest_unit_is_used(commune: Commune) -> None:
    for unit, said in (("tk", "của xã"), ("tk-dong", "của thôn")):
        own = with_words("list", "Danh sách có", f"Danh sách {said} có")
        await use_template(commune.database, unit, "list", own, NOW)
    assert "Danh sách của thôn có 0 người./." in await text(commune, "list")
    assert "Danh sách của xã có 0 người./." in await text(commune, "list", "tk-doai")


async def test_a_template_loaded_again_takes_the_place_of_the_one_before(commune: Commune) -> None:
    for said in ("một", "hai"):
        await use_template(commune.database, "tk", "list", with_words("list", "Danh sách có", f"Bản {said}:"), NOW)
    assert "Bản hai: 0 người./." in await text(commune, "list")


async def test_a_letterhead_holds_for_the_commune_and_all_below_it(commune: Commune) -> None:
    usual = letterhead.written(letterhead.usual("Xã Thần Khê"))
    own = usual.replace("HỘI KHUYẾN HỌC\\nXÃ".encode(), "HỘI KHUYẾN HỌC VIỆT NAM\\nHỘI KHUYẾN HỌC XÃ".encode())
    assert own != usual
    await use_template(commune.database, "tk", letterhead.NAME, own, NOW)
    assert "HỘI KHUYẾN HỌC VIỆT NAM" in await text(commune, "list")


@pytest.mark.parametrize(
    ("unit", "name", "content", "told"),
    [
        ("zz", "list", template(LAYOUTS["list"]), "there is no unit with the code 'zz'"),
        ("tk", "lsit", b"", "there is no paper 'lsit'; there are: form, blank-form"),
        ("tk", "list", b"%PDF-1.7", "is no docx"),
        ("tk", "letterhead", b"place = 1", "Expected `str`"),
    ],
)
async def test_a_template_that_does_not_fit_is_refused(
    commune: Commune, unit: str, name: str, content: bytes, told: str
) -> None:
    with pytest.raises(DocumentRefused, match=told):
        await use_template(commune.database, unit, name, content, NOW)


async def test_templates_in_use_are_looked_through(commune: Commune, monkeypatch: pytest.MonkeyPatch) -> None:
    own = with_words("list", "Danh sách có {{ count }} người", "Danh sách có {{ conut }} người")
    check: Callable[..., Any] = documents.faults
    monkeypatch.setattr(documents, "faults", lambda *_: ())  # as an earlier version may have let it in
    await use_template(commune.database, "tk", "list", own, NOW)
    monkeypatch.setattr(documents, "faults", check)
    assert await documents.template_faults(commune.database) == [
        "list.docx of tk: the field conut is unknown; count is meant?"
    ]


async def test_what_is_exported_is_what_a_unit_uses(commune: Commune) -> None:
    own = with_words("list", "Danh sách có", "Danh sách gồm")
    await use_template(commune.database, "tk", "list", own, NOW)
    files = await documents.exported(commune.database, "tk-dong")
    assert set(files) == {*(f"{name}.docx" for name in LAYOUTS), "letterhead.toml"}
    assert files["list.docx"] == own
    assert files["decision.docx"] == template(LAYOUTS["decision"])
