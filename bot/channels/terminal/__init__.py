"""The terminal: one person, text and numbers only, each turn worked through before the next is read."""

import getpass
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from bot.services.turns import Turns
from bot.store import outbox
from bot.store.database import Database
from bot.store.inbox import Incoming
from flows.marks import write_marks
from flows.messages import Attachment, ChannelFile, InlineFile, Outgoing, OutgoingButton, StoredFile
from flows.replies import Typed

CHANNEL = "terminal"


class Terminal:
    """A conversation at the keyboard of whoever is logged in."""

    def __init__(self, turns: Turns, database: Database, clock: Callable[[], datetime]) -> None:
        self._turns = turns
        self._database = database
        self._clock = clock
        self._address = getpass.getuser()

    async def turn(self, said: str) -> list[Outgoing]:
        """Say something and return the answers."""
        await self._turns.receive([Incoming(CHANNEL, CHANNEL, self._address, str(uuid4()), Typed(said))])
        while (await self._turns.run_once()).turns:
            pass
        async with self._database.writing() as connection:
            letters = await outbox.read_new(connection, CHANNEL, CHANNEL, self._address)
            ids = [letter.id for letter in letters]
            await outbox.settle_read(connection, CHANNEL, CHANNEL, self._address, ids, self._clock())
        return [letter.outgoing for letter in letters if letter.outgoing is not None]


def shown(outgoing: Outgoing) -> str:
    """Write a message with its answers underneath, for who has no buttons to press and reads marks as their signs."""
    text = write_marks(outgoing.text, outgoing.marks)
    rows = [" ".join(map(_button, row)) for row in outgoing.buttons]
    return "\n".join([text, *(_file(file) for file in outgoing.files), *rows])


def _button(button: OutgoingButton) -> str:
    return f"[{button.label}] {button.url}".rstrip()


def _file(file: Attachment) -> str:
    match file:
        case StoredFile(kind=kind, name=name) | ChannelFile(kind=kind, name=name):
            return f"({kind}) {name}"
        case InlineFile(name, content):
            return f"({name})\n{content}"
