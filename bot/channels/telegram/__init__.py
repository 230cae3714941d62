"""Telegram: what its Bot API sends and takes. python-telegram-bot parses and calls, and does nothing else here."""

from collections.abc import Iterator

from bot.services.channel import Host, Service


def opened(host: Host) -> Iterator[Service]:
    """Yield the bot that TELEGRAM_TOKEN names."""
    if host.settings.telegram_token is not None:
        # python-telegram-bot takes memory and a moment: only who has a bot pays for it.
        from bot.channels.telegram.service import served

        yield served(host, host.settings.telegram_token.get_secret_value())
