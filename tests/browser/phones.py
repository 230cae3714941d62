"""A phone of the demo, as a visitor uses it: by what is written on it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, expect

BOT = re.compile(r"\bbot\b")


@dataclass(frozen=True, slots=True)
class Phone:
    """One conversation in a page."""

    page: Page
    name: str

    @property
    def node(self) -> Locator:
        return self.page.get_by_role("region", name=self.name, exact=True)

    @property
    def tab(self) -> Locator:
        """The phone's place in the list."""
        return self.page.get_by_role("navigation").get_by_role("button", name=re.compile(f"^{self.name}"))

    def chosen(self) -> "Phone":
        """Choose the phone from the list. Returns it."""
        self.tab.click()
        expect(self.node).to_be_visible()
        return self

    @property
    def log(self) -> Locator:
        return self.node.get_by_role("log")

    @property
    def input(self) -> Locator:
        return self.node.get_by_role("textbox", name="Nhập tin nhắn")

    @property
    def last(self) -> Locator:
        return self.log.locator(".message").last

    @property
    def own(self) -> Locator:
        return self.log.locator(".message.own")

    def button(self, label: str) -> Locator:
        """The newest button that begins with these words."""
        begins = re.sub(r"([.?/*+()\[\]])", r"\\\1", label)  # for JavaScript, which re.escape is not
        return self.node.get_by_role("button", name=re.compile(rf"^(\d+\. )?{begins}")).last

    def press(self, label: str) -> str:
        """Press a button and return the answer."""
        self.button(label).click()
        return self.answer()

    def type(self, text: str) -> str:
        """Type a line, press Enter and return the answer."""
        self.input.fill(text)
        self.input.press("Enter")
        return self.answer()

    def send(self, *files: Path) -> str:
        """Choose files and return the answer."""
        with self.page.expect_file_chooser() as chooser:
            self.node.get_by_role("button", name="Chọn ảnh hoặc tài liệu").click()
        chooser.value.set_files(files)
        expect(self.own.last.locator("img, .document")).to_be_visible()
        return self.answer()

    def answer(self) -> str:
        """Return what the bot says after what was said last."""
        expect(self.last).to_have_class(BOT)
        return self.last.inner_text()

    def expect_heard(self, text: str) -> None:
        """Wait until the bot says this as its last word."""
        expect(self.log.locator(".message.bot").last).to_contain_text(text)

    def expect_unread(self, count: int) -> None:
        """Wait until so many messages are marked unread."""
        if count:
            expect(self.node.get_by_role("img", name=f"{count} tin chưa đọc")).to_have_text(str(count))
        else:
            expect(self.node.get_by_role("img", name=re.compile("tin chưa đọc"))).to_have_count(0)

    def register(self, name: str, born: int, group: str) -> None:
        """Go from the first button to the first question."""
        self.press("Bắt đầu / Start")
        self.press("Tiếng Việt")
        self.press("Đồng ý")
        self.type(name)
        self.type(str(born))
        self.press("Có")
        self.press(group)
        self.press("Đúng hết rồi")
        assert "1/10" in self.press("Bắt đầu làm phiếu")

    def fill_in(self, *, level: Literal[1, 2] = 1, photo: Path | None = None) -> str:
        """Answer all questions by their buttons, the first request for evidence by a photo. Return the result."""
        for number in range(1, 11):
            assert f"{number}/10" in self.last.inner_text()
            said = self.press(f"{level}. ")
            if "Xin gửi ảnh" in said and photo is not None:
                assert "Đã gửi 1 minh chứng" in self.send(photo)
                said, photo = self.press("Tiếp tục"), None
            elif "Xin gửi ảnh" in said:
                said = self.press("Bỏ qua")
        assert "Tổng cộng" in said
        return said
