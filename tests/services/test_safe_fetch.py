"""Files are fetched from addresses that others name, and never from inside our own network."""

import pytest
from aiohttp import web

from bot.services.safe_fetch import OutsideResolver, SafeFetch
from bot.services.sending import FileGone, FileNotNow, FileTooLarge


@pytest.mark.parametrize(
    "address",
    [
        "", "no address", "file:///etc/passwd", "ftp://photo.zdn.vn/a", "http://photo.zdn.vn/a",
        "https://user:word@photo.zdn.vn/a", "https://127.0.0.1/a", "https://[::1]/a", "https://10.0.0.8/a",
        "https://169.254.169.254/latest/meta-data", "https://192.168.1.1/a", "https://[::ffff:127.0.0.1]/a",
        "https://[fe80::1]/a", "https://0.0.0.0/a", "https://100.64.0.1/a",
    ],
)  # fmt: skip
async def test_an_address_that_leads_inside_is_not_followed(address: str) -> None:
    with pytest.raises(FileGone):
        await SafeFetch().fetch(address, 1000)


async def test_a_name_that_means_this_machine_is_not_outside() -> None:
    with pytest.raises(OSError, match="not outside"):
        await OutsideResolver().resolve("localhost", 443)
    fetch = SafeFetch()
    with pytest.raises(FileNotNow):
        await fetch.fetch("https://localhost/a", 1000)
    await fetch.stop()


async def test_a_redirect_a_missing_and_a_large_file_are_told_apart() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound("/small")

    async def small(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 10)

    app = web.Application()
    app.router.add_get("/elsewhere", elsewhere)
    app.router.add_get("/small", small)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    fetch = SafeFetch({"127.0.0.1"})
    assert await fetch.fetch(f"{url}/small", 10) == b"x" * 10
    for path, refusal in (("elsewhere", FileGone), ("missing", FileGone)):
        with pytest.raises(refusal):
            await fetch.fetch(f"{url}/{path}", 10)
    with pytest.raises(FileTooLarge):
        await fetch.fetch(f"{url}/small", 9)
    await fetch.stop()
    await runner.cleanup()
