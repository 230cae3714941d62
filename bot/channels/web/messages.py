"""What the page and the server say to each other, as frozen values."""

import hashlib
import hmac
from typing import Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
import structlog

from bot.channels.web.words import PageWords
from bot.services.files import STORED
from bot.store.inbox import Incoming
from bot.store.outbox import Due
from flows.marks import Mark
from flows.messages import Attachment, ChannelFile, InlineFile, StoredFile
from flows.replies import Pressed, Reply, SentFile, Typed

log = structlog.get_logger()

CHANNEL = "web"
BOT = "web"

LONGEST_TEXT = 20_000
LONGEST_PAYLOAD = 128
LONGEST_NAME = 200


class Said(msgspec.Struct, frozen=True):
    """What somebody did in the page. `id` is made there, so that a repeated request is known."""

    token: str
    id: UUID
    kind: Literal["typed", "pressed", "file"]
    text: str = ""
    payload: str = ""
    file: str = ""
    name: str = ""


class Phone(msgspec.Struct, frozen=True):
    """A chat in a page, the last message it has, and which edition of the page's own words; None wants none."""

    token: str
    after: int = 0
    words: str | None = None


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
    """A message in the page. One of a `topic` that the chat has already takes its place."""

    id: int
    at: str
    text: str
    buttons: list[list[ShownButton]]
    files: list[ShownFile]
    marks: tuple[Mark, ...]
    topic: str


class ShownPhone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is new for a chat in a page; `words` only where the page has others than its reader's."""

    token: str
    messages: list[ShownMessage]
    words: PageWords | None = None


class NotUsable(Exception):
    """A request that no page of ours sends."""


class Signer:
    """Signs what a page gets and later claims: file addresses and uploads, each for one conversation only."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, address: str, digest: str) -> str:
        """Return the signature of a file for a conversation."""
        return hmac.new(self._key, f"{address}:{digest}".encode(), hashlib.sha256).hexdigest()[:32]

    def holds(self, address: str, digest: str, signature: str) -> bool:
        """Tell whether a signature is ours."""
        return hmac.compare_digest(self.sign(address, digest).encode(), signature.encode("utf-8", "replace"))


def address_of(token: str) -> str:
    """Return the conversation of a token: who reads the database cannot speak for the person."""
    if not 16 <= len(token) <= 128 or not token.isascii():
        raise NotUsable("token")
    return hashlib.sha256(token.encode()).hexdigest()[:40]


def parse(said: Said, signer: Signer) -> Incoming:
    """Read what somebody did. Raises NotUsable."""
    address = address_of(said.token)
    return Incoming(CHANNEL, BOT, address, f"{address}:{said.id}", _reply(said, address, signer))


def _reply(said: Said, address: str, signer: Signer) -> Reply:
    if max(len(said.text), len(said.name)) > LONGEST_TEXT or len(said.payload) > LONGEST_PAYLOAD:
        raise NotUsable("too long")
    match said.kind:
        case "typed":
            return Typed(said.text)
        case "pressed":
            return Pressed(said.payload)
        case "file":
            kind, _dot, rest = said.file.partition(".")
            digest, _dot, signature = rest.partition(".")
            if kind not in {"photo", "document"} or not signer.holds(address, f"{kind}.{digest}", signature):
                raise NotUsable("file")
            return SentFile(kind, said.name[:LONGEST_NAME], f"{STORED}{digest}", said.text)


def render(letter: Due, address: str, signer: Signer) -> ShownMessage | None:
    """Show a letter; None for one that has nothing to show."""
    outgoing = letter.outgoing
    if outgoing is None:
        return None
    files = [_file(file, address, signer) for file in outgoing.files]
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
    )


def _file(file: Attachment, address: str, signer: Signer) -> ShownFile | None:
    """Show a file; None for one that lies with a channel, for a page has no handles of its own."""
    match file:
        case StoredFile(digest, kind, name):
            return ShownFile(f"/web/files/{digest}?for={address}&key={signer.sign(address, digest)}", kind, name)
        case InlineFile(name, content):
            return ShownFile(f"data:text/plain;charset=utf-8,{quote(content)}", "document", name)
        case ChannelFile():
            return None
