"""Photos made small enough for a channel that takes only small ones."""

import asyncio
from io import BytesIO

# The longest side and the quality, from what is hardly seen to what is still recognised.
_STEPS = ((2048, 85), (1600, 80), (1280, 70), (1024, 60), (800, 50))


async def smaller(content: bytes, most: int) -> bytes | None:
    """Return a photo as a JPEG of at most so many bytes, without what its camera noted; None for what is none."""
    return await asyncio.to_thread(_smaller, content, most)


def _smaller(content: bytes, most: int) -> bytes | None:
    from PIL import Image, ImageOps  # a fifth of a second: only who needs it pays for it

    try:
        with Image.open(BytesIO(content)) as opened:
            # What is read of a JPEG is as little as is needed of it.
            opened.draft("RGB", (_STEPS[0][0], _STEPS[0][0]))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    for side, quality in _STEPS:
        upright.thumbnail((side, side))
        made = BytesIO()
        upright.save(made, "JPEG", quality=quality)
        if made.tell() <= most:
            return made.getvalue()
    return None
