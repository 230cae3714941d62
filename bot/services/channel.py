"""What a channel is to the application: bots that send and fetch, work that runs for ever, and pages of its own."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.routing import BaseRoute

from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.services.sending import FileSource, Sender
from bot.settings import Settings
from bot.store.core.inbox import Incoming
from flows.conversation.messages import MenuEntry

Receive = Callable[[Sequence[Incoming]], Awaitable[None]]

# A name and what runs for ever, or until it is done.
Work = tuple[str, Callable[[], Coroutine[Any, Any, None]]]


class Bot(Sender, FileSource, Protocol):
    """One bot or account of a channel."""

    channel: str
    bot: str

    @property
    def trouble(self) -> str | None:
        """Return what does not work at present, or None."""

    @property
    def link(self) -> str | None:
        """Return the pattern of links that open a chat with a `{code}`, as soon as it is known."""

    async def stop(self) -> None:
        """Close the connections."""


@dataclass(frozen=True, slots=True)
class Host:
    """What the application hands to a channel. `receive` returns once what came is kept; `menus` has the commands by
    language, those of "" for any other one."""

    settings: Settings
    runtime: Runtime
    files: FileStore
    receive: Receive
    menus: Mapping[str, Sequence[MenuEntry]]


@dataclass(frozen=True, slots=True)
class Service:
    """A bot as the application runs it. `unit` is the code of the unit that it is for, if it is one of several."""

    bot: Bot
    works: Sequence[Work]
    routes: Sequence[BaseRoute] = ()
    unit: str = ""


# What a channel's folder brings: the bots that the settings name, none where they name none.
OpenChannel = Callable[[Host], Iterable[Service]]
