"""Two servers at one database: one leads, and when it dies in the middle of a broadcast, the other goes on with it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.delivery.flight import NOTICES_IN_FLIGHT
from bot.services.evidence_folder import ANOTHER
from tests.botapi import DEFAULT_TOKEN, BotApiServer
from tests.databases import Databases
from tests.system.broadcast import NEVER_QUIET, NOTICE, to_a_commune
from tests.system.commune import leave_empty, set_up
from tests.system.conftest import Serve
from tests.system.hurried import SPEED
from tests.system.process import HURRIED_HOCTAP, Deployment

RECIPIENTS = 2000
DIES_AFTER = 700
TAKES_OVER_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two deployments with one database."""

    address: str
    first: Deployment
    second: Deployment


@pytest.fixture
async def pair(databases: Databases, telegram: BotApiServer, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two servers' folders and ports, one PostgreSQL database, and a bot whose updates come by webhook."""
    async with databases.fresh("postgresql", leave_empty) as url:
        address = url.replace("postgresql+asyncpg", "postgresql")
        settings = {
            "DATABASE_URL": address,
            "TELEGRAM_TOKEN": DEFAULT_TOKEN,
            "TELEGRAM_API_URL": telegram.base_url,
            "TELEGRAM_WEBHOOK_SECRET": "secret",
            "EVIDENCE_URL": f"file://{tmp_path}/evidence",
            **NEVER_QUIET,
        }
        first, second = (_deployment(tmp_path / name, settings) for name in ("first", "second"))
        for deployment in (first, second):
            deployment.settings["PUBLIC_URL"] = first.url
        yield Pair(address, first, second)


def _deployment(folder: Path, settings: dict[str, str]) -> Deployment:
    folder.mkdir()
    return Deployment(folder, dict(settings), HURRIED_HOCTAP)


@pytest.mark.parametrize("telegram", [SPEED], indirect=True)
async def test_when_the_leading_server_dies_the_other_sends_the_rest_and_nothing_twice(
    pair: Pair, telegram: BotApiServer, serve: Serve
) -> None:
    await set_up(pair.first)
    crowd = telegram.add_crowd(RECIPIENTS)
    leading = await serve(pair.first)
    await serve(pair.second)
    async with to_a_commune(pair.address, crowd) as broadcast:
        await broadcast.write()
        async with broadcast.watched():
            await broadcast.until(lambda look: look.settled > DIES_AFTER)
            await leading.kill()
            sent, killed = telegram.ledger.sends, time.monotonic()
            lost = (await broadcast.look()).counts["sending"]
            silence = await _until_somebody_sends(telegram, sent) - killed
            ended = await broadcast.until(lambda look: look.ended)
        ledger = await broadcast.ledger()
    print(f"\n{lost} on their way, {ended.counts['uncertain']} uncertain; after {silence:.1f} s the other went on")
    assert silence < TAKES_OVER_WITHIN
    assert broadcast.wrong == []
    _everybody_has_it_once_but_what_was_on_its_way(telegram, ledger, lost)


async def test_a_server_whose_evidence_folder_is_another_is_refused_with_the_cure(pair: Pair, serve: Serve) -> None:
    await pair.first.succeed("migrate")
    await serve(pair.first)
    refused = await pair.second.run("serve", EVIDENCE_URL="file:its-own")
    assert (refused.code, refused.said) == (2, "")
    assert refused.complained.splitlines()[-1] == f"hoctap: {ANOTHER}"


async def _until_somebody_sends(telegram: BotApiServer, sent: int) -> float:
    """Return when the next message came."""
    async with asyncio.timeout(60):
        while telegram.ledger.sends == sent:
            await asyncio.sleep(0.01)
    return time.monotonic()


def _everybody_has_it_once_but_what_was_on_its_way(telegram: BotApiServer, ledger: dict[int, str], lost: int) -> None:
    tally = telegram.ledger.tally(NOTICE)
    uncertain = [chat for chat, state in ledger.items() if state == "uncertain"]
    assert (len(ledger), set(ledger.values())) == (RECIPIENTS, {"sent", "uncertain"})
    assert len(uncertain) == lost <= NOTICES_IN_FLIGHT
    assert {chat: times for chat, times in tally.chats.items() if times > 1} == {}
    assert [chat for chat, state in ledger.items() if state == "sent" and chat not in tally.chats] == []
    assert (tally.too_many, telegram.ledger.violations(unanswered_after=0)) == (0, [])
