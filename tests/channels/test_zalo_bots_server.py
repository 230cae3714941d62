"""The server of the tests speaks with a client that others have made, as it is: so the server is no wish of ours."""

import pytest

from tests.zalo_bot import TOKEN, ZaloBotServer

zalo_bot = pytest.importorskip("zalo_bot", reason="python-zalo-bot is not installed")


async def test_a_client_made_by_others_asks_says_and_hears() -> None:
    async with ZaloBotServer() as server:
        person = server.person()
        person.type("Xin chào")
        async with zalo_bot.Bot(TOKEN, base_url=server.url) as bot:
            assert (await bot.get_me()).account_name == "bot.hoctap"
            update = await bot.get_update(timeout=1)
            assert (update.message.text, update.message.chat.id) == ("Xin chào", person.id)
            assert (await bot.send_message(person.id, "Chào bạn")).message_id
            await bot._set_webhook_async("https://hoctap.example/zalo/bot", "12345678")
            assert server.webhook == {"url": "https://hoctap.example/zalo/bot", "secret_token": "12345678"}
        assert person.inbox == ["Chào bạn"]
        assert server.odd == []
