"""The command line. Commands import what they need when they run, so that `--help` answers at once."""

import sys
from typing import NoReturn

import typer

from bot.commands import admin, audit, bench, chat, check, demo, export, importing, migrate, report, serve

app = typer.Typer(
    name="hoctap",
    help="The chatbot with which the people of a commune assess themselves as learning citizens.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hoctap {version('hoctap')}")
        raise typer.Exit


@app.callback()
def options(
    shown: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """The chatbot with which the people of a commune assess themselves as learning citizens."""


app.command()(serve.serve)
app.command()(demo.demo)
app.command()(chat.chat)
app.command()(check.check)
app.command()(migrate.migrate)
app.add_typer(admin.app, name="admin", help="Open rounds, invite people to roles.")
app.add_typer(importing.app, name="import", help="Load units, criteria sets and templates from files.")
app.add_typer(export.app, name="export", help="Write units, criteria sets, templates and start links to files.")
app.add_typer(report.app, name="report", help="Write papers: forms, lists, minutes, decisions, certificates, reports.")
app.add_typer(audit.app, name="audit", help="Look through the trail of all acts.")
app.add_typer(bench.app, name="bench", help="Measure.")


def main() -> None:
    """Run a command. What a user can mend is one line and exit code 2."""
    if sys.argv[1:] == ["serve"]:
        _serve()
    app()


def _serve() -> NoReturn:
    """Serve at once. There is nothing to read from the command line, for which typer loads pydantic: 9 MB for ever."""
    try:
        serve.serve()
    except typer.Exit as end:
        sys.exit(end.exit_code)
    sys.exit()
