"""Near-duplicates: sets of word 5-grams, MinHash bands that bring similar texts together, exact Jaccard to decide.

Numbers are words like others, so sheets of exercises that share a template are less alike than their wording; and two
texts that agree but for their numbers are never joined at all: another number is another exercise. Dates are no numbers
in this sense, or every copy of a page with another "last updated" would be a page of its own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from jobs.text.ngrams import Hashes, gram_hashes, words

SHINGLE = 5
PERMUTATIONS = 128
RECALL_WEIGHT = 0.9
"""Weight of a missed pair against a useless candidate when datasketch chooses the bands: every candidate is checked
against the shingles themselves, so a useless one costs time, a missed one a duplicate in the corpus."""
BELOW = 0.1
"""The bands are chosen for a threshold this much lower: at 0.8 itself they then bring 99.8% of the pairs together,
against 87% (128 permutations)."""

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"  # noqa: E501
_DATE = re.compile(
    rf"""
    \b\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}\b (?:[T\ ]\d{{1,2}}:\d\d(?::\d\d)?)?      # 2026-11-22, with a time of day
    | \b\d{{1,2}}([-/.])\d{{1,2}}\2\d{{4}}\b
    | \d{{4}}\s?年\s?\d{{1,2}}\s?月 (?:\s?\d{{1,2}}\s?日)?
    | \b{_MONTH}\s+ (?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)? \d{{4}}\b                  # November 22nd, 2026
    | \b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+\d{{4}}\b
    | (?:©|\(c\)|copyright)\s*\d{{4}} (?:\s*[-–]\s*\d{{4}})?
    """,
    re.I | re.X,
)
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
AROUND_YEAR = 24  # characters: "September 22nd, " before a year, "-11-22 10:30:00" behind it
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Sketch:
    """What is kept of a text to compare it with others."""

    shingles: Hashes
    """Sorted, each once: hashes of word 5-grams; a text of fewer words is one shingle."""
    bands: Hashes
    """One hash a band; texts that share one are candidates. Shape (bands,)."""
    wording: int
    """Digest of the words with numbers masked and dates left out, 63 bits."""
    numbers: int
    """Digest of the sequence of numbers, dates left out, 63 bits."""


@dataclass(frozen=True)
class Banding:
    """How a signature is cut: `bands` slices of `rows` values."""

    bands: int
    rows: int

    @classmethod
    def for_threshold(cls, threshold: float) -> Banding:
        """The cut that datasketch finds best for a Jaccard threshold, above BELOW and up to 1."""
        from datasketch import MinHashLSH

        weights = (1 - RECALL_WEIGHT, RECALL_WEIGHT)
        lsh = MinHashLSH(threshold=threshold - BELOW, num_perm=PERMUTATIONS, weights=weights)
        return cls(lsh.b, lsh.r)

    def recall(self, similarity: float) -> float:
        """Probability that two texts of a Jaccard similarity become candidates."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


def sketch(text: str, banding: Banding) -> Sketch:
    """Everything that deduplication needs of one text."""
    split = words(text)
    shingles = np.unique(gram_hashes(split.hashes, min(SHINGLE, max(1, len(split)))))
    undated = without_dates(text)
    return Sketch(
        shingles,
        _band_hashes(signature(shingles), banding.bands, banding.rows),
        _digest(words(_NUMBER.sub("0", undated)).hashes.tobytes()),
        _digest(" ".join(_NUMBER.findall(undated)).encode()),
    )


def signature(shingles: Hashes) -> npt.NDArray[np.uint32]:
    """MinHash values, shape (PERMUTATIONS,): the share of equal values estimates the Jaccard similarity."""
    return _signature(shingles, _MULTIPLIERS, _OFFSETS)


def jaccard(a: Hashes, b: Hashes) -> float:
    """Shared / all of two sorted sets of shingles; two empty sets are not alike."""
    shared = _shared(a, b)
    together = len(a) + len(b) - shared
    return shared / together if together else 0.0


def only_numbers_differ(wording: tuple[int, int], numbers: tuple[int, int]) -> bool:
    """Two texts, given by their digests, say the same with other numbers: two exercises, never one page twice."""
    return wording[0] == wording[1] and numbers[0] != numbers[1]


def without_dates(text: str) -> str:
    """The text with dates cut out. Only the surroundings of four-digit numbers are looked at: the pattern is slow."""
    kept, last = [], 0
    for year in _YEAR.finditer(text):
        if year.start() >= last:
            date = _DATE.search(text, max(last, year.start() - AROUND_YEAR), year.end() + AROUND_YEAR)
            if date:
                kept.append(text[last : date.start()])
                last = date.end()
    return " ".join([*kept, text[last:]])


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


def _permutations() -> tuple[Hashes, Hashes]:
    """Multipliers (odd) and offsets of the hash family (a x + b) >> 32; fixed, as signatures must agree everywhere."""
    draws = np.random.default_rng(2402_03300).integers(0, 2**63, size=(2, PERMUTATIONS), dtype=np.uint64)
    return draws[0] * np.uint64(2) + np.uint64(1), draws[1]


_MULTIPLIERS, _OFFSETS = _permutations()


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _signature(shingles, multipliers, offsets):  # type: ignore[no-untyped-def]
    values = np.full(len(multipliers), 0xFFFFFFFF, np.uint32)
    for shingle in shingles:
        for k in range(len(multipliers)):
            value = np.uint32((shingle * multipliers[k] + offsets[k]) >> np.uint64(32))
            values[k] = min(values[k], value)
    return values


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _band_hashes(values, bands, rows):  # type: ignore[no-untyped-def]
    out = np.empty(bands, np.uint64)
    for band in range(bands):
        value = np.uint64(band + 1)
        for k in range(band * rows, (band + 1) * rows):
            value = (value ^ np.uint64(values[k])) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(32)
        out[band] = value
    return out


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shared(a, b):  # type: ignore[no-untyped-def]
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
    return shared
