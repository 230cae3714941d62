"""How branch heads hear of forms that arrive: the first few of a day at once, unless they want it otherwise."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bot.store import arrivals
from bot.store.arrivals import FEW
from bot.store.core.tables import arrivals as kept
from bot.store.core.tables import conversations
from flows.review.needs import ToldHow
from tests.commune import Commune
from tests.sample import NOW

TODAY, TOMORROW = date(2026, 10, 1), date(2026, 10, 2)
EARLIER = NOW - timedelta(days=1)


async def head(commune: Commune) -> int:
    ids = await commune.column(select(conversations.c.person_id).where(conversations.c.address == "Trường"))
    return int(ids[0])


async def arrive(commune: Commune, number: int, day: date = TODAY) -> int:
    """Let so many forms arrive for Trường. Returns how many he is shown at once."""
    who = await head(commune)
    async with commune.database.writing() as connection:
        return (await arrivals.shown_at_once(connection, {who: number}, day, NOW))[who]


async def held(commune: Commune) -> int:
    return int((await commune.column(select(kept.c.held).where(kept.c.person_id == await head(commune))))[0])


async def choose(commune: Commune, how: ToldHow) -> None:
    async with commune.database.writing() as connection:
        await arrivals.choose(connection, await head(commune), how)


async def test_the_first_few_of_a_day_are_shown_and_the_others_held_back(commune: Commune) -> None:
    await choose(commune, "evening")  # Lan's form was shown to him already
    await choose(commune, "")
    shown = await arrive(commune, 3, TOMORROW), await arrive(commune, 4, TOMORROW), await arrive(commune, 1, TOMORROW)
    assert shown == (3, FEW - 3, 0)
    assert await held(commune) == 3
    assert await arrive(commune, 1, date(2026, 10, 3)) == 1
    assert await held(commune) == 3


@pytest.mark.parametrize(("how", "shown"), [("each", 40), ("hourly", 0), ("evening", 0)])
async def test_who_wants_it_otherwise_gets_it_so(commune: Commune, how: ToldHow, shown: int) -> None:
    await choose(commune, how)
    assert await arrive(commune, 40) == shown
    assert await held(commune) == 40 - shown
    async with commune.database.reading() as connection:
        assert await arrivals.told_how(connection, [await head(commune)]) == {await head(commune): how}


async def test_what_was_held_back_is_due_after_an_hour_or_in_the_evening_and_once(commune: Commune) -> None:
    who, hour = await head(commune), timedelta(hours=1)
    await choose(commune, "hourly")
    await arrive(commune, 2)
    async with commune.database.writing() as connection:
        assert await arrivals.due(connection, NOW - hour, NOW + hour, 10) == []
        assert await arrivals.due(connection, NOW, EARLIER, 10) == [who]
        await arrivals.choose(connection, who, "evening")
        assert await arrivals.due(connection, NOW, EARLIER, 10) == []
        assert await arrivals.due(connection, EARLIER, NOW, 10) == [who]
        assert await arrivals.take(connection, [who]) == {who: 2}
        assert await arrivals.take(connection, [who]) == {}
        assert await arrivals.due(connection, NOW + hour, NOW + hour, 10) == []
