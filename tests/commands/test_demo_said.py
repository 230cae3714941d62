"""What the demo keeps for whoever opens it in a second browser: what was said, once, and nothing that was erased."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.commands.demo_said import MOST_KEPT, Overheard
from tests.sample import NOW

TOKEN = "a-phone-of-the-demo"

Json = dict[str, Any]


class Door:
    """The demo's door with a server behind it that answers as it is told."""

    def __init__(self) -> None:
        self.status = 202
        self.news: list[Json] = []
        routes = [Route("/web/say", self._say, methods=["POST"]), Route("/web/poll", self._poll, methods=["POST"])]
        self.overheard = Overheard(Starlette(routes=routes), lambda: NOW)
        self._browser = httpx.AsyncClient(transport=httpx.ASGITransport(self.overheard), base_url="http://hoctap.test")

    async def _say(self, request: Request) -> Response:
        await request.body()
        return JSONResponse({}, self.status)

    async def _poll(self, request: Request) -> Response:
        return JSONResponse({"phones": [{"token": TOKEN, "messages": self.news}]})

    async def say(self, **said: Any) -> None:
        await self._browser.post("/web/say", json={"token": TOKEN, "id": str(uuid4()), "kind": "typed", **said})

    async def show(self, *news: Json) -> None:
        self.news = list(news)
        await self._browser.post("/web/poll", json={"phones": [{"token": TOKEN}]})

    def texts(self) -> list[str]:
        return [entry["text"] for entry in self.overheard.said(TOKEN)]


def message(id_: int, text: str, **more: Any) -> Json:
    return {"id": id_, "text": text, "buttons": [], **more}


@pytest.fixture
def door() -> Door:
    return Door()


async def test_what_is_said_and_shown_is_kept_once_and_in_its_order(door: Door) -> None:
    button = {"label": "Xem", "payload": "x", "lasting": True, "url": ""}
    await door.say(id=(once := str(uuid4())), text="xin chào")
    await door.say(id=once, text="xin chào")
    await door.show(message(1, "Chào", buttons=[[button]]))
    await door.show(message(1, "Chào", buttons=[[button]]), message(2, "Mời chọn"))
    await door.say(kind="pressed", text="Xem", payload="x")
    await door.say(kind="file", file="photo.x.y", name="a.jpg", also=[{"id": str(uuid4()), "file": "photo.z.y"}])
    assert door.texts() == ["xin chào", "Chào", "Mời chọn", "Xem", "", ""]
    own = [entry for entry in door.overheard.said(TOKEN) if entry.get("own")]
    assert [entry["lasting"] for entry in own] == [False, True, False, False]
    assert own[2]["file"] == {"kind": "document", "name": "a.jpg"}


async def test_what_was_refused_or_erased_is_not_kept(door: Door) -> None:
    door.status = 400
    await door.say(text="không hợp lệ")
    assert door.texts() == []
    door.status = 202
    await door.say(text="Nguyễn Thị Lan")
    await door.show(message(1, "Cảm ơn"), message(2, "Đã xóa hết", forget=True), message(3, "Bắt đầu lại?"))
    assert door.texts() == ["Đã xóa hết", "Bắt đầu lại?"]


async def test_only_what_was_said_last_is_kept(door: Door) -> None:
    await door.show(*(message(number, str(number)) for number in range(MOST_KEPT + 2)))
    assert door.texts() == [str(number) for number in range(2, MOST_KEPT + 2)]
