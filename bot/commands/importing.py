"""`hoctap import`: units, criteria sets and templates from files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from flows.conversation.facts import Reference
    from flows.domain.criteria import CriteriaSet
    from flows.domain.rounds import Round
    from flows.domain.unit_lists import UnitPlan

app = typer.Typer(no_args_is_help=True)

# From this size on it takes seconds, and one is told what happens.
LONG_WORK = 500_000
MOST_WARNINGS = 20


@app.command("units")
def import_units(
    file: Path = typer.Argument(help="A .csv or .xlsx file; see: hoctap export units template.xlsx --template"),
    hidden: bool = typer.Option(False, "--hidden", help="Read also what a workbook hides or strikes through."),
) -> None:
    """Load units: new codes are added, known ones changed, none removed. With any fault, nothing is imported."""
    from bot.services.unit_files import MOST_BYTES
    from flows.domain.unit_lists import UnitsRefused

    settings = running.settings()
    data = _content(file, MOST_BYTES)

    async def work() -> None:
        from bot.application import now
        from bot.services.unit_files import read_units
        from bot.store.core import reference, setup, trail
        from bot.store.core.chain import OPERATOR, Entry
        from flows.domain.unit_lists import plan_units

        async with running.database(settings) as database:
            _tell_of_long_work(data, f"Reading {file.name} …")
            read = read_units(file.name, data, hidden=hidden)
            _tell_of_long_work(data, f"Checking and saving {len(read.rows):,} units …")
            async with database.writing() as connection:
                plan = plan_units(read, await reference.read_units(connection))
                if plan.new or plan.changed:
                    await setup.save_units(connection, (*plan.new, *plan.changed), plan.parents)
                    counts = {"new": len(plan.new), "changed": len(plan.changed)}
                    imported = Entry(act="import", role=OPERATOR, about="units", details=counts)
                    await trail.append(connection, [imported], now())
        _report(file.name, plan)

    try:
        running.run(work)
    except UnitsRefused as refused:
        _echo_errors([*refused.lines, "nothing was imported"])
        raise typer.Exit(running.USAGE_ERROR) from None


def _content(file: Path, most: int) -> bytes:
    """Return what is in a file, or end."""
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        running.fail(f"{file}: cannot be read: {error.strerror}")
    if len(data) > most:
        running.fail(f"{file.name}: is bigger than {most // 2**20} MB; split it")
    return data


def _tell_of_long_work(data: bytes, said: str) -> None:
    if len(data) > LONG_WORK:
        typer.echo(said, err=True)


def _report(name: str, plan: "UnitPlan") -> None:
    more = len(plan.warnings) - MOST_WARNINGS
    _echo_errors([f"warning: {line}" for line in plan.warnings[:MOST_WARNINGS]])
    if more > 0:
        _echo_errors([f"and {more:,} more warnings"])
    typer.echo(f"{name}: {len(plan.new):,} new, {len(plan.changed):,} changed, {plan.unchanged:,} unchanged.")


def _echo_errors(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(f"hoctap: {line}", err=True)


@app.command("criteria")
def import_criteria(
    file: Path = typer.Argument(help="A .toml file, or a workbook as `hoctap export criteria` writes it."),
    hidden: bool = typer.Option(False, "--hidden", help="Read also what a workbook hides or strikes through."),
) -> None:
    """Load a criteria set as a new version. Forms that were begun keep the version they were begun with."""
    from bot.services.criteria_files import MOST_BYTES
    from bot.services.rounds import RoundRefused
    from flows.domain.criteria import BrokenCriteria

    settings = running.settings()
    data = _content(file, MOST_BYTES)

    async def work() -> None:
        from bot.application import now
        from bot.services.criteria_files import from_file
        from bot.services.rounds import load_criteria
        from bot.store.core.reference import read_without_tree

        criteria = from_file(file.name, data, hidden=hidden)
        async with running.database(settings) as database:
            async with database.reading() as connection:
                before = await read_without_tree(connection)
            added = await load_criteria(database, (criteria,), now())
        if not added:
            typer.echo(f"{criteria.id} {criteria.version} is already there; nothing was changed.")
            return
        typer.echo(f"{criteria.id} {criteria.version} is loaded: group {criteria.group}, {criteria.status}.")
        _tell_what_it_replaces(criteria, before)

    running.run(work, BrokenCriteria, RoundRefused)


def _tell_what_it_replaces(criteria: "CriteriaSet", before: "Reference") -> None:
    older = before.criteria.get(criteria.id)
    if older is not None:
        typer.echo(f"Forms begun from now on use it instead of {older.version}.")
    using = [round_ for round_ in before.rounds if criteria.id in round_.sets.values()]
    for round_ in using:
        typer.echo(f"It is used by {_round_said(round_, before)}.")
    if not using:
        typer.echo(f"No round uses it yet: hoctap admin round … --criteria {criteria.group}={criteria.id}")


def _round_said(round_: "Round", reference: "Reference") -> str:
    unit = reference.units.by_id[round_.unit_id]
    return f"“{round_.name}” of {unit.name} ({unit.code}), {round_.opens} to {round_.closes}"


@app.command("template")
def import_template(
    file: Path = typer.Argument(help="A .docx or letterhead.toml as `hoctap export templates` writes them."),
    unit: str = typer.Option(..., help="Code of the unit that uses it, with all below it."),
    paper: str = typer.Option("", "--as", help="Which paper it is for; by default the name of the file."),
) -> None:
    """Let a unit use a template of its own. One with a fault is refused, and every fault told."""
    from bot.documents.templates import MOST_BYTES
    from bot.services.documents import DocumentRefused

    settings = running.settings()
    data = _content(file, MOST_BYTES)
    name = paper or file.stem

    async def work() -> None:
        from bot.application import now
        from bot.services.documents import use_template

        async with running.database(settings) as database:
            await use_template(database, unit, name, data, now())
        typer.echo(f"{file.name} is used by {unit} and all below it from now on.")

    try:
        running.run(work)
    except DocumentRefused as refused:
        _echo_errors([f"{file.name}: {line}" for line in str(refused).split("\n")] + ["nothing was imported"])
        raise typer.Exit(running.USAGE_ERROR) from None
