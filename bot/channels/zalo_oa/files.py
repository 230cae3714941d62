"""Files to an Official Account's readers: small pictures and documents are handed over, the others go behind a link."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.zalo_oa.render import Body, document, image
from bot.services.file_links import FileLinks
from bot.services.file_types import WORD, type_of
from bot.services.files import MOST_BYTES, FileStore
from bot.services.pictures import smaller
from bot.services.sending import FileGone, FileNotNow, FileTooLarge
from bot.store.core.inbox import Address
from flows.conversation.messages import Attachment, ChannelFile, InlineFile, StoredFile
from flows.words.wording import Catalogue

MOST_IMAGE_BYTES = 1024 * 1024
MOST_FILE_BYTES = 5 * 1024 * 1024
ENDINGS = {"application/pdf": "pdf", "application/msword": "doc", WORD: "docx"}
# A notice's file is handed over once for many.
HELD_SECONDS, MOST_HELD = 1800.0, 200

Upload = Callable[[str, str, bytes], Awaitable[Any]]
Fetch = Callable[[str, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Files:
    """A letter's files as they go: messages of their own, and what is told of the others."""

    messages: Sequence[Body]
    told: Sequence[str]


class FileSending:
    """Hands files over. `upload` takes a kind, a name and a content and returns what Zalo answers."""

    def __init__(self, files: FileStore, links: FileLinks, upload: Upload, fetch: Fetch) -> None:
        self._files = files
        self._links = links
        self._upload = upload
        self._fetch = fetch
        self._held: dict[str, tuple[float, Body]] = {}

    async def of(self, place: Address, files: Sequence[Attachment], catalogue: Catalogue) -> Files:
        """Return how a letter's files go. Raises what the calls raise."""
        messages, told = [], []
        for file in files:
            message = None if isinstance(file, InlineFile) else await self._handed_over(file)
            if message is not None:
                messages.append(message)
            else:
                told.append(await self._links.told(place, file, catalogue))
        return Files(messages, told)

    async def _handed_over(self, file: StoredFile | ChannelFile) -> Body | None:
        """Return the message of a file that Zalo takes; None for one that it does not, or that is gone."""
        key = file.digest if isinstance(file, StoredFile) else file.source
        held = self._held.get(key)
        if held is not None and time.monotonic() - held[0] < HELD_SECONDS:
            return held[1]
        content = await self._content(file)
        message = await self._uploaded(file.name, content) if content is not None else None
        if message is not None:
            if len(self._held) >= MOST_HELD:
                self._held.clear()
            self._held[key] = (time.monotonic(), message)
        return message

    async def _content(self, file: StoredFile | ChannelFile) -> bytes | None:
        if isinstance(file, StoredFile):
            return await self._files.read(file.digest)
        try:
            return await self._fetch(file.source, MOST_BYTES)
        except (FileGone, FileNotNow, FileTooLarge):
            return None

    async def _uploaded(self, name: str, content: bytes) -> Body | None:
        kind = type_of(content) or ""
        if kind.startswith("image/"):
            fits = kind in {"image/jpeg", "image/png"} and len(content) <= MOST_IMAGE_BYTES
            picture = content if fits else await smaller(content, MOST_IMAGE_BYTES)
            if picture is None:
                return None
            called = "photo.png" if fits and kind == "image/png" else "photo.jpg"
            return image(str((await self._upload("image", called, picture))["attachment_id"]))
        if kind in ENDINGS and len(content) <= MOST_FILE_BYTES:
            return document(str((await self._upload("file", _ending_in(name, ENDINGS[kind]), content))["token"]))
        return None


def _ending_in(name: str, ending: str) -> str:
    """Return a name that ends as its content wants: Zalo looks at nothing else."""
    return name if name.lower().endswith(f".{ending}") else f"{name or 'file'}.{ending}"
