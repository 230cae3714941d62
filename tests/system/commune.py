"""A made-up commune goes live: what its people type into a shell before they start `hoctap serve`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.store.core.database import Database
from tests.system.process import Deployment

UNITS = """\
code,name,kind,parent code
tk,Xã Thần Khê,commune,
tk01,Thôn Đông,village,tk
tk02,Thôn Đoài,village,tk
"""
COMMUNE, VILLAGE = "tk", "tk01"

_CODE = re.compile(r"/start (i-\S+)")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What `hoctap admin invite` prints; `code` comes after /start."""

    code: str
    said: str


async def set_up(deployment: Deployment) -> None:
    """Go from an empty database to an open round."""
    (deployment.folder / "units.csv").write_text(UNITS, "utf-8")
    year = datetime.now(UTC).year
    days = ("--opens", f"{year}-01-01", "--closes", f"{year}-12-31")
    await deployment.succeed("migrate")
    await deployment.succeed("import", "units", "units.csv")
    await deployment.succeed("admin", "round", "--year", str(year), "--unit", COMMUNE, *days)


async def invite(deployment: Deployment, role: str, unit: str) -> Invitation:
    """Make an invitation on the command line."""
    said = await deployment.succeed("admin", "invite", "--role", role, "--unit", unit)
    return Invitation(code_in(said), said)


def code_in(said: str) -> str:
    """Return the code of the invitation that a text hands over."""
    found = _CODE.search(said)
    assert found is not None, said
    return found[1]


def sqlite_in(folder: Path) -> str:
    """Return the address of a database that does not exist yet."""
    return f"sqlite:///{folder / 'hoctap.db'}"


async def leave_empty(database: Database) -> None:
    """Prepare nothing in a database: `hoctap migrate` is to do it."""
