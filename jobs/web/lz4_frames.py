"""Where an LZ4 frame ends, by its block sizes alone (LZ4 Frame Format 1.6, "General structure" and "Data blocks")."""

from __future__ import annotations

from typing import BinaryIO

MAGIC = b"\x04\x22\x4d\x18"
MAX_BLOCK_BYTES = 4 << 20


def frame_end(stream: BinaryIO, offset: int) -> int | None:
    """The byte after the frame at `offset`; -1 where the file ends inside it, None where no frame is there."""
    stream.seek(offset)
    start = stream.read(6)
    if start[:4] != MAGIC[: len(start)]:
        return None
    if len(start) < 6:
        return -1
    flags = start[4]
    if flags >> 6 != 1:
        return None
    # Content size and dictionary id are optional; one byte of header checksum is always there.
    at = offset + 6 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0) + 1
    while True:
        stream.seek(at)
        raw = stream.read(4)
        if len(raw) < 4:
            return -1
        size = int.from_bytes(raw, "little") & 0x7FFFFFFF  # the top bit says "stored, not compressed"
        at += 4
        if raw == b"\0\0\0\0":
            break
        if size > MAX_BLOCK_BYTES:
            return None
        at += size + (4 if flags & 0x10 else 0)
    at += 4 if flags & 0x04 else 0
    return at if at <= stream.seek(0, 2) else -1
