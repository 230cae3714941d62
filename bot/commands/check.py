"""`hoctap check`: content and settings, before anything is started."""

import typer

from bot.commands import running


def check() -> None:
    """Check criteria sets, catalogues, flows and settings. Every fault is one line."""
    from bot.catalogues import locales
    from bot.content import problems, unfinished
    from bot.services.criteria_files import shipped

    found = problems()
    for problem in found:
        typer.echo(f"hoctap: {problem}", err=True)
    if found:
        raise typer.Exit(running.USAGE_ERROR)
    running.settings()
    for line in unfinished(locales(), shipped()):
        typer.echo(line)
    typer.echo("Content and settings are in order.")
