"""The shapes that pass between the parts of the crawl reader: a stored record, a lost range of bytes, a note."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 << 10
HEAD_END = re.compile(rb"\n\r{0,2}\n")
"""The empty line after a head. Bare line feeds and doubled carriage returns are found in old files."""
VERSION_LINE = re.compile(rb"WARC/\d\.\d{1,2}[ \t\r]{0,8}\n")
TARGET_LINE = re.compile(rb"^WARC-Target-URI:[ \t]*([^\r\n]{1,4096})", re.I | re.M)


@dataclass(frozen=True)
class Note:
    """What is odd about a record that is read all the same; `kind` is the slug it is counted under."""

    kind: str
    detail: str = ""


FRAMED, UNFRAMED, CORRUPT = "framed", "unframed", "corrupt"
"""How far a block can be trusted. `framed`: its length agrees with what follows. `unframed`: its length is wrong and
what follows served as its end. `corrupt`: the compressed bytes it came from fail their checksum somewhere."""


@dataclass(frozen=True)
class RawRecord:
    """A record before HTTP: lower-case WARC headers and the block's bytes (empty for kinds that hold no page)."""

    kind: str
    headers: dict[str, str]
    block: bytes
    offset: int
    length: int
    """Stored bytes from `offset` to the next record, or of the members that hold the record."""
    trust: str = FRAMED
    notes: tuple[Note, ...] = ()

    def until(self, next_offset: int) -> RawRecord:
        """The same record, its stored length known now that the next record is found."""
        length = max(0, next_offset - self.offset)
        return RawRecord(self.kind, self.headers, self.block, self.offset, length, self.trust, self.notes)


@dataclass(frozen=True)
class LostBytes:
    """A range of the stored file that gave no record."""

    reason: str
    offset: int
    length: int
    url: str
    detail: str


@dataclass(frozen=True)
class Head:
    """A WARC head: `headers` by lower-case name (the first of a repeated one), `size` in bytes with the empty line."""

    headers: dict[str, str]
    size: int
    line_feeds: bool
    """Lines end in a bare LF, which the format forbids and text tools make."""

    @property
    def length(self) -> int:
        """Content-Length, -1 where it is absent or no length."""
        value = self.headers.get("content-length", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else -1


def parse_head(data: bytes) -> Head | None:
    """The WARC head at the beginning of `data`; None where none begins or it does not end there."""
    version = VERSION_LINE.match(data)
    if not version:
        return None
    another = data.find(b"\nWARC/", version.end() - 1)
    end = HEAD_END.search(data, version.end() - 1, len(data) if another < 0 else another + 1)
    if not end:
        return None
    headers: dict[str, str] = {}
    last = ""
    for line in data[version.end() : end.start()].split(b"\n"):
        if line[:1] in (b" ", b"\t") and last:  # folded, as WARC 1.0 allows
            headers[last] += " " + line.decode("utf-8", "replace").strip()
            continue
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        last = name.strip().lower() if colon else ""
        if last and last not in headers:
            headers[last] = value.strip()
        else:
            last = ""
    return Head(headers, end.end(), not version[0].endswith(b"\r\n"))


def target_in(data: bytes) -> str:
    """The first WARC-Target-URI in the bytes of a record that could not be read, '' if there is none."""
    found = TARGET_LINE.search(data, 0, MAX_HEAD_BYTES)
    return found[1].decode("utf-8", "replace").strip() if found else ""
