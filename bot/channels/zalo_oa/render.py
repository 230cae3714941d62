"""What is sent to an Official Account's reader: bodies of messages, within Zalo's limits."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.channels.zalo_oa.parse import PRESSED
from bot.services import long_texts
from bot.services.typed_buttons import Laid
from flows.conversation.messages import OutgoingButton

LONGEST_TEXT = 2000
MOST_BUTTONS = 5
LONGEST_TITLE = 100
LONGEST_PAYLOAD = 1000

Body = Mapping[str, Any]


def texts_of(laid: Laid, told: Sequence[str] = ()) -> Iterator[Body]:
    """Yield the messages that say a letter, the one with the buttons last, after what is told of files."""
    texts = [text for one in told for text in split(one)] + list(split(laid.text))
    for text in texts[:-1]:
        yield {"text": text}
    if texts:
        yield _with_buttons(texts[-1], laid.buttons)


def split(text: str) -> Iterator[str]:
    """Yield a text in parts that fit. Some phones write a letter and its marks apart, which counts as two."""
    return long_texts.split(normal(text), LONGEST_TEXT, _beginning)


def normal(text: str) -> str:
    """Return a text with each letter in one piece, and without half surrogate pairs, which have no UTF-8."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", whole)


def _beginning(text: str, most: int) -> str:
    """Return as much of a text as `most` allows. An emoji may count as two, so it does."""
    return text.encode("utf-16-le")[: most * 2].decode("utf-16-le", "ignore")


def _with_buttons(text: str, buttons: Sequence[OutgoingButton]) -> Body:
    if not buttons:
        return {"text": text}
    shown = [_button(button) for button in buttons]
    return {"text": text, "attachment": {"type": "template", "payload": {"buttons": shown}}}


def _button(button: OutgoingButton) -> Body:
    title = _title(button.label)
    if button.url:
        return {"title": title, "type": "oa.open.url", "payload": {"url": button.url}}
    return {"title": title, "type": "oa.query.hide", "payload": PRESSED + button.payload}


def _title(label: str) -> str:
    said = normal(label)
    return said if _beginning(said, LONGEST_TITLE) == said else _beginning(said, LONGEST_TITLE - 1).rstrip() + "…"


def image(attachment_id: str) -> Body:
    """Return the message that shows a picture, which was handed over before."""
    elements = [{"media_type": "image", "attachment_id": attachment_id}]
    return {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": elements}}}


def document(token: str) -> Body:
    """Return the message that has a document, which was handed over before."""
    return {"attachment": {"type": "file", "payload": {"token": token}}}
