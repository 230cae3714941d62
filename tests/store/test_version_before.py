"""A database of the version before is carried on with: people go on in the middle of whatever they were doing."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.store.core.database import Database
from bot.store.core.migrating import migrate
from bot.store.core.tables import assessments
from tests.commune import Commune

DUMP = Path(__file__).parents[1] / "data" / "commune-of-revision-0002.sql"


@pytest.fixture
async def commune(tmp_path: Path) -> AsyncIterator[Commune]:
    """The commune of the dump, with today's tables."""
    file = tmp_path / "hoctap.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
    connection.close()
    database = Database(f"sqlite+aiosqlite:///{file}")
    await migrate(database)
    commune = Commune(database)
    commune.now += timedelta(days=1)
    yield commune
    await database.close()


@pytest.mark.parametrize(
    ("name", "typed", "answered"),
    [
        ("Trường", "Chỉ đọc mỗi tháng một lần thôi", "Đã điều chỉnh phiếu của Nguyễn Thị Lan."),
        ("Hạnh", "đã trả lại", "Đã trả lại, trang 1:"),
        ("Hoa", "thon dong", "Có phải một trong các nơi"),
        ("Lan", "phiếu của tôi", "đã nộp"),
        ("Minh", "1", "6/10"),
        ("Tư", "đúng hết", "Xin cảm ơn"),
        ("Năm", "xong", "Lý do: Thiếu ảnh lớp học"),
        ("Sáu", "I agree", "full name"),
        ("Bảy", "vi", "đồng ý"),
    ],
)
async def test_everybody_goes_on_where_they_were(commune: Commune, name: str, typed: str, answered: str) -> None:
    await commune.say(name, typed)
    assert answered in "\n".join(await commune.texts(name))


async def test_the_tallies_are_those_of_the_forms(commune: Commune) -> None:
    counted = await commune.rows(select(assessments))
    forms = Counter((form.unit_id, form.round_id, "farmer", form.state, form.passed) for form in counted)
    assert await commune.tallies() == forms
