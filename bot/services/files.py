"""Evidence files beside the database: named by the hash of their content, never by what the sender called them."""

import asyncio
import hashlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.services.file_types import EXCEL, WORD, type_of
from flows.domain.assessments import MOST_FILE_BYTES

MOST_BYTES = MOST_FILE_BYTES
MOST_IN_MEMORY = 64 * 1024
STORED = "sha256:"
SPARED_SECONDS = 60.0
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

    def forget(self, sources: Iterable[str], kept_before: float | None = None) -> None:
        """Delete files by their source, those that are kept here and were last kept before a moment.

        It is a minute ago, unless it is given: the same file may have just come from somebody else, and nothing refers
        to it yet. What is spared so is looked at again with all that nothing refers to.
        """
        before = time.time() - SPARED_SECONDS if kept_before is None else kept_before
        for source in sources:
            if source.startswith(STORED):
                _delete(self._path(source.removeprefix(STORED)), before)

    def mark(self) -> str:
        """Return what this folder is known by, made once. Another server may make one just then, too: ask again."""
        path = self._folder / MARK
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f"{MARK}.{secrets.token_hex(8)}")
            fresh.write_text(secrets.token_hex(8))
            fresh.replace(path)
        return path.read_text()

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
        try:
            os.utime(path)  # needed again: it is not swept away before something refers to it
        except FileNotFoundError:
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


def _delete(path: Path, before: float) -> None:
    """Delete a file that was last kept before a moment. Under another name it is kept by nobody any more: what was kept
    again until then is put back, what is kept from then on is written anew."""
    going = path.with_name(f"{tempfile.gettempprefix()}-{path.name}-{secrets.token_hex(4)}")
    try:
        if path.stat().st_mtime >= before:
            return
        path.rename(going)
    except FileNotFoundError:
        return
    if going.stat().st_mtime >= before:
        going.replace(path)
    else:
        going.unlink()


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
