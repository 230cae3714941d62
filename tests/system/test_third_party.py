"""The main story, in short, against a Telegram stand-in that others wrote: what we both misread would show here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.botapi.rules import Json
from tests.botapi.standin import StandIn, StandInChat, gateway, standin
from tests.system.commune import VILLAGE, invite, set_up
from tests.system.conftest import Serve
from tests.system.process import SOON_TOLD_HOCTAP, Deployment
from tests.system.story import BORN, JPEG

SECRET = "a-long-random-secret"
LAN, HEAD = 5_000_000_001, 5_000_000_002


@dataclass(slots=True)
class Talk:
    """One person's side of a chat with the stand-in."""

    chat: StandInChat

    async def type(self, text: str, wanted: str) -> Json:
        """Type a text and wait for what is wanted."""
        await self.chat.type(text)
        return await self.chat.wait_for(wanted, 20)

    async def press(self, label: str, wanted: str) -> Json:
        """Press a button and wait for what is wanted."""
        await self.chat.press(label)
        return await self.chat.wait_for(wanted, 20)


@pytest.fixture
async def stand_in(deployment: Deployment) -> AsyncIterator[StandIn]:
    """The stand-in, and a gateway between it and the bot."""
    async with standin() as running, gateway(deployment.url, SECRET) as public_url:
        deployment.settings |= {
            "TELEGRAM_TOKEN": running.token,
            "TELEGRAM_API_URL": running.base_url,
            "PUBLIC_URL": public_url,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
        }
        yield running


async def test_a_form_is_filled_in_and_confirmed_on_a_telegram_of_others(
    deployment: Deployment, stand_in: StandIn, serve: Serve
) -> None:
    deployment.command = SOON_TOLD_HOCTAP
    await set_up(deployment)
    invitation = await invite(deployment, "head", VILLAGE)
    serving = await serve(deployment)
    await stand_in.until_webhook_is_set()
    head = Talk(stand_in.chat(HEAD, "Trường"))
    lan = Talk(stand_in.chat(LAN, "Lan"))

    await head.type(f"/start {invitation.code}", "chọn ngôn ngữ")
    await head.press("Tiếng Việt", "Xin cho biết có đồng ý không?")
    await head.press("Đồng ý", "họ và tên")
    await head.type("Trần Văn Trường", "có nhận nhiệm vụ này không?")
    await head.press("Có", "Đã nhận nhiệm vụ")

    await lan.type(f"/start v-{VILLAGE}", "chọn ngôn ngữ")
    await lan.press("Tiếng Việt", "Xin cho biết có đồng ý không?")
    await lan.press("Đồng ý", "họ và tên")
    await lan.type("Nguyễn Thị Lan", "năm sinh")
    await lan.type(str(BORN), "Đăng ký tham gia ở thôn Đông")
    await lan.press("Có", "thuộc nhóm nào")
    await lan.type("1", "Thông tin trên có đúng không?")
    await lan.press("Đúng hết rồi", "Phiếu tự đánh giá có 10 câu")
    await lan.press("Bắt đầu làm phiếu", "1/10")
    await lan.press("1. Hằng ngày", "2/10")
    await lan.type("1", "Không có thì bấm")
    await lan.chat.send_photo(JPEG)
    await lan.chat.wait_for("Xin cảm ơn đã gửi", 20)
    await lan.press("2. Tiếp tục →", "3/10")
    await lan.type("1", "Không có thì bấm")
    await lan.press("2. Bỏ qua", "4/10")
    for question in (5, 6, 7):
        await lan.type("1", f"{question}/10")
    await lan.type("1", "Không có thì bấm")
    await lan.press("2. Bỏ qua", "8/10")
    for question in (9, 10):
        await lan.type("1", f"{question}/10")
    await lan.type("1", "Đã trả lời đủ các câu")
    await lan.press("Nộp phiếu", "Đã nộp phiếu")

    await head.chat.wait_for("chờ xác nhận", 20)
    await head.press("📋 Xem các câu trả lời", "1. Xem tin, cập nhật kiến thức: Hằng ngày")
    await head.press("✅ Xác nhận", "Đã xác nhận phiếu của Nguyễn Thị Lan")
    await lan.chat.wait_for("Chi hội đã xác nhận phiếu", 30)

    pressed = [sent["method"] for sent in await lan.chat.sent()].count("answerCallbackQuery")
    assert pressed == 10
    assert await serving.stop() == 0
    assert "Traceback" not in deployment.log.read_text()
