"""Reading crawl files: whole, compressed every way, damaged, hostile."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import urllib.parse
import zlib
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard

from jobs.web import http_message
from jobs.web.warc_records import NotAWarc, Rejected, WarcPage, read_warc

HTML = b"<html><body><p>Two plus two is four.</p></body></html>"


def http(body: bytes = HTML, head: str = "Content-Type: text/html", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{head}\r\n\r\n".encode() + body


def record(url: str, block: bytes, kind: str = "response", length: int | None = None) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:x:{url}>\r\nWARC-Date: 2026-01-15T10:00:00Z\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http\r\n"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def read(data: bytes) -> list[WarcPage | Rejected]:
    return list(read_warc(io.BytesIO(data)))


def outcome(data: bytes) -> list[str]:
    """`url` of each page, `reason` of each refusal."""
    return [found.url if isinstance(found, WarcPage) else found.reason for found in read(data)]


A, B, C = "https://a.example/", "https://b.example/", "https://c.example/"
MEMBERS = [gzip.compress(record(url, http())) for url in (A, B, C)]


def test_page_carries_its_provenance() -> None:
    page = read(b"".join(MEMBERS))[1]
    assert isinstance(page, WarcPage)
    assert (page.url, page.status, page.warc_offset, page.warc_length) == (B, 200, len(MEMBERS[0]), len(MEMBERS[1]))
    assert page.fetched_at == datetime(2026, 1, 15, 10, tzinfo=UTC)
    assert page.payload_sha1 == hashlib.sha1(HTML).hexdigest()


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.ZstdCompressor().compress, bytes], ids=["gzip", "zstd", "plain"]
)
def test_every_container_gives_the_same_pages(pack: object) -> None:
    assert outcome(b"".join(pack(record(url, http())) for url in (A, B))) == [A, B]  # type: ignore[operator]


def test_one_member_may_hold_the_whole_file() -> None:
    assert outcome(gzip.compress(record(A, http()) + record(B, http()))) == [A, B]


def test_reading_goes_on_after_a_damaged_member() -> None:
    damaged = bytearray(MEMBERS[1])
    damaged[40] ^= 0xFF
    found = read(MEMBERS[0] + bytes(damaged) + MEMBERS[2])
    assert [type(one) for one in found] == [WarcPage, Rejected, WarcPage]
    lost = found[1]
    assert (lost.warc_offset, lost.warc_length) == (len(MEMBERS[0]), len(damaged))


def test_a_record_cut_at_the_end_is_never_a_page() -> None:
    assert outcome(MEMBERS[0] + MEMBERS[1][:-20]) == [A, "lost_bytes"]


@pytest.mark.parametrize("length", [10, 100_000, -5])
def test_a_wrong_content_length_costs_its_own_record_only(length: int) -> None:
    wrong = gzip.compress(record(B, http(), length=length))
    assert outcome(MEMBERS[0] + wrong + MEMBERS[2]) == [A, "wrong_content_length", C]


def test_bare_line_feeds_are_read() -> None:
    block = http().replace(b"\r\n", b"\n")
    assert outcome(record(A, block).replace(b"\r\n", b"\n")) == [A]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Encoding: gzip", gzip.compress(HTML)),
        ("Content-Encoding: deflate", zlib.compress(HTML)),
        ("Content-Encoding: deflate", zlib.compress(HTML)[2:-4]),
        ("Content-Encoding: br", brotli.compress(HTML)),
        ("Content-Encoding: gzip", HTML),
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML)),
        ("Transfer-Encoding: chunked", HTML),
        ("X-Folded: one\r\n two", HTML),
    ],
    ids=[
        "gzip",
        "zlib",
        "raw_deflate",
        "brotli",
        "gzip_already_decoded",
        "chunked",
        "chunked_already_decoded",
        "folded",
    ],
)
def test_codings_are_undone(head: str, body: bytes) -> None:
    page = read(record(A, http(body, f"Content-Type: text/html\r\n{head}")))[0]
    assert isinstance(page, WarcPage) and page.html == HTML.decode()


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (http(status="404 Not Found"), "http_status"),
        (http(b" \n"), "empty_payload"),
        (http(b"%PDF-1.7 ..."), "not_html"),
        (http(b"{}", "Content-Type: application/json"), "mime"),
        (b"<html>no head</html>", "bad_http_head"),
        (http(head="Content-Type: text/html\r\nContent-Encoding: rot13"), "unknown_content_encoding"),
        (http(gzip.compress(HTML)[:-12], "Content-Encoding: gzip"), "corrupt_content_encoding"),
        (http(b"40\r\nshort", "Transfer-Encoding: chunked"), "bad_chunk"),
    ],
)
def test_what_is_no_page_is_counted_by_reason(block: bytes, reason: str) -> None:
    assert outcome(record(A, block)) == [reason]


def test_a_bomb_stops_at_the_stated_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_message, "MAX_PAYLOAD_BYTES", 1 << 20)
    bomb = gzip.compress(b"<html>" + b" " * (8 << 20))
    assert outcome(record(A, http(bomb, "Content-Encoding: gzip"))) == ["too_large"]


def test_revisits_duplicates_and_bad_addresses_are_counted() -> None:
    data = record(A, http()) + record(A, http()) + record(B, b"", "revisit") + record("javascript:alert(1)", http())
    assert outcome(data) == [A, "duplicate_record", "revisit", "bad_url"]


@pytest.mark.parametrize(
    ("text", "charset", "head"),
    [
        ("Решите уравнение и проверьте ответ", "cp1251", "text/html; charset=windows-1251"),
        ("次の方程式を解きなさい", "shift_jis", "text/html; charset=Shift_JIS"),
        ("求下列方程的解", "utf-8", "text/html; charset=ISO-8859-1"),
        ("求下列方程的解，并验证你的答案", "gb18030", "text/html"),
        ("求下列方程的解", "utf-16", "text/html"),
    ],
)
def test_charset_by_header_bytes_and_detection(text: str, charset: str, head: str) -> None:
    body = f"<html><body><p>{text * 6}</p></body></html>".encode(charset)
    page = read(record(A, http(body, f"Content-Type: {head}")))[0]
    assert isinstance(page, WarcPage) and text in page.html


def test_arc_files_are_read() -> None:
    block = http()
    line = f"http://a.example/x 192.0.2.1 20260115100000 text/html {len(block)}\n".encode()
    data = b"filedesc://x.arc 0.0.0.0 20260115100000 text/plain 4\nabc\n\n" + line + block + b"\n"
    page = read(data)[0]
    assert isinstance(page, WarcPage) and page.url == "http://a.example/x"


def test_a_file_that_is_no_warc_says_what_to_do() -> None:
    with pytest.raises(NotAWarc, match="no WARC or ARC file.*Common Crawl"):
        read(b"%PDF-1.7 something else")


def test_damaged_collection_is_read_as_its_manifest_asks() -> None:
    folder = Path(__file__).parents[3] / "shared/data/damaged"
    if not folder.is_dir():
        pytest.skip("../shared/data/damaged, the collection of damaged files, is not beside this repository")
    files = json.loads((folder / "manifest.json").read_text())["files"]
    missing = []
    for name, asked in files.items():
        pages = [page for page in read_warc(folder / name) if isinstance(page, WarcPage)]
        got = {(urllib.parse.unquote(page.url), page.payload_sha1) for page in pages}
        for wanted in asked["must_read"]:
            if wanted["bytes"] and (urllib.parse.unquote(wanted["url"].strip("<>")), wanted["sha1"]) not in got:
                missing.append((name, wanted["url"]))
    assert not missing
