"""Reading crawl files: whole, compressed every way, damaged, hostile."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
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
    assert outcome(MEMBERS[0] + MEMBERS[1][:-20]) == [A, "truncated_record"]


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
        (http(b"%PDF-1.7 ..."), "not_html"),
        (http(b"{}", "Content-Type: application/json"), "not_html"),
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
    assert outcome(data) == [A, "duplicate_record", "revisit", "bad_target_uri"]


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


def notes(page: WarcPage | Rejected) -> list[str]:
    assert isinstance(page, WarcPage)
    return [note.kind for note in page.notes]


def with_headers(url: str, block: bytes, *lines: str) -> bytes:
    return record(url, block).replace(b"WARC-Date", "".join(f"{line}\r\n" for line in lines).encode() + b"WARC-Date", 1)


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (record(A, http()).replace(b"2026-01-15", b"2026-02-31"), ["bad_date"]),
        (record(A, http(b"")), ["empty_payload"]),
        (record(A, http(HTML + b"\0")), ["nul_bytes"]),
        (record(A, http(head="Content-Type: text/plain")), ["mime_mismatch"]),
        (record(A, http(head="X-No-Type: 1")), []),
        (record(A, http(head="Content-Type: text/html\r\nTransfer-Encoding: chunked")), ["bad_chunk"]),
        (record(A, http(head="Content-Type: text/html\r\nContent-Encoding: zstd")), ["corrupt_content_encoding"]),
        (record(A, http("<p>\u00fc</p>".encode() * 9, "Content-Type: text/html; charset=x-none")), ["wrong_charset"]),
        (record(A, http(b"<p>\xc3\xbc \xfc</p>" + "\u00fc".encode() * 9)), ["bad_bytes"]),
        (record(A, http(b"<i>" * 50_000)), ["too_deep"]),
        (record(A, http(b"<p>ok</p><a" + b" b=1" * 50_000 + b">")), ["too_many_attributes"]),
        (with_headers(A, http(), "WARC-Truncated: length"), ["truncated_record"]),
        (record(A, http(head="Content-Type: text/html\r\nContent-Length: 999")), ["short_body"]),
        (with_headers(A, http(), "WARC-Payload-Digest: sha1:" + "A" * 32), ["digest_mismatch"]),
        (with_headers(A, http(), "WARC-Block-Digest: sha1:nonsense"), ["digest_mismatch"]),
        (with_headers(A, http(), "WARC-Payload-Digest: whirlpool:AA"), ["unknown_digest"]),
        (record(A, http()).replace(b"\r\n", b"\n", 8), ["lf_headers"]),
    ],
)
def test_what_is_odd_is_read_and_noted(data: bytes, kinds: list[str]) -> None:
    (page,) = read(data)
    assert notes(page) == kinds


@pytest.mark.parametrize("line", ["WARC-Truncated: length", "X-None: 1"])
def test_a_cut_page_is_marked(line: str) -> None:
    (page,) = read(with_headers(A, http(head="Content-Type: text/html\r\nContent-Length: 54"), line))
    assert isinstance(page, WarcPage) and page.truncated == line.startswith("WARC-Truncated")


def test_the_same_address_twice_is_read_twice_and_noted() -> None:
    second = record(A, http(HTML * 2)).replace(b"urn:x:", b"urn:y:")
    assert [notes(page) for page in read(record(A, http()) + second)] == [[], ["duplicate_url"]]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5", "SHA-256"])
@pytest.mark.parametrize("text", [base64.b16encode, base64.b32encode], ids=["hex", "base32"])
def test_digests_in_every_spelling_are_verified(algorithm: str, text: Callable[[bytes], bytes]) -> None:
    digest = hashlib.new(algorithm.lower().replace("-", ""), HTML).digest()
    (page,) = read(with_headers(A, http(), f"WARC-Payload-Digest: {algorithm}:{text(digest).decode()}"))
    assert notes(page) == []


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_payload_digest_may_be_of_any_stage_of_decoding(stage: int) -> None:
    packed = gzip.compress(HTML, mtime=0)
    stages = (b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed), packed, HTML)
    block = http(stages[0], "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip")
    digest = base64.b32encode(hashlib.sha1(stages[stage]).digest()).decode()
    (page,) = read(with_headers(A, block, f"WARC-Payload-Digest: sha1:{digest}"))
    assert notes(page) == []


def test_a_resource_is_a_page_where_its_type_says_html() -> None:
    html = record(A, HTML, "resource").replace(b"application/http", b"text/html")
    log = record("metadata://log", b"a log", "resource").replace(b"application/http", b"text/plain")
    assert outcome(html + log) == [A, "not_html"]


def test_a_right_http_length_or_digest_saves_a_record_whose_own_length_is_wrong() -> None:
    sized = http(head=f"Content-Type: text/html\r\nContent-Length: {len(HTML)}")
    (page, other) = read(gzip.compress(record(A, sized, length=7)) + MEMBERS[1])
    assert notes(page) == ["wrong_content_length"] and notes(other) == []
    assert isinstance(page, WarcPage) and page.payload_sha1 == hashlib.sha1(HTML).hexdigest()


def test_a_digest_saves_a_member_whose_checksum_is_wrong() -> None:
    digest = base64.b32encode(hashlib.sha1(HTML).digest()).decode()
    proved = with_headers(A, http(), f"WARC-Payload-Digest: sha1:{digest}")
    members = [bytearray(gzip.compress(data, mtime=0)) for data in (proved, record(B, http()))]
    for member in members:
        member[-6] ^= 1
    found = read(b"".join(members) + MEMBERS[2])
    assert [one.url for one in found] == [A, B, C]
    assert notes(found[0]) == ["corrupt_member"]
    assert isinstance(found[1], Rejected) and found[1].reason == "corrupt_member"


def test_lost_ranges_are_told_by_kind_and_place() -> None:
    one, two, three = MEMBERS
    data = one + two[:-30] + three + b"no member at all"
    lost = [found for found in read(data) if isinstance(found, Rejected)]
    assert [(found.reason, found.url, found.warc_offset, found.warc_length) for found in lost] == [
        ("truncated_member", B, len(one), len(two) - 30),
        ("trailing_garbage", "", len(one) + len(two) - 30 + len(three), 16),
    ]


def test_members_may_be_cut_anywhere_between_records() -> None:
    plain = b"".join(record(url, http()) for url in (A, B, C))
    blocks = b"".join(gzip.compress(plain[at : at + 100]) for at in range(0, len(plain), 100))
    assert outcome(blocks + gzip.compress(b"")) == [A, B, C]


def test_members_of_one_and_of_several_records_may_be_mixed() -> None:
    several = gzip.compress(record(B, http()) + record(C, http()))
    assert outcome(MEMBERS[0] + several + gzip.compress(record("https://d.example/", http()))) == [
        A, B, C, "https://d.example/",
    ]  # fmt: skip


def test_a_damaged_file_of_one_member_gives_the_records_before_the_cut() -> None:
    data = gzip.compress(b"".join(record(url, http(url.encode() * 999)) for url in (A, B, C)))
    assert outcome(data[:-40])[:2] == [A, B]
    assert outcome(data[:-40])[2:] == ["truncated_record"]


def test_a_record_inside_a_page_is_not_believed() -> None:
    body = HTML + b"\r\n\r\n" + record("https://bank.example/", http())
    sized = http(body, f"Content-Type: text/html\r\nContent-Length: {len(body)}")
    assert outcome(record(A, sized) + record(B, http())) == [A, B]
    assert outcome(record(A, http(body)) + record(B, http())) == ["record_inside", B]


def test_lz4_frames_are_read() -> None:
    path = Path(__file__).parents[3] / "shared/data/warc/odd/resiliparse-block-sized-records.warc.lz4"
    if not path.is_file():
        pytest.skip("../shared/data/warc, files of other projects, is not beside this repository")
    data = path.read_bytes()
    assert outcome(data) == ["unknown_record_type"] * 3
    cut = read(data[:-7])[-1]
    assert isinstance(cut, Rejected)
    assert (cut.reason, cut.warc_offset, cut.warc_length) == ("truncated_record", 480, 233)


def arc(url: str, block: bytes, length: int | None = None) -> bytes:
    line = f"{url} 192.0.2.1 20260115100000 text/html {len(block) if length is None else length}\n"
    return line.encode() + block + b"\n"


ARC_HEAD = arc("filedesc://x.arc", b"abc")


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_a_damaged_arc_record_costs_itself_only(pack: Callable[[bytes], bytes]) -> None:
    data = pack(ARC_HEAD) + pack(arc(A, http())) + pack(arc(B, http(), 9)) + pack(arc(C, http()))
    assert outcome(data) == [A, "wrong_content_length", C]
    assert outcome(data[:-30]) == [A, "wrong_content_length", "truncated_record"]


def test_an_arc_file_may_be_one_member() -> None:
    assert outcome(gzip.compress(ARC_HEAD + arc(A, http()) + arc(B, http()))) == [A, B]


@pytest.mark.parametrize("start", [b"\0" * 10, b"\x28\xb5\x2f\xfd"], ids=["zeros", "another_form"])
def test_a_damaged_beginning_does_not_hide_what_follows(start: bytes) -> None:
    assert outcome(start + b"".join(MEMBERS)) == ["corrupt_member", A, B, C]
