"""Links that sign in to web pages once, and who is signed in since."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.gathering import roles_in, roles_of_person
from bot.store.core.outbox import Recipient
from bot.store.core.tables import conversations, people, sign_ins
from flows.domain.people import Role
from flows.signing_in.records import AnyRecord, LinkGiven, SignedOut


class SignIn(Struct, frozen=True):
    """A link that was given, and what became of it. `told` is the chat it was given in."""

    id: int
    person_id: int
    link_ends: datetime
    opened_at: datetime | None
    cookie: str | None
    ends: datetime | None
    told: Recipient


class SignedIn(Struct, frozen=True):
    """Who is signed in, with the roles they hold, those that are over included."""

    person_id: int
    name: str
    language: str | None
    roles: tuple[Role, ...]
    ends: datetime


# what turns write


class Rows:
    """What a batch of turns gives and ends."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._given: list[dict[str, Any]] = []
        self._signed_out: list[int] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows. Of nobody known there are none."""
        if one.person_id is None:
            return
        match record:
            case LinkGiven(digest, ends):
                chat = one.turn.conversation.id
                given = {"digest": digest, "person_id": one.person_id, "conversation_id": chat}
                self._given.append({**given, "given_at": self._now, "link_ends": ends})
            case SignedOut():
                self._signed_out.append(one.person_id)

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        if self._signed_out:
            await sign_out(connection, self._signed_out)
        await execute_many(connection, insert(sign_ins), self._given)


async def sign_out(connection: AsyncConnection, person_ids: Collection[int]) -> None:
    """End what people have open everywhere, and their links."""
    await connection.execute(delete(sign_ins).where(sign_ins.c.person_id.in_(person_ids)))


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Forget links that were given, and whatever they opened, before a moment."""
    await connection.execute(delete(sign_ins).where(sign_ins.c.given_at < before))


# what pages read and write


async def lock_link(connection: AsyncConnection, digest: str) -> SignIn | None:
    """Return a link by the digest of its token, locked until the transaction ends: it is used once."""
    columns = [conversations.c[name] for name in ("channel", "bot", "address", "language")]
    found = select(sign_ins, *columns).join(conversations, conversations.c.id == sign_ins.c.conversation_id)
    row = (await connection.execute(found.where(sign_ins.c.digest == digest).with_for_update(of=sign_ins))).first()
    return _sign_in(row) if row is not None else None


def _sign_in(row: Row[Any]) -> SignIn:
    told = Recipient(row.conversation_id, row.channel, row.bot, row.address, row.language)
    return SignIn(row.id, row.person_id, row.link_ends, row.opened_at, row.cookie, row.ends, told)


async def open_with(connection: AsyncConnection, id_: int, cookie: str, now: datetime, ends: datetime) -> None:
    """Use a link up: from now on its browser is known by a cookie, of which the digest is kept."""
    used = {"opened_at": now, "cookie": cookie, "ends": ends}
    await connection.execute(update(sign_ins).where(sign_ins.c.id == id_).values(used))


async def end(connection: AsyncConnection, cookie: str) -> None:
    """Sign one browser out."""
    await connection.execute(update(sign_ins).where(sign_ins.c.cookie == cookie).values(cookie=None))


_READ = (
    select(
        people.c.id.label("person_id"),
        people.c.name,
        conversations.c.language,
        sign_ins.c.ends,
        roles_of_person().label("roles"),
    )
    .join(people, people.c.id == sign_ins.c.person_id)
    .join(conversations, conversations.c.id == sign_ins.c.conversation_id)
    .where(sign_ins.c.cookie == bindparam("digest"))
)


async def read(connection: AsyncConnection, cookie: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with a cookie, by its digest; None once that is over."""
    row = (await connection.execute(_READ, {"digest": cookie})).first()
    if row is None or row.ends is None or row.ends <= now:
        return None
    return SignedIn(row.person_id, row.name, row.language, roles_in(row.roles)[0], row.ends)
