"""Words and their n-grams as 64-bit hashes, and an index that finds where texts share n-grams.

Words: NFKC, casefolded, maximal runs of letters and digits; every Chinese or Japanese character is a word of its own.
A hash only says where to look: two n-grams are equal when their words are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

RUN, ALONE = 1, 2  # classes of characters: part of a run, a word of its own; 0 is dropped
ALONE_RANGES = (
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),  # Han
    (0x20000, 0x3FFFF),
)  # fmt: skip

GRAM = 10
"""A page with any 10-gram of a benchmark text is contaminated (paper 2.1)."""
SHORTEST_WHOLE = 3
"""Benchmark texts of 3 to 9 words count where they occur as a whole, shorter ones never (paper 2.1)."""


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
    points = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    hashes, starts, ends = _split(points, _classes())
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
def _mix(value):  # type: ignore[no-untyped-def]
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


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
        hashes[count] = _mix(value)
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


@dataclass(frozen=True)
class Match:
    """A run of words that a text shares with an indexed text."""

    text: int
    """The indexed text's number."""
    start: int
    """First word, in the text that was searched."""
    words: int

    @property
    def rule(self) -> str:
        """The rule that condemns: ngram_10 or whole_3_to_9 (paper 2.1)."""
        return f"ngram_{GRAM}" if self.words == GRAM else f"whole_{SHORTEST_WHOLE}_to_{GRAM - 1}"


@dataclass(frozen=True)
class GramIndex:
    """The n-grams of many texts, ordered by hash; built once, then only read."""

    texts: tuple[Words, ...]
    lengths: tuple[int, ...]
    """The lengths n that occur."""
    grams: Hashes
    owners: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    table: Hashes
    """The same hashes in open addressing: most words of a page are turned away here."""
    too_short: int
    """Texts that are never searched for."""

    @classmethod
    def build(cls, texts: Sequence[str]) -> GramIndex:
        """Index texts by the paper's rule: 10-grams of longer texts, texts of 3 to 9 words as a whole."""
        split = tuple(words(text) for text in texts)
        sizes = [min(len(w), GRAM) for w in split]
        grams = [
            gram_hashes(w.hashes, n) if n >= SHORTEST_WHOLE else w.hashes[:0] for w, n in zip(split, sizes, strict=True)
        ]
        owners = np.repeat(np.arange(len(split), dtype=np.int32), [len(g) for g in grams])
        places = np.concatenate([np.arange(len(g), dtype=np.int32) for g in grams] or [np.empty(0, np.int32)])
        joined = np.concatenate(grams or [np.empty(0, np.uint64)])
        order = np.argsort(joined, kind="stable")
        return cls(
            split,
            tuple(sorted({n for n in sizes if n >= SHORTEST_WHOLE})),
            joined[order],
            owners[order],
            places[order],
            _table(joined),
            sum(n < SHORTEST_WHOLE for n in sizes),
        )

    def matches(self, page: Words) -> list[Match]:
        """The first run that a page shares with each indexed text, by the order of the indexed texts."""
        found: dict[int, Match] = {}
        for n in self.lengths:
            grams = gram_hashes(page.hashes, n)
            for start in np.flatnonzero(_contains(self.table, grams)).tolist():
                self._verify(page, start, n, grams[start], found)
        return [found[text_number] for text_number in sorted(found)]

    def _verify(self, page: Words, start: int, n: int, gram: np.uint64, found: dict[int, Match]) -> None:
        first, last = np.searchsorted(self.grams, gram, side="left"), np.searchsorted(self.grams, gram, side="right")
        joined = ""
        for owner, place in zip(self.owners[first:last].tolist(), self.places[first:last].tolist(), strict=True):
            if owner not in found and min(len(self.texts[owner]), GRAM) == n:
                joined = joined or page.joined(start, n)
                if self.texts[owner].joined(place, n) == joined:
                    found[owner] = Match(owner, start, n)


def _table(grams: Hashes) -> Hashes:
    size = 1 << max(4, (2 * len(grams)).bit_length())
    table = np.zeros(size, np.uint64)
    _fill(table, grams)
    return table


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fill(table, grams):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(table) - 1)
    for gram in grams:
        place = (gram >> np.uint64(7)) & mask
        while table[place] != 0 and table[place] != gram:
            place = (place + np.uint64(1)) & mask
        table[place] = gram


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _contains(table, grams):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(table) - 1)
    found = np.zeros(len(grams), np.bool_)
    for i in range(len(grams)):
        place = (grams[i] >> np.uint64(7)) & mask
        while table[place] != 0:
            if table[place] == grams[i]:
                found[i] = True
                break
            place = (place + np.uint64(1)) & mask
    return found
