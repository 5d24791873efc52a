"""The compressed members of a crawl file: gzip members, zstd frames, LZ4 frames.

Crawlers store a record a member, so that a record can be read by its offset. Other tools put several records, or the
whole file, into one member, or cut members at fixed sizes. A `Section` is what all of these have in common: the plain
bytes from one member that begins with a record up to the next one that does.
"""

from __future__ import annotations

import tempfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, BinaryIO, cast

import zstandard
from fastwarc.stream_io import Lz4Reader

from jobs.web.lz4_frames import MAGIC as LZ4
from jobs.web.lz4_frames import frame_end

MAX_SECTION_BYTES = 2 << 30
"""Plain bytes taken from one section. What is beyond is counted as too large."""
SPOOL_BYTES = 32 << 20
"""Plain bytes of a section that are held in memory; more go to a temporary file."""
SCAN_BYTES = 1 << 20
PIECE_BYTES = 4 << 10
WIPED_BYTES = 64
HEAD_BYTES = 64
"""Plain bytes that show whether a member begins with a record."""
MAX_BLIND_BYTES = 256 << 10
"""A member that does not begin with a record is taken up after damage only if it is whole and no larger than this."""

GZIP = b"\x1f\x8b\x08"
ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
_MARKS = {"gzip": GZIP, "zstd": ZSTD, "lz4": LZ4}
COMPRESSED = tuple(_MARKS)

WHOLE, CUT, BAD, LARGE = "whole", "cut", "corrupt", "large"
"""How a member ends: as it should; in the middle, with no error so far; in an error; at the caller's limit."""


def container(stream: BinaryIO) -> str:
    """'gzip', 'zstd', 'lz4' or 'plain', by the first bytes."""
    stream.seek(0)
    start = stream.read(4)
    if start.startswith(GZIP):
        return "gzip"
    if start == ZSTD or (start[1:] == _SKIPPABLE and start[0] >> 4 == 5):
        return "zstd"
    return "lz4" if start == LZ4 else "plain"


def size_of(stream: BinaryIO) -> int:
    """Bytes of the stored file."""
    return stream.seek(0, 2)


@dataclass(frozen=True)
class Ending:
    """How reading a member ended: `end` is the byte after it if it is whole, else how far was read."""

    state: str
    end: int


def copy_member(stream: BinaryIO, form: str, offset: int, out: IO[bytes], limit: int, stop: int = -1) -> Ending:
    """Write the plain bytes of the member at `offset` to `out`, at most `limit`, reading no stored byte after `stop`.

    Where a member fails, all that could be decoded before is in `out`, which goes through it twice.
    """
    if form == "lz4":
        return _copy_lz4(stream, offset, out, limit, stop)
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if form == "gzip" else None
    frame = None if inflater else zstandard.ZstdDecompressor().decompressobj()
    # Small pieces in, because a zstd block gives up to 128 KiB for a few bytes.
    piece = PIECE_BYTES if inflater is None or limit <= PIECE_BYTES else 64 << 10
    stream.seek(offset)
    read = written = 0
    try:
        while chunk := stream.read(piece if stop < 0 else min(piece, stop - offset - read)):
            read += len(chunk)
            while chunk and written < limit:
                data = inflater.decompress(chunk, limit - written) if inflater else frame.decompress(chunk)  # type: ignore[union-attr]
                written += out.write(data)
                chunk = inflater.unconsumed_tail if inflater else b""
            done = cast("zlib._Decompress", inflater or frame)
            if done.eof:
                return Ending(WHOLE, offset + read - len(done.unused_data))
            if written >= limit:
                return Ending(LARGE, offset + read)
    except zlib.error:
        _copy_to_error(stream, offset, out, written, limit)
        return Ending(BAD, offset + read)
    except zstandard.ZstdError:
        return Ending(BAD, offset + read)
    return Ending(CUT, offset + read)


def _copy_to_error(stream: BinaryIO, offset: int, out: IO[bytes], written: int, limit: int) -> None:
    """Append what a failing gzip member gives after its first `written` bytes, to the very byte it fails at (zlib keeps
    nothing of the piece in which it finds an error)."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    stream.seek(offset)
    given = 0

    def write(data: bytes) -> None:
        nonlocal given
        out.write(data[max(0, written - given) :])
        given += len(data)

    while (chunk := stream.read(PIECE_BYTES)) and given < limit:
        before = inflater.copy()
        try:
            write(inflater.decompress(chunk))
        except zlib.error:
            for value in chunk:
                try:
                    write(before.decompress(bytes((value,))))
                except zlib.error:
                    return


def _copy_lz4(stream: BinaryIO, offset: int, out: IO[bytes], limit: int, stop: int) -> Ending:
    end = frame_end(stream, offset)
    if end is None:
        return Ending(BAD, offset)
    if end < 0 or (0 <= stop < end):
        return Ending(CUT, offset)
    stream.seek(offset)
    reader = Lz4Reader(BytesIO(stream.read(end - offset)))
    left = limit
    try:
        while left > 0 and (data := reader.read(min(left, 1 << 20))):
            out.write(data)
            left -= len(data)
    except OSError:
        return Ending(BAD, end)
    return Ending(WHOLE if left > 0 else LARGE, end)


def member_start(stream: BinaryIO, form: str, offset: int) -> bytes:
    """The first plain bytes of the member at `offset`, b'' where there is none."""
    out = BytesIO()
    copy_member(stream, form, offset, out, HEAD_BYTES)
    return out.getvalue()


@dataclass(frozen=True)
class Section:
    """Plain bytes that begin with a record, and the stored range they came from."""

    plain: BinaryIO
    size: int
    state: str
    starts: tuple[int, ...] = (0,)
    """Where the bytes of each member begin in `plain`."""
    stored: tuple[int, ...] = ()
    """Where each member begins in the stored file, and where the last one ends; none if `plain` is that file."""

    @property
    def is_file(self) -> bool:
        """Whether a place in the plain bytes is a place in the stored file."""
        return not self.stored

    @property
    def end(self) -> int:
        """The byte after the section in the stored file."""
        return self.size if self.is_file else self.stored[-1]

    def place(self, at: int, end: int) -> tuple[int, int]:
        """Offset and length in the stored file of what holds [at, end) of the plain bytes: whole members."""
        if self.is_file:
            return at, end - at
        first = bisect_right(self.starts, at) - 1
        last = max(first + 1, bisect_left(self.starts, end))
        return self.stored[first], self.stored[last] - self.stored[first]

    def is_seam(self, at: int) -> bool:
        """Whether a member ends at this place of the plain bytes."""
        return at == self.size or self.starts[bisect_left(self.starts, at) % len(self.starts)] == at


class Members:
    """The members of one file. `begins` tells whether plain bytes begin with a record of the file's format."""

    def __init__(self, stream: BinaryIO, form: str, begins: Callable[[bytes], bool]) -> None:
        self.stream = stream
        self.form = form
        self.begins = begins
        self.size = size_of(stream)

    def section(self, offset: int) -> Section:
        """The section at `offset`. Close its `plain` after use."""
        out = cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115
        at, starts, stored = offset, [0], [offset]
        while True:
            ending = copy_member(self.stream, self.form, at, out, MAX_SECTION_BYTES - starts[-1])
            if ending.state != WHOLE:
                if len(starts) > 1 and ending.state != LARGE:  # a member that fails is a section of its own
                    out.seek(starts.pop())
                    out.truncate()
                    ending = Ending(WHOLE, stored.pop())
                    at = ending.end
                break
            at = ending.end
            if at >= self.size or not self.is_member(at):
                break
            if self.begins(member_start(self.stream, self.form, at)):
                break
            starts.append(out.tell())
            stored.append(at)
        if ending.state in (CUT, BAD):
            at, ending = self._bounded(at, ending, out)
        elif ending.state == LARGE:
            at = self.next_start(at + 1)
        return Section(cast(BinaryIO, out), out.tell(), ending.state, tuple(starts), (*stored, max(at, offset + 1)))

    def _bounded(self, at: int, ending: Ending, out: IO[bytes]) -> tuple[int, Ending]:
        """Read the damaged member at `at` again, up to where the next one begins: a member that was cut is no more
        than cut, and what it holds is sound as far as it goes."""
        following = self.next_start(at + 1)
        if following < self.size:
            out.seek(0)
            out.truncate()
            ending = copy_member(self.stream, self.form, at, out, MAX_SECTION_BYTES, following)
        if ending.state == CUT and self._is_wiped(following):
            ending = Ending(BAD, following)
        return following, ending

    def _is_wiped(self, end: int) -> bool:
        """Whether one byte is repeated before `end`: a lost block of a disk, which inflates without an error."""
        self.stream.seek(max(0, end - WIPED_BYTES))
        tail = self.stream.read(WIPED_BYTES)
        return len(tail) == WIPED_BYTES and len(set(tail)) == 1

    def is_member(self, at: int) -> bool:
        """Whether the stored bytes at `at` begin as a member does."""
        self.stream.seek(at)
        mark = self.stream.read(4)
        return mark.startswith(_MARKS[self.form]) or (self.form == "zstd" and mark[1:] == _SKIPPABLE)

    def next_start(self, offset: int) -> int:
        """The first place at or after `offset` where a member with records may begin; the file's size if none does."""
        for found in self._marks(offset):
            start = member_start(self.stream, self.form, found)
            if start and (self.begins(start) or self._is_in_line(found)):
                return found
        return self.size

    def _is_in_line(self, at: int) -> bool:
        """A small whole member with another member or the file's end behind it, so no compressed page inside one."""
        ending = copy_member(self.stream, self.form, at, BytesIO(), MAX_BLIND_BYTES)
        return ending.state == WHOLE and (ending.end == self.size or self.is_member(ending.end))

    def _marks(self, offset: int) -> Iterator[int]:
        mark = _MARKS[self.form]
        for at, window in windows(self.stream, offset, len(mark) - 1):
            found = window.find(mark)
            while found >= 0:
                yield at + found
                found = window.find(mark, found + 1)


def windows(stream: BinaryIO, at: int, overlap: int) -> Iterator[tuple[int, bytes]]:
    """The bytes from `at` on in windows that overlap, small ones first: what is looked for is mostly near, and a file
    that makes a reader look for it at every byte must not cost a large window each time."""
    length = max(PIECE_BYTES, 2 * overlap)
    while True:
        stream.seek(at)
        window = stream.read(length)
        yield at, window
        if len(window) < length:
            return
        at += length - overlap
        length = min(4 * length, SCAN_BYTES)
