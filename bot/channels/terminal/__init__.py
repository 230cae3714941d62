"""The terminal: one person, text and numbers only, each turn worked through before the next is read."""

import asyncio
import getpass
from uuid import uuid4

from bot.services.runtime import Runtime
from bot.services.turns import Turns
from bot.services.wording import NoticeWording
from bot.store.core import inbox, outbox
from bot.store.core.inbox import Incoming
from flows.conversation.messages import Attachment, ChannelFile, InlineFile, Outgoing, OutgoingButton, StoredFile
from flows.conversation.replies import Typed
from flows.words.marks import write_marks

CHANNEL = "terminal"
SECONDS_BETWEEN_LOOKS = 0.05


class Terminal:
    """A conversation at the keyboard of whoever is logged in."""

    def __init__(self, runtime: Runtime, turns: Turns) -> None:
        self._runtime = runtime
        self._turns = turns
        self._wording = NoticeWording(runtime.catalogues)
        self._address = getpass.getuser()
        turns.answer_only((CHANNEL, CHANNEL, self._address))

    async def turn(self, said: str) -> list[Outgoing]:
        """Say something and return the answers, whoever gives them: a server on the same database may be quicker."""
        update_id = str(uuid4())
        await self._turns.receive([Incoming(CHANNEL, CHANNEL, self._address, update_id, Typed(said))])
        while not await self._is_done(update_id):
            if not (await self._turns.run_once()).turns:
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        async with self._runtime.database.writing() as connection:
            new = await outbox.read_new(connection, CHANNEL, CHANNEL, self._address)
            letters = await self._wording.worded(connection, new, CHANNEL)
            ids = [letter.id for letter in letters]
            await outbox.settle_read(connection, CHANNEL, CHANNEL, self._address, ids, self._runtime.clock())
        return [letter.outgoing for letter in letters if letter.outgoing is not None]

    async def _is_done(self, update_id: str) -> bool:
        async with self._runtime.database.reading() as connection:
            return await inbox.is_done(connection, CHANNEL, CHANNEL, update_id)


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
