"""`hoctap bench`: the benchmarks, each against a baseline measured in the same run."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.commands import running

if TYPE_CHECKING:
    import msgspec

TURNS_THERE_AND_BACK = 8_000
PEOPLE_THERE_AND_BACK = 2_000

app = typer.Typer(no_args_is_help=True)


@app.command()
def turns(
    residents: int = typer.Option(64, min=1, help="Residents in flight."),
    forms: int = typer.Option(24, min=1, help="Forms filled in by residents after one another."),
    round_trip: bool = typer.Option(False, "--round-trip", help="Instead, there and back through the Bot API."),
    channel: str = typer.Option("", help="Instead, through telegram, web, zalo-oa or zalo-bot, against Telegram."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Turns a second, from the update to the commit of its letter, against raw sqlite3 one commit a turn.

    With --round-trip: a real hoctap serve, from the update handed out to the reply received by a local Bot API server.
    """

    async def work() -> None:
        if round_trip:
            from bot.commands import bench_round_trip

            _show(await bench_round_trip.measure(TURNS_THERE_AND_BACK, residents, PEOPLE_THERE_AND_BACK), as_json)
        elif channel:
            from bot.commands import bench_channels

            if channel not in bench_channels.CHANNELS:
                running.fail(
                    f"there is no channel {channel!r} to measure; there are: {', '.join(bench_channels.CHANNELS)}"
                )
            _show(await bench_channels.measure(channel, residents, forms), as_json)
        else:
            from bot.commands import bench_turns

            _show(await bench_turns.measure(residents, forms), as_json)

    from bot.commands.bench_broadcast import NotMeasurable

    running.run(work, NotMeasurable)


@app.command()
def broadcast(
    recipients: int = typer.Option(20_000, min=50, help="People who get the notice."),
    speed: float = typer.Option(5.0, min=1.0, help="How many times Telegram's limits the server allows."),
    real_seconds: float = typer.Option(0.0, min=0.0, help="Instead, at Telegram's own limits for so many seconds."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """A notice to everybody while residents write, against the strict Bot API server of the tests."""

    async def work() -> None:
        from bot.commands.bench_broadcast import measure
        from bot.logs import set_up

        set_up("warning")
        everybody, factor = (int(30 * real_seconds), 1.0) if real_seconds else (recipients, speed)
        figures, watch = await measure(everybody, factor, _silent if as_json else typer.echo)
        _show(figures, as_json)
        if not as_json:
            first, last = watch.megabytes[0], watch.megabytes[-1]
            typer.echo(
                f"{watch.looks} looks at the ledger, {len(watch.wrong_sums)} wrong sums, {first:.0f} to {last:.0f} MB"
            )

    from bot.commands.bench_broadcast import NotMeasurable

    running.run(work, NotMeasurable)


@app.command()
def audience(
    people: int = typer.Option(1_000_000, min=1000, help="People to choose among."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Audiences counted among a million people, and the ledger of a notice to all of them written while turns go on."""

    async def work() -> None:
        from bot.commands.bench_audience import measure
        from bot.logs import set_up

        set_up("warning")
        _show(await measure(people, _silent if as_json else typer.echo), as_json)

    running.run(work)


@app.command()
def words(
    file: Path | None = typer.Argument(None, help="A list of your own: where, typed and means, with tabs between."),
    show: bool = typer.Option(False, "--show", help="Show each phrase that was not understood as it must be."),
    list_places: bool = typer.Option(False, "--places", help="List the places where people type, and their answers."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """How much of what people type is understood, and that nothing is taken for its opposite."""
    from bot.commands import bench_words

    if list_places:
        for line in bench_words.described():
            typer.echo(line)
        return
    try:
        phrases = bench_words.read_list(file) if file else [*bench_words.written(), *bench_words.made()]
    except bench_words.BrokenList as broken:
        running.fail(str(broken))
    figures, missed = bench_words.measure(phrases)
    if show:
        for result in missed:
            typer.echo(bench_words.line_of(result))
    _show(figures, as_json)


@app.command()
def search(
    file: Path | None = typer.Argument(None, help="Your own list of units, as for: hoctap import units."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Communes and villages found by what people type, among the whole country and ninety thousand villages."""

    async def work() -> None:
        from bot.commands.bench_search import measure

        _show(measure(file, _silent if as_json else typer.echo), as_json)

    from bot.commands.bench_broadcast import NotMeasurable
    from flows.domain.unit_lists import UnitsRefused

    running.run(work, NotMeasurable, UnitsRefused)


@app.command()
def village(
    forms: int = typer.Option(1000, min=10, help="Forms that wait in the village, and people on the papers."),
    people: int = typer.Option(30_000, min=1000, help="People of the commune."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """A thousand forms confirmed by one order while others write; a commune's summary, certificates, a decision."""

    async def work() -> None:
        from bot.commands.bench_village import measure
        from bot.logs import set_up

        set_up("warning")
        _show(await measure(forms, people, _silent if as_json else typer.echo), as_json)

    running.run(work)


def _silent(_line: str) -> None:
    """Say nothing."""


def _show(figures: "msgspec.Struct", as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(figures).decode())
        return
    for name, value in msgspec.structs.asdict(figures).items():
        for part, number in value.items() if isinstance(value, dict) else [("", value)]:
            typer.echo(
                f"{name:>20}  {number:>12,.2f}  {part}" if isinstance(number, float) else f"{name:>20}  {number:>12,}"
            )


@app.callback()
def _benchmarks() -> None:
    """Measure."""
