"""A photo that Telegram does not hand over at once, in the middle of a busy evening."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from tests.botapi import BotApiServer, FaultPlan
from tests.system.commune import VILLAGE, set_up
from tests.system.conftest import Serve
from tests.system.hurried import SPEED
from tests.system.process import HURRIED_HOCTAP, Deployment
from tests.system.story import JPEG, Talk

GONE = FaultPlan(reset_before=1.0, methods=frozenset({"getFile"}))


@pytest.mark.parametrize("telegram", [SPEED], indirect=True)
async def test_a_photo_is_fetched_once_telegram_hands_it_over_however_much_is_said_meanwhile(
    on_telegram: Deployment, telegram: BotApiServer, serve: Serve
) -> None:
    on_telegram.command = HURRIED_HOCTAP
    await set_up(on_telegram)
    await serve(on_telegram)
    lan, others = Talk(telegram.add_person("Nguyễn Thị Lan")), Talk(telegram.add_person("Trần Văn Bình"))
    telegram.faults = GONE
    await _comes_to_the_second_question(lan)
    await lan.photo("Xin cảm ơn đã gửi")
    others.person.start()
    for _ in range(30):
        await others.type("/help", "nhắn một trong các từ sau")
    telegram.faults = FaultPlan()
    async with asyncio.timeout(60):
        while not _kept(on_telegram):
            await asyncio.sleep(0.2)
    assert [shown.text for shown in lan.person.unread] == []


async def _comes_to_the_second_question(lan: Talk) -> None:
    lan.person.start(f"v-{VILLAGE}")
    await lan.read("chọn ngôn ngữ")
    await lan.press("Tiếng Việt", "Đồng ý")
    await lan.press("Đồng ý", "họ và tên")
    await lan.type(lan.person.name, "năm sinh")
    await lan.type("1975", "thôn Đông")
    await lan.press("Có", "thuộc nhóm nào")
    await lan.type("1", "Đúng hết rồi")
    await lan.press("Đúng hết rồi", "Bắt đầu làm phiếu")
    await lan.press("Bắt đầu làm phiếu", "1/10")
    await lan.type("1", "2/10")
    await lan.type("1", "Bỏ qua")


def _kept(deployment: Deployment) -> bool:
    with closing(sqlite3.connect(deployment.folder / "hoctap.db", timeout=30)) as connection:
        rows = connection.execute("SELECT source FROM evidence").fetchall()
    assert len(rows) == 1, "the evidence was given up"
    stored = list((deployment.folder / "evidence").glob("??/*"))
    return str(rows[0][0]).startswith("sha256:") and [file.read_bytes() for file in stored] == [JPEG]
