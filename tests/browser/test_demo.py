"""The demo as its visitors meet it: on phones of all sizes, by mouse, finger, keyboard and ear."""

import base64
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.commands.demo_phones import PHONES
from tests.browser.conftest import Snap, Visit
from tests.browser.phones import Phone

pytestmark = pytest.mark.timeout(240)

FARMER = "1. Nông dân"
OFFICIAL = "3. Cán bộ"
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
TABLET: dict[str, Any] = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
POCKET: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SMALLEST: dict[str, Any] = {"viewport": {"width": 320, "height": 568}, "has_touch": True, "is_mobile": True}
PICTURE = Path(__file__).with_name("demo.webp")
SIZES = {"desk": DESK, "tablet": TABLET, "pocket": POCKET, "smallest": SMALLEST}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture as large as a camera's."""
    path = tmp_path / "giay-chung-nhan.png"
    path.write_bytes(picture(2000, 1500))
    return path


def picture(width: int, height: int) -> bytes:
    rows = b"".join(b"\0" + bytes([180 + y * 60 // height, 120 + y * 90 // height, 90]) * width for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def is_loaded(image: Locator) -> bool:
    return bool(image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))


# --- The story ---


def test_lan_fills_in_her_form_and_the_branch_head_confirms_it(visit: Visit, snap: Snap, photo: Path) -> None:
    page = visit()
    lan, head = Phone(page, "Lan"), Phone(page, "Bà Hòa")
    head.expect_unread(1)
    snap(page, "story-1-opened")

    lan.register("nguyễn thị lan", 1968, FARMER)
    snap(page, "story-2-first-question")
    result = lan.fill_in(photo=photo)
    assert "Đủ điều kiện đề nghị công nhận danh hiệu" in result
    expect(lan.log.get_by_role("button", name="Xem ảnh lớn: giay-chung-nhan.jpg")).to_be_visible()
    snap(page, "story-3-result")

    assert "nêu tên trên danh sách" in lan.press("Nộp phiếu")
    assert "Phiếu đã nộp: 100 điểm" in lan.press("Đồng ý nêu tên")
    head.expect_heard("Có phiếu chờ xác nhận")
    head.expect_heard("Nguyễn Thị Lan, sinh năm 1968")
    head.expect_unread(2)
    # Two at the branch head's, none at Lan's; what the other phones begin with is unread, too.
    expect(page).to_have_title(re.compile(rf"^\({len(PHONES)}\) "))
    snap(page, "story-4-submitted")

    answers = head.press("📋 Xem các câu trả lời")
    assert re.findall(r"^(\d+)\. ", answers, re.MULTILINE) == [str(number) for number in range(1, 11)]
    head.expect_unread(0)
    head.press("📷 Câu 2")
    shown = head.last.get_by_role("img", name="giay-chung-nhan.jpg")
    assert is_loaded(shown)
    head.last.get_by_role("button", name="Xem ảnh lớn").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    snap(page, "story-5-photo-enlarged")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    assert "Đã xác nhận phiếu của Nguyễn Thị Lan" in head.press("✅ Xác nhận")
    lan.expect_heard("Chi hội đã xác nhận phiếu")
    lan.expect_unread(1)
    snap(page, "story-6-confirmed")
    lan.node.click()
    lan.expect_unread(0)


def test_a_form_comes_back_with_a_reason_and_is_corrected(visit: Visit, snap: Snap) -> None:
    page = visit()
    lan, head = Phone(page, "Lan"), Phone(page, "Bà Hòa")
    lan.register("Trần Thị Lan", 1985, OFFICIAL)
    lan.fill_in()
    lan.press("Nộp phiếu")
    head.expect_heard("Trần Thị Lan")
    head.press("↩️ Trả lại để sửa")
    assert "Đã trả phiếu lại" in head.type("Câu 2 xin gửi thêm giấy chứng nhận")
    lan.expect_heard("Lý do: Câu 2 xin gửi thêm giấy chứng nhận")
    snap(page, "returned-1-reason")

    lan.press("Sửa phiếu")
    assert "2/10" in lan.type("sua 2")
    said = lan.press("2. ")
    if "Xin gửi ảnh" in said:
        said = lan.type("giấy chứng nhận để ở cơ quan")
    assert "Đã trả lời đủ các câu" in said
    lan.press("Nộp phiếu")
    head.expect_heard("Có phiếu chờ xác nhận")
    head.press("✅ Xác nhận")
    lan.expect_heard("Chi hội đã xác nhận phiếu")
    snap(page, "returned-2-confirmed")


def test_the_administrator_invites_and_the_invited_takes_up_the_task_in_the_chat_page(visit: Visit, snap: Snap) -> None:
    page = visit()
    admin = Phone(page, "Ông Bình").chosen()
    admin.press("Mời người nhận nhiệm vụ")
    admin.press("1. Chi hội trưởng")
    assert "Thôn Thượng" in admin.type("thon thuong")
    assert "Đến bao giờ?" in admin.press("1. Thôn Thượng")
    invitation = admin.press("1. Không có thời hạn")
    code = re.search(r"i-[\w-]{10,}", invitation)
    assert code, invitation
    snap(page, "invitation-1-made")

    link = admin.last.get_by_role("link", name="/chat#").get_attribute("href")
    assert link == f"{page.url}chat#{code[0]}"
    own_page = visit(f"chat#{code[0]}", **POCKET)
    invited = Phone(own_page, "Công dân học tập")
    assert "chọn ngôn ngữ" in invited.answer()
    assert code[0] not in own_page.url
    assert code[0] not in invited.log.inner_text()
    invited.press("Tiếng Việt")
    snap(own_page, "invitation-2-chat-page")
    assert "Trân trọng mời nhận nhiệm vụ: Chi hội trưởng, thôn Thượng" in invited.press("Đồng ý")
    invited.type("Mai Văn Sơn")
    assert "Đã nhận nhiệm vụ" in invited.press("Có")
    snap(own_page, "invitation-3-accepted")


def test_starting_anew_leaves_nothing_of_what_was(visit: Visit) -> None:
    page = visit()
    lan, head = Phone(page, "Lan"), Phone(page, "Bà Hòa")
    lan.register("Nguyễn Thị Lan", 1968, FARMER)
    lan.fill_in()
    lan.press("Nộp phiếu")
    head.expect_heard("Có phiếu chờ xác nhận")

    page.get_by_role("button", name="Làm lại từ đầu").click()
    expect(lan.button("Bắt đầu / Start")).to_be_visible()
    head.expect_unread(1)
    assert "Đang chờ: 12" in head.press("Phiếu của chi hội")
    assert "chọn ngôn ngữ" in lan.press("Bắt đầu / Start")


def test_a_reload_keeps_what_was_said(visit: Visit) -> None:
    page = visit()
    lan = Phone(page, "Lan")
    lan.press("Bắt đầu / Start")
    lan.press("Tiếng Việt")
    before = lan.log.inner_text()
    page.reload()
    expect(lan.button("Đồng ý")).to_be_visible()
    assert lan.log.inner_text() == before
    assert "họ và tên" in lan.press("Đồng ý")


# --- The list of phones ---


def test_four_phones_stand_side_by_side_and_others_are_chosen_from_the_list(visit: Visit, snap: Snap) -> None:
    page = visit(viewport={"width": 1366, "height": 768})
    shown = page.locator(".phones .phone.shown h2")
    expect(shown).to_have_text(["Lan", "Bà Hòa", "Ông Khải", "Bà Nguyệt"])
    widths = page.locator(".phone.shown").evaluate_all("all => all.map(phone => phone.clientWidth)")
    assert min(widths) >= 300
    hints = page.locator(".phone.shown .tip")
    expect(hints.nth(1)).to_have_text("Xác nhận cả thôn: nhắn “duyệt hết”.")
    snap(page, "list-1-four")

    admin = Phone(page, "Ông Bình").chosen()
    expect(shown).to_have_text(["Lan", "Bà Hòa", "Ông Khải", "Ông Bình"])  # in place of whom nobody turned to last
    expect(admin.tab).to_have_attribute("aria-pressed", "true")
    expect(Phone(page, "Bà Nguyệt").tab).to_have_attribute("aria-pressed", "false")
    page.set_viewport_size({"width": 760, "height": 1000})
    expect(shown).to_have_text(["Lan", "Ông Bình"])
    page.set_viewport_size({"width": 360, "height": 740})
    expect(shown).to_have_text(["Ông Bình"])
    assert_fits(page)
    snap(page, "list-2-one")
    page.set_viewport_size({"width": 1366, "height": 768})

    sen = Phone(page, "Bà Sen").chosen()
    assert "Giấy chứng nhận" in sen.type("phieu cua toi nhé")
    with page.context.expect_page() as opened:
        sen.last.get_by_role("link").click()
    expect(opened.value.get_by_text("Nguyễn Thị Sen")).to_be_visible()
    expect(opened.value.get_by_text("Còn giá trị")).to_be_visible()
    snap(opened.value, "list-3-certificate")


def test_the_demo_begins_anew_in_the_other_language(visit: Visit, snap: Snap) -> None:
    page = visit()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_text("Trial")).to_be_visible()
    head = page.get_by_role("region", name="Bà Hòa")
    expect(head.get_by_text("Branch head · Thôn Đông")).to_be_visible()
    expect(head.get_by_role("button", name="Forms of my branch")).to_be_visible()
    expect(head.get_by_role("textbox", name="Type a message")).to_be_visible()
    snap(page, "english-phones")
    page.get_by_role("button", name="Tiếng Việt").click()
    expect(page.get_by_text("Bản dùng thử")).to_be_visible()
    expect(Phone(page, "Bà Hòa").button("Phiếu của chi hội")).to_be_visible()


def test_the_whole_way_to_the_certificate_is_gone_on_four_phones(visit: Visit, snap: Snap) -> None:
    page = visit(viewport={"width": 1366, "height": 768})
    head, association, committee = (Phone(page, name) for name in ("Bà Hòa", "Ông Khải", "Bà Nguyệt"))
    assert "Số được tính theo danh sách này" in head.type("duyet het tru 2, 5 nhé")
    assert "Để lại 2 phiếu" in head.type("duyet het tru 2, 5")
    head.type("xac nhan ạ")
    head.expect_heard("Đã xác nhận 10 phiếu")
    snap(page, "way-1-confirmed")
    head.type("hop chi hoi")
    for text in ("nhap", "hom nay", "de trong", "nvh", "toi", "Lê Thị Thư", "35/40", "nhat tri", "0"):
        head.type(text)
    assert "Đã chốt danh sách thôn Đông" in head.type("chot danh sach thon")
    association.expect_heard("Thôn Đông, xã Tân An đã họp chi hội")
    association.type("cac thon")
    assert "Mẫu 10 phiếu" in (association.type("kiem tra ngau nhien"), association.type("10"))[1]
    association.type("cac thon")
    association.type("de nghi")
    association.type("de nghi danh sach nay")
    association.expect_heard("Đã đề nghị")
    committee.expect_heard("Hội Khuyến học đề nghị công nhận")
    snap(page, "way-2-proposed")
    committee.type("xet cong nhan")
    for text in ("2", "ghi quyet dinh", "42/QĐ-UBND", "hom nay", "Phạm Thị Nguyệt", "cong nhan"):
        committee.type(text)
    committee.expect_heard("Đã công nhận")
    snap(page, "way-3-recognised")


# --- The picture in the README ---


def test_the_picture_in_the_readme_is_small_and_can_be_made_anew(visit: Visit, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--rewrite-pictures"):
        PICTURE.write_bytes(as_webp(visit("guide"), four_phones_at_work(visit)))
    assert PICTURE.stat().st_size <= 150_000
    readme = Path(__file__).parents[2] / "README.md"
    assert f"({PICTURE.relative_to(readme.parent)})" in readme.read_text("utf-8")


def four_phones_at_work(visit: Visit) -> bytes:
    """Return a picture of four phones, each in the middle of what it is for."""
    page = visit(viewport={"width": 1366, "height": 820})
    lan, head, association, committee = (Phone(page, name) for name in ("Lan", "Bà Hòa", "Ông Khải", "Bà Nguyệt"))
    committee.type("xét công nhận")
    association.type("các thôn")
    lan.register("Nguyễn Thị Lan", 1968, FARMER)
    lan.fill_in()
    lan.press("Nộp phiếu")
    head.expect_heard("Nguyễn Thị Lan")
    head.type("duyệt phiếu")
    head.type("duyệt hết trừ 2, 5")
    return page.screenshot(animations="disabled", caret="hide")


def as_webp(page: Page, png: bytes) -> bytes:
    """Let the browser write a picture in its smaller format."""
    written = page.evaluate(TO_WEBP, base64.b64encode(png).decode())
    return base64.b64decode(written.partition(",")[2])


TO_WEBP = """async (png) => {
  const image = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))]));
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.8);
}"""


# --- Buttons ---


def test_buttons_go_when_they_are_answered_or_another_question_comes_and_lasting_ones_stay(visit: Visit) -> None:
    page = visit()
    lan, head = Phone(page, "Lan"), Phone(page, "Bà Hòa")
    lan.register("Trần Thị Lan", 1985, OFFICIAL)
    expect(lan.button("Tiếng Việt")).to_be_hidden()
    lan.fill_in(level=2)
    lan.press("Nộp phiếu")

    head.expect_heard("Có phiếu chờ xác nhận")
    expect(head.button("Phiếu của chi hội")).to_be_visible()  # a notice does not take the menu away
    head.press("📋 Xem các câu trả lời")
    expect(head.button("Phiếu của chi hội")).to_be_visible()  # nor does looking something up
    expect(head.button("📋 Xem các câu trả lời")).to_have_accessible_description("Đã bấm")
    head.press("↩️ Trả lại để sửa")
    expect(head.button("Phiếu của chi hội")).to_be_hidden()  # but a question does
    expect(head.button("✅ Xác nhận")).to_be_visible()
    page.reload()
    expect(head.button("📋 Xem các câu trả lời")).to_have_accessible_description("Đã bấm")
    expect(head.button("Phiếu của chi hội")).to_be_hidden()


def test_a_refused_file_says_why_and_leaves_the_question_open(visit: Visit, snap: Snap, tmp_path: Path) -> None:
    program = tmp_path / "setup.exe"
    program.write_bytes(b"MZ" + bytes(500))
    large = tmp_path / "phim.pdf"
    large.write_bytes(b"%PDF-1.7" + bytes(11 * 1024 * 1024))
    page = visit()
    lan = Phone(page, "Lan")
    lan.press("Bắt đầu / Start")
    lan.press("Tiếng Việt")
    refused = lan.own.nth(2)
    attach = lan.node.get_by_role("button", name="Chọn ảnh hoặc tài liệu")
    with page.expect_file_chooser() as chooser:
        attach.click()
    chooser.value.set_files(program)
    expect(refused).to_contain_text("Xin trả lời có đồng ý tham gia hay không trước")
    lan.press("Đồng ý")
    with page.expect_file_chooser() as chooser:
        attach.click()
    chooser.value.set_files([program, large])
    expect(lan.own.nth(4)).to_contain_text("Chỉ nhận ảnh, PDF hoặc Word.")
    expect(lan.own.nth(5)).to_contain_text("lớn hơn 10 MB.")
    expect(lan.own.nth(5).get_by_role("img", name="Không gửi được")).to_be_visible()
    snap(page, "file-refused")
    assert "Năm sinh" in lan.type("Nguyễn Thị Lan") or "năm sinh" in lan.last.inner_text()


def test_files_chosen_together_get_one_answer_and_a_refused_one_says_why(
    visit: Visit, snap: Snap, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("giay-1.png", "giay-2.png", "setup.exe", "giay-3.png")]
    for place, file in enumerate(files):
        file.write_bytes(picture(300 + place, 200))
    files[2].write_bytes(b"MZ" + bytes(500))
    page = visit()
    lan = Phone(page, "Lan")
    lan.register("Nguyễn Thị Lan", 1975, FARMER)
    lan.press("1. ")
    assert "Xin gửi ảnh" in lan.press("1. ")
    asked = lan.log.locator(".message.bot").count()
    with page.expect_file_chooser() as chooser:
        lan.node.get_by_role("button", name="Chọn ảnh hoặc tài liệu").click()
    chooser.value.set_files(files)
    lan.expect_heard("3 minh chứng")
    assert lan.log.locator(".message.bot").count() == asked + 1
    snap(page, "files-together")
    page.reload()
    states = ("Đã gửi", "Đã gửi", "Không gửi được", "Đã gửi")
    for place, state in enumerate(states):
        expect(lan.own.nth(place - len(states)).get_by_role("img", name=state)).to_be_visible()
    expect(lan.own.nth(-2)).to_contain_text("Chỉ nhận ảnh, PDF hoặc Word.")


# --- What people type ---


def test_whatever_is_typed_is_shown_as_it_is_and_answered(visit: Visit, snap: Snap) -> None:
    page = visit()
    lan = Phone(page, "Lan")
    lan.press("Bắt đầu / Start")
    lan.press("Tiếng Việt")
    for rubbish in (
        "asdf qwer",
        "<script>document.title='!'</script><img src=x onerror=\"document.title='!'\">",
        "?" * 50,
    ):
        lan.type(rubbish)
        expect(lan.own.last.locator(".text")).to_have_text(rubbish)
        expect(lan.button("Đồng ý")).to_be_visible()
    assert "!" not in page.title()

    lan.press("Đồng ý")
    lan.type("x" * 5000)
    assert is_within(lan.own.last, lan.log)
    snap(page, "typed-5000-characters")
    said = lan.type("<b>Lan</b> & *Minh* _x_ [y](z)")
    assert "&lt;" not in said
    expect(lan.log.locator(".text *")).to_have_count(0)


def is_within(inner: Locator, outer: Locator) -> bool:
    a, b = inner.bounding_box(), outer.bounding_box()
    assert a
    assert b
    return a["x"] >= b["x"] and a["x"] + a["width"] <= b["x"] + b["width"]


def test_an_empty_line_is_not_sent_and_shift_enter_begins_a_new_one(visit: Visit) -> None:
    lan = Phone(visit(), "Lan")
    lan.input.fill("   ")
    lan.input.press("Enter")
    lan.input.fill("dòng một")
    lan.input.press("Shift+Enter")
    lan.input.press_sequentially("dòng hai")
    lan.input.press("Enter")
    lan.answer()
    expect(lan.own.locator(".text")).to_have_text(["dòng một\ndòng hai"], use_inner_text=True)


def test_what_is_said_without_a_connection_is_sent_once_it_is_back(visit: Visit, snap: Snap) -> None:
    page = visit()
    lan = Phone(page, "Lan")
    lan.press("Bắt đầu / Start")
    page.context.set_offline(True)
    lan.button("Tiếng Việt").click()
    lan.input.fill("dong y")
    lan.input.press("Enter")
    expect(lan.node.get_by_role("status")).to_have_text("Đang kết nối lại…")
    expect(lan.own.last.get_by_role("img", name="Đang chờ gửi")).to_be_visible()
    snap(page, "offline")
    page.context.set_offline(False)
    expect(lan.own.last.get_by_role("img", name="Đã gửi")).to_be_visible()
    lan.expect_heard("họ và tên")
    expect(lan.node.get_by_role("status")).to_be_hidden()
    expect(lan.own).to_have_text([re.compile("Bắt đầu"), re.compile("Tiếng Việt"), re.compile("dong y")])
    expect(lan.log.locator(".message.bot")).to_have_count(3)


# --- In a second browser ---


def test_a_second_browser_shows_the_same_demo_with_what_was_said(visit: Visit, snap: Snap) -> None:
    first = visit()
    lan = Phone(first, "Lan")
    lan.register("Nguyễn Thị Lan", 1968, FARMER)
    lan.press("1. ")
    said = lan.log.locator(".message").all_inner_texts()

    second = visit()
    there = Phone(second, "Lan")
    expect(there.own).to_have_count(lan.own.count())
    expect(there.own.first).to_contain_text("Bắt đầu")
    there.expect_heard("2/10")
    assert there.log.locator(".message").all_inner_texts() == said
    there.expect_unread(0)
    snap(second, "second-browser")

    assert "Xin gửi ảnh" in there.press("1. ")
    lan.expect_heard("Xin gửi ảnh")
    first.reload()
    lan.expect_heard("Xin gửi ảnh")
    assert lan.log.locator(".message").all_inner_texts() == there.log.locator(".message").all_inner_texts()
    assert "3/10" in lan.press("Bỏ qua")


# --- In other languages ---


def test_the_page_speaks_the_browsers_language_and_then_that_of_the_chat(visit: Visit, snap: Snap) -> None:
    page = visit("chat", locale="en-GB", **POCKET)
    phone = Phone(page, "Learning citizen")
    writing, today = phone.node.get_by_role("textbox"), phone.log.locator(".day")
    expect(page).to_have_title("Learning citizen")
    expect(writing).to_have_attribute("placeholder", "Type a message")
    expect(today).to_have_text("Today")
    assert page.locator("html").get_attribute("lang") == "en"

    phone.button("Tiếng Việt").click()
    phone = Phone(page, "Công dân học tập")
    writing, today = phone.node.get_by_role("textbox"), phone.log.locator(".day")
    for _once_more in range(2):
        expect(page).to_have_title(re.compile("Công dân học tập$"))
        expect(writing).to_have_attribute("placeholder", "Nhập tin nhắn")
        expect(today).to_have_text("Hôm nay")
        expect(phone.own.first.get_by_role("img", name="Đã gửi")).to_be_visible()
        expect(phone.node).to_have_attribute("lang", "vi")
        page.reload()
    phone.type("/language")
    phone.button("English").click()
    phone = Phone(page, "Learning citizen")
    expect(phone.node.get_by_role("button", name="Send message")).to_be_visible()
    snap(page, "english")


# --- By keyboard and by ear ---


def test_everything_can_be_done_by_keyboard_alone(visit: Visit) -> None:
    page = visit()
    lan = Phone(page, "Lan")
    expect(lan.button("Bắt đầu / Start")).to_be_visible()
    keys = page.keyboard
    focus_by_tab(page, lan.button("Bắt đầu / Start"))
    keys.press("Enter")
    assert "chọn ngôn ngữ" in lan.answer()
    expect(lan.input).to_be_focused()
    focus_by_tab(page, lan.button("Tiếng Việt"), back=True)
    keys.press("Space")
    assert "dữ liệu cá nhân" in lan.answer()
    focus_by_tab(page, lan.log, back=True)
    top = lan.log.evaluate("log => log.scrollTop")
    keys.press("PageUp")
    page.wait_for_function("([log, top]) => log.scrollTop < top", arg=[lan.log.element_handle(), top])
    keys.type("đồng ý")  # typed anywhere, it lands where one writes
    expect(lan.input).to_have_value("đồng ý")
    keys.press("Enter")
    assert "họ và tên" in lan.answer()
    keys.type("Nguyễn Thị Lan")
    keys.press("Enter")
    assert "năm sinh" in lan.answer()


def focus_by_tab(page: Page, target: Locator, *, back: bool = False) -> None:
    for _press in range(30):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if target.evaluate("node => node === document.activeElement"):
            outline = target.evaluate("node => getComputedStyle(node).outlineStyle")
            assert outline == "solid", "whoever goes by keyboard must see where they are"
            return
    pytest.fail(f"no way by Tab to {target}")


def test_a_screen_reader_finds_its_way(visit: Visit) -> None:
    page = visit()
    lan = Phone(page, "Lan")
    lan.press("Bắt đầu / Start")
    lan.press("Tiếng Việt")
    assert page.locator("html").get_attribute("lang") == "vi"
    expect(lan.log).to_have_attribute("aria-live", "polite")
    expect(lan.node).to_match_aria_snapshot("""
        - region "Lan":
          - heading "Lan" [level=2]
          - paragraph: Người dân · Thôn Đông
          - paragraph: /Người mới/
          - 'log "Trò chuyện: Lan"':
            - paragraph: Hôm nay
            - paragraph: Bắt đầu
            - time: /\\d\\d:\\d\\d/
            - img "Đã gửi"
            - paragraph: /Xin chọn ngôn ngữ/
            - time: /\\d\\d:\\d\\d/
            - paragraph: Tiếng Việt
            - time: /\\d\\d:\\d\\d/
            - img "Đã gửi"
            - paragraph: /Xin cho biết có đồng ý không/
            - time: /\\d\\d:\\d\\d/
            - button "Đồng ý"
            - button "Không đồng ý"
          - button "Chọn ảnh hoặc tài liệu"
          - textbox "Nhập tin nhắn"
          - button "Gửi tin nhắn"
    """)
    expect(page.get_by_role("heading", level=1)).to_contain_text("hoctap")
    assert page.locator("button:not([aria-label]):empty, img:not([alt])").count() == 0


# --- On every screen, by day and by night ---


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_fits_every_screen_and_can_be_read(visit: Visit, snap: Snap, size: str, scheme: str) -> None:
    page = visit(**SIZES[size], color_scheme=scheme)
    lan, tabs = Phone(page, "Lan"), page.get_by_role("navigation", name="Điện thoại")
    small = size in {"pocket", "smallest"}
    snap(page, f"{size}-{scheme}-1-opened")
    lan.register("Nguyễn Thị Lan", 1968, FARMER)
    snap(page, f"{size}-{scheme}-2-question")
    assert_fits(page)
    if size == "desk" or scheme == "light":
        lan.fill_in(level=2)
        snap(page, f"{size}-{scheme}-3-result")
        lan.press("Nộp phiếu")
        head = Phone(page, "Bà Hòa")
        if small:
            expect(head.node).to_be_hidden()
            expect(tabs.get_by_role("img", name="2 tin chưa đọc")).to_be_visible()
            tabs.get_by_role("button", name="Bà Hòa").tap()
            expect(lan.node).to_be_hidden()
        head.expect_heard("Có phiếu chờ xác nhận")
        snap(page, f"{size}-{scheme}-4-summary")
        head.press("📋 Xem các câu trả lời")
        snap(page, f"{size}-{scheme}-5-answers")
        assert_fits(page)
    assert_readable(page)
    if small:
        assert_easy_to_hit(page)


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    overflowing = page.locator(".scroller").evaluate_all("all => all.filter(s => s.scrollWidth > s.clientWidth).length")
    assert overflowing == 0


def assert_easy_to_hit(page: Page) -> None:
    """44 pixels: what a finger of any age hits (WCAG 2.5.5)."""
    heights = page.locator("button:visible").evaluate_all("all => all.map(b => [b.textContent, b.offsetHeight])")
    assert [(label, height) for label, height in heights if height < 44] == []


def assert_readable(page: Page) -> None:
    """A contrast of 4.5 to 1 for all that is written (WCAG AA)."""
    assert page.evaluate(CONTRASTS) == []


CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colors) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    return ["white", ...layers];
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const written = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!written || !node.checkVisibility()) continue;
    const ground = behind(node);
    const [a, b] = [paint([...ground, getComputedStyle(node).color]), paint(ground)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${node.className} ${node.textContent.slice(0, 40)}`);
  }
  return found;
}"""
