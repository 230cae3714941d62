"""The phones people hold in a chat: what they do goes in, and what comes out is read, as their channel has it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import unquote
from uuid import uuid4
from zoneinfo import ZoneInfo

from telegram import MessageEntity

from bot import catalogues
from bot.channels.telegram import parse as telegram
from bot.channels.telegram.render import FileCall, Key, TextCall
from bot.channels.telegram.render import render as render_for_telegram
from bot.channels.web import messages as web
from bot.channels.zalo_bot import parse as zalo_bot
from bot.channels.zalo_bot.service import texts_of as zalo_texts
from bot.channels.zalo_oa import parse as zalo_oa
from bot.channels.zalo_oa.render import texts_of as oa_messages
from bot.services.file_links import file_told
from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.services.typed_buttons import Laid, TypedButtons
from bot.services.wording import NoticeWording
from bot.store.core import outbox
from bot.store.core.database import Database
from bot.store.core.inbox import Incoming
from bot.store.core.outbox import DueLetter, SettledLetter
from flows.conversation.messages import Attachment, InlineFile, Outgoing, OutgoingButton
from flows.conversation.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable
from flows.words.marks import Mark
from tests.botapi.account import DEFAULT_TOKEN, BotAccount
from tests.botapi.ledger import Ledger
from tests.botapi.person import Person
from tests.chats.chatfile import WIDTH

_FIRST_CHAT = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on a screen. `buttons` are labels with their payloads."""

    text: str
    files: tuple[str, ...] = ()
    buttons: tuple[tuple[str, str], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return how a chat writes it: no empty lines, the buttons at the end."""
        lines = [line.rstrip() for text in (self.text, *self.files) for line in text.split("\n") if line.strip()]
        labels = [f"[{label}]" for label, _payload in self.buttons]
        if lines and len(" ".join([lines[-1], *labels])) <= WIDTH:
            return (*lines[:-1], " ".join([lines[-1], *labels]))
        rows: list[str] = []
        for label in labels:
            if rows and len(f"{rows[-1]} {label}") <= WIDTH:
                rows[-1] += f" {label}"
            else:
                rows.append(label)
        return (*lines, *rows)


class WebPhones:
    """Chats in a web page: what people do is said to the server, what they read is what it answers with."""

    channel, bot = web.CHANNEL, web.BOT

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._signer = web.Signer(b"the key of the chats")
        self._tokens: dict[str, str] = {}

    def address(self, place: int) -> str:
        """Return the conversation of the person who came as number `place`."""
        token = f"the-phone-of-person-{place}"
        address = web.address_of(token)
        self._tokens[address] = token
        return address

    async def incoming(self, address: str, reply: Reply) -> Incoming:
        """Return what the channel makes of something a person does."""
        token, id_ = self._tokens[address], uuid4()
        match reply:
            case Typed(text):
                said = web.Said(token, id_, "typed", text=text)
            case Pressed(payload):
                said = web.Said(token, id_, "pressed", payload=payload)
            case SentFile(_, name, _, caption):
                kept = await self._files.keep(content_of(name))
                file = f"{kept.kind}.{kept.digest}"
                signed = f"{file}.{self._signer.sign(address, file)}"
                said = web.Said(token, id_, "file", text=caption, file=signed, name=name)
            case _:
                # What a page cannot do goes in as other channels parse it.
                return Incoming(self.channel, self.bot, address, str(id_), reply)
        (incoming,) = web.parse(said, self._signer)
        return incoming

    async def letters(
        self, database: Database, addresses: Iterable[str], now: datetime, wording: NoticeWording, *, quiet: bool
    ) -> list[DueLetter]:
        """Take what waits for people, in the order it was written."""
        taken: list[DueLetter] = []
        async with database.writing() as connection:
            for address in addresses:
                new = await outbox.read_new(connection, self.channel, self.bot, address)
                if new := await wording.worded(connection, new, self.channel):
                    await outbox.settle_read(
                        connection, self.channel, self.bot, address, [letter.id for letter in new], now
                    )
                    taken += new
        return sorted(taken, key=lambda letter: (letter.priority, letter.id))

    def shown(self, outgoing: Outgoing, letter: DueLetter) -> Shown:
        """Return what a person sees of a letter."""
        message = web.render(letter, letter.address, self._signer, letter.created_at)
        assert message is not None
        return Shown(
            _as_typed(message.text, message.marks),
            tuple(_file_lines(file.kind, file.name, _content_of_address(file.url)) for file in message.files),
            tuple(_with_address(b.label, b.payload, b.url) for row in message.buttons for b in row),
        )

    async def fetch(self, source: str, most: int) -> bytes:
        """Refuse: a page uploads its files itself."""
        raise AssertionError(source)


class TelegramPhones:
    """Private chats of Telegram: what people do becomes raw updates, what they read are calls of the Bot API."""

    channel = telegram.CHANNEL

    def __init__(self, files: FileStore) -> None:
        self._account = BotAccount(DEFAULT_TOKEN, "hoctap_bot", Ledger(), Random())
        self._people: dict[str, Person] = {}
        self.bot = str(self._account.id)

    def address(self, place: int) -> str:
        """Return the conversation of the person who came as number `place`."""
        person = Person(self._account, _FIRST_CHAT + place, "Somebody")
        self._people.setdefault(str(person.id), person)
        return str(person.id)

    async def incoming(self, address: str, reply: Reply) -> Incoming:
        """Return what the channel makes of something a person does."""
        self._act(self._people[address], reply)
        incoming = telegram.parse(self._account.queue.history[-1].body, self.bot)
        assert incoming is not None
        return incoming

    def _act(self, person: Person, reply: Reply) -> None:
        match reply:
            case Typed(text):
                # In one message, longer than a phone would send: chats are the same on every channel.
                message = self._account.new_message(person.chat, person.user) | {"text": text}
                self._account.push("message", message, person.id)
            case Pressed(payload):
                person.press_data(0, payload)
            case SentFile("photo", name, _, caption):
                person.send_photo(content_of(name), caption)
            case SentFile(_, name, _, caption):
                person.send_document(content_of(name), name, caption=caption)
            case Edited():
                person.type("hello")
                person.edit_last("hallo")
            case Unreadable("voice"):
                person.send_voice()
            case Unreadable():
                person.send_sticker()
            case Blocked():
                person.block()
            case Unblocked():
                person.unblock()

    async def letters(
        self, database: Database, addresses: Iterable[str], now: datetime, wording: NoticeWording, *, quiet: bool
    ) -> list[DueLetter]:
        """Take what waits, in the order it was written; in quiet hours only replies."""
        return await _taken(database, (self.channel, self.bot), now, wording, quiet=quiet)

    def shown(self, outgoing: Outgoing, letter: DueLetter) -> Shown:
        """Return what a person sees of a letter."""
        calls = render_for_telegram(outgoing)
        keyboard = calls[-1].keyboard
        whole = {button.payload or button.url: button.label for row in outgoing.buttons for button in row}
        pressable = [button for row in keyboard for button in row]
        return Shown(
            "\n".join(_call_text(call) for call in calls),
            tuple(_call_lines(call) for call in calls if isinstance(call, FileCall)),
            tuple(_labelled(button, whole) for button in pressable),
        )

    async def fetch(self, source: str, most: int) -> bytes:
        """Return the content of a file somebody sent."""
        return self._account.files.content(source) or b""


class ZaloPhones:
    """Chats on Zalo, with few buttons or none: what finds no room people type here, as their screen says."""

    channel: str
    bot = "1"
    most_buttons: int

    def __init__(self, files: FileStore) -> None:
        self._buttons: TypedButtons | None = None
        self._laid: dict[int, Laid] = {}
        # What is typed for a payload, by address; nothing for one that stands on a button.
        self._typed: dict[str, dict[str, str | None]] = {}

    def parsed(self, address: str, message_id: str, reply: Reply) -> Incoming | None:
        """Return what the channel makes of something a person does; None for what nobody can do there."""
        raise NotImplementedError

    def pressed(self, payload: str) -> str:
        """Return the text as which a pressed button comes."""
        raise NotImplementedError

    def texts(self, laid: Laid, files: tuple[Attachment, ...]) -> Iterable[str]:
        """Return the texts of the messages that say a letter."""
        raise NotImplementedError

    def address(self, place: int) -> str:
        """Return the conversation of the person who came as number `place`."""
        return f"{_FIRST_CHAT + place:020x}"

    async def incoming(self, address: str, reply: Reply) -> Incoming:
        """Return what the channel makes of something a person does."""
        message_id = uuid4().hex
        if isinstance(reply, Pressed):
            typed = self._typed.get(address, {}).get(reply.payload)
            reply = Typed(typed if typed is not None else self.pressed(reply.payload))
        incoming = self.parsed(address, message_id, reply)
        if incoming is None:
            return Incoming(self.channel, self.bot, address, message_id, reply)
        if self._buttons is None:
            return incoming
        (heard,) = await self._buttons.heard([incoming])
        return heard

    async def letters(
        self, database: Database, addresses: Iterable[str], now: datetime, wording: NoticeWording, *, quiet: bool
    ) -> list[DueLetter]:
        """Take what waits, in the order it was written, with its choices written out; in quiet hours only replies."""
        runtime = Runtime(database, catalogues.load(), lambda: now, ZoneInfo("UTC"))
        self._buttons = TypedButtons(runtime, self.most_buttons)
        letters = await _taken(database, (self.channel, self.bot), now, wording, quiet=quiet)
        for letter in letters:
            if letter.outgoing is not None:
                place = (self.channel, self.bot, letter.address)
                self._laid[letter.id] = await self._buttons.laid_out(place, letter.outgoing)
        return letters

    def shown(self, outgoing: Outgoing, letter: DueLetter) -> Shown:
        """Return what a person sees of a letter, choices as if they were buttons: chats are the same on every channel.
        What stands there to be typed is kept."""
        laid = self._laid[letter.id]
        assert len(laid.buttons) <= self.most_buttons
        texts = "\n".join(self.texts(laid, outgoing.files))
        typed = self._typed.setdefault(letter.address, {})
        buttons = [button for row in outgoing.buttons for button in row]
        for button in buttons:
            typed[button.payload] = None if button in laid.buttons else _as_written(button, texts)
        return Shown(
            _as_typed(outgoing.text, outgoing.marks),
            tuple(_attached(file) for file in outgoing.files),
            tuple(_with_address(button.label, button.payload, button.url) for button in buttons),
        )

    async def fetch(self, source: str, most: int) -> bytes:
        """Return the content of a file somebody sent."""
        return content_of(source.rpartition("/")[2])


class ZaloBotPhones(ZaloPhones):
    """Chats with a bot on Zalo: no buttons, so whatever people press in a chat they type here."""

    channel, most_buttons = zalo_bot.CHANNEL, 0

    def parsed(self, address: str, message_id: str, reply: Reply) -> Incoming | None:
        """Return what the channel makes of something a person does; None for what nobody can do there."""
        event = _zalo_event(address, message_id, reply)
        return zalo_bot.parse(event, self.bot) if event is not None else None

    def pressed(self, payload: str) -> str:
        """Refuse: there are no buttons."""
        raise AssertionError(payload)

    def texts(self, laid: Laid, files: tuple[Attachment, ...]) -> Iterable[str]:
        """Return the texts of the messages that say a letter."""
        return zalo_texts(laid.text, [*map(file_told, files)])


class ZaloOaPhones(ZaloPhones):
    """Chats with an Official Account: at most five buttons, and what is pressed comes as a text."""

    channel, most_buttons = zalo_oa.CHANNEL, 5

    def parsed(self, address: str, message_id: str, reply: Reply) -> Incoming | None:
        """Return what the channel makes of something a person does; None for what nobody can do there."""
        event = _oa_event(address, message_id, reply)
        return zalo_oa.parse(event, self.bot) if event is not None else None

    def pressed(self, payload: str) -> str:
        """Return the text as which a pressed button comes."""
        return zalo_oa.PRESSED + payload

    def texts(self, laid: Laid, files: tuple[Attachment, ...]) -> Iterable[str]:
        """Return the texts of the messages that say a letter."""
        return [message["text"] for message in oa_messages(laid, [*map(file_told, files)])]


Phones = WebPhones | TelegramPhones | ZaloPhones


def _oa_event(address: str, message_id: str, reply: Reply) -> dict[str, Any] | None:
    """Return the event of what a person does; None for what nobody can do there."""
    event = {"app_id": "1", "recipient": {"id": "2"}, "timestamp": "1793000000000"}
    message: dict[str, Any] = {"msg_id": message_id}
    match reply:
        case Typed(text):
            name, message = "user_send_text", message | {"text": text}
        case SentFile(kind, called, _, caption):
            name, type_ = ("user_send_image", "image") if kind == "photo" else ("user_send_file", "file")
            attached = {"type": type_, "payload": {"url": f"https://zalo.example/{called}", "name": called}}
            message |= {"text": caption, "attachments": [attached]}
        case Blocked():
            return event | {"event_name": "unfollow", "follower": {"id": address}}
        case Unreadable(kind):
            name = {"voice": "user_send_audio"}.get(kind, f"user_send_{kind}")
        case _:
            return None
    return event | {"event_name": name, "sender": {"id": address}, "message": message}


def _zalo_event(address: str, message_id: str, reply: Reply) -> dict[str, Any] | None:
    """Return the event of what a person does; None for what nobody can do there."""
    message: dict[str, Any] = {
        "from": {"id": address, "display_name": "Somebody", "is_bot": False},
        "chat": {"id": address, "chat_type": "PRIVATE"}, "message_id": message_id, "date": 1793000000000,
    }  # fmt: skip
    match reply:
        case Typed(text):
            return {"event_name": "message.text.received", "message": message | {"text": text}}
        case SentFile("photo", name, _, caption):
            photo = {"photo_url": f"https://zalo.example/{name}", "caption": caption}
            return {"event_name": "message.image.received", "message": message | photo}
        case Unreadable(kind):
            return {"event_name": f"message.{kind}.received", "message": message}
        case _:
            return None


def _as_written(button: OutgoingButton, texts: str) -> str:
    """Return what to type for a button, which must stand in the messages."""
    label = button.label
    if button.url:
        assert button.url in texts
        return button.url
    if code := re.search(rf"^(N\d+)\. {re.escape(label)}$", texts, re.MULTILINE):
        return code[1]
    if button.number:
        assert f"{button.number}. {label.removeprefix(f'{button.number}. ')}" in texts
        return str(button.number)
    words = re.sub(r"^\W+", "", label)
    assert f"“{words}”" in texts, f"nobody can choose {label!r}"
    return words


def _attached(file: Attachment) -> str:
    if isinstance(file, InlineFile):
        return _file_lines("document", file.name, file.content)
    return _file_lines(file.kind, file.name, None)


async def _taken(
    database: Database, at: tuple[str, str], now: datetime, wording: NoticeWording, *, quiet: bool
) -> list[DueLetter]:
    """Take what waits for a bot, as a courier does."""
    taken: list[DueLetter] = []
    while True:
        async with database.writing() as connection:
            due = await outbox.next_replies(connection, *at, (), 100, now)
            if not quiet:
                sources = await outbox.sources(connection, *at, now)
                due += await outbox.take_notices(connection, *at, sources, 100, now)
            if not due:
                return sorted(taken, key=lambda letter: (letter.priority, letter.id))
            taken += await wording.worded(connection, due, at[0])
            await outbox.settle(connection, [SettledLetter(letter.id, "sent") for letter in due], now)


def content_of(name: str) -> bytes:
    """Return a small file of the kind its name says; another name, another content."""
    beginnings = {"jpg": b"\xff\xd8\xff\xe0", "pdf": b"%PDF-1.4\n"}
    return beginnings.get(name.rpartition(".")[2], b"") + name.encode()


def _file_lines(kind: str, name: str, content: str | None) -> str:
    """Write a file as a chat has it. Telegram forgets what a photo was called, so no chat says it."""
    if content is None:
        return f"({kind})" if kind == "photo" else f"({kind}) {name}"
    return "\n".join([f"({kind}) {name}", *(f"| {line}" for line in content.splitlines() if line)])


def _content_of_address(url: str) -> str | None:
    scheme, _comma, content = url.partition(",")
    return unquote(content) if scheme.startswith("data:") else None


def _call_lines(call: FileCall) -> str:
    content = call.file.content if isinstance(call.file, InlineFile) else None
    return _file_lines("photo" if call.as_photo else "document", call.name, content)


def _labelled(button: Key, whole: dict[str, str]) -> tuple[str, str]:
    """Return a button, its label whole where Telegram's limit cut it."""
    payload, address = str(button.callback_data or ""), button.url or ""
    label = whole[payload or address]
    shown = label if button.text.endswith("…") and label.startswith(button.text[:-1]) else button.text
    return _with_address(shown, payload, address)


def _with_address(label: str, payload: str, address: str) -> tuple[str, str]:
    """Return a button; one that opens a link says which."""
    return (f"{label} ↗ {address}" if address else label, payload)


_SIGNS = {"strong": "*", "slanted": "_"}


def _as_typed(text: str, marks: Iterable[Mark]) -> str:
    """Write strong and slanted words as people type them."""
    for mark in sorted(marks, key=lambda mark: -mark.start):
        sign, end = _SIGNS[mark.kind], mark.start + mark.length
        text = f"{text[: mark.start]}{sign}{text[mark.start : end]}{sign}{text[end:]}"
    return text


def _call_text(call: TextCall | FileCall) -> str:
    text = call.text if isinstance(call, TextCall) else call.caption
    return _as_typed(text, (_mark(entity, text) for entity in call.entities))


def _mark(entity: MessageEntity, text: str) -> Mark:
    """Return what an entity sets apart. Telegram counts in UTF-16 units."""
    units = text.encode("utf-16-le")
    before = units[: 2 * entity.offset].decode("utf-16-le")
    within = units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
    return Mark("strong" if entity.type == MessageEntity.BOLD else "slanted", len(before), len(within))
