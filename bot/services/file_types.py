"""What kind of file some content is: told by the content alone, never by its name or by who sent it."""

import io
import zipfile

import filetype

HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
VIDEO_BRANDS = frozenset({b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V "})
MOST_BRANDS = 32
# Readers of PDF look for its mark a little further on: some programs write a line break or a byte order mark before it.
PDF_MARK_WITHIN = 1024
BEFORE_PDF_MARK = b"\xef\xbb\xbf \t\r\n\f\0"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
WORD_STREAM = "WordDocument".encode("utf-16-le")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IMAGES = frozenset({"image/jpeg", "image/png", "image/webp"})


def type_of(content: bytes) -> str | None:
    """Return the media type of content, or None for a kind that nobody sends as evidence."""
    return _pdf(content) or _heif(content) or _word(content) or _office(content) or _image(content)


def _image(content: bytes) -> str | None:
    guessed = filetype.image_match(content)
    media_type = str(guessed.mime) if guessed is not None else ""
    return media_type if media_type in IMAGES else None


def _pdf(content: bytes) -> str | None:
    beginning = content[:PDF_MARK_WITHIN].lstrip(BEFORE_PDF_MARK)
    return "application/pdf" if beginning.startswith(b"%PDF-") else None


def _heif(content: bytes) -> str | None:
    """Look at the brands in the first box: a photo names one of HEIF's, a video one of its own first."""
    if content[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(content[:4], "big"), len(content), 16 + 4 * MOST_BRANDS)
    brands = [content[8:12], *(content[place : place + 4] for place in range(16, size - 3, 4))]
    if brands[0] in VIDEO_BRANDS or HEIF_BRANDS.isdisjoint(brands):
        return None
    return "image/heic" if {b"heic", b"heix", b"hevc", b"hevx"} & set(brands) else "image/heif"


def _word(content: bytes) -> str | None:
    """Tell a file of old Word from the other programs' of its time by the stream that only Word writes."""
    return "application/msword" if content.startswith(OLE) and WORD_STREAM in content else None


def _office(content: bytes) -> str | None:
    """Look at the members of an archive, whatever order a program wrote them in."""
    if not content.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return None
    if "[content_types].xml" not in names:
        return None
    if any(name.startswith("word/document") for name in names):
        return WORD
    return EXCEL if any(name.startswith("xl/workbook") for name in names) else None
