"""How the application runs a bot of Telegram: by webhook where people reach it at a public address, else by polling."""

import asyncio
from collections.abc import Iterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram.error import TelegramError

from bot.channels.telegram.channel import MOST_WEBHOOK_BYTES, WEBHOOK_PATH, TelegramChannel
from bot.services.channel import Finding, Host, Receive, Service, Work
from bot.services.files import FileStore
from bot.services.request_bodies import taken
from bot.services.sending import Rates
from bot.settings import Settings

LOOK_SECONDS = 15.0


def served(host: Host, token: str, unit: str = "") -> Service:
    """Return the bot of a token, with its works and its address for updates. The bot of a unit has one of its own."""
    bot = bot_of(host.settings, host.files, token)
    path = f"{WEBHOOK_PATH}/{bot.bot}" if unit else WEBHOOK_PATH
    webhook = Route(path, partial(_take_update, bot, host.receive), methods=["POST"])
    works = tuple(_works(bot, host, path, f"telegram {unit}".rstrip()))
    wanted = f"{host.settings.public_url.rstrip('/')}{path}" if host.settings.public_url else ""
    return Service(bot, works, (webhook,), unit, look=partial(_look, bot, wanted))


def bot_of(settings: Settings, files: FileStore, token: str) -> TelegramChannel:
    """Return the bot of a token, as the settings say how it is reached and how quick it may be."""
    rates = Rates(per_bot=settings.telegram_rate, per_chat=1.0, chat_burst=settings.telegram_chat_burst)
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    return TelegramChannel(token, settings.telegram_api_url, files, rates, proxy=proxy)


async def _look(bot: TelegramChannel, wanted: str) -> list[Finding]:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            name, webhook = await bot.look()
    except TimeoutError:
        return [Finding(False, "Telegram does not answer; see TELEGRAM_API_URL and the firewall")]
    except TelegramError as error:
        return [Finding(False, f"the token does not work: {type(error).__name__}; see TELEGRAM_TOKEN")]
    found = Finding(True, f"the token works, the bot is @{name}")
    if webhook == wanted:
        return [found, Finding(True, f"updates come to {webhook}" if webhook else "updates are asked for")]
    return [found, Finding(False, "the webhook is another one; hoctap serve sets it when it starts")]


def _works(bot: TelegramChannel, host: Host, path: str, name: str) -> Iterator[Work]:
    yield f"{name} name", bot.start
    yield f"{name} menus", lambda: bot.set_menus(host.menus)
    if public_url := host.settings.public_url:
        secret = host.settings.telegram_webhook_secret
        assert secret is not None  # settings refuse a public address without one
        yield f"{name} webhook", lambda: bot.set_webhook(public_url.rstrip("/") + path, secret.get_secret_value())
    else:
        yield f"{name} updates", lambda: bot.poll(host.receive)


async def _take_update(bot: TelegramChannel, receive: Receive, request: Request) -> Response:
    return await taken(request, MOST_WEBHOOK_BYTES, lambda body: bot.handle(request.headers, body, receive))
