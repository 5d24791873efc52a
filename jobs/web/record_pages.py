"""From a stored record to a page: which records hold one, whether its bytes are whole, and what is odd about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.web.charset import decode_page
from jobs.web.http_message import (
    MAX_PAYLOAD_BYTES,
    BadMessage,
    HttpResponse,
    Payload,
    decoded_body,
    parse_response,
)
from jobs.web.markup_limits import limit_notes
from jobs.web.raw_records import CORRUPT, FRAMED, MAX_HEAD_BYTES, UNFRAMED, Note, RawRecord
from jobs.web.record_digests import ABSENT, MATCH, MISMATCH, UNKNOWN, check_digest
from jobs.web.urls import page_url

MAX_BLOCK_BYTES = MAX_PAYLOAD_BYTES + MAX_HEAD_BYTES
"""Bytes of one record's block (HTTP head and stored body). What is longer is counted, not read."""
MAX_SEEN = 300_000
"""Record ids and addresses remembered of one file. Common Crawl's files hold some 40,000 records."""

PAGE_KINDS = frozenset(("response", "resource", "conversion", "revisit"))
_NO_PAGE = frozenset(("warcinfo", "request", "metadata", "continuation"))
_HTML_TYPES = ("text/html", "application/xhtml")
_MAYBE_HTML = ("", "text/plain", "application/octet-stream", "application/xml", "text/xml", "unknown", "*/*")
_BINARY = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b\x08", b"RIFF", b"BM", b"\0\0\x01\0")
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body")


@dataclass(frozen=True)
class WarcPage:
    """One HTML page of a crawl."""

    url: str
    fetched_at: datetime | None
    """UTC; None when the record's date cannot be read."""
    status: int
    html: str
    """'' for an empty payload, which is noted."""
    charset: str
    payload_sha1: str
    """Hex SHA-1 of the payload bytes after transfer and content decoding, before charset decoding."""
    warc_offset: int
    """Where the record's gzip member (or the record itself in a plain file) begins, in bytes of the stored file."""
    warc_length: int
    """Stored bytes of the record; of all the members it shares, where a member holds several records."""
    truncated: bool
    """The page is not whole: the crawler says so (WARC-Truncated), or its body is shorter than its Content-Length."""
    http_headers: tuple[tuple[str, str], ...]
    notes: tuple[Note, ...] = ()
    """What is odd about the record; each kind has to be counted, though the page is read."""


@dataclass(frozen=True)
class Rejected:
    """A record or a range of bytes that gave no page, and why."""

    reason: str
    url: str
    warc_offset: int
    warc_length: int
    detail: str


class PageReader:
    """Judges the records of one file in order; remembers what it has seen, to find duplicates."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._urls: set[str] = set()

    def read(self, record: RawRecord) -> WarcPage | Rejected | None:
        """A page, a counted refusal, or None for records that never hold a page (warcinfo, request, metadata)."""
        if record.kind in _NO_PAGE and record.trust == FRAMED:
            return None
        found = self._judged(record)
        record_id = record.headers.get("warc-record-id", "")
        if record_id and record.trust == FRAMED:
            content = found.payload_sha1 if isinstance(found, WarcPage) else f"{found.reason} {len(record.block)}"
            if self._ids.get(record_id) == content:
                return Rejected("duplicate_record", found.url, record.offset, record.length, record_id[:200])
            if len(self._ids) < MAX_SEEN:
                self._ids.setdefault(record_id, content)
        return found

    def _judged(self, record: RawRecord) -> WarcPage | Rejected:
        raw_url = record.headers.get("warc-target-uri", "")
        url = page_url(raw_url)
        try:
            return self._page(record, raw_url, url)
        except BadMessage as error:
            why = Note(error.reason, error.detail) if record.trust == FRAMED else _damage(record)
            return Rejected(why.kind, url or raw_url[:200], record.offset, record.length, why.detail[:200])

    def _page(self, record: RawRecord, raw_url: str, url: str) -> WarcPage:
        if record.kind == "revisit":
            raise BadMessage("revisit", record.headers.get("warc-refers-to-target-uri", ""))
        if record.kind not in PAGE_KINDS:
            raise BadMessage("unknown_record_type", f"WARC-Type {record.kind[:40]!r}")
        if len(record.block) > MAX_BLOCK_BYTES:
            raise BadMessage("too_large", f"record over {MAX_BLOCK_BYTES} bytes")
        response = _response(record)
        if response.status != 200:
            raise BadMessage("http_status", str(response.status))
        payload = decoded_body(response)
        sha1 = hashlib.sha1(payload.data, usedforsecurity=False)
        notes = [*_record_notes(record), *payload.notes, *_digest_notes(record, response, payload, sha1.digest())]
        content_type = response.header("Content-Type")
        notes += _media_notes(payload.data, content_type)
        if not url:
            raise BadMessage("bad_target_uri" if raw_url else "missing_target_uri", raw_url)
        page = decode_page(payload.data, content_type)
        fetched_at = _date(record.headers.get("warc-date", ""))
        cut = _cut(record, response)
        notes += [*page.notes, *limit_notes(payload.data), *cut]
        if fetched_at is None:
            notes.append(Note("bad_date", record.headers.get("warc-date", "")[:100]))
        if not payload.data.strip():
            notes.append(Note("empty_payload", f"{len(payload.data)} bytes"))
        notes += self._repeat_notes(url)
        return WarcPage(
            url=url,
            fetched_at=fetched_at,
            status=response.status,
            html=page.html if payload.data.strip() else "",
            charset=page.charset,
            payload_sha1=sha1.hexdigest(),
            warc_offset=record.offset,
            warc_length=record.length,
            truncated=bool(cut),
            http_headers=response.headers,
            notes=tuple(notes),
        )

    def _repeat_notes(self, url: str) -> list[Note]:
        if url in self._urls:
            return [Note("duplicate_url")]
        if len(self._urls) < MAX_SEEN:
            self._urls.add(url)
        return []


def _response(record: RawRecord) -> HttpResponse:
    """The HTTP response in a block; a block that is the content itself counts as status 200 with the record's type."""
    declared = record.headers.get("content-type", "")
    is_http = record.block.startswith(b"HTTP/") or declared.lower().startswith("application/http")
    if record.kind == "response" and (is_http or not declared):
        return parse_response(record.block)
    if record.kind == "resource" and is_http and record.block.startswith(b"HTTP/"):
        return parse_response(record.block)
    return HttpResponse(200, (("Content-Type", declared),), record.block)


def _damage(record: RawRecord) -> Note:
    """What is wrong with a record that is not framed."""
    return Note("corrupt_member", "its bytes fail their checksum") if record.trust == CORRUPT else record.notes[0]


def _record_notes(record: RawRecord) -> list[Note]:
    """What was wrong with the storage of a record that turned out to be whole."""
    corrupt = record.trust == CORRUPT
    return [_damage(record), *record.notes] if corrupt else list(record.notes)


def _digest_notes(record: RawRecord, response: HttpResponse, payload: Payload, sha1: bytes) -> list[Note]:
    """`digest_mismatch` and `unknown_digest`. A block that is not framed has to be proved whole: by a digest, or where
    only its length was wrong by HTTP's own Content-Length. Raises BadMessage where it cannot be."""
    block = check_digest(record.headers.get("warc-block-digest", ""), (record.block,))
    body = check_digest(record.headers.get("warc-payload-digest", ""), payload.readings, sha1)
    if record.trust != FRAMED:
        proved = MATCH in (block, body) and MISMATCH not in (block, body)
        if record.trust == UNFRAMED and {block, body} <= {ABSENT, UNKNOWN}:
            # A body that HTTP or its coding delimits is whole when it was decoded to its end.
            proved = len(payload.readings) > 1 or response.length == len(response.body)
        if not proved:
            raise BadMessage("not_proved", "no digest and no length says that it is whole")
    notes = []
    for name, state in (("WARC-Block-Digest", block), ("WARC-Payload-Digest", body)):
        stated = record.headers.get(name.lower(), "")[:100]
        if state == MISMATCH:
            notes.append(Note("digest_mismatch", f"{name}: {stated}"))
        elif state == UNKNOWN:
            notes.append(Note("unknown_digest", f"{name}: {stated}"))
    return notes


def _media_notes(payload: bytes, content_type: str) -> list[Note]:
    """HTML by its bytes where the header is silent or vague; never HTML where the bytes are an image or a PDF."""
    media = content_type.partition(";")[0].strip().lower()
    start = payload[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(_BINARY):
        raise BadMessage("not_html", f"{media or 'no type'}, begins with {start[:8]!r}")
    if media.startswith(_HTML_TYPES):
        return []
    if media not in _MAYBE_HTML or not any(mark in start.lower() for mark in _MARKUP):
        raise BadMessage("not_html", media or "no type and no markup")
    return [Note("mime_mismatch", f"HTML sent as {media}")] if media else []


def _cut(record: RawRecord, response: HttpResponse) -> list[Note]:
    """Why the page is not whole: the crawler says so, or the server said how long it was."""
    if "warc-truncated" in record.headers:
        return [Note("truncated_record", f"WARC-Truncated: {record.headers['warc-truncated'][:40]}")]
    # A body that the crawler decoded is longer than its Content-Length; one without its chunk lines may be shorter.
    if response.length > len(response.body) and not response.header("Transfer-Encoding"):
        return [Note("short_body", f"{len(response.body)} of {response.length} bytes")]
    return []


def _date(value: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
