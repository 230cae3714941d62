"""The chats of one bot: what was said in each, and what a person sees of it."""

from dataclasses import dataclass, field

from tests.botapi.rules import Json
from tests.botapi.updates import Signal


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    data: str | None = None
    url: str | None = None
    asks_contact: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as the person sees it now."""

    message_id: int
    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    kind: str = "text"
    file_id: str | None = None
    file_name: str | None = None
    edited: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(button.label for row in self.buttons for button in row)


@dataclass(slots=True)
class Chat:
    """One chat. `events` are the bot's messages and edits; `started` and `blocked` say if it may write."""

    id: int
    kind: str
    described: Json
    started: bool = False
    blocked: bool = False
    told_blocked: bool = False
    messages: dict[int, Json] = field(default_factory=dict)
    markups: dict[int, Json] = field(default_factory=dict)
    events: list[Shown] = field(default_factory=list)
    keyboard: tuple[tuple[Button, ...], ...] = ()
    toasts: list[str] = field(default_factory=list)
    changed: Signal = field(default_factory=Signal)

    def show(self, message: Json, markup: Json | None) -> None:
        """Keep a message of the bot, new or edited, and let whoever waits know."""
        self.messages[message["message_id"]] = message
        self.markups[message["message_id"]] = markup or {}
        self.events.append(shown(message, markup or {}))
        self._show_keyboard(markup or {})
        self.changed.fire()

    def _show_keyboard(self, markup: Json) -> None:
        """The keys below the writing line stay until others come or they are taken away."""
        if "keyboard" in markup or markup.get("remove_keyboard"):
            self.keyboard = _rows(markup.get("keyboard", []))

    def toast(self, text: str) -> None:
        self.toasts.append(text)
        self.changed.fire()

    @property
    def inbox(self) -> list[Shown]:
        """The bot's messages as they stand, in the order they came."""
        latest = {event.message_id: event for event in self.events}
        return list(latest.values())


def shown(message: Json, markup: Json) -> Shown:
    file_id, file_name = _file(message)
    return Shown(
        message_id=message["message_id"],
        text=message.get("text") or message.get("caption") or "",
        buttons=_rows(markup.get("inline_keyboard", [])),
        kind=next((kind for kind in ("photo", "document") if kind in message), "text"),
        file_id=file_id,
        file_name=file_name,
        edited="edit_date" in message,
    )


def labels(markup: Json | None) -> tuple[tuple[str, ...], ...]:
    rows = _rows((markup or {}).get("inline_keyboard") or (markup or {}).get("keyboard") or [])
    return tuple(tuple(button.label for button in row) for row in rows)


def _rows(rows: list[list[Json | str]]) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(_button(button) for button in row) for row in rows)


def _button(button: Json | str) -> Button:
    if isinstance(button, str):
        return Button(button)
    asks_contact = bool(button.get("request_contact"))
    return Button(button["text"], button.get("callback_data"), button.get("url"), asks_contact)


def _file(message: Json) -> tuple[str | None, str | None]:
    if "photo" in message:
        return message["photo"][-1]["file_id"], None
    document: Json = message.get("document", {})
    return document.get("file_id"), document.get("file_name")
