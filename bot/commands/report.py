"""`hoctap report`: papers as files, docx or pdf."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.services.documents import Suffix

app = typer.Typer(no_args_is_help=True)

UNIT = typer.Option(..., help="Code of the unit.")
YEAR = typer.Option(..., help="The year of the round.")
OUT = typer.Option(..., help="A .docx or .pdf file.")
SUFFIXES = (".docx", ".pdf")


class PageSize(StrEnum):
    """What certificates are printed on."""

    a4 = "a4"
    a5 = "a5"


class GroupName(StrEnum):
    """The groups that have a form."""

    farmer = "farmer"
    worker = "worker"
    official = "official"
    pupil = "pupil"
    other = "other"


@app.command("form")
def blank_form(
    unit: str = UNIT,
    year: int = YEAR,
    out: Path = OUT,
    group: GroupName = typer.Option(GroupName.farmer, help="Whose form."),
) -> None:
    """Write the blank form of a village, to be printed and filled in by hand; its QR code begins it on a phone."""
    _make("form", unit, year, out, with_links=True, group=group.value)


@app.command("minutes")
def minutes(unit: str = UNIT, year: int = YEAR, out: Path = OUT) -> None:
    """Write the minutes of a village's branch meeting."""
    _make("minutes", unit, year, out)


@app.command("list")
def village_list(unit: str = UNIT, year: int = YEAR, out: Path = OUT) -> None:
    """Write the list of those whose form the branch has confirmed and who reach the points."""
    _make("list", unit, year, out)


@app.command("posted")
def posted_list(unit: str = UNIT, year: int = YEAR, out: Path = OUT) -> None:
    """Write the list to be posted: of those proposed, then of the recognised. Only those who agreed are named."""
    _make("posted", unit, year, out)


@app.command("proposal")
def proposal(unit: str = UNIT, year: int = YEAR, out: Path = OUT) -> None:
    """Write the association's proposal with its list. Number and day are blank until they are recorded."""
    _make("proposal", unit, year, out)


@app.command("decision")
def decision(
    unit: str = UNIT,
    year: int = YEAR,
    out: Path = OUT,
    number: str = typer.Option("", help="The number of a decision, 05/QĐ-UBND; without it, the newest."),
) -> None:
    """Write the decision with its list. Number and day are blank until they are recorded."""
    _make("decision", unit, year, out, number=number)


@app.command("certificates")
def certificates(
    unit: str = UNIT,
    year: int = YEAR,
    out: Path = OUT,
    size: PageSize = typer.Option(PageSize.a4, help="The paper they are printed on, across."),
) -> None:
    """Write the certificates of a village or a commune, one a page."""
    typer.echo("Setting the certificates; a thousand take about ten seconds …", err=True)
    _make("certificates", unit, year, out, size=size.value)


@app.command("register")
def register(unit: str = UNIT, year: int = YEAR, out: Path = OUT) -> None:
    """Write the register of titles, those revoked among them."""
    _make("register", unit, year, out)


@app.command("year")
def year_report(
    unit: str = UNIT,
    year: int = YEAR,
    out: Path = OUT,
    half: bool = typer.Option(False, "--half", help="The report of the first half of the year."),
) -> None:
    """Write the report of the year with its statistics sheet; what the program cannot know is left blank."""
    _make("year", unit, year, out, half=half)


@app.command("poster")
def posters(unit: str = UNIT, year: int = YEAR, out: Path = OUT) -> None:
    """Write posters with the QR code of every village at or below a unit."""
    _make("poster", unit, year, out, with_links=True)


def _make(kind: str, unit: str, year: int, out: Path, *, with_links: bool = False, **how: Any) -> None:
    """Make a paper and write it."""
    from bot.services.documents import DocumentRefused

    settings = running.settings()
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        running.fail(f"{out}: the name must end in {' or '.join(SUFFIXES)}")

    async def work() -> None:
        from bot.catalogues import load
        from bot.services.documents import Wanted, make

        links = await running.starts(settings) if with_links else ()
        page = f"{settings.public_url.rstrip('/')}/c/{{code}}" if settings.public_url else ""
        wanted = Wanted(kind, unit, year, cast("Suffix", suffix), links=links, page=page, **how)
        async with running.database(settings) as database:
            content = await make(database, wanted, load()["vi"], settings.zone)
        _write(out, content)

    running.run(work, DocumentRefused)


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        running.fail(f"{out}: cannot be written: {error.strerror}")
    typer.echo(f"Written to {out}.", err=True)
