"""`python -m tests.botapi --port N`: the server in a process of its own, which outlives the bot's death."""

import argparse
import asyncio
import gc
import signal
import sys

import uvloop

from tests.botapi.account import DEFAULT_TOKEN
from tests.botapi.limits import Limits
from tests.botapi.server import BotApiServer


def main() -> int:
    arguments = _arguments()
    # The ledger only grows. Looked through by the collector again and again, it would hold up what is measured.
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(arguments))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.botapi", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one, printed")
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    parser.add_argument("--speed", type=float, default=1.0, help="factor on every rate limit")
    parser.add_argument("--per-chat-burst", type=int, default=Limits().per_chat_burst)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


async def _serve(wish: argparse.Namespace) -> None:
    limits = Limits(speed=wish.speed, per_chat_burst=wish.per_chat_burst)
    async with BotApiServer(port=wish.port, token=wish.token, limits=limits, seed=wish.seed) as server:
        print(server.base_url, flush=True)
        await _until_told_to_stop()


async def _until_told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
