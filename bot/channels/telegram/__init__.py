"""Telegram: what its Bot API sends and takes. python-telegram-bot parses and calls, and does nothing else here."""

from collections.abc import Iterator

from bot.services.channel import Host, Service


def opened(host: Host) -> Iterator[Service]:
    """Yield the bot that TELEGRAM_TOKEN names, for everybody, and those of units that TELEGRAM_TOKENS names."""
    for unit, token in host.settings.telegram_bots:
        # python-telegram-bot takes memory and a moment: only who has a bot pays for it.
        from bot.channels.telegram.service import served

        yield served(host, token.get_secret_value(), unit)
