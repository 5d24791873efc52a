"""ARC 1.0, the Internet Archive's format before WARC: one line `URL IP date type length`, then the HTTP response."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from jobs.web.raw_records import CORRUPT, FRAMED, UNFRAMED, LostBytes, Note, RawRecord
from jobs.web.warc_members import BAD, CUT, LARGE, WHOLE, Members, Section, member_start, size_of, windows

MAX_LINE_BYTES = 16 << 10

_LINE = re.compile(
    rb"([a-z][a-z0-9+.-]{1,20}:[^\r\n]{0,8000}?) (\S{1,100}) (\d{14,18}) (\S{1,200}) (-?\w{1,15})[ \t]*\r?\n"
)
_NEXT = re.compile(rb"\n(?=(?:https?|dns|ftp|filedesc)://?[^\r\n]{0,8000} \d{14,18} \S{1,200} -?\w{1,15}[ \t]*\r?\n)")
_START = re.compile(rb"(?:https?|dns|ftp|filedesc)://?[!-~]")


def is_arc(stream: BinaryIO, form: str) -> bool:
    """Whether the file begins with an ARC file description."""
    stream.seek(0)
    start = stream.read(64) if form == "plain" else member_start(stream, form, 0)
    return start.lstrip().startswith(b"filedesc://")


def arc_records(stream: BinaryIO, form: str, max_block: int) -> Iterator[RawRecord | LostBytes]:
    """Every record of an ARC file in the shape of a WARC record; blocks over `max_block` bytes are cut there."""
    size = size_of(stream)
    if form == "plain":
        yield from _section_records(Section(stream, size, WHOLE), size, max_block)
        return
    members = Members(stream, form, lambda plain: bool(_START.match(plain.lstrip(b"\r\n"))))
    at = 0
    while at < size:
        section = members.section(at)
        with section.plain:
            yield from _section_records(section, size, max_block)
        at = section.end


def _section_records(section: Section, file_size: int, max_block: int) -> Iterator[RawRecord | LostBytes]:
    if not section.size and section.state != WHOLE:
        yield _lost(section, file_size, 0, 0, "")
    at = 0
    while at < section.size:
        section.plain.seek(at)
        data = section.plain.read(MAX_LINE_BYTES)
        blank = len(data) - len(data.lstrip(b"\r\n"))
        line = _LINE.match(data, blank)
        if blank == len(data):
            at += max(blank, 1)
        elif line:
            found, at = _record(section, file_size, line, at, max_block)
            yield found
        else:
            following = _next_line(section, at + blank)
            yield _lost(section, file_size, at, following, "")
            at = following


def _record(
    section: Section, file_size: int, line: re.Match[bytes], at: int, max_block: int
) -> tuple[RawRecord | LostBytes, int]:
    url, start = line[1].decode("utf-8", "replace"), at + line.end()
    length = int(line[5]) if line[5].isdigit() else -1
    end = start + length
    if length >= 0 and end <= section.size and _follows(section, end):
        whole = end < section.size or section.state in (WHOLE, BAD)
        if whole:
            trust = CORRUPT if section.state == BAD else FRAMED
            return _as_warc(section, line, at, start, end, min(length, max_block + 1), trust), end
    following = _next_line(section, start)
    if following == section.size and (section.state != WHOLE or end > section.size) or following - start > max_block:
        return _lost(section, file_size, at, following, url), following
    trust = CORRUPT if section.state == BAD else UNFRAMED
    return _as_warc(section, line, at, start, following, following - start, trust), following


def _follows(section: Section, end: int) -> bool:
    """Whether a record line, or nothing, stands behind a block."""
    section.plain.seek(end)
    rest = section.plain.read(MAX_LINE_BYTES).lstrip(b"\r\n")
    return not rest or bool(_LINE.match(rest)) or section.is_seam(section.plain.tell() - len(rest))


def _as_warc(
    section: Section, line: re.Match[bytes], at: int, start: int, end: int, size: int, trust: str
) -> RawRecord:
    section.plain.seek(start)
    block = section.plain.read(size)
    url = line[1].decode("utf-8", "replace")
    # A file description and DNS answers are no pages; everything else ARC stores is a response.
    kind = (
        "response" if url.startswith(("http:", "https:")) else "warcinfo" if url.startswith("filedesc:") else "metadata"
    )
    notes: tuple[Note, ...] = ()
    if trust != FRAMED:
        block = block.rstrip(b"\n")
        notes = (Note("wrong_content_length", f"length {line[5][:20]!r}, {len(block)} bytes to the next record"),)
    headers = {"warc-target-uri": url, "warc-date": _iso(line[3].decode("ascii"))}
    return RawRecord(kind, headers, block, *section.place(at, end), trust, notes)


def _lost(section: Section, file_size: int, at: int, following: int, url: str) -> LostBytes:
    at_end = following >= section.size
    at_file_end = at_end and section.end >= file_size
    if at_end and section.state == LARGE:
        reason = "too_large"
    elif at_end and section.state == CUT or (url and at_file_end and section.state == WHOLE):
        reason = "truncated_record" if at_file_end else "truncated_member"
    elif at_end and section.state == BAD:
        reason = "corrupt_member" if section.size or not at_file_end else "trailing_garbage"
    else:
        reason = "wrong_content_length" if url else "trailing_garbage" if at_file_end else "bad_record_head"
    offset, length = section.place(at, following)
    return LostBytes(reason, offset, length, url, f"no record could be read in {length} bytes")


def _iso(digits: str) -> str:
    try:
        return datetime.strptime(digits[:14], "%Y%m%d%H%M%S").isoformat() + "Z"
    except ValueError:
        return ""


def _next_line(section: Section, at: int) -> int:
    """Where the next record line begins; the section's size if none does."""
    for position, window in windows(section.plain, at, MAX_LINE_BYTES):
        if found := _NEXT.search(window):
            return position + found.end()
    return section.size
