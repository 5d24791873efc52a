"""The slow, careful way through a crawl file: one record or one lost range of bytes at a time.

Used where the fast reader stops. What is whole is read; what is not is reported by kind with its range, and reading
goes on at the next place where a record begins.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from jobs.web.raw_records import (
    CORRUPT,
    FRAMED,
    MAX_HEAD_BYTES,
    UNFRAMED,
    VERSION_LINE,
    Head,
    LostBytes,
    Note,
    RawRecord,
    parse_head,
    target_in,
)
from jobs.web.warc_members import BAD, COMPRESSED, CUT, LARGE, PIECE_BYTES, WHOLE, Members, Section, container, windows

LINE_FEED = 10
LINE_BYTES = 256
"""Bytes behind a block in which the next record has to begin: line ends and a version line."""


def begins_record(plain: bytes) -> bool:
    """Whether plain bytes begin with a WARC version line."""
    return bool(VERSION_LINE.match(plain.lstrip(b"\r\n")))


def form_of(stream: BinaryIO) -> str:
    """The container form of a file: by its first bytes, or if those are damaged by the first record that is found."""
    form = container(stream)
    salvage = Salvage(stream, form, 0)
    stream.seek(0)
    if begins_record(stream.read(LINE_BYTES)) or (form != "plain" and salvage.first_record() < salvage.size):
        return form
    return min(("plain", *COMPRESSED), key=lambda name: Salvage(stream, name, 0).first_record())


@dataclass(frozen=True)
class Step:
    """What was found at a place, and where to go on."""

    found: tuple[RawRecord | LostBytes, ...]
    following: int


@dataclass(frozen=True)
class Went:
    """Where to go on after a step, and whether it found one sound record alone, as the fast reader needs them."""

    following: int
    sound: bool


class Salvage:
    """Steps through a damaged WARC file of one container form; blocks over `max_block` bytes are cut there."""

    def __init__(self, stream: BinaryIO, form: str, max_block: int) -> None:
        self.stream = stream
        self.form = form
        self.max_block = max_block
        self.members = Members(stream, form, begins_record)
        self.size = self.members.size
        self._file = Section(stream, self.size, WHOLE)

    def first_record(self) -> int:
        """Where the first thing stands that looks like the beginning of a WARC record; the file's size if none does."""
        if self.form == "plain":
            return self._next_head(self.stream, 0, self.size)
        return self.members.next_start(0)

    def holds_more(self, offset: int) -> bool:
        """Whether the member at `offset` holds more than one record."""
        if self.form == "plain":
            return False
        section = self.members.section(offset)
        with section.plain:
            return len(list(islice(self._section_records(section), 2))) > 1

    def step(self, offset: int, skip: int = 0) -> Generator[RawRecord | LostBytes, None, Went]:
        """What stands at `offset` of the stored file, but for its first `skip` records; and where to go on."""
        if self.form == "plain":
            step = self._record_at(self._file, offset)
            yield from step.found
            return Went(step.following, all(_is_sound(one) for one in step.found))
        section = self.members.section(offset)
        count, sound = 0, True
        with section.plain:
            for found in self._section_records(section):
                count += 1
                sound = sound and _is_sound(found)
                if count > skip:
                    yield found
        return Went(section.end, sound and count == 1)

    def _section_records(self, section: Section) -> Iterator[RawRecord | LostBytes]:
        at = 0
        while at < section.size:
            step = self._record_at(section, at)
            yield from step.found
            at = step.following
        if not section.size and section.state != WHOLE:
            yield self._lost(section, 0, 0, b"", None)

    def _record_at(self, section: Section, at: int) -> Step:
        section.plain.seek(at)
        data = section.plain.read(PIECE_BYTES)
        blank = len(data) - len(data.lstrip(b"\r\n"))
        if blank == len(data):
            return Step((), at + max(blank, 1))
        head = parse_head(data[blank:])
        if head is None and VERSION_LINE.match(data, blank):
            data += section.plain.read(MAX_HEAD_BYTES - PIECE_BYTES)
            head = parse_head(data[blank:])
        if head is None:
            following = self._next_head(section.plain, at + blank + 1, section.size)
            return Step((self._lost(section, at, following, data[blank : following - at], None),), following)
        start = at + blank + head.size
        end = start + head.length
        behind = self._behind(section, end)
        if head.length >= 0 and end <= section.size and _is_end(section, end, behind):
            last = not behind.strip(b"\r\n")
            if not (last and section.state in (CUT, LARGE)):
                return Step((self._record(section, head, at, start, end),), end)
        return self._misfit(section, head, at, start)

    def _behind(self, section: Section, end: int) -> bytes:
        if end > section.size:
            return b""
        section.plain.seek(end)
        return section.plain.read(LINE_BYTES)

    def _record(self, section: Section, head: Head, at: int, start: int, end: int) -> RawRecord:
        section.plain.seek(start)
        block = section.plain.read(min(end - start, self.max_block + 1))
        trust = CORRUPT if section.state == BAD else FRAMED
        notes: tuple[Note, ...] = (Note("lf_headers"),) if head.line_feeds else ()
        # A crawl file served as a page, or a Content-Length that swallowed a record. The head inside is not believed,
        # because whoever writes a page could forge records of other sites that way; the page has to be proved whole.
        inside = block.find(b"\nWARC/")
        if inside >= 0 and parse_head(block[inside + 1 : inside + MAX_HEAD_BYTES]):
            notes = (Note("record_inside", f"a record head at byte {inside + 1} of the block"), *notes)
            trust = UNFRAMED if trust == FRAMED else trust
        return _raw(section, head, block, at, end, trust, notes)

    def _misfit(self, section: Section, head: Head, at: int, start: int) -> Step:
        """A record whose length does not agree with what follows, or whose bytes end too soon."""
        following = self._next_head(section.plain, start, section.size)
        reason = "wrong_content_length" if "content-length" in head.headers else "missing_content_length"
        if following == section.size:
            if section.state != WHOLE:
                return Step((self._lost(section, at, following, b"", head),), following)
            if section.is_file and head.length > section.size - start:
                reason = "truncated_record"
        stated = start + head.length
        if head.length >= 0 and stated < following and self._behind(section, stated).startswith((b"\r\n\r\n", b"\n\n")):
            reason, following = "junk_behind", stated  # the length may be right, and what follows is no record
        if following - start > self.max_block or reason == "truncated_record":
            return Step((self._lost(section, at, following, b"", head, reason),), following)
        section.plain.seek(start)
        block = section.plain.read(following - start)
        if reason != "junk_behind":
            block = block[:-4] if block.endswith(b"\r\n\r\n") else block.removesuffix(b"\n\n")
        length = head.headers.get("content-length", "")[:40]
        notes: tuple[Note, ...] = (Note(reason, f"Content-Length {length!r}, {len(block)} bytes to the next record"),)
        notes += (Note("lf_headers"),) if head.line_feeds else ()
        trust = CORRUPT if section.state == BAD else UNFRAMED
        return Step((_raw(section, head, block, at, following, trust, notes),), following)

    def _lost(
        self, section: Section, at: int, following: int, data: bytes, head: Head | None, reason: str = ""
    ) -> LostBytes:
        url = head.headers.get("warc-target-uri", "") if head else target_in(data)
        offset, length = section.place(at, following)
        reason = reason or self._reason(section, following, data)
        return LostBytes(reason, offset, length, url, f"no record could be read in {length} bytes")

    def _reason(self, section: Section, following: int, data: bytes) -> str:
        """Why the plain bytes up to `following` gave no record; `data` is how they begin where that is no head."""
        at_end = following >= section.size
        at_file_end = at_end and section.end >= self.size
        has_version = bool(VERSION_LINE.match(data))
        if has_version and len(data) >= MAX_HEAD_BYTES - LINE_BYTES:
            return "oversized_header"
        if at_end and section.state == LARGE:
            return "too_large"
        if at_end and section.state == CUT:
            return "truncated_record" if at_file_end else "truncated_member"
        if at_end and section.state == BAD:
            junk = at_file_end and not section.size and not self.members.is_member(section.stored[0])
            return "trailing_garbage" if junk else "corrupt_member"
        if has_version:
            return "truncated_record" if section.is_file and at_file_end else "bad_record_head"
        return "trailing_garbage" if at_file_end else "no_record"

    @staticmethod
    def _next_head(plain: BinaryIO, at: int, size: int) -> int:
        """The next place from `at` on where a line is a WARC version line; `size` if none is."""
        for position, window in windows(plain, max(0, at - 1), LINE_BYTES):
            found = window.find(b"WARC/")
            while found >= 0:
                line_start = position + found == 0 or (found > 0 and window[found - 1] == LINE_FEED)
                if line_start and position + found >= at and VERSION_LINE.match(window, found):
                    return position + found
                found = window.find(b"WARC/", found + 1)
        return size


def _is_end(section: Section, end: int, behind: bytes) -> bool:
    """After a block come line ends and then the next record, or nothing, or the end of its member."""
    rest = behind.lstrip(b"\r\n")
    return not rest or bool(VERSION_LINE.match(rest)) or section.is_seam(end + len(behind) - len(rest))


def _is_sound(found: RawRecord | LostBytes) -> bool:
    return isinstance(found, RawRecord) and found.trust == FRAMED and not found.notes


def _raw(
    section: Section, head: Head, block: bytes, at: int, end: int, trust: str, notes: tuple[Note, ...]
) -> RawRecord:
    offset, length = section.place(at, end)
    return RawRecord(head.headers.get("warc-type", "").lower(), head.headers, block, offset, length, trust, notes)
