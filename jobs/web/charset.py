"""The charset of a page, by what its bytes say first and by what its headers say second."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from jobs.web.raw_records import Note

META_BYTES = 4096
"""How far into the page a `<meta charset>` counts; HTML asks for 1024, many pages are later."""
DETECT_BYTES = 64 << 10

_META = re.compile(rb"<meta[^>]{0,300}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([a-zA-Z0-9_:.-]{1,40})", re.I)
_HEADER = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([a-zA-Z0-9_:.-]{1,40})", re.I)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ASCII = bytes(range(128))
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
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


@dataclass(frozen=True)
class DecodedPage:
    """HTML text and the charset it was read in; `notes`: `wrong_charset`, `bad_bytes`, `nul_bytes`."""

    html: str
    charset: str
    notes: tuple[Note, ...]


def decode_page(payload: bytes, content_type: str = "") -> DecodedPage:
    """The text of HTML bytes. A stray Latin-1 byte in UTF-8 is read as what it is, other bad bytes become U+FFFD.

    Order: byte order mark; UTF-16 without one; 7-bit Asian charsets that are declared; bytes that are UTF-8 (no other
    charset's text passes that test by chance), if need be with a few errors; the HTTP header; `<meta>`; detection.
    A declared charset that the bytes contradict is passed over and noted.
    """
    html, charset, bad = _decoded(payload, content_type)
    notes = []
    if not html.isascii():
        governing = _declared_in_header(content_type) or _declared_in_meta(payload)
        if governing and charset not in _same_as(governing):
            notes.append(Note("wrong_charset", f"declared {governing}, read as {charset}"))
        if bad:
            notes.append(Note("bad_bytes", f"{bad} characters that are not {charset}"))
    if b"\0" in payload and (nuls := html.count("\0")):
        notes.append(Note("nul_bytes", f"{nuls} in the payload"))
    return DecodedPage(html, charset, tuple(notes))


def _decoded(payload: bytes, content_type: str) -> tuple[str, str, int]:
    """Text, charset and how many characters could not be read."""
    for bom, charset in _BOMS:
        if payload.startswith(bom):
            return _read_as(payload[len(bom) :], charset)
    if wide := _without_mark(payload):
        return _read_as(payload, wide)
    if payload.isascii():  # only then may it be ISO-2022 or HZ, which write Asian text in seven bits
        declared = (_codec(_declared_in_header(content_type)), _codec(_declared_in_meta(payload)))
        if seven_bit := next((name for name in declared if name.startswith(("iso2022", "hz"))), ""):
            return _read_as(payload, seven_bit)
    try:
        return payload.decode("utf-8"), "utf-8", 0
    except UnicodeDecodeError:
        if _nearly_utf8(payload):
            return _read_as(payload, "utf-8")
    names = (_codec(_declared_in_header(content_type)), _codec(_declared_in_meta(payload)))
    return _read_as(
        payload, next((name for name in names if name and _plausible(payload, name)), "") or _detected(payload)
    )


def _read_as(payload: bytes, charset: str) -> tuple[str, str, int]:
    html = payload.decode(charset, "replace")
    bad = html.count("\ufffd")
    if charset == "utf-8" and bad:
        bad -= payload.count(b"\xef\xbf\xbd")  # the character itself, which a page may hold
        html = payload.decode(charset, "stray_latin1")
    return html, charset, bad


def _declared_in_header(content_type: str) -> str:
    found = _HEADER.search(content_type)
    return found[1] if found else ""


def _declared_in_meta(payload: bytes) -> str:
    found = _META.search(payload, 0, META_BYTES)
    return found[1].decode("ascii") if found else ""


def _same_as(declared: str) -> tuple[str, ...]:
    """Charsets that text declared so may be read in: a marked or unmarked UTF-16 goes by one name."""
    name = _codec(declared)
    return ("utf-16-le", "utf-16-be") if name.startswith("utf-16") else (name,)


def _nearly_utf8(payload: bytes) -> bool:
    """Whether the bytes above 127 stand together as UTF-8 sequences but for a few. In text of another charset less
    than one in five does so by chance."""
    sample = payload[:DETECT_BYTES]
    wrong = sample.decode("utf-8", "replace").count("\ufffd")
    right = len(_UTF8_SEQUENCE.findall(sample))
    return right >= 5 * max(1, wrong)


def _stray_latin1(error: UnicodeError) -> tuple[str, int]:
    """A single bad byte between ASCII characters is a Latin-1 letter or a typographic mark of Windows."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, start, end = error.object, error.start, error.end
    alone = end - start == 1 and (start == 0 or data[start - 1] < 128) and (end == len(data) or data[end] < 128)
    return (data[start:end].decode("cp1252", "replace") if alone else "\ufffd"), end


codecs.register_error("stray_latin1", _stray_latin1)


def _without_mark(payload: bytes) -> str:
    """UTF-16 that nobody marked: in HTML every second byte of many at the beginning is zero, and of the others none."""
    start = payload[:1024]
    if b"\0" not in start:
        return ""
    even, odd = start[0::2], start[1::2]
    for zeros, others, tag, charset in ((even, odd, b"\0<", "utf-16-be"), (odd, even, b"<\0", "utf-16-le")):
        if tag in start and zeros.count(0) > 0.15 * len(zeros) and others.count(0) < 0.02 * len(others):
            return charset
    return ""


@lru_cache(maxsize=1024)
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
    high = len(sample.translate(None, _ASCII))
    return sample.decode(charset, "replace").count("\ufffd") <= max(2, high // 20)


def _detected(payload: bytes) -> str:
    name = detect_encoding(payload[:DETECT_BYTES]) or "utf-8"
    return _codec(name) or "utf-8"
