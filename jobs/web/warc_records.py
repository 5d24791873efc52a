"""Crawl files to pages: WARC 0.18-1.1 and ARC, plain or compressed (gzip, zstd, LZ4), whole or damaged.

    for page in read_warc("CC-MAIN-....warc.gz"): ...      yields WarcPage and Rejected, in file order

FastWARC reads what is whole. It cannot go on after damage, it reads across the end of a gzip member when a
Content-Length is wrong, and it knows the place of a record only where each has a member of its own. So it is let in
only behind a record that `warc_salvage` found sound and alone in its member, and a record counts as read only when the
reader also found the next one (or the end of the file) where it should be. At the first that fails this, `warc_salvage`
takes over for a step.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from os import PathLike
from typing import IO, BinaryIO

from fastwarc.warc import ArchiveIterator, WarcRecord

from jobs.web.arc_records import arc_records, is_arc
from jobs.web.raw_records import LostBytes, Note, RawRecord
from jobs.web.record_pages import MAX_BLOCK_BYTES, PAGE_KINDS, PageReader, Rejected, WarcPage
from jobs.web.warc_members import container
from jobs.web.warc_salvage import Salvage, form_of

SPOOL_BYTES = 64 << 20


class NotAWarc(ValueError):
    """The whole file is something else; says what, where and what to do."""


def read_warc(stream_or_path: str | PathLike[str] | BinaryIO) -> Iterator[WarcPage | Rejected]:
    """Pages of a WARC or ARC file, in order, with everything that was set aside.

    A stream that cannot seek is spooled to a temporary file first. Raises NotAWarc if the file holds no record at all
    and OSError if it cannot be opened; nothing that stands in the file raises.
    """
    with ExitStack() as closing:
        stream = _seekable(stream_or_path, closing)
        where = getattr(stream_or_path, "name", None) or str(stream_or_path)
        form = container(stream)
        if is_arc(stream, form):
            records = arc_records(stream, form, MAX_BLOCK_BYTES)
        else:
            records = _warc_records(stream, _warc_form(stream, where))
        reader = PageReader()
        for record in records:
            if isinstance(record, LostBytes):
                yield Rejected(record.reason, record.url[:200], record.offset, record.length, record.detail)
            elif found := reader.read(record):
                yield found


def _seekable(source: str | PathLike[str] | BinaryIO, closing: ExitStack) -> BinaryIO:
    if isinstance(source, str | PathLike):
        return closing.enter_context(open(source, "rb"))
    if source.seekable():
        return source
    spool: IO[bytes] = closing.enter_context(tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115
    while chunk := source.read(1 << 20):
        spool.write(chunk)
    spool.seek(0)
    return spool  # type: ignore[return-value]


def _warc_form(stream: BinaryIO, where: str) -> str:
    """The container form of a WARC file. Raises NotAWarc."""
    form = form_of(stream)
    salvage = Salvage(stream, form, MAX_BLOCK_BYTES)
    if salvage.first_record() < salvage.size:
        return form
    stream.seek(0)
    raise NotAWarc(
        f"{where} is no WARC or ARC file ({form}, begins with {stream.read(16)!r}); give a .warc, .warc.gz, "
        ".warc.zst or .arc file, such as those of a Common Crawl snapshot"
    )


def _warc_records(stream: BinaryIO, form: str) -> Iterator[RawRecord | LostBytes]:
    salvage = Salvage(stream, form, MAX_BLOCK_BYTES)
    at = skip = 0
    while at < salvage.size:
        went = yield from salvage.step(at, skip)
        at, skip = went.following, 0
        if went.sound and at < salvage.size:
            at, skip = yield from _whole_records(stream, at, salvage)


def _whole_records(stream: BinaryIO, start: int, salvage: Salvage) -> Generator[RawRecord, None, tuple[int, int]]:
    """Records from `start` on for as long as the file is sound and holds a record a member.

    Returns where to go on, and how many records of the member there were given already.
    """
    stream.seek(start)
    given: RawRecord | None = None
    pending: RawRecord | None = None
    try:
        for record in ArchiveIterator(stream, parse_http=False):
            offset = max(start, record.stream_pos)
            if pending is not None:
                if offset <= pending.offset:
                    break  # the reader tells all but the first record of a member the place of the next member
                given = pending.until(offset)
                yield given
            pending = _fast(record, offset)
            if pending is None:
                return _resumption(offset, given, salvage)
    except (OSError, ValueError, OverflowError):  # FastWARC's word for every kind of damage
        pass
    # The last record is left to the careful way, which sees what stands behind it.
    return _resumption(start if pending is None else pending.offset, given, salvage)


def _resumption(offset: int, given: RawRecord | None, salvage: Salvage) -> tuple[int, int]:
    """Where to go on after `given`: at `offset`, or in the very member of `given` if more records are in it."""
    if given is not None and salvage.holds_more(given.offset):
        return given.offset, 1
    return min(offset, salvage.size), 0


def _fast(record: WarcRecord, offset: int) -> RawRecord | None:
    """The record, or None if its head, length or block is not sound (bare-LF heads run into the HTTP head, and a long
    Content-Length into the next record)."""
    headers: dict[str, str] = {}
    for name, value in record.headers.to_tuples():
        headers.setdefault(name.lower(), value)
    kind = headers.get("warc-type", "").lower()
    length = int(record.content_length)
    if not kind.isalpha() or headers.get("content-length") != str(length):
        return None
    if kind not in PAGE_KINDS:
        return RawRecord(kind, headers, b"", offset, 0)
    parts: list[bytes] = []
    left = MAX_BLOCK_BYTES + 1
    while left > 0 and (chunk := record.reader.read(min(left, 1 << 20))):
        parts.append(chunk)
        left -= len(chunk)
    block = parts[0] if len(parts) == 1 else b"".join(parts)
    if (left > 0 and len(block) != length) or b"\nWARC/" in block:
        return None
    if kind == "response" and not block.startswith(b"HTTP/"):
        return None
    return RawRecord(kind, headers, block, offset, 0)


__all__ = ["NotAWarc", "Note", "Rejected", "WarcPage", "read_warc"]
