"""`hoctap migrate`: bring the database to this version."""

import typer

from bot.commands import running


def migrate(revision: str = typer.Option("head", help="A revision; `base` takes everything away.")) -> None:
    """Create or update the tables, and load the criteria sets that come with the program."""
    settings = running.settings()

    async def work() -> None:
        from bot.application import now
        from bot.services.rounds import load_shipped
        from bot.store.core.migrating import is_newest
        from bot.store.core.migrating import migrate as bring

        async with running.database(settings, migrated=False) as database:
            if revision != "head" or not await is_newest(database):
                with running.alone_with(database, "is in use by hoctap serve; stop it, migrate, and start it again"):
                    await bring(database, revision)
            if revision == "head":
                await load_shipped(database, now())
        typer.echo("The database is up to date.")

    running.run(work)
