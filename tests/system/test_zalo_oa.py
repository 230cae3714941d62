"""`hoctap serve` with an Official Account of Zalo: a form, the branch head's decision, photos, and trouble."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import BACKENDS, Databases
from tests.system.commune import VILLAGE, invite, leave_empty, set_up
from tests.system.conftest import Serve
from tests.system.process import HURRIED_HOCTAP, Deployment
from tests.system.story import JPEG
from tests.zalo_oa import OA_ID, OaPerson, ZaloOaServer, settings_for


@pytest.fixture
async def zalo(request: pytest.FixtureRequest) -> AsyncIterator[ZaloOaServer]:
    """Zalo, with what the fixture's parameter changes."""
    async with ZaloOaServer(**getattr(request, "param", {})) as server:
        yield server


@pytest.fixture(params=BACKENDS)
async def on_zalo(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, zalo: ZaloOaServer
) -> AsyncIterator[Deployment]:
    """A commune with an account on Zalo."""
    async with databases.fresh(request.param, leave_empty) as url:
        settings = {"DATABASE_URL": url, "EVIDENCE_URL": f"file://{tmp_path}/evidence"}
        yield having(Deployment(tmp_path, settings, HURRIED_HOCTAP), zalo)


def having(deployment: Deployment, zalo: ZaloOaServer) -> Deployment:
    """Let a deployment speak for the account, and Zalo know where it is."""
    deployment.settings |= {**settings_for(zalo), "PUBLIC_URL": deployment.url}
    zalo.webhook = f"{deployment.url}/zalo/oa"
    return deployment


async def _fill_in(lan: OaPerson) -> None:
    """Follow the account, register in a village by its code, answer every question and hand the form in."""
    lan.follow()
    await lan.next(0)
    await lan.answer(f"v-{VILLAGE}")
    await lan.answer_press("Tiếng Việt")
    await lan.answer_press("Đồng ý")
    for typed in ("Nguyễn Thị Lan", "1975", "có"):
        shown = await lan.answer(typed)
    assert re.search("^1. .*Nông dân", shown.text, re.MULTILINE), shown
    await lan.answer("1")
    await lan.answer_press("Đúng hết rồi")
    shown = await lan.answer_press("Bắt đầu làm phiếu")
    for number in range(1, 11):
        assert f"{number}/10 · " in shown.text, shown
        assert len(shown.buttons) <= 5
        shown = await lan.answer("1")
        if "làm minh chứng" in shown.text:
            before = len(lan.inbox)
            lan.send_photo(JPEG)
            assert "Đã gửi 1 minh chứng" in (await lan.next(before)).text
            shown = await lan.answer_press("Tiếp tục")
    await lan.answer_press("Nộp phiếu")


async def _become_head(head: OaPerson, invitation: str) -> None:
    for typed in (f"/start {invitation}", "1", "đồng ý", "Trần Văn Trường", "nhận nhiệm vụ"):
        await head.answer(typed)


@pytest.mark.parametrize("zalo", [{"twice": True}], ids=["every-event-twice"], indirect=True)
async def test_a_form_is_filled_in_and_confirmed_with_five_buttons(
    on_zalo: Deployment, zalo: ZaloOaServer, serve: Serve
) -> None:
    await set_up(on_zalo)
    invitation = await invite(on_zalo, "head", VILLAGE)
    await serve(on_zalo)
    head, lan = zalo.person(), zalo.person()
    await _become_head(head, invitation.code)
    before = len(head.inbox)
    await _fill_in(lan)
    card = await head.next(before)
    confirm = next(title for title in card.buttons if title.endswith("Xác nhận"))
    assert "Đã xác nhận phiếu của Nguyễn Thị Lan" in (await head.answer_press(confirm)).text
    async with asyncio.timeout(30):
        while not list((on_zalo.folder / "evidence").glob("??/*")):
            await asyncio.sleep(0.01)
    looked = await on_zalo.succeed("check", "--channels")
    assert f"zalo-oa: the token works, the account is zalo.me/{OA_ID}" in looked
    assert f"to {on_zalo.url}/zalo/oa" in looked
    assert zalo.odd == []
    assert zalo.renewals == 1
    told = on_zalo.log.read_text("utf-8")
    assert not re.search(r"access-token-\d|refresh-token|the-app-secret|the-oa-secret", told)
