"""Evidence files: named by what is in them, called what they are, and kept where they belong."""

import asyncio
import hashlib
import io
import math
import os
import stat
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.files import DOCUMENTS, MOST_BYTES, PHOTOS, FileRefused, FileStore, media_type_of

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(300)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(300)
WEBP = b"RIFF\x24\x01\x00\x00WEBPVP8 " + bytes(300)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(300)
PDF = b"%PDF-1.7\n" + bytes(300)
GIF = b"GIF89a" + bytes(300)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(300)
EXE = b"MZ" + bytes(300)
HTML = b"<html><script>alert(1)</script></html>" + bytes(300)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' + bytes(300)


def photo(major: bytes, *compatible: bytes) -> bytes:
    """Return the beginning of a photo as phones write it."""
    size = 16 + 4 * len(compatible)
    return size.to_bytes(4, "big") + b"ftyp" + major + bytes(4) + b"".join(compatible) + bytes(300)


def archive(*names: str) -> bytes:
    """Return an archive with members in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name in names:
            written.writestr(name, f"<{name}/>" + " " * 5000)
    return buffer.getvalue()


# WPS Office writes its own parts before the text.
WPS_WORD = archive("[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "customXml/item1.xml",
                   "customXml/itemProps1.xml", "word/settings.xml", "word/document.xml")  # fmt: skip
OLD_WORD = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "Root Entry".encode("utf-16-le") + bytes(
    100) + "WordDocument".encode("utf-16-le") + bytes(300)  # fmt: skip
OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "Workbook".encode("utf-16-le") + bytes(300)


def word_file() -> bytes:
    """Return the beginning of what a word processor writes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>" + " " * 400)
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr("word/document.xml", "<document/>")
    return buffer.getvalue()


KINDS = {"jpeg": (JPEG, "photo"), "png": (PNG, "photo"), "webp": (WEBP, "photo"), "heic": (HEIC, "photo"),
         "pdf": (PDF, "document"), "docx": (word_file(), "document"),
         "docx of WPS": (WPS_WORD, "document"),
         "docx with its types last": (archive("word/document.xml", "[Content_Types].xml"), "document"),
         "xlsx": (archive("xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"), "document"),
         "doc": (OLD_WORD, "document"), "pdf after a line": (b"\r\n" + PDF, "document"),
         "pdf after a byte order mark": (b"\xef\xbb\xbf" + PDF, "document"),
         "heix": (photo(b"heix", b"mif1", b"heix"), "photo"), "hevc": (photo(b"hevc", b"msf1"), "photo"),
         "mif1": (photo(b"mif1"), "photo"), "mif1, heic": (photo(b"mif1", b"miaf", b"heic"), "photo"),
         "MiHB": (photo(b"MiHB", b"mif1", b"MiHE", b"heic"), "photo")}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """An empty store, beside something that is none of its business."""
    (tmp_path / "hoctap.db").write_text("precious")
    return FileStore(tmp_path / "evidence")


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", KINDS)
async def test_a_file_is_kept_by_the_hash_of_its_content_and_called_what_it_is(
    name: str, store: FileStore, tmp_path: Path
) -> None:
    content, kind = KINDS[name]
    digest = hashlib.sha256(content).hexdigest()
    kept = await store.keep(content)
    assert (kept.digest, kept.kind, kept.source) == (digest, kind, f"sha256:{digest}")
    assert files_in(tmp_path / "evidence") == [tmp_path / "evidence" / digest[:2] / digest]
    assert await store.read(digest) == content


async def test_a_file_that_is_sent_twice_is_kept_once(store: FileStore, tmp_path: Path) -> None:
    assert await store.keep(JPEG) == await store.keep(JPEG)
    assert len(files_in(tmp_path / "evidence")) == 1


async def test_nobody_but_the_owner_of_the_process_may_read_a_file(store: FileStore, tmp_path: Path) -> None:
    await store.keep(JPEG)
    (file,) = files_in(tmp_path / "evidence")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        GIF,
        MP4,
        EXE,
        HTML,
        SVG,
        b"hello",
        bytes(1000),
        HTML + PDF,
        photo(b"isom", b"mif1"),
        OLD_EXCEL,
        archive("a.txt"),
        archive("classes.dex", "AndroidManifest.xml"),
        archive("word/document.xml"),
        word_file()[:300],
    ],
)
async def test_what_is_no_evidence_is_refused_and_leaves_nothing(
    content: bytes, store: FileStore, tmp_path: Path
) -> None:
    with pytest.raises(FileRefused):
        await store.keep(content)
    assert not (tmp_path / "evidence").exists()


async def test_a_file_may_have_ten_megabytes_and_not_a_byte_more(store: FileStore) -> None:
    await store.keep(JPEG.ljust(MOST_BYTES, b"\0"))
    with pytest.raises(FileRefused):
        await store.keep(JPEG.ljust(MOST_BYTES + 1, b"\0"))


@given(st.binary(max_size=400))
def test_whatever_is_sent_is_refused_or_is_of_a_kind_that_is_kept(content: bytes) -> None:
    with suppress(FileRefused):
        assert media_type_of(content) in PHOTOS | DOCUMENTS


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "..",
        "../../hoctap.db",
        "/etc/passwd",
        "A" * 64,
        "a" * 63,
        "a" * 65,
        f"{'a' * 64}\n",
        f"../{'a' * 64}",
        "a\0" * 32,
    ],
)
async def test_what_is_no_digest_is_never_looked_for(digest: str, store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a SHA-256 digest"):
        await store.read(digest)
    with pytest.raises(ValueError, match="not a SHA-256 digest"):
        store.forget([f"sha256:{digest}"])
    assert (tmp_path / "hoctap.db").read_text() == "precious"


async def test_a_file_that_is_not_there_is_none_and_forgetting_it_is_no_fault(store: FileStore) -> None:
    assert await store.read("a" * 64) is None
    store.forget([f"sha256:{'a' * 64}"])


async def test_what_was_just_kept_is_spared(store: FileStore) -> None:
    """Somebody may have sent the same file, to which nothing refers yet."""
    kept = await store.keep(JPEG)
    store.forget([kept.source])
    assert await store.read(kept.digest) == JPEG


async def test_a_file_kept_again_between_the_look_and_the_deletion_stays(store: FileStore, tmp_path: Path) -> None:
    kept = await store.keep(JPEG)
    make_old(store, kept.digest)
    before = time.time() - 3600
    assert store.unused_since(before) == [kept.digest]
    await store.keep(JPEG)
    store.forget([kept.source], before)
    assert await store.read(kept.digest) == JPEG


async def test_a_file_kept_at_the_moment_of_its_deletion_is_there_afterwards(store: FileStore) -> None:
    kept = await store.keep(JPEG)
    before = time.time() - 3600
    for _attempt in range(200):
        make_old(store, kept.digest)
        _, again = await asyncio.gather(asyncio.to_thread(store.forget, [kept.source], before), store.keep(JPEG))
        assert await store.read(again.digest) == JPEG


def make_old(store: FileStore, digest: str) -> None:
    """Let a file look as if it was kept two hours ago."""
    os.utime(store._folder / digest[:2] / digest, (0, time.time() - 7200))


async def test_only_what_is_named_and_kept_here_is_forgotten(store: FileStore) -> None:
    jpeg, pdf = await store.keep(JPEG), await store.keep(PDF)
    store.forget([jpeg.source, "a handle of the channel", ""], math.inf)
    assert await store.read(jpeg.digest) is None
    assert await store.read(pdf.digest) == PDF
