"""The Bot API's written rules: methods, fields, lengths, keyboards, HTML, and the wording of refusals."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, Literal

Json = dict[str, Any]
Kind = Literal["int", "str", "bool", "chat", "json", "file"]

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_CALLBACK_BYTES: Final = 64
MAX_BUTTONS: Final = 100
MAX_ROW: Final = 8
MAX_ANSWER: Final = 200
MAX_DOWNLOAD: Final = 20 * 2**20
MAX_PHOTO: Final = 10 * 2**20
MAX_UPLOAD: Final = 50 * 2**20

CHAT_ACTIONS: Final = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
        "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip
QUERY_TOO_OLD: Final = "Bad Request: query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED: Final = (
    "Bad Request: message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
POLLED_TWICE: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
POLL_ENDED_BY_WEBHOOK: Final = "Conflict: terminated by setWebhook request"


class Refused(Exception):
    """A request Telegram answers with `ok: false`."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


# --- methods and their fields ---

_SENT_BY = "business_connection_id:str chat_id:chat! message_thread_id:int direct_messages_topic_id:int"
_SEND_OPTIONS = (
    "disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id:str "
    "suggested_post_parameters:json reply_parameters:json reply_markup:json"
)
_CAPTION = "caption:str parse_mode:str caption_entities:json"
_EDITED = "business_connection_id:str chat_id:chat message_id:int inline_message_id:str reply_markup:json"

# One method a line, `!` marks a required field. From the published Bot API 10.1.
_TABLE: Final = f"""
getMe
getUpdates offset:int limit:int timeout:int allowed_updates:json
setWebhook url:str! certificate:file ip_address:str max_connections:int allowed_updates:json drop_pending_updates:bool secret_token:str
deleteWebhook drop_pending_updates:bool
getWebhookInfo
sendMessage {_SENT_BY} text:str! parse_mode:str entities:json link_preview_options:json {_SEND_OPTIONS}
sendPhoto {_SENT_BY} photo:file! {_CAPTION} show_caption_above_media:bool has_spoiler:bool {_SEND_OPTIONS}
sendDocument {_SENT_BY} document:file! thumbnail:file {_CAPTION} disable_content_type_detection:bool {_SEND_OPTIONS}
sendChatAction business_connection_id:str chat_id:chat! message_thread_id:int action:str!
editMessageText {_EDITED} text:str parse_mode:str entities:json link_preview_options:json rich_message:json
editMessageReplyMarkup {_EDITED}
answerCallbackQuery callback_query_id:str! text:str show_alert:bool url:str cache_time:int
setMyCommands commands:json! scope:json language_code:str
deleteMyCommands scope:json language_code:str
getMyCommands scope:json language_code:str
setMyDescription description:str language_code:str
setMyShortDescription short_description:str language_code:str
setChatMenuButton chat_id:int menu_button:json
getFile file_id:str!
getChat chat_id:chat!
"""  # noqa: E501

_MISSING: Final = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
    "action": "wrong parameter action in request",
    "callback_query_id": QUERY_TOO_OLD.removeprefix("Bad Request: "),
    "file_id": "invalid file_id",
}


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    fields: Mapping[str, Kind]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart request."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """A request's fields in their declared types, and what real Telegram would have silently overlooked."""

    values: Mapping[str, Any]
    oddities: tuple[str, ...] = ()
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)


def _read_table(table: str) -> dict[str, Method]:
    return {line.split()[0].lower(): _read_method(line.split()) for line in table.strip().splitlines()}


def _read_method(words: list[str]) -> Method:
    pairs = [word.rstrip("!").split(":") for word in words[1:]]
    kinds: dict[str, Any] = dict(pairs)
    return Method(words[0], kinds, frozenset(word.split(":")[0] for word in words[1:] if word.endswith("!")))


# Keyed in lower case: Telegram takes method names in any case.
METHODS: Final = _read_table(_TABLE)


def read_params(method: Method, raw: Mapping[str, object]) -> Params:
    """Give the request's fields their declared types; refuse what Telegram would refuse."""
    values: dict[str, Any] = {}
    oddities = [
        f"unknown field {name!r}" for name in raw if name not in method.fields and not _is_attachment(raw, name)
    ]
    for name, kind in method.fields.items():
        value = raw.get(name)
        if value is None or value == "":
            continue
        try:
            values[name] = _typed(kind, value, name)
        except ValueError:
            oddities.append(f"{name}={value!r} is no {kind}")
    _require(method, values)
    uploads = {name: value for name, value in raw.items() if isinstance(value, Upload)}
    return Params(values, tuple(oddities), uploads)


def _is_attachment(raw: Mapping[str, object], name: str) -> bool:
    return isinstance(raw[name], Upload)


def _require(method: Method, values: Mapping[str, object]) -> None:
    for name in method.fields:
        if name in method.required and name not in values and not _may_be_empty(method, name):
            raise bad(_MISSING.get(name, f'parameter "{name}" is required'))


def _may_be_empty(method: Method, name: str) -> bool:
    return (method.name, name) == ("setWebhook", "url")  # an empty address removes the webhook


def _typed(kind: Kind, value: object, name: str) -> object:
    match kind:
        case "int":
            return _integer(value)
        case "bool":
            return _boolean(value)
        case "str":
            return _string(value)
        case "chat":
            return _chat(value)
        case "json":
            return _object(value, name)
        case "file":
            return value if isinstance(value, Upload) else _string(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(value)
    return int(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "1"):
        return True
    if str(value).lower() in ("false", "no", "0"):
        return False
    raise ValueError(value)


def _string(value: object) -> str:
    if isinstance(value, dict | list | Upload):
        raise ValueError(value)
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise bad("strings must be encoded in UTF-8") from None
    return text


def _chat(value: object) -> int | str:
    if isinstance(value, str) and value.startswith("@"):
        return value
    try:
        return _integer(value)
    except ValueError:
        raise bad("chat not found") from None


def _object(value: object, name: str) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {_JSON_NAMES.get(name, name)} JSON object") from None


_JSON_NAMES: Final = {
    "reply_markup": "reply keyboard markup", "commands": "commands", "entities": "entities",
    "caption_entities": "entities",
}  # fmt: skip


# --- text and captions ---


@dataclass(frozen=True, slots=True)
class Formatted:
    text: str
    entities: tuple[Json, ...] = ()


def utf16_length(text: str) -> int:
    """How long Telegram counts a text to be: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def message_text(params: Params) -> Formatted:
    """The text of a message, 1 to 4096 UTF-16 units after its markup is parsed."""
    formatted = _trimmed(_formatted(params, "text", "entities"))
    if not params.get("text"):
        raise bad("message text is empty")
    if not formatted.text:
        raise bad("text must be non-empty")
    if utf16_length(formatted.text) > MAX_TEXT:
        raise bad("message is too long")
    return formatted


def message_caption(params: Params) -> Formatted:
    """The caption of a photo or document, at most 1024 UTF-16 units after its markup is parsed."""
    formatted = _formatted(params, "caption", "caption_entities")
    if utf16_length(formatted.text) > MAX_CAPTION:
        raise bad("message caption is too long")
    return formatted


def _formatted(params: Params, text_field: str, entities_field: str) -> Formatted:
    text = str(params.get(text_field, ""))
    match str(params.get("parse_mode", "")).lower():
        case "":
            return Formatted(text, _checked_entities(text, params.get(entities_field)))
        case "html":
            return parse_html(text)
        case "markdown" | "markdownv2":
            raise bad("this test server parses no Markdown; send HTML")
        case _:
            raise bad("unsupported parse_mode")


# What somebody may set, and what Telegram finds by itself and overlooks when it is set.
_SET: Final = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code",
        "pre", "text_link", "text_mention", "custom_emoji",
    }
)  # fmt: skip
_FOUND: Final = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})


def _checked_entities(text: str, given: object) -> tuple[Json, ...]:
    """The entities of a text, in order; refused unless each is of a known type and lies within the text."""
    if given is None or given == []:
        return ()
    if not isinstance(given, list):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    edges = _utf16_edges(text)
    entities = [entity for entity in given if _is_kept(entity, edges)]
    return tuple(sorted(entities, key=lambda entity: (entity["offset"], -entity["length"])))


def _utf16_edges(text: str) -> frozenset[int]:
    """Where a letter begins or the text ends, in UTF-16 units."""
    ends = accumulate((1 + (char > "\uffff") for char in text), initial=0)
    return frozenset(ends)


def _is_kept(entity: object, edges: frozenset[int]) -> bool:
    if not isinstance(entity, dict):
        raise _no_entity("expected an Object")
    start, length, kind = (entity.get(name) for name in ("offset", "length", "type"))
    for name, value in (("offset", start), ("length", length)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise _no_entity(f'Field "{name}" must be of type Number')
    if kind not in _SET | _FOUND:
        raise _no_entity("Unsupported type specified")
    if kind == "text_link" and not _is_link(entity.get("url")):
        raise _no_entity("Wrong HTTP URL")
    _check_place(entity["offset"], entity["length"], edges)
    return kind in _SET and entity["length"] > 0


def _check_place(start: int, length: int, edges: frozenset[int]) -> None:
    if start < 0 or length < 0:
        raise bad(f"receive an entity with incorrect {'offset' if start < 0 else 'length'}")
    if start + length > max(edges):
        raise bad(
            f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {max(edges)}"
        )
    if not {start, start + length} <= edges:
        where = "begins" if start not in edges else "ends"
        raise bad(f"entity beginning at UTF-16 offset {start} {where} in a middle of a UTF-16 symbol")


def _no_entity(why: str) -> Refused:
    return bad(f"can't parse MessageEntity: {why}")


def _trimmed(formatted: Formatted) -> Formatted:
    kept = formatted.text.strip()
    if len(kept) == len(formatted.text):
        return formatted
    # Offsets count from the first character that is kept.
    shift = utf16_length(formatted.text[: len(formatted.text) - len(formatted.text.lstrip())])
    moved = (_moved(entity, shift, utf16_length(kept)) for entity in formatted.entities)
    return Formatted(kept, tuple(entity for entity in moved if entity["length"] > 0))


def _moved(entity: Json, shift: int, end: int) -> Json:
    start, stop = (min(end, max(0, place - shift)) for place in (entity["offset"], entity["offset"] + entity["length"]))
    return entity | {"offset": start, "length": stop - start}


_TAG_ENTITIES: Final = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "a": "text_link",
    "code": "code", "pre": "pre", "span": "spoiler", "tg-spoiler": "spoiler", "tg-emoji": "custom_emoji",
    "blockquote": "blockquote",
}  # fmt: skip
_CHARACTER: Final = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")
_ATTRIBUTE: Final = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def parse_html(source: str) -> Formatted:
    """Take Telegram's HTML apart into plain text and entities, or refuse it."""
    parser = _HtmlParser(source)
    return parser.parse()


class _HtmlParser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._plain = ""
        self._open: list[tuple[str, int, Json]] = []
        self._entities: list[Json] = []

    def parse(self) -> Formatted:
        while self._at < len(self._source):
            self._step()
        if self._open:
            raise self._refused(f'Can\'t find end tag corresponding to start tag "{self._open[-1][0]}"')
        return Formatted(self._plain, tuple(sorted(self._entities, key=lambda e: (e["offset"], -e["length"]))))

    def _step(self) -> None:
        if self._source[self._at] == "<":
            self._tag()
        elif escape := _CHARACTER.match(self._source, self._at):
            self._plain += html.unescape(escape.group())
            self._at = escape.end()
        else:
            self._plain += self._source[self._at]
            self._at += 1

    def _tag(self) -> None:
        closing = self._source.startswith("</", self._at)
        name = re.compile(r"[^\s>]*").match(self._source, self._at + 1 + closing)
        word = name.group().lower() if name else ""
        end = self._source.find(">", self._at)
        if not closing and word not in _TAG_ENTITIES:
            raise self._refused(f'Unsupported start tag "{word}" at byte offset {self._offset()}')
        if end < 0:
            raise self._refused(f"Unclosed {'end' if closing else 'start'} tag at byte offset {self._offset()}")
        self._close(word) if closing else self._begin(word, self._source[self._at : end])
        self._at = end + 1

    def _begin(self, name: str, tag: str) -> None:
        attributes = {key: html.unescape(a or b or c) for key, a, b, c in _ATTRIBUTE.findall(tag)}
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._refused(f'Tag "span" must have class "tg-spoiler" at byte offset {self._offset()}')
        extra = {"url": attributes.get("href", "")} if name == "a" else {}
        self._open.append((name, utf16_length(self._plain), extra))

    def _close(self, name: str) -> None:
        if not self._open:
            raise self._refused(f"Unexpected end tag at byte offset {self._offset()}")
        opened, start, extra = self._open.pop()
        if name and name != opened:
            found = f'expected "</{opened}>", found "</{name}>"'
            raise self._refused(f"Unmatched end tag at byte offset {self._offset()}, {found}")
        length = utf16_length(self._plain) - start
        if length:
            self._entities.append({"type": _TAG_ENTITIES[opened], "offset": start, "length": length, **extra})

    def _offset(self) -> int:
        return len(self._source[: self._at].encode())

    def _refused(self, description: str) -> Refused:
        return bad(f"can't parse entities: {description}")


# --- keyboards ---

_ACTIONS: Final = frozenset(
    {
        "url", "callback_data", "web_app", "login_url", "switch_inline_query",
        "switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text", "callback_game",
        "pay",
    }
)  # fmt: skip
_MARKUPS: Final = ("inline_keyboard", "keyboard", "remove_keyboard", "force_reply")


def reply_markup(params: Params, *, inline_only: bool = False) -> Json | None:
    """The checked keyboard of a message, or None when there is none."""
    markup = params.get("reply_markup")
    if markup is None or markup == {}:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if inline_only and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    if not any(kind in markup for kind in _MARKUPS):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in markup:
        _check_rows(markup["inline_keyboard"], _check_inline_button)
    if "keyboard" in markup:
        _check_rows(markup["keyboard"], _check_reply_button)
    return markup


def _check_rows(rows: object, check: Any) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('can\'t parse reply markup: Field "inline_keyboard" must be an Array of Arrays')
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_ROW for row in rows):
        raise bad("reply markup is too long")
    for row in rows:
        for button in row:
            check(button)


def _check_inline_button(button: object) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not button["text"].strip():
        raise bad("BUTTON_TEXT_INVALID")
    if not _ACTIONS & button.keys():
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button:
        _check_callback_data(button["callback_data"])
    if "url" in button and not _is_link(button["url"]):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _is_link(url: object) -> bool:
    """Whether Telegram opens an address: its host must have a dot."""
    return isinstance(url, str) and re.fullmatch(r"(?:https?://[^\s/?#.]+\.\S+|tg://\S+)", url) is not None


def overlooked_in_buttons(markup: Json | None) -> list[str]:
    """What a button says beside the one thing it does: Telegram takes the first and says nothing."""
    rows = (markup or {}).get("inline_keyboard", [])
    return [
        f"[{button['text']}] has {' and '.join(sorted(acts))}"
        for row in rows
        for button in row
        if len(acts := _ACTIONS & button.keys()) > 1
    ]


def _check_callback_data(data: object) -> None:
    if not isinstance(data, str) or not 1 <= len(data.encode("utf-8", "surrogatepass")) <= MAX_CALLBACK_BYTES:
        raise bad("BUTTON_DATA_INVALID")


def _check_reply_button(button: object) -> None:
    text = button.get("text") if isinstance(button, dict) else button
    if not isinstance(text, str):
        raise bad('can\'t parse keyboard button: Field "text" must be of type String')


# --- menus, webhooks, updates ---

_SCOPES: Final = frozenset(
    {
        "default", "all_private_chats", "all_group_chats", "all_chat_administrators", "chat",
        "chat_administrators", "chat_member",
    }
)  # fmt: skip
UPDATE_KINDS_BY_REQUEST: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_WEBHOOK_PORTS: Final = frozenset({443, 80, 88, 8443})


def bot_commands(params: Params) -> list[Json]:
    """The checked menu of commands."""
    commands = params.get("commands")
    if not isinstance(commands, list):
        raise bad("expected an Array of BotCommand")
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        _check_command(command)
    return commands


def _check_command(command: object) -> None:
    if not isinstance(command, dict):
        raise bad("can't parse BotCommand: expected an Object")
    if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(command.get("command", ""))):
        raise bad("BOT_COMMAND_INVALID")
    if not 1 <= utf16_length(str(command.get("description", ""))) <= 256:
        raise bad("BOT_COMMAND_DESCRIPTION_INVALID")


def menu_key(params: Params) -> tuple[str, str]:
    """Whom a menu is for: its scope as sorted JSON, and its two-letter language or nothing."""
    scope = params.get("scope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    return json.dumps(scope, sort_keys=True), language(params)


def language(params: Params) -> str:
    code = str(params.get("language_code", ""))
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad("invalid language code specified")
    return code


def check_webhook(url: str, secret: str) -> None:
    """Refuse what Telegram would refuse; plain HTTP and any port are for this machine only."""
    address = re.fullmatch(r"(https?)://([^/:?#]+|\[[^]]+\])(?::(\d+))?(?:[/?#].*)?", url)
    if not address:
        raise bad("bad webhook: invalid URL host is specified")
    here = address[2] in ("127.0.0.1", "localhost", "[::1]")
    if address[1] != "https" and not here:
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if address[3] and int(address[3]) not in _WEBHOOK_PORTS and not here:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
        raise bad("secret token contains unallowed characters")
