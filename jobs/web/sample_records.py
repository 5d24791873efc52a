"""WARC records of a sample crawl, the same bytes for the same seed, and the kinds of damage that crawls have."""

from __future__ import annotations

import uuid
import zlib
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from io import BytesIO
from typing import BinaryIO

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

FIRST_FETCH = datetime(2026, 3, 1, tzinfo=UTC)
SECONDS_APART = 2

HARMLESS = ("not_found", "redirect", "not_html", "revisit")
"""Records that hold no page but that every reader can pass."""
DAMAGING = ("truncated", "length_long", "length_short")
"""Records that break a strict reader: a gzip member cut in the middle, and Content-Length too large or too small."""


@dataclass(frozen=True)
class Fetch:
    """One fetched address. `number` orders the fetches of a crawl and gives the record its date, and with `identity`
    its record id."""

    url: str
    number: int
    body: bytes
    charset: str = "utf-8"
    identity: str = "page"

    @property
    def date(self) -> str:
        moment = FIRST_FETCH + timedelta(seconds=SECONDS_APART * self.number)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class CrawlFile:
    """Writes one WARC file, a gzip member a record."""

    def __init__(self, out: BinaryIO, name: str, seed: int) -> None:
        self._out = out
        self._seed = seed
        self._name = name
        self._writer = WARCWriter(out, gzip=True)

    def write_info(self, number: int) -> None:
        """The warcinfo record with which a file begins."""
        info = b"software: MathQuarry sample crawl\r\nformat: WARC File Format 1.0\r\n"
        headers = self._headers(Fetch("", number, b"", identity="info")) | {"WARC-Filename": self._name}
        self._write("", "warcinfo", headers, info)

    def write_page(self, fetch: Fetch) -> None:
        """A response with status 200 and an HTML body."""
        self._writer.write_record(self._response(fetch, "200 OK", f"text/html; charset={fetch.charset}"))

    def write_harmless(self, kind: str, fetch: Fetch) -> None:
        """A record that holds no page: one of HARMLESS."""
        if kind == "not_found":
            self._writer.write_record(self._response(fetch, "404 Not Found", "text/html; charset=utf-8"))
        elif kind == "redirect":
            self._writer.write_record(self._response(fetch, "301 Moved Permanently", "text/html; charset=utf-8"))
        elif kind == "not_html":
            self._writer.write_record(self._response(fetch, "200 OK", "application/pdf"))
        else:
            self._write_revisit(fetch)

    def write_damaged(self, kind: str, fetch: Fetch) -> None:
        """A page's record, damaged: one of DAMAGING."""
        member = BytesIO()
        writer = WARCWriter(member, gzip=True)
        record = self._response(fetch, "200 OK", f"text/html; charset={fetch.charset}")
        if kind == "truncated":
            writer.write_record(record)
            whole = member.getvalue()
            self._out.write(whole[: len(whole) * 3 // 5])
            return
        plain = BytesIO()
        WARCWriter(plain, gzip=False).write_record(record)
        head, blank, block = plain.getvalue().partition(b"\r\n\r\n")
        true_length = len(block) - len(b"\r\n\r\n")
        wrong = true_length + 900 if kind == "length_long" else true_length - 60
        head = head.replace(b"Content-Length: %d" % true_length, b"Content-Length: %d" % wrong)
        self._out.write(gzip_member(head + blank + block))

    def _write_revisit(self, fetch: Fetch) -> None:
        headers = StatusAndHeaders("304 Not Modified", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        record = self._writer.create_revisit_record(
            fetch.url,
            "sha1:" + b32encode(sha1(fetch.body).digest()).decode("ascii"),
            fetch.url,
            FIRST_FETCH.strftime("%Y-%m-%dT%H:%M:%SZ"),
            http_headers=headers,
            warc_headers_dict=self._headers(fetch),
        )
        self._writer.write_record(record)

    def _response(self, fetch: Fetch, status: str, content_type: str) -> ArcWarcRecord:
        http = StatusAndHeaders(
            status,
            [("Content-Type", content_type), ("Server", "sample"), ("Content-Length", str(len(fetch.body)))],
            protocol="HTTP/1.1",
        )
        return self._writer.create_warc_record(
            fetch.url,
            "response",
            payload=BytesIO(fetch.body),
            length=len(fetch.body),
            http_headers=http,
            warc_headers_dict=self._headers(fetch),
        )

    def _write(self, url: str, kind: str, headers: dict[str, str], body: bytes) -> None:
        record = self._writer.create_warc_record(
            url, kind, payload=BytesIO(body), length=len(body), warc_headers_dict=headers
        )
        self._writer.write_record(record)

    def _headers(self, fetch: Fetch) -> dict[str, str]:
        name = f"mathquarry-sample/{self._seed}/{fetch.identity}/{fetch.number}"
        return {"WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}>", "WARC-Date": fetch.date}


def gzip_member(content: bytes) -> bytes:
    """One gzip member without name or time, as WARC files hold them."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    return compressor.compress(content) + compressor.flush()
