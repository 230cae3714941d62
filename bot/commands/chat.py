"""`hoctap chat`: the conversation in a terminal, with the real engine and store."""

import asyncio
from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.application import Application


def chat(
    start: str = typer.Option("", help="A start code, like that of a village or an invitation."),
    own: bool = typer.Option(False, "--own", help="Use DATABASE_URL instead of a sample commune."),
) -> None:
    """Talk to the bot here. An empty line or Ctrl+D ends; a number or the words of an answer choose it."""

    async def work() -> None:
        from bot.commands.sample import sample_commune

        if own:
            from bot.application import Application
            from bot.store.core.migrating import check_migrated

            application = Application(running.settings())
            try:
                await check_migrated(application.database)
                await _talk(application, start)
            finally:
                await application.close()
        else:
            async with sample_commune(running.settings()) as sample:
                await _talk(sample.application, start or sample.village)

    running.check_content()
    running.run(work)


async def _talk(application: "Application", start: str) -> None:
    from bot.channels.terminal import Terminal, shown

    terminal = Terminal(application.runtime, application.turns)
    said = f"/start {start}".strip()
    while said.strip():
        for outgoing in await terminal.turn(said):
            typer.echo(f"\n{shown(outgoing)}\n")
        try:
            said = await asyncio.to_thread(input, "> ")
        except EOFError:
            return
