"""Leading: one of several instances does a work, and another takes over when it dies."""

import secrets

from bot.store import leases
from bot.store.database import Database


class Leading:
    """One instance's part in a work that only one does."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._me = secrets.token_hex(8)

    async def holds(self) -> bool:
        """Take or keep the lead. False while another instance has it."""
        if self._database.is_sqlite:
            return True
        async with self._database.writing() as connection:
            return await leases.hold(connection, self._name, self._me)
