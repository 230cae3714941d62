"""Web pages for officials: a link from the chat signs in once, and nobody but its owner gets or keeps a way in."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from bot.catalogues import load
from bot.channels.web.limits import LIMITS, TooMany
from bot.channels.web.messages import NotUsable
from bot.channels.web.officials import COOKIE, OfficialPages
from bot.channels.web.words import Words
from bot.services.files import FileStore
from bot.services.housekeeping import KEEP_SIGN_INS, Housekeeper
from bot.services.signing_in import SignIns
from bot.store.core.tables import roles, sign_ins
from flows.signing_in.subject import LINK_LASTS, PAGES_LAST
from tests.commune import Commune

KEY = b"a key of the tests"
HOST = "https://hoctap.example"


async def _refused(request: Request, error: Exception) -> Response:
    return Response(status_code=400 if isinstance(error, NotUsable) else 429)


@dataclass
class Browser:
    """A browser, and what it gets to see."""

    client: httpx.AsyncClient

    async def sign_in(self, token: str, **headers: str) -> httpx.Response:
        return await self.client.post("/dashboard/in", json={"token": token}, headers=headers)

    async def me(self) -> httpx.Response:
        return await self.client.get("/dashboard/me")

    async def sign_out(self, **entered: str) -> httpx.Response:
        """Press a button of the page."""
        found = re.search(r'name="form" value="(\w+)"', (await self.me()).text)
        return await self.client.post("/dashboard/out", data={"form": found[1] if found else "", **entered})


@dataclass
class Office:
    """A commune whose officials have web pages."""

    commune: Commune
    application: Starlette

    def browser(self) -> Browser:
        transport = httpx.ASGITransport(self.application)
        headers = {"Accept-Language": "vi"}
        return Browser(httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers))

    async def link(self, name: str = "Hạnh", asked: str = "trang web") -> str:
        """Ask for a link in the chat and return its token."""
        await self.commune.read(name)
        await self.commune.say(name, asked)
        found = re.search(r"/dashboard/in#([\w-]{24})", "\n".join(await self.commune.texts(name)))
        assert found is not None
        return found[1]


@pytest.fixture
def office(commune: Commune) -> Office:
    pages = OfficialPages(Words(load()), SignIns(commune.runtime), KEY)
    refusals: Any = {NotUsable: _refused, TooMany: _refused}
    return Office(commune, Starlette(routes=pages.routes(), exception_handlers=refusals))


async def test_a_link_from_the_chat_signs_in_and_shows_whose_it_is(office: Office) -> None:
    browser = office.browser()
    assert (await browser.me()).status_code == 401
    answer = await browser.sign_in(await office.link())
    assert answer.json() == {"to": "/dashboard/me"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Max-Age" not in cookie  # it goes with the browser, and sooner by itself
    page = await browser.me()
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for shown in ("Vũ Thị Hạnh", "Chi hội trưởng, thôn Đông, xã Thần Khê", "Đăng nhập đến"):
        assert shown in page.text
    assert "Đoài" not in page.text
    (told,) = await office.commune.read("Hạnh")
    assert "Trang web vừa được mở bằng đường dẫn gửi tại đây" in told.text
    assert [button.label for row in told.buttons for button in row] == ["Đăng xuất mọi nơi"]


async def test_only_digests_are_kept(office: Office) -> None:
    browser, token = office.browser(), await office.link()
    await browser.sign_in(token)
    (row,) = await office.commune.rows(select(sign_ins))
    for secret in (token, browser.client.cookies[COOKIE]):
        assert secret not in str(row)


async def test_looking_at_the_address_uses_no_link_up(office: Office) -> None:
    browser, token = office.browser(), await office.link()
    page = await browser.client.get("/dashboard/in")
    assert (page.status_code, token in page.text) == (200, False)
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)|\son\w+=", page.text)
    assert (await browser.sign_in(token)).status_code == 200


async def test_a_link_that_is_used_twice_shuts_both_out_and_is_told(office: Office) -> None:
    browser, thief, token = office.browser(), office.browser(), await office.link()
    assert (await browser.sign_in(token)).status_code == 200
    assert (await browser.sign_in(token)).status_code == 200  # a double tap
    await office.commune.read("Hạnh")
    answer = await thief.sign_in(token)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "đã dùng hoặc đã hết hạn" in answer.json()["error"]
    assert ((await browser.me()).status_code, (await thief.me()).status_code) == (401, 401)
    (told,) = await office.commune.texts("Hạnh")
    assert "bị mở lần thứ hai" in told
    assert (await thief.sign_in(token)).status_code == 403
    assert await office.commune.texts("Hạnh") == []  # it is told once


async def test_links_and_pages_end_by_themselves(office: Office) -> None:
    browser, late = office.browser(), await office.link()
    office.commune.now += LINK_LASTS
    assert (await browser.sign_in(late)).status_code == 403
    await browser.sign_in(await office.link())
    office.commune.now += PAGES_LAST - timedelta(minutes=1)
    assert (await browser.me()).status_code == 200
    office.commune.now += timedelta(minutes=1)
    assert (await browser.me()).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "x" * 24, "'; --", "\x00", "ế" * 24, "x" * 3000])
async def test_made_up_tokens_open_nothing(office: Office, token: str) -> None:
    browser = office.browser()
    assert (await browser.sign_in(token)).status_code == 403
    browser.client.cookies.set(COOKIE, "x" * 43)
    assert (await browser.me()).status_code == 401


async def test_signing_out_on_one_device_leaves_the_others(office: Office) -> None:
    one, other = office.browser(), office.browser()
    for browser in (one, other):
        await browser.sign_in(await office.link())
    cookie = one.client.cookies[COOKIE]
    assert (await one.sign_out()).headers["location"] == "/dashboard/me"
    one.client.cookies.set(COOKIE, cookie)  # whoever kept it has nothing
    assert ((await one.me()).status_code, (await other.me()).status_code) == (401, 200)


@pytest.mark.parametrize("how", ["page", "word", "button"])
async def test_signing_out_everywhere_ends_links_too(office: Office, how: str) -> None:
    browsers = [office.browser(), office.browser()]
    for browser in browsers:
        await browser.sign_in(await office.link())
    unused = await office.link()
    if how == "page":
        await browsers[0].sign_out(everywhere="1")
    elif how == "word":
        await office.commune.say("Hạnh", "đăng xuất hết ạ")
    else:
        await office.commune.press("Hạnh", "c:signout")
    assert [(await browser.me()).status_code for browser in browsers] == [401, 401]
    assert (await browsers[0].sign_in(unused)).status_code == 403


async def test_others_pages_cannot_sign_anybody_in_or_out(office: Office) -> None:
    browser, token = office.browser(), await office.link()
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.sign_in(token, **elsewhere)).status_code == 400
    form = await browser.client.post("/dashboard/in", content=f'{{"token":"{token}"}}'.encode())
    assert form.status_code == 400
    await browser.sign_in(token)
    other = office.browser()
    await other.sign_in(await office.link("Trường"))
    theirs = re.search(r'name="form" value="(\w+)"', (await other.me()).text)
    assert theirs is not None
    for form_token in ("", "x", theirs[1]):
        answer = await browser.client.post("/dashboard/out", data={"form": form_token})
        assert answer.status_code == 400
    assert (await browser.me()).status_code == 200


async def test_whoever_loses_the_role_sees_nothing_more(office: Office) -> None:
    browser = office.browser()
    await browser.sign_in(await office.link())
    async with office.commune.database.writing() as connection:
        await connection.execute(delete(roles))
    page = await browser.me()
    assert (page.status_code, "thôn Đông" in page.text) == (403, False)


async def test_when_somebody_was_signed_in_is_forgotten_after_a_month(office: Office, tmp_path: Path) -> None:
    await office.browser().sign_in(await office.link())
    await office.link()
    housekeeper = Housekeeper(office.commune.database, FileStore(tmp_path), lambda: office.commune.now)
    office.commune.now += KEEP_SIGN_INS - timedelta(days=1)
    await housekeeper.run_once()
    assert await office.commune.count(sign_ins) == 2
    office.commune.now += timedelta(days=2)
    await housekeeper.run_once()
    assert await office.commune.count(sign_ins) == 0


async def test_who_holds_no_role_gets_no_link(office: Office) -> None:
    await office.commune.read("Lan")
    await office.commune.say("Lan", "trang web")
    assert "/dashboard" not in "\n".join(await office.commune.texts("Lan"))
    assert await office.commune.count(sign_ins) == 0


async def test_trying_tokens_is_slowed_down(office: Office) -> None:
    browser = office.browser()
    answers = [(await browser.sign_in(f"made-up-{number}")).status_code for number in range(40)]
    assert answers[: LIMITS["sign in"].of_one.at_once] == [403] * LIMITS["sign in"].of_one.at_once
    assert answers[-1] == 429
