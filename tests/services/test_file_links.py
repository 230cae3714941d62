"""Files behind a link: who has the code opens them once, who has only the link never."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from bot.services.file_links import HOLDS, MOST_WRONG, STAYS_OPEN, FileLinks
from bot.services.files import FileStore
from bot.services.housekeeping import Housekeeper
from bot.store.core import file_uses, inbox
from bot.store.core.database import Database
from bot.store.core.tables import file_links
from flows.conversation.messages import StoredFile
from tests.commune import Commune
from tests.sample import CATALOGUES

PDF = b"%PDF-1.4\n" + b"a long list" * 1000
PLACE = ("telegram", "1", "Lan")


class Door:
    """Links of a chat, and a browser that opens them."""

    def __init__(self, commune: Commune, folder: Path) -> None:
        self.commune = commune
        self.files = FileStore(folder)
        self.links = FileLinks(commune.runtime, self.files, "https://hoctap.example/")
        self.browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=self.links.routes())), base_url="https://hoctap.example"
        )

    async def told(self, name: str = "Danh sách.pdf") -> tuple[str, str]:
        """Make a link. Returns its address and its code."""
        kept = await self.files.keep(PDF)
        said = await self.links.told(PLACE, StoredFile(kept.digest, "document", name), CATALOGUES["vi"])
        assert said is not None
        found = re.search(r"(https://\S+)\nMã để mở: (\d{6})", said)
        assert found is not None, said
        return found[1], found[2]

    async def post(self, address: str, code: str) -> httpx.Response:
        """Type a code."""
        return await self.browser.post(address, data={"code": code})


@pytest.fixture
async def door(database: Database, tmp_path: Path) -> AsyncIterator[Door]:
    """Links of a chat that somebody has."""
    async with database.writing() as connection:
        await inbox.conversation_ids(connection, [PLACE])
    one = Door(Commune(database), tmp_path)
    async with one.browser:
        yield one


async def test_the_code_opens_the_file_and_looking_at_the_link_opens_nothing(door: Door) -> None:
    address, code = await door.told()
    for _ in range(3):
        looked = await door.browser.get(address)
        assert (looked.status_code, code in looked.text, "no-store" in looked.headers["cache-control"]) == (
            200, False, True,
        )  # fmt: skip
        assert "frame-ancestors 'none'" in looked.headers["content-security-policy"]
    opened = await door.post(address, f"{code[:3]} {code[3:]}")
    assert opened.content == PDF
    assert opened.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Danh%20s")
    door.commune.now += STAYS_OPEN
    assert (await door.post(address, code)).status_code == 404


async def test_a_link_ends_after_three_days_and_after_a_few_wrong_codes(door: Door) -> None:
    address, code = await door.told()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(MOST_WRONG):
        assert (await door.post(address, wrong)).status_code == 403
    assert (await door.post(address, code)).status_code == 404
    address, code = await door.told()
    door.commune.now += HOLDS
    assert (await door.browser.get(address)).status_code == 404
    assert (await door.post(address, code)).status_code == 404


async def test_neither_link_nor_code_can_be_read_in_the_database(door: Door) -> None:
    address, code = await door.told()
    kept = await door.commune.everything()
    assert address.rpartition("/")[2] not in kept
    assert not re.search(rf"\b{code}\b", kept)


async def test_a_file_stays_as_long_as_its_link(door: Door) -> None:
    await door.told()
    digest = (await door.commune.column(select(file_links.c.digest)))[0]
    keeper = Housekeeper(door.commune.database, door.files, lambda: door.commune.now)
    async with door.commune.database.reading() as connection:
        assert await file_uses.kept(connection, [digest]) == {digest}
    door.commune.now += HOLDS + timedelta(seconds=1)
    await keeper.run_once()
    async with door.commune.database.reading() as connection:
        assert await file_uses.kept(connection, [digest]) == set()


async def test_nothing_odd_breaks_it(door: Door) -> None:
    address, _code = await door.told()
    for path in ("/f/x", f"{address}x", "/f/" + "a" * 22, "/f/" + "ă" * 22):
        assert (await door.browser.get(path)).status_code == 404
        assert (await door.post(path, "123456")).status_code == 404
    assert (await door.browser.post(address, content=b"\xff" * 2000)).status_code == 400
    assert (await door.browser.post(address, content=b"\xff&code")).status_code == 403


async def test_whoever_makes_links_up_keeps_nobody_from_writing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(door.commune.database, "writing", lambda: written.append("a transaction"))
    for path in ("/f/x", "/f/" + "a" * 22):
        assert (await door.post(path, "123456")).status_code == 404
    assert written == []


async def test_without_a_public_address_and_for_nobody_there_is_no_link(door: Door, tmp_path: Path) -> None:
    file = StoredFile("0" * 64, "document", "a.pdf")
    assert await door.links.told(("telegram", "1", "nobody"), file, CATALOGUES["vi"]) == f"📄 {file.name}"
    inside = FileLinks(door.commune.runtime, FileStore(tmp_path), None)
    assert await inside.told(PLACE, file, CATALOGUES["vi"]) == f"📄 {file.name}"
