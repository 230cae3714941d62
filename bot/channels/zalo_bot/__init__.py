"""Zalo Bot Platform: bots for pilots and alerts. There are no buttons: everything is typed."""

from collections.abc import Iterator

from bot.services.channel import Host, Service


def opened(host: Host) -> Iterator[Service]:
    """Yield the bot that ZALO_BOT_TOKEN names."""
    if host.settings.zalo_bot_token is not None:
        from bot.channels.zalo_bot.service import served

        yield served(host, host.settings.zalo_bot_token.get_secret_value())
