"""Turns become slow in the middle of a broadcast: it makes way by itself, and comes back when they are quick again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.application import Application
from bot.channels.telegram.channel import RATES
from bot.services.turns import Done, Turns
from bot.settings import SecretStr, Settings
from bot.store.core.inbox import Incoming
from tests.botapi import DEFAULT_TOKEN, BotApiServer, Limits
from tests.botapi.chatter import Chatter
from tests.system.broadcast import NOTICE, to_a_commune
from tests.system.commune import set_up
from tests.system.process import Deployment

SPEED = 5
RECIPIENTS = 4000
RESIDENTS = 10
COUNTED = 1.5  # seconds

# So that a test takes no minute, and a machine with other work to do does not pass for one that is overtaxed.
SLOW_TURNS = 0.8
SLOWLY = 1.2  # seconds a batch of turns takes on a machine that is
LOOK_BACK = 3.0
ADJUST = 0.2


class SlowTurns(Turns):
    """The turn loop of a machine that is overtaxed at times."""

    seconds = 0.0

    async def _batch(self, most: int, arrived: Sequence[Incoming] = ()) -> Done:
        await asyncio.sleep(self.seconds)
        return await super()._batch(most, arrived)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make way sooner, and for what only a machine that is really overtaxed does."""
    monkeypatch.setattr("bot.application.Turns", SlowTurns)
    monkeypatch.setattr("bot.services.rate_limiter.SLOW_TURNS", SLOW_TURNS)
    monkeypatch.setattr("bot.services.rate_limiter.ADJUST_SECONDS", ADJUST)
    monkeypatch.setattr("bot.services.latency.WINDOW_SECONDS", LOOK_BACK)


@pytest.fixture
async def telegram() -> AsyncIterator[BotApiServer]:
    """A Telegram that takes five times as much."""
    async with BotApiServer(limits=Limits(speed=SPEED)) as server:
        yield server


async def test_a_broadcast_makes_way_while_turns_are_slow_and_no_longer(
    deployment: Deployment, telegram: BotApiServer
) -> None:
    await set_up(deployment)
    crowd = telegram.add_crowd(RECIPIENTS)
    async with to_a_commune(deployment.settings["DATABASE_URL"], crowd) as broadcast:
        await broadcast.write()
        application = _application(deployment, telegram)
        async with _working(application):
            residents = Chatter(crowd[-RESIDENTS:], "/status", 5.0)
            await _until(lambda: _notices(telegram) > 0)
            quick = await _rate(telegram)
            _slow_down(application, SLOWLY)
            await _until(lambda: _share(application) < 0.1)
            slow = await _rate(telegram)
            _slow_down(application, 0.0)
            await _until(lambda: _share(application) == 1.0)
            quick_again = await _rate(telegram)
            await residents.stop()
        await application.close()
    print(f"\n{quick:.0f} notices a second; turns become slow: {slow:.0f}; quick again: {quick_again:.0f}")
    assert slow < quick / 4
    assert quick_again > slow * 4
    assert telegram.ledger.too_many == 0


def _application(deployment: Deployment, telegram: BotApiServer) -> Application:
    return Application(
        Settings(
            database_url=deployment.settings["DATABASE_URL"], telegram_token=SecretStr(DEFAULT_TOKEN),
            telegram_api_url=telegram.base_url, telegram_rate=RATES.per_bot * SPEED, quiet_hours="00:00-00:00",
        )
    )  # fmt: skip


@asynccontextmanager
async def _working(application: Application) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        working = group.create_task(application.run())
        yield
        working.cancel()


def _slow_down(application: Application, seconds: float) -> None:
    assert isinstance(application.turns, SlowTurns)
    application.turns.seconds = seconds


def _share(application: Application) -> float:
    (served,) = application.served
    return served.courier.share


def _notices(telegram: BotApiServer) -> int:
    return sum(NOTICE in entry.text for entry in telegram.ledger.accepted)


async def _rate(telegram: BotApiServer) -> float:
    """Return how many notices come a second."""
    before = _notices(telegram)
    await asyncio.sleep(COUNTED)
    return (_notices(telegram) - before) / COUNTED


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)
