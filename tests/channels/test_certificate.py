"""The public page of a certificate: what it shows, and that it shows nothing else."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from bot.store.core import setup, tables
from flows.domain.units import Unit
from tests.channels.test_web import Web, url, web

__all__ = ["url", "web"]

CODE = "k7Qz0aW-9_TtUuVvWwXxYy"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
async def certificate(web: Web) -> Web:
    """Enter somebody in the register whose name has what a page must not take for its own."""
    async with web.application.database.writing() as connection:
        places = [Unit(0, "xa", "Xã Thần Khê", "commune"), Unit(0, "dong", "Thôn Đông", "village")]
        await setup.save_units(connection, places, {"dong": "xa"})
        of_code = {row.code: row.id for row in await connection.execute(tables.units.select())}
        commune, village = of_code["xa"], of_code["dong"]
        first, last = date(2026, 9, 1), date(2026, 11, 15)
        round_id = await setup.save_round(
            connection, year=2026, name="Đợt 2026", unit_id=commune, opens=first, closes=last, sets={}
        )
        proposal = {"id": 1, "unit_id": commune, "round_id": round_id, "state": "decided", "number": "", "at": NOW}
        decision = {"id": 1, "proposal_id": 1, "unit_id": commune, "round_id": round_id, "number": "05/QĐ-UBND"}
        title = {"recognition_id": 1, "unit_id": commune, "year": 2026, "number": 7, "code": CODE, "reason": "thôi"}
        await connection.execute(insert(tables.proposals).values(proposal))
        signed = {"dated": date(2026, 11, 25), "signer": "Trần Văn Bảy", "at": NOW}
        await connection.execute(insert(tables.recognitions).values(decision | signed))
        name = "Nguyễn <b>Lan</b> & “Em”"
        entered = {"name": name, "village_id": village, "title": "Công dân học tập"}
        await connection.execute(insert(tables.titles).values(title | entered))
    return web


async def test_it_shows_name_village_title_and_year_and_that_it_holds(certificate: Web) -> None:
    page = await certificate.client.get(f"/c/{CODE}")
    assert page.status_code == 200
    assert "Nguyễn &lt;b&gt;Lan&lt;/b&gt; &amp; “Em”" in page.text
    assert "Công dân học tập, năm 2026" in page.text
    assert "✅ Còn giá trị" in page.text
    assert "thôi" not in page.text
    assert "05/QĐ-UBND" not in page.text
    assert "Trần Văn Bảy" not in page.text


async def test_revoking_shows_at_once(certificate: Web) -> None:
    async with certificate.application.database.writing() as connection:
        await connection.execute(tables.titles.update().values(revoked_at=NOW))
    page = await certificate.client.get(f"/c/{CODE}")
    assert "⛔ Không còn giá trị" in page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("code", ["k7Qz0aW-9_TtUuVvWwXxYz", "1", "%3Cscript%3E", CODE.lower(), CODE + "A"])
async def test_what_is_no_code_shows_nobody(certificate: Web, code: str) -> None:
    page = await certificate.client.get(f"/c/{code}")
    assert page.status_code == 404
    assert "Lan" not in page.text


async def test_no_other_page_is_reached_from_it_and_it_has_no_scripts(certificate: Web) -> None:
    page = await certificate.client.get(f"/c/{CODE}")
    assert re.findall(r"<a |<script|<form|<iframe", page.text) == []
    assert "noindex" in page.headers["x-robots-tag"]


async def test_whoever_tries_many_codes_is_slowed_down(certificate: Web) -> None:
    statuses = [(await certificate.client.get(f"/c/{number:022}")).status_code for number in range(120)]
    assert statuses[0] == 404
    assert statuses[-1] == 429
