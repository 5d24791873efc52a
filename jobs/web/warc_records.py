"""Crawl files to pages: WARC 0.18-1.1 and ARC, plain or compressed (gzip, zstd), whole or damaged.

    for page in read_warc("CC-MAIN-....warc.gz"): ...      yields WarcPage and Rejected, in file order

FastWARC reads what is whole. It cannot go on after damage, and it reads across the end of a gzip member when a
Content-Length is wrong; so a record counts as read only when the reader also found the next one (or the end of the
file) where it should be. From the first record that fails this, `warc_salvage` takes over for one step.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from typing import IO, BinaryIO

from fastwarc.warc import ArchiveIterator

from jobs.web.arc_records import arc_records, is_arc
from jobs.web.charset import decode_page
from jobs.web.http_message import MAX_PAYLOAD_BYTES, BadMessage, decoded_body, parse_response
from jobs.web.urls import page_url
from jobs.web.warc_salvage import LostBytes, RawRecord, Salvage, container

MAX_BLOCK_BYTES = MAX_PAYLOAD_BYTES + (64 << 10)
"""Bytes of one record's block (HTTP head and stored body). What is longer is counted, not read."""
MAX_SEEN_IDS = 2_000_000
SPOOL_BYTES = 64 << 20

_WANTED = frozenset(("response", "resource", "conversion", "revisit"))
_NO_PAGE = frozenset(("warcinfo", "request", "metadata", "continuation"))
_HTML_TYPES = ("text/html", "application/xhtml")
_MAYBE_HTML = ("", "text/plain", "application/octet-stream", "application/xml", "text/xml", "unknown", "*/*")
_BINARY = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b\x08", b"RIFF", b"BM", b"\0\0\x01\0")
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body")


class NotAWarc(ValueError):
    """The whole file is something else; says what, where and what to do."""


@dataclass(frozen=True)
class WarcPage:
    """One HTML page of a crawl."""

    url: str
    fetched_at: datetime | None
    """UTC; None when the record's date cannot be read."""
    status: int
    html: str
    charset: str
    payload_sha1: str
    """Hex SHA-1 of the payload bytes after transfer and content decoding, before charset decoding."""
    warc_offset: int
    """Where the record's gzip member (or the record itself in a plain file) begins, in bytes of the stored file."""
    warc_length: int
    """Stored bytes of the record, up to where the next one begins; 0 where one member holds several records."""
    truncated: bool
    """The crawler says that it cut the page (WARC-Truncated)."""
    http_headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rejected:
    """A record or a range of bytes that gave no page, and why."""

    reason: str
    url: str
    warc_offset: int
    warc_length: int
    detail: str


def read_warc(stream_or_path: str | PathLike[str] | BinaryIO) -> Iterator[WarcPage | Rejected]:
    """Pages of a WARC or ARC file, in order, with everything that was set aside.

    A stream that cannot seek is spooled to a temporary file first. Raises NotAWarc if the file holds no record at all
    and OSError if it cannot be opened; nothing that stands in the file raises.
    """
    with ExitStack() as closing:
        stream = _seekable(stream_or_path, closing)
        where = getattr(stream_or_path, "name", None) or str(stream_or_path)
        form = container(stream)
        if is_arc(stream, form):
            records = arc_records(stream, form, MAX_BLOCK_BYTES)
        else:
            _refuse_others(stream, form, where)
            records = _warc_records(stream, form)
        seen: set[str] = set()
        for record in records:
            if isinstance(record, LostBytes):
                yield Rejected(record.reason, record.url, record.offset, record.length, record.detail)
            elif found := _judge(record, seen):
                yield found


def _seekable(source: str | PathLike[str] | BinaryIO, closing: ExitStack) -> BinaryIO:
    if isinstance(source, str | PathLike):
        return closing.enter_context(open(source, "rb"))
    if source.seekable():
        return source
    spool: IO[bytes] = closing.enter_context(tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115
    while chunk := source.read(1 << 20):
        spool.write(chunk)
    spool.seek(0)
    return spool  # type: ignore[return-value]


def _refuse_others(stream: BinaryIO, form: str, where: str) -> None:
    if not Salvage(stream, form, MAX_BLOCK_BYTES).holds_records():
        stream.seek(0)
        raise NotAWarc(
            f"{where} is no WARC or ARC file ({form}, begins with {stream.read(16)!r}); give a .warc, .warc.gz, "
            ".warc.zst or .arc file, such as those of a Common Crawl snapshot"
        )


def _warc_records(stream: BinaryIO, form: str) -> Iterator[RawRecord | LostBytes]:
    salvage = Salvage(stream, form, MAX_BLOCK_BYTES)
    at = 0
    while at < salvage.size:
        at = yield from _whole_records(stream, at, salvage.size)
        if at < salvage.size:
            found, at = salvage.step(at)
            yield from found


def _whole_records(stream: BinaryIO, start: int, size: int) -> Generator[RawRecord, None, int]:
    """Records from `start` on for as long as the file is sound; returns where it stopped being so."""
    stream.seek(start)
    pending: RawRecord | None = None
    try:
        for record in ArchiveIterator(stream, parse_http=False, strict_mode=False):
            offset = max(start, record.stream_pos)
            if pending is not None:
                yield pending.until(offset)
            pending = _fast(record, offset)
            if pending is None:
                return offset
    except (OSError, ValueError, OverflowError):  # FastWARC's word for every kind of damage
        return start if pending is None else pending.offset
    if pending is not None:
        yield pending.until(size)
    return size


def _fast(record: object, offset: int) -> RawRecord | None:
    """The record, or None if its head or length is not sound (bare-LF heads run into the HTTP head in FastWARC)."""
    headers = {name.lower(): value for name, value in record.headers.to_tuples()}  # type: ignore[attr-defined]
    kind = headers.get("warc-type", "").lower()
    length = int(record.content_length)  # type: ignore[attr-defined]
    if not kind.isalpha() or headers.get("content-length") != str(length):
        return None
    if kind not in _WANTED:
        return RawRecord(kind, headers, b"", offset, 0)
    parts: list[bytes] = []
    left = MAX_BLOCK_BYTES + 1
    while left > 0 and (chunk := record.reader.read(min(left, 1 << 20))):  # type: ignore[attr-defined]
        parts.append(chunk)
        left -= len(chunk)
    block = b"".join(parts)
    if left > 0 and len(block) != length:
        return None
    return RawRecord(kind, headers, block, offset, 0)


def _judge(record: RawRecord, seen: set[str]) -> WarcPage | Rejected | None:
    """A page, a counted refusal, or None for records that never hold a page (warcinfo, request, metadata)."""
    if record.kind in _NO_PAGE:
        return None
    raw_url = record.headers.get("warc-target-uri", "")
    url = page_url(raw_url)

    def rejected(reason: str, detail: str) -> Rejected:
        return Rejected(reason, url or raw_url[:200], record.offset, record.length, detail[:200])

    record_id = record.headers.get("warc-record-id", "")
    if record_id and record_id in seen:
        return rejected("duplicate_record", record_id)
    if record_id and len(seen) < MAX_SEEN_IDS:
        seen.add(record_id)
    if record.kind == "revisit":
        return rejected("revisit", record.headers.get("warc-refers-to-target-uri", ""))
    if record.kind != "response":
        known = record.kind in _WANTED
        return rejected("not_http_response" if known else "unknown_record_type", f"WARC-Type {record.kind!r}")
    if not url:
        return rejected("bad_url" if raw_url else "missing_target_uri", raw_url)
    if len(record.block) > MAX_BLOCK_BYTES:
        return rejected("too_large", f"record over {MAX_BLOCK_BYTES} bytes")
    try:
        return _page(record, url)
    except BadMessage as error:
        return rejected(error.reason, error.detail)


def _page(record: RawRecord, url: str) -> WarcPage:
    response = parse_response(record.block)
    if response.status != 200:
        raise BadMessage("http_status", str(response.status))
    payload = decoded_body(response)
    if not payload.strip():
        raise BadMessage("empty_payload", f"{len(payload)} bytes")
    content_type = response.header("Content-Type")
    _refuse_other_media(payload, content_type)
    html, charset = decode_page(payload, content_type)
    return WarcPage(
        url=url,
        fetched_at=_date(record.headers.get("warc-date", "")),
        status=response.status,
        html=html,
        charset=charset,
        payload_sha1=hashlib.sha1(payload, usedforsecurity=False).hexdigest(),
        warc_offset=record.offset,
        warc_length=record.length,
        truncated="warc-truncated" in record.headers,
        http_headers=response.headers,
    )


def _refuse_other_media(payload: bytes, content_type: str) -> None:
    """HTML by its bytes where the header is silent or vague; never HTML where the bytes are an image or a PDF."""
    media = content_type.partition(";")[0].strip().lower()
    start = payload[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(_BINARY):
        raise BadMessage("not_html", f"{media or 'no type'}, begins with {start[:8]!r}")
    if media.startswith(_HTML_TYPES):
        return
    if media not in _MAYBE_HTML or not any(mark in start.lower() for mark in _MARKUP):
        raise BadMessage("mime", media or "no type and no markup")


def _date(value: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


__all__ = ["NotAWarc", "Rejected", "WarcPage", "read_warc"]
