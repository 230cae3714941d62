"""What whole-system tests share: a Bot API server, and deployments of `hoctap` that are ended whatever happens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.botapi import DEFAULT_TOKEN, BotApiServer, Limits
from tests.system.commune import sqlite_in
from tests.system.process import Deployment, Serving

Serve = Callable[[Deployment], Awaitable[Serving]]


@pytest.fixture
async def telegram(request: pytest.FixtureRequest) -> AsyncIterator[BotApiServer]:
    """A Bot API server with Telegram's own limits, or with those times the fixture's parameter."""
    async with BotApiServer(limits=Limits(speed=getattr(request, "param", 1.0))) as server:
        yield server


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A commune without a bot on Telegram, and without a database yet."""
    return Deployment(tmp_path, {"DATABASE_URL": sqlite_in(tmp_path), "LOG_LEVEL": "debug"})


@pytest.fixture
def on_telegram(deployment: Deployment, telegram: BotApiServer) -> Deployment:
    """A commune with a bot that polls."""
    deployment.settings |= {"TELEGRAM_TOKEN": DEFAULT_TOKEN, "TELEGRAM_API_URL": telegram.base_url}
    return deployment


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts `hoctap serve` and waits until it answers; what still runs at the end is killed."""
    async with AsyncExitStack() as stack:

        async def start(deployment: Deployment) -> Serving:
            serving = await deployment.serve()
            stack.push_async_callback(serving.kill)
            return serving

        yield start
