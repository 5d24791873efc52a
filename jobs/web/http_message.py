"""The HTTP response inside a WARC or ARC record: head, transfer coding, content coding.

Crawlers store what servers sent, and what they sent is often not what the headers say (a body that was already decoded
keeps its `Content-Encoding`). Rule: a body that does not fit its coding at all is read as it is; one that fits and
then breaks off is damaged and refused, because half a page must never pass as a whole one.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cached_property

import brotli
import zstandard

from jobs.web.raw_records import HEAD_END, MAX_HEAD_BYTES, Note

MAX_HEADERS = 500
MAX_CODINGS = 4
MAX_PAYLOAD_BYTES = 16 << 20
"""Decoded bytes of one page. A larger page is refused, so that a bomb of 1000:1 costs this much memory and no more."""

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t\r\n]|$)", re.I)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,12})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_AS_IT_IS = frozenset(("", "identity", "none", "binary", "7bit", "8bit", "utf-8", "utf8", "unicode"))


class BadMessage(ValueError):
    """A response that cannot be read; `reason` is the slug that the drop is counted under."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class HttpResponse:
    """A response as stored: `body` still carries its transfer and content codings."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The last value of a header, '' when absent (repeated headers: the last one wins, as in browsers)."""
        return self._by_name.get(name.lower(), "")

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers}

    @property
    def length(self) -> int:
        """Content-Length, -1 where it is absent or no length."""
        value = self.header("Content-Length")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else -1


@dataclass(frozen=True)
class Payload:
    """A body with its codings undone."""

    data: bytes
    readings: tuple[bytes, ...]
    """The body as stored, without its transfer coding, and `data`; equal ones once."""
    notes: tuple[Note, ...]
    """Codings that the headers name and the body does not have."""


def parse_response(block: bytes) -> HttpResponse:
    """Split a record block into status, headers and body. Raises BadMessage."""
    end = HEAD_END.search(block, 0, MAX_HEAD_BYTES)
    if not end and len(block) >= MAX_HEAD_BYTES:
        raise BadMessage("oversized_header", f"no end of the HTTP head in {MAX_HEAD_BYTES} bytes")
    head = block[: end.start()] if end else block
    if b"\0" in head:
        raise BadMessage("nul_bytes", "NUL in the HTTP head")
    status = _STATUS_LINE.match(head)
    if not status:
        raise BadMessage("bad_http_head", f"no status line: {head[:60]!r}")
    return HttpResponse(int(status[1]), _headers(head), block[end.end() :] if end else b"")


def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    """Headers behind the status line, UTF-8 where the head is that, else Latin-1."""
    try:
        lines = head.decode("utf-8").split("\n", MAX_HEADERS + 1)
    except UnicodeDecodeError:
        lines = head.decode("latin-1").split("\n", MAX_HEADERS + 1)
    headers: list[tuple[str, str]] = []
    for line in lines[1 : MAX_HEADERS + 1]:
        if line[:1] in (" ", "\t") and headers:  # obsolete line folding, RFC 9112 section 5.2
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip(), value.strip()))
    return tuple(headers)


def decoded_body(response: HttpResponse) -> Payload:
    """The payload after transfer and content decoding, at most MAX_PAYLOAD_BYTES. Raises BadMessage."""
    body, notes = response.body, []
    readings = [body]
    if "chunked" in response.header("Transfer-Encoding").lower():
        body = _dechunked(body)
        if body is readings[0] and body:
            notes.append(Note("bad_chunk", "Transfer-Encoding: chunked, and the body is not"))
        readings.append(body)
    if named := response.header("Content-Encoding"):
        for coding in reversed([name.strip().lower() for name in named.split(",")][-MAX_CODINGS:]):
            if coding in _AS_IT_IS or not body:
                continue
            stored, body = body, _content_decoded(body, coding)
            if body is stored:
                notes.append(Note("corrupt_content_encoding", f"Content-Encoding: {coding[:20]}, and the body is not"))
        readings.append(body)
    if len(readings) == 1 and (more := _line_ends_behind(response)):
        body = body[:-more]
        notes.append(Note("wrong_content_length", f"{more} bytes of line ends behind the body"))
        readings.append(body)
    if len(body) > MAX_PAYLOAD_BYTES:
        raise BadMessage("too_large", f"payload over {MAX_PAYLOAD_BYTES} bytes")
    different = tuple(one for number, one in enumerate(readings) if number == 0 or one is not readings[number - 1])
    return Payload(body, different, tuple(notes))


def _line_ends_behind(response: HttpResponse) -> int:
    """Bytes of a body beyond its Content-Length, if they are those line ends that part records: then the record's own
    length took them in."""
    more = len(response.body) - response.length
    between = response.length >= 0 and 0 < more <= len(b"\r\n\r\n")
    return more if between and not response.body[-more:].strip(b"\r\n") else 0


def _dechunked(body: bytes) -> bytes:
    """The body without its chunk lines; the very same object where it has none at its beginning."""
    if not _CHUNK_SIZE.match(body):
        return body  # Common Crawl decodes the body and keeps the header
    parts: list[bytes] = []
    at = 0
    while True:
        size_line = _CHUNK_SIZE.match(body, at)
        if not size_line:
            raise BadMessage("bad_chunk", f"no chunk size at byte {at}")
        size = int(size_line[1], 16)
        at = size_line.end()
        if size == 0:
            return b"".join(parts)
        if at + size > len(body):
            raise BadMessage("bad_chunk", f"chunk of {size} bytes at byte {at} breaks off")
        parts.append(body[at : at + size])
        at += size
        at += 2 if body.startswith(b"\r\n", at) else 1 if body.startswith(b"\n", at) else 0


def _content_decoded(body: bytes, coding: str) -> bytes:
    """The body without a coding; the very same object where it does not have that coding but is plain text."""
    if coding in ("gzip", "x-gzip"):
        return _inflated(body, zlib.MAX_WBITS | 16) if body.startswith(b"\x1f\x8b") else _plain_text(body, coding)
    if coding == "zstd":
        return _zstd(body) if body.startswith(_ZSTD) else _plain_text(body, coding)
    if coding in ("deflate", "br"):
        if _looks_like_text(body):
            return body
        return _brotli(body) if coding == "br" else _deflate(body)
    raise BadMessage("unknown_content_encoding", coding[:60])


def _plain_text(body: bytes, coding: str) -> bytes:
    if _looks_like_text(body):
        return body
    raise BadMessage("corrupt_content_encoding", f"neither {coding} nor text: begins with {body[:8]!r}")


def _looks_like_text(body: bytes) -> bool:
    """Markup, a byte order mark of UTF-16, or a beginning in UTF-8 without control characters: no compressed data."""
    start = body[:512]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return True
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else a character that the 512 bytes cut
            return False
    return not _CONTROL.search(start)


def _deflate(body: bytes) -> bytes:
    """Servers send zlib data or raw deflate data under the same name."""
    zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _inflated(body, zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)


def _inflated(body: bytes, window_bits: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        inflater = zlib.decompressobj(window_bits)
        try:
            parts.append(inflater.decompress(body, _room(total)))
        except zlib.error as error:
            raise BadMessage("corrupt_content_encoding", str(error)) from error
        total += len(parts[-1])
        _room(total)
        if not inflater.eof:
            raise BadMessage("corrupt_content_encoding", f"breaks off after {total} decoded bytes")
        body = inflater.unused_data
        if window_bits < 16 or not body.startswith(_GZIP):  # gzip data may be several members, RFC 1952
            return b"".join(parts)


def _room(total: int) -> int:
    """How many bytes may be decoded yet, and one more by which too much shows."""
    if total > MAX_PAYLOAD_BYTES:
        raise BadMessage("too_large", f"over {MAX_PAYLOAD_BYTES} bytes after decoding")
    return MAX_PAYLOAD_BYTES + 1 - total


def _brotli(body: bytes) -> bytes:
    decoder = brotli.Decompressor()
    try:
        data = decoder.process(body, output_buffer_limit=_room(0))
        while not decoder.is_finished():
            more = decoder.process(b"", output_buffer_limit=_room(len(data)))
            if not more:
                raise BadMessage("corrupt_content_encoding", f"brotli breaks off after {len(data)} decoded bytes")
            data += more
    except brotli.error as error:
        raise BadMessage("corrupt_content_encoding", str(error)) from error
    _room(len(data))
    return data


def _zstd(body: bytes) -> bytes:
    """One frame. In small pieces, because a block gives up to 128 KiB for a few bytes."""
    frame = zstandard.ZstdDecompressor(max_window_size=MAX_PAYLOAD_BYTES).decompressobj()
    parts: list[bytes] = []
    total = 0
    try:
        for at in range(0, len(body), 4 << 10):
            parts.append(frame.decompress(body[at : at + (4 << 10)]))
            total += len(parts[-1])
            _room(total)
            if frame.eof:
                return b"".join(parts)
    except zstandard.ZstdError as error:
        raise BadMessage("corrupt_content_encoding", str(error)) from error
    raise BadMessage("corrupt_content_encoding", f"zstd breaks off after {total} decoded bytes")
