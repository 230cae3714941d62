"""A device that several people use: what is erased or ended leaves it, and nobody sees another's words."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Snap, Visit
from tests.browser.phones import Phone
from tests.browser.test_demo import POCKET, assert_easy_to_hit, assert_fits, assert_readable, picture

pytestmark = pytest.mark.timeout(240)

VILLAGE = "chat#v-ta-dong"
NAME, BORN = "Nguyễn Thị Lan", "1968"


def kept_by(page: Page) -> str:
    """Return all that the page has stored on the device."""
    stored: str = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
    return stored


def token_of(page: Page) -> str | None:
    token: str | None = page.evaluate("localStorage.getItem('hoctap.chat.token')")
    return token


def begun(visit: Visit, photo: Path | None = None) -> Phone:
    """Somebody registers on the chat page."""
    phone = Phone(visit(VILLAGE, **POCKET), "Công dân học tập")
    phone.answer()
    phone.press("Tiếng Việt")
    phone.press("Đồng ý")
    if photo is not None:
        phone.send(photo)
    phone.type(NAME)
    phone.type(BORN)
    assert NAME in kept_by(phone.page)
    return phone


def test_what_is_erased_leaves_the_screen_and_the_device(visit: Visit, snap: Snap, tmp_path: Path) -> None:
    photo = tmp_path / "giay.png"
    photo.write_bytes(picture(300, 200))
    phone = begun(visit, photo)
    page, token = phone.page, token_of(phone.page)
    assert "data:image/jpeg" in kept_by(page)
    phone.type("/privacy")
    phone.press("Xóa dữ liệu")
    phone.button("Đồng ý xóa hết").click()
    phone.expect_heard("Đã xóa toàn bộ dữ liệu cá nhân")
    expect(phone.own).to_have_count(0)
    snap(page, "erased")
    page.wait_for_function("localStorage.length === 0")
    for trace in (NAME, BORN, "data:image", token or "?", "transcript"):
        assert trace not in kept_by(page)
        assert trace not in phone.log.inner_text()

    # Who goes on is somebody new, and nothing that is typed is lost.
    phone.input.fill("bắt đầu")
    phone.input.press("Enter")
    phone.expect_heard("chọn ngôn ngữ")
    expect(phone.own).to_have_text([re.compile("bắt đầu")])
    assert token_of(page) not in {None, token}
    page.reload()
    phone.expect_heard("chọn ngôn ngữ")
    assert NAME not in phone.log.inner_text()


def test_what_is_erased_leaves_other_tabs_too(visit: Visit) -> None:
    phone = begun(visit)
    other = phone.page.context.new_page()
    other.route("**/web/poll", lambda route: route.abort())
    other.goto(phone.page.url)
    expect(Phone(other, phone.name).log).to_contain_text(NAME)
    phone.type("/privacy")
    phone.press("Xóa dữ liệu")
    phone.button("Đồng ý xóa hết").click()
    phone.expect_heard("Đã xóa toàn bộ dữ liệu cá nhân")
    expect(Phone(other, phone.name).log).not_to_contain_text(NAME)
    assert NAME not in kept_by(phone.page)


def test_the_conversation_is_ended_on_this_device(visit: Visit, snap: Snap) -> None:
    phone = begun(visit)
    page, token = phone.page, token_of(phone.page)
    leave = phone.node.get_by_role("button", name="Kết thúc trên máy này")
    assert_fits(page)
    assert_easy_to_hit(page)
    snap(page, "leave-1-button")
    leave.click()
    expect(page.get_by_role("dialog")).to_contain_text("không mở lại được nữa")
    assert_readable(page)
    assert_easy_to_hit(page)
    snap(page, "leave-2-sure")
    page.get_by_role("button", name="Không, tiếp tục").click()
    expect(phone.log).to_contain_text(NAME)

    leave.click()
    page.get_by_role("dialog").get_by_role("button", name="Kết thúc trên máy này").click()
    phone.expect_heard("chọn ngôn ngữ")
    assert NAME not in phone.log.inner_text()
    for trace in (NAME, BORN, token or "?"):
        assert trace not in kept_by(page)


def test_who_scans_another_code_on_the_device_sees_nothing_of_who_was_there(visit: Visit, snap: Snap) -> None:
    phone = begun(visit)
    page = phone.page
    scan(page, "v-bl-ha")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Có đúng là của mình không?")
    assert NAME not in page.locator("body").inner_text()
    assert_readable(page)
    assert_easy_to_hit(page)
    snap(page, "scanned-1-whose")
    page.keyboard.press("Escape")
    expect(question).to_be_visible()
    question.get_by_role("button", name="Không, bắt đầu cuộc mới").click()
    phone.expect_heard("chọn ngôn ngữ")
    assert NAME not in phone.log.inner_text() + kept_by(page)
    snap(page, "scanned-2-new")


def test_who_scans_a_code_again_goes_on(visit: Visit) -> None:
    phone = begun(visit)
    token = token_of(phone.page)
    scan(phone.page, "v-ta-dong")
    phone.page.get_by_role("dialog").get_by_role("button", name="Đúng, xin tiếp tục").click()
    expect(phone.log).to_contain_text(NAME)
    assert token_of(phone.page) == token


def test_a_link_printed_earlier_still_opens(visit: Visit) -> None:
    page = visit("chat?start=v-ta-dong", **POCKET)
    phone = Phone(page, "Công dân học tập")
    assert "chọn ngôn ngữ" in phone.answer()
    assert "v-ta-dong" not in page.url


def scan(page: Page, code: str) -> None:
    """Open the link of a code as a camera does: as a new page, on the same device."""
    address = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{address}#{code}")


# --- A server that asks for patience ---


def test_who_is_asked_to_wait_loses_nothing_and_is_told_so(visit: Visit, snap: Snap) -> None:
    page = visit("chat", **POCKET)
    phone = Phone(page, "Công dân học tập")
    phone.answer()
    said: list[Any] = []

    def busy(route: Route) -> None:
        said.append(json.loads(route.request.post_data or "{}")["text"])
        if len(said) < 3:
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"error": "…"})
        else:
            route.continue_()

    page.route("**/web/say", busy)
    phone.button("Tiếng Việt").click()
    expect(phone.node.get_by_role("status")).to_have_text(
        "Đang có nhiều người nhắn cùng lúc. Tin sẽ tự gửi đi sau giây lát."
    )
    expect(phone.own.last.get_by_role("img", name="Đang chờ gửi")).to_be_visible()
    snap(page, "asked-to-wait")
    phone.expect_heard("dữ liệu cá nhân")
    expect(phone.node.get_by_role("status")).to_be_hidden()
    assert said == ["Tiếng Việt"] * 3


@pytest.mark.parametrize(("status", "uploads"), [(507, 1), (503, 1), (500, 3)])
def test_a_file_that_cannot_be_kept_holds_nothing_up(
    visit: Visit, snap: Snap, tmp_path: Path, status: int, uploads: int
) -> None:
    photos = [tmp_path / name for name in ("giay-1.png", "giay-2.png", "giay-3.png")]
    for place, photo in enumerate(photos):
        photo.write_bytes(picture(300 + place, 200))
    phone = begun(visit)
    sent: list[str] = []

    def full(route: Route) -> None:
        sent.append(route.request.headers["authorization"])
        route.fulfill(status=status, headers={} if status == 500 else {"Retry-After": "600"}, body="")

    phone.page.route("**/web/files", full)
    said = phone.own.count()
    with phone.page.expect_file_chooser() as chooser:
        phone.node.get_by_role("button", name="Chọn ảnh hoặc tài liệu").click()
    chooser.value.set_files(photos)
    expect(phone.own).to_have_count(said + len(photos))
    phone.input.fill("có")
    phone.input.press("Enter")
    expect(phone.own.nth(-4)).to_contain_text("Hiện chưa lưu được ảnh hoặc tài liệu này. Xin gửi lại sau.")
    for place in (-4, -3, -2):
        expect(phone.own.nth(place).get_by_role("img", name="Không gửi được")).to_be_visible()
    expect(phone.log.get_by_text("Hiện chưa lưu được")).to_have_count(1)
    expect(phone.own.last.get_by_role("img", name="Đã gửi")).to_be_visible()
    phone.answer()
    assert len(sent) == uploads
    assert all(bearer.startswith("Bearer ") for bearer in sent)
    snap(phone.page, f"not-kept-{status}")
