"""The benchmark of the way there and back: a real `hoctap serve` against a Bot API server in this process.

Many residents type their forms, so many of them in flight: as soon as one is answered, the next in line types. A turn
is measured from the moment its update is handed out to the moment its reply has arrived, through channel, turns and
delivery; the CPU is that of the whole process of `hoctap serve`. Nobody types faster than Telegram lets a chat be
answered; only the bot's own limit is lifted, to `TELEGRAM_RATE=1000`.

Afterwards some people tap through their forms, each pressing the next button 0.3 seconds after they got it. How long
they wait is measured from the tap to the reply, and how many of their messages Telegram would have refused: it lets a
chat have five at once and one a second.

The server keeps no limits and looks at nothing but chats: what it costs is not the bot's, though it shares the machine.
"""

import asyncio
import os
import resource
import secrets
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import delete, update

from bot.commands import running
from bot.commands.bench_broadcast import NotMeasurable
from bot.commands.bench_people import found, settle
from bot.commands.bench_turns import form_texts, percentile
from bot.services.criteria_files import shipped
from bot.store.core.database import Database
from bot.store.core.tables import assessments, contacts, conversations, people

BOT_ID = 1234567890
TOKEN = f"{BOT_ID}:{'A' * 35}"
FIRST_CHAT = 5_000_000
WARMING_UP_TURNS = 500
MOST_UPDATES = 100
LONGEST_POLL_SECONDS = 25.0
LONGEST_WAIT_SECONDS = 60.0
RATE = 1000
TAPPERS, TAPS, TAP_SECONDS = 8, 10, 0.3
CHAT_BURST = 5
PATIENCE_SECONDS = 0.2  # that Telegram's clock and ours may differ by


class Figures(msgspec.Struct):
    """What was measured: turns a second, CPU of the bot a turn, how long a turn took, the most memory it had, how long
    after its start a person who was waiting had an answer; how long people who tap fast waited, and how many messages
    to them came too fast."""

    turns_per_s: float
    cpu_ms_per_turn: float
    p50_ms: float
    p99_ms: float
    peak_mb: float
    first_answer_s: float
    tap_p50_ms: float
    tap_p99_ms: float
    taps_too_fast: int


@dataclass(slots=True)
class Resident:
    """Somebody who types what is next once the answer has come. `payload` is the first button they see."""

    chat: int
    texts: Iterator[str]
    payload: str = ""
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    full_at: float = 0.0


@dataclass(slots=True)
class BotApi:
    """As much of the Bot API as a bot needs to talk, and the residents behind it."""

    line: deque[Resident]
    waiting: deque[dict[str, Any]] = field(default_factory=deque)
    asked: dict[int, tuple[Resident, float]] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    typed: asyncio.Event = field(default_factory=asyncio.Event)
    ids: int = 0
    goal: int = 0
    too_fast: int = 0
    stopped: bool = False

    def let_type(self, most: int) -> None:
        """Let the next in line type, so many at once."""
        for _place in range(most):
            while self.line:
                resident = self.line.popleft()
                text = next(resident.texts, None)
                if text is not None:
                    self.type(resident, text)
                    break

    def type(self, resident: Resident, text: str) -> None:
        """Let somebody type."""
        self._say(resident, "message", _message(self.ids + 1, resident.chat, text) | {"from": _person(resident.chat)})

    def tap(self, resident: Resident) -> None:
        """Let somebody press the first button they see."""
        press = {
            "id": str(self.ids + 1),
            "from": _person(resident.chat),
            "data": resident.payload,
            "chat_instance": "1",
        }
        self._say(resident, "callback_query", press | {"message": _message(self.ids, resident.chat, "")})

    def _say(self, resident: Resident, kind: str, content: dict[str, Any]) -> None:
        self.ids += 1
        resident.heard.clear()
        self.asked[resident.chat] = (resident, 0.0)
        self.waiting.append({"update_id": self.ids, kind: content})
        self.typed.set()

    async def call(self, request: web.Request) -> web.Response:
        """Answer a call."""
        method = request.match_info["method"]
        fields = {**request.query, **(await _fields(request))}
        match method:
            case "getUpdates":
                return _result(await self._updates(float(fields.get("timeout", 0))))
            case "sendMessage":
                keyboard = fields.get("reply_markup", {}).get("inline_keyboard", [])
                return _result(self._heard(int(fields["chat_id"]), str(fields["text"]), keyboard))
            case "getMe":
                return _result({"id": BOT_ID, "is_bot": True, "first_name": "Bench", "username": "bench_bot"})
            case _:
                return _result(True)

    async def _updates(self, seconds: float) -> list[dict[str, Any]]:
        """Hand out what waits. What was handed out counts as acknowledged: this server loses nothing."""
        if not self.waiting:
            self.typed.clear()
            try:
                await asyncio.wait_for(self.typed.wait(), min(seconds, LONGEST_POLL_SECONDS))
            except TimeoutError:
                return []
        batch = [self.waiting.popleft() for _place in range(min(MOST_UPDATES, len(self.waiting)))]
        now = time.perf_counter()
        for one in batch:
            chat = one.get("message", one.get("callback_query", {}).get("message"))["chat"]["id"]
            self.asked[chat] = (self.asked[chat][0], now)
        return batch

    def _heard(self, chat: int, text: str, keyboard: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
        """Take a message, the first of which answers what was typed last in its chat."""
        asked = self.asked.pop(chat, None)
        if asked is not None:
            resident, since = asked
            self.took.append((time.perf_counter() - since) * 1000)
            self._note(resident, keyboard)
            self.line.append(resident)
            if not self.stopped:
                self.let_type(1)
            if len(self.took) >= self.goal or not self.asked:
                self.answered.set()
        self.ids += 1
        return _message(self.ids, chat, text)

    def _note(self, resident: Resident, keyboard: Sequence[Sequence[dict[str, Any]]]) -> None:
        now = time.perf_counter()
        resident.full_at = max(resident.full_at, now) + 1
        self.too_fast += resident.full_at - now > CHAT_BURST + PATIENCE_SECONDS
        resident.payload = next((key["callback_data"] for row in keyboard for key in row), "")
        resident.heard.set()

    async def until(self, turns: int) -> None:
        """Wait until so many turns were answered, or nobody has anything to say. Raises NotMeasurable."""
        self.goal = turns
        while len(self.took) < turns and self.asked:
            self.answered.clear()
            try:
                await asyncio.wait_for(self.answered.wait(), LONGEST_WAIT_SECONDS)
            except TimeoutError:
                raise NotMeasurable("hoctap serve does not answer; see why without --json") from None


async def measure(turns: int, in_flight: int, residents: int) -> Figures:
    """Measure the way there and back. Raises NotMeasurable.

    The content was found in order before, as at every start but the first of a version.
    """
    running.check_content()
    criteria = next(criteria for criteria in shipped() if criteria.group == "farmer")
    texts = form_texts(criteria)
    if turns + WARMING_UP_TURNS > residents * len(texts):
        raise NotMeasurable(f"{residents} residents have {residents * len(texts)} things to say: take more residents")
    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        database_url = f"sqlite:///{Path(folder) / 'bench.db'}"
        await _populate(database_url, residents)
        everybody = [Resident(FIRST_CHAT + place, iter(texts)) for place in range(residents)]
        api, tappers = BotApi(deque(everybody[TAPPERS:])), everybody[:TAPPERS]
        async with _serving(api) as url:
            return await _measured(api, url, database_url, folder, turns, in_flight, tappers)


async def _tapping(api: BotApi, residents: Sequence[Resident]) -> tuple[list[float], int]:
    """Let people tap through their forms. Returns the milliseconds each waited, and what came too fast."""
    before = api.too_fast
    waits = await asyncio.gather(*(_taps(api, resident) for resident in residents))
    return [wait for one in waits for wait in one], api.too_fast - before


async def _taps(api: BotApi, resident: Resident) -> list[float]:
    waits: list[float] = []
    for number in range(TAPS):
        since = time.perf_counter()
        if number:
            api.tap(resident)
        else:
            api.type(resident, next(resident.texts))
        await asyncio.wait_for(resident.heard.wait(), LONGEST_WAIT_SECONDS)
        waits.append((time.perf_counter() - since) * 1000)
        await asyncio.sleep(TAP_SECONDS)
    return waits


async def _measured(
    api: BotApi, url: str, database_url: str, folder: str, turns: int, in_flight: int, tappers: Sequence[Resident]
) -> Figures:
    began = time.perf_counter()
    api.let_type(1)
    process = await _start(url, database_url, folder)
    try:
        await api.until(1)
        first_answer = time.perf_counter() - began
        api.let_type(in_flight - 1)
        await api.until(WARMING_UP_TURNS)
        cpu, since, skipped = _cpu_seconds(process.pid), time.perf_counter(), len(api.took)
        await api.until(WARMING_UP_TURNS + turns)
        seconds, cpu = time.perf_counter() - since, _cpu_seconds(process.pid) - cpu
        took, peak = api.took[skipped:], _peak_megabytes(process.pid)
        api.stopped = True
        waits, too_fast = await _tapping(api, tappers)
    finally:
        process.terminate()
        await process.wait()
    return Figures(
        turns_per_s=len(took) / seconds,
        cpu_ms_per_turn=cpu * 1000 / len(took),
        p50_ms=percentile(took, 50),
        p99_ms=percentile(took, 99),
        peak_mb=peak,
        first_answer_s=first_answer,
        tap_p50_ms=percentile(waits, 50),
        tap_p99_ms=percentile(waits, 99),
        taps_too_fast=too_fast,
    )


async def _populate(url: str, residents: int) -> None:
    """Let so many farmers live in a province; none has a form yet."""
    database = Database(url.replace("sqlite:", "sqlite+aiosqlite:"))
    try:
        province = await found(database, residents, now := datetime.now(UTC))
        async with database.writing() as connection:
            chats = range(FIRST_CHAT, FIRST_CHAT + residents)
            await settle(connection, province, chats, ("telegram", str(BOT_ID)), now)
            await connection.execute(delete(assessments))
            await connection.execute(update(people).values(group="farmer"))
            await connection.execute(update(contacts).values(group="farmer", form_state="none", round_id=None))
            await connection.execute(update(conversations).values(language="vi"))
    finally:
        await database.close()


@asynccontextmanager
async def _serving(api: BotApi) -> AsyncIterator[str]:
    """Run the server until the block is left. Yields its address."""
    application = web.Application()
    application.router.add_route("*", "/bot{token:[^/]+}/{method}", api.call)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _start(url: str, database_url: str, folder: str) -> asyncio.subprocess.Process:
    """Start `hoctap serve` with settings of which none is the environment's."""
    settings = {
        "DATABASE_URL": database_url, "PORT": str(_free_port()), "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": url,
        "TELEGRAM_RATE": str(RATE), "SECRET_KEY": secrets.token_hex(16), "LOG_LEVEL": "error",
        "QUIET_HOURS": "00:00-00:00",
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    command = (sys.executable, "-c", "from bot.main import main; main()", "serve")
    environment |= settings | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment)


def _person(chat: int) -> dict[str, Any]:
    return {"id": chat, "first_name": "Lan", "is_bot": False, "language_code": "vi"}


def _message(message_id: int, chat: int, text: str) -> dict[str, Any]:
    chat_of_one = {"id": chat, "type": "private", "first_name": "Lan"}
    return {"message_id": message_id, "date": 1793000000, "chat": chat_of_one, "text": text}


async def _fields(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        decoded: dict[str, Any] = msgspec.json.decode(await request.read())
        return decoded
    return dict(await request.post())


def _result(result: object) -> web.Response:
    return web.Response(body=msgspec.json.encode({"ok": True, "result": result}), content_type="application/json")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _cpu_seconds(pid: int) -> float:
    """Return the CPU that a process has taken. Raises NotMeasurable where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise NotMeasurable("the CPU of a process is read from /proc, which Linux has: run this there") from None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_megabytes(pid: int) -> float:
    lines: Sequence[str] = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next((line.split()[1] for line in lines if line.startswith("VmHWM")), None)
    kilobytes = int(peak) if peak is not None else resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return kilobytes / 1024
