"""The test server itself: its answers to a table of requests, to python-telegram-bot, to rough handling."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.botapi import DEFAULT_TOKEN, BotApiServer, FaultPlan, Limits, Person
from tests.botapi.control import Remote
from tests.botapi.rules import Refused, parse_html

FAST = Limits(speed=1000)


class Client:
    """Calls the server as any HTTP client would."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def __call__(self, method: str, token: str = DEFAULT_TOKEN, /, **fields: object) -> tuple[int, Any]:
        async with self._http.post(f"{self._url}/bot{token}/{method}", json=fields) as response:
            return response.status, await response.json(content_type=None)

    async def ok(self, method: str, **fields: object) -> Any:
        status, body = await self(method, **fields)
        assert (status, body["ok"]) == (200, True), body
        return body["result"]


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    async with BotApiServer(limits=FAST) as running:
        yield running


@pytest.fixture
async def call(server: BotApiServer) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as http:
        yield Client(http, server.base_url)


@pytest.fixture
def lan(server: BotApiServer) -> Person:
    person = server.add_person("Nguyễn Thị Lan")
    person.start()
    return person


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with ptb(server) as ready:
        yield ready


def ptb(server: BotApiServer, token: str = DEFAULT_TOKEN) -> Bot:
    return Bot(token, base_url=server.bot_url, base_file_url=server.file_url)


def keys(*buttons: tuple[str, str], in_a_row: int = 1) -> dict[str, Any]:
    row = [{"text": text, "callback_data": data} for text, data in buttons]
    return {"inline_keyboard": [row[i : i + in_a_row] for i in range(0, len(row), in_a_row)]}


def link(text: str, url: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": text, "url": url}]]}


def bold(offset: int, length: int) -> dict[str, Any]:
    return {"type": "bold", "offset": offset, "length": length}


# --- a table of requests and answers ---

LAN: Any = object()
ON = {"chat_id": LAN}
ACCEPTED = ""
REQUESTS: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", ON | {"text": "Chào"}, ACCEPTED),
    ("SENDMESSAGE", ON | {"text": "Chào"}, ACCEPTED),
    ("sendMessage", {"text": "Chào"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 42, "text": "Chào"}, "chat not found"),
    ("sendMessage", {"chat_id": "bác Lan", "text": "Chào"}, "chat not found"),
    ("sendMessage", ON, "message text is empty"),
    ("sendMessage", ON | {"text": ""}, "message text is empty"),
    ("sendMessage", ON | {"text": " \n "}, "text must be non-empty"),
    ("sendMessage", ON | {"text": "\ud83d"}, "strings must be encoded in UTF-8"),
    ("sendMessage", ON | {"text": "a" * 4096}, ACCEPTED),
    ("sendMessage", ON | {"text": "a" * 4097}, "message is too long"),
    ("sendMessage", ON | {"text": "😀" * 2048}, ACCEPTED),
    ("sendMessage", ON | {"text": "😀" * 2049}, "message is too long"),
    ("sendMessage", ON | {"text": "<b>" + "a" * 4096 + "</b>", "parse_mode": "HTML"}, ACCEPTED),
    ("sendMessage", ON | {"text": "a", "parse_mode": "BBCode"}, "unsupported parse_mode"),
    (
        "sendMessage",
        ON | {"text": "é <Lan>", "parse_mode": "HTML"},
        'can\'t parse entities: Unsupported start tag "lan" at byte offset 3',
    ),
    ("sendMessage", ON | {"text": "a", "reply_markup": keys(("Có", "x" * 64))}, ACCEPTED),
    ("sendMessage", ON | {"text": "a", "reply_markup": keys(("Có", "x" * 65))}, "BUTTON_DATA_INVALID"),
    ("sendMessage", ON | {"text": "a", "reply_markup": keys(("Có", "ế" * 22))}, "BUTTON_DATA_INVALID"),
    ("sendMessage", ON | {"text": "a", "reply_markup": keys(*[("Có", "c")] * 100, in_a_row=8)}, ACCEPTED),
    (
        "sendMessage",
        ON | {"text": "a", "reply_markup": keys(*[("Có", "c")] * 101, in_a_row=8)},
        "reply markup is too long",
    ),
    (
        "sendMessage",
        ON | {"text": "a", "reply_markup": keys(*[("Có", "c")] * 9, in_a_row=9)},
        "reply markup is too long",
    ),
    (
        "sendMessage",
        ON | {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "Có"}]]}},
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    ("sendMessage", ON | {"text": "a", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ("sendMessage", ON | {"text": "a", "reply_markup": "[]"}, "object expected as reply markup"),
    (
        "sendMessage",
        ON | {"text": "a", "reply_markup": link("Lịch", "https://hoctap.example/lich?tuan=1")},
        ACCEPTED,
    ),
    (
        "sendMessage",
        ON | {"text": "a", "reply_markup": link("Lịch", "http://localhost/lich")},
        "inline keyboard button URL 'http://localhost/lich' is invalid: Wrong HTTP URL",
    ),
    ("sendMessage", ON | {"text": "Kính mời", "entities": [bold(0, 4), bold(5, 3)]}, ACCEPTED),
    ("sendMessage", ON | {"text": "😀 mời", "entities": '[{"type": "bold", "offset": 3, "length": 3}]'}, ACCEPTED),
    ("sendMessage", ON | {"text": "a", "entities": []}, ACCEPTED),
    ("sendMessage", ON | {"text": "a", "entities": "[{"}, "can't parse entities JSON object"),
    ("sendMessage", ON | {"text": "a", "entities": {}}, "can't parse entities: expected an Array of MessageEntity"),
    ("sendMessage", ON | {"text": "a", "entities": ["b"]}, "can't parse MessageEntity: expected an Object"),
    (
        "sendMessage",
        ON | {"text": "a", "entities": [{"type": "strong", "offset": 0, "length": 1}]},
        "can't parse MessageEntity: Unsupported type specified",
    ),
    (
        "sendMessage",
        ON | {"text": "a", "entities": [{"type": "bold", "offset": "0", "length": 1}]},
        'can\'t parse MessageEntity: Field "offset" must be of type Number',
    ),
    (
        "sendMessage",
        ON | {"text": "😀 mời", "entities": [bold(3, 4)]},
        "entity beginning at UTF-16 offset 3 ends after the end of the text at UTF-16 offset 6",
    ),
    (
        "sendMessage",
        ON | {"text": "😀 mời", "entities": [bold(1, 2)]},
        "entity beginning at UTF-16 offset 1 begins in a middle of a UTF-16 symbol",
    ),
    ("sendMessage", ON | {"text": "a", "entities": [bold(-1, 1)]}, "receive an entity with incorrect offset"),
    ("sendPhoto", ON, "there is no photo in the request"),
    (
        "sendPhoto",
        ON | {"photo": "https://example.org/a.jpg", "caption": "Mời", "caption_entities": [bold(0, 4)]},
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3",
    ),
    ("sendPhoto", ON | {"photo": "https://example.org/a.jpg", "caption": "a" * 1024}, ACCEPTED),
    (
        "sendPhoto",
        ON | {"photo": "https://example.org/a.jpg", "caption": "a" * 1025},
        "message caption is too long",
    ),
    ("sendDocument", ON | {"document": "no-such-id"}, "wrong file identifier/HTTP URL specified"),
    ("sendChatAction", ON | {"action": "typing"}, ACCEPTED),
    ("sendChatAction", ON | {"action": "dancing"}, "wrong parameter action in request"),
    ("editMessageText", ON | {"text": "a"}, "message identifier is not specified"),
    ("editMessageText", ON | {"message_id": 1, "text": "a"}, "message to edit not found"),
    ("editMessageReplyMarkup", ON | {"message_id": "x"}, "message identifier is not specified"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "7"},
        "query is too old and response timeout expired or query ID is invalid",
    ),
    ("getFile", {"file_id": "no-such-id"}, "invalid file_id"),
    ("setMyCommands", {}, 'parameter "commands" is required'),
    ("setMyCommands", {"commands": [{"command": "Start", "description": "x"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [], "language_code": "vie"}, "invalid language code specified"),
    ("setMyCommands", {"commands": [{"command": "start", "description": "Bắt đầu"}]}, ACCEPTED),
    ("setMyDescription", {"description": "a" * 513}, "description is too long"),
    ("setMyShortDescription", {"short_description": "a" * 120}, ACCEPTED),
    ("setChatMenuButton", {"menu_button": {"type": "commands"}}, ACCEPTED),
    ("getChat", {"chat_id": LAN}, ACCEPTED),
    ("setWebhook", {"url": "http://example.org/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
    (
        "setWebhook",
        {"url": "https://example.org:8080/"},
        "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
    ),
    (
        "setWebhook",
        {"url": "https://example.org/", "secret_token": "bí mật"},
        "secret token contains unallowed characters",
    ),
]


@pytest.mark.parametrize(("method", "fields", "refusal"), REQUESTS)
async def test_a_request_is_answered_as_telegram_answers_it(
    call: Client, lan: Person, method: str, fields: dict[str, Any], refusal: str
) -> None:
    fields = {name: lan.id if value is LAN else value for name, value in fields.items()}
    status, body = await call(method, **fields)
    assert body.get("description", "") == (f"Bad Request: {refusal}" if refusal else "")
    assert status == (400 if refusal else 200)


@pytest.mark.parametrize(
    ("html", "plain", "entities"),
    [
        ("a &lt; b &amp;&quot; &copy; & c", 'a < b &" &copy; & c', []),
        ("😀<b>Điểm</b>", "😀Điểm", [("bold", 2, 4)]),
        ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ('<a href="https://example.org/?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
    ],
)
def test_html_becomes_text_and_entities(html: str, plain: str, entities: list[tuple[str, int, int]]) -> None:
    formatted = parse_html(html)
    found = [(entity["type"], entity["offset"], entity["length"]) for entity in formatted.entities]
    assert (formatted.text, found) == (plain, entities)


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_html_that_is_not_well_formed_is_refused(html: str, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_html(html)
    assert refused.value.description == f"Bad Request: can't parse entities: {complaint}"


async def test_urlencoded_query_and_multipart_requests_are_read_alike(server: BotApiServer, lan: Person) -> None:
    url = f"{server.bot_url}{DEFAULT_TOKEN}/sendMessage"
    fields = {"chat_id": str(lan.id), "text": "3", "reply_markup": '{"inline_keyboard": []}'}
    form = aiohttp.FormData(fields, default_to_multipart=True)
    async with aiohttp.ClientSession() as http:
        for request in (http.get(url, params=fields), http.post(url, data=fields), http.post(url, data=form)):
            async with request as response:
                assert (await response.json())["result"]["text"] == "3"


async def test_a_wrong_token_and_an_unknown_method_break_the_rules(server: BotApiServer, call: Client) -> None:
    assert await call("getMe", "1234567890:AAwrong") == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    assert (await call("sendFax"))[0] == 404
    assert [violation.kind for violation in server.ledger.violations()] == ["wrong token", "unknown method"]


async def test_unknown_and_mistyped_fields_are_overlooked_but_noted(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    await call.ok("sendMessage", chat_id=lan.id, text="a", txt="b", protect_content="maybe")
    assert [violation.detail for violation in server.ledger.violations()] == [
        "sendMessage: unknown field 'txt'",
        "sendMessage: protect_content='maybe' is no bool",
    ]


async def test_a_button_with_two_acts_is_overlooked_but_noted(server: BotApiServer, call: Client, lan: Person) -> None:
    both = {"inline_keyboard": [[{"text": "Lịch", "url": "https://hoctap.example", "callback_data": "x"}]]}
    await call.ok("sendMessage", chat_id=lan.id, text="a", reply_markup=both)
    found = [violation.detail for violation in server.ledger.violations()]
    assert found == ["sendMessage: [Lịch] has callback_data and url"]


async def test_entities_are_told_back_in_order_and_move_with_the_text(call: Client, lan: Person) -> None:
    entities = [bold(6, 9), bold(2, 3), {"type": "hashtag", "offset": 0, "length": 1}]
    sent = await call.ok("sendMessage", chat_id=lan.id, text="  Kính mời     ", entities=entities)
    assert (sent["text"], sent["entities"]) == ("Kính mời", [bold(0, 3), bold(4, 4)])


async def test_a_link_opens_outside_of_the_chat(call: Client, lan: Person) -> None:
    await call.ok("sendMessage", chat_id=lan.id, text="a", reply_markup=link("Lịch", "https://hoctap.example"))
    with pytest.raises(LookupError, match=r"opens https://hoctap\.example"):
        lan.press("Lịch")


async def test_a_file_is_sent_again_by_its_id_as_what_it_was(server: BotApiServer, call: Client, lan: Person) -> None:
    lan.send_photo(b"the whole picture")
    lan.send_document(b"%PDF", "giấy mời.pdf")
    _, photo, document = await call.ok("getUpdates")
    photo_id = photo["message"]["photo"][-1]["file_id"]
    document_id = document["message"]["document"]["file_id"]
    await call.ok("sendPhoto", chat_id=lan.id, photo=photo_id, caption="Mời", caption_entities=[bold(0, 3)])
    again = await call.ok("sendDocument", chat_id=lan.id, document=document_id)
    assert (again["document"]["file_name"], lan.download(lan.inbox[-1])) == ("giấy mời.pdf", b"%PDF")
    assert lan.download(lan.inbox[0]) == b"the whole picture"
    for method, wrong in (
        ("sendDocument", {"document": photo_id}),
        ("sendPhoto", {"photo": document_id}),
    ):
        assert (await call(method, chat_id=lan.id, **wrong))[1]["description"] == "Bad Request: type of file mismatch"


async def test_an_edit_that_changes_nothing_is_refused(call: Client, lan: Person) -> None:
    sent = await call.ok("sendMessage", chat_id=lan.id, text="a", reply_markup=keys(("Có", "c")))
    same = {
        "chat_id": lan.id,
        "message_id": sent["message_id"],
        "text": "a",
        "reply_markup": keys(("Có", "c")),
    }
    assert (await call("editMessageText", **same))[1]["description"].startswith("Bad Request: message is not modified")
    edited = await call.ok("editMessageText", **same | {"text": "b"})
    assert (edited["text"], [shown.text for shown in lan.inbox]) == ("b", ["b"])


async def test_nobody_is_written_to_before_they_start_or_after_they_block(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    stranger = server.add_person("Người lạ")
    assert (await call("sendMessage", chat_id=stranger.id, text="a"))[0] == 403
    lan.block()
    refused = (403, "Forbidden: bot was blocked by the user")
    for _ in range(2):
        status, body = await call("sendMessage", chat_id=lan.id, text="a")
        assert (status, body["description"]) == refused
    assert [violation.kind for violation in server.ledger.violations()] == ["wrote to who blocked"]
    lan.unblock()
    await call.ok("sendMessage", chat_id=lan.id, text="a")


# --- updates ---


async def test_updates_stay_until_a_higher_offset_confirms_them(call: Client, lan: Person) -> None:
    lan.type("một")
    first = await call.ok("getUpdates")
    assert [update["message"]["text"] for update in first] == ["/start", "một"]
    assert await call.ok("getUpdates") == first
    assert await call.ok("getUpdates", offset=first[0]["update_id"] + 1) == first[1:]
    assert await call.ok("getUpdates", offset=first[1]["update_id"] + 1) == []
    assert await call.ok("getUpdates") == []


async def test_a_negative_offset_keeps_only_the_last_updates(call: Client, lan: Person) -> None:
    for word in ("một", "hai", "ba"):
        lan.type(word)
    assert [update["message"]["text"] for update in await call.ok("getUpdates", offset=-2)] == ["hai", "ba"]
    assert len(await call.ok("getUpdates")) == 2
    assert len(await call.ok("getUpdates", limit=1)) == 1


async def test_a_long_poll_ends_when_something_comes(call: Client, lan: Person) -> None:
    (start,) = await call.ok("getUpdates")
    poll = asyncio.create_task(call.ok("getUpdates", offset=start["update_id"] + 1, timeout=20))
    await asyncio.sleep(0.05)
    lan.type("có")
    (update,) = await asyncio.wait_for(poll, 2)
    assert update["message"]["text"] == "có"


async def test_unwanted_kinds_of_updates_do_not_come(call: Client, lan: Person) -> None:
    await call.ok("getUpdates", allowed_updates=["message"], offset=-1)
    lan.block()
    lan.unblock()
    lan.type("có")
    assert [[*update][1] for update in await call.ok("getUpdates")] == ["message", "message"]


async def test_updates_have_the_shapes_of_real_ones(call: Client, lan: Person) -> None:
    lan.send_photo(b"0123456789", "ảnh")
    lan.send_document(b"%PDF", "don.pdf")
    lan.send_sticker()
    lan.send_voice()
    lan.share_contact()
    lan.type("tôi cần /help ạ")
    lan.edit_last("thôi")
    lan.block()
    updates = await call.ok("getUpdates")
    parsed = [Update.de_json(update, None) for update in updates]
    messages = [update.message for update in parsed if update.message]
    assert lan.id > 2**31
    assert [photo.width for photo in messages[1].photo] == [90, 320, 800, 1280]
    assert messages[1].photo[-1].file_size == 10
    assert messages[2].document
    assert messages[2].document.file_name == "don.pdf"
    assert messages[3].sticker
    assert messages[4].voice
    assert messages[5].contact
    assert [entity.type for entity in messages[6].entities] == ["bot_command"]
    assert parsed[7].edited_message
    assert parsed[7].edited_message.text == "thôi"
    assert parsed[8].my_chat_member
    assert parsed[8].my_chat_member.new_chat_member.status == "kicked"


def test_a_phone_splits_a_text_that_is_too_long(server: BotApiServer, lan: Person) -> None:
    assert len(lan.type("dài " * 1250)) == 2


async def test_updates_come_again_out_of_order_and_with_new_ids(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    numbers = lan.type("một") + lan.type("hai") + lan.type("ba")
    updates = await call.ok("getUpdates")
    after = updates[-1]["update_id"] + 1
    assert await call.ok("getUpdates", offset=after) == []
    server.redeliver(numbers[:1])
    assert await call.ok("getUpdates", offset=after) == updates[1:2]
    assert await call.ok("getUpdates", offset=after) == []

    restarted = server.restart_ids()
    (first,) = lan.type("bốn")
    assert first == restarted
    assert [update["update_id"] for update in await call.ok("getUpdates", offset=after)] == [first]
    assert await call.ok("getUpdates", offset=first + 1) == []

    server.shuffle()
    many = [update_id for word in "abcdefgh" for update_id in lan.type(word)]
    found = [update["update_id"] for update in await call.ok("getUpdates")]
    assert sorted(found) == many
    assert found != many


async def test_poison_is_delivered_as_it_is(server: BotApiServer, call: Client) -> None:
    server.push_raw("message", {"text": "a\x00b\ud83d"})
    server.push_raw("hologram", {})
    poison, unknown = await call.ok("getUpdates")
    assert (poison["message"]["text"], "hologram" in unknown) == ("a\x00b\ud83d", True)


# --- webhook ---


class Receiver:
    """A webhook that answers with these statuses, one after another, then 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[str | None, Any]] = []
        self.url = ""

    async def __aenter__(self) -> "Receiver":
        application = web.Application()
        application.router.add_post("/telegram", self._receive)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/telegram"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.got.append((secret, await request.json()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, update in self.got]


async def settled(server: BotApiServer) -> None:
    async with asyncio.timeout(5):
        while not server.idle():
            await asyncio.sleep(0.01)


async def test_a_webhook_gets_each_update_until_it_acknowledges(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    async with Receiver(500, 403) as receiver:
        await call.ok("setWebhook", url=receiver.url, secret_token="s3-cret_", max_connections=1)
        lan.type("một")
        await settled(server)
        assert receiver.texts() == ["/start", "/start", "/start", "một"]
        assert {secret for secret, _ in receiver.got} == {"s3-cret_"}
        info = await call.ok("getWebhookInfo")
        assert (info["pending_update_count"], info["max_connections"]) == (0, 1)
        assert info["last_error_message"] == "Wrong response from the webhook: 403 Forbidden"


async def test_a_webhook_that_nobody_serves_is_tried_again_later(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    async with Receiver() as receiver:
        await call.ok("setWebhook", url="http://127.0.0.1:9/")
        await asyncio.sleep(0.05)
        assert not server.idle()
        await call.ok("setWebhook", url=receiver.url)
        await settled(server)
        server.redeliver([receiver.got[0][1]["update_id"]])
        await settled(server)
        await asyncio.sleep(0.05)
        assert receiver.texts() == ["/start", "/start"]


async def test_polling_and_a_webhook_exclude_each_other(server: BotApiServer, call: Client) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    await call.ok("setWebhook", url="https://example.org/telegram")
    assert (await poll)[1]["description"] == "Conflict: terminated by setWebhook request"
    assert (await call("getUpdates"))[0] == 409
    await call.ok("setWebhook", url="")
    assert (await call("getUpdates"))[0] == 200


# --- limits and faults ---


async def test_the_second_message_in_a_second_to_one_chat_is_too_many() -> None:
    async with BotApiServer(limits=Limits(per_chat_burst=1)) as server, aiohttp.ClientSession() as http:
        call = Client(http, server.base_url)
        lan, minh = server.add_person("Lan"), server.add_person("Minh")
        lan.start()
        minh.start()
        await call.ok("sendMessage", chat_id=lan.id, text="a")
        status, body = await call("sendMessage", chat_id=lan.id, text="b")
        assert (status, body) == (
            429,
            {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 1",
                "parameters": {"retry_after": 1},
            },
        )
        await call.ok("sendMessage", chat_id=minh.id, text="a")
        await asyncio.sleep(0.4)
        assert (await call("sendMessage", chat_id=lan.id, text="b"))[0] == 429
        await asyncio.sleep(0.65)
        await call.ok("sendMessage", chat_id=lan.id, text="b")
        assert (server.ledger.too_many, server.ledger.injected_too_many) == (2, 0)
        kinds = {violation.kind for violation in server.ledger.violations()}
        assert kinds == {"too fast", "retry_after ignored"}


async def test_a_bot_sends_thirty_a_second_and_a_group_gets_twenty_a_minute() -> None:
    async with BotApiServer() as server, aiohttp.ClientSession() as http:
        call = Client(http, server.base_url)
        group = server.add_group("Chi hội thôn Đông")
        statuses = [(await call("sendMessage", chat_id=group, text="a"))[0] for _ in range(21)]
        assert statuses == [200] * 20 + [429]
        people = [server.add_person(f"Người {number}") for number in range(25)]
        for person in people:
            person.start()
        sent = [(await call("sendMessage", chat_id=person.id, text="a"))[0] for person in people]
        assert sent[:10] == [200] * 10
        assert 429 in sent


async def test_speed_scales_the_limits() -> None:
    async with BotApiServer(limits=Limits(speed=50)) as server, aiohttp.ClientSession() as http:
        call = Client(http, server.base_url)
        lan = server.add_person("Lan")
        lan.start()
        for _ in range(10):
            await call.ok("sendMessage", chat_id=lan.id, text="a")
            await asyncio.sleep(0.02)
        assert server.ledger.too_many == 0


async def test_faults_happen_as_planned_and_are_recorded(server: BotApiServer, call: Client, lan: Person) -> None:
    send = {"chat_id": lan.id, "text": "a"}
    server.faults = FaultPlan(internal=1)
    assert (await call("sendMessage", **send))[0] == 500
    server.faults = FaultPlan(bad_gateway=1)
    async with aiohttp.ClientSession() as http:
        url = f"{server.bot_url}{DEFAULT_TOKEN}/sendMessage"
        async with http.post(url, json=send) as response:
            assert response.status == 502
    for plan in (FaultPlan(reset_before=1), FaultPlan(reset_after=1), FaultPlan(hang=1, hang_seconds=0.05)):
        server.faults = plan
        with pytest.raises(aiohttp.ClientConnectionError):
            await call("sendMessage", **send)
        await call.ok("getMe")
    server.faults = FaultPlan(too_many=1)
    assert (await call("sendMessage", **send))[1]["parameters"] == {"retry_after": 1}
    ledger = server.ledger
    assert len(ledger.messages) == ledger.ambiguous_accepted
    assert (ledger.ambiguous, ledger.injected_too_many, ledger.too_many) == (4, 1, 0)
    assert len(ledger.failures) == 6
    assert ledger.violations() == []


async def test_a_refused_send_is_not_counted_as_ambiguous(server: BotApiServer, call: Client, lan: Person) -> None:
    server.faults = FaultPlan(reset_after=1)
    assert (await call("sendMessage", chat_id=lan.id))[0] == 400
    assert (server.ledger.ambiguous_accepted, server.ledger.failures) == (0, [])


async def test_an_answer_lost_after_polling_leaves_the_updates_waiting(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    server.faults = FaultPlan(reset_after=1, methods=frozenset({"getUpdates"}))
    with pytest.raises(aiohttp.ClientConnectionError):
        await call("getUpdates")
    server.faults = FaultPlan()
    assert len(await call.ok("getUpdates")) == 1


async def test_the_same_people_block_the_bot_whenever_it_writes(server: BotApiServer, call: Client) -> None:
    crowd = server.add_crowd(40)
    server.faults = FaultPlan(forbidden=0.5, faithful=frozenset({crowd[0].id}), seed=3)
    statuses = [(await call("sendMessage", chat_id=person.id, text="a"))[0] for person in crowd]
    again = [(await call("sendMessage", chat_id=person.id, text="b"))[0] for person in crowd]
    assert (statuses, set(statuses), statuses[0]) == (again, {200, 403}, 200)
    assert {violation.kind for violation in server.ledger.violations()} == {"wrote to who blocked"}
    tally = server.ledger.tally("a")
    assert (len(tally.chats), len(tally.blocked)) == (statuses.count(200), statuses.count(403))


async def test_the_same_seed_brings_the_same_faults(lan: Person, call: Client, server: BotApiServer) -> None:
    seen = []
    for _ in range(2):
        server.faults = FaultPlan(internal=0.5, seed=7)
        seen.append([(await call("sendMessage", chat_id=lan.id, text="a"))[0] for _ in range(20)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


async def test_an_unanswered_press_is_a_violation_once_the_bot_knows_of_it(
    server: BotApiServer, call: Client, lan: Person
) -> None:
    await call.ok("sendMessage", chat_id=lan.id, text="Đồng ý?", reply_markup=keys(("Có", "yes")))
    lan.press("có")
    assert server.ledger.violations(unanswered_after=0) == []
    press = (await call.ok("getUpdates"))[-1]["callback_query"]
    assert (press["data"], press["message"]["text"]) == ("yes", "Đồng ý?")
    assert [found.kind for found in server.ledger.violations(unanswered_after=0)] == ["unanswered callback query"]
    await call.ok("answerCallbackQuery", callback_query_id=press["id"], text="Đã ghi")
    assert (server.ledger.violations(unanswered_after=0), lan.toasts) == ([], ["Đã ghi"])
    assert (await call("answerCallbackQuery", callback_query_id=press["id"]))[0] == 400


# --- python-telegram-bot as the client ---


async def test_ptb_talks_to_a_person(server: BotApiServer, bot: Bot, lan: Person) -> None:
    assert (await bot.get_me()).is_bot
    rows = [[InlineKeyboardButton("Hằng ngày", callback_data="q1:daily")]]
    await bot.send_message(lan.id, "<b>1/10</b> Đọc sách", parse_mode="HTML", reply_markup=InlineKeyboardMarkup(rows))
    shown = await lan.wait_for("1/10")
    assert (shown.text, shown.labels) == ("1/10 Đọc sách", ("Hằng ngày",))
    lan.press("Hằng ngày")
    update = (await bot.get_updates())[-1]
    assert update.callback_query
    assert update.callback_query.data == "q1:daily"
    assert await update.callback_query.answer()
    await update.callback_query.edit_message_text("Đã ghi")
    assert (await lan.wait_for(lambda message: message.edited)).labels == ()
    with pytest.raises(BadRequest, match="not modified"):
        await update.callback_query.edit_message_text("Đã ghi")
    assert server.ledger.violations(unanswered_after=0) == []


async def test_ptb_sends_and_fetches_files(bot: Bot, lan: Person) -> None:
    lan.send_photo(b"the whole picture")
    (_, update) = await bot.get_updates()
    assert update.message
    file = await update.message.photo[-1].get_file()
    assert bytes(await file.download_as_bytearray()) == b"the whole picture"
    await bot.send_document(lan.id, InputFile(b"%PDF-", "giấy.pdf"), caption="Giấy chứng nhận")
    await bot.send_photo(lan.id, b"\x89PNG")
    certificate, photo = lan.inbox
    assert (certificate.file_name, lan.download(certificate)) == ("giấy.pdf", b"%PDF-")
    assert (photo.kind, lan.download(photo)) == ("photo", b"\x89PNG")


async def test_ptb_raises_its_own_errors(server: BotApiServer, bot: Bot, lan: Person) -> None:
    server.faults = FaultPlan(reset_after=1)
    with pytest.raises(NetworkError):
        await bot.send_message(lan.id, "a")
    server.faults = FaultPlan()
    lan.block()
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(lan.id, "a")
    lan.unblock()
    server.faults = FaultPlan(too_many=1, retry_after=3)
    with pytest.raises(RetryAfter, match="Retry in 3 seconds"):
        await bot.send_message(lan.id, "a")
    with pytest.raises(InvalidToken):
        await ptb(server, "1234567890:AAwrong").get_me()
    async with ptb(server) as second:
        poll = asyncio.create_task(bot.get_updates(offset=2**31 - 1, timeout=10))
        await asyncio.sleep(0.1)
        await second.get_updates()
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await poll


async def test_ptb_sets_menus_and_a_webhook(server: BotApiServer, bot: Bot, lan: Person) -> None:
    assert await bot.set_my_commands([("start", "Bắt đầu"), ("help", "Trợ giúp")], language_code="vi")
    assert [command.command for command in await bot.get_my_commands(language_code="vi")] == ["start", "help"]
    assert await bot.get_my_commands() == ()
    async with Receiver() as receiver:
        assert await bot.set_webhook(receiver.url, secret_token="abc")
        await settled(server)
        assert receiver.texts() == ["/start"]
        assert (await bot.get_webhook_info()).url == receiver.url
        assert await bot.delete_webhook()


async def test_two_bots_know_nothing_of_each_other(server: BotApiServer, lan: Person) -> None:
    other = server.add_bot("9876543210:BBtesttokenBBtesttokenBBtesttoken02")
    async with ptb(server, other.token) as second:
        with pytest.raises(BadRequest, match="Chat not found"):
            await second.send_message(lan.id, "a")
        server.add_person(lan.name, bot=other, user_id=lan.id).start()
        await second.send_message(lan.id, "từ bot thứ hai")
    assert lan.inbox == []


# --- in a process of its own ---


async def test_another_process_is_controlled_over_http() -> None:
    async with elsewhere() as url, Remote(url) as remote, aiohttp.ClientSession() as http:
        await remote.ready()
        await _play(remote, Client(http, url))


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    command = (sys.executable, "-m", "tests.botapi", "--speed", "1000")
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=root)
    try:
        assert process.stdout
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        assert await process.wait() == 0


async def test_a_crowd_in_another_process_is_written_to_and_counted_and_some_write_meanwhile() -> None:
    async with elsewhere() as url, Remote(url) as remote, aiohttp.ClientSession() as http:
        call = Client(http, url)
        crowd = await remote.add_crowd(500)
        await remote.post("chatter", {"people": crowd[:2], "text": "/status", "per_second": 50})
        await asyncio.sleep(0.1)
        for person in crowd:
            await call.ok("sendMessage", chat_id=person, text="Kính mời bà con")
        await call.ok("sendMessage", chat_id=crowd[0], text="Phiếu đã xong")
        waits = await remote.post("chatter/stop", {"notice": "Kính mời", "patience": 0})
        assert (len(waits["answered"]), waits["unanswered"] > 0) == (1, True)
        tally = await remote.tally("Kính mời")
        assert (tally.chats, len(tally.times), tally.sends) == (dict.fromkeys(crowd, 1), 501, 501)
        assert tally.times[0] == tally.first < tally.last < tally.times[-1]
        await remote.set_faults(FaultPlan(reset_after=1))
        with pytest.raises(aiohttp.ClientConnectionError):
            await call("sendMessage", chat_id=crowd[0], text="Kính mời")
        tally = await remote.tally("Kính mời")
        assert (tally.chats[crowd[0]], tally.ambiguous) == (2, 1)


async def _play(remote: Remote, call: Client) -> None:
    lan = await remote.add_person("Lan")
    await lan.do("start")
    await call.ok("sendMessage", chat_id=lan.id, text="Đồng ý?", reply_markup=keys(("Có", "yes")))
    shown = await lan.wait_for("Đồng ý")
    assert shown.labels == ("Có",)
    await lan.press("có")
    await lan.do("send_photo", content=b"123")
    assert [[*update][1] for update in await call.ok("getUpdates")] == [
        "message",
        "callback_query",
        "message",
    ]
    await remote.set_faults(FaultPlan(internal=1))
    assert (await call("sendMessage", chat_id=lan.id, text="a"))[0] == 500
    ledger = await remote.ledger()
    assert [entry["text"] for entry in ledger["accepted"]] == ["Đồng ý?"]
    assert [found["kind"] for found in await remote.violations(0)] == ["unanswered callback query"]
    with pytest.raises(AssertionError, match="waited"):
        await lan.wait_for("điều chưa nói", timeout=0.05)
    with pytest.raises(AssertionError, match=r"sees no \[Không\], but \[Có\]"):
        await lan.press("Không")
