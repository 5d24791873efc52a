"""Sets of shingles as sorted 40-bit hashes, packed to about half of what 64-bit hashes take.

A set of n hashes is written as its size and the gaps between them, Golomb-Rice coded in 64-bit words, little-endian:
33 bits a gap at n = 500, against 64 for a plain hash. Two different shingles of a pair of 500-shingle texts share a
hash with probability 2.3e-7, and then the similarity is off by 0.002: as exact as a comparison needs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.kernels import bare_kernel, kernel
from jobs.text.reading import Hashes

HASH_BITS = 40
_WORD_BYTES = 8


def distinct(hashes: Hashes) -> Hashes:
    """64-bit hashes, in any order, shape (n,) -> their upper 40 bits, sorted, each once."""
    return _distinct(np.sort(hashes))  # type: ignore[no-any-return]


def pack(hashes: Hashes) -> bytes:
    """Sorted distinct 40-bit hashes -> bytes; `unpack` gives them back."""
    return _pack(hashes).tobytes()  # type: ignore[no-any-return]


def unpack(packed: bytes) -> Hashes:
    return _unpack(np.frombuffer(packed, np.uint64))  # type: ignore[no-any-return]


def jaccard(a: Hashes, b: Hashes) -> float:
    """Shared / all of two sorted sets of shingles; two empty sets are not alike."""
    return float(_jaccard(a, b))


def packed_jaccard(ones: pa.Array, others: pa.Array) -> npt.NDArray[np.float64]:
    """`jaccard` of packed sets, pair by pair: two binary arrays without nulls, shape (n,) -> (n,)."""
    return _packed_jaccard(*_buffers(ones), *_buffers(others))  # type: ignore[no-any-return]


def _buffers(array: pa.Array) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """The words of packed sets and where each set begins, with the end of the last; shapes (words,), (n + 1,)."""
    array = array.cast(pa.large_binary())
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1] // _WORD_BYTES
    if data is None:
        return np.empty(0, np.uint64), starts
    return np.frombuffer(data, np.uint64, count=data.size // _WORD_BYTES), starts


@kernel
def _distinct(ordered):  # type: ignore[no-untyped-def]
    out = np.empty(len(ordered), np.uint64)
    count = 0
    for value in ordered:
        short = value >> np.uint64(64 - HASH_BITS)
        if count == 0 or out[count - 1] != short:
            out[count] = short
            count += 1
    return out[:count].copy()


@bare_kernel
def _low_bits(count):  # type: ignore[no-untyped-def]
    """How many bits of a gap are written as they are: the gaps of `count` hashes are 2**40 / count on average."""
    bits = HASH_BITS
    while count > 1:
        count >>= 1
        bits -= 1
    return max(bits - 1, 0)


@kernel
def _pack(hashes):  # type: ignore[no-untyped-def]
    count = len(hashes)
    low = _low_bits(count)
    out = np.zeros(3 + (count * (low + 1) + (1 << (HASH_BITS - low))) // 64, np.uint64)
    out[0] = count
    at = 64
    before = np.uint64(0)
    for value in hashes:
        gap = value - before
        before = value
        at += int(gap >> np.uint64(low))  # that many zeros, then a one
        out[at >> 6] |= np.uint64(1) << np.uint64(at & 63)
        at += 1
        rest, shift = gap & ((np.uint64(1) << np.uint64(low)) - np.uint64(1)), at & 63
        out[at >> 6] |= rest << np.uint64(shift)
        if shift + low > 64:
            out[(at >> 6) + 1] |= rest >> np.uint64(64 - shift)
        at += low
    return out[: (at + 63) >> 6].copy()


@kernel
def _unpack(packed):  # type: ignore[no-untyped-def]
    count = np.int64(packed[0])
    low = _low_bits(count)
    mask = (np.uint64(1) << np.uint64(low)) - np.uint64(1)
    out = np.empty(count, np.uint64)
    at = 64
    value = np.uint64(0)
    for i in range(count):
        while not (packed[at >> 6] >> np.uint64(at & 63)) & np.uint64(1):
            value += mask + np.uint64(1)
            at += 1
        at += 1
        shift = at & 63
        if low:  # the last bit of the last set may be the last of its word
            rest = packed[at >> 6] >> np.uint64(shift)
            if shift + low > 64:
                rest |= packed[(at >> 6) + 1] << np.uint64(64 - shift)
            value += rest & mask
        at += low
        out[i] = value
    return out


@kernel
def _jaccard(a, b):  # type: ignore[no-untyped-def]
    i, j, shared = 0, 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            shared += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    together = len(a) + len(b) - shared
    return shared / together if together else 0.0


@kernel
def _packed_jaccard(ones, one_starts, others, other_starts):  # type: ignore[no-untyped-def]
    out = np.empty(len(one_starts) - 1, np.float64)
    a = np.empty(0, np.uint64)
    for row in range(len(out)):
        a = _unpack(ones[one_starts[row] : one_starts[row + 1]])
        b = _unpack(others[other_starts[row] : other_starts[row + 1]])
        out[row] = _jaccard(a, b)
    return out
