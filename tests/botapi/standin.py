"""Telemelya, a Telegram stand-in others wrote, run unmodified as an outside check of `hoctap serve`.

It delivers by webhook only, keeps its state in Redis (here: fakeredis over TCP) and its files in S3 (here:
a dictionary behind HTTP), and leaves the secret header out. So the tests put a gateway at PUBLIC_URL that adds
the header and forwards to the bot, where a reverse proxy stands in production. It knows no menus, documents
or polling: those calls get 404, and a bot must live with that.
"""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from tests.botapi.account import DEFAULT_TOKEN
from tests.botapi.rules import Json

_SERVER = "from telemelya.server.app import main; main()"
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(slots=True)
class StandIn:
    """A running stand-in. `base_url` is what `TELEGRAM_API_URL` takes."""

    base_url: str
    token: str
    http: aiohttp.ClientSession

    def chat(self, chat_id: int, name: str = "Lan") -> "StandInChat":
        return StandInChat(self, chat_id, name)

    async def until_webhook_is_set(self, seconds: float = 20.0) -> None:
        """Return once the bot has announced where it wants its updates."""
        async with asyncio.timeout(seconds):
            while not await self._webhook():
                await asyncio.sleep(0.05)

    async def _webhook(self) -> str:
        async with self.http.post(f"{self.base_url}/bot{self.token}/getWebhookInfo") as response:
            answer: Json = await response.json()
            return str(answer["result"]["url"])


class StandInChat:
    """One person's chat: types, presses, sends a photo, reads what the bot answered."""

    def __init__(self, standin: StandIn, chat_id: int, name: str) -> None:
        self._standin = standin
        self.id = chat_id
        self._user = {"id": chat_id, "first_name": name}
        self._seen = 0

    async def type(self, text: str) -> None:
        await self._deliver(text=text)

    async def send_photo(self, content: bytes, caption: str = "") -> None:
        form = aiohttp.FormData()
        form.add_field("file", content, filename="photo.jpg", content_type="image/jpeg")
        uploaded = await self._control("POST", "upload_media", data=form)
        await self._deliver(photo_file_id=uploaded["file_id"], photo_caption=caption)

    async def press(self, label: str) -> None:
        """Press the button that reads so on the newest message that has it."""
        for sent in reversed(await self.sent()):
            for button in _buttons(sent):
                if button["text"] == label:
                    data, message = button["callback_data"], sent["message_id"]
                    return await self._deliver(callback_data=data, callback_message_id=message)
        raise LookupError(f"no [{label}] in chat {self.id}")

    async def wait_for(self, text: str, seconds: float = 10.0) -> Json:
        """The next message or edit not waited for yet that holds this text."""
        return await self._wait(lambda sent: text in str(sent.get("text") or ""), seconds, text)

    async def sent(self) -> list[Json]:
        """Every call the bot made in this chat, in order; `method` names it."""
        answer = await self._control("GET", "responses")
        return list(answer["responses"])

    async def _wait(self, fits: Callable[[Json], bool], seconds: float, wanted: str) -> Json:
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            sent = await self.sent()
            for number in range(self._seen, len(sent)):
                if fits(sent[number]):
                    self._seen = number + 1
                    return sent[number]
            await asyncio.sleep(0.05)
        raise AssertionError(f"chat {self.id} waited {seconds:g} s for {wanted!r}; got {sent[self._seen :]}")

    async def _deliver(self, **what: object) -> None:
        update = {"chat_id": self.id, "from_user": self._user} | what
        answer = await self._control("POST", f"send_update?bot_token={self._standin.token}", json=update)
        status = answer["delivery"]["status_code"]
        assert status == 200, f"the bot answered its webhook with {status}"

    async def _control(self, verb: str, path: str, **body: object) -> Json:
        headers = {"Authorization": "Bearer tests", "X-Test-Session": str(self.id)}
        url = f"{self._standin.base_url}/api/v1/test/{path}"
        async with self._standin.http.request(verb, url, headers=headers, **body) as response:  # type: ignore[arg-type]
            assert response.status == 200, await response.text()
            answer: Json = await response.json()
            return answer


def _buttons(sent: Json) -> list[Json]:
    rows = (sent.get("reply_markup") or {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


@asynccontextmanager
async def standin(token: str = DEFAULT_TOKEN) -> AsyncIterator[StandIn]:
    """Run Telemelya on a free port, with all it needs."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(_redis())
        bucket = await stack.enter_async_context(serving(_Bucket().application()))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        base_url = await stack.enter_async_context(_telemelya(redis, bucket, http))
        yield StandIn(base_url, token, http)


@asynccontextmanager
async def gateway(target: str, secret: str) -> AsyncIterator[str]:
    """An address for PUBLIC_URL that forwards to the bot and adds the secret Telegram would send."""
    async with aiohttp.ClientSession() as http:

        async def forward(request: web.Request) -> web.Response:
            headers = {"Content-Type": request.content_type, _SECRET_HEADER: secret}
            body = await request.read()
            async with http.post(target + request.path, data=body, headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read())

        application = web.Application()
        application.router.add_post("/{path:.*}", forward)
        async with serving(application) as address:
            yield address


@asynccontextmanager
async def _telemelya(redis: str, bucket: str, http: aiohttp.ClientSession) -> AsyncIterator[str]:
    port = _free_port()
    settings = {
        "MOCK_SERVER_HOST": "127.0.0.1",
        "MOCK_SERVER_PORT": str(port),
        "REDIS_URL": redis,
        "MINIO_ENDPOINT": bucket.removeprefix("http://"),
        "AUTH_KEYS": "tests",
        "STRICT_EDIT": "true",
    }
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVER, env=os.environ | settings, stdout=quiet, stderr=quiet
    )
    try:
        await _until_it_answers(f"http://127.0.0.1:{port}/", process, http)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_it_answers(url: str, process: asyncio.subprocess.Process, http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(30):
        while process.returncode is None:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
    raise AssertionError(f"telemelya ended with {process.returncode} instead of starting")


@asynccontextmanager
async def _redis() -> AsyncIterator[str]:
    fakeredis = pytest.importorskip("fakeredis", reason="fakeredis stands in for Telemelya's Redis")
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


class _Bucket:
    """As much of S3 as Telemelya needs: put, get, and every bucket exists."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def application(self) -> web.Application:
        application = web.Application(client_max_size=2**26)
        application.router.add_put("/{key:.*}", self._put)
        application.router.add_get("/{key:.*}", self._get)
        return application

    async def _put(self, request: web.Request) -> web.Response:
        self._objects[request.path] = await request.read()
        return web.Response()

    async def _get(self, request: web.Request) -> web.Response:
        if request.method == "HEAD":
            return web.Response()
        content = self._objects.get(request.path)
        return web.Response(body=content) if content is not None else web.Response(status=404)


@asynccontextmanager
async def serving(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
