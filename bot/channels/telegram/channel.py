"""A bot on Telegram: sends letters, fetches files, and brings updates by polling or by webhook."""

import asyncio
import hmac
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
)
from telegram import Message as TelegramMessage
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError
from yarl import URL

from bot.channels.telegram.edits import Edits
from bot.channels.telegram.outcomes import WRONG_TOKEN_SECONDS, Backoff, outcome_of, seconds_of
from bot.channels.telegram.parse import CHANNEL, UPDATE_KINDS, parse
from bot.channels.telegram.render import Call, FileCall, Keyboard, TextCall, Unrenderable, render
from bot.channels.telegram.request import AiohttpRequest
from bot.channels.telegram.topics import Topics
from bot.services.channel import Receive
from bot.services.file_types import type_of
from bot.services.files import FileStore
from bot.services.sending import FileGone, FileNotNow, FileTooLarge, Outcome, Rates, Rejected, Sent
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Attachment, ChannelFile, InlineFile, MenuEntry, Outgoing, StoredFile

log = structlog.get_logger()

PUBLIC_API_URL = "https://api.telegram.org"
RATES = Rates(per_bot=30.0, per_chat=1.0)
MOST_UPDATES = 100
# Two processes that poll throw each other out. Whoever is thrown out again within this many seconds rests so many times
# longer, and lets the other work meanwhile; a first time may be a poll left over from before a restart.
CONFLICT_REMEMBERED, CONFLICT_AGAIN = 600.0, 12
MOST_HANDLES = 1000
MOST_RENDERED = 16
LONGEST_DESCRIPTION = 256

WEBHOOK_PATH = "/telegram"
MOST_WEBHOOK_BYTES = 1024 * 1024
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105

TWO_LETTERS = re.compile("[a-z]{2}")
TOKEN_CURE = "set TELEGRAM_TOKEN, or this one of TELEGRAM_TOKENS, to what @BotFather shows"  # noqa: S105
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_NO_PHOTO = re.compile("photo_|image_|type of file mismatch|can't use file of type", re.IGNORECASE)
_UNKNOWN_FILE = re.compile("wrong file identifier|wrong remote file|file_reference", re.IGNORECASE)
_NO_TOPIC = re.compile("message thread not found|topic_", re.IGNORECASE)
# What Telegram shows as a photo. Others that people keep, HEIC for example, it takes as documents only.
SHOWN_AS_PHOTO = frozenset({"image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Handle:
    """Telegram's own id of a file it has. A photo and a document are not sent by each other's."""

    file_id: str
    as_photo: bool


Contents = Mapping[Attachment, bytes | Handle]


@dataclass(frozen=True, slots=True)
class Waits:
    """How many seconds an answer may take, a poll waits for updates, and one rests after trouble."""

    answer: float = 15.0
    poll: int = 25
    conflict: float = 5.0
    longest: float = 30.0


class TelegramChannel:
    """A bot, known by its token, at a Bot API server. A `Sender` and a `FileSource`."""

    channel = CHANNEL

    def __init__(
        self,
        token: str,
        api_url: str,
        files: FileStore,
        rates: Rates = RATES,
        waits: Waits = Waits(),
        proxy: str | None = None,
    ) -> None:
        if not _TOKEN.fullmatch(token):
            raise ValueError("this is no bot token; it has digits, a colon and letters, as @BotFather shows it")
        # At DEBUG, python-telegram-bot logs the token and what people are told.
        logging.getLogger("telegram").setLevel(logging.WARNING)
        self.bot = token.partition(":")[0]
        self.rates = rates
        self.username: str | None = None
        self._edits = Edits()
        self._topics = Topics()
        self._waits = waits
        self._files = files
        self._secret: str | None = None
        self._token_refused = False
        self._troubles: dict[str, str] = {}
        self._conflict_at = float("-inf")
        self._handles: dict[str, Handle] = {}
        self._calls: dict[int, tuple[Outgoing, tuple[Call, ...]]] = {}
        server = _server(api_url)
        self._is_local = server != PUBLIC_API_URL
        self._request = AiohttpRequest(URL(server), token, waits.answer, proxy)
        self._bot = Bot(token, f"{server}/bot", f"{server}/file/bot", self._request, self._request)

    # starting and stopping

    async def start(self) -> None:
        """Find out the bot's name, however long Telegram cannot be reached: let nothing wait for this."""
        bot = await self._insist("getMe", lambda: self._ask("getMe"))
        self.username = bot.get("username")
        log.info("telegram_ready", bot=self.bot, username=self.username)

    async def look(self) -> tuple[str, str]:
        """Return the bot's name and the address that its updates are brought to, or "". Raises TelegramError."""
        bot, webhook = await self._ask("getMe"), await self._ask("getWebhookInfo")
        return str(bot.get("username", "")), str(webhook.get("url", ""))

    async def stop(self) -> None:
        """Close the connections."""
        await self._request.shutdown()

    @property
    def trouble(self) -> str | None:
        """Return what does not work at present, or None."""
        return next((f"{method}: {error}" for method, error in self._troubles.items()), None)

    @property
    def link(self) -> str | None:
        """Return the pattern of links that open a chat with a code, once the bot's name is known."""
        return f"https://t.me/{self.username}?start={{code}}" if self.username else None

    async def set_menus(self, menus: Mapping[str, Sequence[MenuEntry]]) -> None:
        """Set the commands of chats that have none of their own yet, by language of the app; "" is any other one.
        Telegram knows languages of two letters only: who reads another one gets its commands once they chose it."""
        scope = BotCommandScopeAllPrivateChats()
        for language, menu in menus.items():
            if language and not TWO_LETTERS.fullmatch(language):
                continue
            call = partial(self._set_commands, menu, scope, language or None)
            try:
                await self._insist("setMyCommands", call, BadRequest, InvalidToken)
            except TelegramError as error:
                log.warning("menu_not_set", bot=self.bot, language=language, error=str(error))

    # sending

    def is_group(self, address: str) -> bool:
        """Tell whether a chat has several people in it: Telegram numbers those below zero."""
        return address.startswith("-")

    async def send(
        self, address: str, outgoing: Outgoing | None, callback: str | None, standing: str | None = None
    ) -> Outcome:
        """Send a letter and answer the button press it belongs to; without a letter, only answer.

        A letter may take several calls. When one of them fails, or nobody can tell whether it did, the letter as a
        whole is to be sent again: its first parts may then be read twice, but none is missing (at least once).
        """
        message_id = None
        try:
            if callback is not None:
                await self._answer(callback)
            if outgoing is not None:
                message_id = await self._change_or_write(int(address), outgoing, standing)
        except Unrenderable as error:
            log.error("letter_unrenderable", bot=self.bot, error=str(error))
            return Rejected(str(error))
        except TelegramError as error:
            self._note_token(error)
            return outcome_of(error)
        self._token_refused = False
        return Sent(message_id)

    async def _answer(self, callback: str) -> None:
        try:
            await self._bot.answer_callback_query(callback)
        except BadRequest as error:
            # Too old, or answered by an attempt before this one: the person sees no waiting button any more.
            log.info("press_not_answered", bot=self.bot, error=str(error))

    async def _change_or_write(self, chat: int, outgoing: Outgoing, standing: str | None) -> str | None:
        """Change the message that stands in the chat, or send one. Returns its id."""
        if standing is not None and await self._changed(chat, int(standing), outgoing):
            return standing
        return await self._write(chat, outgoing)

    async def _changed(self, chat: int, message_id: int, outgoing: Outgoing) -> bool:
        """Change a message. False when the person has deleted it, or it is too old to be changed."""
        match render(outgoing):
            case (TextCall() as call,):
                try:
                    await self._bot.edit_message_text(
                        call.text, chat, message_id, reply_markup=_markup(call.keyboard), entities=call.entities or None
                    )
                except BadRequest as error:
                    return "not modified" in str(error)
                return True
            case _:
                return False

    async def _write(self, chat: int, outgoing: Outgoing) -> str | None:
        """Send a message in as many calls as it takes. Returns the id of the last one."""
        contents = await self._contents(outgoing.files)
        if outgoing.menu:
            await self._set_menu(chat, outgoing.menu)
        message_id = None
        for place, call in enumerate(self._rendered(outgoing, contents)):
            if place:
                await asyncio.sleep(1 / self.rates.per_chat)
            message_id = await self._call(chat, call, contents)
        return message_id

    def _rendered(self, outgoing: Outgoing, contents: Contents) -> "tuple[Call, ...]":
        """Render a message; one without files that goes to thousands is rendered once."""
        if outgoing.files:
            return render(msgspec.structs.replace(outgoing, files=tuple(contents)))
        known = self._calls.get(id(outgoing))
        if known is None or known[0] is not outgoing:
            if len(self._calls) >= MOST_RENDERED:
                self._calls.clear()
            self._calls[id(outgoing)] = known = (outgoing, render(outgoing))
        return known[1]

    async def _contents(self, files: Sequence[Attachment]) -> Contents:
        """Return the contents of files, or Telegram's own ids of those it has; one that was erased is left out."""
        contents: dict[Attachment, bytes | Handle] = {}
        for file in files:
            content = await self._content(file)
            if content:
                contents[file] = content
            else:
                log.warning("file_left_out", bot=self.bot)
        return contents

    async def _content(self, file: Attachment) -> bytes | Handle | None:
        match file:
            case ChannelFile():
                return Handle(file.source, file.kind == "photo")
            case StoredFile():
                return self._handles.get(file.digest) or await self._files.read(file.digest)
            case InlineFile():
                return file.content.encode("utf-8", "replace")

    async def _set_menu(self, chat: int, menu: Sequence[MenuEntry]) -> None:
        try:
            await self._set_commands(menu, BotCommandScopeChat(chat))
        except RetryAfter:
            raise
        except TelegramError as error:
            log.warning("menu_not_set", bot=self.bot, error=str(error))

    async def _set_commands(
        self, menu: Sequence[MenuEntry], scope: BotCommandScope, language: str | None = None
    ) -> None:
        commands = [BotCommand(entry.command, entry.description[:LONGEST_DESCRIPTION]) for entry in menu]
        await self._bot.set_my_commands(commands, scope, language)

    async def _call(self, chat: int, call: Call, contents: Contents) -> str:
        """Make a call and return the id of its message, in the main topic where the one that is meant is gone."""
        try:
            return await self._call_there(chat, call, contents)
        except BadRequest as error:
            if not _NO_TOPIC.search(str(error)) or not self._topics.forget(chat):
                raise
            return await self._call_there(chat, call, contents)

    async def _call_there(self, chat: int, call: Call, contents: Contents) -> str:
        match call:
            case TextCall():
                return await self._say(chat, call)
            case FileCall():
                return str((await self._show(chat, call, contents[call.file])).message_id)

    async def _say(self, chat: int, call: TextCall) -> str:
        """Send a text. Not Bot.send_message: it makes objects of the message that comes back, which costs four times as
        much as sending it, and nobody looks at them."""
        topic = self._topics.of(chat)
        there = {"chat_id": chat} if topic is None else {"chat_id": chat, "message_thread_id": topic}
        body = msgspec.json.encode({**there, **call.fields})
        sent = await self._request.call(f"{self._bot.base_url}/sendMessage", body)
        return str(sent["message_id"])

    async def _show(self, chat: int, call: FileCall, content: bytes | Handle) -> TelegramMessage:
        """Send a file, in the same way at each look: as a photo where Telegram can show it, else as a document."""
        try:
            sent = await self._send_file(chat, call, content)
        except BadRequest as error:
            if not isinstance(call.file, StoredFile) or not _UNKNOWN_FILE.search(str(error)):
                raise
            # Telegram has lost what it called so: the file goes up once more.
            del self._handles[call.file.digest]
            again = await self._files.read(call.file.digest)
            if not again:
                raise
            sent = await self._send_file(chat, call, again)
        self._note_handle(call.file, sent)
        return sent

    async def _send_file(self, chat: int, call: FileCall, content: bytes | Handle) -> TelegramMessage:
        file = content.file_id if isinstance(content, Handle) else InputFile(content, call.name)
        if _is_photo(call, content) and (shown := await self._photo_shown(chat, call, file)) is not None:
            return shown
        return await self._bot.send_document(
            chat,
            file,
            call.caption or None,
            reply_markup=_markup(call.keyboard),
            caption_entities=call.entities or None,
            message_thread_id=self._topics.of(chat),
        )

    async def _photo_shown(self, chat: int, call: FileCall, file: InputFile | str) -> TelegramMessage | None:
        """Send a photo. Some that people keep, very long ones for example, Telegram takes as documents only."""
        try:
            return await self._bot.send_photo(
                chat,
                file,
                call.caption or None,
                reply_markup=_markup(call.keyboard),
                caption_entities=call.entities or None,
                message_thread_id=self._topics.of(chat),
            )
        except BadRequest as error:
            if not _NO_PHOTO.search(str(error)):
                raise
            return None

    def _note_handle(self, file: Attachment, sent: TelegramMessage) -> None:
        """Remember what Telegram calls a file, so that a notice with a photo uploads it once and not to everybody."""
        told = sent.photo[-1] if sent.photo else sent.document
        if isinstance(file, StoredFile) and told is not None:
            if len(self._handles) >= MOST_HANDLES:
                self._handles.clear()
            self._handles[file.digest] = Handle(told.file_id, bool(sent.photo))

    # files

    async def fetch(self, source: str, most: int) -> bytes:
        """Return a file's content. Raises FileTooLarge over `most` bytes, FileGone, or FileNotNow to try later."""
        try:
            # Not Bot.get_file: it makes an address of the path that a local server names, unless it is on this machine.
            body = msgspec.json.encode({"file_id": source})
            file: object = await self._request.call(f"{self._bot.base_url}/getFile", body)
            if not isinstance(file, dict):
                raise FileNotNow("getFile says nothing that can be read")
            if (file.get("file_size") or 0) > most:
                raise FileTooLarge(f"{file['file_size']} bytes")
            return await self._downloaded(str(file.get("file_path") or ""), most)
        except BadRequest as error:
            too_large = "too big" in str(error).lower()
            raise (FileTooLarge if too_large else FileGone)(str(error)) from None
        except TelegramError as error:
            raise FileNotNow(str(error)) from None

    async def _downloaded(self, path: str, most: int) -> bytes:
        """Return a file by the path that the server gave: below its address, or, where it runs with --local, a path on
        its own disk, which may be shared with this machine or be served below the same address."""
        if self._is_local and PurePath(path).is_absolute():
            content = await asyncio.to_thread(_read_local, Path(path), most)
            if content is not None:
                return content
        return await self._request.download(f"{self._bot.base_file_url}/{quote(path.lstrip('/'))}", most)

    # polling

    async def poll(self, receive: Receive) -> None:
        """Bring updates for ever. Those of a batch are acknowledged, by asking for what comes after them,
        only once `receive` has returned: until then, and after trouble, Telegram gives them again."""
        await self._insist("deleteWebhook", self._bot.delete_webhook)
        offset: int | None = None
        patience = Backoff(self._waits.longest)
        while True:
            try:
                updates = await self._updates(offset)
                await receive(self._parsed(updates))
                offset = _after(updates)
            except TelegramError as error:
                offset = None
                await self._rest(patience, "getUpdates", error)
            except Exception:
                log.exception("updates_not_received", bot=self.bot)
                await asyncio.sleep(patience.after_failure())
            else:
                self._note_success(patience, "getUpdates")

    async def _updates(self, offset: int | None) -> list[dict[str, Any]]:
        fields: dict[str, Any] = {
            "timeout": self._waits.poll,
            "limit": MOST_UPDATES,
            "allowed_updates": json.dumps(UPDATE_KINDS),
        }
        if offset is not None:
            fields["offset"] = offset
        # Not Bot.get_updates: it parses all of a batch or nothing, so one broken update would hold up the others.
        updates: list[dict[str, Any]] = await self._ask("getUpdates", fields, self._waits.poll + self._waits.answer)
        return updates

    def _parsed(self, updates: Sequence[Mapping[str, Any]]) -> list[Incoming]:
        return [incoming for update in updates if (incoming := self._parse(update)) is not None]

    def _parse(self, update: Mapping[str, Any]) -> Incoming | None:
        self._topics.note(update)
        return parse(update, self.bot, self._edits)

    # webhook

    async def set_webhook(self, url: str, secret: str) -> None:
        """Have updates brought to a public address, however long Telegram cannot be reached."""
        self._secret = secret
        await self._insist(
            "setWebhook",
            lambda: self._bot.set_webhook(url, secret_token=secret, allowed_updates=UPDATE_KINDS),
        )
        log.info("webhook_set", bot=self.bot, url=url)

    async def handle(self, headers: Mapping[str, str], body: bytes, receive: Receive) -> int:
        """Take an update in and return the HTTP status: 200 only once `receive` has returned. Telegram repeats
        what got another one. Names of headers are in lower case, or `headers` looks at no case."""
        if not self._knows_secret(headers.get(SECRET_HEADER, "")):
            return 403
        if len(body) > MOST_WEBHOOK_BYTES:
            return 413
        update = _json_object(body)
        if update is None:
            return 400
        incoming = self._parse(update)
        if incoming is not None:
            await receive([incoming])
        return 200

    def _knows_secret(self, given: str) -> bool:
        if self._secret is None:
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.encode())

    # trouble

    async def _ask(self, method: str, fields: Mapping[str, Any] | None = None, seconds: float | None = None) -> Any:
        """Call a method and return its result as it came."""
        query = f"?{urlencode(fields)}" if fields else ""
        return await self._request.post(
            f"{self._bot.base_url}/{method}{query}", read_timeout=seconds or self._waits.answer
        )

    async def _insist(self, method: str, call: Callable[[], Awaitable[Any]], *refusals: type[TelegramError]) -> Any:
        """Repeat a call until it succeeds, and return its result. Raises those errors that are not to be waited out."""
        patience = Backoff(self._waits.longest)
        while True:
            try:
                result = await call()
            except refusals:
                raise
            except TelegramError as error:
                await self._rest(patience, method, error)
            else:
                self._note_success(patience, method)
                return result

    async def _rest(self, patience: Backoff, method: str, error: TelegramError) -> None:
        """Wait as a failure asks for. Of a row only the first is logged, and every conflict."""
        told = patience.failures == 0 or isinstance(error, Conflict)
        self._note_token(error)
        self._troubles[method] = type(error).__name__
        seconds = patience.after_failure()
        match error:
            case RetryAfter():
                seconds = seconds_of(error)
            case InvalidToken():
                seconds = WRONG_TOKEN_SECONDS
            case Conflict():
                seconds = self._after_conflict()
            case _:
                pass
        if told:
            cure = _cure(error)
            log.warning("telegram_trouble", bot=self.bot, method=method, error=str(error), rests=seconds, cure=cure)
        await asyncio.sleep(seconds)

    def _after_conflict(self) -> float:
        before, self._conflict_at = self._conflict_at, time.monotonic()
        return self._waits.conflict * (CONFLICT_AGAIN if self._conflict_at - before < CONFLICT_REMEMBERED else 1)

    def _note_success(self, patience: Backoff, method: str) -> None:
        if patience.failures:
            log.info("telegram_well_again", bot=self.bot, method=method, failures=patience.failures)
        patience.restore()
        self._troubles.pop(method, None)
        self._token_refused = False

    def _note_token(self, error: TelegramError) -> None:
        """Log once that the token is refused."""
        if isinstance(error, InvalidToken) and not self._token_refused:
            self._token_refused = True
            log.error(
                "token_refused",
                bot=self.bot,
                cure="set TELEGRAM_TOKEN, or this one of TELEGRAM_TOKENS, to what @BotFather shows",
            )


def _markup(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    """Return a keyboard as python-telegram-bot takes it."""
    rows = [
        [InlineKeyboardButton(key.text, callback_data=key.callback_data, url=key.url) for key in row]
        for row in keyboard
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def _is_photo(call: FileCall, content: bytes | Handle) -> bool:
    """Tell whether to show a file as a photo: what Telegram has, as it has it; anything else by its content."""
    if isinstance(content, Handle):
        return content.as_photo
    return call.as_photo and type_of(content) in (*SHOWN_AS_PHOTO, None)


def _read_local(path: Path, most: int) -> bytes | None:
    """Return a file of this machine, None when it is on another one. Raises FileTooLarge and FileNotNow."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileNotNow(f"{type(error).__name__}: let hoctap read the files of the Bot API server") from None
    if len(content) > most:
        raise FileTooLarge(f"more than {most} bytes")
    return content


def _server(api_url: str) -> str:
    """Return the base address of a Bot API server. Raises ValueError for what is none."""
    parts = urlsplit(api_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{api_url!r} is no address of a Bot API server; the public one is {PUBLIC_API_URL}")
    return api_url.rstrip("/")


def _after(updates: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the offset that acknowledges these updates, for the very next call. None when there are none: ids begin
    anew at random after a quiet week, and an offset kept from before could acknowledge what nobody has seen."""
    return max((int(update["update_id"]) + 1 for update in updates), default=None)


def _cure(error: TelegramError) -> str:
    match error:
        case Conflict():
            return (
                "another process polls with this token, or set a webhook: stop it, or give it a bot of its own;"
                " several hoctap serve on one database need PUBLIC_URL and TELEGRAM_WEBHOOK_SECRET"
            )
        case InvalidToken():
            return TOKEN_CURE
        case _:
            return "none needed if it passes; else look at the network, TELEGRAM_PROXY and TELEGRAM_API_URL"


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
