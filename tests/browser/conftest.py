"""A real demo, a real browser, and a place for the pictures taken of them."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.system.process import SOON_TOLD_HOCTAP

CHECKOUT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
SECONDS_TO_START = 120  # the commune is made first
QUIET = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")

Visit = Callable[..., Page]
Snap = Callable[[Page, str], None]

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Module by module, for Playwright's loop and those of asynchronous tests exclude each other."""
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: sudo apt-get install chromium")
    unprotected = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *unprotected])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def demo_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`hoctap demo` as a process of its own, in which nobody waits a minute. Gives its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    here = tmp_path_factory.mktemp("demo")
    (here / "folder").mkdir()
    log = here / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*SOON_TOLD_HOCTAP, "demo"],
            cwd=here / "folder",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(CHECKOUT),
                "PORT": str(port),
                "TMPDIR": str(here / "folder"),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"{url}readyz", process, log)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
    said = log.read_text()
    assert "Traceback" not in said, said
    assert list((here / "folder").iterdir()) == [], "the demo leaves nothing behind"


@pytest.fixture
def demo(demo_process: str) -> str:
    """The demo, started anew as its button does."""
    with urllib.request.urlopen(f"{demo_process}demo/reset", data=b"{}", timeout=20):
        return demo_process


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the demo did not start: {log.read_text()}")


@pytest.fixture
def visit(browser: Browser, demo: str) -> Iterator[Visit]:
    """Open a page in a browser of its own. A script that fails, or a blocked resource, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "", **kind: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "locale": "vi-VN", "service_workers": "block", **kind}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if matters(message) else None)
        page.goto(demo + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def matters(message: Any) -> bool:
    """Tell whether the console complains of us: a connection that is gone, a refused file or no service worker is meant
    to be."""
    meant = ("Failed to load resource", "Service Worker registration blocked")
    return message.type in {"error", "warning"} and not message.text.startswith(meant)


@pytest.fixture
def snap(tmp_path: Path) -> Snap:
    """Take a picture into the folder SCREENSHOTS, or one that pytest forgets."""
    folder = Path(os.environ.get("SCREENSHOTS") or tempfile.mkdtemp(dir=tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")

    return take
