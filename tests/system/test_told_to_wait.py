"""Telegram tells the bot to wait while many are written to: nothing is sent meanwhile, and no faster afterwards."""

import asyncio

from tests.botapi import BotApiServer, FaultPlan
from tests.system.commune import VILLAGE, set_up
from tests.system.conftest import Serve
from tests.system.process import Deployment

PEOPLE = 90
WAIT = 3
ON_THEIR_WAY = 3  # Letters that had left when the bot was told.


async def test_after_a_wait_that_telegram_asked_for_the_bot_keeps_to_its_pace(
    on_telegram: Deployment, telegram: BotApiServer, serve: Serve
) -> None:
    await set_up(on_telegram)
    await serve(on_telegram)
    people = [telegram.add_person(f"Người thứ {number}") for number in range(PEOPLE)]
    for person in people:
        person.start(f"v-{VILLAGE}")
    await _until(telegram, 5)
    telegram.faults = FaultPlan(too_many=1.0, retry_after=WAIT)
    while not telegram.ledger.injected_too_many:
        await asyncio.sleep(0.005)
    telegram.faults = FaultPlan()
    await _until(telegram, PEOPLE)
    assert [len(person.inbox) for person in people] == [1] * PEOPLE
    broken = [f"{violation.kind}: {violation.detail}" for violation in telegram.ledger.violations()]
    assert [one for one in broken if not one.startswith("too fast")] == []
    assert len(broken) <= ON_THEIR_WAY, broken


async def _until(telegram: BotApiServer, sent: int) -> None:
    async with asyncio.timeout(60):
        while len(telegram.ledger.messages) < sent:
            await asyncio.sleep(0.005)
