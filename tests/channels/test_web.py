"""The web chat over HTTP: what its page asks for, and what no page of ours would."""

import asyncio
import hashlib
import html
import io
import json
import os
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import TextClause, select, update
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Message as HttpMessage
from starlette.types import Scope
from structlog.testing import capture_logs

from bot.application import Application
from bot.channels.web import routes
from bot.channels.web.limits import (
    EVERYBODY,
    LIMITS,
    MOST_REMEMBERED,
    OF_A_CONVERSATION,
    Door,
    Rate,
    RateLimiter,
    TooMany,
    network_of,
)
from bot.channels.web.messages import BOT, CHANNEL, FILES_LAST, MOST_TOGETHER, Said, Signer, address_of, parse
from bot.channels.web.routes import MOST_WAITING, UPLOADS_A_DAY, UPLOADS_A_DAY_FROM_ONE_ADDRESS, UPLOADS_A_DAY_IN_ALL
from bot.channels.web.upload_quota import UploadQuota
from bot.channels.web.words import IN_PAGES, IN_SCRIPTS, Words
from bot.services.files import MOST_BYTES, FileStore
from bot.services.turns import SORRY
from bot.settings import SecretStr, Settings
from bot.store.core import outbox
from bot.store.core.inbox import Known, conversation_ids
from bot.store.core.outbox import MOST_READ, NOTICE, Letter, Recipient
from bot.store.core.tables import conversations, notices
from bot.store.core.tables import inbox as updates
from bot.store.core.tables import outbox as letters
from flows.conversation.messages import ChannelFile, InlineFile, Message, Outgoing, OutgoingButton, StoredFile, rendered
from flows.conversation.replies import SentFile
from flows.words.marks import Mark
from tests.databases import Databases
from tests.khmer import catalogues as load_with_khmer

Json = dict[str, Any]

STATIC = Path(routes.__file__).parent / "static"

KEY = "a key of the tests"


def signed(secret: str) -> str:
    """Return a token as the server gives it out."""
    return f"{secret}.{Signer(KEY.encode()).sign('token', secret)}"


TOKEN = signed("a-token-of-the-tests")
OTHER = signed("another-token-of-theirs")
UNSIGNED = "a-token-of-an-earlier-version"
ID = "00000000-0000-4000-8000-000000000001"

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"a picture" + bytes.fromhex("ffd9")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(200)
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, f"content of {name} ".encode() * 20)
    return written.getvalue()


DOCX = zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml")


@dataclass(frozen=True, slots=True)
class Web:
    """A running application and a client of it that forgives nothing: an error in the server fails the test."""

    application: Application
    client: httpx.AsyncClient
    evidence: Path

    async def say(self, token: str = TOKEN, text: str = "/start", **more: Any) -> httpx.Response:
        said = {"token": token, "id": str(uuid4()), "kind": "typed", "text": text, **more}
        return await self.client.post("/web/say", json=said)

    async def poll(self, *phones: tuple[str, int | Sequence[int]], wait: float = 10) -> list[list[Json]]:
        """Return what is new for each phone, which says what it has shown: one message, several, or 0 for none."""
        shown = [(token, [seen] if isinstance(seen, int) else list(seen)) for token, seen in phones]
        asked = [{"token": token, "seen": [id_ for id_ in seen if id_]} for token, seen in shown]
        answer = await self.client.post("/web/poll", json={"phones": asked, "wait": wait})
        assert answer.status_code == 200
        found = answer.json()["phones"]
        assert [one["token"] for one in found] == [token for token, _seen in phones]
        return [one["messages"] for one in found]

    async def hear(self, token: str = TOKEN, seen: int | Sequence[int] = 0) -> list[Json]:
        (messages,) = await self.poll((token, seen))
        return messages

    async def agree(self, *tokens: str) -> None:
        """Let people have agreed, without a talk."""
        places = [(CHANNEL, BOT, address_of(token)) for token in tokens]
        async with self.application.database.writing() as connection:
            ids = await conversation_ids(connection, places)
            agreed = update(conversations).where(conversations.c.id.in_(ids.values())).values(consented=True)
            await connection.execute(agreed)

    async def upload(
        self, content: bytes | AsyncIterator[bytes], token: str = TOKEN, media_type: str = "", **more: str
    ) -> httpx.Response:
        headers = {"Content-Type": media_type} if media_type else {}
        headers |= {"Authorization": b"Bearer " + token.encode(), **more}  # type: ignore[dict-item]
        return await self.client.post("/web/files", content=content, headers=headers)

    async def send(self, outgoing: Outgoing, token: str = TOKEN) -> None:
        """Let the bot write to somebody."""
        async with self.application.database.writing() as connection:
            await queue_for(connection, token, outgoing)
        self.application.runtime.letters_queued.ring()


async def queue_for(connection: AsyncConnection, token: str, outgoing: Outgoing) -> None:
    """Write a letter to somebody in a transaction."""
    place = (CHANNEL, BOT, address_of(token))
    ids = await conversation_ids(connection, [place])
    await outbox.queue(connection, [Letter(Recipient(ids[place], *place, "vi"), outgoing)], datetime.now(UTC))


@asynccontextmanager
async def asking(url: str, folder: Path) -> AsyncIterator[Web]:
    """A web server without the loop that works on turns."""
    settings = Settings(database_url=url, secret_key=SecretStr(KEY), evidence_url=f"file:{folder}")
    application = Application(settings)
    transport = httpx.ASGITransport(application.http())
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://hoctap.test", timeout=20) as client:
            yield Web(application, client, folder)
    finally:
        await application.close()


@asynccontextmanager
async def running(url: str, folder: Path) -> AsyncIterator[Web]:
    async with asking(url, folder) as web:
        working = asyncio.create_task(web.application.turns.run())
        try:
            yield web
        finally:
            async with web.application.database.writing():  # not in the middle of a turn
                working.cancel()
            await asyncio.wait([working])


@pytest.fixture
async def url(databases: Databases) -> AsyncIterator[str]:
    async with databases.fresh("sqlite") as address:
        yield address


@pytest.fixture
async def web(url: str, tmp_path: Path) -> AsyncIterator[Web]:
    async with running(url, tmp_path / "evidence") as started:
        yield started


def labels(message: Json) -> list[str]:
    return [button["label"] for row in message["buttons"] for button in row]


# --- Talking ---


async def test_a_browser_opens_a_conversation_and_is_answered(web: Web) -> None:
    opened = await web.client.post("/web/open")
    token = opened.json()["token"]
    assert (await web.say(token)).status_code == 202
    (welcome,) = await web.hear(token)
    assert labels(welcome) == ["Tiếng Việt", "English"]
    assert (welcome["files"], datetime.fromisoformat(welcome["at"]).tzinfo) == ([], UTC)


async def test_every_browser_gets_a_token_of_its_own(web: Web) -> None:
    tokens = {(await web.client.post("/web/open")).json()["token"] for _time in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 32


async def test_a_pressed_button_is_an_answer(web: Web) -> None:
    await web.say()
    (welcome,) = await web.hear()
    payload = welcome["buttons"][0][1]["payload"]
    await web.say(kind="pressed", text="English", payload=payload)
    (privacy,) = await web.hear(seen=welcome["id"])
    assert labels(privacy) == ["I agree", "No, thank you"]


async def test_a_request_that_is_repeated_is_one_turn(web: Web) -> None:
    same = str(uuid4())
    answers = await asyncio.gather(*[web.say(id=same) for _time in range(5)])
    assert [answer.status_code for answer in answers] == [202] * 5
    (welcome,) = await web.hear()
    await web.say(id=same)
    assert await web.poll((TOKEN, welcome["id"]), wait=0.3) == [[]]


async def test_the_same_id_from_somebody_else_is_another_turn(web: Web) -> None:
    await web.say(TOKEN, id=ID)
    await web.say(OTHER, id=ID)
    assert [len(await web.hear(token)) for token in (TOKEN, OTHER)] == [1, 1]


async def test_a_waiting_poll_answers_as_soon_as_there_is_news(web: Web) -> None:
    waiting = asyncio.create_task(web.poll((OTHER, 0), (TOKEN, 0), wait=25))
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    await web.say(TOKEN)
    async with asyncio.timeout(5):
        nothing, news = await waiting
    assert (len(nothing), len(news)) == (0, 1)


async def test_a_server_that_stops_keeps_nobody_waiting(web: Web) -> None:
    waiting = asyncio.create_task(web.poll((TOKEN, 0), wait=25))
    await asyncio.wait([waiting], timeout=0.2)
    web.application.web.stop()
    async with asyncio.timeout(5):
        assert await waiting == [[]]


@pytest.mark.parametrize("wait", [0, -1, -1e300])
async def test_a_poll_that_does_not_wait_is_answered_at_once(web: Web, wait: float) -> None:
    assert await web.poll((TOKEN, 0), wait=wait) == [[]]


async def test_a_page_that_is_gone_is_waited_for_no_longer(web: Web) -> None:
    gone, listened_for = asyncio.Event(), web.application.turns.letters_for.listened_for
    parts: list[HttpMessage] = [{"type": "http.request", "body": json.dumps({"phones": [{"token": TOKEN}]}).encode()}]

    async def receive() -> HttpMessage:
        if parts:
            return parts.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: HttpMessage) -> None:
        pass

    scope: Scope = {
        "type": "http", "method": "POST", "path": "/web/poll", "raw_path": b"/web/poll", "root_path": "",
        "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    polling = asyncio.create_task(web.application.http()(scope, receive, send))
    while not listened_for:
        await asyncio.sleep(0.01)
    gone.set()
    async with asyncio.timeout(10):
        await polling
    assert not listened_for


async def test_nobody_hears_what_is_said_to_somebody_else(web: Web) -> None:
    await web.say(TOKEN)
    (welcome,) = await web.hear(TOKEN)
    assert await web.poll((OTHER, 0), (signed("nobody-has-this"), 0), wait=0) == [[], []]
    assert await web.poll((OTHER, welcome["id"]), wait=0) == [[]]  # settles nothing of hers
    assert await web.hear(TOKEN) == [welcome]


async def test_what_was_seen_is_not_said_again_but_what_was_lost_is(web: Web) -> None:
    await web.say()
    (welcome,) = await web.hear()
    assert await web.hear() == [welcome]
    assert await web.poll((TOKEN, welcome["id"]), wait=0) == [[]]
    assert await web.poll((TOKEN, 0), wait=0) == [[]]


async def test_what_was_not_seen_is_still_there_after_a_restart(url: str, tmp_path: Path) -> None:
    async with running(url, tmp_path) as before:
        await before.say()
        (welcome,) = await before.hear()
    async with running(url, tmp_path) as after:
        assert await after.hear() == [welcome]
        assert await after.poll((TOKEN, welcome["id"]), wait=0) == [[]]


async def test_a_letter_committed_late_with_a_smaller_number_is_shown_too(databases: Databases, tmp_path: Path) -> None:
    """Numbers are given before transactions commit: on PostgreSQL a keeper's letter may come after a turn's."""
    async with databases.fresh("postgresql") as url, running(url, tmp_path) as web:
        await web.send(Outgoing("first"))
        (first,) = await web.hear()
        async with web.application.database.writing() as slow:
            await queue_for(slow, TOKEN, Outgoing("late"))
            await web.send(Outgoing("quick"))
            (quick,) = await web.hear(seen=first["id"])
            assert await web.poll((TOKEN, quick["id"]), wait=0) == [[]]
        (late,) = await web.hear(seen=[first["id"], quick["id"]])
        assert (late["text"], late["id"] < quick["id"]) == ("late", True)
        async with web.application.database.reading() as connection:
            states = dict((await connection.execute(select(letters.c.id, letters.c.state))).all())
        assert states == {first["id"]: "sent", quick["id"]: "sent", late["id"]: "queued"}


async def test_a_page_whose_letters_are_settled_in_another_order_meanwhile_is_answered(
    databases: Databases, tmp_path: Path
) -> None:
    """PostgreSQL ends the one of two transactions that waits first when each holds what the other needs."""
    async with databases.fresh("postgresql") as url, running(url, tmp_path) as web:
        await web.send(Outgoing("1"))
        await web.send(Outgoing("2"))
        one, two = [message["id"] for message in await web.hear()]
        async with web.application.database.writing() as other:
            await other.execute(select(letters).where(letters.c.id == two).with_for_update())
            polling = asyncio.create_task(web.poll((TOKEN, [one, two]), wait=0))
            await _somebody_waits_for_a_lock(web)
            await other.execute(select(letters).where(letters.c.id == one).with_for_update())
        assert await polling == [[]]
        async with web.application.database.reading() as connection:
            assert set(await connection.scalars(select(letters.c.state))) == {"sent"}


async def _somebody_waits_for_a_lock(web: Web) -> None:
    waiting = sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    async with asyncio.timeout(20):
        while not await _is_there(web, waiting):
            await asyncio.sleep(0.005)


async def _is_there(web: Web, query: TextClause) -> bool:
    """Look in a transaction of its own: within one PostgreSQL shows the same activity again and again."""
    async with web.application.database.reading() as connection:
        return await connection.scalar(query) is not None


async def test_a_page_of_an_earlier_version_gets_what_is_newer_and_settles_nothing(web: Web) -> None:
    await web.send(Outgoing("1"))
    await web.send(Outgoing("2"))
    one, two = await web.hear()
    asked = {"phones": [{"token": TOKEN, "after": one["id"]}], "wait": 0}
    (page,) = (await web.client.post("/web/poll", json=asked)).json()["phones"]
    assert page["messages"] == [two]
    assert await web.hear() == [one, two]


async def test_who_was_away_for_long_gets_everything_piece_by_piece(web: Web) -> None:
    for number in range(MOST_READ + 3):
        await web.send(Outgoing(str(number)))
    first = await web.hear()
    rest = await web.hear(seen=[message["id"] for message in first])
    assert [message["text"] for message in first + rest] == [str(number) for number in range(MOST_READ + 3)]
    assert len(rest) == 3


async def test_ids_of_others_and_of_nobody_cost_no_transaction_that_writes(web: Web) -> None:
    await web.send(Outgoing("Xin chào"))
    (message,) = await web.hear()
    async with web.application.database.writing():  # SQLite has one writer: who wanted to write would wait for this
        async with asyncio.timeout(5):
            assert await web.poll((OTHER, [message["id"], 7, 2**62]), wait=0) == [[]]
    assert await web.hear() == [message]


async def test_a_letter_wakes_only_the_page_it_is_for(web: Web) -> None:
    with web.application.turns.letters_for.listening([(CHANNEL, BOT, address_of(OTHER))]) as rung:
        await web.say(TOKEN)
        await web.hear(TOKEN)
        assert not rung.is_set()
        await web.say(OTHER)
        async with asyncio.timeout(5):
            await rung.wait()
    assert not web.application.turns.letters_for.listened_for


async def test_pages_that_wait_are_looked_for_together(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters of a keeper or of another instance ring no page's own bell."""
    looks: list[int] = []
    look = outbox.waiting_at

    def counted(connection: AsyncConnection, channel: str, bot: str, addresses: list[str]) -> AsyncIterator[str]:
        looks.append(len(addresses))
        return look(connection, channel, bot, addresses)

    monkeypatch.setattr(outbox, "waiting_at", counted)
    tokens = [signed(f"{number:04}-a-token") for number in range(40)]
    waiting = [asyncio.create_task(web.poll((token, 0), wait=25)) for token in tokens]
    while not looks or looks[-1] < len(tokens):
        await asyncio.sleep(0.01)
    await web.send(Outgoing("Xin chào"), tokens[7])
    async with asyncio.timeout(5):
        (heard,) = await waiting[7]
    assert [message["text"] for message in heard] == ["Xin chào"]
    assert sum(task.done() for task in waiting) == 1
    web.application.web.stop()
    await asyncio.gather(*waiting)


async def test_a_page_that_claims_to_have_seen_messages_of_the_future_settles_nothing(web: Web) -> None:
    await web.say()
    (welcome,) = await web.hear(seen=[10**30, -(10**30), 2**63 - 1])
    assert await web.hear() == [welcome]


@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "\u202egnùr", "\x1b[31m", "🧑‍🌾" * 2000, "x" * 20_000, "", "<script>alert(1)</script>"]
)
async def test_strange_text_is_answered_kindly(web: Web, text: str) -> None:
    assert (await web.say(text=text)).status_code == 202
    (answer,) = await web.hear()
    assert answer["text"] not in {"", rendered(Message(SORRY), web.application.catalogues["vi"]).text}


async def test_strong_words_links_and_topics_reach_the_page_as_they_are(web: Web) -> None:
    link = OutgoingButton("Lịch", "", lasting=True, url="https://hoctap.example/lich?a=1&b=2")
    marks = (Mark("strong", 2, 8), Mark("slanted", 11, 6))
    await web.send(Outgoing("🎉 Kính mời bà con", ((link,),), marks=marks, topic="notice-1"))
    (message,) = await web.hear()
    assert (message["marks"], message["topic"]) == ([["strong", 2, 8], ["slanted", 11, 6]], "notice-1")
    assert message["buttons"] == [[{"label": "Lịch", "payload": "", "lasting": True, "url": link.url}]]


async def test_what_is_said_plainly_has_no_marks_topic_or_address(web: Web) -> None:
    await web.send(Outgoing("Xin chào", ((OutgoingButton("Có", "yes"),),)))
    (message,) = await web.hear()
    assert (message["marks"], message["topic"]) == ([], "")
    assert message["buttons"] == [[{"label": "Có", "payload": "yes", "lasting": False, "url": ""}]]


async def test_the_answer_to_an_erasure_tells_the_page_to_forget(web: Web) -> None:
    await web.say()
    seen = [message["id"] for message in await web.hear()]
    for text in ("tiếng việt", "đồng ý", "/privacy", "xóa dữ liệu", "xóa hết"):
        await web.say(text=text)
        said = await web.hear(seen=seen)
        seen = [message["id"] for message in said]
        assert [message["forget"] for message in said] == [text == "xóa hết"] + [False] * (len(said) - 1)


# --- What no page of ours sends ---

SAID = {"token": TOKEN, "id": ID, "kind": "typed", "text": "/start"}
PHONE = {"token": TOKEN, "seen": []}
NOT_USABLE: dict[str, tuple[str, bytes | Json]] = {
    "nothing": ("/web/say", b""),
    "no JSON": ("/web/say", b"token=1"),
    "half a JSON": ("/web/say", b'{"token": "'),
    "a list": ("/web/say", b"[]"),
    "null": ("/web/poll", b"null"),
    "very deep": ("/web/poll", b"[" * 100_000),
    "deep in a field of its own": ("/web/say", b'{"x":' * 20_000 + b"1" + b"}" * 20_000),
    "not UTF-8": ("/web/say", json.dumps(SAID).encode().replace(b"/start", b"\xff\xfe")),
    "half a surrogate pair": ("/web/say", json.dumps(SAID).encode().replace(b"/start", b"x\\ud800y")),
    "an encoded surrogate": ("/web/say", json.dumps(SAID).encode().replace(b"/start", b"\xed\xa0\x80")),
    "a surrogate as token": ("/web/poll", {"phones": [{"token": "\ud800" * 20}]}),
    "no token": ("/web/say", {"id": ID, "kind": "typed"}),
    "no id": ("/web/say", {"token": TOKEN, "kind": "typed"}),
    "an id that is none": ("/web/say", {**SAID, "id": "1"}),
    "a kind that is no word": ("/web/say", {**SAID, "kind": 7}),
    "a number as text": ("/web/say", {**SAID, "text": 1}),
    "a list as token": ("/web/say", {**SAID, "token": [TOKEN]}),
    "a short token": ("/web/say", {**SAID, "token": "short"}),
    "an empty token": ("/web/poll", {"phones": [{"token": ""}]}),
    "a long token": ("/web/poll", {"phones": [{"token": "x" * 129}]}),
    "a token that is not ASCII": ("/web/poll", {"phones": [{"token": "đ" * 20}]}),
    "text too long": ("/web/say", {**SAID, "text": "x" * 20_001}),
    "payload too long": ("/web/say", {**SAID, "kind": "pressed", "payload": "x" * 129}),
    "name too long": ("/web/say", {**SAID, "name": "x" * 20_001}),
    "a huge body": ("/web/say", {**SAID, "more": "x" * 200_000}),
    "too many phones": ("/web/poll", {"phones": [PHONE] * 13}),
    "too many messages seen": ("/web/poll", {"phones": [{"token": TOKEN, "seen": [1] * 501}]}),
    "no phones": ("/web/poll", {}),
    "half a message": ("/web/poll", {"phones": [{**PHONE, "seen": [1.5]}]}),
    "waiting for a word": ("/web/poll", {"phones": [PHONE], "wait": "long"}),
    "a file that is none": ("/web/say", {**SAID, "kind": "file", "file": "photo"}),
    "a file without signature": ("/web/say", {**SAID, "kind": "file", "file": f"photo.{'0' * 64}."}),
    "words together with a file": ("/web/say", {**SAID, "also": [{"id": ID, "file": f"photo.{'0' * 64}.{'0' * 32}"}]}),
    "a forged file beside another": ("/web/say", {**SAID, "kind": "file", "also": [{"id": ID, "file": "photo"}]}),
    "a file of no kind": ("/web/say", {**SAID, "kind": "file", "file": f"video.{'0' * 64}.{'0' * 32}"}),
    "a file with a strange signature": ("/web/say", {**SAID, "kind": "file", "file": f"photo.{'0' * 64}.đ"}),
}


@pytest.mark.parametrize(("path", "body"), NOT_USABLE.values(), ids=NOT_USABLE)
async def test_a_request_that_no_page_sends_is_refused_and_starts_no_turn(
    web: Web, path: str, body: bytes | Json
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await web.client.post(path, content=content)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "Không gửi được nội dung này."},
    )
    assert await web.poll((TOKEN, 0), wait=0.1) == [[]]


async def test_what_json_is_called_does_not_matter_and_unknown_fields_are_passed_over(web: Web) -> None:
    body = json.dumps({**SAID, "new": {"of": "a later page"}}).encode()
    answer = await web.client.post("/web/say", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 202


def counted_as_unknown() -> float:
    return REGISTRY.get_sample_value("hoctap_unknown_updates_total", {"channel": CHANNEL}) or 0.0


def passed_over() -> float:
    return REGISTRY.get_sample_value("hoctap_letters_passed_over_total", {"channel": CHANNEL}) or 0.0


async def test_a_letter_that_only_another_version_can_read_is_passed_over_and_told_once(web: Web) -> None:
    await web.send(Outgoing("one"))
    async with web.application.database.writing() as connection:
        await connection.execute(update(letters).values(body=b'{"text": 1}'))
    await web.send(Outgoing("two"))
    before = passed_over()
    with capture_logs() as logs:
        for _look in range(2):
            assert [message["text"] for message in await web.hear()] == ["two"]
    assert [entry["event"] for entry in logs] == ["letter_passed_over"]
    assert passed_over() == before + 1
    async with web.application.database.reading() as connection:  # it waits for who can read it
        assert list(await connection.scalars(select(letters.c.state))) == ["queued", "queued"]


async def test_a_notice_that_only_another_version_can_read_keeps_nothing_else_from_a_page(web: Web) -> None:
    await web.send(Outgoing("one"))
    now = datetime.now(UTC)
    common = {"channel": CHANNEL, "bot": BOT, "address": address_of(TOKEN), "conversation_id": 1, "created_at": now}
    async with web.application.database.writing() as connection:
        notice = {"id": 1, "content": b'{"vi": 1}', "audience": b"{}", "state": "sending", "started_at": now}
        await connection.execute(notices.insert().values(notice | {"conversation_id": 1, "created_at": now}))
        waiting = {"state": "waiting", "priority": NOTICE, "notice_id": 1}
        await connection.execute(letters.insert().values(common | waiting))
    with capture_logs() as logs:
        for _look in range(2):  # a page looks every second: what cannot be read is not read again, nor told again
            assert [message["text"] for message in await web.hear()] == ["one"]
    assert [entry["event"] for entry in logs] == ["notice_unreadable", "letter_passed_over"]
    async with web.application.database.writing() as connection:
        mended = {"content": msgspec.json.encode({"vi": "Mời họp."}), "version": notices.c.version + 1}
        await connection.execute(update(notices).values(mended))
    assert [message["text"] for message in await web.hear()] == ["one", "Mời họp."]


async def test_what_only_a_later_page_sends_gets_a_kind_word(web: Web) -> None:
    await web.say(text="/start")
    asked = await web.hear()
    before = counted_as_unknown()
    answer = await web.say(kind="drawn")
    assert counted_as_unknown() == before + 1
    assert answer.status_code == 202
    (said,) = await web.hear(seen=asked[-1]["id"])
    assert "chỉ đọc được chữ" in said["text"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/web/say", 405),
        ("DELETE", "/web/poll", 405),
        ("GET", "/web/files", 405),
        ("POST", "/chat", 405),
        ("GET", "/static/../routes.py", 404),
        ("GET", "/static/%2e%2e/routes.py", 404),
        ("GET", "/static/..%2froutes.py", 404),
        ("GET", "/static/%2fetc%2fpasswd", 404),
        ("GET", "/static//etc/passwd", 404),
        ("GET", "/static/", 404),
        ("GET", "/static/phone.css%00", 404),
        ("GET", "/web/files/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/web/files/%2e%2e", 404),
        ("GET", "/web/files/" + "0" * 64, 404),
        ("GET", "/web/files/" + "x" * 10_000, 404),
        ("GET", "/web/nothing", 404),
    ],
)
async def test_other_addresses_lead_nowhere(web: Web, method: str, path: str, status: int) -> None:
    assert (await web.client.request(method, path)).status_code == status


async def test_a_request_that_breaks_off_is_no_error_of_ours(web: Web) -> None:
    """A phone that loses its connection while it uploads must not fill the log with tracebacks."""
    await web.agree(TOKEN, OTHER)
    scope: Scope = {
        "type": "http", "method": "POST", "path": "/web/files", "raw_path": b"/web/files", "root_path": "",
        "query_string": b"", "headers": [(b"authorization", f"Bearer {TOKEN}".encode())],
        "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    parts: list[HttpMessage] = [
        {"type": "http.request", "body": JPEG[:10], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[HttpMessage] = []

    async def receive() -> HttpMessage:
        return parts.pop(0)

    async def send(message: HttpMessage) -> None:
        sent.append(message)

    await web.application.http()(scope, receive, send)
    assert sent[0]["status"] == 400
    assert kept_in(web.evidence) == []


# --- Limits ---


class Clock:
    """A time that moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(act: Callable[[], None], times: int) -> int:
    """Do something so often and count how often it was one too many."""
    count = 0
    for _time in range(times):
        try:
            act()
        except TooMany:
            count += 1
    return count


def test_a_limit_lets_through_a_burst_and_then_its_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(Rate(a_second=2, at_once=10), clock)
    assert refused(lambda: limiter.take("a"), 15) == 5
    assert refused(lambda: limiter.take("b"), 10) == 0
    with pytest.raises(TooMany) as found:
        limiter.take("a")
    assert found.value.seconds == pytest.approx(0.5)
    clock.now += 0.5
    assert refused(lambda: limiter.take("a"), 3) == 2
    clock.now += 3600
    assert refused(lambda: limiter.take("a"), 15) == 5  # what was not used for an hour has not added up


def test_a_limit_remembers_only_so_many() -> None:
    clock = Clock()
    limiter = RateLimiter(Rate(a_second=1, at_once=1), clock)
    for number in range(MOST_REMEMBERED + 10):
        clock.now += 0.001  # most have been quiet for long
        limiter.take(str(number))
    assert len(limiter._full_at) < MOST_REMEMBERED


def test_who_is_refused_at_one_address_uses_up_nothing_of_the_others() -> None:
    door = Door(Clock())
    flood = 10 * LIMITS["say"].in_all.at_once
    assert refused(lambda: door.enter("say", "203.0.113.7"), flood) == flood - LIMITS["say"].of_one.at_once
    assert refused(lambda: door.enter("say", "198.51.100.9"), LIMITS["say"].of_one.at_once) == 0


def test_all_addresses_together_have_a_limit() -> None:
    door, limit = Door(Clock()), LIMITS["begin"].in_all
    hosts = iter(f"10.0.{number // 256}.{number % 256}" for number in range(limit.at_once + 10))
    assert refused(lambda: door.enter("begin", next(hosts)), limit.at_once + 10) == 10


def test_a_village_behind_one_address_is_never_refused() -> None:
    """300 phones of a meeting scan one code within a minute, answer every eight seconds and send ten photos each."""
    clock, phones = Clock(), 300
    door = Door(clock)
    for second in range(1200):
        clock.now += 1
        if second < 60:
            for _scan in range(phones // 60):
                door.enter("open", "100.64.0.1")
                door.enter("begin", "100.64.0.1")
        for _said in range(phones // 8):
            door.enter("say", "100.64.0.1")
            door.enter("poll", "100.64.0.1")
            door.enter("poll", "100.64.0.1")
        if second % 120 == 0:
            for _photo in range(phones // 2):
                door.enter("upload", "100.64.0.1")


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_is_what_one_subscriber_has(host: str, network: str) -> None:
    assert network_of(host) == network


async def test_who_says_too_much_is_asked_to_wait_kindly(web: Web) -> None:
    answers = [await web.say(text=str(number)) for number in range(OF_A_CONVERSATION.at_once + 5)]
    late = [answer for answer in answers if answer.status_code != 202]
    assert len(late) >= 3
    assert {answer.status_code for answer in late} == {429}
    assert int(late[0].headers["retry-after"]) >= 1
    assert late[0].json() == {"error": "Đang có nhiều người nhắn cùng lúc. Tin sẽ tự gửi đi sau giây lát."}
    assert (await web.say(OTHER)).status_code == 202


async def test_a_conversation_has_only_so_many_updates_waiting(url: str, tmp_path: Path) -> None:
    """Nobody works on turns here, so all that is said waits."""
    async with asking(url, tmp_path) as web:
        web.application.web._door = Door(Clock())
        sent = 0
        while (answer := await web.say(text="x")).status_code == 202:
            sent += 1
            web.application.web._door = Door(Clock())
        assert (answer.status_code, sent) == (429, MOST_WAITING)
        assert (await web.say(OTHER)).status_code == 202
        async with web.application.database.reading() as connection:
            assert len(list(await connection.scalars(select(updates.c.id)))) == MOST_WAITING + 1


async def test_one_address_begins_only_so_many_conversations(web: Web) -> None:
    web.application.web._door = Door(Clock())
    most = LIMITS["begin"].of_one.at_once
    statuses = [(await web.say(signed(f"{number:016}"))).status_code for number in range(most + 20)]
    assert statuses[:most] == [202] * most
    assert statuses[most:] == [429] * 20
    assert (await web.say(signed(f"{0:016}"))).status_code == 202  # who is known goes on


@pytest.mark.parametrize("token", [UNSIGNED, TOKEN[:-1] + "x", f"{OTHER.partition('.')[0]}.{TOKEN.partition('.')[2]}"])
async def test_a_made_up_token_leads_nowhere_and_keeps_nothing(web: Web, token: str) -> None:
    answers = [
        await web.say(token),
        await web.client.post("/web/poll", json={"phones": [{"token": token}]}),
        await web.upload(JPEG, token),
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert {answer.json()["error"] for answer in answers} == {"Cuộc trò chuyện này không còn nữa."}
    async with web.application.database.reading() as connection:
        assert list(await connection.scalars(select(conversations.c.id))) == []


async def test_made_up_tokens_are_looked_up_only_so_often(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    web.application.web._door = Door(Clock())
    looked_up: list[str] = []
    look_up = web.application.web._look_up

    async def counting(address: str) -> Known | None:
        looked_up.append(address)
        return await look_up(address)

    monkeypatch.setattr(web.application.web, "_look_up", counting)
    most = LIMITS["unsigned"].of_one.at_once
    statuses = [(await web.say(f"a-made-up-token-{number:06}")).status_code for number in range(most + 20)]
    assert statuses == [401] * most + [429] * 20
    assert len(looked_up) == most


async def test_who_is_refused_costs_no_thread(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread for each refusal costs ten times what the refusal does, and a flood has nothing but refusals."""
    monkeypatch.setattr("starlette._exception_handler.run_in_threadpool", None)
    web.application.web._door = full = Door(Clock())
    answers = [await web.say(UNSIGNED), await web.client.post("/web/say", content=b"nothing")]
    for _time in range(LIMITS["say"].of_one.at_once - 2):
        full.enter("say", "127.0.0.1")
    answers.append(await web.say())
    assert [answer.status_code for answer in answers] == [401, 400, 429]


async def test_a_token_of_an_earlier_version_goes_on_and_is_looked_up_once(web: Web) -> None:
    web.application.web._door = Door(Clock())
    await web.agree(UNSIGNED)
    statuses = [(await web.say(UNSIGNED)).status_code for _time in range(OF_A_CONVERSATION.at_once)]
    assert statuses == [202] * OF_A_CONVERSATION.at_once
    assert web.application.web._admitted == {address_of(UNSIGNED)}


@pytest.mark.parametrize("path", ["/web/open", "/web/say", "/web/poll", "/web/files"])
async def test_every_door_has_a_limit(web: Web, path: str) -> None:
    web.application.web._door = full = Door(Clock())
    for act, limit in LIMITS.items():
        for _time in range(limit.of_one.at_once):
            full.enter(act, "127.0.0.1")
    answer = await web.client.post(path, headers={"Authorization": f"Bearer {TOKEN}", "Accept-Language": "en"})
    assert answer.status_code == 429
    assert "Many people" in answer.json()["error"]


# --- Files ---

ACCEPTED = {
    "jpg": (JPEG, "photo"),
    "png": (PNG, "photo"),
    "pdf": (PDF, "document"),
    "docx": (DOCX, "document"),
}


@pytest.mark.parametrize(("content", "kind"), ACCEPTED.values(), ids=ACCEPTED)
async def test_photos_and_documents_are_kept_under_their_hash(web: Web, content: bytes, kind: str) -> None:
    await web.agree(TOKEN, OTHER)
    answer = await web.upload(content, media_type="text/html")  # what the browser believes does not matter
    assert (answer.status_code, answer.json()["kind"]) == (200, kind)
    digest = hashlib.sha256(content).hexdigest()
    assert [path.relative_to(web.evidence) for path in web.evidence.rglob("*") if path.is_file()] == [
        Path(digest[:2], digest)
    ]
    assert answer.json()["file"].startswith(f"{kind}.{digest}.")


async def test_the_same_file_twice_is_kept_once(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    names = [(await web.upload(JPEG, token)).json()["file"] for token in (TOKEN, TOKEN, OTHER)]
    assert names[0] == names[1] != names[2]
    assert sum(path.is_file() for path in web.evidence.rglob("*")) == 1


ONLY = "Chỉ nhận ảnh, PDF hoặc Word."
REFUSED = {
    "html": (b"<!doctype html><script>alert(1)</script>", ONLY),
    "exe": (b"MZ" + bytes(500), ONLY),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', ONLY),
    "zip": (zipped("a.txt", "b.exe"), ONLY),
    "text": ("Tôi đã học xong".encode(), ONLY),
    "shell": (b"#!/bin/sh\nrm -rf /\n", ONLY),
    "gif": (b"GIF89a" + bytes(500), ONLY),
    "mp4": (bytes.fromhex("0000001866747970") + b"mp42" + bytes(500), ONLY),
    "one byte": (b"\xff", ONLY),
    "empty": (b"", "Tài liệu này trống."),
    "too large": (JPEG + bytes(MOST_BYTES), "Ảnh hoặc tài liệu quá lớn, tối đa 10 MB."),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
async def test_other_files_are_refused_with_a_sentence_to_show(web: Web, content: bytes, sentence: str) -> None:
    await web.agree(TOKEN, OTHER)
    answer = await web.upload(content, media_type="image/jpeg")
    assert (answer.status_code, answer.json()) == (415, {"error": sentence})
    assert kept_in(web.evidence) == []


async def test_a_file_as_large_as_allowed_is_kept(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    assert (await web.upload(JPEG + bytes(MOST_BYTES - len(JPEG)))).status_code == 200


@pytest.mark.parametrize("token", ["", "short", "đ" * 20, "x" * 129])
async def test_an_upload_without_a_token_is_refused(web: Web, token: str) -> None:
    assert (await web.upload(JPEG, token)).status_code == 400
    assert not web.evidence.exists()


async def test_a_token_in_the_address_is_none(web: Web) -> None:
    """Addresses stand in the logs of proxies; a token never ends and may be an administrator's."""
    await web.agree(TOKEN)
    assert (await web.client.post("/web/files", params={"token": TOKEN}, content=JPEG)).status_code == 400
    assert not web.evidence.exists()


async def test_who_has_not_agreed_uploads_nothing(web: Web) -> None:
    for _time in range(2):
        answer = await web.upload(JPEG)
        assert answer.status_code == 415
        assert "đồng ý" in answer.json()["error"]
        await web.say()  # now it is known, but has not agreed
        await web.hear()
    assert not web.evidence.exists()
    await web.agree(TOKEN)
    assert (await web.upload(JPEG)).status_code == 200


async def test_whether_a_file_may_come_is_asked_before_its_body(web: Web) -> None:
    """Neither one that is too large nor one above the day's budget is read at all."""

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    await web.agree(TOKEN)
    too_large = await web.upload(never(), **{"Content-Length": str(MOST_BYTES + 1)})
    assert "10 MB" in too_large.json()["error"]
    limits = (UPLOADS_A_DAY, UPLOADS_A_DAY_FROM_ONE_ADDRESS, UPLOADS_A_DAY_IN_ALL)
    keys = (address_of(TOKEN), "127.0.0.1", EVERYBODY)
    for used, key, most in zip(web.application.web._budgets, keys, limits, strict=True):
        assert used.allows(key, most, datetime.now(UTC).date())
        over = await web.upload(never(), **{"Content-Length": "10"})
        assert "xin để mai" in over.json()["error"]
        used.give_back(key, most)
    assert (await web.upload(JPEG)).status_code == 200


async def test_a_file_on_its_way_lies_on_the_disk(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of slow uploads at once must not fill the memory."""
    arriving: list[Any] = []
    arrive = FileStore.arriving

    def watched(store: FileStore) -> Any:
        arriving.append(arrive(store))
        return arriving[0]

    monkeypatch.setattr(FileStore, "arriving", watched)
    on_disk: list[int] = []

    async def slowly() -> AsyncIterator[bytes]:
        yield JPEG
        for _piece in range(4):
            yield bytes(100_000)
            (file,) = arriving
            on_disk.append(os.fstat(file.fileno()).st_size if file._rolled else 0)

    await web.agree(TOKEN)
    assert (await web.upload(slowly())).status_code == 200
    assert all(on_disk)
    assert on_disk == sorted(on_disk)
    assert len(kept_in(web.evidence)) == 1


async def test_what_is_refused_uses_up_nothing_of_the_day(web: Web) -> None:
    await web.agree(TOKEN)
    for _time in range(UPLOADS_A_DAY // MOST_BYTES + 2):
        assert (await web.upload(b"no photo" + bytes(MOST_BYTES - 8))).status_code == 415
    assert (await web.upload(JPEG)).status_code == 200


async def test_a_folder_that_takes_nothing_is_said_and_when_to_come_back(web: Web) -> None:
    await web.agree(TOKEN)
    web.evidence.write_text("a file where the folder should be")
    with capture_logs() as logged:
        answer = await web.upload(JPEG)
    assert (answer.status_code, answer.headers["retry-after"]) == (507, "600")
    assert answer.json()["error"] == "Hiện chưa lưu được ảnh hoặc tài liệu này. Xin gửi lại sau."
    assert [line["event"] for line in logged] == ["upload_not_kept"]
    web.evidence.unlink()
    assert (await web.upload(JPEG)).status_code == 200


def kept_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_nobody_fills_the_disk_from_one_chat(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    large = JPEG + bytes(MOST_BYTES - len(JPEG))
    statuses = [(await web.upload(large)).status_code for _file in range(UPLOADS_A_DAY // MOST_BYTES + 1)]
    assert statuses == [200] * (UPLOADS_A_DAY // MOST_BYTES) + [415]
    assert "xin để mai" in (await web.upload(JPEG)).json()["error"]
    assert (await web.upload(JPEG, OTHER)).status_code == 200


def test_a_budget_is_for_one_day_and_one_conversation() -> None:
    budget, monday, tuesday = UploadQuota(10), date(2026, 11, 23), date(2026, 11, 24)
    assert [budget.allows("a", size, monday) for size in (6, 6, 4, 1)] == [True, False, True, False]
    assert budget.allows("b", 10, monday)
    assert budget.allows("a", 10, tuesday)


async def test_a_file_is_said_by_the_name_that_only_its_uploader_has(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    file = (await web.upload(JPEG)).json()["file"]
    said = {"kind": "file", "file": file, "name": "ảnh\0của\u202etôi.jpg" * 30, "text": ""}
    assert (await web.say(TOKEN, **said)).status_code == 202
    assert (await web.say(OTHER, **said)).status_code == 400
    (answer,) = await web.hear()
    assert answer["text"] not in {"", rendered(Message(SORRY), web.application.catalogues["vi"]).text}


async def chosen_together(web: Web, *contents: bytes) -> dict[str, Any]:
    """Upload files and return what says them together."""
    files = [(await web.upload(content)).json()["file"] for content in contents]
    return {
        "kind": "file",
        "text": "",
        "file": files[0],
        "also": [{"id": str(uuid4()), "file": one} for one in files[1:]],
    }


async def test_files_that_are_chosen_together_are_one_answer(web: Web) -> None:
    await web.agree(TOKEN)
    said = await chosen_together(web, JPEG, PNG, PDF)
    assert (await web.say(TOKEN, **said)).status_code == 202
    (answer,) = await web.hear()
    replies = [
        one.reply for one in parse(msgspec.convert({"token": TOKEN, "id": ID, **said}, Said), Signer(KEY.encode()))
    ]
    assert [(reply.kind, reply.album) for reply in replies if isinstance(reply, SentFile)] == [
        ("photo", ID),
        ("photo", ID),
        ("document", ID),
    ]
    assert await web.poll((TOKEN, answer["id"]), wait=0.2) == [[]]


async def test_only_so_many_files_come_together(web: Web) -> None:
    await web.agree(TOKEN)
    said = await chosen_together(web, *(JPEG + bytes([number]) for number in range(MOST_TOGETHER + 1)))
    assert (await web.say(TOKEN, **said)).status_code == 400
    said["also"].pop()
    assert (await web.say(TOKEN, **said)).status_code == 202


async def test_a_file_that_is_alone_is_no_album(web: Web) -> None:
    await web.agree(TOKEN)
    said = Said(TOKEN, UUID(ID), "file", file=(await web.upload(JPEG)).json()["file"])
    (incoming,) = parse(said, Signer(KEY.encode()))
    assert isinstance(incoming.reply, SentFile)
    assert incoming.reply.album == ""


async def test_a_forged_file_name_is_refused(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    file = (await web.upload(JPEG)).json()["file"]
    kind, digest, signature = file.split(".")
    other = hashlib.sha256(b"a file of somebody else").hexdigest()
    forged = [
        f"document.{digest}.{signature}",
        f"{kind}.{other}.{signature}",
        f"{kind}.{digest}.{signature[:-1]}",
        f"{kind}.{digest}.{signature.upper()}",
        f"{kind}.{digest}.{'0' * 32}",
        f"{kind}.{digest}",
        f"{kind}.{digest}.{signature}.jpg",
        f"sha256:{digest}",
        "../../etc/passwd",
    ]
    answers = [(await web.say(kind="file", file=name)).status_code for name in forged]
    assert answers == [400] * len(forged)


async def test_a_photo_is_shown_to_whom_it_was_sent_and_to_nobody_else(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    digest = (await web.upload(JPEG, OTHER)).json()["file"].split(".")[1]
    await web.send(Outgoing("Câu 2", files=(StoredFile(digest, "photo", "giay.jpg"),)))
    (message,) = await web.hear()
    (file,) = message["files"]
    assert (file["kind"], file["name"]) == ("photo", "giay.jpg")
    shown = await web.client.get(file["url"])
    assert (shown.status_code, shown.content) == (200, JPEG)
    assert {name: shown.headers[name] for name in SAFE_PHOTO} == SAFE_PHOTO

    path, _question, query = file["url"].partition("?")
    address, until, key = re.fullmatch(r"for=(\w+)&until=(\d+)&key=(\w+)", query).groups()  # type: ignore[union-attr]
    mine = f"{path}?for={address}&until={until}"
    wrong = [
        path,
        f"{path}?for={address_of(OTHER)}&until={until}&key={key}",
        f"{path}?for={address}&until={int(until) + 1}&key={key}",
        f"{path}?for={address}&until={until}0&key={key}",
        f"{path}?for={address}&until=&key={key}",
        f"{path}?for={address}&until=²&key={key}",
        f"{path}?for={address}&key={key}",
        f"{mine}&key={'0' * 32}",
        f"{mine}&key={key.upper()}",
        f"{mine}&key=%ff%fe",
        f"{mine}&key=",
        f"/web/files/{hashlib.sha256(b'other').hexdigest()}?{query}",
        f"{path}%00?{query}",
    ]
    assert [(await web.client.get(one)).status_code for one in wrong] == [404] * len(wrong)


SAFE_PHOTO = {
    "content-type": "image/jpeg",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox",
    "cache-control": "private, max-age=3600",
}


async def test_an_upload_is_no_key_to_a_download(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    kind, digest, signature = (await web.upload(JPEG)).json()["file"].split(".")
    for name in (digest, f"{kind}.{digest}"):
        asked = {"for": address_of(TOKEN), "until": "99999999999", "key": signature}
        assert (await web.client.get(f"/web/files/{name}", params=asked)).status_code == 404


def test_a_link_to_a_file_ends() -> None:
    signer, begun, digest = Signer(b"key"), datetime(2026, 10, 1, 8, tzinfo=UTC), "ab" * 32
    link = httpx.URL(signer.link("Lan", digest, begun)).params
    claim = (link["for"], digest, link["until"], link["key"])
    assert signer.opens(*claim, begun + FILES_LAST - timedelta(seconds=1))
    assert not signer.opens(*claim, begun + FILES_LAST)


async def test_a_link_that_has_ended_says_what_to_do(web: Web) -> None:
    await web.agree(TOKEN)
    digest = (await web.upload(JPEG)).json()["file"].split(".")[1]
    signer = Signer(KEY.encode())
    link = signer.link(address_of(TOKEN), digest, datetime.now(UTC) - FILES_LAST)
    answer = await web.client.get(link)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert "Đường dẫn này đã hết hạn" in answer.text


async def test_a_photo_that_is_not_here_yet_is_not_found(web: Web) -> None:
    """Evidence may still lie with the channel it came by; its address in the page leads nowhere until it is fetched."""
    await web.send(
        Outgoing("Câu 2", files=(StoredFile("AgACAgUAAx/../0", "photo", ""), StoredFile("0" * 64, "photo", "")))
    )
    (message,) = await web.hear()
    assert [(await web.client.get(file["url"])).status_code for file in message["files"]] == [404, 404]


async def test_a_file_that_lies_with_another_channel_is_left_out_with_a_line_in_the_log(web: Web) -> None:
    here, elsewhere = InlineFile("lich.txt", "Lịch"), ChannelFile("AgACAgUAAx", "photo", "cua-lan.jpg")
    with capture_logs() as logged:
        await web.send(Outgoing("Mời họp", files=(elsewhere, here)))
        (message,) = await web.hear()
    assert [file["name"] for file in message["files"]] == ["lich.txt"]
    assert logged == [
        {"event": "file_left_out", "log_level": "warning", "channel": CHANNEL, "outbox_id": message["id"]}
    ]


async def test_a_text_made_for_one_reader_comes_in_its_address(web: Web) -> None:
    await web.send(Outgoing("Dữ liệu", files=(InlineFile("dữ liệu.txt", "Họ tên: <b>Lan & Minh</b>\n"),)))
    (message,) = await web.hear()
    (file,) = message["files"]
    assert (file["kind"], file["name"]) == ("document", "dữ liệu.txt")
    assert file["url"] == "data:text/plain;charset=utf-8,H%E1%BB%8D%20t%C3%AAn%3A%20%3Cb%3ELan%20%26%20Minh%3C/b%3E%0A"


# --- The words of the page itself ---


def words_in(page: httpx.Response) -> Json:
    (attribute,) = re.findall(r'data-words="([^"]*)"', page.text)
    found: Json = json.loads(html.unescape(attribute))
    return found


async def words_of(web: Web, phone: Json, **headers: str) -> Json | None:
    """Return the words that a poll of one phone brings."""
    answer = await web.client.post(
        "/web/poll", json={"phones": [{"token": TOKEN, **phone}], "wait": 0}, headers=headers
    )
    (found,) = answer.json()["phones"]
    words: Json | None = found.get("words")
    return words


BROWSERS = {
    "": "vi",
    "vi": "vi",
    "en": "en",
    "en-GB,en;q=0.9": "en",
    "EN-us": "en",
    "fr-FR,fr;q=0.9,en;q=0.8,vi;q=0.7": "en",
    "fr;q=0.9,vi;q=0.8,en;q=0.7": "vi",
    "en;q=0.1,vi;q=0.2": "vi",
    "en;q=0,fr": "vi",
    "fr,*": "vi",
    "en;q=high": "vi",
    ";;;,,q=": "vi",
    "x," * 5000: "vi",
}


@pytest.mark.parametrize(("accepted", "language"), BROWSERS.items(), ids=range(len(BROWSERS)))
async def test_a_page_is_in_the_language_the_browser_asks_for(web: Web, accepted: str, language: str) -> None:
    page = await web.client.get("/chat", headers={"Accept-Language": accepted})
    title = {"vi": "Công dân học tập", "en": "Learning citizen"}[language]
    assert f'<html lang="{language}">' in page.text
    assert f"<title>{title}</title>" in page.text
    assert words_in(page)["language"] == language
    assert page.headers["vary"] == "Accept-Language, Accept-Encoding"


async def test_whoever_chooses_a_language_gets_the_words_of_the_page_in_it_with_the_answer(web: Web) -> None:
    has = words_in(await web.client.get("/chat"))
    await web.say()
    (welcome,) = await web.hear()
    assert await words_of(web, {"words": has["edition"]}) is None  # nothing is chosen yet
    asked = {"phones": [{"token": TOKEN, "seen": [welcome["id"]], "words": has["edition"]}], "wait": 25}
    waiting = asyncio.create_task(web.client.post("/web/poll", json=asked))
    await asyncio.wait([waiting], timeout=0.2)
    await web.say(text="english")
    async with asyncio.timeout(10):
        (news,) = (await waiting).json()["phones"]
    assert (news["words"]["language"], news["words"]["words"]["send"]) == ("en", "Send message")
    assert labels(news["messages"][0]) == ["I agree", "No, thank you"]
    assert await words_of(web, {"words": news["words"]["edition"]}) is None


async def test_the_language_chosen_in_the_chat_goes_before_the_browsers(web: Web) -> None:
    await web.say()
    await web.say(text="vi")
    english = words_in(await web.client.get("/chat", headers={"Accept-Language": "en"}))
    await web.hear()
    words = await words_of(web, {"words": english["edition"]}, **{"Accept-Language": "en"})
    assert words is not None
    assert words["language"] == "vi"


async def test_a_page_with_words_of_another_version_gets_those_of_now_without_waiting(web: Web) -> None:
    asked = {"phones": [{"token": TOKEN, "words": "of yesterday"}], "wait": 25}
    async with asyncio.timeout(5):
        answer = await web.client.post("/web/poll", json=asked)
    assert answer.json()["phones"][0]["words"]["language"] == "vi"


async def test_a_page_that_asks_for_no_words_gets_none(web: Web) -> None:
    """One that was open while the server got a new version must not be answered at once, over and over."""
    assert await words_of(web, {}) is None


async def test_what_is_refused_is_said_in_the_readers_language(web: Web) -> None:
    await web.agree(TOKEN, OTHER)
    english = {"Accept-Language": "en"}
    unsayable = await web.client.post("/web/say", content=b"", headers=english)
    unchosen = await web.upload(b"", **english)
    await web.say()
    await web.say(text="vi")
    await web.hear()
    chosen = await web.upload(b"", **english)
    assert [answer.json()["error"] for answer in (unsayable, unchosen, chosen)] == [
        "This cannot be sent.", "This file is empty.", "Tài liệu này trống.",
    ]  # fmt: skip


def test_a_page_in_a_third_language_has_vietnamese_words_where_that_has_none() -> None:
    words = Words(load_with_khmer())
    khmer, vietnamese = (words.of(words.reader(None, accepted)) for accepted in ("km-KH,en;q=0.5", "vi"))
    assert (khmer.language, khmer.words["send"]) == ("km", "ផ្ញើសារ")
    assert khmer.words == {**vietnamese.words, "send": khmer.words["send"]}
    assert khmer.edition != vietnamese.edition


def test_scripts_and_pages_use_the_words_there_are_and_no_others() -> None:
    scripts = "".join(file.read_text("utf-8") for file in STATIC.glob("*.js"))
    of_chat = [STATIC.parent / "pages" / f"{name}.html" for name in ("chat", "demo")]
    pages = "".join(file.read_text("utf-8") for file in of_chat)
    by_state_and_kind = {"waiting", "sent", "refused", "photo", "document", "busy", "reconnecting"}
    used = set(re.findall(r"\bwords\.(\w+)", scripts)) - {"js"}
    assert used | by_state_and_kind == IN_SCRIPTS.keys()
    assert set(re.findall(r"{{(\w+)}}", pages)) == IN_PAGES.keys() | {"language", "words"}


def test_scripts_and_pages_hold_no_words_of_their_own() -> None:
    files = [*STATIC.glob("*.js"), *(STATIC.parent / "pages").glob("*.html")]
    vietnamese = re.compile("[ăâđêôơưàáảãạèéẻẽẹìíỉĩịòóỏõọùúủũụỳýỷỹỵ]", re.IGNORECASE)
    assert [file.name for file in files if vietnamese.search(file.read_text("utf-8"))] == []


# --- Phones that look like those of other channels ---


async def test_a_phone_that_looks_like_another_channels_has_no_more_buttons_than_that(web: Web) -> None:
    await web.agree(TOKEN)
    lasting = OutgoingButton("Xem phiếu", "c:status", lasting=True)
    buttons = tuple((OutgoingButton(f"{n}. Mức {n}", f"a:1:{n}", number=n),) for n in range(1, 7))
    await web.send(Outgoing("Xin chọn", (*buttons, (lasting,), (OutgoingButton("← Quay lại", "a:1:back"),))))

    async def shown(most: int | None) -> Json:
        asked = {"phones": [{"token": TOKEN, "most_buttons": most}], "wait": 10}
        (phone,) = (await web.client.post("/web/poll", json=asked)).json()["phones"]
        (message,) = phone["messages"]
        return {"text": message["text"], "buttons": [button["label"] for row in message["buttons"] for button in row]}

    assert len((await shown(None))["buttons"]) == len((await shown(8))["buttons"]) == 8
    assert (await shown(5))["buttons"] == ["Xem phiếu", "← Quay lại"]
    without = await shown(0)
    assert without["buttons"] == []
    assert without["text"].splitlines() == [
        "Xin chọn",
        *(f"{n}. Mức {n}" for n in range(1, 7)),
        "N1. Xem phiếu",
        "Hoặc nhắn: “Quay lại”",
    ]
    await web.say(text="n1")
    heard = [text for one in await web.hear(seen=1) for text in [one["text"]]]
    assert heard
    assert "không hiểu" not in heard[0]


# What Chrome 86 and Safari 15 do not know, or cannot even read.
TOO_NEW = r"""
    ^(?:const\ .*=\ )?await\ | \(\?<[=!] | \.at\( | \.findLast | \.replaceAll\( | \?\?= | \|\|= | &&= | static\ \{
    | AbortSignal\. | structuredClone | Object\.(?:hasOwn|groupBy) | \.toSorted\( | /[gimsu]*v[gimsu]*[,;)]
"""


def test_the_chats_scripts_use_nothing_that_the_oldest_browsers_lack() -> None:
    scripts = [file for file in STATIC.glob("*.js") if file.name != "demo.js"]
    found = [
        (file.name, line.strip())
        for file in scripts
        for line in file.read_text("utf-8").splitlines()
        if re.search(TOO_NEW, line, re.VERBOSE)
    ]
    assert found == []


# --- Pages ---


async def test_pages_allow_nothing_from_elsewhere(web: Web) -> None:
    page = await web.client.get("/chat")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert not [part for part in policy if "unsafe" in part or "http" in part or "*" in part]
    assert not re.findall(r"<script(?![^>]*\ssrc=\"/static/)|\sstyle=|\son\w+=|https?://", page.text)


async def test_the_first_load_is_small_and_asks_for_all_scripts_at_once(web: Web) -> None:
    """Under 60 kB as they go over the line: somebody on a slow network has them in a second."""
    page = await web.client.get("/chat/ta-dong", headers={"Accept-Encoding": "gzip"})
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(set(named)) == len(named)
    loaded = [page, *[await web.client.get(path, headers={"Accept-Encoding": "gzip"}) for path in named]]
    large = [answer for answer in loaded if len(answer.content) > 500]
    assert {answer.headers.get("content-encoding") for answer in large} == {"gzip"}
    assert sum(answer.num_bytes_downloaded for answer in loaded) < 60_000
    imported = {f"/static/{name}" for answer in loaded for name in re.findall(r'from "\./(\w+\.js)"', answer.text)}
    assert imported <= set(named)


async def test_the_page_can_be_installed_and_kept_for_when_there_is_no_network(web: Web) -> None:
    page = await web.client.get("/chat")
    assert '<link rel="manifest" href="/chat/manifest.json" />' in page.text
    manifest = (await web.client.get("/chat/manifest.json", headers={"Accept-Language": "vi"})).json()
    assert (manifest["name"], manifest["start_url"], manifest["scope"]) == ("Công dân học tập", "/chat", "/chat")
    for icon in manifest["icons"]:
        drawn = await web.client.get(icon["src"])
        width = int.from_bytes(drawn.content[16:20], "big")
        assert (drawn.content[:4], f"{width}x{width}") == (b"\x89PNG", icon["sizes"])
    assert (await web.client.get("/chat/icon-10000.png")).status_code == 404
    worker = await web.client.get("/chat/worker.js")
    assert worker.headers["service-worker-allowed"] == "/chat"
    kept = json.loads(re.findall(r"FILES = (\[.*\])", worker.text)[0])
    assert set(kept) == {"/chat", *re.findall(r'"(/static/[^"]+)"', page.text)}
    assert "{{" not in worker.text


async def test_what_is_secret_is_never_compressed(web: Web) -> None:
    opened = await web.client.post("/web/open", json={}, headers={"Accept-Encoding": "gzip"})
    await web.say()
    asked = {"phones": [{"token": TOKEN}], "wait": 10}
    heard = await web.client.post("/web/poll", json=asked, headers={"Accept-Encoding": "gzip"})
    assert all("content-encoding" not in answer.headers for answer in (opened, heard))


async def test_scripts_of_two_versions_never_mix(web: Web) -> None:
    """A module that a browser kept from before an upgrade would not fit the others: it asks each time."""
    script = await web.client.get("/static/phone.js")
    assert script.headers["cache-control"] == "no-cache"
    assert script.headers["x-content-type-options"] == "nosniff"
    again = await web.client.get("/static/phone.js", headers={"If-None-Match": script.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


async def test_ids_are_what_browsers_make(web: Web) -> None:
    for made in (str(uuid4()), str(uuid4()).upper(), UUID(int=0).hex):
        assert (await web.say(OTHER, id=made)).status_code == 202
