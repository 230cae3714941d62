"""The guides over HTTP: in the language that is asked for, safe, and without a script."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.application import Application
from bot.channels.web.messages import BOT, CHANNEL
from bot.channels.web.routes import CONTENT_POLICY
from bot.guides.chatfile import ANYTHING, Done, Told
from bot.guides.chatfile import read as read_chat
from bot.guides.pages import NAMES, read, source, talks
from bot.guides.talks import bubbles, talk_html
from bot.settings import Settings
from bot.store.core import outbox
from bot.store.core.inbox import Incoming
from bot.store.core.migrating import migrate
from flows.conversation.replies import Typed
from tests.sample import CATALOGUES

VIETNAMESE, ENGLISH = CATALOGUES["vi"], CATALOGUES["en"]
LANGUAGES = ("vi", "en")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'hoctap.db'}")
    application = Application(settings)
    transport = httpx.ASGITransport(application.http())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened
    await application.close()


def links_in(page: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'(?:href|src)="([^"]+)"', page)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/guide", *(f"/guide/{name}" for name in NAMES)])
async def test_a_guide_is_a_page_without_scripts_whose_links_all_lead_somewhere(
    client: httpx.AsyncClient, path: str, language: str
) -> None:
    shown = await client.get(path, params={"language": language})
    assert shown.status_code == 200
    assert shown.headers["content-security-policy"] == CONTENT_POLICY
    assert f'<html lang="{language}">' in shown.text
    assert "<script" not in shown.text
    assert " style=" not in shown.text
    assert not re.search(r"\{\{\w+\}\}", shown.text)  # holes; templates of papers have blanks in theirs
    for link in links_in(shown.text):
        address, _sign, anchor = link.partition("#")
        assert not address or (await client.get(address)).status_code == 200, link
        assert not anchor or f'id="{anchor}"' in shown.text, link


@pytest.mark.parametrize(
    ("asked", "accepted", "title"),
    [
        ("", "vi-VN,vi;q=0.9,en;q=0.8", "Hướng dẫn cho người dân"),
        ("", "en-GB", "Guide for residents"),
        ("?language=en", "vi", "Guide for residents"),
        ("?language=vi", "en", "Hướng dẫn cho người dân"),
        ("", "fr", "Hướng dẫn cho người dân"),
        ("?language=../../x", "en", "Hướng dẫn cho người dân"),
    ],
)
async def test_a_guide_speaks_the_language_that_is_asked_for(
    client: httpx.AsyncClient, asked: str, accepted: str, title: str
) -> None:
    shown = await client.get(f"/guide/resident{asked}", headers={"Accept-Language": accepted})
    assert f"<h1>{title}</h1>" in shown.text


@pytest.mark.parametrize("name", NAMES)
async def test_a_guide_leads_to_the_same_one_in_the_other_language_and_to_the_chat(
    client: httpx.AsyncClient, name: str
) -> None:
    shown = await client.get(f"/guide/{name}?language=vi")
    assert f'<a href="/guide/{name}?language=en">English</a>' in shown.text
    assert '<a href="/chat">Mở cuộc trò chuyện</a>' in shown.text


async def test_a_guide_that_is_not_there_shows_those_that_are(client: httpx.AsyncClient) -> None:
    shown = await client.get("/guide/teacher?language=vi")
    assert shown.status_code == 404
    assert [link for link in links_in(shown.text) if link.startswith("/guide/")] == [
        f"/guide/{name}?language=vi" for name in NAMES
    ]


async def test_nothing_outside_the_guides_is_read(client: httpx.AsyncClient) -> None:
    for name in ("..%2fLC_MESSAGES%2fhoctap", "%2e%2e", "resident.md"):
        assert (await client.get(f"/guide/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("public_url", "told"),
    [
        ("https://hoc.example.vn", ["https://hoc.example.vn/guide"]),
        ("https://hoc.example.vn/", ["https://hoc.example.vn/guide"]),
        (None, []),
    ],
)
async def test_help_tells_where_the_guides_are_if_people_can_reach_them(
    tmp_path: Path, public_url: str | None, told: list[str]
) -> None:
    application = Application(Settings(database_url=f"sqlite:///{tmp_path / 'hoctap.db'}", public_url=public_url))
    await migrate(application.database)
    await application.turns.receive([Incoming(CHANNEL, BOT, "somebody", "1", Typed("/help"))])
    await application.turns.run_once()
    async with application.database.reading() as connection:
        letters = await outbox.read_new(connection, CHANNEL, BOT, "somebody")
    said = "\n".join(one.outgoing.text for one in letters if one.outgoing is not None)
    assert re.findall(r"https://\S+", said) == told
    await application.close()


# --- Talks as bubbles ---


def test_a_talk_shows_what_is_said_and_pressed_and_nothing_of_what_is_given() -> None:
    talk = (
        "World: Lan has answered 1\n"
        "Lan: /start v-tk-dong\n"
        "Bot → Lan: Xin chào!\n"
        "    Hello! [Tiếng Việt] [English]\n"
        "Lan presses: Tiếng Việt\n"
        "Lan: (photo) giay.jpg\n"
        "Bot → Trường: …\n"
        "Bot → Trường: Câu 2\n"
        "    (photo)\n"
        "— 1 day later —\n"
        "Bot → Lan: Xin chọn:\n"
        "    [1. Hằng ngày] [2. Ít khi]\n"
        "    [← Quay lại]\n"
        "Bot → Lan: https://hoctap.example/chat#i-⟨1⟩\n"
    )
    shown = [(one.phone, one.own, one.lines, one.buttons) for one in bubbles(talk)]
    assert [
        (phone, own, [str(getattr(line, "msgid", line)) for line in lines], b) for phone, own, lines, b in shown
    ] == [
        ("Lan", True, ["Start"], ()),
        ("Lan", False, ["Xin chào!", "Hello!"], ("Tiếng Việt", "English")),
        ("Lan", True, ["Tiếng Việt"], ()),
        ("Lan", True, ["📷 giay.jpg"], ()),
        ("Trường", False, ["Câu 2", "📷"], ()),
        ("Lan", False, ["Xin chọn:"], ("1. Hằng ngày", "2. Ít khi", "← Quay lại")),
        ("Lan", False, ["https://hoctap.example/chat#i-…"], ()),
    ]


def test_each_phone_is_named_and_who_listens_hears_who_speaks() -> None:
    page = talk_html("Lan: co\nBot → Lan: Vâng. [Xong]\nBot → Trường: Có phiếu.\n", VIETNAMESE)
    assert re.findall("<figcaption>(.*?)</figcaption>", page) == ["Máy của Lan", "Máy của Trường"]
    assert re.findall('<b class="speaker">(.*?)</b>', page) == ["Lan gõ:", *["Hội Khuyến học xã, phường"] * 2]
    assert "<li>Xong</li>" in page
    assert "Lan types:" in talk_html("Lan: yes\n", ENGLISH)


def test_what_people_type_is_never_markup() -> None:
    page = talk_html("Lan: <script>alert(1)</script>\nBot → Lan: 1 < 2 [<b>]\n", VIETNAMESE)
    assert "<script" not in page
    assert "<b>" not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_message_of_a_talk_is_on_the_page_but_those_left_out(name: str, language: str) -> None:
    scenes = [scene for talk in talks(source(name, language).read_text("utf-8")) for scene in read_chat(talk)]
    done = [scene for scene in scenes if isinstance(scene.act, Done)]
    told = [line for scene in scenes for line in scene.rest if isinstance(line, Told) and line.lines != (ANYTHING,)]
    assert read(name, CATALOGUES[language]).body.count('<div class="message') == len(done) + len(told)
