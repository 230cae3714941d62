"""`hoctap check`: content, settings and templates, before anything is started."""

from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.settings import Settings


def check() -> None:
    """Check criteria sets, catalogues, flows, settings and templates. Every fault is one line."""
    from bot.catalogues import locales
    from bot.content import unfinished
    from bot.services.criteria_files import shipped

    running.check_content(anew=True)
    _check_templates(running.settings())
    for line in unfinished(locales(), shipped()):
        typer.echo(line)
    typer.echo("Content and settings are in order.")


def _check_templates(settings: "Settings") -> None:
    """Say every fault of the templates in use, and end if there is any. Where there is no database, none is in use."""

    async def work() -> None:
        from bot.services.documents import template_faults
        from bot.store.core.database import DatabaseUnusable, check_reachable
        from bot.store.core.migrating import check_migrated

        async with running.database(settings, migrated=False) as database:
            if database.is_missing():
                return
            try:
                await check_reachable(database)
                await check_migrated(database)
            except DatabaseUnusable as unusable:
                typer.echo(f"Templates in use were not looked through: {unusable}")
                return
            faults = await template_faults(database)
        for fault in faults:
            typer.echo(f"hoctap: {fault}", err=True)
        if faults:
            raise typer.Exit(running.USAGE_ERROR)

    running.run(work)
