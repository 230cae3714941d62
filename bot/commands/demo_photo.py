"""The photo that people of the demo send as evidence: a class in front of its blackboard, drawn of rectangles."""

import struct
import zlib

WIDTH, HEIGHT = 480, 320
WALL, FRAME, BOARD, CHALK, DESK, HAIR, SHIRT = (
    (236, 226, 204), (120, 84, 48), (38, 82, 66), (226, 234, 228), (168, 120, 72), (44, 38, 36), (88, 126, 170),
)  # fmt: skip
Rectangle = tuple[int, int, int, int, tuple[int, int, int]]
RECTANGLES: tuple[Rectangle, ...] = (
    (60, 30, 420, 170, FRAME),
    (68, 38, 412, 162, BOARD),
    *[(100, 62 + 26 * line, 380 - 46 * (line % 2), 67 + 26 * line, CHALK) for line in range(4)],
    *[(48 + 84 * seat, 200, 84 + 84 * seat, 238, HAIR) for seat in range(5)],
    *[(38 + 84 * seat, 238, 94 + 84 * seat, 282, SHIRT) for seat in range(5)],
    (0, 282, WIDTH, HEIGHT, DESK),
)


def photo() -> bytes:
    """Return it as PNG."""
    rows = b"".join(b"\0" + _row(y) for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _row(y: int) -> bytes:
    row = bytearray(bytes(WALL) * WIDTH)
    for left, top, right, bottom, color in RECTANGLES:
        if top <= y < bottom:
            row[3 * left : 3 * right] = bytes(color) * (right - left)
    return bytes(row)
