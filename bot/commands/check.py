"""`hoctap check`: content, settings and templates, before anything is started."""

from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.settings import Settings


def check(
    channels: bool = typer.Option(False, "--channels", help="Also ask each channel: token, webhook, what is missing."),
) -> None:
    """Check criteria sets, catalogues, flows, settings and templates. Every fault is one line."""
    from bot.catalogues import locales
    from bot.content import unfinished
    from bot.services.criteria_files import shipped

    running.check_content(anew=True)
    _check_templates(running.settings())
    for line in unfinished(locales(), shipped()):
        typer.echo(line)
    typer.echo("Content and settings are in order.")
    if channels:
        _check_channels(running.settings("warning"))


def _check_channels(settings: "Settings") -> None:
    """Say of each channel that is set whether it works and what is missing, and end if anything is."""

    async def work() -> None:
        from bot.application import Application
        from bot.store.core.migrating import check_migrated

        application = Application(settings)
        try:
            await check_migrated(application.database)
            if not application.served:
                typer.echo("No channel is set besides the web chat.")
            found = [(one.name, finding) for one in application.served for finding in await one.service.look()]
        finally:
            await application.close()
        for name, finding in found:
            typer.echo(f"{name}: {finding.said}" if finding.well else f"{name}: MISSING: {finding.said}")
        if not all(finding.well for _name, finding in found):
            raise typer.Exit(running.USAGE_ERROR)

    running.run(work)


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
