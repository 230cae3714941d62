"""What every command shares: settings, logs, one event loop, and errors as one line with the cure."""

import asyncio
import fcntl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.settings import LogLevel, Settings
    from bot.store.core.database import Database
    from flows.conversation.facts import Start

USAGE_ERROR = 2


def fail(message: str) -> NoReturn:
    """Say in one line what is wrong and end with exit code 2."""
    typer.echo(f"hoctap: {message}", err=True)
    raise typer.Exit(USAGE_ERROR)


def settings(log_level: "LogLevel" = "info") -> "Settings":
    """Read the settings and set up logging, at this level where none is set, or end."""
    from bot import logs
    from bot.settings import SettingsWrong, read_settings

    try:
        read = read_settings(log_level)
    except SettingsWrong as wrong:
        fail(str(wrong))
    logs.set_up(read.log_level)
    return read


def check_content(*, anew: bool = False) -> None:
    """Say every fault of what is written down in one line, and end if there is any. What was in order and has not
    changed is not looked through again, unless that is asked for."""
    from bot.content import mark, problems

    if mark().stands() and not anew:
        return
    found = problems()
    for problem in found:
        typer.echo(f"hoctap: {problem}", err=True)
    if found:
        raise typer.Exit(USAGE_ERROR)
    mark().set()


def run(work: Callable[[], Coroutine[Any, Any, None]], *refusals: type[Exception]) -> None:
    """Run a command's work. Refusals, which the user can mend, are said in one line."""
    from sqlalchemy.exc import OperationalError

    from bot.store.core.database import DatabaseUnusable

    mendable: tuple[type[Exception], ...] = (DatabaseUnusable, *refusals)

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(work())
    except mendable as refused:
        fail(str(refused))
    except OperationalError as error:
        fail(f"DATABASE_URL is not usable: {error.orig}")
    except KeyboardInterrupt:
        sys.exit(130)


def _loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Choose the faster event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


@asynccontextmanager
async def database(read: "Settings", *, migrated: bool = True) -> AsyncIterator["Database"]:
    """Open the database of the settings and close it again."""
    from bot.store.core.database import Database
    from bot.store.core.migrating import check_migrated

    opened = Database(read.database_url)
    try:
        if migrated:
            await check_migrated(opened)
        yield opened
    finally:
        await opened.close()


@contextmanager
def alone_with(database: "Database", refusal: str) -> Iterator[None]:
    """Keep a SQLite file from every other server and from who changes its tables, or end saying so. The lock goes with
    the process, however it dies."""
    if not database.is_sqlite or database.is_missing():
        yield
        return
    with Path(f"{database.url.database}.serving").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"DATABASE_URL {refusal}")
        yield


async def starts(read: "Settings") -> "tuple[Start, ...]":
    """Return the addresses that open bots with a code, as far as they are known."""
    from flows.conversation.facts import Start

    asked = [_start_on_telegram(read, unit, token.get_secret_value()) for unit, token in read.telegram_bots]
    found = [start for start in await asyncio.gather(*asked) if start is not None]
    if read.zalo_oa_id:
        # It carries no code, which is typed; and it stands first, for most people have Zalo.
        found.insert(0, Start(f"https://zalo.me/{read.zalo_oa_id}", "zalo-oa"))
    if read.public_url:
        found.append(Start(f"{read.public_url.rstrip('/')}/chat#{{code}}", "web"))
    return tuple(found)


async def addresses(database: "Database", read: "Settings", unit_code: str, code: str) -> list[str]:
    """Return the addresses that open the bots of a unit with a code, as far as they are known. Where an address carries
    none, it says that the code is sent there."""
    from bot.store.core.reference import read_branch, read_unit
    from flows.conversation.facts import starts_at

    found = await starts(read)
    async with database.reading() as connection:
        unit = await read_unit(connection, unit_code)
        if unit is None:
            return []
        units = await read_branch(connection, unit.id)
    links = [pattern.format(code=code) for pattern in starts_at(units, unit.id, found)]
    return [link if code in link else f"{link} (follow it, then send: {code})" for link in links]


async def _start_on_telegram(read: "Settings", unit: str, token: str) -> "Start | None":
    """Ask Telegram for the name of a bot; None when it does not answer soon."""
    from bot.channels.telegram.service import bot_of
    from bot.services.files import FileStore
    from flows.conversation.facts import Start

    bot = bot_of(read, FileStore(read.folder), token)
    try:
        async with asyncio.timeout(10):
            await bot.start()
    except TimeoutError:
        return None
    finally:
        await bot.stop()
    return Start(bot.link, bot.channel, bot.bot, unit) if bot.link else None
