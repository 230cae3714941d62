"""`hoctap`, but on a Telegram without limits: hundreds of messages a second, so that a test is no hour long."""

import bot.application
from bot.channels.telegram.channel import TelegramChannel
from bot.main import main
from bot.services.sending import Rates

RATES = Rates(per_bot=400.0, per_chat=20.0)


class HurriedApplication(bot.application.Application):
    """The application, allowed to send faster."""

    def _telegram(self) -> TelegramChannel | None:
        channel = super()._telegram()
        if channel is not None:
            channel.rates = RATES
        return channel


if __name__ == "__main__":
    bot.application.Application = HurriedApplication  # type: ignore[misc]
    main()
