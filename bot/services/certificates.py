"""What the public page of a certificate shows, and nothing more."""

from bot.store import recognition
from bot.store.core.database import Database
from bot.store.core.reference import unit_name
from bot.store.recognition import Certificate


async def read(database: Database, code: str) -> tuple[Certificate, str] | None:
    """Return a certificate by its code, with the name of the village; None where there is none."""
    async with database.reading() as connection:
        found = await recognition.certificate(connection, code)
        return (found, await unit_name(connection, found.village_id)) if found is not None else None
