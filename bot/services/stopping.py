"""How a work that is told to stop comes to its end first."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any


async def ended(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    """Wait until tasks are over. Those that take longer are called off."""
    for cancel in (False, True):
        under_way = [task for task in tasks if not task.done()]
        if not under_way:
            return
        if cancel:
            for task in under_way:
                task.cancel()
        await asyncio.wait(under_way, timeout=seconds)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do a work to its end, also when this is told to stop meanwhile."""
    doing = asyncio.create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await doing
        raise
