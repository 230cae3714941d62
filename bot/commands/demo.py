"""`hoctap demo`: a sample commune on phones side by side, with the real engine and a real database."""

import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.application import Application
    from bot.settings import Settings

# Nobody here is real: the commune, its villages and its people are made up.
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
VILLAGE = "ta-dong"


@dataclass(frozen=True, slots=True)
class Role:
    """One of the demo's phones."""

    title: str
    subtitle: str
    role: str
    name: str | None = None


PHONES = (
    Role("Lan", "Nông dân · Thôn Đông", "resident"),
    Role("Minh", "Viên chức · Thôn Đông", "resident"),
    Role("Bà Hòa", "Chi hội trưởng · Thôn Đông", "head", "Lê Thị Hòa"),
    Role("Ông Bình", "Quản trị · Xã Tân An", "admin", "Trần Văn Bình"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A running application with the sample commune, and the start code of a village in it."""

    application: "Application"
    village: str


def demo() -> None:
    """Start the demo at http://127.0.0.1:8080/ (or PORT): phones side by side, nothing to set up."""
    settings = running.settings()

    address = f"http://127.0.0.1:{settings.port}"

    async def work() -> None:
        from bot.commands.demo_pages import DemoPages
        from bot.commands.serve import serve_until_stopped

        async with sample_commune(settings.model_copy(update={"public_url": address})) as sample:
            pages = DemoPages(sample.application)
            await pages.open()
            typer.echo(f"The demo is at {address}/ – Ctrl+C ends it.")
            await serve_until_stopped(sample.application, sample.application.http(pages.routes()), host="127.0.0.1")

    running.run(work)


@asynccontextmanager
async def sample_commune(settings: "Settings") -> "AsyncIterator[Sample]":
    """Open an application on a fresh SQLite file in a temporary folder, with units, a round and criteria."""
    from bot.application import Application
    from bot.services.rounds import load_shipped, open_round
    from bot.store import setup
    from bot.store.migrating import migrate
    from flows.commands import VILLAGE_CODE
    from flows.units import Unit

    with tempfile.TemporaryDirectory(prefix="hoctap-demo-") as folder:
        here = settings.model_copy(
            update={
                "database_url": f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}",
                "telegram_token": None,
                "secret_key": None,
                "evidence_url": None,
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
            )
            yield Sample(application, f"{VILLAGE_CODE}{VILLAGE}")
        finally:
            await application.close()


def fresh_token() -> str:
    """Return a token for a phone of the demo."""
    return secrets.token_urlsafe(24)
