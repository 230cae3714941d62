"""What people do in a chat, whatever the channel: the closed set of incoming replies."""

from msgspec import Struct


class Typed(Struct, frozen=True, tag="typed"):
    """A text message, commands among them."""

    text: str


class Pressed(Struct, frozen=True, tag="pressed"):
    """A button. The payload is a claim: it may be old, forged or somebody else's."""

    payload: str


class SentFile(Struct, frozen=True, tag="file"):
    """A photo or document. `source` is the channel's own handle, or `sha256:…` when it is stored already. Files that
    were sent together have the same `album`. `size` is what the channel says, in bytes, or 0."""

    kind: str
    name: str
    source: str
    caption: str = ""
    album: str = ""
    size: int = 0


class Edited(Struct, frozen=True, tag="edited"):
    """A change of a message sent earlier."""


class Unreadable(Struct, frozen=True, tag="unreadable"):
    """A sticker, a voice message, a place… named by the channel's word for it."""

    kind: str


class Blocked(Struct, frozen=True, tag="blocked"):
    """The person stopped the bot."""


class Unblocked(Struct, frozen=True, tag="unblocked"):
    """The person let the bot write again."""


Reply = Typed | Pressed | SentFile | Edited | Unreadable | Blocked | Unblocked
