"""Zalo Official Account: where most residents are. Five buttons under a message; more choices are typed."""

from collections.abc import Iterator

from bot.services.channel import Host, Service


def opened(host: Host) -> Iterator[Service]:
    """Yield the account that ZALO_OA_APP_ID speaks for."""
    if host.settings.zalo_oa_app_id is not None:
        from bot.channels.zalo_oa.service import served

        yield served(host)
