"""What goes out: messages as the flows write them, and as they wait to be sent."""

from collections.abc import Iterator

from msgspec import Struct

from flows.words.marks import Mark, read_marks
from flows.words.remembering import for_a_moment
from flows.words.wording import DEFAULT_LANGUAGE, Catalogue, Wording, people_in, render

LETTERS_A_ROW = 30
MOST_A_ROW = 3


class Button(Struct, frozen=True):
    """One thing to press. `lasting` buttons stay valid after the talk has moved on; one with a `url` opens it and has
    no payload. `number` does the same when it is typed; 0 where no number does."""

    label: Wording
    payload: str
    lasting: bool = False
    url: str = ""
    number: int = 0


class Document(Struct, frozen=True):
    """A text document before it has a language."""

    name: Wording
    text: Wording


class StoredFile(Struct, frozen=True, tag="stored"):
    """A file of the evidence store, named by the SHA-256 of its content."""

    digest: str
    kind: str
    name: str


class InlineFile(Struct, frozen=True, tag="inline"):
    """A text document made for one reader, which lives only until it is sent."""

    name: str
    content: str


class ChannelFile(Struct, frozen=True, tag="channel"):
    """A file that the reader's channel has already, by the channel's own handle."""

    source: str
    kind: str
    name: str


Attachment = StoredFile | InlineFile | ChannelFile


class Message(Struct, frozen=True):
    """A message before it has a language. Buttons come in groups that start a row of their own.

    It is said in the reader's language unless it names its own. A `formatted` text has *strong* and _slanted_ words.
    Messages of one `topic` replace each other in a chat, where its channel can edit what was sent.
    """

    text: Wording
    buttons: tuple[tuple[Button, ...], ...] = ()
    files: tuple[StoredFile | ChannelFile | Document, ...] = ()
    formatted: bool = False
    topic: str = ""
    language: str = ""


class OutgoingButton(Struct, frozen=True, omit_defaults=True):
    """A button in the reader's language. `payload` has at most 64 bytes, the least any channel allows."""

    label: str
    payload: str
    lasting: bool = False
    url: str = ""
    number: int = 0


class MenuEntry(Struct, frozen=True):
    """A command and what it does, for the channels that show a menu."""

    command: str
    description: str


class Outgoing(Struct, frozen=True, omit_defaults=True):
    """A message in the reader's language, as it waits in the outbox. No channel's form yet.

    At one to `forget`, a channel that keeps what was said on the reader's device deletes all that came before it.
    `language` is "" for Vietnamese; a channel that adds words of its own says them in it.
    """

    text: str
    buttons: tuple[tuple[OutgoingButton, ...], ...] = ()
    files: tuple[Attachment, ...] = ()
    menu: tuple[MenuEntry, ...] = ()
    marks: tuple[Mark, ...] = ()
    topic: str = ""
    forget: bool = False
    language: str = ""


def people_named(message: Message) -> frozenset[int]:
    """Return the people that a message names: in its text, on its buttons, in documents made for its reader."""
    labels = (button.label for group in message.buttons for button in group)
    documents = (file.text for file in message.files if isinstance(file, Document))
    return frozenset().union(*map(people_in, (message.text, *labels, *documents)))


def rendered(message: Message, catalogue: Catalogue, menu: tuple[MenuEntry, ...] = ()) -> Outgoing:
    """Say a message in a language."""
    text = render(message.text, catalogue)
    text, marks = read_marks(text) if message.formatted else (text, ())
    return Outgoing(
        text=text,
        buttons=tuple(row for group in message.buttons for row in _rows(group, catalogue)),
        files=tuple(_rendered_file(file, catalogue) for file in message.files),
        menu=menu,
        marks=marks,
        topic=message.topic,
        language="" if catalogue.language == DEFAULT_LANGUAGE else catalogue.language,
    )


def _rows(group: tuple[Button, ...], catalogue: Catalogue) -> Iterator[tuple[OutgoingButton, ...]]:
    """Set buttons side by side while their labels are short: a phone shows about 32 letters a row."""
    row: list[OutgoingButton] = []
    letters = 0
    for button in group:
        label = _label(button.label, catalogue)
        letters += len(label)
        if row and (len(row) == MOST_A_ROW or letters > LETTERS_A_ROW):
            yield tuple(row)
            row, letters = [], len(label)
        row.append(OutgoingButton(label, button.payload, button.lasting, button.url, button.number))
    if row:
        yield tuple(row)


def _rendered_file(file: StoredFile | ChannelFile | Document, catalogue: Catalogue) -> Attachment:
    if isinstance(file, Document):
        return InlineFile(render(file.name, catalogue), render(file.text, catalogue))
    return file


# The same few labels are said over and over; some have somebody's name in them.
_label = for_a_moment(4096)(render)
