"""`hoctap check`: content and settings, before anything is started."""

import typer

from bot.commands import running


def check() -> None:
    """Check criteria sets, catalogues, flows and settings. Every fault is one line."""
    from bot.catalogues import locales
    from bot.content import unfinished
    from bot.services.criteria_files import shipped

    running.check_content()
    running.settings()
    for line in unfinished(locales(), shipped()):
        typer.echo(line)
    typer.echo("Content and settings are in order.")
