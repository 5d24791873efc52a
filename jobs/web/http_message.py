"""The HTTP response inside a WARC or ARC record: head, transfer coding, content coding.

Crawlers store what servers sent, and what they sent is often not what the headers say (a body that was already decoded
keeps its `Content-Encoding`). Rule: a body that does not fit its coding at all is read as it is; one that fits and
then breaks off is damaged and refused, because half a page must never pass as a whole one.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import brotli
import zstandard

MAX_HEAD_BYTES = 64 << 10
MAX_HEADERS = 500
MAX_PAYLOAD_BYTES = 16 << 20
"""Decoded bytes of one page. A larger page is refused, so that a bomb of 1000:1 costs this much memory and no more."""

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t]|$)", re.I)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,12})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
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
        wanted = name.lower()
        return next((value for key, value in reversed(self.headers) if key.lower() == wanted), "")


def parse_response(block: bytes) -> HttpResponse:
    """Split a record block into status, headers and body. Raises BadMessage."""
    head_end, body_start = _end_of_head(block)
    if b"\0" in block[:head_end]:
        raise BadMessage("nul_bytes", "NUL in the HTTP head")
    lines = re.split(rb"\r?\n", block[:head_end])
    status = _STATUS_LINE.match(lines[0])
    if not status:
        raise BadMessage("bad_http_head", f"no status line: {lines[0][:60]!r}")
    return HttpResponse(int(status[1]), tuple(_headers(lines[1 : MAX_HEADERS + 1])), block[body_start:])


def _end_of_head(block: bytes) -> tuple[int, int]:
    ends = [(at, at + len(gap)) for gap in (b"\r\n\r\n", b"\n\n") if (at := block.find(gap, 0, MAX_HEAD_BYTES)) >= 0]
    if ends:
        return min(ends)
    if len(block) >= MAX_HEAD_BYTES:
        raise BadMessage("oversized_header", f"no end of the HTTP head in {MAX_HEAD_BYTES} bytes")
    return len(block), len(block)


def _headers(lines: list[bytes]) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and headers:  # obsolete line folding, RFC 9112 section 5.2
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {_text(line)}")
        elif b":" in line:
            raw_name, _, raw_value = line.partition(b":")
            headers.append((_text(raw_name), _text(raw_value)))
    return headers


def _text(raw: bytes) -> str:
    return raw.decode("utf-8" if not raw.isascii() and _is_utf8(raw) else "latin-1").strip()


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def decoded_body(response: HttpResponse) -> bytes:
    """The payload after transfer and content decoding, at most MAX_PAYLOAD_BYTES. Raises BadMessage."""
    body = response.body
    if "chunked" in response.header("Transfer-Encoding").lower():
        body = _dechunked(body)
    codings = [coding.strip().lower() for coding in response.header("Content-Encoding").split(",")]
    for coding in reversed(codings[-4:]):
        if coding not in _AS_IT_IS:
            body = _content_decoded(body, coding)
    if len(body) > MAX_PAYLOAD_BYTES:
        raise BadMessage("too_large", f"payload over {MAX_PAYLOAD_BYTES} bytes")
    return body


def _dechunked(body: bytes) -> bytes:
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
    if coding in ("gzip", "x-gzip"):
        return _inflated(body, zlib.MAX_WBITS | 16) if body.startswith(b"\x1f\x8b") else body
    if coding == "deflate":
        return _deflate(body)
    if coding == "br":
        return body if _looks_like_markup(body) else _brotli(body)
    if coding == "zstd":
        return _zstd(body) if body.startswith(b"\x28\xb5\x2f\xfd") else body
    raise BadMessage("unknown_content_encoding", coding[:60])


def _deflate(body: bytes) -> bytes:
    """Servers send zlib data or raw deflate data under the same name."""
    if _looks_like_markup(body):
        return body
    zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _inflated(body, zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)


def _looks_like_markup(body: bytes) -> bool:
    return body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _inflated(body: bytes, window_bits: int) -> bytes:
    inflater = zlib.decompressobj(window_bits)
    try:
        data = inflater.decompress(body, MAX_PAYLOAD_BYTES + 1)
    except zlib.error as error:
        raise BadMessage("corrupt_content_encoding", str(error)) from error
    if len(data) > MAX_PAYLOAD_BYTES:
        raise BadMessage("too_large", f"over {MAX_PAYLOAD_BYTES} bytes after decoding")
    if not inflater.eof:
        raise BadMessage("corrupt_content_encoding", f"breaks off after {len(data)} decoded bytes")
    return data


def _brotli(body: bytes) -> bytes:
    decoder = brotli.Decompressor()
    try:
        data = decoder.process(body, output_buffer_limit=MAX_PAYLOAD_BYTES + 1)
        while not decoder.is_finished() and len(data) <= MAX_PAYLOAD_BYTES:
            more = decoder.process(b"", output_buffer_limit=MAX_PAYLOAD_BYTES + 1)
            if not more:
                raise BadMessage("corrupt_content_encoding", f"brotli breaks off after {len(data)} decoded bytes")
            data += more
    except brotli.error as error:
        raise BadMessage("corrupt_content_encoding", str(error)) from error
    if len(data) > MAX_PAYLOAD_BYTES:
        raise BadMessage("too_large", f"over {MAX_PAYLOAD_BYTES} bytes after decoding")
    return data


def _zstd(body: bytes) -> bytes:
    inflater = zstandard.ZstdDecompressor(max_window_size=MAX_PAYLOAD_BYTES).stream_reader(body)
    try:
        data = inflater.read(MAX_PAYLOAD_BYTES + 1)
    except zstandard.ZstdError as error:
        raise BadMessage("corrupt_content_encoding", str(error)) from error
    if len(data) > MAX_PAYLOAD_BYTES:
        raise BadMessage("too_large", f"over {MAX_PAYLOAD_BYTES} bytes after decoding")
    return data
