"""The slow, careful way through a crawl file: one record or one lost range of bytes at a time.

Used where the fast reader stops. A gzip member is trusted only whole (its CRC says so), a record only if its
Content-Length agrees with its member; what cannot be trusted is reported with its range and skipped.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import zstandard

MAX_HEADER_BYTES = 64 << 10
SCAN_BYTES = 1 << 20

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_VERSION = re.compile(rb"WARC/\d\.\d{1,2}[ \t\r]{0,8}\n")
_URL = re.compile(rb"^WARC-Target-URI:[ \t]*([^\r\n]{1,4096})", re.I | re.M)


@dataclass(frozen=True)
class RawRecord:
    """A record before HTTP: lower-case WARC headers and the block's bytes (empty for kinds that hold no page)."""

    kind: str
    headers: dict[str, str]
    block: bytes
    offset: int
    length: int

    def until(self, next_offset: int) -> RawRecord:
        """The same record, its stored length known now that the next record is found."""
        return replace(self, length=max(0, next_offset - self.offset))


@dataclass(frozen=True)
class LostBytes:
    """A range of the stored file that gave no record."""

    reason: str
    offset: int
    length: int
    url: str
    detail: str


def container(stream: BinaryIO) -> str:
    """'gzip', 'zstd' or 'plain', by the first bytes."""
    stream.seek(0)
    start = stream.read(4)
    return "gzip" if start.startswith(_GZIP) else "zstd" if start == _ZSTD else "plain"


def size_of(stream: BinaryIO) -> int:
    """Bytes of the stored file."""
    return stream.seek(0, 2)


@dataclass(frozen=True)
class Member:
    """Bytes of one compressed member: `data` as far as it could be read, `end` its end in the file if it is whole."""

    data: bytes
    end: int
    whole: bool


def read_member(stream: BinaryIO, form: str, offset: int, limit: int) -> Member:
    """Decompress the member at `offset`; no more than `limit` bytes of data are kept or produced."""
    stream.seek(offset)
    if form == "plain":
        data = stream.read(limit)
        return Member(data, offset + len(data), True)
    if form == "zstd":
        return _zstd_frame(stream, offset, limit)
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    parts: list[bytes] = []
    total, read = 0, 0
    try:
        while not inflater.eof and total < limit and (chunk := stream.read(64 << 10)):
            read += len(chunk)
            while chunk and total < limit:
                data = inflater.decompress(chunk, limit - total)
                parts.append(data)
                total += len(data)
                chunk = inflater.unconsumed_tail
    except zlib.error:
        return Member(b"".join(parts), offset + read, False)
    return Member(b"".join(parts), offset + read - len(inflater.unused_data), inflater.eof)


def _zstd_frame(stream: BinaryIO, offset: int, limit: int) -> Member:
    inflater = zstandard.ZstdDecompressor().decompressobj()
    parts: list[bytes] = []
    total, read = 0, 0
    try:
        # Small pieces in, because a zstd block gives up to 128 KiB for a few bytes.
        while not inflater.eof and total < limit and (chunk := stream.read(4 << 10)):
            read += len(chunk)
            parts.append(inflater.decompress(chunk))
            total += len(parts[-1])
    except zstandard.ZstdError:
        return Member(b"".join(parts), offset + read, False)
    return Member(b"".join(parts), offset + read - len(inflater.unused_data), inflater.eof)


class Salvage:
    """Steps through a damaged file of one container form."""

    def __init__(self, stream: BinaryIO, form: str, max_block: int) -> None:
        self.stream = stream
        self.form = form
        self.max_block = max_block
        self.size = size_of(stream)

    def holds_records(self) -> bool:
        """Whether anything in the file looks like the beginning of a WARC record."""
        return self.next_start(0) < self.size

    def step(self, offset: int) -> tuple[list[RawRecord | LostBytes], int]:
        """Records of the member at `offset`, or the range that is lost from there; and where to go on."""
        if self.form == "plain":
            return self._plain_step(offset)
        member = read_member(self.stream, self.form, offset, 2 * self.max_block)
        if member.whole and _VERSION.match(member.data.lstrip(b"\r\n")):
            return self._member_records(member, offset), max(member.end, offset + 1)
        reason = "too_large" if len(member.data) >= 2 * self.max_block else "lost_bytes"
        return self._lost(offset, reason, member.data)

    def next_start(self, offset: int) -> int:
        """The first place at or after `offset` where a record may begin; the file's size if there is none."""
        for found in self._candidates(offset):
            if self.form == "plain":
                return found
            head = read_member(self.stream, self.form, found, 64)
            if _VERSION.match(head.data.lstrip(b"\r\n")):
                return found
        return self.size

    def _candidates(self, offset: int) -> Iterator[int]:
        mark = _GZIP if self.form == "gzip" else _ZSTD if self.form == "zstd" else b"WARC/"
        at = offset
        while at < self.size:
            self.stream.seek(at)
            window = self.stream.read(SCAN_BYTES)
            found = window.find(mark)
            while found >= 0:
                at_line_start = found == 0 or window[found - 1 : found] == b"\n"
                if self.form != "plain" or (at_line_start and _VERSION.match(window, found)):
                    yield at + found
                found = window.find(mark, found + 1)
            if len(window) < SCAN_BYTES:
                return
            at += len(window) - 16

    def _lost(self, offset: int, reason: str, data: bytes) -> tuple[list[RawRecord | LostBytes], int]:
        after = self.next_start(offset + 1)
        url = _URL.search(data, 0, MAX_HEADER_BYTES)
        name = url[1].decode("utf-8", "replace").strip() if url else ""
        return [
            LostBytes(reason, offset, after - offset, name, f"no record could be read in {after - offset} bytes")
        ], after

    def _plain_step(self, offset: int) -> tuple[list[RawRecord | LostBytes], int]:
        self.stream.seek(offset)
        data = self.stream.read(MAX_HEADER_BYTES)
        skipped = len(data) - len(data.lstrip(b"\r\n"))
        parsed = parse_headers(data[skipped:])
        if parsed is None:
            return ([], self.size) if not data.strip() else self._lost(offset, "lost_bytes", data)
        headers, block_start = parsed
        length = _content_length(headers)
        start = offset + skipped + block_start
        self.stream.seek(start + max(length, 0))
        if length < 0 or not _ends_record(self.stream.read(MAX_HEADER_BYTES)):
            return self._lost(offset, "wrong_content_length", data)
        self.stream.seek(start)
        block = self.stream.read(min(length, self.max_block + 1))
        if len(block) < min(length, self.max_block + 1):
            return self._lost(offset, "truncated_record", data)
        record = _record(headers, block, offset)
        return [record.until(start + length)], start + length

    def _member_records(self, member: Member, offset: int) -> list[RawRecord | LostBytes]:
        """Usually one record; wget and old tools put several, or the whole file, into one member."""
        found: list[RawRecord | LostBytes] = []
        data = member.data
        at = len(data) - len(data.lstrip(b"\r\n"))
        while at < len(data):
            parsed = parse_headers(data[at : at + MAX_HEADER_BYTES])
            if parsed is None:
                url = _URL.search(data, at, at + MAX_HEADER_BYTES)
                name = url[1].decode("utf-8", "replace") if url else ""
                found.append(LostBytes("oversized_header", offset, member.end - offset, name, "no end of the headers"))
                break
            headers, block_start = parsed
            length = _content_length(headers)
            start = at + block_start
            rest = data[start + length : start + length + MAX_HEADER_BYTES]
            if length < 0 or start + length > len(data) or not _ends_record(rest):
                reason = "missing_content_length" if "content-length" not in headers else "wrong_content_length"
                detail = f"Content-Length {headers.get('content-length', '')[:40]!r}, {len(data) - start} bytes left"
                url_name = headers.get("warc-target-uri", "")
                found.append(LostBytes(reason, offset, member.end - offset, url_name, detail))
                break
            found.append(_record(headers, data[start : start + length], offset).until(member.end))
            at = start + length
            at += len(data[at:]) - len(data[at:].lstrip(b"\r\n"))
        return found


def parse_headers(data: bytes) -> tuple[dict[str, str], int] | None:
    """WARC headers (names in lower case) and where the block begins; None if this is no record head."""
    version = _VERSION.match(data)
    ends = [(at, at + len(gap)) for gap in (b"\r\n\r\n", b"\n\n") if (at := data.find(gap)) >= 0]
    if not version or not ends:
        return None
    end, block_start = min(ends)
    headers: dict[str, str] = {}
    for line in re.split(rb"\r?\n", data[version.end() : end]):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers, block_start


def _content_length(headers: dict[str, str]) -> int:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else -1


def _ends_record(rest: bytes) -> bool:
    """After a block come line ends and then the next record or nothing."""
    rest = rest.lstrip(b"\r\n")
    return not rest or bool(_VERSION.match(rest))


def _record(headers: dict[str, str], block: bytes, offset: int) -> RawRecord:
    return RawRecord(headers.get("warc-type", "").lower(), headers, block, offset, 0)
