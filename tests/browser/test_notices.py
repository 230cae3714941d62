"""Notices in the page: strong words, links, messages that take the place of others, and a notice from end to end."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, Route, expect

from flows.words.marks import read_marks
from tests.browser.conftest import Snap, Visit
from tests.browser.phones import Phone
from tests.browser.test_demo import POCKET, assert_easy_to_hit, assert_fits, assert_readable

pytestmark = pytest.mark.timeout(240)

Json = dict[str, Any]


class Server:
    """What a page's first phone is told: here also what no flow of ours would say."""

    def __init__(self, page: Page) -> None:
        self._waiting: list[Json] = []
        self._last = 0
        page.route("**/web/poll", self._answer)

    def says(self, *messages: Json) -> None:
        """Let the phone hear messages, all of them at once."""
        for message in messages:
            self._last += 1
            empty = {"text": "", "buttons": [], "files": [], "marks": [], "topic": ""}
            self._waiting.append({"id": self._last, "at": "2026-10-01T08:00:00+00:00", **empty, **message})

    def _answer(self, route: Route) -> None:
        asked: Any = route.request.post_data_json
        new, self._waiting = self._waiting, []
        first, *others = [{"token": phone["token"], "messages": []} for phone in asked["phones"]]
        route.fulfill(json={"phones": [{**first, "messages": new}, *others]})


def formatted(typed: str) -> Json:
    text, marks = read_marks(typed)
    return {"text": text, "marks": [(mark.kind, mark.start, mark.length) for mark in marks]}


def button(label: str, payload: str = "", url: str = "") -> list[Json]:
    return [{"label": label, "payload": payload, "lasting": True, "url": url}]


def progress(done: int, *buttons: str) -> Json:
    return {
        "text": f"Đã gửi {done}/4",
        "topic": "notice-1",
        "buttons": [button(label, f"c:notice:{label}") for label in buttons],
    }


def told(page: Page) -> tuple[Phone, Server]:
    """Return Lan's phone in the demo, and who speaks to it from its first poll on."""
    server = Server(page)
    page.reload()
    return Phone(page, "Lan"), server


# --- Strong and slanted words ---


def test_strong_and_slanted_words_stand_where_they_were_marked_whatever_stands_before(visit: Visit) -> None:
    lan, server = told(visit(**POCKET))
    server.says(
        formatted("👩‍🌾🇻🇳 *Kính mời* _bà con_ <b>dự</b> *hội _vui_ 🎉*\n*xem https://hoctap.example/lich* _nhé_")
    )
    text = lan.last.locator(".text")
    expect(text).to_have_text(
        "👩‍🌾🇻🇳 Kính mời bà con <b>dự</b> hội vui 🎉\nxem https://hoctap.example/lich nhé", use_inner_text=True
    )
    expect(text.locator("strong")).to_have_text(
        ["Kính mời", "hội ", "vui", " 🎉", "xem ", "https://hoctap.example/lich"]
    )
    expect(text.locator("em")).to_have_text(["bà con", "vui", "nhé"])
    expect(text.get_by_role("link")).to_have_text(["https://hoctap.example/lich"])


def test_marks_that_do_not_fit_leave_the_text_whole(visit: Visit) -> None:
    lan, server = told(visit(**POCKET))
    strange: list[list[list[Any]]] = [
        [["strong", 5, 1000]],
        [["strong", -5, 7], ["slanted", 3, 0]],
        [["strong", 0, 4], ["slanted", 2, 4]],
        [["script", 0, 4], ["constructor", 1, 2]],
        [["strong", 2**53, 1]],
    ]
    server.says(*({"text": "Kính mời 🎉", "marks": marks} for marks in strange))
    expect(lan.log.locator(".text")).to_have_text(["Kính mời 🎉"] * len(strange))
    expect(lan.log.locator(".text :not(strong, em, span)")).to_have_count(0)


# --- Links ---


def test_a_link_button_leads_out_of_the_chat_and_says_where_to(visit: Visit) -> None:
    lan, server = told(visit(**POCKET))
    address = "https://hoctap.example/tuan-le?xa=tan-an&ngay=1#lich"
    server.says({"text": "Mời xem", "buttons": [button("Lịch 🗓 học & chơi", url=address)]})
    link = lan.last.get_by_role("link", name="Lịch 🗓 học & chơi")
    expect(link).to_have_accessible_description("Mở trang hoctap.example")
    assert [link.get_attribute(name) for name in ("href", "target", "rel")] == [
        address,
        "_blank",
        "noopener noreferrer",
    ]
    lan.page.context.route("https://hoctap.example/**", lambda route: route.fulfill(body="Lịch"))
    with lan.page.context.expect_page() as opened:
        link.tap()
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("[location.href, opener, document.referrer]") == [address, None, ""]
    expect(lan.own).to_have_count(0)  # nothing was said by it


def test_only_web_addresses_become_links(visit: Visit) -> None:
    lan, server = told(visit(**POCKET))
    scripts = ["javascript:alert(1)", " JaVaScript:alert(1)", "data:text/html,hi", "vbscript:x", "intent:x#Intent;end"]
    unsafe = [*scripts, "file:///etc/passwd", "/demo/reset", "//elsewhere.example", "about:blank", "https://", "x"]
    safe = ["http://hoctap.example", "HTTPS://hoctap.example", "https://hoctap.example@elsewhere.example/"]
    server.says({"text": "Mời xem", "buttons": [button(f"Nút {url}", url=url) for url in [*unsafe, *safe]]})
    expect(lan.last.get_by_role("link")).to_have_text([f"Nút {url}" for url in safe])
    expect(lan.last.get_by_role("button")).to_have_count(0)
    expect(lan.last.get_by_role("link").last).to_have_accessible_description("Mở trang elsewhere.example")


# --- Messages of one topic ---


def test_a_message_of_a_topic_takes_the_place_of_the_one_before(visit: Visit) -> None:
    lan, server = told(visit(**POCKET))
    server.says(progress(0, "Tạm dừng"), {"text": "Tin khác"})
    expect(lan.last).to_contain_text("Tin khác")
    server.says(
        progress(1, "Tạm dừng"), progress(2, "Gửi tiếp", "Dừng hẳn"), {"text": "Thông báo 2", "topic": "notice-2"}
    )
    messages = lan.log.locator(".message")
    expect(messages.locator(".text")).to_have_text(["Đã gửi 2/4", "Tin khác", "Thông báo 2"])
    expect(messages.first.get_by_role("button")).to_have_text(["Gửi tiếp", "Dừng hẳn"])
    server.says(progress(4))
    expect(messages.locator(".text")).to_have_text(["Đã gửi 4/4", "Tin khác", "Thông báo 2"])
    expect(messages.first.get_by_role("button")).to_have_count(0)
    expect(messages.first.locator("time")).to_have_count(1)


def test_it_is_still_there_after_a_reload_and_is_replaced_further(visit: Visit) -> None:
    page = visit(**POCKET)
    lan, server = told(page)
    server.says(progress(0), {"text": "Tin khác"}, progress(1))
    expect(lan.log.locator(".text")).to_have_text(["Đã gửi 1/4", "Tin khác"])
    page.reload()
    expect(lan.log.locator(".text")).to_have_text(["Đã gửi 1/4", "Tin khác"])
    server.says(progress(2, "Tạm dừng"))
    expect(lan.log.locator(".text")).to_have_text(["Đã gửi 2/4", "Tin khác"])
    page.reload()
    expect(lan.log.locator(".text")).to_have_text(["Đã gửi 2/4", "Tin khác"])
    expect(lan.button("Tạm dừng")).to_be_visible()


def test_another_tab_shows_it_as_well(visit: Visit) -> None:
    page = visit(**POCKET)
    lan, server = told(page)
    server.says(progress(0))
    lan.expect_heard("Đã gửi 0/4")
    other = page.context.new_page()
    other.route("**/web/poll", lambda route: route.abort())
    other.goto(page.url)
    Phone(other, "Lan").expect_heard("Đã gửi 0/4")
    server.says(progress(3))
    Phone(other, "Lan").expect_heard("Đã gửi 3/4")
    expect(Phone(other, "Lan").log.locator(".message")).to_have_count(1)


def test_only_its_first_message_is_unread_and_heard_aloud(visit: Visit) -> None:
    page = visit()
    lan, server = told(page)
    Phone(page, "Bà Hòa").node.click()
    server.says(progress(0))
    lan.expect_unread(1)
    expect(lan.last).not_to_have_attribute("aria-live", "off")
    server.says(progress(1), progress(2))
    lan.expect_heard("Đã gửi 2/4")
    lan.expect_unread(1)
    expect(lan.last).to_have_attribute("aria-live", "off")
    server.says({"text": "Tin khác"})
    lan.expect_unread(2)
    expect(lan.last).not_to_have_attribute("aria-live", "off")


def test_whoever_is_about_to_press_a_button_can_while_the_text_above_changes(visit: Visit) -> None:
    lan, server = told(visit())
    server.says(progress(0, "Tạm dừng"))
    lan.expect_heard("Đã gửi 0/4")
    lan.button("Tạm dừng").hover()
    lan.page.mouse.down()
    server.says(progress(1, "Tạm dừng"))
    lan.expect_heard("Đã gửi 1/4")
    lan.page.mouse.up()
    expect(lan.own).to_contain_text(["Tạm dừng"])


def test_the_focus_stays_on_a_button_as_long_as_there_is_one_of_its_name(visit: Visit) -> None:
    lan, server = told(visit())
    server.says(progress(0, "Tạm dừng", "Dừng hẳn"))
    lan.button("Dừng hẳn").focus()
    server.says(progress(1, "Gửi tiếp", "Dừng hẳn"))
    lan.expect_heard("Đã gửi 1/4")
    expect(lan.button("Dừng hẳn")).to_be_focused()
    server.says(progress(4, "Báo cáo"))
    lan.expect_heard("Đã gửi 4/4")
    expect(lan.log).to_be_focused()


def test_who_reads_further_up_is_left_there(visit: Visit) -> None:
    lan, server = told(visit(**POCKET))
    server.says(progress(0), *({"text": f"Dòng {number}\n" * 8} for number in range(4)))
    expect(lan.log.locator(".message")).to_have_count(5)
    further_on = lan.node.get_by_role("button", name="Xem tiếp")
    further_on.tap()
    expect(further_on).to_be_hidden()
    lan.log.evaluate("log => { log.scrollTop = 150 }")
    where = "log => log.querySelectorAll('.message')[1].getBoundingClientRect().top"
    before = lan.log.evaluate(where)
    server.says({**progress(1), "text": "Đã gửi 1/4\nmột\nhai\nba\nbốn"})
    expect(lan.log.locator(".message").first).to_contain_text("bốn")
    assert abs(lan.log.evaluate(where) - before) < 2
    expect(further_on).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_notice_can_be_read_and_its_buttons_are_easy_to_hit(visit: Visit, snap: Snap, scheme: str) -> None:
    lan, server = told(visit(**POCKET, color_scheme=scheme))
    server.says(
        formatted("*Tuần lễ học tập suốt đời*\n\nKính mời bà con dự khai mạc lúc *7 giờ 30* ngày _01/10/2026_ 🎉")
        | {
            "buttons": [
                button("Xem lịch cả tuần", url="https://hoctap.example/lich"),
                [*button("🙋 Tôi sẽ đến", "c:answer:1:come"), *button("Không đến được", "c:answer:1:cannot")],
                button("🔕 Không nhận thông báo nữa", "c:mute:notices"),
            ]
        },
        progress(2, "⏸ Tạm dừng", "⏹ Dừng hẳn"),
    )
    lan.expect_heard("Đã gửi 2/4")
    lan.button("🙋 Tôi sẽ đến").tap()
    expect(lan.own).to_have_count(1)
    snap(lan.page, f"notice-{scheme}")
    assert_fits(lan.page)
    assert_readable(lan.page)
    assert_easy_to_hit(lan.page)


# --- A notice from end to end ---


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_administrator_sends_a_notice_and_sees_who_comes(visit: Visit, snap: Snap, scheme: str) -> None:
    page = visit(**POCKET, color_scheme=scheme)
    lan, minh, admin = Phone(page, "Lan"), Phone(page, "Minh"), Phone(page, "Ông Bình")

    def take_up(phone: Phone) -> None:
        page.get_by_role("navigation", name="Điện thoại").get_by_role("button", name=phone.name).tap()

    def look(name: str) -> None:
        snap(page, f"story-{scheme}-{name}")
        assert_fits(page)
        assert_readable(page)
        assert_easy_to_hit(page)

    lan.register("Nguyễn Thị Lan", 1968, "1. Nông dân")
    take_up(admin)
    admin.press("📣 Thông báo")
    admin.press("✍️ Soạn thông báo")
    look("1-occasions")
    admin.press("13. Việc khác")
    admin.type("*Họp thôn Đông* lúc _7 giờ 30_ tối thứ Bảy tại nhà văn hóa 🎉")
    admin.press("🔘 Nút bấm")
    assert "🙋 Sẽ đến dự" in admin.press("🙋 Sẽ đến dự")
    admin.press("🔗 Đường dẫn")
    admin.type("Nội dung cuộc họp")
    admin.type("https://hoctap.example/hop-thon")
    look("2-buttons")
    admin.press("← Quay lại")
    admin.press("👥 Gửi cho ai")
    admin.press("🎖 Nhiệm vụ")
    assert "Sẽ gửi đến 303 người" in admin.press("1. Người dân")
    look("3-to-whom")
    admin.press("← Quay lại")
    admin.press("← Quay lại")
    admin.press("👁 Xem trước")
    admin.expect_heard("Người nhận sẽ thấy như trên")
    look("4-preview")
    assert "Sẽ gửi đến 303 người" in admin.press("📤 Gửi")
    admin.button("📤 Gửi").click()

    progress = admin.log.locator(".message", has_text="Thông báo số")
    expect(progress).to_contain_text(
        "đã gửi xong", timeout=60_000
    )  # who has no phone of the demo reads it little by little
    expect(progress).to_contain_text("100% · ")
    expect(progress).to_have_count(1)
    look("5-sent")

    for phone in (lan, minh):
        take_up(phone)
        phone.expect_heard("Họp thôn Đông lúc 7 giờ 30 tối thứ Bảy")
        expect(phone.last.locator("strong")).to_have_text(["Họp thôn Đông"])
    look("6-received")
    take_up(lan)
    assert "Xin cảm ơn" in lan.press("🙋 Sẽ đến dự")
    look("7-answered")

    take_up(admin)
    admin.press("📣 Thông báo")
    page_of_notice = admin.press("1. ")
    assert "🙋 Sẽ đến: 1 · không đến được: 0" in page_of_notice
    look("8-page")
    assert "Nguyễn Thị Lan, Thôn Đông" in admin.press("🙋 Ai đến dự")
    admin.press("📊 Báo cáo")
    report = admin.last.get_by_role("link", name=re.compile(r"\.xlsx$"))
    expect(report).to_be_visible()
    look("9-report")
    with page.expect_download() as download:
        report.tap()
    assert download.value.suggested_filename == report.inner_text()
    book = load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    names = [row[1] for row in book.worksheets[-1].iter_rows(min_row=2, values_only=True)]
    assert len(names) > 300
    assert {"Nguyễn Thị Lan", "Lê Văn Minh"} <= set(map(str, names))
