"""`hoctap serve`: the bot, for real."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from bot.commands import running

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from bot.application import Application

# Libraries load these where they are there: rich draws tracebacks in a terminal, cryptography reads Telegram's
# passports. A server does neither, and they take 12 MB.
NEVER_USED = ("rich", "cryptography")


def serve() -> None:
    """Run the bot: Telegram when TELEGRAM_TOKEN is set, Zalo when ZALO_OA_APP_ID or ZALO_BOT_TOKEN is, the web chat at
    /chat always."""
    for name in NEVER_USED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is: not there
    gc.disable()  # until everything is loaded: nearly nothing of it is garbage, and to look takes a fifth of the start
    from bot.services.evidence_folder import FolderIsAnother

    settings = running.settings()
    running.check_content()

    async def work() -> None:
        from bot.application import Application
        from bot.store.core.migrating import check_migrated

        application = Application(settings)
        try:
            await check_migrated(application.database)
            await application.folder.take()
            await serve_until_stopped(application, application.http(), host="0.0.0.0")  # noqa: S104
        finally:
            await application.close()

    running.run(work, FolderIsAnother)


async def serve_until_stopped(application: "Application", http: "Starlette", *, host: str) -> None:
    """Run the web server and the application until a signal asks to stop."""
    from bot.application import spare_the_collector

    spare_the_collector()
    listener = listen(host, application.settings.port)
    # Two of them would send everything twice.
    with running.alone_with(application.database, "is in use by another hoctap serve; several need PostgreSQL"):
        await work_until_stopped(http, listener, application.run, application.web.stop)


async def work_until_stopped(
    http: "Starlette",
    listener: socket.socket,
    work: Callable[[], Coroutine[Any, Any, None]],
    stop_waiting: Callable[[], None],
) -> None:
    """Run a web server and what works beside it until a signal asks to stop; then whoever waits for an answer gets
    one."""
    import uvicorn

    config = uvicorn.Config(
        http,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = _server_class()(config)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    serving = asyncio.create_task(server.serve([listener]))
    working = asyncio.create_task(work())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stop_waiting()
    server.should_exit = True
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    await serving


def listen(host: str, port: int) -> socket.socket:
    """Open the port, or end."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        running.fail(f"PORT is not usable: {port} cannot be listened at ({error.strerror}); choose another one")


def _server_class() -> type:
    import uvicorn

    class Server(uvicorn.Server):
        """A server that leaves signals to the command that runs it."""

        @contextlib.contextmanager
        def capture_signals(self):  # type: ignore[no-untyped-def]
            yield

    return Server
