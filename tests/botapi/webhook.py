"""Pushes a bot's updates to its webhook until each is acknowledged."""

import asyncio
import json
import time

import aiohttp

from tests.botapi.account import BotAccount, Webhook
from tests.botapi.updates import Queued

LONGEST_PAUSE = 60.0
PATIENCE = 60.0


class WebhookPusher:
    """One update of a lane at a time, several lanes at once, each again and ever more slowly until a 2xx."""

    def __init__(self, account: BotAccount, http: aiohttp.ClientSession, speed: float) -> None:
        self._account = account
        self._http = http
        self._speed = speed
        self._lanes: set[str] = set()
        self._flying: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            changed = self._account.queue.changed.listen()
            if self._account.webhook:
                self._launch(self._account.webhook)
            await changed.wait()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _launch(self, webhook: Webhook) -> None:
        ready = self._account.queue.next_for_webhook(self._lanes, self._flying)
        free = webhook.max_connections - len(self._tasks)
        # A replay has left the queue already and would be lost with those beyond the last free connection.
        replays = [queued for queued in ready if queued not in self._account.queue.waiting]
        self._account.queue.replays = replays[max(0, free) :] + self._account.queue.replays
        for queued in ready[: max(0, free)]:
            self._lanes.add(queued.lane)
            self._flying.add(queued.id)
            task = asyncio.create_task(self._deliver(queued))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, queued: Queued) -> None:
        attempt = 0
        while self._account.webhook and not await self._push(self._account.webhook, queued):
            await asyncio.sleep(min(2.0**attempt, LONGEST_PAUSE) / self._speed)
            attempt += 1
        self._lanes.discard(queued.lane)
        self._flying.discard(queued.id)
        if self._account.webhook:
            # The connection is free again only when this task has ended.
            asyncio.get_running_loop().call_soon(self._account.queue.done, queued)

    async def _push(self, webhook: Webhook, queued: Queued) -> bool:
        """Post one update; tell whether it was acknowledged."""
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        self._account.ledger.webhook_attempts[queued.id] += 1
        self._account.queue.hand_over(queued)
        try:
            async with self._http.post(webhook.url, data=json.dumps(queued.body), headers=headers) as response:
                if 200 <= response.status < 300:
                    return True
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = str(failure) or type(failure).__name__
        self._account.webhook_error = (int(time.time()), error)
        return False
