"""`hoctap serve` with a bot on Zalo: a whole form by typing alone, the branch head's decision, photos, trouble."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.databases import BACKENDS, Databases
from tests.system.commune import VILLAGE, invite, leave_empty, set_up
from tests.system.conftest import Serve
from tests.system.process import Deployment
from tests.system.story import JPEG
from tests.zalo_bot import TOKEN, ZaloBotServer, ZaloPerson

SECRET = "the-secret-of-the-tests"


@pytest.fixture
async def zalo(request: pytest.FixtureRequest) -> AsyncIterator[ZaloBotServer]:
    """The platform, with what the fixture's parameter changes."""
    async with ZaloBotServer(**getattr(request, "param", {})) as server:
        yield server


@pytest.fixture(params=BACKENDS)
async def on_zalo(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, zalo: ZaloBotServer
) -> AsyncIterator[Deployment]:
    """A commune with a bot on Zalo that polls."""
    async with databases.fresh(request.param, leave_empty) as url:
        yield Deployment(tmp_path, {"DATABASE_URL": url, "ZALO_BOT_TOKEN": TOKEN, "ZALO_BOT_API_URL": zalo.url})


REGISTERING = ("tiếng việt", "đồng ý ạ", "Nguyễn Thị Lan", "1975", "có", "1", "dung het roi", "bắt đầu làm phiếu")


async def _fill_in(lan: ZaloPerson) -> None:
    """Register, answer every question and hand the form in, typing only what the screen names."""
    await lan.answer(f"/start v-{VILLAGE}")
    for typed in REGISTERING:
        shown = await lan.answer(typed)
    for number in range(1, 11):
        assert f"{number}/10 · " in shown, shown
        assert "\n1. " in shown, shown
        shown = await lan.answer("1")
        if "làm minh chứng" in shown:
            shown = await lan.answer("Sổ ghi thu chi từng vụ")
    assert "“Nộp phiếu”" in shown, shown
    await lan.answer("nop phieu")


async def _become_head(head: ZaloPerson, invitation: str) -> None:
    for typed in (f"/start {invitation}", "1", "đồng ý", "Trần Văn Trường", "nhận nhiệm vụ"):
        await head.answer(typed)


@pytest.mark.parametrize("zalo", [{"twice": True}], ids=["every-event-twice"], indirect=True)
async def test_a_form_is_filled_in_and_confirmed_by_typing_alone(
    on_zalo: Deployment, zalo: ZaloBotServer, serve: Serve
) -> None:
    await set_up(on_zalo)
    invitation = await invite(on_zalo, "head", VILLAGE)
    await serve(on_zalo)
    head, lan = zalo.person(), zalo.person()
    await _become_head(head, invitation.code)
    before = len(head.inbox)
    await _fill_in(lan)
    card = await head.next(before)
    code = re.search(r"^(N\d+)\. .*Xác nhận$", card, re.MULTILINE)
    assert code is not None, card
    assert "Đã xác nhận phiếu của Nguyễn Thị Lan" in await head.answer(f"{code[1].lower()} ạ")
    assert zalo.odd == []


@pytest.mark.parametrize("zalo", [{}, {"wrapped": True}], ids=["flat", "wrapped"], indirect=True)
async def test_events_are_taken_by_webhook_from_who_knows_the_secret_only(
    deployment: Deployment, zalo: ZaloBotServer, serve: Serve
) -> None:
    deployment.settings |= {
        "ZALO_BOT_TOKEN": TOKEN, "ZALO_BOT_API_URL": zalo.url, "ZALO_BOT_WEBHOOK_SECRET": SECRET,
        "PUBLIC_URL": deployment.url,
    }  # fmt: skip
    await set_up(deployment)
    await serve(deployment)
    async with asyncio.timeout(20):
        while zalo.webhook is None:
            await asyncio.sleep(0.01)
    lan = zalo.person()
    assert "Xin chọn ngôn ngữ" in await lan.answer("xin chào")
    assert zalo.polls == 0
    event = {"event_name": "message.text.received", "message": {"chat": {"id": lan.id}, "message_id": "x", "text": "1"}}
    async with aiohttp.ClientSession() as stranger:
        for headers in ({}, {"X-Bot-Api-Secret-Token": "a guess"}, {"X-Bot-Api-Secret-Token": "ă"}):
            async with stranger.post(f"{deployment.url}/zalo/bot", json=event, headers=headers) as response:
                assert response.status == 403
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b'{"a":"\xed\xa0\x80"}', b"", b"[]", b'"x"'):
            headers = {"X-Bot-Api-Secret-Token": SECRET}
            async with stranger.post(f"{deployment.url}/zalo/bot", data=body, headers=headers) as response:
                assert response.status in {200, 400}, body[:9]
    assert "Đây là kênh" in await lan.answer("tiếng việt")
    assert zalo.odd == []


async def test_a_photo_is_kept_as_evidence_and_what_cannot_be_read_is_told(
    deployment: Deployment, zalo: ZaloBotServer, serve: Serve
) -> None:
    deployment.settings |= {"ZALO_BOT_TOKEN": TOKEN, "ZALO_BOT_API_URL": zalo.url}
    await set_up(deployment)
    await serve(deployment)
    lan = zalo.person()
    await lan.answer(f"/start v-{VILLAGE}")
    for typed in (*REGISTERING, "1"):
        await lan.answer(typed)
    assert "làm minh chứng" in await lan.answer("1")
    before = len(lan.inbox)
    lan.send("voice")
    assert "chưa nghe được tin nhắn thoại" in await lan.next(before)
    before = len(lan.inbox)
    lan.send_photo(JPEG, "giấy chứng nhận")
    assert "Đã gửi 1 minh chứng" in await lan.next(before)
    async with asyncio.timeout(20):
        while not list((deployment.folder / "evidence").glob("??/*")):
            await asyncio.sleep(0.01)
    (kept,) = (deployment.folder / "evidence").glob("??/*")
    assert kept.read_bytes() == JPEG


@pytest.mark.parametrize("zalo", [{"quota": 1}], indirect=True)
async def test_a_used_up_quota_is_told_once_and_what_waits_is_kept(
    deployment: Deployment, zalo: ZaloBotServer, serve: Serve
) -> None:
    deployment.settings |= {"ZALO_BOT_TOKEN": TOKEN, "ZALO_BOT_API_URL": zalo.url}
    await set_up(deployment)
    serving = await serve(deployment)
    lan = zalo.person()
    await lan.answer("xin chào")
    lan.type("tiếng việt")
    async with aiohttp.ClientSession() as http, asyncio.timeout(20):
        while "429" not in str((await _ready(http, deployment)).get("channels", {}).get("zalo-bot")):
            await asyncio.sleep(0.05)
    assert len(lan.inbox) == 1
    await serving.stop()
    assert deployment.log.read_text("utf-8").count("zalo_bot_trouble") == 1
    with closing(sqlite3.connect(deployment.folder / "hoctap.db")) as database:
        assert database.execute("SELECT state FROM outbox WHERE state <> 'sent'").fetchall() == [("queued",)]


async def _ready(http: aiohttp.ClientSession, deployment: Deployment) -> dict[str, dict[str, str]]:
    async with http.get(f"{deployment.url}/readyz") as response:
        ready: dict[str, dict[str, str]] = await response.json()
        return ready
