"""The chat page on a home screen: manifest, icon, and the script that opens it without a network."""

import json
import re
from functools import cache
from hashlib import sha256
from importlib.resources import as_file
from importlib.resources import files as package_files
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.frame import PAGES, tag_of
from bot.channels.web.words import IN_SCRIPTS, TITLE, Words
from flows.words.wording import render

CHAT = "/chat"
HERE = package_files("bot.channels.web")
ICON_SIZES = (180, 192, 512)  # iPhones; Android
TEAL, GROUND = "#0f5f57", "#eaf0ed"
HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

_STATIC = re.compile(r'"(/static/[\w.-]+)"')


class InstalledChat:
    """What a browser asks for to install the chat page."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._worker = _worker(words)

    def routes(self) -> list[BaseRoute]:
        """Return what the web server serves of it. It comes before the addresses of villages."""
        return [
            Route(CHAT + "/manifest.json", self.manifest),
            Route(CHAT + "/worker.js", self.worker),
            Route(CHAT + "/icon-{size:int}.png", self.icon),
        ]

    async def manifest(self, request: Request) -> Response:
        """Say how the page is installed, in the language that the browser asks for."""
        reader = self._words.reader(None, request.headers.get("accept-language", ""))
        icons = [
            {"src": f"{CHAT}/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for size in ICON_SIZES[1:]
            for purpose in ("any", "maskable")
        ]
        return JSONResponse(
            {
                "id": CHAT,
                "name": render(TITLE, reader),
                "short_name": render(TITLE, reader),
                "description": render(IN_SCRIPTS["subtitle"], reader),
                "lang": tag_of(reader.language),
                "start_url": CHAT,
                "scope": CHAT,
                "display": "standalone",
                "theme_color": TEAL,
                "background_color": GROUND,
                "icons": icons,
            },
            media_type="application/manifest+json",
            headers={**HEADERS, "Vary": "Accept-Language"},
        )

    async def worker(self, request: Request) -> Response:
        """Give the script that opens the page without a network."""
        headers = {**HEADERS, "Service-Worker-Allowed": CHAT}
        return Response(self._worker, media_type="text/javascript; charset=utf-8", headers=headers)

    async def icon(self, request: Request) -> Response:
        """Draw the icon in a size."""
        size = request.path_params["size"]
        if size not in ICON_SIZES:
            return Response(status_code=404)
        drawn = await to_thread.run_sync(_drawn, size)
        return Response(drawn, media_type="image/png", headers={**HEADERS, "Cache-Control": "public, max-age=604800"})


def _worker(words: Words) -> str:
    """Return the script, which changes with whatever it keeps."""
    page = (PAGES / "chat.html").read_text("utf-8")
    names = sorted(set(_STATIC.findall(page)))
    contents = [(HERE / name.removeprefix("/")).read_bytes() for name in names]
    digest = sha256(b"\0".join([page.encode(), words.edition.encode(), *contents])).hexdigest()
    script = (PAGES / "worker.js").read_text("utf-8")
    return script.replace("{{version}}", digest[:16]).replace("{{files}}", json.dumps([CHAT, *names]))


@cache
def _drawn(size: int) -> bytes:
    """Draw the icon on a ground that a home screen may cut round."""
    import typst  # only papers and icons need it, and it is big

    edge = size // 6
    page = f'#set page(width: {size}pt, height: {size}pt, margin: {edge}pt, fill: rgb("{GROUND}"))'
    source = f'{page}\n#image("icon.svg", width: 100%)'
    with as_file(HERE / "static") as folder:
        how: dict[str, Any] = {"root": str(folder), "format": "png", "ppi": 72}
        drawn: bytes = typst.compile(source.encode(), **how)
    return drawn
