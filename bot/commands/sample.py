"""A sample commune on a fresh database, for the demo and for talking in a terminal."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bot.application import Application
from bot.services.rounds import load_shipped, open_round
from bot.settings import Settings
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.migrating import migrate
from flows.domain.units import Unit
from flows.registration.subject import VILLAGE_CODE

# Nothing here is real: the province, its communes and villages are made up.
VILLAGES_OF_TAN_AN = {
    "dong": "Đông", "doai": "Đoài", "trung": "Trung", "thuong": "Thượng", "ha": "Hạ", "nam": "Nam", "bac": "Bắc",
    "ben-do": "Bến Đò", "cau-da": "Cầu Đá", "cho-moi": "Chợ Mới", "dinh-ca": "Đình Cả", "goc-da": "Gốc Đa",
    "go-cao": "Gò Cao", "vuon-dau": "Vườn Dâu", "lo-gom": "Lò Gốm", "ao-sen": "Ao Sen", "bai-soi": "Bãi Sỏi",
    "phu-hoa": "Phú Hòa", "an-loc": "An Lộc", "xuan-mai": "Xuân Mai", "ngoc-son": "Ngọc Sơn",
    "thanh-thuy": "Thanh Thủy", "tan-lap": "Tân Lập", "yen-khe": "Yên Khê", "cua-rung": "Cửa Rừng",
}  # fmt: skip
UNITS = (
    ("hp", "Tỉnh Hương Phú", "province", None),
    ("ta", "Xã Tân An", "commune", "hp"),
    *((f"ta-{code}", f"Thôn {name}", "village", "ta") for code, name in VILLAGES_OF_TAN_AN.items()),
    ("ta-truong", "Trường THCS Tân An", "workplace", "ta"),
    ("bl", "Xã Bình Lạc", "commune", "hp"),
    ("bl-dong", "Thôn Đông", "village", "bl"),
    ("bl-ha", "Thôn Hạ", "village", "bl"),
)
COMMUNE = "ta"
VILLAGE = "ta-dong"


@dataclass(frozen=True, slots=True)
class Sample:
    """A running application with the sample commune, and the start code of a village in it."""

    application: Application
    village: str


@asynccontextmanager
async def sample_commune(settings: Settings) -> AsyncIterator[Sample]:
    """Open an application on a fresh SQLite file in a temporary folder, with units, a round and criteria."""
    with tempfile.TemporaryDirectory(prefix="hoctap-demo-") as folder:
        here = sample_settings(settings, Path(folder))
        application = Application(here)
        try:
            await found_commune(application.database, application.clock())
            today = application.clock().astimezone(here.zone).date()
            await open_round_around(application.database, today, application.clock())
            yield Sample(application, f"{VILLAGE_CODE}{VILLAGE}")
        finally:
            await application.close()


def sample_settings(settings: Settings, folder: Path) -> Settings:
    """Return settings for a commune in a folder: nothing outside of it is touched, and no channel but the web."""
    return replace(
        settings,
        database_url=f"sqlite+aiosqlite:///{folder / 'demo.db'}",
        telegram_token=None,
        secret_key=None,
        evidence_url=None,
        quiet_hours="00:00-00:00",  # whoever tries it at night wants to see a notice arrive
    )


async def found_commune(database: Database, now: datetime) -> None:
    """Make an empty database the sample province, with the criteria sets that come with the program."""
    await migrate(database)
    await load_shipped(database, now)
    async with database.writing() as connection:
        await setup.save_units(
            connection,
            [Unit(0, code, name, kind) for code, name, kind, _parent in UNITS],
            {code: parent for code, _name, _kind, parent in UNITS if parent is not None},
        )


async def open_round_around(database: Database, day: date, now: datetime) -> int:
    """Open a round that is a month old on a day, and open for a month more. Returns its id."""
    return await open_round(
        database,
        year=day.year,
        name=f"Đợt đánh giá {day.year}",
        unit_code="hp",
        opens=day - timedelta(days=30),
        closes=day + timedelta(days=30),
        now=now,
    )
