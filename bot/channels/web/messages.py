"""What the page and the server say to each other, as frozen values."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import msgspec
import structlog

from bot.channels.web.words import PageWords
from bot.metrics import UNKNOWN
from bot.services.files import STORED
from bot.store.core.inbox import Incoming
from bot.store.core.outbox import DueLetter
from flows.conversation.messages import Attachment, ChannelFile, InlineFile, StoredFile
from flows.conversation.replies import Pressed, Reply, SentFile, Typed, Unreadable
from flows.words.marks import Mark

log = structlog.get_logger()

CHANNEL = "web"
BOT = "web"

LONGEST_TEXT = 20_000
LONGEST_PAYLOAD = 128
LONGEST_NAME = 200
LONGEST_UNTIL = 12
MOST_TOGETHER = 10  # files, as in an album of Telegram
TOKEN_BYTES = 24
# Long enough for an evening of looking at photos; who has lost a role or a phone meanwhile can no longer fetch them.
FILES_LAST = timedelta(hours=6)


class SaidFile(msgspec.Struct, frozen=True):
    """A file that was chosen together with another."""

    id: UUID
    file: str
    name: str = ""


class Said(msgspec.Struct, frozen=True):
    """What somebody did in the page. `id` is made there, so that a repeated request is known. A page of a newer version
    may know more kinds than `typed`, `pressed` and `file`. Files chosen together come together: `also` are the others.
    """

    token: str
    id: UUID
    kind: str
    text: str = ""
    payload: str = ""
    file: str = ""
    name: str = ""
    also: list[SaidFile] = []


class Phone(msgspec.Struct, frozen=True):
    """A chat in a page, the messages it has shown since it last said so, and which edition of the page's own words;
    None wants none. `after` is all that pages of earlier versions say: they get what is newer and settle nothing. One
    that looks like another channel's, as in the demo, is shown no more buttons than that has."""

    token: str
    seen: list[int] = []
    after: int = 0
    words: str | None = None
    most_buttons: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Poll(msgspec.Struct, frozen=True):
    """A page asking for what is new, for all its chats together."""

    phones: list[Phone]
    wait: float = 25


class ShownButton(msgspec.Struct, frozen=True):
    """A button in the page. One with a `url` is a link."""

    label: str
    payload: str
    lasting: bool
    url: str


class ShownFile(msgspec.Struct, frozen=True):
    """A file in the page."""

    url: str
    kind: str
    name: str


class ShownMessage(msgspec.Struct, frozen=True):
    """A message in the page. One of a `topic` that the chat has already takes its place; with one to `forget`, all that
    was said before leaves the device."""

    id: int
    at: str
    text: str
    buttons: list[list[ShownButton]]
    files: list[ShownFile]
    marks: tuple[Mark, ...]
    topic: str
    forget: bool


class ShownPhone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is new for a chat in a page; `words` only where the page has others than its reader's."""

    token: str
    messages: list[ShownMessage]
    words: PageWords | None = None


class NotUsable(Exception):
    """A request that no page of ours sends."""


class UnknownToken(Exception):
    """A token that no server of ours gave out, or none that knows it any more."""


class Signer:
    """Signs what a page gets and later claims: its token; uploads and addresses of files, each for one conversation
    only."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new_token(self) -> str:
        """Make a token that can be told from a made-up one without looking anything up."""
        secret = secrets.token_urlsafe(TOKEN_BYTES)
        return f"{secret}.{self.sign('token', secret)}"

    def made(self, token: str) -> bool:
        """Tell whether a token is ours."""
        secret, _dot, signature = token.rpartition(".")
        return self.holds("token", secret, signature)

    def sign(self, address: str, name: str) -> str:
        """Return the signature of a file's name for a conversation."""
        return hmac.new(self._key, f"{address}:{name}".encode(), hashlib.sha256).hexdigest()[:32]

    def holds(self, address: str, name: str, signature: str) -> bool:
        """Tell whether a signature is ours."""
        return hmac.compare_digest(self.sign(address, name).encode(), signature.encode("utf-8", "replace"))

    def link(self, address: str, digest: str, now: datetime) -> str:
        """Return where a conversation may fetch a file for some hours."""
        until = int((now + FILES_LAST).timestamp())
        return f"/web/files/{digest}?for={address}&until={until}&key={self.sign(address, f'{digest}:{until}')}"

    def opens(self, address: str, digest: str, until: str, signature: str, now: datetime) -> bool:
        """Tell whether a link to a file is ours and has not ended."""
        lasts = until.isascii() and until.isdigit() and len(until) <= LONGEST_UNTIL and int(until) > now.timestamp()
        return self.holds(address, f"{digest}:{until}", signature) and lasts


def address_of(token: str) -> str:
    """Return the conversation of a token: who reads the database cannot speak for the person."""
    if not 16 <= len(token) <= 128 or not token.isascii():
        raise NotUsable("token")
    return hashlib.sha256(token.encode()).hexdigest()[:40]


def parse(said: Said, signer: Signer) -> list[Incoming]:
    """Read what somebody did. Raises NotUsable."""
    address = address_of(said.token)
    if max(len(said.text), len(said.name), *(len(one.name) for one in said.also)) > LONGEST_TEXT:
        raise NotUsable("too long")
    if said.also and (said.kind != "file" or len(said.also) >= MOST_TOGETHER):
        raise NotUsable("together")
    album = str(said.id) if said.also else ""
    replies = [(said.id, _reply(said, address, signer, album))]
    replies += [(one.id, _file_sent(one, address, signer, album)) for one in said.also]
    return [Incoming(CHANNEL, BOT, address, f"{address}:{id_}", reply) for id_, reply in replies]


def _reply(said: Said, address: str, signer: Signer, album: str) -> Reply:
    if len(said.payload) > LONGEST_PAYLOAD:
        raise NotUsable("too long")
    match said.kind:
        case "typed":
            return Typed(said.text)
        case "pressed":
            return Pressed(said.payload)
        case "file":
            return _file_sent(said, address, signer, album)
        case _:
            UNKNOWN.labels(CHANNEL).inc()
            return Unreadable("unknown")


def _file_sent(said: Said | SaidFile, address: str, signer: Signer, album: str) -> SentFile:
    kind, _dot, rest = said.file.partition(".")
    digest, _dot, signature = rest.partition(".")
    if kind not in {"photo", "document"} or not signer.holds(address, f"{kind}.{digest}", signature):
        raise NotUsable("file")
    caption = said.text if isinstance(said, Said) else ""
    return SentFile(kind, said.name[:LONGEST_NAME], f"{STORED}{digest}", caption, album)


def render(letter: DueLetter, address: str, signer: Signer, now: datetime) -> ShownMessage | None:
    """Show a letter; None for one that has nothing to show."""
    outgoing = letter.outgoing
    if outgoing is None:
        return None
    files = [_file(file, address, signer, now) for file in outgoing.files]
    if None in files:
        log.warning("file_left_out", channel=CHANNEL, outbox_id=letter.id)
    return ShownMessage(
        letter.id,
        letter.created_at.isoformat(),
        outgoing.text,
        [[ShownButton(b.label, b.payload, b.lasting, b.url) for b in row] for row in outgoing.buttons],
        [file for file in files if file is not None],
        outgoing.marks,
        outgoing.topic,
        outgoing.forget,
    )


def _file(file: Attachment, address: str, signer: Signer, now: datetime) -> ShownFile | None:
    """Show a file; None for one that lies with a channel, for a page has no handles of its own."""
    match file:
        case StoredFile(digest, kind, name):
            return ShownFile(signer.link(address, digest, now), kind, name)
        case InlineFile(name, content):
            return ShownFile(f"data:text/plain;charset=utf-8,{quote(content)}", "document", name)
        case ChannelFile():
            return None
