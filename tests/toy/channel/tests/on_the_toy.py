"""What the toy channel can do once its line is in the list: it is played in the copy that `test_channel.py` makes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.application import Application
from bot.settings import SecretStr, Settings
from flows.conversation.facts import Conversation, Facts
from flows.domain.channels import called
from flows.notices.audience import NARROWINGS
from tests.commune import gone_live
from tests.databases import Databases
from tests.sample import NOW, REFERENCE


@pytest.fixture
async def application(databases: Databases, tmp_path: Path) -> AsyncIterator[Application]:
    """An application that works, with the channels of the list."""
    async with databases.fresh("sqlite", gone_live) as url:
        settings = Settings(
            database_url=url, secret_key=SecretStr("a key of the tests"), evidence_url=f"file:{tmp_path}", toy_bot="yes"
        )
        application = Application(settings, lambda: NOW)
        running = asyncio.create_task(application.run())
        yield application
        running.cancel()
        await asyncio.wait([running])
        await application.close()


async def test_somebody_writes_there_and_is_answered(application: Application) -> None:
    transport = httpx.ASGITransport(application.http())
    async with httpx.AsyncClient(transport=transport, base_url="http://hoctap.test") as lan, asyncio.timeout(30):
        for typed, answer in (
            ("v-tk-dong", "chọn ngôn ngữ"),
            ("tiếng việt", "đồng ý"),
            ("đồng ý", "họ và tên"),
        ):
            await lan.post("/toy/lan", content=typed.encode())
            while answer not in "\n".join((await lan.get("/toy/lan")).json()):
                await asyncio.sleep(0.02)
        assert (await lan.get("/readyz")).json()["channels"] == {"web": "ok", "toy": "ok"}
        assert 'channel="toy"' in (await lan.get("/metrics")).text


def test_it_has_a_name_and_a_notice_may_be_for_those_who_use_it() -> None:
    assert called("toy") == "the toy"
    options = NARROWINGS["channels"].options(Facts(NOW, Conversation(1, "toy"), REFERENCE))
    assert [option.choice.key for option in options if option.values == ("toy",)] == ["toy"]
