"""The stand-in others wrote, driven by a bot of twenty lines: what a test of `hoctap serve` can rely on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update

from tests.botapi.standin import StandIn, gateway, serving, standin

SECRET = "s3cret"


async def test_a_webhook_bot_talks_to_telemelya() -> None:
    async with standin() as running, _small_bot(running):
        await running.until_webhook_is_set()
        lan = running.chat(5_000_000_001)
        await lan.type("3")
        assert (await lan.wait_for("Bạn viết 3"))["method"] == "sendMessage"
        await lan.press("Có")
        assert (await lan.wait_for("Đã ghi: yes"))["method"] == "editMessageText"
        assert "answerCallbackQuery" in [sent["method"] for sent in await lan.sent()]
        await lan.send_photo(b"0123456789")
        await lan.wait_for("Ảnh: 10 byte")


@asynccontextmanager
async def _small_bot(running: StandIn) -> AsyncIterator[None]:
    bot = Bot(running.token, base_url=f"{running.base_url}/bot", base_file_url=f"{running.base_url}/file/bot")

    async def receive(request: web.Request) -> web.Response:
        if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != SECRET:
            return web.Response(status=403)
        await _answer(bot, Update.de_json(await request.json(), bot))
        return web.Response()

    application = web.Application()
    application.router.add_post("/telegram", receive)
    async with bot, serving(application) as address, gateway(address, SECRET) as public_url:
        await bot.set_webhook(f"{public_url}/telegram", secret_token=SECRET)
        yield


async def _answer(bot: Bot, update: Update) -> None:
    if update.callback_query:
        await update.callback_query.answer()
        await update.callback_query.edit_message_text(f"Đã ghi: {update.callback_query.data}")
    elif update.message and update.message.photo:
        file = await update.message.photo[-1].get_file()
        size = len(await file.download_as_bytearray())
        await bot.send_message(update.message.chat_id, f"Ảnh: {size} byte")
    elif update.message:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Có", callback_data="yes")]])
        text = f"Bạn viết {update.message.text}"
        await bot.send_message(update.message.chat_id, text, reply_markup=keyboard)
