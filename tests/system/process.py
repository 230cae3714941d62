"""`hoctap` as its users run it: processes with a folder, an environment and a log of their own."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

HOCTAP = (sys.executable, "-m", "tests.system.hoctap")
SOON_TOLD_HOCTAP = (sys.executable, "-m", "tests.system.soon_told")
HURRIED_HOCTAP = (sys.executable, "-m", "tests.system.hurried")
PATIENCE = 60.0

# What the machine that runs the tests may have set must not reach the program.
_SETTINGS = (
    "DATABASE_URL", "PORT", "PUBLIC_URL", "SECRET_KEY", "TELEGRAM_TOKEN", "TELEGRAM_TOKENS", "TELEGRAM_API_URL",
    "TELEGRAM_PROXY", "ZALO_BOT_TOKEN", "ZALO_BOT_API_URL", "ZALO_BOT_WEBHOOK_SECRET",
    "ZALO_OA_APP_ID", "ZALO_OA_ID", "ZALO_OA_SECRET", "ZALO_OA_REFRESH_TOKEN", "ZALO_OA_WEBHOOK_SECRET",
    "ZALO_OA_API_URL", "ZALO_OA_OAUTH_URL", "ZALO_OA_TEMPLATE", "ZALO_OA_PRICE", "ZALO_OA_TEMPLATE_PRICE",
    "TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_RATE", "TELEGRAM_CHAT_BURST", "EVIDENCE_URL", "LOG_LEVEL",
    "TIME_ZONE", "QUIET_HOURS",
)  # fmt: skip
_CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    said: str
    complained: str


@dataclass(slots=True)
class Deployment:
    """A folder, settings and a port: what `hoctap` commands of one commune share."""

    folder: Path
    settings: dict[str, str]
    command: tuple[str, ...] = HOCTAP
    port: int = field(default_factory=lambda: free_port())

    @property
    def url(self) -> str:
        """Return where its web server answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return what its servers have written, one after the other."""
        return self.folder / "serve.log"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of its commands."""
        spared = {name: value for name, value in os.environ.items() if name.upper() not in _SETTINGS}
        path = {"PYTHONPATH": str(_CHECKOUT)}
        return spared | path | {"PORT": str(self.port)} | self.settings | dict(more or {})

    async def run(self, *arguments: str, **settings: str) -> Finished:
        """Run a command to its end."""
        process = await asyncio.create_subprocess_exec(
            *self.command, *arguments, cwd=self.folder, env=self.environment(settings),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                said, complained = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode is not None
        return Finished(process.returncode, said.decode(), complained.decode())

    async def succeed(self, *arguments: str) -> str:
        """Run a command that must succeed, and return what it said."""
        finished = await self.run(*arguments)
        assert finished.code == 0, f"hoctap {' '.join(arguments)}: {finished}"
        return finished.said

    async def start(self) -> "Serving":
        """Start `hoctap serve`, ready or not."""
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.command, "serve", cwd=self.folder, env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return Serving(self, process, time.monotonic())

    async def serve(self) -> "Serving":
        """Start `hoctap serve` and wait until it answers."""
        serving = await self.start()
        await serving.until_ready()
        return serving


@dataclass(slots=True)
class Serving:
    """A running `hoctap serve`."""

    deployment: Deployment
    process: asyncio.subprocess.Process
    started: float

    async def until_ready(self) -> float:
        """Return, once the server answers, how many seconds that took."""
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession(self.deployment.url) as http:
            while not await _answers(http):
                assert self.process.returncode is None, self.deployment.log.read_text()
                await asyncio.sleep(0.02)
        return time.monotonic() - self.started

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.process.wait()
        finally:
            if self.process.returncode is None:
                self.process.kill()


async def cut_between_two_writes(database: Path, serving: Serving) -> None:
    """Kill a server right after it has committed to its SQLite file, before it can write more."""
    command = (sys.executable, "-m", "tests.system.power_cut", str(database), str(serving.process.pid))
    await (await asyncio.create_subprocess_exec(*command)).wait()


async def _answers(http: aiohttp.ClientSession) -> bool:
    try:
        async with http.get("/healthz") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def free_port() -> int:
    """Return a port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
