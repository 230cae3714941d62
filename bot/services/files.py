"""Evidence files beside the database: named by the hash of their content, never by what the sender called them."""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.services.file_types import EXCEL, WORD, type_of
from flows.assessments import MOST_FILE_BYTES

MOST_BYTES = MOST_FILE_BYTES
MOST_IN_MEMORY = 64 * 1024
STORED = "sha256:"
MARK = ".hoctap-folder"

PHOTOS = {"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"}
DOCUMENTS = {
    "application/pdf",
    "application/msword",
    WORD,
    EXCEL,
}

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileRefused(Exception):
    """A file that is not kept: too large, empty, or of a kind that is no evidence."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as kept. `kind` is photo or document, found in the content itself."""

    digest: str
    kind: str
    media_type: str

    @property
    def source(self) -> str:
        """Return how evidence refers to it."""
        return f"{STORED}{self.digest}"


class FileStore:
    """Files of a folder, in two levels by the first letters of their hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, content: bytes) -> Kept:
        """Keep a file's content on disk, synced. Raises FileRefused."""
        return await asyncio.to_thread(self._keep, content)

    def arriving(self) -> "tempfile.SpooledTemporaryFile[bytes]":
        """Return a file without a name for what is still on its way: little of it in memory, the rest on this disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return tempfile.SpooledTemporaryFile(MOST_IN_MEMORY, dir=str(self._folder))

    async def read(self, digest: str) -> bytes | None:
        """Return a file's content, or None when it is not there."""
        return await asyncio.to_thread(self._read, digest)

    def forget(self, sources: Iterable[str]) -> None:
        """Delete files by their source, those that are kept here."""
        for source in sources:
            if source.startswith(STORED):
                self._path(source.removeprefix(STORED)).unlink(missing_ok=True)

    def is_marked(self, mark: str) -> bool:
        """Tell whether the folder has this mark."""
        path = self._folder / MARK
        return path.exists() and path.read_text() == mark

    def set_mark(self, mark: str) -> None:
        """Mark the folder, to know it again."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / MARK).write_text(mark)

    def unused_since(self, before: float) -> list[str]:
        """Return the files that were last kept before a moment, and delete what was only half written then."""
        old: list[str] = []
        for path in self._folder.glob("??/*"):
            if path.stat().st_mtime >= before:
                continue
            if _DIGEST.fullmatch(path.name):
                old.append(path.name)
            elif path.name.startswith(tempfile.gettempprefix()):
                path.unlink(missing_ok=True)
        return old

    def _keep(self, content: bytes) -> Kept:
        media_type = media_type_of(content)
        kept = Kept(hashlib.sha256(content).hexdigest(), "photo" if media_type in PHOTOS else "document", media_type)
        path = self._path(kept.digest)
        if path.exists():
            path.touch()  # needed again: it is not swept away before something refers to it
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_synced(path, content)
        return kept

    def _read(self, digest: str) -> bytes | None:
        path = self._path(digest)
        return path.read_bytes() if path.exists() else None

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not a SHA-256 digest")
        return self._folder / digest[:2] / digest


def media_type_of(content: bytes) -> str:
    """Return the media type that the content shows. Raises FileRefused for what is no evidence."""
    if not content:
        raise FileRefused("empty")
    if len(content) > MOST_BYTES:
        raise FileRefused("too large")
    media_type = type_of(content)
    if media_type is None:
        raise FileRefused("neither photo nor document")
    return media_type


def _write_synced(path: Path, content: bytes) -> None:
    """Write under another name first: a file with its final name is whole."""
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink()  # on a full disk every attempt would leave one
        raise
