"""The charset of a page, by what its bytes say first and by what its headers say second."""

from __future__ import annotations

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

META_BYTES = 4096
"""How far into the page a `<meta charset>` counts; HTML asks for 1024, many pages are later."""
DETECT_BYTES = 64 << 10

_META = re.compile(rb"<meta[^>]{0,300}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([a-zA-Z0-9_:.-]{1,40})", re.I)
_HEADER = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([a-zA-Z0-9_:.-]{1,40})", re.I)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# The web's name for a charset often means a superset of what Python means by it.
_SUPERSETS = {
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}


def decode_page(payload: bytes, content_type: str = "") -> tuple[str, str]:
    """(text, charset) of HTML bytes; undecodable bytes become U+FFFD.

    Order: byte order mark; bytes that are UTF-8 (no other charset's text passes that test by chance); the HTTP header;
    `<meta>`; detection. A declared charset that the bytes contradict is passed over.
    """
    for bom, charset in _BOMS:
        if payload.startswith(bom):
            return payload[len(bom) :].decode(charset, "replace"), charset
    header = _HEADER.search(content_type)
    meta = _META.search(payload, 0, META_BYTES)
    names = (header[1] if header else "", meta[1].decode("ascii") if meta else "")
    declared = [_codec(name) for name in names]
    if wide := _without_mark(payload):
        return payload.decode(wide, "replace"), wide
    if seven_bit := next((name for name in declared if name in ("iso2022_jp", "hz")), ""):
        return payload.decode(seven_bit, "replace"), seven_bit
    try:
        return payload.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        best = next((name for name in declared if name and _plausible(payload, name)), "")
        charset = best or _detected(payload)
        return payload.decode(charset, "replace"), charset


def _without_mark(payload: bytes) -> str:
    """UTF-16 that nobody marked: in HTML nearly every second byte of the beginning is zero."""
    start = payload[:512]
    half = len(start) // 2
    if half < 8:
        return ""
    if start[0::2].count(0) > 0.6 * half and start[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    if start[1::2].count(0) > 0.6 * half and start[0::2].count(0) < 0.1 * half:
        return "utf-16-le"
    return ""


def _codec(name: str) -> str:
    """A Python codec for a declared name, '' if there is none."""
    if not name:
        return ""
    mapped = map_encoding_to_html5(name, fallback_utf8=False) or name
    mapped = _SUPERSETS.get(mapped.lower(), mapped)
    try:
        codec = codecs.lookup(mapped)
    except LookupError:
        return ""
    return _SUPERSETS.get(codec.name, codec.name) if codec._is_text_encoding else ""  # type: ignore[attr-defined]


def _plausible(payload: bytes, charset: str) -> bool:
    """Whether few bytes fail: a page with one broken character still has its declared charset."""
    sample = payload[:DETECT_BYTES]
    high = sum(1 for byte in sample if byte > 127)
    return sample.decode(charset, "replace").count("\ufffd") <= max(2, high // 20)


def _detected(payload: bytes) -> str:
    name = detect_encoding(payload[:DETECT_BYTES]) or "utf-8"
    return _codec(name) or "utf-8"
