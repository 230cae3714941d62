"""Leading: one of several instances does a work, and another takes over when it dies."""

import asyncio
import secrets

import structlog

from bot.store.core import leases
from bot.store.core.database import Database

log = structlog.get_logger()


class Leading:
    """One instance's part in a work that only one does. Between its rounds the work may pause for some seconds."""

    def __init__(self, database: Database, name: str, pause: float = 0.0, holder: str | None = None) -> None:
        self._database = database
        self._name = name
        self._pause = pause
        self._me = holder or secrets.token_hex(8)

    async def holds(self) -> bool:
        """Take or keep the lead. False while another instance has it."""
        if self._database.is_sqlite:
            return True
        async with self._database.writing() as connection:
            return await leases.hold(connection, self._name, self._me, self._pause)

    async def give_up(self) -> None:
        """Let another instance lead at once."""
        if self._database.is_sqlite:
            return
        async with self._database.writing() as connection:
            await leases.give_up(connection, self._name, self._me)

    async def renew(self) -> None:
        """Keep the lead for ever, while a long round of the work goes on."""
        while True:
            await asyncio.sleep(leases.SECONDS / 3)
            try:
                await self.holds()
            except Exception as error:  # the round itself finds out what is wrong with the database
                log.warning("lease_not_renewed", lease=self._name, error=type(error).__name__)
