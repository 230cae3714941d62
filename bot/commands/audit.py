"""`hoctap audit`: whether the trail of all acts is as it was written, and what was done with a form."""

from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    from bot.store.core.chain import Head

app = typer.Typer(no_args_is_help=True)

BROKEN = 1
# From so many entries on it takes seconds, and one sees how far it is.
LONG_WORK = 50_000


@app.command()
def verify(
    head: list[str] = typer.Option([], help="A head as printed in minutes or a decision; give as many as there are."),
) -> None:
    """Prove that no act was changed, put in or taken out since. Exit code 1 when one was."""
    from bot.store.core.chain import NoHead, read_head

    settings = running.settings()
    try:
        heads = [read_head(written) for written in head]
    except NoHead as refused:
        running.fail(str(refused))

    async def work() -> None:
        from bot.services import audit
        from bot.store.core.chain import BrokenChain

        async with running.database(settings) as database:
            try:
                found = await audit.verify(database, heads, _show_progress)
            except BrokenChain as broken:
                typer.echo(
                    f"hoctap: {broken}; change nothing, and look for the newest backup in which the trail still holds",
                    err=True,
                )
                raise typer.Exit(BROKEN) from None
        _tell(found.head, found.blanked, heads)

    running.run(work)


def _show_progress(entries: int, of: int) -> None:
    if of >= LONG_WORK:
        typer.echo(f"\r{entries:,} of {of:,} entries …", nl=entries >= of, err=True)


def _tell(head: "Head", blanked: int, heads: "list[Head]") -> None:
    fits = f" {len(heads)} printed heads fit." if len(heads) > 1 else " The printed head fits." if heads else ""
    typer.echo(f"The trail holds: {head.number:,} entries; erasures have blanked {blanked:,} parts of them.{fits}")
    typer.echo(f"Its head is {head}.")


@app.command()
def show(
    form: int = typer.Argument(help="The number of a form, as lists and “my data” name it."),
    language: str = typer.Option("vi", help="The language: vi, en or another one there is."),
) -> None:
    """Print what was done with a form. Who acted in an office is named, residents are not."""
    from bot.catalogues import load

    settings = running.settings()
    catalogues = load()
    if language not in catalogues:
        running.fail(f"there is no language {language!r}; there are: {', '.join(catalogues)}")

    async def work() -> None:
        from bot.services.audit import life_of
        from flows.privacy.acts import entry_lines
        from flows.words.wording import render

        async with running.database(settings) as database:
            acts, criteria = await life_of(database, form)
        if not acts:
            running.fail(f"nothing is known of a form with the number {form}; look the number up in a list")
        for one in acts:
            typer.echo(render(entry_lines(one.number, one.act, settings.zone, criteria), catalogues[language]))

    running.run(work)
