"""`hoctap demo`: a made-up commune on phones side by side, with the real engine and a real database."""

import tempfile
from pathlib import Path

import typer

from bot.commands import running


def demo() -> None:
    """Start the demo at http://127.0.0.1:8080/ (or PORT): phones side by side, nothing to set up."""
    settings = running.settings(log_level="warning")  # whoever looks at the demo wants to read its address
    running.check_content()
    address = f"http://127.0.0.1:{settings.port}"

    async def work() -> None:
        from msgspec.structs import replace

        from bot.commands.demo_server import Demo
        from bot.commands.serve import listen, work_until_stopped

        listener = listen("127.0.0.1", settings.port)
        with tempfile.TemporaryDirectory(prefix="hoctap-demo-") as folder:
            demo = Demo(replace(settings, public_url=address), Path(folder))
            typer.echo(f"The demo is at {address}/ – Ctrl+C ends it.")
            await work_until_stopped(demo.http(), listener, demo.run, demo.stop)

    running.run(work)
