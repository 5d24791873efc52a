"""Words of a text and their n-grams as 64-bit hashes.

Words: NFKC, casefolded, maximal runs of letters and digits; every Chinese or Japanese character is a word of its own.
Decontamination reads texts in its own ways: see jobs.text.maths_reading and jobs.text.plain_reading.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt

from jobs.text.reading import Hashes, code_points, mix

RUN, ALONE = 1, 2  # classes of characters: part of a run, a word of its own; 0 is dropped
ALONE_RANGES = (
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),  # Han
    (0x20000, 0x3FFFF),
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """The words of a text: shape (n,) each."""

    folded: str
    hashes: Hashes
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.hashes)

    def joined(self, start: int, count: int) -> str:
        """Words start .. start + count with one space between them."""
        stop = start + count
        return " ".join(self.folded[a:b] for a, b in zip(self.starts[start:stop], self.ends[start:stop], strict=True))


def words(text: str) -> Words:
    """Split a text into words and hash each."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    hashes, starts, ends = _split(code_points(folded), _classes())
    return Words(folded, hashes, starts, ends)


def gram_hashes(hashes: Hashes, n: int) -> Hashes:
    """Hash of every run of n words, shape (words - n + 1,), empty for shorter texts."""
    return _grams(hashes, n)


@lru_cache(maxsize=1)
def _classes() -> npt.NDArray[np.uint8]:
    """Class of every code point."""
    classes = np.fromiter((chr(c).isalnum() for c in range(0x110000)), dtype=np.uint8, count=0x110000)
    for first, last in ALONE_RANGES:
        classes[first : last + 1] *= ALONE
    return classes


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _split(points, classes):  # type: ignore[no-untyped-def]
    size = len(points)
    hashes = np.empty(size, np.uint64)
    starts = np.empty(size, np.int32)
    ends = np.empty(size, np.int32)
    count, i = 0, 0
    while i < size:
        kind = classes[points[i]]
        if kind == 0:
            i += 1
            continue
        start = i
        value = np.uint64(0xCBF29CE484222325)
        while True:
            value = (value ^ np.uint64(points[i])) * np.uint64(0x100000001B3)
            i += 1
            if kind == ALONE or i == size or classes[points[i]] != RUN:
                break
        hashes[count] = mix(value)
        starts[count] = start
        ends[count] = i
        count += 1
    return hashes[:count].copy(), starts[:count].copy(), ends[:count].copy()


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _grams(hashes, n):  # type: ignore[no-untyped-def]
    count = max(0, len(hashes) - n + 1)
    grams = np.empty(count, np.uint64)
    for i in range(count):
        value = np.uint64(n)
        for k in range(n):
            value = (value ^ hashes[i + k]) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(32)
        grams[i] = value if value != 0 else np.uint64(1)  # 0 marks a free place in the index's table
    return grams
