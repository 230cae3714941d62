"""Telegram: updates in, calls out, what becomes of a call, and who may acknowledge what."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import telegram
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from telegram import MessageEntity

from bot.channels.telegram.channel import MOST_WEBHOOK_BYTES, SECRET_HEADER, TelegramChannel, Waits
from bot.channels.telegram.edits import Edits
from bot.channels.telegram.parse import SERVICE_KINDS, UNREADABLE_KINDS, Message, parse
from bot.channels.telegram.render import Call, FileCall, Key, Keyboard, TextCall, Unrenderable, render, split
from bot.channels.telegram.topics import Topics
from bot.services.files import FileStore
from bot.services.sending import (
    BlockedByPerson,
    FileGone,
    FileNotNow,
    FileSource,
    FileTooLarge,
    Later,
    Outcome,
    Rates,
    Rejected,
    Sender,
    Sent,
)
from bot.store.core.inbox import Incoming
from flows.conversation.messages import ChannelFile, InlineFile, MenuEntry, Outgoing, OutgoingButton, StoredFile
from flows.conversation.replies import Edited, Pressed, SentFile, Typed, Unreadable
from flows.words.marks import Mark
from tests.botapi import DEFAULT_TOKEN, BotApiServer, FaultPlan, Limits, Person
from tests.channels.telegram_updates import BROKEN, CHAT, FROM_LAN, HALF_BROKEN, LAN, SAID, Json, Said, message, query
from tests.channels.telegram_updates import PHOTO as PHOTO_SIZES

pytestmark = pytest.mark.filterwarnings("ignore:.*attribute `retry_after`")

SECRET = DEFAULT_TOKEN.partition(":")[2]
FAST = Rates(per_bot=1000, per_chat=1000)
SHORT = Waits(answer=0.3, poll=1, conflict=0.1, longest=0.2)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"picture"
HELLO = Outgoing("Xin chào")


def channel_at(url: str, folder: Path, waits: Waits = SHORT, proxy: str | None = None) -> TelegramChannel:
    return TelegramChannel(DEFAULT_TOKEN, url, FileStore(folder), FAST, waits, proxy)


@contextlib.asynccontextmanager
async def socks_proxy(target: str) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve SOCKS 5 (RFC 1928, 1929) for "me" with the password "word", leading to one server whatever is asked for.
    Yields the port, and what is asked for by whom."""
    asked: list[bytes] = []
    host, port = urlsplit(target).hostname, urlsplit(target).port

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x02")
        name = await reader.readexactly((await reader.readexactly(2))[1])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x01\x00" if password == b"word" else b"\x01\x01")
        if password != b"word":
            writer.close()
            return
        domain = await reader.readexactly((await reader.readexactly(5))[4])
        at = int.from_bytes(await reader.readexactly(2), "big")
        asked.append(b"%s %s %s:%d" % (name, password, domain, at))
        try:
            there, onward = await asyncio.open_connection(host, port)
        except OSError:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))
            writer.close()
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await asyncio.gather(copy(reader, onward), copy(there, writer))

    async with await asyncio.start_server(connect, "127.0.0.1") as server:
        yield server.sockets[0].getsockname()[1], asked


# --- parse ---


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.name)
def test_an_update_says_what_the_person_did(said: Said) -> None:
    expected = said.reply and Incoming("telegram", "1234567890", "5000007919", "345678901", said.reply, said.callback)
    assert parse(json.loads(json.dumps(said.update)), "1234567890") == expected


@pytest.mark.parametrize("update", BROKEN, ids=str)
def test_a_broken_update_is_logged_by_its_id_alone(update: Json) -> None:
    with capture_logs() as logs:
        assert parse(update, "1234567890") is None
    assert [(line["event"], line["update_id"]) for line in logs] == [("update_unparsable", update.get("update_id"))]
    assert set(logs[0]) == {"event", "update_id", "error", "log_level"}


@pytest.mark.parametrize("update", HALF_BROKEN, ids=str)
def test_who_sent_something_that_cannot_be_read_is_answered(update: Json) -> None:
    assert parse(update, "1") == Incoming("telegram", "1", "5000007919", "1", Unreadable("unknown"))


def test_updates_of_an_unknown_kind_are_counted_and_known_ones_are_not() -> None:
    before = _counted()
    parse({"update_id": 1, **message(hologram={})}, "1")
    parse({"update_id": 2, **message(text="Có")}, "1")
    parse({"update_id": 3, **message(sticker={"emoji": "👍"})}, "1")
    assert _counted() == before + 1


def _counted() -> float:
    return REGISTRY.get_sample_value("hoctap_unknown_updates_total", {"channel": "telegram"}) or 0.0


def test_every_part_of_a_message_that_the_library_knows_is_sorted() -> None:
    """A new kind of message is put where it belongs when the library is brought up to date."""
    sorted_ = {*UNREADABLE_KINDS, *SERVICE_KINDS, *Message.__struct_fields__, *ABOUT_A_MESSAGE}
    assert {name for name in telegram.Message.__slots__ if not name.startswith("_")} - sorted_ == set()


# How a message was sent, and what it refers to.
ABOUT_A_MESSAGE = (
    "author_signature", "business_connection_id", "caption_entities", "direct_messages_topic", "edit_date", "effect_id",
    "entities", "external_reply", "forward_origin", "from_user", "guest_bot_caller_chat", "guest_bot_caller_user",
    "guest_query_id", "has_media_spoiler", "has_protected_content", "is_automatic_forward", "is_from_offline",
    "is_paid_post", "is_topic_message", "link_preview_options", "live_photo", "message_thread_id", "paid_star_count",
    "quote", "reply_markup", "reply_to_checklist_task_id", "reply_to_message", "reply_to_poll_option_id",
    "reply_to_story", "sender_boost_count", "sender_business_bot", "sender_chat", "sender_tag",
    "show_caption_above_media", "suggested_post_info", "via_bot",
)  # fmt: skip


def _edit(update_id: int, **fields: Any) -> Json:
    return {"update_id": update_id, "edited_message": {**FROM_LAN, "edit_date": 1793000009, **fields}}


@pytest.mark.parametrize(
    "sent",
    [{"text": "Có"}, {"photo": PHOTO_SIZES, "caption": "Giấy khen"}, {"document": {"file_id": "a"}}, {"poll": {}}],
)
def test_an_edit_that_changed_nothing_asks_nothing(sent: Json) -> None:
    edits = Edits()
    parse({"update_id": 1, **message(**sent)}, "1", edits)
    assert parse(_edit(2, **sent, link_preview_options={"is_disabled": True}), "1", edits) is None
    changed = _edit(3, **sent | {"caption": "Không"})
    assert [parse(changed, "1", edits) for _time in range(2)] == [_edited(3), _edited(3)]  # it may come again
    assert parse(_edit(4, **sent | {"caption": "Không"}), "1", edits) is None
    assert parse(_edit(5, message_id=99, **sent), "1", edits) == _edited(5)  # nobody remembers what it said before


def _edited(update_id: int) -> Incoming:
    return Incoming("telegram", "1", "5000007919", str(update_id), Edited())


def test_edits_are_remembered_as_far_as_there_is_room_and_without_words() -> None:
    edits = Edits(most=2)
    for message_id in (1, 2, 3):
        edits.note(7, message_id, message_id, "bí mật")
    assert [edits.note(7, message_id, 9, "bí mật") for message_id in (3, 2)] == [False, False]
    assert edits.note(7, 1, 9, "bí mật")
    assert "bí mật" not in repr(vars(edits))


# --- render ---


def button(label: str, payload: str = "p") -> OutgoingButton:
    return OutgoingButton(label, payload)


def keyboard(*rows: Sequence[str], payload: str = "p") -> Keyboard:
    return tuple(tuple(Key(label, payload) for label in row) for row in rows)


PHOTO = StoredFile("a" * 64, "photo", "giấy khen.jpg")
PAPER = StoredFile("b" * 64, "document", "đơn.pdf")
NOTE = InlineFile("của tôi.txt", "Họ tên")
LONG = "a" * 1025
CO_KHONG = keyboard(["Có", "Không"])
RENDERED: list[tuple[str, Outgoing, tuple[Call, ...]]] = [
    ("nothing", Outgoing(""), ()),
    ("text", Outgoing("<b>&_*["), (TextCall("<b>&_*["),)),
    (
        "buttons",
        Outgoing("Chọn", ((button("Có"), button("Không")), (button("Để sau"),))),
        (TextCall("Chọn", keyboard(["Có", "Không"], ["Để sau"])),),
    ),
    (
        "a row too wide",
        Outgoing("Chọn", (tuple(button(str(n)) for n in range(10)),)),
        (TextCall("Chọn", keyboard([str(n) for n in range(8)], ["8", "9"])),),
    ),
    ("a label too long", Outgoing("?", ((button("ă" * 61),),)), (TextCall("?", keyboard(["ă" * 59 + "…"])),)),
    ("a label just short enough", Outgoing("?", ((button("ă" * 60),),)), (TextCall("?", keyboard(["ă" * 60])),)),
    (
        "64 bytes of payload",
        Outgoing("?", ((button("Có", "ế" * 21 + "a"),),)),
        (TextCall("?", keyboard(["Có"], payload="ế" * 21 + "a")),),
    ),
    (
        "buttons under the last part",
        Outgoing("a" * 4000 + "\n\n" + "b" * 4000, ((button("Có"), button("Không")),)),
        (TextCall("a" * 4000), TextCall("b" * 4000, CO_KHONG)),
    ),
    ("half a surrogate pair", Outgoing("a\ud83d"), (TextCall("a\ufffd"),)),
    (
        "photo with caption",
        Outgoing("Câu 3", ((button("Có"), button("Không")),), (PHOTO,)),
        (FileCall(PHOTO, "giấy khen.jpg", True, "Câu 3", CO_KHONG),),
    ),
    (
        "photo after a long text",
        Outgoing(LONG, ((button("Có"), button("Không")),), (PHOTO,)),
        (TextCall(LONG), FileCall(PHOTO, "giấy khen.jpg", True, "", CO_KHONG)),
    ),
    (
        "several files",
        Outgoing("Câu 3", (), (PHOTO, PAPER)),
        (FileCall(PHOTO, "giấy khen.jpg", True, "Câu 3"), FileCall(PAPER, "đơn.pdf", False)),
    ),
    (
        "marked words, counted as Telegram counts",
        Outgoing("🎓 Tuần lễ", marks=(Mark("strong", 2, 4), Mark("slanted", 7, 2))),
        (TextCall("🎓 Tuần lễ", entities=(MessageEntity("bold", 3, 4), MessageEntity("italic", 8, 2))),),
    ),
    (
        "marked words under a photo",
        Outgoing(" Tuần lễ", (), (PHOTO,), marks=(Mark("strong", 1, 4),)),
        (FileCall(PHOTO, "giấy khen.jpg", True, "Tuần lễ", entities=(MessageEntity("bold", 0, 4),)),),
    ),
    (
        "a link",
        Outgoing("Xem", ((OutgoingButton("Lịch", "", url="https://hoctap.example/lich"),),)),
        (TextCall("Xem", ((Key("Lịch", url="https://hoctap.example/lich"),),)),),
    ),
    ("a document of the moment", Outgoing("", (), (NOTE,)), (FileCall(NOTE, "của tôi.txt", False),)),
]


@pytest.mark.parametrize(("outgoing", "calls"), [row[1:] for row in RENDERED], ids=[row[0] for row in RENDERED])
def test_a_message_becomes_calls(outgoing: Outgoing, calls: tuple[Call, ...]) -> None:
    assert render(outgoing) == calls


@pytest.mark.parametrize(
    ("name", "sent_as"),
    [('a"b\\c/d\r\ne.pdf', "a_b_c_d__e.pdf"), ("ô" * 200 + ".pdf", "ô" * 116 + ".pdf"), ("", "file")],
)
def test_a_file_name_is_made_harmless(name: str, sent_as: str) -> None:
    (call,) = render(Outgoing("", (), (InlineFile(name, "x"),)))
    assert isinstance(call, FileCall)
    assert call.name == sent_as


@pytest.mark.parametrize(
    ("outgoing", "why"),
    [
        (Outgoing("?", ((button("Có", "ế" * 22),),)), "a payload of 66 bytes; Telegram takes 64: shorten 'ếếế"),
        (Outgoing("?", tuple((button("Có"),) for _ in range(101))), "101 buttons under one message"),
        (Outgoing(" ", ((button("Có"),),)), "neither text nor file; give it a text"),
    ],
)
def test_what_breaks_a_limit_of_telegram_is_refused_with_its_cure(outgoing: Outgoing, why: str) -> None:
    with pytest.raises(Unrenderable, match=why):
        render(outgoing)


SPLIT = [
    ("", 10, []),
    (" \n ", 10, []),
    ("0123456789", 10, ["0123456789"]),
    ("0123456789a", 10, ["0123456789", "a"]),
    ("01234\n\n56 89", 10, ["01234", "56 89"]),
    ("01234\n567 9abc", 10, ["01234", "567 9abc"]),
    ("012345 78 abc", 10, ["012345 78", "abc"]),
    ("01234. 78 abc", 10, ["01234.", "78 abc"]),
    ("0\n\n3456789abcdef", 10, ["0\n\n3456789", "abcdef"]),
    ("\n" * 30 + "a", 10, ["a"]),
    ("😀" * 6, 10, ["😀" * 5, "😀"]),
    ("a" + "😀" * 5, 10, ["a" + "😀" * 4, "😀"]),
]


@pytest.mark.parametrize(("text", "most", "parts"), SPLIT)
def test_a_text_is_cut_where_it_disturbs_least(text: str, most: int, parts: list[str]) -> None:
    assert list(split(text, most)) == parts


@given(st.text(st.sampled_from("aế😀 \n"), max_size=120), st.integers(2, 30))
def test_cutting_a_text_loses_nothing_but_white_space(text: str, most: int) -> None:
    parts = list(split(text, most))
    assert all(part.strip() and len(part.encode("utf-16-le")) <= 2 * most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


# --- send: what becomes of a call ---

Answer = tuple[int, object] | str
OK: Answer = (200, {"ok": True, "result": True})
MESSAGE: Answer = (200, {"ok": True, "result": {"message_id": 5, "chat": CHAT, "date": 1793000000, "text": "…"}})


TAKEN = Sent("5")


def refused(code: int, description: str, **parameters: int) -> Answer:
    more = {"parameters": parameters} if parameters else {}
    return code, {"ok": False, "error_code": code, "description": description, **more}


@dataclass
class Scripted:
    """A server that answers calls as told, by method, and remembers them."""

    url: str = ""
    answers: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    async def call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.calls.append((method, {**request.query, **await fields_of(request)}))
        answer = self.answers.get(method, MESSAGE if method.startswith("send") else OK)
        return await respond(request, answer() if callable(answer) else answer)

    async def download(self, request: web.Request) -> web.StreamResponse:
        answer = self.answers["download"]
        return await respond(request, answer() if callable(answer) else answer)


async def fields_of(request: web.Request) -> Mapping[str, object]:
    if request.content_type == "application/json":
        fields: dict[str, object] = await request.json()
        return fields
    return dict(await request.post())


async def respond(request: web.Request, answer: Answer) -> web.StreamResponse:
    match answer:
        case "reset":
            assert request.transport is not None
            sock = request.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
            return web.Response()
        case "hang":
            await asyncio.sleep(10)
            return web.Response()
        case (int(status), bytes(body)):
            return web.Response(status=status, body=body)
        case (int(status), str(page)):
            return web.Response(status=status, text=page, content_type="text/html")
        case (int(status), body):
            return web.json_response(body, status=status)
        case _:
            raise AssertionError(answer)


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    server = Scripted()
    application = web.Application()
    application.router.add_post("/bot{token:[^/]+}/{method}", server.call)
    application.router.add_get("/file/bot{token:[^/]+}/{path:.+}", server.download)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def channel(scripted: Scripted, tmp_path: Path) -> AsyncIterator[TelegramChannel]:
    made = channel_at(scripted.url, tmp_path)
    yield made
    await made.stop()


NO_SERVER = "not answered by a Bot API server but by something before it"
OUTCOMES: list[tuple[Answer, Outcome]] = [
    (MESSAGE, TAKEN),
    (
        refused(429, "Too Many Requests: retry after 7", retry_after=7),
        Later("Flood control exceeded. Retry in 7 seconds", 7.0, whole_bot=True, too_many=True),
    ),
    (refused(403, "Forbidden: bot was blocked by the user"), BlockedByPerson("Forbidden: bot was blocked by the user")),
    (refused(400, "Bad Request: chat not found"), BlockedByPerson("Chat not found")),
    (refused(400, "Bad Request: user is deactivated"), BlockedByPerson("User is deactivated")),
    (refused(400, "Bad Request: message text is empty"), Rejected("Message text is empty")),
    (
        refused(400, "Bad Request: not enough rights to send photos to the chat"),
        Rejected("Not enough rights to send photos to the chat", only_here=True),
    ),
    (refused(400, "Bad Request: USER_IS_BLOCKED"), BlockedByPerson("User_is_blocked")),
    (refused(400, "Bad Request: BUTTON_URL_INVALID"), Rejected("Button_url_invalid")),
    (refused(400, "Bad Request: can't parse entities: no end"), Rejected("Can't parse entities: no end")),
    (refused(413, "Request Entity Too Large"), Rejected("Request Entity Too Large")),
    (
        refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100),
        Rejected("Group migrated to supergroup. New chat id: -100", only_here=True),
    ),
    (refused(500, "Internal Server Error"), Later("Internal Server Error")),
    (refused(503, "Service Unavailable"), Later("Service Unavailable")),
    (refused(502, "Bad Gateway"), Later("Bad Gateway", uncertain=True)),
    (refused(504, "Gateway Timeout"), Later("Gateway Timeout", uncertain=True)),
    ((200, {"ok": False, "error_code": 400, "description": "Bad Request: no"}), Rejected("No")),
    (refused(401, "Unauthorized"), Later("Unauthorized", 60.0, whole_bot=True)),
    # a gateway's words are not Telegram's
    ((502, "<html>502 Bad Gateway</html>"), Later(NO_SERVER, uncertain=True)),
    ((403, "<html>Forbidden by the firm</html>"), Later(NO_SERVER, 5.0, whole_bot=True)),
    ((404, {"detail": "Not Found"}), Later(NO_SERVER, 5.0, whole_bot=True)),
    ((400, b"\xff\xfe"), Later(NO_SERVER, 5.0, whole_bot=True)),
    ((200, "<html>Welcome to our hotspot</html>"), Later(NO_SERVER, 5.0, whole_bot=True)),
    ((302, b""), Later(NO_SERVER, 5.0, whole_bot=True)),
    ("hang", Later("Timed out", uncertain=True)),
]


@pytest.mark.parametrize(("answer", "outcome"), OUTCOMES, ids=lambda value: str(value)[:60])
async def test_an_answer_decides_what_becomes_of_a_letter(
    scripted: Scripted, channel: TelegramChannel, answer: Answer, outcome: Outcome
) -> None:
    scripted.answers["sendMessage"] = answer
    assert await channel.send("5000007919", HELLO, None) == outcome
    assert scripted.methods == ["sendMessage"]


async def test_a_reset_is_uncertain(scripted: Scripted, channel: TelegramChannel) -> None:
    scripted.answers["sendMessage"] = "reset"
    match await channel.send("5000007919", HELLO, None):
        case Later(error, None, False, True):
            assert error.startswith(("ServerDisconnectedError", "ClientOSError", "ConnectionResetError"))
        case outcome:
            pytest.fail(str(outcome))


async def test_an_unreachable_server_holds_the_whole_bot(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        channel = channel_at(f"http://127.0.0.1:{nobody.getsockname()[1]}", tmp_path)
        match await channel.send("5000007919", HELLO, None):
            case Later(error, 5.0, True):
                assert error.startswith("ClientConnectorError: Cannot connect to host 127.0.0.1")
            case outcome:
                pytest.fail(str(outcome))
    await channel.stop()


async def test_plain_text_goes_out_without_markup_or_previews(scripted: Scripted, channel: TelegramChannel) -> None:
    outgoing = Outgoing("<b> https://example.org", ((button("Có", "a:1"),),))
    assert await channel.send("5000007919", outgoing, None) == TAKEN
    (fields,) = [fields for _, fields in scripted.calls]
    markup = {"inline_keyboard": [[{"text": "Có", "callback_data": "a:1"}]]}
    assert (fields["chat_id"], fields["text"], fields["reply_markup"], "parse_mode" in fields) == (
        5000007919,
        "<b> https://example.org",
        markup,
        False,
    )
    assert fields["link_preview_options"] == {"is_disabled": True}


# --- Topics ---

LETTER, PHOTO_LETTER = Outgoing("Câu 1"), Outgoing("Giấy", files=(ChannelFile("AgACAg", "photo", "giay.jpg"),))


def in_topic(topic: int | None, **content: Any) -> Json:
    there = {} if topic is None else {"is_topic_message": True, "message_thread_id": topic}
    return {"update_id": 1, "message": {**FROM_LAN, **there, **(content or {"text": "Có"})}}


async def hear(channel: TelegramChannel, update: Json) -> None:
    async def receive(incoming: Sequence[Incoming]) -> None:
        assert [one.address for one in incoming] == ["5000007919"]  # a person is one conversation, whatever the topic

    channel._secret = "hook"
    headers = {SECRET_HEADER: "hook"}
    assert await channel.handle(headers, json.dumps(update).encode(), receive) == 200


@pytest.mark.parametrize("letter", [LETTER, PHOTO_LETTER], ids=["text", "photo"])
async def test_who_writes_in_a_topic_is_answered_in_it(
    scripted: Scripted, channel: TelegramChannel, letter: Outgoing
) -> None:
    pressed = {"update_id": 2, **query(data="a:1", message=in_topic(9)["message"])}
    for update in (in_topic(7), pressed, in_topic(None)):
        await hear(channel, update)
        await channel.send("5000007919", letter, None)
        await channel.send("5000007920", letter, None)  # somebody else
    topics = [fields.get("message_thread_id") for _method, fields in scripted.calls]
    assert [int(str(topic)) if topic is not None else None for topic in topics] == [7, None, 9, None, None, None]


async def test_a_topic_that_is_gone_does_not_silence_the_bot(scripted: Scripted, channel: TelegramChannel) -> None:
    await hear(channel, in_topic(7))
    answers = iter([(400, {"ok": False, "error_code": 400, "description": "Bad Request: message thread not found"})])
    scripted.answers["sendMessage"] = lambda: next(answers, MESSAGE)
    assert await channel.send("5000007919", LETTER, None) == TAKEN
    assert ["message_thread_id" in fields for _method, fields in scripted.calls] == [True, False]


@pytest.mark.parametrize("update", [{}, {"message": 1}, {"callback_query": []}, {"message": {"chat": {"id": "x"}}}])
def test_a_topic_of_nowhere_is_none(update: Json) -> None:
    topics = Topics(most=2)
    topics.note(update)
    for topic in (1, 2, 3):
        topics.note({"message": {"chat": {"id": topic}, "is_topic_message": True, "message_thread_id": topic}})
    assert [topics.of(chat) for chat in (1, 2, 3)] == [None, 2, 3]


async def test_a_press_is_answered_before_the_letter(scripted: Scripted, channel: TelegramChannel) -> None:
    assert await channel.send("5000007919", HELLO, "77") == TAKEN
    assert scripted.calls[0] == ("answerCallbackQuery", {"callback_query_id": "77"})
    assert scripted.methods == ["answerCallbackQuery", "sendMessage"]


async def test_without_a_letter_only_the_press_is_answered(scripted: Scripted, channel: TelegramChannel) -> None:
    assert await channel.send("5000007919", None, "77") == Sent()
    assert scripted.methods == ["answerCallbackQuery"]


async def test_a_press_that_is_too_old_holds_nothing_up(scripted: Scripted, channel: TelegramChannel) -> None:
    old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    scripted.answers["answerCallbackQuery"] = refused(400, old)
    assert await channel.send("5000007919", HELLO, "77") == TAKEN
    assert scripted.methods == ["answerCallbackQuery", "sendMessage"]


async def test_a_press_that_could_not_be_answered_is_tried_again(scripted: Scripted, channel: TelegramChannel) -> None:
    scripted.answers["answerCallbackQuery"] = refused(500, "Internal Server Error")
    assert await channel.send("5000007919", HELLO, "77") == Later("Internal Server Error")
    assert scripted.methods == ["answerCallbackQuery"]


MENU = (MenuEntry("status", "Xem phiếu của tôi"),)


@pytest.mark.parametrize(
    "answer", [OK, (404, {"detail": "Not Found"}), refused(400, "Bad Request: BOT_COMMAND_INVALID"), "reset"], ids=str
)
async def test_a_menu_goes_first_and_never_stops_the_letter(
    scripted: Scripted, channel: TelegramChannel, answer: Answer
) -> None:
    scripted.answers["setMyCommands"] = answer
    assert await channel.send("5000007919", Outgoing("Chào", menu=MENU), None) == TAKEN
    assert scripted.methods == ["setMyCommands", "sendMessage"]
    _, fields = scripted.calls[0]
    assert json.loads(str(fields["scope"])) == {"type": "chat", "chat_id": 5000007919}
    assert json.loads(str(fields["commands"])) == [{"command": "status", "description": "Xem phiếu của tôi"}]


async def test_a_menu_that_must_wait_makes_the_letter_wait(scripted: Scripted, channel: TelegramChannel) -> None:
    scripted.answers["setMyCommands"] = refused(429, "Too Many Requests: retry after 3", retry_after=3)
    outcome = await channel.send("5000007919", Outgoing("Chào", menu=MENU), None)
    assert outcome == Later("Flood control exceeded. Retry in 3 seconds", 3.0, whole_bot=True, too_many=True)
    assert scripted.methods == ["setMyCommands"]


async def test_a_message_no_splitting_helps_is_rejected_unsent(scripted: Scripted, channel: TelegramChannel) -> None:
    outcome = await channel.send("5000007919", Outgoing("?", ((button("Có", "x" * 65),),)), None)
    assert outcome == Rejected(f"a payload of 65 bytes; Telegram takes 64: shorten {'x' * 65!r}")
    assert scripted.methods == []


async def test_a_photo_telegram_cannot_show_goes_as_a_document(
    scripted: Scripted, channel: TelegramChannel, tmp_path: Path
) -> None:
    kept = await FileStore(tmp_path).keep(JPEG)
    scripted.answers["sendPhoto"] = refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    outgoing = Outgoing("Câu 3", files=(StoredFile(kept.digest, "photo", "giấy khen.jpg"),))
    assert await channel.send("5000007919", outgoing, None) == TAKEN
    assert scripted.methods == ["sendPhoto", "sendDocument"]


async def test_a_photo_for_many_is_uploaded_once(scripted: Scripted, channel: TelegramChannel, tmp_path: Path) -> None:
    kept = await FileStore(tmp_path).keep(JPEG)
    size = {"file_id": "photo-7", "file_unique_id": "7", "width": 1, "height": 1}
    taken = {"message_id": 5, "chat": CHAT, "date": 1793000000, "photo": [size]}
    scripted.answers["sendPhoto"] = (200, {"ok": True, "result": taken})
    outgoing = Outgoing("Mời họp", files=(StoredFile(kept.digest, "photo", "giay-moi.jpg"),))
    for _reader in range(3):
        assert await channel.send("5000007919", outgoing, None) == TAKEN
    sent = [str(fields["photo"]) for _method, fields in scripted.calls]
    assert (sent[0] != "photo-7", sent[1:]) == (True, ["photo-7", "photo-7"])


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(300)


async def test_a_photo_telegram_cannot_show_is_the_same_document_at_each_look(
    bot: TelegramChannel, lan: Person, tmp_path: Path
) -> None:
    kept = await FileStore(tmp_path).keep(HEIC)
    outgoing = Outgoing("Câu 3", files=(StoredFile(kept.digest, "photo", "IMG_0001.HEIC"),))
    for _look in range(3):
        assert isinstance(await bot.send(str(lan.id), outgoing, None), Sent)
    assert [(shown.kind, lan.download(shown)) for shown in lan.inbox] == [("document", HEIC)] * 3


async def test_a_photo_telegram_took_as_a_document_goes_as_one_from_then_on(
    scripted: Scripted, channel: TelegramChannel, tmp_path: Path
) -> None:
    kept = await FileStore(tmp_path).keep(JPEG)
    document = {"file_id": "document-7", "file_unique_id": "7"}
    taken = {"message_id": 5, "chat": CHAT, "date": 1793000000, "document": document}
    scripted.answers["sendPhoto"] = refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    scripted.answers["sendDocument"] = (200, {"ok": True, "result": taken})
    outgoing = Outgoing("Câu 3", files=(StoredFile(kept.digest, "photo", "giấy khen.jpg"),))
    for _look in range(2):
        assert await channel.send("5000007919", outgoing, None) == TAKEN
    assert scripted.methods == ["sendPhoto", "sendDocument", "sendDocument"]
    assert scripted.calls[-1][1]["document"] == "document-7"


async def test_a_file_whose_handle_telegram_has_forgotten_goes_up_again(
    scripted: Scripted, channel: TelegramChannel, tmp_path: Path
) -> None:
    kept = await FileStore(tmp_path).keep(JPEG)
    size = {"file_id": "photo-7", "file_unique_id": "7", "width": 1, "height": 1}
    taken: Answer = (200, {"ok": True, "result": {"message_id": 5, "chat": CHAT, "date": 1793000000, "photo": [size]}})
    answers = iter([taken, refused(400, "Bad Request: wrong file identifier/HTTP URL specified"), taken])
    scripted.answers["sendPhoto"] = lambda: next(answers)
    outgoing = Outgoing("Câu 3", files=(StoredFile(kept.digest, "photo", "giấy khen.jpg"),))
    for _look in range(2):
        assert await channel.send("5000007919", outgoing, None) == TAKEN
    assert [fields["photo"] == "photo-7" for _method, fields in scripted.calls] == [False, True, False]


async def test_a_file_that_came_by_telegram_goes_by_its_own_handle(
    scripted: Scripted, channel: TelegramChannel
) -> None:
    outgoing = Outgoing("Mời họp", files=(ChannelFile("AgAC-1", "photo", "giay-moi.jpg"),))
    assert await channel.send("5000007919", outgoing, None) == TAKEN
    assert [(method, fields["photo"]) for method, fields in scripted.calls] == [("sendPhoto", "AgAC-1")]


NOT_MODIFIED = refused(400, "Bad Request: message is not modified: the same content")


@pytest.mark.parametrize(
    ("answer", "methods", "message_id"),
    [
        (MESSAGE, ["editMessageText"], "4"),
        (NOT_MODIFIED, ["editMessageText"], "4"),
        (refused(400, "Bad Request: message to edit not found"), ["editMessageText", "sendMessage"], "5"),
        (refused(400, "Bad Request: message can't be edited"), ["editMessageText", "sendMessage"], "5"),
    ],
)
async def test_the_message_of_a_topic_is_changed_in_its_place_or_else_sent_anew(
    scripted: Scripted, channel: TelegramChannel, answer: Answer, methods: list[str], message_id: str
) -> None:
    scripted.answers["editMessageText"] = answer
    outgoing = Outgoing("50 %", topic="notice-1")
    assert await channel.send("5000007919", outgoing, None, "4") == Sent(message_id)
    assert scripted.methods == methods


async def test_a_file_erased_meanwhile_is_left_out(scripted: Scripted, channel: TelegramChannel) -> None:
    assert await channel.send("5000007919", Outgoing("Câu 3", files=(PHOTO,)), None) == TAKEN
    assert scripted.methods == ["sendMessage"]


async def test_the_token_is_in_no_log_and_no_error(
    scripted: Scripted, channel: TelegramChannel, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(0)
    path = f"/bot{DEFAULT_TOKEN}/sendMessage"
    answers: list[Answer] = [
        "reset",
        "hang",
        (502, f"cannot GET {path}"),
        (200, f"cannot GET {path}"),
        refused(400, f"Bad Request: {path}"),
        refused(401, f"Unauthorized: {path}"),
        refused(500, path),
    ]
    outcomes = []
    with capture_logs() as logs:
        for answer in answers:
            scripted.answers["sendMessage"] = answer
            outcomes.append(await channel.send("5000007919", HELLO, None))
        for odd in ("http://nowhere.invalid", "http://127.0.0.1:1"):
            outcomes.append(await (there := channel_at(odd, tmp_path)).send("5000007919", HELLO, None))
            await there.stop()
    assert len([outcome for outcome in outcomes if not isinstance(outcome, Sent)]) == len(answers) + 2
    assert SECRET not in f"{outcomes} {logs} {caplog.text}"


async def test_a_refused_token_is_logged_once(scripted: Scripted, channel: TelegramChannel) -> None:
    scripted.answers["sendMessage"] = refused(401, "Unauthorized")
    with capture_logs() as logs:
        await channel.send("5000007919", HELLO, None)
        await channel.send("5000007919", HELLO, None)
    assert [line["event"] for line in logs] == ["token_refused"]


def test_what_is_no_token_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="this is no bot token") as refusal:
        TelegramChannel("my secret", "https://example.org", FileStore(tmp_path))
    assert "my secret" not in str(refusal.value)


@pytest.mark.parametrize("address", ["", "api.telegram.org", "ftp://example.org", "https://"])
def test_what_is_no_address_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no address of a Bot API server"):
        TelegramChannel(DEFAULT_TOKEN, address, FileStore(tmp_path))


async def test_a_proxy_of_the_environment_is_used(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", scripted.url)
    monkeypatch.setenv("no_proxy", "spared.invalid")
    by_proxy, spared = channel_at("http://telegram.invalid", tmp_path), channel_at("http://spared.invalid", tmp_path)
    outcomes = [await channel.send("5000007919", HELLO, None) for channel in (by_proxy, spared)]
    await by_proxy.stop()
    await spared.stop()
    assert [type(outcome) for outcome in outcomes] == [Sent, Later]


async def test_a_proxy_is_told_who_asks_and_may_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.extend((await reader.readuntil(b"\r\n\r\n")).splitlines())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1") as proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://me:word@127.0.0.1:{port}")
        channel = channel_at("https://telegram.invalid", tmp_path)
        outcome = await channel.send("5000007919", HELLO, None)
        await channel.stop()
    assert (asked[0], b"Proxy-Authorization: Basic bWU6d29yZA==" in asked) == (
        b"CONNECT telegram.invalid:443 HTTP/1.1",
        True,
    )
    assert isinstance(outcome, Later)
    assert (outcome.whole_bot, "407" in outcome.error, "word" in outcome.error) == (True, True, False)


@pytest.mark.parametrize("named", ["http", "socks5", "socks5h"])
async def test_a_proxy_that_is_set_comes_before_that_of_the_environment(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with socks_proxy(scripted.url) as (port, asked):
        proxy = scripted.url if named == "http" else f"{named}://me:word@127.0.0.1:{port}"
        channel = channel_at("http://telegram.invalid", tmp_path, proxy=proxy)
        outcomes = [await channel.send("5000007919", HELLO, None) for _ in range(2)]
        await channel.stop()
    assert [type(outcome) for outcome in outcomes] == [Sent, Sent]
    assert asked == ([] if named == "http" else [b"me word telegram.invalid:80"])


@pytest.mark.parametrize(
    ("word", "says"), [("wrong", "ProxyError"), ("word", "ProxyError"), ("", "ProxyConnectionError")]
)
async def test_a_socks_proxy_that_does_not_connect_keeps_letters_waiting(tmp_path: Path, word: str, says: str) -> None:
    async with socks_proxy("http://127.0.0.1:1") as (port, _asked):
        address = f"socks5://me:{word}@127.0.0.1:{port}" if word else "socks5://127.0.0.1:1"
        channel = channel_at("http://telegram.invalid", tmp_path, proxy=address)
        outcome = await channel.send("5000007919", HELLO, None)
        await channel.stop()
    assert isinstance(outcome, Later)
    assert (outcome.whole_bot, says in outcome.error, SECRET in outcome.error) == (True, True, False)


# --- files ---

FILE: Answer = (200, {"ok": True, "result": {"file_id": "a", "file_unique_id": "b", "file_path": "photos/1.jpg"}})


async def test_a_file_is_fetched(scripted: Scripted, channel: TelegramChannel) -> None:
    scripted.answers |= {"getFile": FILE, "download": (200, b"x" * 200_000)}
    assert await channel.fetch("a", 200_000) == b"x" * 200_000


@pytest.mark.parametrize("on_this_machine", [True, False])
async def test_a_local_server_names_a_file_by_its_path(
    scripted: Scripted, channel: TelegramChannel, tmp_path: Path, *, on_this_machine: bool
) -> None:
    path = tmp_path / "photos" / "file_0.jpg"
    if on_this_machine:
        path.parent.mkdir()
        path.write_bytes(JPEG)
    result = {"file_id": "a", "file_unique_id": "b", "file_path": str(path)}
    scripted.answers |= {"getFile": (200, {"ok": True, "result": result}), "download": (200, JPEG)}
    assert await channel.fetch("a", 200_000) == JPEG


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"getFile": FILE, "download": (200, b"x" * 200_001)}, FileTooLarge),
        ({"getFile": (200, {"ok": True, "result": {"file_id": "a", "file_unique_id": "b", "file_size": 200_001}})},
         FileTooLarge),
        ({"getFile": refused(400, "Bad Request: file is too big")}, FileTooLarge),
        ({"getFile": refused(400, "Bad Request: invalid file_id")}, FileGone),
        ({"getFile": FILE, "download": refused(404, "Not Found")}, FileGone),
        ({"getFile": FILE, "download": (502, "<html>")}, FileNotNow),
        ({"getFile": FILE, "download": "reset"}, FileNotNow),
        ({"getFile": FILE, "download": "hang"}, FileNotNow),
        ({"getFile": "reset"}, FileNotNow),
        ({"getFile": refused(429, "Too Many Requests: retry after 3", retry_after=3)}, FileNotNow),
    ],
    ids=str,
)  # fmt: skip
async def test_a_file_that_cannot_be_had_says_why(
    scripted: Scripted, channel: TelegramChannel, answers: Mapping[str, Answer], error: type[Exception]
) -> None:
    scripted.answers |= answers
    with pytest.raises(error) as raised:
        await channel.fetch("a", 200_000)
    assert SECRET not in str(raised.value)


# --- against the strict server ---


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    async with BotApiServer(limits=Limits(speed=1000)) as running:
        yield running


@pytest.fixture
def lan(server: BotApiServer) -> Person:
    person = server.add_person("Nguyễn Thị Lan")
    person.start()
    return person


@pytest.fixture
async def bot(server: BotApiServer, tmp_path: Path) -> AsyncIterator[TelegramChannel]:
    made = channel_at(server.base_url, tmp_path)
    yield made
    await made.stop()


class Inbox:
    """Takes updates in, or fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.kept: list[Incoming] = []
        self.failures = failures

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        if incoming and self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        self.kept += incoming

    @property
    def replies(self) -> list[object]:
        return [incoming.reply for incoming in self.kept]


@pytest.fixture
async def polled(server: BotApiServer, bot: TelegramChannel) -> AsyncIterator[Inbox]:
    inbox = Inbox()
    poll = asyncio.create_task(bot.poll(inbox.receive))
    yield inbox
    await stopped(poll)


async def stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until_idle(server: BotApiServer) -> None:
    async with asyncio.timeout(10):
        while not server.idle():
            await asyncio.sleep(0.01)


def as_sender_and_file_source(channel: TelegramChannel) -> tuple[Sender, FileSource]:
    """A channel is both; mypy says so."""
    return channel, channel


async def test_a_conversation_goes_both_ways_by_the_rules(
    server: BotApiServer, bot: TelegramChannel, lan: Person, polled: Inbox
) -> None:
    await bot.start()
    assert bot.link == "https://t.me/hoctap_1_bot?start={code}"
    await bot.set_menus({"vi": MENU, "en": MENU, "": MENU})
    outgoing = Outgoing("1/10 " + "ă" * 5000, ((button("Hằng ngày", "a:1"), button("Chưa", "a:0")),), menu=MENU)
    assert isinstance(await bot.send(str(lan.id), outgoing, None), Sent)
    lan.press("hằng ngày")
    lan.send_photo(JPEG, "Giấy khen")
    lan.send_voice()
    lan.type("Không")
    lan.edit_last("Có")
    await until_idle(server)
    start, pressed, photo, *others = polled.kept
    assert (start.reply, pressed.reply) == (Typed("/start"), Pressed("a:1"))
    assert isinstance(photo.reply, SentFile)
    assert await bot.fetch(photo.reply.source, 1000) == JPEG
    assert [other.reply for other in others] == [Unreadable("voice"), Typed("Không"), Edited()]
    assert await bot.send(str(lan.id), None, pressed.callback) == Sent()
    assert server.ledger.violations(unanswered_after=0) == []


async def test_menus_are_set_in_the_languages_that_telegram_knows(server: BotApiServer, bot: TelegramChannel) -> None:
    await bot.set_menus({"vi": MENU, "km": MENU, "bdq": MENU, "zh-Hans": MENU, "": MENU})
    assert {language for _scope, language in server.default_bot.commands} == {"vi", "km", ""}
    assert server.ledger.violations() == []


async def test_files_arrive_whole_and_under_their_names(
    server: BotApiServer, bot: TelegramChannel, lan: Person, tmp_path: Path
) -> None:
    kept = await FileStore(tmp_path).keep(JPEG)
    files = (StoredFile(kept.digest, "photo", "giấy khen.jpg"), InlineFile('của "tôi".txt', "Họ tên: Lan"))
    assert isinstance(await bot.send(str(lan.id), Outgoing("Câu 3", ((button("Có"),),), files), None), Sent)
    photo, note = lan.inbox
    assert (photo.text, photo.kind, photo.labels, lan.download(photo)) == ("Câu 3", "photo", (), JPEG)
    assert (note.file_name, note.labels, lan.download(note)) == ("của _tôi_.txt", ("Có",), "Họ tên: Lan".encode())
    assert server.ledger.violations(unanswered_after=0) == []


async def test_parts_of_a_letter_keep_the_pace_of_a_chat(server: BotApiServer, tmp_path: Path) -> None:
    server.limiter.limits = Limits(speed=10)
    bot = TelegramChannel(DEFAULT_TOKEN, server.base_url, FileStore(tmp_path), Rates(300, 10), SHORT)
    lan = server.add_person("Lan")
    lan.start()
    assert isinstance(await bot.send(str(lan.id), Outgoing("ă" * 10_000), None), Sent)
    assert [len(shown.text) for shown in lan.inbox] == [4096, 4096, 1808]
    await bot.stop()


async def test_who_blocked_the_bot_is_not_written_to(bot: TelegramChannel, lan: Person) -> None:
    lan.block()
    assert await bot.send(str(lan.id), HELLO, None) == BlockedByPerson("Forbidden: bot was blocked by the user")


async def test_updates_are_acknowledged_only_once_they_are_kept(server: BotApiServer, bot: TelegramChannel) -> None:
    lan = server.add_person("Lan")
    inbox = Inbox(failures=2)
    lan.type("một")
    lan.type("hai")
    with capture_logs() as logs:
        poll = asyncio.create_task(bot.poll(inbox.receive))
        await until_idle(server)
        await stopped(poll)
    assert [line["event"] for line in logs] == ["updates_not_received"] * 2 + ["telegram_well_again"]
    assert inbox.replies == [Typed("một"), Typed("hai")]


async def test_a_poll_that_ends_before_updates_are_kept_acknowledges_none(
    server: BotApiServer, bot: TelegramChannel
) -> None:
    entered = asyncio.Event()

    async def for_ever(incoming: Sequence[Incoming]) -> None:
        entered.set()
        await asyncio.sleep(60)

    server.add_person("Lan").type("một")
    poll = asyncio.create_task(bot.poll(for_ever))
    await asyncio.wait_for(entered.wait(), 5)
    await stopped(poll)
    assert not server.idle()


async def test_an_offset_serves_for_one_call_only(scripted: Scripted, channel: TelegramChannel) -> None:
    """After a quiet week ids begin anew, lower perhaps: an old offset would acknowledge what nobody has seen."""
    some: Answer = (200, {"ok": True, "result": [{"update_id": n, **message(text="Có")} for n in (41, 43, 42)]})
    none: Answer = (200, {"ok": True, "result": []})
    script = iter([some, none, some, refused(500, "Internal Server Error"), none])
    answered = asyncio.Event()

    def next_answer() -> Answer:
        answer = next(script, None)
        if answer is None:
            answered.set()
        return answer or "hang"

    scripted.answers["getUpdates"] = next_answer
    poll = asyncio.create_task(channel.poll(Inbox().receive))
    await asyncio.wait_for(answered.wait(), 5)
    await stopped(poll)
    asked = [fields for method, fields in scripted.calls if method == "getUpdates"]
    assert [fields.get("offset") for fields in asked] == [None, "44", None, "44", None, None]
    assert {fields["timeout"] for fields in asked} == {"1"}


async def test_polling_survives_poison_and_unknown_kinds(server: BotApiServer, lan: Person, polled: Inbox) -> None:
    server.push_raw("message", {"text": "no chat, no date"})
    server.push_raw("message", {**message(text="a\ud83d")["message"], "from": LAN})
    lan.type("còn đây")
    await until_idle(server)
    assert polled.replies == [Typed("/start"), Typed("a\ud83d"), Typed("còn đây")]


async def test_polling_survives_ids_that_begin_anew(server: BotApiServer, lan: Person, polled: Inbox) -> None:
    await until_idle(server)
    for number in range(2):
        await asyncio.sleep(1.1)  # a poll comes back empty
        server.restart_ids()
        lan.type(str(number))
        await until_idle(server)
    assert polled.replies == [Typed("/start"), *(Typed(str(number)) for number in range(2))]


async def test_polling_gets_by_trouble(server: BotApiServer, bot: TelegramChannel) -> None:
    plan = FaultPlan(internal=0.2, bad_gateway=0.2, reset_before=0.2, hang=0.1, methods=frozenset({"getUpdates"}))
    server.faults = plan
    lan = server.add_person("Lan")
    inbox = Inbox()
    poll = asyncio.create_task(bot.poll(inbox.receive))
    for number in range(5):
        lan.type(str(number))
        await until_idle(server)
    await stopped(poll)
    seen = list(dict.fromkeys(incoming.update_id for incoming in inbox.kept))
    assert len(seen) == 5


async def test_two_pollers_are_told_the_cure_and_go_on(server: BotApiServer, bot: TelegramChannel, lan: Person) -> None:
    inbox = Inbox()
    with capture_logs() as logs:
        first = asyncio.create_task(bot.poll(inbox.receive))
        await until_idle(server)
        second = asyncio.create_task(bot.poll(inbox.receive))
        await asyncio.sleep(0.05)
        await stopped(second)
        lan.type("hai")
        await until_idle(server)
        await stopped(first)
    (trouble,) = [line for line in logs if line["event"] == "telegram_trouble"]
    assert trouble["cure"].startswith("another process polls with this token")
    assert inbox.replies == [Typed("/start"), Typed("hai")]


async def test_polling_takes_over_from_a_webhook(server: BotApiServer, bot: TelegramChannel, lan: Person) -> None:
    await bot.set_webhook("https://bot.example.org", "s3cret")
    assert server.default_bot.webhook is not None
    poll = asyncio.create_task(bot.poll(Inbox().receive))
    await until_idle(server)
    await stopped(poll)
    assert server.default_bot.webhook is None


async def test_a_start_waits_until_telegram_is_there(scripted: Scripted, channel: TelegramChannel) -> None:
    scripted.answers["getMe"] = (502, "<html>")
    start = asyncio.create_task(channel.start())
    await asyncio.sleep(0.05)
    assert (start.done(), channel.link) == (False, None)
    scripted.answers["getMe"] = (200, {"ok": True, "result": {"id": 1234567890, "username": "hoctap_bot"}})
    await asyncio.wait_for(start, 5)
    assert channel.link == "https://t.me/hoctap_bot?start={code}"


# --- webhook ---

TOLD = json.dumps({"update_id": 7, **message(text="Có")}).encode()
HEARD = Incoming("telegram", "1234567890", "5000007919", "7", Typed("Có"))


@pytest.mark.parametrize(
    ("secret", "body", "status", "kept"),
    [
        ("s3cret", TOLD, 200, [HEARD]),
        ("S3cret", TOLD, 403, []),
        ("", TOLD, 403, []),
        ("bí mật \ud83d", TOLD, 403, []),
        ("s3cret", b"{", 400, []),
        ("s3cret", b"[]", 400, []),
        ("s3cret", b"\xff", 400, []),
        ("s3cret", b"[" * 100_000, 400, []),
        ("s3cret", b" " * (MOST_WEBHOOK_BYTES + 1), 413, []),
        ("s3cret", b" " * (MOST_WEBHOOK_BYTES - len(TOLD)) + TOLD, 200, [HEARD]),
        ("s3cret", b"{}", 200, []),
        ("s3cret", b'{"update_id": 7, "invented": {}}', 200, []),
    ],
    ids=range(12),
)
async def test_a_webhook_answers_by_what_came(
    channel: TelegramChannel, secret: str, body: bytes, status: int, kept: list[Incoming]
) -> None:
    await channel.set_webhook("https://bot.example.org/", "s3cret")
    inbox = Inbox()
    assert await channel.handle({SECRET_HEADER: secret}, body, inbox.receive) == status
    assert inbox.kept == kept


async def test_without_a_secret_nobody_is_let_in(channel: TelegramChannel) -> None:
    assert await channel.handle({SECRET_HEADER: ""}, TOLD, Inbox().receive) == 403


async def test_a_webhook_confirms_nothing_that_was_not_kept(channel: TelegramChannel) -> None:
    await channel.set_webhook("https://bot.example.org", "s3cret")
    with pytest.raises(ConnectionError):
        await channel.handle({SECRET_HEADER: "s3cret"}, TOLD, Inbox(failures=1).receive)


async def test_a_webhook_is_set_with_its_secret_and_kinds(scripted: Scripted, channel: TelegramChannel) -> None:
    await channel.set_webhook("https://bot.example.org/telegram", "s3cret")
    ((method, fields),) = scripted.calls
    assert (method, fields["url"], fields["secret_token"]) == (
        "setWebhook",
        "https://bot.example.org/telegram",
        "s3cret",
    )
    kinds = ["message", "edited_message", "callback_query", "my_chat_member"]
    assert json.loads(str(fields["allowed_updates"])) == kinds


async def test_of_two_that_poll_each_rests_longer_the_second_time_and_says_what_to_do(
    server: BotApiServer, tmp_path: Path
) -> None:
    waits = Waits(answer=2, poll=1, conflict=0.05, longest=0.1)
    both = [channel_at(server.base_url, tmp_path, waits) for _ in range(2)]
    with capture_logs() as logs:
        polls = [asyncio.create_task(channel.poll(Inbox().receive)) for channel in both]
        async with asyncio.timeout(20):
            while max((line.get("rests", 0) for line in logs), default=0) < 12 * waits.conflict:
                await asyncio.sleep(0.01)
    for poll in polls:
        poll.cancel()
    troubles = [line for line in logs if line["event"] == "telegram_trouble"]
    assert {line["rests"] for line in troubles} == {waits.conflict, 12 * waits.conflict}
    assert all("several hoctap serve on one database need PUBLIC_URL" in line["cure"] for line in troubles)
    assert any(channel.trouble == "getUpdates: Conflict" for channel in both)
    for channel in both:
        await channel.stop()
