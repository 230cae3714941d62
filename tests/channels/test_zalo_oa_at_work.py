"""An Official Account at work: for how long it may write, what comes late, and whatever is brought."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.application import Application
from bot.channels import zalo_bot, zalo_oa
from bot.channels.zalo_oa.service import ZaloOa
from bot.channels.zalo_oa.signing import mac
from bot.services.channel import Host, Service
from bot.services.invitations import invite
from bot.settings import SecretStr, Settings
from bot.store.core.tables import inbox, outbox
from tests.commune import gone_live
from tests.databases import BACKENDS, Backend, Databases
from tests.sample import NOW
from tests.zalo_oa import APP_ID, APP_SECRET, FIRST_REFRESH_TOKEN, OA_SECRET, OaPerson, ZaloOaServer

PATIENCE = 40.0
TEMPLATE = "271828"


class Zalo(ZaloOaServer):
    """Zalo, with a webhook in this very process."""

    bot: ZaloOa

    async def bring(self, body: bytes, signature: str | None = None) -> int:
        """Bring a body to the account."""
        return await self.bot.handle(self.signature(body) if signature is None else signature, body)


class Stage:
    """An application with an account on Zalo, and a clock that both look at."""

    def __init__(self, zalo: Zalo, application: Application, clock: list[datetime]) -> None:
        self.zalo = zalo
        self.application = application
        self._clock = clock

    def let(self, **time: float) -> None:
        """Let time pass."""
        self._clock[0] += timedelta(**time)

    def at(self, hour: int) -> None:
        """Let time pass until an hour of the day."""
        now = self.application.runtime.local(self._clock[0])
        then = now.replace(hour=hour, minute=0)
        self._clock[0] = then if then > now else then + timedelta(days=1)

    async def column(self, statement: Any) -> list[Any]:
        """Return the first column of a statement."""
        async with self.application.database.reading() as connection:
            return list(await connection.scalars(statement))

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait for something to hold."""
        async with asyncio.timeout(PATIENCE):
            while not (await found if asyncio.iscoroutine(found := holds()) else found):
                await asyncio.sleep(0.02)

    async def become(self, person: OaPerson, role: Any, unit: str, name: str) -> None:
        """Let somebody take a role up."""
        code, _expires = await invite(self.application.database, role, unit, self._clock[0])
        for typed in (f"/start {code}", "vi", "đồng ý", name, "nhận nhiệm vụ"):
            await person.answer(typed)

    async def submit(self, person: OaPerson) -> None:
        """Let somebody register in Thôn Đông, answer everything and hand the form in."""
        for typed in ("/start v-tk-dong", "vi", "đồng ý", "Nguyễn Thị Lan", "1975", "có", "1", "có", "bắt đầu"):
            await person.answer(typed)
        for _ in range(10):
            if "làm minh chứng" in (await person.answer("1")).text:
                await person.answer("bỏ qua")
        await person.answer("nộp phiếu")


def hurried(host: Host) -> Iterator[Service]:
    """Yield the bots on Zalo, allowed to send faster: a form is some twenty messages to one chat."""
    for opened in (zalo_oa.opened, zalo_bot.opened):
        for service in opened(host):
            service.bot.rates = service.bot.rates.times(20)
            yield service


@asynccontextmanager
async def staged(databases: Databases, backend: Backend, folder: Path, **settings: Any) -> AsyncIterator[Stage]:
    """Yield an application that works."""
    clock = [NOW]
    async with databases.fresh(backend, gone_live) as url, Zalo(clock=lambda: clock[0]) as zalo:
        application = Application(
            Settings(
                database_url=url, secret_key=SecretStr("a key of the tests"), evidence_url=f"file:{folder}",
                zalo_oa_app_id=APP_ID, zalo_oa_secret=SecretStr(APP_SECRET), zalo_oa_api_url=zalo.url,
                zalo_oa_refresh_token=SecretStr(FIRST_REFRESH_TOKEN), zalo_oa_oauth_url=zalo.url,
                zalo_oa_webhook_secret=SecretStr(OA_SECRET), **settings,
            ),
            lambda: clock[0], [hurried],
        )  # fmt: skip
        (zalo.bot,) = (one.service.bot for one in application.served if isinstance(one.service.bot, ZaloOa))
        running = asyncio.create_task(application.run())
        try:
            yield Stage(zalo, application, clock)
            assert zalo.odd == []
        finally:
            running.cancel()
            await asyncio.wait([running])
            await application.close()


async def _returned_when_she_is_silent(stage: Stage) -> OaPerson:
    """Let Lan hand her form in, be silent for eight days, and get it returned."""
    head, lan = stage.zalo.person(), stage.zalo.person()
    await stage.become(head, "head", "tk-dong", "Trần Văn Trường")
    await stage.submit(lan)
    await head.until(lambda: any("Nguyễn Thị Lan" in seen.text for seen in head.inbox))
    stage.let(days=8)
    await head.answer("xin chào")
    await head.answer_press("↩️ Trả lại để sửa")
    await head.answer("Câu 2 chưa rõ")
    await head.until(lambda: "Hoàn tác" in str(head.inbox[-2:]))
    stage.let(minutes=2)
    return lan


def _is_outside(stage: Stage) -> Callable[[], Any]:
    async def holds() -> bool:
        found = await stage.column(select(outbox.c.error).where(outbox.c.state == "queued", outbox.c.due.is_not(None)))
        return bool(found)

    return holds


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_returned_form_waits_for_the_next_word_of_who_was_silent(
    databases: Databases, backend: Backend, tmp_path: Path
) -> None:
    async with staged(databases, backend, tmp_path) as stage:
        lan = await _returned_when_she_is_silent(stage)
        before = len(lan.inbox)
        await stage.until(_is_outside(stage))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(stage.application.http())) as client:
            figures = (await client.get("http://hoctap.test/metrics")).text
        assert 'hoctap_letters_outside_window{channel="zalo-oa"} 1.0' in figures
        assert len(lan.inbox) == before
        lan.type("xin chao")
        await lan.until(lambda: len(lan.inbox) > before + 1)
        assert "Câu 2 chưa rõ" in lan.inbox[before].text
        assert await stage.column(select(outbox.c.id).where(outbox.c.state == "failed")) == []


async def test_a_template_tells_that_something_waits_once_and_not_at_night(
    databases: Databases, tmp_path: Path
) -> None:
    async with staged(databases, "sqlite", tmp_path, zalo_oa_template=TEMPLATE) as stage:
        stage.zalo.templates[TEMPLATE] = ["noi_dung"]
        stage.at(22)
        lan = await _returned_when_she_is_silent(stage)
        before = len(lan.inbox)
        await stage.until(_is_outside(stage))
        assert len(lan.inbox) == before
        stage.at(6)
        await lan.until(lambda: len(lan.inbox) > before)
        assert lan.inbox[before].template == TEMPLATE
        stage.let(hours=2)
        lan.type("xem")
        await lan.until(lambda: len(lan.inbox) > before + 2)
        assert "Câu 2 chưa rõ" in lan.inbox[before + 1].text
        assert [seen.template for seen in lan.inbox[before:]].count(TEMPLATE) == 1


async def test_the_sender_of_a_notice_sees_who_falls_outside_and_that_no_template_goes_to_them(
    databases: Databases, tmp_path: Path
) -> None:
    async with staged(databases, "sqlite", tmp_path, zalo_oa_template_price=300, zalo_oa_template=TEMPLATE) as stage:
        stage.zalo.templates[TEMPLATE] = ["noi_dung"]
        admin, lan, minh = stage.zalo.person(), stage.zalo.person(), stage.zalo.person()
        await stage.submit(lan)
        stage.let(days=5)
        await stage.submit(minh)
        stage.let(days=3)
        await stage.become(admin, "admin", "tk", "Phạm Thị Hoa")
        for typed in ("/notices", "soạn thông báo", "13", "Kính mời họp thôn tối thứ bảy."):
            shown = await admin.answer(typed)
        told = shown.text
        assert "Zalo OA: 1 người đã mấy ngày chưa nhắn; gửi cho những người này tốn khoảng 55 đồng." in told, told
        assert "Zalo OA: 1 người đã lâu chưa nhắn nên không nhận được thông báo này" in told, told
        assert "theo mẫu đã duyệt, khoảng 300 đồng; thông báo không gửi theo mẫu" in told, told
        await admin.answer("gửi")
        await admin.answer("gửi đi")
        await minh.until(lambda: any("Kính mời họp thôn" in seen.text for seen in minh.inbox))

        async def outside() -> bool:
            of_notice = select(outbox.c.state).where(outbox.c.notice_id.is_not(None), outbox.c.channel == "zalo-oa")
            return sorted(await stage.column(of_notice)) == ["outside", "sent", "sent"]

        await stage.until(outside)
        assert stage.zalo.spent == 55
        assert not any(seen.template for seen in lan.inbox)


async def test_words_that_come_again_after_others_are_no_answer_to_what_is_asked_now(
    databases: Databases, tmp_path: Path
) -> None:
    async with staged(databases, "sqlite", tmp_path) as stage:
        lan = stage.zalo.person()
        for typed in ("/start v-tk-dong", "vi", "đồng ý"):
            await lan.answer(typed)
        lost = stage.zalo.event(lan, "user_send_text", {"text": "Nguyễn Thị Lan"})
        stage.let(minutes=2)
        await lan.answer("Nguyễn Thị Lan")
        await lan.answer("1975")
        before = len(lan.inbox)
        assert await stage.zalo.bring(lost) == 200
        assert "đến muộn" in (await lan.next(before)).text
        assert "Đăng ký tham gia ở thôn Đông" in (await lan.next(before)).text
        before = len(lan.inbox)
        assert await stage.zalo.bring(lost) == 200  # and once more: it is known
        await lan.answer("có")
        assert len(lan.inbox) == before + 1


@pytest.mark.parametrize("many", [2_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
async def test_whatever_is_brought_breaks_nothing_and_loses_no_good_message_beside_it(
    databases: Databases, tmp_path: Path, many: int
) -> None:
    settings = {
        "zalo_bot_token": SecretStr("4242:token"), "zalo_bot_api_url": "http://127.0.0.1:1",
        "zalo_bot_webhook_secret": SecretStr(BOTS_SECRET), "public_url": "https://hoctap.example",
    }  # fmt: skip
    async with staged(databases, "sqlite", tmp_path, **settings) as stage:
        transport = httpx.ASGITransport(stage.application.http())
        chance, answers = random.Random(many), 0
        async with httpx.AsyncClient(transport=transport, base_url="http://hoctap.test") as zalo:
            for number in range(many):
                if number % 200 == 0:  # nobody's letters pile up
                    lan, sent = stage.zalo.person(), _SENT | {"chat": {"id": f"{number}", "chat_type": "PRIVATE"}}
                    lan.heard_at = NOW
                    whole = [stage.zalo.event(lan, name, message) for name, message in KINDS]
                    of_bot = of_bot_by(sent)
                body = broken(chance, chance.choice(whole))
                signature = signed(body)
                answer = await zalo.post("/zalo/oa", content=body, headers={"X-ZEvent-Signature": signature})
                assert answer.status_code in {200, 400, 403}, body
                body = broken(chance, json.dumps(chance.choice(of_bot)).encode())
                answer = await zalo.post("/zalo/bot", content=body, headers={"X-Bot-Api-Secret-Token": BOTS_SECRET})
                assert answer.status_code in {200, 400}, body
                if number % 200 == 199:
                    somebody = stage.zalo.person()
                    assert "Xin chọn ngôn ngữ" in (await somebody.answer("xin chào")).text
                    answers += 1
        assert answers == many // 200
        waits = select(inbox.c.id).where(inbox.c.done_at.is_(None))

        async def nothing_waits() -> bool:
            return not await stage.column(waits)

        await stage.until(nothing_waits)
        assert not stage.application.supervisor.failing()
        stage.zalo.odd.clear()


KINDS: list[tuple[str, dict[str, Any] | None]] = [
    ("user_send_text", {"text": "Xin chào"}), ("user_send_text", {"text": "#hoctap:a:1:yes"}), ("follow", None),
    ("user_send_image", {"attachments": [{"type": "image", "payload": {"url": "https://zalo.example/1.jpg"}}]}),
    ("user_send_file", {"attachments": [{"type": "file", "payload": {"url": "https://zalo.example/1", "size": "9"}}]}),
    ("user_send_sticker", {"text": ""}), ("unfollow", None), ("user_submit_info", {"text": ""}),
]  # fmt: skip
BOTS_SECRET = "the-secret-of-the-bot"
_SENT = {
    "from": {"id": "1", "display_name": "Somebody", "is_bot": False}, "chat": {"id": "1", "chat_type": "PRIVATE"},
    "message_id": "1", "date": 1793000000000, "text": "Xin chào", "photo_url": "https://zalo.example/1.jpg",
}  # fmt: skip


def of_bot_by(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the Bot Platform brings of a message."""
    return [
        {"event_name": "message.text.received", "message": sent},
        {"event_name": "message.image.received", "message": sent},
        {"ok": True, "result": {"event_name": "message.text.received", "message": sent}},
        {"event_name": "message.sticker.received", "message": sent},
    ]


ODD: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, "", "x", "\0", "\ud800", "a" * 5000, [], {}, [[]], {"id": None}, ["x"], {"": {}},
    "ế", "1793000000000", "#hoctap:", "/start v-", {"url": "file:///etc/passwd"}, {"url": "http://169.254.169.254/"},
]  # fmt: skip


def broken(chance: random.Random, body: bytes) -> bytes:
    """Return an event with something in it that is something else, is gone, or is cut off."""
    event = json.loads(body)
    place: Any = event
    while isinstance(place, dict | list) and place:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chance.choice(keys)
        if not isinstance(place[key], dict | list) or chance.random() < 0.3:
            if chance.random() < 0.2:
                del place[key]
            else:
                place[key] = chance.choice(ODD)
            break
        place = place[key]
    for name in ("msg_id", "message_id"):  # each is another message
        if isinstance(event.get("message"), dict) and isinstance(event["message"].get(name), str):
            event["message"][name] += f"{chance.random()}"
    made = json.dumps(event, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return made[: chance.randrange(len(made))] if chance.random() < 0.1 else made


def signed(body: bytes) -> str:
    """Sign a body as Zalo would, as far as it has a time."""
    try:
        timestamp = str(json.loads(body)["timestamp"])
    except (ValueError, KeyError, TypeError):
        timestamp = ""
    return "mac=" + mac(APP_ID, body, timestamp.encode("utf-8", "replace").decode(), OA_SECRET)


def _was_refused(zalo: Zalo, times: int) -> bool:
    return zalo.refused_renewals >= times


async def test_administrators_are_told_once_while_messages_still_go(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.zalo_oa.tokens.LOOK_SECONDS", 0.02)
    async with staged(databases, "sqlite", tmp_path) as stage:
        admin = stage.zalo.person()
        await stage.become(admin, "admin", "tk", "Phạm Thị Hoa")
        stage.zalo.revoke_refresh()
        stage.let(hours=21)
        await stage.until(lambda: "cannot be renewed" in str(stage.zalo.bot.trouble))
        assert not any("refresh token" in seen.text for seen in admin.inbox)
        stage.let(hours=1, minutes=30)
        await admin.until(lambda: any("refresh token mới" in seen.text for seen in admin.inbox))
        refused = stage.zalo.refused_renewals
        for times in range(1, 4):
            stage.let(minutes=2)
            await stage.until(partial(_was_refused, stage.zalo, refused + times))
        before = len(admin.inbox)
        admin.type("xin chào")
        await admin.until(lambda: any("quản trị hệ thống" in seen.text for seen in admin.inbox[before:]))
        assert sum("refresh token mới" in seen.text for seen in admin.inbox) == 1
        async with httpx.AsyncClient(transport=httpx.ASGITransport(stage.application.http())) as client:
            ready = (await client.get("http://hoctap.test/readyz")).json()
            figures = (await client.get("http://hoctap.test/metrics")).text
        assert "cannot be renewed" in ready["channels"]["zalo-oa"]
        assert 'hoctap_channel_token_refused{channel="zalo-oa"} 1.0' in figures
