"""Leases: who leads a work that one instance does for all. It ends by itself when its holder dies."""

from datetime import timedelta

from sqlalchemy import delete, func, literal, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.tables import leases

SECONDS = 6.0


async def hold(connection: AsyncConnection, name: str, holder: str, pause: float = 0.0) -> bool:
    """Take or prolong a lease, by the database's clock, over a pause of so many seconds too. False while somebody else
    holds it.

    A SQLite file has one `hoctap serve`, which leads everything.
    """
    if connection.dialect.name == "sqlite":
        return True
    until = func.clock_timestamp() + literal(timedelta(seconds=pause + SECONDS))
    mine_or_over = (leases.c.holder == holder) | (leases.c.until < func.clock_timestamp())
    taken = await connection.execute(
        update(leases).where(leases.c.name == name, mine_or_over).values(holder=holder, until=until)
    )
    if taken.rowcount:
        return True
    made = await connection.execute(
        upserts.insert_new(connection, leases).values(name=name, holder=holder, until=until)
    )
    return made.rowcount > 0


async def give_up(connection: AsyncConnection, name: str, holder: str) -> None:
    """Let another instance lead at once."""
    await connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
