"""The tokens of accounts that are renewed by themselves: a pair is kept before it is used, for each works only once."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.tables import channel_tokens

_KEPT = ("seed", "access", "refresh", "made_at", "expires_at", "told_at")


class TokenPair(Struct, frozen=True):
    """What opens an account, and what makes the next pair. `seed` is the hash of what a human gave that it comes of."""

    seed: str
    access: str
    refresh: str
    made_at: datetime
    expires_at: datetime

    def __repr__(self) -> str:
        """Return when it ends, and neither of its texts."""
        return f"TokenPair(expires_at={self.expires_at})"


async def find(connection: AsyncConnection, channel: str, bot: str) -> TokenPair | None:
    """Return an account's newest pair."""
    of_account = (channel_tokens.c.channel == channel, channel_tokens.c.bot == bot)
    row = (await connection.execute(select(channel_tokens).where(*of_account))).first()
    return TokenPair(row.seed, row.access, row.refresh, row.made_at, row.expires_at) if row is not None else None


async def keep(connection: AsyncConnection, channel: str, bot: str, pair: TokenPair) -> None:
    """Keep an account's newest pair: whatever was wrong with the last one is over."""
    statement = upserts.insert_or_replace(connection, channel_tokens, _KEPT)
    row = {name: getattr(pair, name, None) for name in _KEPT}
    await connection.execute(statement, {"channel": channel, "bot": bot, **row})


async def mark_told(connection: AsyncConnection, channel: str, bot: str, now: datetime) -> bool:
    """Note that a human is told that an account's pair can no longer be renewed. False when one was told already."""
    told = await connection.execute(
        update(channel_tokens)
        .where(channel_tokens.c.channel == channel, channel_tokens.c.bot == bot, channel_tokens.c.told_at.is_(None))
        .values(told_at=now)
    )
    return told.rowcount > 0
