"""The chat page where things are not as they should be: old browsers, no storage, two tabs, a slow line."""

import base64
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import Snap, Visit, matters
from tests.browser.phones import Phone
from tests.browser.test_demo import (
    POCKET,
    assert_easy_to_hit,
    assert_fits,
    assert_readable,
    focus_by_tab,
    picture,
)

pytestmark = pytest.mark.timeout(240)

NAME = "Công dân học tập"
BLOCKED = """
  Object.defineProperty(window, "localStorage", { get() { throw new DOMException("", "SecurityError"); } });
  LockManager.prototype.request = () => Promise.reject(new DOMException("", "SecurityError"));
"""
NONE = """Object.defineProperty(window, "localStorage", { value: null });"""
FULL = """Storage.prototype.setItem = () => { throw new DOMException("", "QuotaExceededError"); };"""
# What the oldest browsers of the README lack, and some more.
OLD = """
  delete AbortSignal.timeout; delete AbortSignal.any; delete AbortSignal.prototype.reason;
  for (const kind of [Array, String, Int8Array.__proto__]) delete kind.prototype.at;
  for (const name of ["findLast", "findLastIndex", "toSorted", "toReversed", "group"]) delete Array.prototype[name];
  for (const name of ["hasOwn", "groupBy", "fromEntries"]) delete Object[name];
  for (const name of ["replaceAll", "isWellFormed"]) delete String.prototype[name];
  for (const name of ["ResizeObserver", "structuredClone", "createImageBitmap", "BroadcastChannel", "reportError",
                      "requestIdleCallback", "speechSynthesis"]) delete window[name];
  delete crypto.randomUUID; delete Promise.any;
  for (const name of ["showModal", "show", "close"]) delete HTMLDialogElement.prototype[name];
  delete Navigator.prototype.locks; delete Navigator.prototype.serviceWorker; delete Navigator.prototype.userAgentData;
  delete Element.prototype.checkVisibility;
"""


class Visits:
    """Browsers of their own that open the chat page."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self.address = address
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(self, path: str = "chat", *, script: str = "", **kind: Any) -> Phone:
        context = self._browser.new_context(**{**POCKET, "locale": "vi-VN", "service_workers": "block", **kind})
        self.contexts.append(context)
        if script:
            context.add_init_script(script)
        return self.in_another_tab(context, path)

    def in_another_tab(self, context: BrowserContext, path: str = "chat") -> Phone:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if matters(message) else None)
        page.goto(self.address + path)
        return Phone(page, NAME)


@pytest.fixture
def visits(browser: Browser, demo_process: str) -> Iterator[Visits]:
    opened = Visits(browser, demo_process)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.complaints == []


def consented(phone: Phone) -> Phone:
    phone.expect_heard("chọn ngôn ngữ")
    phone.press("Tiếng Việt")
    assert "họ và tên" in phone.press("Đồng ý")
    return phone


# --- Browsers that lack something ---


@pytest.mark.parametrize("storage", [BLOCKED, NONE, FULL], ids=["blocked", "none", "full"])
def test_where_nothing_can_be_kept_the_conversation_goes_on_and_says_so(
    visits: Visits, snap: Snap, storage: str
) -> None:
    phone = consented(visits("chat#v-ta-dong", script=storage))
    expect(phone.node.get_by_text("Trình duyệt này không lưu lại được")).to_be_visible()
    assert "năm sinh" in phone.type("Nguyễn Thị Lan")
    snap(phone.page, "nothing-kept")


def test_the_oldest_browsers_come_through_a_conversation(visits: Visits, snap: Snap, tmp_path: Path) -> None:
    photo = tmp_path / "giay.png"
    photo.write_bytes(picture(2000, 1500))
    phone = consented(visits("chat#v-ta-dong", script=OLD))
    phone.send(photo)
    phone.log.get_by_role("button", name="Xem ảnh lớn").click()
    dialog = phone.page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    snap(phone.page, "oldest-browsers")
    dialog.get_by_role("button", name="Đóng").click()
    phone.node.get_by_role("button", name="Kết thúc trên máy này").click()
    expect(dialog.get_by_role("button").first).to_be_focused()
    phone.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert "năm sinh" in phone.type("Nguyễn Thị Lan")
    phone.page.reload()
    expect(phone.log).to_contain_text("Nguyễn Thị Lan")


def test_a_browser_that_is_too_old_is_told_so(visits: Visits, snap: Snap) -> None:
    def in_words_of_tomorrow(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body="export class Phone { @@later }")

    phone = visits("guide")
    phone.page.route("**/static/phone.js", in_words_of_tomorrow)
    phone.page.goto(visits.address + "chat")
    expect(phone.page.get_by_role("status")).to_contain_text("Trình duyệt này quá cũ")
    snap(phone.page, "too-old")
    assert len(visits.complaints) == 1  # the browser's own
    visits.complaints.clear()


def test_a_page_that_did_not_arrive_whole_offers_to_try_again(visits: Visits) -> None:
    phone = visits("guide")
    phone.page.route("**/static/phone.js", lambda route: route.abort())
    phone.page.goto(visits.address + "chat")
    expect(phone.page.get_by_role("status")).to_contain_text("Trang chưa tải về đủ")
    phone.page.unroute("**/static/phone.js")
    phone.page.get_by_role("button", name="Thử lại").click()
    phone.expect_heard("chọn ngôn ngữ")


# --- Without a network ---


def test_the_page_opens_without_a_network_and_sends_what_was_typed_once_it_is_back(visits: Visits, snap: Snap) -> None:
    phone = consented(visits("chat/ta-dong", service_workers="allow"))
    page = phone.page
    assert page.url == visits.address + "chat"
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    expect(phone.log).to_contain_text("họ và tên")
    phone.input.fill("Nguyễn Thị Lan")
    phone.input.press("Enter")
    expect(phone.own.last.get_by_role("img", name="Đang chờ gửi")).to_be_visible()
    expect(phone.node.get_by_role("status")).to_have_text("Đang kết nối lại…")
    snap(page, "offline-reloaded")
    page.reload()
    expect(phone.own.last).to_contain_text("Nguyễn Thị Lan")
    page.context.set_offline(False)
    phone.expect_heard("năm sinh")


def test_going_back_and_a_double_tap_say_nothing_twice(visits: Visits) -> None:
    phone = visits("guide")
    phone.page.goto(visits.address + "chat/ta-dong")
    phone.expect_heard("chọn ngôn ngữ")
    phone.button("Tiếng Việt").dblclick()
    phone.expect_heard("dữ liệu cá nhân")
    said = phone.own.count()
    phone.page.go_back()
    phone.page.go_forward()
    phone.expect_heard("dữ liệu cá nhân")
    expect(phone.own).to_have_count(said)
    expect(phone.log.get_by_text("Xin cho biết có đồng ý không?")).to_have_count(1)


# --- Typing ---

# Safari tells that a word is composed before the key that ended it; others after it.
ENTER_IN_SAFARI = """(input) => {
  const tell = (kind, more) => input.dispatchEvent(new kind(more.type, { bubbles: true, cancelable: true, ...more }));
  tell(CompositionEvent, { type: "compositionstart" });
  input.value = "Nguyê";
  tell(InputEvent, { type: "input", isComposing: true, data: "nguyê" });
  tell(CompositionEvent, { type: "compositionend", data: "nguyê" });
  tell(KeyboardEvent, { type: "keydown", key: "Enter", keyCode: 229, isComposing: false });
}"""


def test_a_word_that_is_still_composed_is_not_sent(visits: Visits) -> None:
    phone = visits()
    phone.expect_heard("chọn ngôn ngữ")
    said = phone.own.count()
    phone.input.evaluate(ENTER_IN_SAFARI)
    expect(phone.input).to_have_value("Nguyê")
    assert phone.own.count() == said
    phone.type("Nguyễn")
    expect(phone.own.last).to_contain_text("Nguyễn")


# --- Two tabs ---

TYPE_IN = """([input, words]) => {
  for (const word of words) {
    input.value = word;
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  }
}"""


@pytest.mark.parametrize("script", ["", "delete Navigator.prototype.locks;"], ids=["locks", "no locks"])
def test_what_is_typed_in_two_tabs_at_once_all_arrives(visits: Visits, script: str) -> None:
    one = visits(script=script)
    one.expect_heard("chọn ngôn ngữ")
    context = one.page.context
    said: Counter[str] = Counter()
    context.on("response", lambda answer: said.update([said_in(answer)]) if "/web/say" in answer.url else None)
    other = visits.in_another_tab(context)
    other.expect_heard("chọn ngôn ngữ")
    words = {tab: [f"{tab} nhắn lần {number}" for number in range(12)] for tab in ("Một", "Hai")}
    for tab, phone in (("Một", one), ("Hai", other)):
        phone.page.evaluate(
            f"args => setTimeout(() => ({TYPE_IN})(args), 50)", [phone.input.element_handle(), words[tab]]
        )
    for phone in (one, other):
        expect(phone.own).to_have_count(25, timeout=60_000)
        expect(phone.own.get_by_role("img", name="Đã gửi")).to_have_count(25, timeout=60_000)
    assert said == Counter(words["Một"] + words["Hai"])
    one.page.reload()
    expect(one.own).to_have_count(25)


def said_in(answer: Any) -> str:
    assert answer.status == 202
    text: str = answer.request.post_data_json["text"]
    return text


def test_photos_on_a_slow_line_arrive_though_another_tab_is_opened_and_outlive_no_closed_tab(
    visits: Visits, tmp_path: Path
) -> None:
    photos = [tmp_path / f"giay-{number}.png" for number in range(3)]
    for place, photo in enumerate(photos):
        photo.write_bytes(picture(300 + place, 200))
    one = consented(visits("chat#v-ta-dong"))
    held: list[Route] = []
    slow = True
    one.page.route("**/web/files", lambda route: held.append(route) if slow else route.continue_())
    choose(one, photos)
    expect(one.own.get_by_role("img", name="Đang chờ gửi")).to_have_count(3)
    other = visits.in_another_tab(one.page.context)
    expect(other.own.get_by_role("img", name="Đang chờ gửi")).to_have_count(3)
    other.type("Nguyễn Thị Lan")
    expect(other.own.get_by_role("img", name="Đang chờ gửi")).to_have_count(3)
    slow = False
    held[0].continue_()
    for phone in (one, other):
        expect(phone.own.get_by_role("img", name="Đang chờ gửi")).to_have_count(0)
        expect(phone.own.get_by_role("img", name="Không gửi được")).to_have_count(0)

    one.page.route("**/web/files", lambda route: None)
    choose(one, photos[:1])
    expect(other.own.get_by_role("img", name="Đang chờ gửi")).to_have_count(1)
    one.page.close()
    expect(other.own.last).to_contain_text("Trang đã đóng trước khi gửi xong")


def choose(phone: Phone, files: list[Path]) -> None:
    with phone.page.expect_file_chooser() as chooser:
        phone.node.get_by_role("button", name="Chọn ảnh hoặc tài liệu").click()
    chooser.value.set_files(files)


def test_words_that_wait_when_their_tab_is_closed_are_sent_by_another(visits: Visits) -> None:
    one = visits()
    one.expect_heard("chọn ngôn ngữ")
    other = visits.in_another_tab(one.page.context)
    one.page.route("**/web/say", lambda route: None)
    one.input.fill("tieng viet")
    one.input.press("Enter")
    expect(other.own.get_by_role("img", name="Đang chờ gửi")).to_have_count(1)
    one.page.close()
    other.expect_heard("dữ liệu cá nhân")
    expect(other.own.get_by_role("img", name="Đã gửi")).to_have_count(2)


# --- Photos of all kinds, and pages that are loaded again ---

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(300)
PROGRAM = b"MZ" + bytes(500)
TO_WEBP = "() => Object.assign(document.createElement('canvas'), { width: 9 }).toDataURL('image/webp').split(',')[1]"


def test_photos_of_iphones_and_renamed_files_are_taken_or_told_kindly(
    visits: Visits, snap: Snap, tmp_path: Path
) -> None:
    phone = consented(visits("chat/ta-dong"))
    webp = base64.b64decode(phone.page.evaluate(TO_WEBP))
    contents = {"a.heic": HEIC, "b.jpg": HEIC, "c.webp": webp, "d.jpg": b"%PDF-1.7\n%%EOF\n", "e.jpg": PROGRAM}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        choose(phone, [tmp_path / name])
        expect(phone.own.last.locator("img:not([alt='Đang chờ gửi']), .document").first).to_be_visible()
        state = "Không gửi được" if name == "e.jpg" else "Đã gửi"
        expect(phone.own.last.get_by_role("img", name=state)).to_be_visible()
    sent = phone.own.filter(has=phone.page.locator(".document, .photo"))
    expect(sent.nth(0)).to_contain_text("có máy không xem được. Nếu có thể, xin gửi ảnh JPEG.")
    expect(sent.nth(2).get_by_role("button", name="Xem ảnh lớn: c.webp")).to_be_visible()
    expect(sent.nth(4)).to_contain_text("Chỉ nhận ảnh, PDF hoặc Word.")
    snap(phone.page, "photos-of-all-kinds")


def test_a_page_that_is_loaded_again_while_it_sends_says_it_once(visits: Visits) -> None:
    phone = visits()
    phone.expect_heard("chọn ngôn ngữ")

    def lost_on_the_way_back(route: Route) -> None:
        route.fetch()
        route.abort()

    phone.page.route("**/web/say", lost_on_the_way_back, times=1)
    phone.button("Tiếng Việt").click()
    expect(phone.own.last.get_by_role("img", name="Đang chờ gửi")).to_be_visible()
    phone.page.reload()
    phone.expect_heard("dữ liệu cá nhân")
    expect(phone.own.get_by_role("img", name="Đã gửi")).to_have_count(2)
    assert "họ và tên" in phone.press("Đồng ý")
    expect(phone.log.get_by_text("Xin cho biết có đồng ý không?")).to_have_count(1)


# --- By keyboard, through a whole form ---

UNTIL_THE_FIRST_QUESTION = {
    "1": "đồng ý không",
    "dong y": "họ và tên",
    "Nguyễn Thị Lan": "năm sinh",
    "1968": "thôn Đông",
    "co": "công việc hiện nay",
    "so 1": "Đúng",
    "dung het roi": "10 câu",
    "bat dau lam phieu": "1/10",
}


def test_a_whole_form_is_filled_in_by_keyboard_and_heard(visits: Visits) -> None:
    phone = visits("chat/ta-dong", viewport={"width": 1200, "height": 800}, has_touch=False, is_mobile=False)
    page, keys = phone.page, phone.page.keyboard
    expect(phone.log).to_have_attribute("aria-live", "polite")
    phone.expect_heard("chọn ngôn ngữ")
    for said, heard in UNTIL_THE_FIRST_QUESTION.items():
        keys.type(said)
        keys.press("Enter")
        phone.expect_heard(heard)
        expect(phone.input).to_be_focused()
    while "Tổng cộng" not in (question := phone.answer()):
        before = phone.own.count()
        if "Xin gửi ảnh" in question:
            focus_by_tab(page, phone.button("Bỏ qua"), back=True)
        else:
            focus_by_tab(page, phone.button("1. "), back=True)
        keys.press("Enter")
        expect(phone.own).to_have_count(before + 1)
    assert_sound(page)
    expect(phone.log.get_by_text("Tổng cộng")).to_be_visible()
    focus_by_tab(page, phone.button("Nộp phiếu"), back=True)
    keys.press("Enter")
    phone.expect_heard("nêu tên trên danh sách")
    focus_by_tab(page, phone.button("Đồng ý nêu tên"), back=True)
    keys.press("Enter")
    phone.expect_heard("Phiếu đã nộp")


# --- A slow network ---


def test_the_first_question_is_there_soon_on_a_slow_network(visits: Visits) -> None:
    """At 400 kbit/s: what is loaded until then, and how often an answer is waited for, make less than two seconds."""
    page = visits("guide").page
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 150, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    session.send("Network.emulateNetworkConditions", slow)
    loaded: list[int] = []
    asked: list[str] = []
    session.on("Network.loadingFinished", lambda told: loaded.append(int(told["encodedDataLength"])))
    session.on("Network.requestWillBeSent", lambda told: asked.append(told["request"]["url"]))
    page.goto(visits.address + "chat#v-ta-dong")
    Phone(page, NAME).expect_heard("chọn ngôn ngữ")
    paths = [url.removeprefix(visits.address).partition("#")[0] for url in asked]
    assert paths[0] == "chat"
    assert paths.index("web/open") < paths.index("web/say")
    assert paths.count("web/poll") <= 3
    # One after the other: connecting, page, scripts, a token, the first word, its answer.
    assert sum(loaded) / 50_000 + 6 * 0.15 < 2


# --- A device for everybody ---


def test_a_kiosk_keeps_nothing_and_forgets_at_a_tap_and_after_a_while(visits: Visits, snap: Snap) -> None:
    kiosk = visits("chat/ta-dong?kiosk")
    page = kiosk.page
    snap(page, "kiosk-1-begin")
    kiosk.button("Bắt đầu / Start").click()
    consented(kiosk)
    expect(kiosk.node.get_by_text("Máy dùng chung, không lưu lại gì")).to_be_visible()
    kiosk.type("Nguyễn Thị Lan")
    assert (
        page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])") == '[{},{},""]'
    )
    snap(page, "kiosk-2-talk")
    page.route("**/web/say", lambda route: route.abort())
    kiosk.input.fill("1968")
    kiosk.input.press("Enter")
    done = kiosk.node.get_by_role("button", name="Xong, xóa màn hình")
    done.click()
    unsent = page.get_by_role("dialog", name="Còn tin chưa gửi xong, xóa đi là mất.")
    unsent.get_by_role("button", name="Không, tiếp tục").click()
    page.unroute("**/web/say")
    expect(kiosk.own.last.get_by_role("img", name="Đã gửi")).to_be_visible()
    done.click()
    expect(kiosk.button("Bắt đầu / Start")).to_be_visible()
    assert "Lan" not in page.locator("main").inner_text()

    page.clock.install()
    page.reload()
    kiosk.button("Bắt đầu / Start").click()
    kiosk.expect_heard("chọn ngôn ngữ")
    page.clock.fast_forward(181_000)
    question = page.get_by_role("dialog", name="Có ai đang dùng máy không?")
    expect(question).to_be_visible()
    snap(page, "kiosk-3-still-there")
    question.get_by_role("button", name="Có, vẫn đang làm").click()
    expect(kiosk.button("Tiếng Việt")).to_be_visible()
    page.clock.fast_forward(181_000)
    expect(question).to_be_visible()
    page.clock.fast_forward(31_000)
    expect(kiosk.button("Bắt đầu / Start")).to_be_visible()
    expect(kiosk.own).to_have_count(0)


def test_a_kiosk_leaves_alone_what_the_device_keeps_of_somebody(visits: Visits) -> None:
    phone = consented(visits("chat/ta-dong"))
    phone.type("Nguyễn Thị Lan")
    context = phone.page.context
    phone.page.close()
    kiosk = visits.in_another_tab(context, "chat/ta-dong?kiosk")
    kiosk.button("Bắt đầu / Start").click()
    kiosk.expect_heard("chọn ngôn ngữ")
    kiosk.node.get_by_role("button", name="Xong, xóa màn hình").click()
    expect(kiosk.button("Bắt đầu / Start")).to_be_visible()
    again = visits.in_another_tab(context)
    expect(again.own.last).to_contain_text("Nguyễn Thị Lan")


# --- Eyes and ears ---


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_grow_contrast_is_strong_and_axe_finds_nothing_serious(visits: Visits, snap: Snap, scheme: str) -> None:
    phone = consented(visits("chat/ta-dong", color_scheme=scheme))
    page = phone.page
    assert_sound(page)
    size = "getComputedStyle(document.querySelector('.text')).fontSize"
    assert page.evaluate(size) == "17px"
    phone.node.get_by_role("button", name="Cỡ chữ và độ tương phản").click()
    dialog = page.get_by_role("dialog", name="Cỡ chữ và độ tương phản")
    dialog.get_by_role("button", name="Cỡ chữ rất lớn").click()
    dialog.get_by_role("button", name="Màu tương phản mạnh").click()
    expect(dialog.get_by_role("button", name="Cỡ chữ rất lớn")).to_have_attribute("aria-pressed", "true")
    assert_sound(page)
    snap(page, f"look-1-choosing-{scheme}")
    dialog.get_by_role("button", name="Đóng").click()
    page.reload()
    phone.expect_heard("họ và tên")
    assert page.evaluate(size) == "26px"
    assert_sound(page)
    assert_fits(page)
    assert_readable(page)
    assert_easy_to_hit(page)
    snap(page, f"look-2-large-{scheme}")


def assert_sound(page: Page) -> None:
    """Axe finds nothing that shuts somebody out."""
    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []


VOICES = """
  window.spoken = [];
  const voices = [{ lang: "en-US", localService: true }, { lang: "vi-VN", localService: true }];
  const speech = {
    getVoices: () => voices, addEventListener() {}, cancel() { window.spoken.push(null); },
    speak({ text, lang }) { window.spoken.push([lang, text]); },
  };
  Object.defineProperty(window, "speechSynthesis", { value: speech });
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


def test_what_the_bot_says_is_read_aloud_where_there_is_a_vietnamese_voice(visits: Visits, snap: Snap) -> None:
    phone = visits(script=VOICES)
    page = phone.page
    phone.expect_heard("chọn ngôn ngữ")
    speaker = phone.node.get_by_role("button", name="Đọc thành tiếng")
    speaker.click()
    expect(speaker).to_have_attribute("aria-pressed", "true")
    assert ["vi-VN", "Tiếng Việt"] in page.evaluate("spoken")
    snap(page, "read-aloud")
    phone.press("Tiếng Việt")
    page.wait_for_function("spoken.some((one) => one && one[1] === 'Đồng ý')")
    read = [one[1] for one in page.evaluate("spoken") if one]
    assert max(map(len, read)) <= 180
    assert not any("👤" in text or "•" in text for text in read)
    speaker.click()
    assert page.evaluate("spoken.at(-1)") is None
    without = visits(script="delete window.speechSynthesis")
    without.expect_heard("chọn ngôn ngữ")
    expect(without.node.get_by_role("button", name="Đọc thành tiếng")).to_have_count(0)


# --- The web page of officials ---


def test_a_branch_head_opens_the_web_page_from_the_chat_and_signs_out(visit: Visit, snap: Snap) -> None:
    page = visit()
    head = Phone(page, "Bà Hòa")
    head.type("trang web")
    link = head.last.get_by_role("link").get_attribute("href") or ""
    office = visit(link.removeprefix(page.url), **POCKET)
    expect(office.get_by_role("button", name="Vào trang")).to_be_visible()
    assert "#" not in office.url
    snap(office, "office-1-link")
    office.route("**/dashboard/in", lambda route: route.abort(), times=1)
    office.get_by_role("button", name="Vào trang").click()
    expect(office.get_by_role("status")).to_have_text("Chưa kết nối được. Xin chờ giây lát rồi bấm lại.")
    office.get_by_role("button", name="Vào trang").click()
    expect(office.get_by_role("listitem")).to_contain_text("Chi hội trưởng, thôn Đông")
    assert office.evaluate("document.cookie") == ""  # scripts cannot read it
    assert_sound(office)
    snap(office, "office-2-me")
    head.expect_heard("Trang web vừa được mở bằng đường dẫn gửi tại đây")
    office.get_by_role("button", name="Đăng xuất mọi nơi").click()
    expect(office.get_by_text("Chưa đăng nhập.")).to_be_visible()
    office.goto(link)
    office.get_by_role("button", name="Vào trang").click()
    expect(office.get_by_role("status")).to_contain_text("đã dùng hoặc đã hết hạn")
    snap(office, "office-3-refused")


# --- Phones of the demo that look like those of other channels ---


def test_a_phone_of_the_demo_looks_like_one_without_buttons(visit: Visit, snap: Snap) -> None:
    page = visit()
    lan, head = Phone(page, "Lan"), Phone(page, "Bà Hòa")
    for phone, channel in ((lan, "Zalo Bot"), (head, "Telegram"), (Phone(page, "Ông Khải"), "Zalo OA")):
        phone.node.get_by_role("combobox", name="Xem điện thoại như trên").select_option(label=channel)
    head.type("duyệt phiếu")
    lan.press("Bắt đầu / Start")
    expect(lan.log.get_by_role("button")).to_have_count(0)
    lan.type("tieng viet")
    lan.type("đồng ý")
    lan.type("Nguyễn Thị Lan")
    lan.type("1968")
    lan.type("có")
    assert "1. Nông dân" in lan.last.inner_text()
    assert "Đúng hết rồi" in lan.type("1")
    assert_readable(page)
    snap(page, "looks-like-others")
