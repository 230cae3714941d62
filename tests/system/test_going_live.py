"""A commune goes live, from an empty database to a confirmed form, seen only from outside."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.botapi import DEFAULT_TOKEN, BotApiServer, Person
from tests.databases import Databases
from tests.system import story
from tests.system.commune import COMMUNE, VILLAGE, invite, leave_empty, set_up, sqlite_in
from tests.system.conftest import Serve
from tests.system.hurried import SPEED
from tests.system.process import HOCTAP, HURRIED_HOCTAP, SOON_TOLD_HOCTAP, Deployment, Finished, free_port

SECRET = "a-long-random-secret"
EVERYBODY = '{"type": "all_private_chats"}'


@pytest.fixture
async def address(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database, as an administrator would write it."""
    if request.param == "sqlite":
        yield sqlite_in(tmp_path)
        return
    async with databases.fresh("postgresql", leave_empty) as url:
        yield url.replace("postgresql+asyncpg", "postgresql")


@pytest.mark.parametrize(
    ("telegram", "address", "way", "command"),
    [
        pytest.param(1, "sqlite", "polling", HOCTAP, marks=pytest.mark.soak, id="as shipped"),  # minutes of waiting
        pytest.param(1, "sqlite", "polling", SOON_TOLD_HOCTAP, id="sqlite-polling"),
        pytest.param(SPEED, "sqlite", "webhook", HURRIED_HOCTAP, id="sqlite-webhook"),
        pytest.param(SPEED, "postgresql", "polling", HURRIED_HOCTAP, id="postgresql-polling"),
    ],
    indirect=["telegram", "address"],
)
async def test_a_commune_goes_live_and_two_residents_are_confirmed(
    on_telegram: Deployment, telegram: BotApiServer, serve: Serve, address: str, way: str, command: tuple[str, ...]
) -> None:
    on_telegram.settings["DATABASE_URL"] = address
    on_telegram.command = command
    if way == "webhook":
        on_telegram.settings |= {"PUBLIC_URL": on_telegram.url, "TELEGRAM_WEBHOOK_SECRET": SECRET}
    await set_up(on_telegram)
    invitation = await invite(on_telegram, "admin", COMMUNE)
    assert f"https://t.me/{telegram.default_bot.user['username']}?start={invitation.code}" in invitation.said
    serving = await serve(on_telegram)
    cast = story.Cast(telegram)

    await story.invites_the_head(cast, invitation.code)
    await asyncio.gather(story.lan_fills_in_her_form(cast.lan), story.anna_fills_in_her_form(cast.anna))
    await story.the_head_decides_on_lan(cast.head, cast.lan)
    await story.the_head_confirms_anna(cast.head, cast.anna)

    assert telegram.ledger.violations(unanswered_after=0) == []
    assert (telegram.default_bot.webhook is not None) == (way == "webhook")
    assert _menus(telegram, cast) == {
        "Vietnamese": [
            "batdau", "trogiup", "phieu", "giayto", "dulieu", "tatbat", "ngonngu", "dung", "nguoi", "noi", "giadinh",
        ],
        "English": "Help",
        "head": "duyet",
        "admin": "moi",
        "other languages": True,
    }  # fmt: skip
    assert await serving.stop() == 0
    _tells_nothing(on_telegram.log, cast.people, invitation.code)


def _menus(telegram: BotApiServer, cast: story.Cast) -> dict[str, object]:
    commands = telegram.default_bot.commands

    def own(person: Person) -> str:
        chat = json.dumps({"type": "chat", "chat_id": person.id}, sort_keys=True)
        return str(commands[chat, ""][0]["command"])

    return {
        "Vietnamese": [entry["command"] for entry in commands[EVERYBODY, "vi"]],
        "English": commands[EVERYBODY, "en"][1]["description"],
        "head": own(cast.head.person),
        "admin": own(cast.admin.person),
        "other languages": commands[EVERYBODY, ""] == commands[EVERYBODY, "vi"],
    }


def _tells_nothing(log: Path, people: list[Person], code: str) -> None:
    """A log holds no token, code, name, number or answer."""
    told = log.read_text()
    names = [name for person in people for name in (person.name, *person.name.split()) if len(name) > 3]
    secrets = [DEFAULT_TOKEN, DEFAULT_TOKEN.partition(":")[2], SECRET, code, code.removeprefix("i-")]
    numbers = [str(person.id) for person in people]
    assert [hidden for hidden in (*names, *secrets, *numbers, *story.ANSWERS) if hidden in told] == []
    harmless = re.compile(r'"timestamp": "[^"]+"|"bot": "\d+"|127\.0\.0\.1:\d+')
    assert re.findall(r"\d{5,}", harmless.sub("", told)) == []
    assert "Traceback" not in told


async def test_an_update_without_the_secret_is_turned_away(on_telegram: Deployment, serve: Serve) -> None:
    on_telegram.settings |= {"PUBLIC_URL": on_telegram.url, "TELEGRAM_WEBHOOK_SECRET": SECRET}
    await set_up(on_telegram)
    await serve(on_telegram)
    body = json.dumps({"update_id": 1})
    header = "X-Telegram-Bot-Api-Secret-Token"
    async with aiohttp.ClientSession(on_telegram.url) as http:

        async def status(headers: dict[str, str]) -> int:
            async with http.post("/telegram", data=body, headers=headers) as response:
                return response.status

        async with asyncio.timeout(20):
            while await status({header: SECRET}) != 200:
                await asyncio.sleep(0.05)
        assert [await status({header: "wrong"}), await status({}), await status({header: SECRET})] == [403, 403, 200]


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [
        ("PORT", "many", "PORT is not usable"),
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL is not usable"),
        ("DATABASE_URL", "postgresql://somebody:sesame@127.0.0.1:1/x", "DATABASE_URL is not usable"),
        ("TELEGRAM_TOKEN", "sesame", "TELEGRAM_TOKEN is not usable"),
        ("TELEGRAM_TOKEN", "123:ses ame", "TELEGRAM_TOKEN is not usable"),
        ("TELEGRAM_API_URL", "sesame", "TELEGRAM_API_URL is not usable"),
        ("PUBLIC_URL", "sesame", "PUBLIC_URL is not usable"),
        ("TELEGRAM_WEBHOOK_SECRET", "ses ame", "TELEGRAM_WEBHOOK_SECRET is not usable"),
        ("SECRET_KEY", "sesame", "SECRET_KEY is not usable"),
        ("LOG_LEVEL", "sesame", "LOG_LEVEL is not usable"),
        ("TIME_ZONE", "Sesame", "TIME_ZONE is not usable"),
    ],
)
async def test_a_wrong_setting_is_named_in_one_line(
    deployment: Deployment, setting: str, value: str, complaint: str
) -> None:
    finished = await deployment.run("serve", **{"TELEGRAM_TOKEN": DEFAULT_TOKEN} | {setting: value})
    assert (finished.code, finished.said, finished.complained.count("\n")) == (2, "", 1), finished
    assert finished.complained.startswith(f"hoctap: {complaint}")
    assert "sesame" not in finished.complained


async def test_a_webhook_without_a_secret_is_refused_in_one_line(deployment: Deployment) -> None:
    finished = await deployment.run("serve", TELEGRAM_TOKEN=DEFAULT_TOKEN, PUBLIC_URL="https://hoctap.example")
    assert (finished.code, finished.complained.count("\n")) == (2, 1)
    assert finished.complained.startswith("hoctap: TELEGRAM_WEBHOOK_SECRET is missing")


async def test_serving_before_migrating_is_refused_in_one_line(deployment: Deployment) -> None:
    expected = Finished(2, "", "hoctap: there is no database yet; run: hoctap migrate\n")
    assert await deployment.run("serve") == expected


async def test_a_server_loads_nothing_that_it_never_uses(on_telegram: Deployment, serve: Serve) -> None:
    await set_up(on_telegram)
    serving = await serve(on_telegram)
    loaded = await asyncio.to_thread(Path(f"/proc/{serving.process.pid}/maps").read_text)
    assert "/msgspec/" in loaded
    assert "/pydantic_core/" not in loaded
    assert "/cryptography/" not in loaded
    assert await serving.stop() == 0


async def test_a_port_in_use_is_named_in_one_line(deployment: Deployment, serve: Serve) -> None:
    await set_up(deployment)
    await serve(deployment)
    finished = await deployment.run("serve")
    assert (finished.code, finished.complained.count("\n")) == (2, 1), finished
    assert finished.complained.startswith("hoctap: PORT is not usable")


async def test_the_web_chat_works_while_telegram_cannot_be_reached(deployment: Deployment, serve: Serve) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    deployment.settings |= {"TELEGRAM_TOKEN": DEFAULT_TOKEN, "TELEGRAM_API_URL": closed}
    await set_up(deployment)
    serving = await serve(deployment)
    async with aiohttp.ClientSession(deployment.url) as http:
        browser = await _open(http)
        said = await _say(http, browser, kind="typed", text=f"/start v-{VILLAGE}")
        assert "Hello! Please choose your language." in said[-1]["text"]
        health = await _get(http, "/healthz")
        assert health == {"status": "ok"}
        ready = await _get(http, "/readyz")
        assert (ready["status"], ready["channels"]["web"]) == ("ok", "ok")
        assert ready["channels"]["telegram"] != "ok"
        async with http.get("/metrics") as response:
            figures = await response.text()
        assert response.status == 200
        assert "hoctap_turns_total 1.0" in figures
        assert "hoctap_turn_seconds_count 1.0" in figures
        assert "hoctap_updates_waiting 0.0" in figures
        assert 'hoctap_outbox_depth{channel="web"}' in figures
    assert await serving.stop() == 0
    assert "Traceback" not in deployment.log.read_text()


async def test_a_bot_that_meets_telegram_late_has_its_menus(
    deployment: Deployment, serve: Serve, unused_tcp_port: int
) -> None:
    """Telegram is reached by detours in some networks, and not at every hour."""
    late = BotApiServer(port=unused_tcp_port)
    api_url = f"http://127.0.0.1:{unused_tcp_port}"
    deployment.settings |= {"TELEGRAM_TOKEN": DEFAULT_TOKEN, "TELEGRAM_API_URL": api_url}
    await set_up(deployment)
    await serve(deployment)
    await asyncio.sleep(1.0)
    async with late as telegram:
        lan = telegram.add_person("Nguyễn Thị Lan")
        lan.start()
        await lan.wait_for("Hello", timeout=60)
        async with asyncio.timeout(60):
            while (EVERYBODY, "en") not in telegram.default_bot.commands:
                await asyncio.sleep(0.1)


async def test_a_stop_asked_for_loses_nothing_and_repeats_nothing(
    on_telegram: Deployment, telegram: BotApiServer, serve: Serve
) -> None:
    await set_up(on_telegram)
    serving = await serve(on_telegram)
    people = [telegram.add_person(f"Người thứ {number}") for number in range(20)]
    for person in people:
        person.start(f"v-{VILLAGE}")
    await people[0].wait_for("choose your language", timeout=20)
    begun = asyncio.get_running_loop().time()
    assert await serving.stop() == 0
    print(f"\nstopped in {asyncio.get_running_loop().time() - begun:.1f} s")
    await serve(on_telegram)
    for person in people[1:]:
        await person.wait_for("choose your language", timeout=20)
    await asyncio.sleep(2.5)
    assert [len(person.inbox) for person in people] == [1] * len(people)
    assert telegram.ledger.violations(unanswered_after=0) == []


async def test_readiness_and_help_are_measured(deployment: Deployment, serve: Serve) -> None:
    """The figures are printed: how fast this machine is, a test cannot know."""
    await set_up(deployment)
    seconds = []
    for _ in range(3):
        serving = await deployment.start()
        seconds.append(await serving.until_ready())
        await serving.stop()
    begun = asyncio.get_running_loop().time()
    assert (await deployment.run("--help")).code == 0
    helped = asyncio.get_running_loop().time() - begun
    print(f"\nready in {min(seconds):.2f} s (of {[round(s, 2) for s in seconds]}), --help in {helped:.2f} s")


async def _open(http: aiohttp.ClientSession) -> str:
    async with http.post("/web/open") as response:
        return str((await response.json())["token"])


async def _say(http: aiohttp.ClientSession, browser: str, **what: str) -> list[dict[str, Any]]:
    """Say something in the web chat and return what is shown then."""
    async with http.post("/web/say", json={"token": browser, "id": str(uuid4()), **what}) as response:
        assert response.status == 202, await response.text()
    async with http.post("/web/poll", json={"phones": [{"token": browser}], "wait": 20}) as response:
        return list((await response.json())["phones"][0]["messages"])


async def _get(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(path) as response:
        return await response.json()
