"""`hoctap bench`: the benchmarks, each against a baseline measured in the same run."""

import typer

from bot.commands import running

app = typer.Typer(no_args_is_help=True)


@app.command()
def turns(
    residents: int = typer.Option(64, help="Residents in flight."),
    forms: int = typer.Option(24, help="Forms filled in by residents after one another."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Turns a second, from the update to the letter handed to the channel, against raw sqlite3 one commit a turn."""

    async def work() -> None:
        import msgspec

        from bot.commands.bench_turns import measure

        figures = await measure(residents, forms)
        if as_json:
            typer.echo(msgspec.json.encode(figures).decode())
        else:
            for name, value in msgspec.structs.asdict(figures).items():
                typer.echo(f"{name:>16}  {value:,.2f}")

    running.run(work)


@app.callback()
def _benchmarks() -> None:
    """Measure."""
