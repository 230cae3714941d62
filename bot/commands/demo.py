"""`hoctap demo`: a sample commune on phones side by side, with the real engine and a real database."""

import typer

from bot.commands import running


def demo() -> None:
    """Start the demo at http://127.0.0.1:8080/ (or PORT): phones side by side, nothing to set up."""
    settings = running.settings()
    running.check_content()
    address = f"http://127.0.0.1:{settings.port}"

    async def work() -> None:
        from bot.commands.demo_pages import DemoPages
        from bot.commands.sample import sample_commune
        from bot.commands.serve import serve_until_stopped

        async with sample_commune(settings.model_copy(update={"public_url": address})) as sample:
            pages = DemoPages(sample.application)
            await pages.open()
            typer.echo(f"The demo is at {address}/ – Ctrl+C ends it.")
            await serve_until_stopped(sample.application, sample.application.http(pages.routes()), host="127.0.0.1")

    running.run(work)
