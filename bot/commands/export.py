"""`hoctap export`: units, criteria sets, templates and start links as files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.services.unit_files import StartCard
    from bot.settings import Settings
    from flows.conversation.facts import Start
    from flows.domain.criteria import CriteriaSet

app = typer.Typer(no_args_is_help=True)

# From this many QR pictures on it takes seconds, and one sees how far it is.
LONG_WORK = 300


@app.command("units")
def export_units(
    file: Path | None = typer.Argument(None, help="A .csv or .xlsx file; without it, csv is printed."),
    template: bool = typer.Option(False, "--template", help="Write a list to be filled in, with examples."),
) -> None:
    """Write all units as a list that `hoctap import units` reads. Importing it again changes nothing."""
    suffix = _suffix(file, ".csv", ".xlsx") if file is not None else ".csv"
    if template:
        from bot.services.unit_files import template_csv, template_xlsx

        _write(file, template_xlsx() if suffix == ".xlsx" else template_csv())
        return
    settings = running.settings()

    async def work() -> None:
        from bot.services.unit_files import units_csv, units_xlsx
        from bot.store.core.reference import read_units

        async with running.database(settings) as database, database.reading() as connection:
            units = await read_units(connection)
        _write(file, units_xlsx(units) if suffix == ".xlsx" else units_csv(units))

    running.run(work)


def _suffix(file: Path, *known: str) -> str:
    """Return the ending of a file's name, or end when it is none of these."""
    suffix = file.suffix.lower()
    if suffix not in known:
        running.fail(f"{file}: the name must end in {' or '.join(known)}")
    return suffix


def _write(file: Path | None, content: str | bytes) -> None:
    """Write a file, or print. Spreadsheet programs take csv for UTF-8 only when it begins with a mark."""
    if file is None:
        typer.echo(content, nl=False)
        return
    encoding = "utf-8-sig" if file.suffix.lower() == ".csv" else "utf-8"
    try:
        file.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    except OSError as error:
        running.fail(f"{file}: cannot be written: {error.strerror}")
    typer.echo(f"Written to {file}.", err=True)


@app.command("criteria")
def export_criteria(
    set_id: str | None = typer.Argument(None, metavar="SET-ID", help="The set; without it, all sets are listed."),
    file: Path | None = typer.Argument(None, help="A .xlsx file; by default it is named after set and version."),
    version: str = typer.Option("", help="The version; by default the one imported last."),
) -> None:
    """Write a criteria set as a workbook to be edited, or list the sets there are."""
    settings = running.settings()
    if file is not None:
        _suffix(file, ".xlsx")

    async def work() -> None:
        from bot.services.criteria_files import to_xlsx
        from bot.store.core.reference import read_criteria

        async with running.database(settings) as database, database.reading() as connection:
            sets = list((await read_criteria(connection)).values())
        if set_id is None:
            _list_sets(sets)
            return
        criteria = _chosen(sets, set_id, version)
        _write(file or _unused(Path(f"{criteria.id}-{criteria.version}.xlsx")), to_xlsx(criteria))

    running.run(work)


def _list_sets(sets: Iterable["CriteriaSet"]) -> None:
    for criteria in sets:
        typer.echo(f"{criteria.id} {criteria.version} · {criteria.group} · {criteria.status} · {criteria.name.vi}")


def _chosen(sets: list["CriteriaSet"], set_id: str, version: str) -> "CriteriaSet":
    versions = [criteria for criteria in sets if criteria.id == set_id]
    if not versions:
        running.fail(f"there is no criteria set {set_id!r}; see: hoctap export criteria")
    chosen = [criteria for criteria in versions if version in ("", criteria.version)]
    if not chosen:
        there = ", ".join(criteria.version for criteria in versions)
        running.fail(f"{set_id} has no version {version!r}; there are: {there}")
    return chosen[-1]


def _unused(file: Path) -> Path:
    """Return a file's name unless it is there: somebody may have worked on it."""
    if file.exists():
        running.fail(f"{file} is there already; delete it, or give another name")
    return file


@app.command("links")
def export_links(
    unit: str = typer.Argument(metavar="UNIT-CODE", help="Code of a unit; all villages at or below it are written."),
    file: Path = typer.Argument(help="A .html page of QR cards to print, or a .csv list."),
) -> None:
    """Write the start links of villages: scanned or opened, they begin a conversation in the right village."""
    settings = running.settings()
    suffix = _suffix(file, ".html", ".csv")

    async def work() -> None:
        from bot.services.unit_files import links_csv, links_html, start_cards
        from bot.store.core.reference import read_branch, read_unit

        async with running.database(settings) as database, database.reading() as connection:
            top = await read_unit(connection, unit)
            if top is None:
                running.fail(f"there is no unit with the code {unit!r}; see: hoctap export units")
            units = await read_branch(connection, top.id)
        cards = start_cards(units, top, await _starts(settings))
        if not cards:
            running.fail(f"no village or workplace lies in {top.name} ({top.code}); import them first")
        _write(file, links_csv(cards) if suffix == ".csv" else links_html(top.name, _with_progress(cards)))

    running.run(work)


async def _starts(settings: "Settings") -> "tuple[Start, ...]":
    """Return where bots are found, or end when none is."""
    starts = await running.starts(settings)
    wanted = len(settings.telegram_bots)
    if not starts and not wanted:
        running.fail("no channel has an address; set TELEGRAM_TOKEN, ZALO_OA_ID, or PUBLIC_URL for the web chat")
    if sum(start.channel == "telegram" for start in starts) < wanted:
        told = "Telegram did not tell the bot's name; check TELEGRAM_TOKEN and whether TELEGRAM_API_URL can be reached"
        if not starts:
            running.fail(f"{told}, or set PUBLIC_URL")
        typer.echo(f"hoctap: warning: {told}. Its links are left out.", err=True)
    return starts


def _with_progress(cards: tuple["StartCard", ...]) -> Iterable["StartCard"]:
    if len(cards) < LONG_WORK:
        yield from cards
        return
    with typer.progressbar(cards, label="Drawing QR pictures", file=typer.get_text_stream("stderr")) as shown:
        yield from shown


@app.command("templates")
def export_templates(
    folder: Path = typer.Argument(help="A folder; a .docx for every paper and a letterhead.toml are written there."),
    unit: str = typer.Option("", help="Code of a unit, to get those that it uses."),
) -> None:
    """Write the templates of papers, to be edited in Word and loaded again with `hoctap import template`."""
    from bot.services.documents import DocumentRefused

    settings = running.settings()

    async def work() -> None:
        from bot.services.documents import exported, shipped

        if unit:
            async with running.database(settings) as database:
                files = await exported(database, unit)
        else:
            files = shipped()
        _write_all(folder, files)

    running.run(work, DocumentRefused)


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, none of them over one that is there."""
    for file in map(folder.joinpath, files):
        _unused(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            folder.joinpath(name).write_bytes(content)
    except OSError as error:
        running.fail(f"{folder}: cannot be written: {error.strerror}")
    typer.echo(f"{len(files)} templates are in {folder}.", err=True)
