"""One deployment serves two communes, each with a bot of its own on Telegram."""

import csv
from pathlib import Path

import pytest

from tests.botapi import DEFAULT_TOKEN, BotApiServer
from tests.system import story
from tests.system.commune import COMMUNE, invite, set_up
from tests.system.conftest import Serve
from tests.system.process import Deployment

# A village called like one of the other commune.
OTHERS = """\
code,name,kind,parent code
bt,Xã Bình Trị,commune,
bt01,Thôn Đông,village,bt
"""
TOKEN = "987654321:the-other-bot-the-other-bot-the-other-bot"
SECRET = "a-long-random-secret"


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_each_commune_has_its_own_bot(
    deployment: Deployment, telegram: BotApiServer, serve: Serve, way: str
) -> None:
    other = telegram.add_bot(TOKEN, "binh_tri_bot")
    deployment.settings |= {
        "TELEGRAM_API_URL": telegram.base_url,
        "TELEGRAM_TOKENS": f"{COMMUNE.upper()}={DEFAULT_TOKEN} bt={TOKEN}",
    }
    if way == "webhook":
        deployment.settings |= {"PUBLIC_URL": deployment.url, "TELEGRAM_WEBHOOK_SECRET": SECRET}
    await set_up(deployment)
    (deployment.folder / "others.csv").write_text(OTHERS, "utf-8")
    await deployment.succeed("import", "units", "others.csv")
    assert await _bots_in_links(deployment, "bt") == {"binh_tri_bot"}
    assert "https://t.me/binh_tri_bot?start=i-" in (await invite(deployment, "admin", "bt")).said
    assert await _bots_in_links(deployment, COMMUNE) == {telegram.default_bot.user["username"]}

    serving = await serve(deployment)
    phuc = story.Talk(telegram.add_person("Mai Văn Phúc", bot=other))
    lan = story.Talk(telegram.add_person("Nguyễn Thị Lan", user_id=phuc.person.id))  # one who writes to both
    for talk, commune in ((phuc, "xã Bình Trị"), (lan, "xã Thần Khê")):
        talk.person.start()
        await talk.read("chọn ngôn ngữ")
        await talk.press(story.VI, f"kênh của Hội Khuyến học {commune}")
        await talk.press("Đồng ý", "họ và tên")
        await talk.type(talk.person.name, "Xin cho biết năm sinh")
        await talk.type(str(story.BORN), f"Ví dụ: thôn Đông, {commune}")
        offered = await talk.type("thon dong", "Thôn Đông")
        assert [label for label in offered.labels if "Đông" in label] == [f"1. Thôn Đông, {commune}"]
    assert telegram.ledger.violations(unanswered_after=0) == []
    assert await serving.stop() == 0
    assert TOKEN.partition(":")[2] not in deployment.log.read_text()


async def _bots_in_links(deployment: Deployment, unit: str) -> set[str]:
    file = Path(deployment.folder / f"{unit}.csv")
    await deployment.succeed("export", "links", unit, file.name)
    rows = csv.DictReader(file.read_text("utf-8-sig").splitlines())  # noqa: ASYNC240 - a few lines
    return {row["Telegram"].removeprefix("https://t.me/").partition("?")[0] for row in rows}
