"""`hoctap`, but for a Telegram that takes twenty times as much, so that a test is no hour long, and with ledgers of
notices written in pieces so small that the power can fail between them."""

import bot.application
import bot.services.notices
from bot.channels.telegram.channel import TelegramChannel
from bot.main import main

SPEED = 20
PIECE = 50


class HurriedApplication(bot.application.Application):
    """The application, allowed to send faster."""

    def _telegram(self) -> TelegramChannel | None:
        channel = super()._telegram()
        if channel is not None:
            channel.rates = channel.rates.times(SPEED)
        return channel


if __name__ == "__main__":
    bot.services.notices.CHUNK = PIECE
    bot.application.Application = HurriedApplication  # type: ignore[misc]
    main()
