"""`hoctap` for channels that take twenty times as much, so that a test is no hour long, and with ledgers of notices
and acts on many forms done in pieces so small that the power can fail between them. Nobody waits a minute."""

from collections.abc import Iterator
from functools import partial

import bot.application
import bot.services.batches
import bot.services.notices
from bot.application import CHANNELS
from bot.main import main
from bot.services.channel import Host, Service
from tests.system.soon_told import tell_soon

SPEED = 20
PIECE = 50
FORMS = 1


def hurried(host: Host) -> Iterator[Service]:
    """Yield every bot, allowed to send faster."""
    for opened in CHANNELS:
        for service in opened(host):
            service.bot.rates = service.bot.rates.times(SPEED)
            yield service


if __name__ == "__main__":
    bot.services.notices.CHUNK = PIECE
    bot.services.batches.PIECE = FORMS
    tell_soon()
    bot.application.Application = partial(bot.application.Application, channels=[hurried])  # type: ignore[misc, assignment]
    main()
