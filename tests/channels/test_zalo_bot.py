"""Zalo's Bot Platform: what events become, what is sent, and what failures mean."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.zalo_bot.client import Refused, Unclear, Unreachable
from bot.channels.zalo_bot.outcomes import outcome_of
from bot.channels.zalo_bot.parse import CHANNEL, parse
from bot.channels.zalo_bot.service import LONGEST_TEXT, ZaloBot, texts_of
from bot.services.channel import Host
from bot.services.file_links import FileLinks, file_told
from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.services.sending import BlockedByPerson, Later, Rejected, Sent
from bot.settings import Settings
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Attachment, InlineFile, Outgoing, StoredFile
from flows.conversation.replies import Reply, SentFile, Typed, Unreadable
from tests.sample import CATALOGUES, NOW, ZONE
from tests.zalo_bot import TOKEN, ZaloBotServer

BOT = "4242"
WHO = {"id": "6ede9afa66b88fe6d6a9", "display_name": "Ted", "is_bot": False}
CHAT = {"id": "6ede9afa66b88fe6d6a9", "chat_type": "PRIVATE"}
ID = "2d758cb5e222177a4e35"
PHOTO = "https://photo.zdn.vn/abc.jpg"


def event(name: str = "message.text.received", who: object = WHO, **said: Any) -> dict[str, Any]:
    message = {"from": who, "chat": CHAT, "message_id": ID, "date": 1750316131602} | said
    return {"event_name": name, "message": message}


EVENTS: list[tuple[dict[str, Any], Reply | None]] = [
    (event(text="Xin chào"), Typed("Xin chào")),
    ({"ok": True, "result": event(text="Xin chào")}, Typed("Xin chào")),
    (event(text=""), Typed("")),
    (event("message.image.received", photo_url=PHOTO), SentFile("photo", "photo.jpg", PHOTO)),
    (event("message.image.received", photo=PHOTO, caption="giấy"), SentFile("photo", "photo.jpg", PHOTO, "giấy")),
    (event("message.image.received"), Unreadable("unknown")),
    (event("message.sticker.received", sticker="x"), Unreadable("sticker")),
    (event("message.voice.received", voice_url="x"), Unreadable("voice")),
    (event("message.unsupported.received"), Unreadable("unknown")),
    (event("message.dance.received"), Unreadable("unknown")),
    (event(text="hi", chat=CHAT | {"chat_type": "GROUP"}), None),
    (event(text="hi", who=WHO | {"is_bot": True}), None),
    (event(text=5), None),
    (event(text="hi", message_id="\0"), None),
    (event(text="hi", chat=CHAT | {"id": "\0"}), None),
    (event(message_id=None), None),
    ({"event_name": "message.text.received"}, None),
    ({"ok": True, "result": None}, None),
    ({}, None),
]


@pytest.mark.parametrize(("raw", "reply"), EVENTS)
def test_an_event_becomes_what_the_person_did(raw: dict[str, Any], reply: Reply | None) -> None:
    assert parse(raw, BOT) == (Incoming(CHANNEL, BOT, str(CHAT["id"]), ID, reply) if reply is not None else None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=500)
@given(st.sampled_from([raw for raw, _reply in EVENTS]), st.data())
def test_nothing_that_is_broken_raises(raw: dict[str, Any], data: st.DataObject) -> None:
    broken = json.loads(json.dumps(raw))
    place = broken
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    incoming = parse(broken, BOT)
    assert incoming is None or incoming.channel == CHANNEL


@given(st.text(st.sampled_from("aếế . \n"), max_size=9000))
@settings(max_examples=50)
def test_no_text_is_over_the_limit_and_nothing_of_it_is_lost(text: str) -> None:
    parts = list(texts_of(text, ()))
    assert all(part.strip() and len(part) <= LONGEST_TEXT for part in parts)
    assert len("".join("".join(parts).split())) <= len("".join(text.split()))


def test_of_a_file_is_said_what_it_is_and_a_text_is_read_at_once() -> None:
    files: tuple[Attachment, ...] = (StoredFile("ab" * 32, "photo", "lop.jpg"), InlineFile("hoctap.txt", "Mọi thứ"))
    assert list(texts_of("Đây:", [*map(file_told, files)])) == ["📷 lop.jpg", "📄 hoctap.txt\nMọi thứ", "Đây:"]


@pytest.mark.parametrize(
    ("error", "outcome", "holds"),
    [
        (Unreachable("no"), Later, True), (Unclear("cut off"), Later, False), (Refused(401, ""), Later, True),
        (Refused(429, ""), Later, True), (Refused(403, ""), BlockedByPerson, None), (Refused(400, ""), Rejected, None),
        (Refused(500, ""), Later, False), (Refused(12345, ""), Later, False),
    ],
)  # fmt: skip
def test_a_failure_means_what_its_number_says(
    error: Refused | Unreachable | Unclear, outcome: type[object], holds: bool | None
) -> None:
    found = outcome_of(error)
    assert isinstance(found, outcome)
    assert getattr(found, "whole_bot", None) is holds
    assert getattr(found, "uncertain", False) is isinstance(error, Unclear)


# --- trouble ---


async def test_what_fails_is_named_until_that_very_thing_works_again(tmp_path: Path, database: Database) -> None:
    async with ZaloBotServer(quota=0) as zalo:
        person = zalo.person()
        runtime = Runtime(database, CATALOGUES, lambda: NOW, ZONE)
        host = Host(
            Settings(zalo_bot_api_url=zalo.url), runtime,
            FileStore(tmp_path), nobody_receives, {}, FileLinks(runtime, FileStore(tmp_path), None),
        )  # fmt: skip
        bot = ZaloBot(host, TOKEN)
        assert isinstance(await bot.send(person.id, Outgoing("Xin chào"), None), Later)
        assert "429" in str(bot.trouble)
        await poll_twice(bot, zalo)
        assert "429" in str(bot.trouble), "events still come, but nothing goes out"
        zalo.quota = 1
        assert isinstance(await bot.send(person.id, Outgoing("Xin chào"), None), Sent)
        assert bot.trouble is None
        zalo.refuses = 401
        polling = asyncio.create_task(bot.poll())
        await until(lambda: "401" in str(bot.trouble))
        zalo.quota = 1
        assert isinstance(await bot.send(person.id, Outgoing("Xin chào"), None), Sent)
        assert "401" in str(bot.trouble), "what goes out says nothing of what comes in"
        zalo.refuses = 0
        await until(lambda: bot.trouble is None)
        polling.cancel()
        await asyncio.wait([polling])
        await bot.stop()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.001)


async def nobody_receives(incoming: object) -> None:
    """Take what arrives, and do nothing."""


async def poll_twice(bot: ZaloBot, zalo: ZaloBotServer) -> None:
    """Let the bot ask for events until it has asked again after an answer."""
    polling, before = asyncio.create_task(bot.poll()), zalo.polls
    await until(lambda: zalo.polls >= before + 2)
    polling.cancel()
    await asyncio.wait([polling])
