"""Codes that nobody answered in time: who made one and who typed it are told that nothing has been joined."""

from bot.services.leading import Leading
from bot.services.runtime import Runtime
from bot.services.supervisor import Supervisor
from bot.store import joining
from bot.store.core import outbox
from flows.conversation.messages import Message
from flows.joining.talk import TOO_LATE

IDLE_SECONDS = 30.0
AT_ONCE = 100


class CodeKeeper:
    """Looks for codes whose time is over. One instance does."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, supervisor: Supervisor) -> None:
        """Look for ever."""
        lease = Leading(self._runtime.database, "codes", IDLE_SECONDS)
        await supervisor.keep("codes", self.run_once, IDLE_SECONDS, lease=lease)

    async def run_once(self) -> bool:
        """Tell those of some codes that are over. Tells whether there were any, so that there may be more."""
        now = self._runtime.clock()
        async with self._runtime.database.reading() as connection:
            if not await joining.any_over(connection, now):
                return False
        async with self._runtime.database.writing() as connection:
            over = await joining.end_over(connection, now, AT_ONCE)
            found = [await outbox.recipient_of(connection, chat, person_id) for chat, person_id in over]
            letters = [self._runtime.letter(to, Message(TOO_LATE)) for to in found if to is not None]
            await outbox.queue(connection, letters, now)
        self._runtime.letters_queued.ring()
        return bool(over)
