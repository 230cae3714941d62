"""How the application runs a bot of Telegram: by webhook where people reach it at a public address, else by polling."""

from collections.abc import Iterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.telegram.channel import MOST_WEBHOOK_BYTES, WEBHOOK_PATH, TelegramChannel
from bot.services.channel import Host, Receive, Service, Work
from bot.services.request_bodies import taken
from bot.services.sending import Rates


def served(host: Host, token: str) -> Service:
    """Return the bot of a token, with its works and its address for updates."""
    settings = host.settings
    rates = Rates(per_bot=settings.telegram_rate, per_chat=1.0, chat_burst=settings.telegram_chat_burst)
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    bot = TelegramChannel(token, settings.telegram_api_url, host.files, rates, proxy=proxy)
    webhook = Route(WEBHOOK_PATH, partial(_take_update, bot, host.receive), methods=["POST"])
    return Service(bot, tuple(_works(bot, host)), (webhook,))


def _works(bot: TelegramChannel, host: Host) -> Iterator[Work]:
    yield "telegram name", bot.start
    yield "telegram menus", lambda: bot.set_menus(host.menus)
    if public_url := host.settings.public_url:
        secret = host.settings.telegram_webhook_secret
        assert secret is not None  # settings refuse a public address without one
        yield "telegram webhook", lambda: bot.set_webhook(public_url, secret.get_secret_value())
    else:
        yield "telegram updates", lambda: bot.poll(host.receive)


async def _take_update(bot: TelegramChannel, receive: Receive, request: Request) -> Response:
    return await taken(request, MOST_WEBHOOK_BYTES, lambda body: bot.handle(request.headers, body, receive))
