"""ARC 1.0, the Internet Archive's format before WARC: one line `URL IP date type length`, then the HTTP response."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from jobs.web.warc_salvage import SCAN_BYTES, LostBytes, RawRecord, read_member, size_of

MAX_LINE_BYTES = 16 << 10

_LINE = re.compile(
    rb"([a-z][a-z0-9+.-]{1,20}:[^\r\n]{0,8000}?) (\S{1,100}) (\d{14,18}) (\S{1,200}) (-?\w{1,15})[ \t]*\r?\n"
)
_NEXT = re.compile(rb"\n(?=(?:https?|dns|ftp|filedesc)://?[^\r\n]{0,8000} \d{14,18} \S{1,200} \d{1,15}[ \t]*\r?\n)")


def is_arc(stream: BinaryIO, form: str) -> bool:
    """Whether the file begins with an ARC file description."""
    return read_member(stream, form, 0, 64).data.lstrip().startswith(b"filedesc://")


def arc_records(stream: BinaryIO, form: str, max_block: int) -> Iterator[RawRecord | LostBytes]:
    """Every record of an ARC file in the shape of a WARC record."""
    size = size_of(stream)
    at = 0
    while at < size:
        found, following = (
            _plain(stream, at, size, max_block) if form == "plain" else _member(stream, form, at, size, max_block)
        )
        if found is not None:
            yield found
        at = max(following, at + 1)


def _plain(stream: BinaryIO, at: int, size: int, max_block: int) -> tuple[RawRecord | LostBytes | None, int]:
    stream.seek(at)
    data = stream.read(MAX_LINE_BYTES)
    blank = len(data) - len(data.lstrip(b"\r\n"))
    if blank:
        return None, at + blank
    line = _LINE.match(data)
    length = int(line[5]) if line and line[5].isdigit() else -1
    if not line or length < 0:
        following = _resync(stream, at, size)
        return LostBytes("lost_bytes", at, following - at, "", "no ARC record line"), following
    start = at + line.end()
    stream.seek(start)
    block = stream.read(min(length, max_block + 1))
    if len(block) < min(length, max_block + 1):
        url = line[1].decode("utf-8", "replace")
        return LostBytes("truncated_record", at, size - at, url, f"{len(block)} of {length} bytes"), size
    return _as_warc(line, block, at, start + length - at), start + length


def _member(
    stream: BinaryIO, form: str, at: int, size: int, max_block: int
) -> tuple[RawRecord | LostBytes | None, int]:
    member = read_member(stream, form, at, max_block + MAX_LINE_BYTES)
    data = member.data.lstrip(b"\r\n")
    line = _LINE.match(data)
    length = int(line[5]) if line and line[5].isdigit() else -1
    if line and member.whole and 0 <= length <= len(data) - line.end():
        return _as_warc(line, data[line.end() : line.end() + length], at, member.end - at), member.end
    following = member.end if member.whole else _resync_members(stream, form, at, size)
    url = line[1].decode("utf-8", "replace") if line else ""
    return LostBytes("lost_bytes", at, following - at, url, "damaged ARC member"), following


def _as_warc(line: re.Match[bytes], block: bytes, offset: int, length: int) -> RawRecord:
    url = line[1].decode("utf-8", "replace")
    # A file description and DNS answers are no pages; everything else ARC stores is a response.
    kind = (
        "response" if url.startswith(("http:", "https:")) else "warcinfo" if url.startswith("filedesc:") else "metadata"
    )
    headers = {"warc-target-uri": url, "warc-date": _iso(line[3].decode("ascii"))}
    return RawRecord(kind, headers, block, offset, length)


def _iso(digits: str) -> str:
    try:
        return datetime.strptime(digits[:14], "%Y%m%d%H%M%S").isoformat() + "Z"
    except ValueError:
        return ""


def _resync(stream: BinaryIO, at: int, size: int) -> int:
    """Where the next plain ARC line begins."""
    position = at + 1
    while position < size:
        stream.seek(position)
        window = stream.read(SCAN_BYTES)
        if found := _NEXT.search(window):
            return position + found.end()
        if len(window) < SCAN_BYTES:
            return size
        position += len(window) - MAX_LINE_BYTES
    return size


def _resync_members(stream: BinaryIO, form: str, at: int, size: int) -> int:
    mark = b"\x1f\x8b\x08" if form == "gzip" else b"\x28\xb5\x2f\xfd"
    position = at + 1
    while position < size:
        stream.seek(position)
        window = stream.read(SCAN_BYTES)
        found = window.find(mark)
        while found >= 0:
            if _LINE.match(read_member(stream, form, position + found, MAX_LINE_BYTES).data.lstrip(b"\r\n")):
                return position + found
            found = window.find(mark, found + 1)
        if len(window) < SCAN_BYTES:
            return size
        position += len(window) - 3
    return size
