"""A sample commune on a fresh database, for the demo and for talking in a terminal."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.application import Application
from bot.services.rounds import load_shipped, open_round
from bot.settings import Settings
from bot.store.core import setup
from bot.store.core.migrating import migrate
from flows.domain.units import Unit
from flows.registration.subject import VILLAGE_CODE

# Nothing here is real: the province, its communes and villages are made up.
UNITS = (
    ("hp", "Tỉnh Hương Phú", "province", None),
    ("ta", "Xã Tân An", "commune", "hp"),
    ("ta-dong", "Thôn Đông", "village", "ta"),
    ("ta-doai", "Thôn Đoài", "village", "ta"),
    ("ta-trung", "Thôn Trung", "village", "ta"),
    ("ta-thuong", "Thôn Thượng", "village", "ta"),
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
        here = settings.model_copy(
            update={
                "database_url": f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}",
                "telegram_token": None,
                "secret_key": None,
                "evidence_url": None,
                "quiet_hours": "00:00-00:00",  # whoever tries it at night wants to see a notice arrive
            }
        )
        application = Application(here)
        try:
            await migrate(application.database)
            await load_shipped(application.database, application.clock())
            async with application.database.writing() as connection:
                await setup.save_units(
                    connection,
                    [Unit(0, code, name, kind) for code, name, kind, _parent in UNITS],
                    {code: parent for code, _name, _kind, parent in UNITS if parent is not None},
                )
            today = application.clock().astimezone(here.zone).date()
            await open_round(
                application.database,
                year=today.year,
                name=f"Đợt đánh giá {today.year}",
                unit_code="hp",
                opens=today - timedelta(days=30),
                closes=today + timedelta(days=30),
                now=application.clock(),
            )
            yield Sample(application, f"{VILLAGE_CODE}{VILLAGE}")
        finally:
            await application.close()
