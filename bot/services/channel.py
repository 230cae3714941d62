"""What a channel is to the application: bots that send and fetch, work that runs for ever, and pages of its own."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.routing import BaseRoute

from bot.services.file_links import FileLinks
from bot.services.files import FileStore
from bot.services.runtime import Runtime
from bot.services.sending import FileSource, Sender
from bot.settings import Settings
from bot.store.core.inbox import Incoming
from flows.conversation.messages import MenuEntry
from flows.domain.channels import Window

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
        """Return the pattern of links that open a chat with a `{code}`, as soon as it is known. Where links carry no
        code, there is none in it: the code is typed."""

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
    links: FileLinks


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at a channel shows, in English, for whoever runs the server."""

    well: bool
    said: str


Look = Callable[[], Awaitable[Sequence[Finding]]]


async def nothing_found() -> Sequence[Finding]:
    """Return that there is nothing to look at."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """A bot as the application runs it. `unit` is the code of the unit that it is for, if it is one of several;
    `window` is for how long its channel takes messages for who is silent, where it does not always. `look` finds out
    whether its token works and what is missing, and changes nothing."""

    bot: Bot
    works: Sequence[Work]
    routes: Sequence[BaseRoute] = ()
    unit: str = ""
    window: Window | None = None
    look: Look = nothing_found


# What a channel's folder brings: the bots that the settings name, none where they name none.
OpenChannel = Callable[[Host], Iterable[Service]]
