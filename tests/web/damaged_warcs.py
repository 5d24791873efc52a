"""Small crawl files whose contents are known, and the ways in which they get damaged."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass

import brotli
import zstandard
from hypothesis import strategies as st

CODINGS = ("", "gzip", "deflate", "br", "zstd", "chunked")
MAX_RECORDS = 6


@dataclass(frozen=True)
class Stored:
    """A record that a test made: where it comes from, what its page's bytes are, and how it is stored."""

    url: str
    payload: bytes
    plain: bytes

    @property
    def identity(self) -> tuple[str, str]:
        return self.url, hashlib.sha1(self.payload).hexdigest()


def gzipped(data: bytes) -> bytes:
    """Without the time of day that gzip puts in its header."""
    return gzip.compress(data, mtime=0)


def encoded(payload: bytes, coding: str) -> bytes:
    if coding == "chunked":
        half = len(payload) // 2
        return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (payload[:half], payload[half:], b""))
    if coding == "deflate":
        return zlib.compress(payload)
    if coding == "zstd":
        return zstandard.ZstdCompressor().compress(payload)
    return {"gzip": gzipped, "br": brotli.compress}.get(coding, bytes)(payload)


def http(payload: bytes, coding: str = "", status: str = "200 OK") -> bytes:
    body = encoded(payload, coding)
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
    if coding == "chunked":
        head += "Transfer-Encoding: chunked\r\n"
    else:
        head += (f"Content-Encoding: {coding}\r\n" if coding else "") + f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def warc_record(url: str, block: bytes, length: str | None = None, extra: str = "") -> bytes:
    stated = str(len(block)) if length is None else length
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:test:{url}>\r\nWARC-Date: 2026-01-15T10:00:00Z\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\n{extra}"
    )
    head += f"Content-Length: {stated}\r\n" if stated else ""
    return head.encode() + b"\r\n" + block + b"\r\n\r\n"


@st.composite
def stored_records(draw: st.DrawFn) -> list[Stored]:
    """Two to six records of one page each, in every coding."""
    made = []
    for number in range(draw(st.integers(2, MAX_RECORDS))):
        words = draw(
            st.lists(
                st.sampled_from("angle bisector circle prime WARC/1.0 \r\n\r\n \u6570\u5b66".split(" ")), max_size=40
            )
        )
        text = f"<html><body><p>Page {number}. {' '.join(words)} {'x' * draw(st.integers(0, 300))}</p></body></html>"
        payload, url = text.encode(), f"https://example.org/{number}"
        made.append(Stored(url, payload, warc_record(url, http(payload, draw(st.sampled_from(CODINGS))))))
    return made


@dataclass(frozen=True)
class Broken:
    """A stored file with one damage, and the index of the record it struck (-1: none)."""

    data: bytes
    struck: int
    kind: str


def _bytes_damage(draw: st.DrawFn, member: bytes, kind: str) -> bytes:
    at = draw(st.integers(0, len(member) - 1))
    if kind == "flip":
        damaged = bytearray(member)
        for _ in range(draw(st.integers(1, 8))):
            damaged[draw(st.integers(0, len(member) - 1))] ^= 1 << draw(st.integers(0, 7))
        return bytes(damaged)
    if kind == "drop":
        return member[:at] + member[at + draw(st.integers(1, 40)) :]
    if kind == "zeros":
        return member[:at] + bytes(len(member) - at)
    if kind == "noise":
        return draw(st.binary(min_size=len(member), max_size=len(member)))
    assert kind == "cut", kind
    return member[: max(at, 1)]


def _head_damage(draw: st.DrawFn, one: Stored, kind: str) -> bytes:
    block = one.plain.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
    if kind == "length":
        wrong = draw(st.integers(-5, 3 * len(block)).filter(lambda length: length != len(block)))
        return warc_record(one.url, block, str(wrong))
    if kind == "no_length":
        return warc_record(one.url, block, draw(st.sampled_from(("", "many", "9" * 30))))
    if kind == "flood":
        return warc_record(one.url, block, extra="".join(f"X-{n}: {'y' * 90}\r\n" for n in range(1000)))
    if kind == "line_feeds":
        head, _, rest = one.plain.partition(b"\r\n\r\n")
        return head.replace(b"\r\n", b"\n") + b"\n\n" + rest
    assert kind == "cut_body", kind  # the server hung up: the crawler stored what it had
    return warc_record(one.url, block[: -draw(st.integers(1, 12))])


BYTES_KINDS = ("flip", "drop", "zeros", "noise", "cut")
HEAD_KINDS = ("length", "no_length", "flood", "line_feeds", "cut_body")
FILE_KINDS = ("twice", "junk", "tail", "garbage")


@st.composite
def broken_files(draw: st.DrawFn, records: list[Stored], form: str) -> Broken:
    """The records stored as `gzip`, `zstd` or `plain`, with one damage."""
    pack = {"gzip": gzipped, "zstd": zstandard.ZstdCompressor(write_checksum=True).compress, "plain": bytes}[form]
    members = [pack(one.plain) for one in records]
    struck = draw(st.integers(0, len(records) - 1))
    kind = draw(st.sampled_from(HEAD_KINDS + FILE_KINDS + (() if form == "plain" else BYTES_KINDS)))
    if kind in BYTES_KINDS:
        members[struck] = _bytes_damage(draw, members[struck], kind)
    elif kind in HEAD_KINDS:
        members[struck] = pack(_head_damage(draw, records[struck], kind))
    elif kind == "twice":
        members.insert(struck, members[struck])
    elif kind == "junk":
        members.insert(
            struck, b"\n" * (form == "plain") + draw(st.binary(min_size=1, max_size=200)) + b"\n" * (form == "plain")
        )
    elif kind == "garbage":
        members.append(draw(st.binary(min_size=8, max_size=200)))
    else:
        struck = len(records) - 1
        members[-1] = members[-1][: draw(st.integers(1, len(members[-1]) - (5 if form == "plain" else 1)))]
    return Broken(b"".join(members), -1 if kind in ("twice", "junk", "garbage") else struck, kind)
