"""The application as a whole: a bug in one of its works ends none of the others, and is named until it is over."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.application import Application
from bot.services.channel import Work
from bot.services.supervisor import Supervisor
from bot.services.turns import NotKept, Turns
from bot.settings import SecretStr, Settings
from tests.databases import Databases


class Failing(Application):
    """An application each of whose works fails when it first begins, and begins anew once it may."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.supervisor = Supervisor(rest=self._until_told, seconds_well=0.01)
        self.may_begin = asyncio.Event()
        self.names: list[str] = []

    async def _until_told(self, seconds: float) -> None:
        await self.may_begin.wait()

    def _works(self) -> Iterator[Work]:
        for name, work in super()._works():
            self.names.append(name)
            yield name, _failing_once(work)


def _failing_once(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], Coroutine[Any, Any, None]]:
    left = ["a bug"]

    async def fail_or_work() -> None:
        if left:
            raise ValueError(left.pop())
        await work()

    return fail_or_work


@pytest.fixture
async def failing(databases: Databases, tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Failing]:
    """An application with a Telegram that cannot be reached."""
    async with databases.fresh("sqlite") as url:
        application = Failing(
            Settings(
                database_url=url, secret_key=SecretStr("a key of the tests"), evidence_url=f"file:{tmp_path}",
                telegram_token=SecretStr("1:token"), telegram_api_url=f"http://127.0.0.1:{unused_tcp_port}",
            )
        )  # fmt: skip
        yield application
        await application.close()


def client_of(application: Application) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application.http()), base_url="http://hoctap.test")


async def say(client: httpx.AsyncClient) -> tuple[str, httpx.Response]:
    """Say something in a new chat. Returns its token, and the answer."""
    token = str((await client.post("/web/open")).json()["token"])
    said = {"token": token, "id": "00000000-0000-4000-8000-000000000001", "kind": "typed", "text": "hi"}
    return token, await client.post("/web/say", json=said)


async def test_a_bug_in_any_work_ends_nothing_and_is_named_until_it_is_over(failing: Failing) -> None:
    running = asyncio.create_task(failing.run())
    async with client_of(failing) as client, asyncio.timeout(30):
        while len(failing.supervisor.failing()) < len(failing.names) or not failing.names:
            await asyncio.sleep(0.001)
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "nobody is answered")
        assert sorted(ready.json()["failing"]) == sorted(failing.names)
        assert {told.partition(" since ")[0] for told in ready.json()["failing"].values()} == {"ValueError"}
        token, answer = await say(client)
        assert answer.status_code == 202, "what is said is kept meanwhile"
        failing.may_begin.set()
        while (ready := await client.get("/readyz")).status_code == 503 or ready.json()["failing"]:
            await asyncio.sleep(0.001)
        assert ready.json()["status"] == "ok"
        poll = {"phones": [{"token": token}], "wait": 20}
        (phone,) = (await client.post("/web/poll", json=poll)).json()["phones"]
        assert phone["messages"], "and answered then"
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_whoever_says_something_as_the_loop_ends_is_asked_to_say_it_again(
    failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def receive(turns: Turns, incoming: object) -> None:
        raise NotKept

    monkeypatch.setattr(Turns, "receive", receive)
    async with client_of(failing) as client:
        _token, answer = await say(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
