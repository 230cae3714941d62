"""How branch heads hear of forms that arrive: some at once, the others together later."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.tables import arrivals
from flows.review.needs import ToldHow

# So many a day are shown one by one, unless somebody wants it otherwise.
FEW = 5

_LOCK = (
    select(arrivals)
    .where(arrivals.c.person_id.in_(bindparam("ids", expanding=True)))
    .order_by(arrivals.c.person_id)
    .with_for_update()
)
_NOTE = (
    update(arrivals)
    .where(arrivals.c.person_id == bindparam("_id"))
    .values({name: bindparam(name) for name in ("day", "told", "held", "since")})
)


async def shown_at_once(
    connection: AsyncConnection, arrived: Mapping[int, int], today: date, now: datetime
) -> dict[int, int]:
    """Note how many forms arrive for each of these branch heads. Returns how many of them each is shown at once."""
    if not arrived:
        return {}
    await _make_rows(connection, arrived)
    shown: dict[int, int] = {}
    rows = []
    for row in await connection.execute(_LOCK, {"ids": sorted(arrived)}):
        number = arrived[row.person_id]
        told = row.told if row.day == today else 0
        shown[row.person_id] = at_once = min(number, _room(row.told_how, told))
        held = row.held + number - at_once
        rows.append(
            {
                "_id": row.person_id,
                "day": today,
                "told": told + at_once,
                "held": held,
                "since": row.since or (now if held else None),
            }
        )
    await execute_many(connection, _NOTE, rows)
    return shown


def _room(told_how: ToldHow, told: int) -> int:
    """Return how many more are shown one by one today, to somebody who has been shown some."""
    match told_how:
        case "each":
            return 1_000_000
        case "":
            return max(0, FEW - told)
        case _:
            return 0


async def _make_rows(connection: AsyncConnection, person_ids: Collection[int]) -> None:
    new = [{"person_id": id_, "told_how": "", "told": 0, "held": 0} for id_ in sorted(person_ids)]
    await execute_many(connection, upserts.insert_new(connection, arrivals), new)


async def told_how(connection: AsyncConnection, person_ids: Collection[int]) -> dict[int, ToldHow]:
    """Return how people hear of forms that arrive, of those who have chosen."""
    rows = await connection.execute(
        select(arrivals.c.person_id, arrivals.c.told_how).where(arrivals.c.person_id.in_(sorted(person_ids)))
    )
    return {row.person_id: row.told_how for row in rows}


async def choose(connection: AsyncConnection, person_id: int, how: ToldHow) -> None:
    """Let somebody hear of forms that arrive in another way."""
    await _make_rows(connection, [person_id])
    await connection.execute(update(arrivals).where(arrivals.c.person_id == person_id).values(told_how=how))


async def due(connection: AsyncConnection, hour_ago: datetime, evening: datetime, most: int) -> Sequence[int]:
    """Return whom to tell of the forms that were held back: since an hour or more, or since before the evening."""
    waited = or_(
        and_(arrivals.c.told_how == "hourly", arrivals.c.since <= hour_ago),
        and_(arrivals.c.told_how != "hourly", arrivals.c.since <= evening),
    )
    found = select(arrivals.c.person_id).where(arrivals.c.held > 0, waited).order_by(arrivals.c.person_id).limit(most)
    return list(await connection.scalars(found))


async def take(connection: AsyncConnection, person_ids: Collection[int]) -> dict[int, int]:
    """Return how many forms were held back for each, and hold them no longer."""
    rows = (await connection.execute(_LOCK, {"ids": sorted(person_ids)})).all()
    taken = {row.person_id: int(row.held) for row in rows if row.held}
    cleared: list[dict[str, Any]] = [
        {"_id": row.person_id, "day": row.day, "told": row.told, "held": 0, "since": None} for row in rows if row.held
    ]
    await execute_many(connection, _NOTE, cleared)
    return taken
