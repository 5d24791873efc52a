"""Near-duplicates: sets of word 5-grams, and MinHash bands that bring similar texts together.

Bands only propose; the sets decide (`jobs.text.shingle_sets`), and `jobs.text.masked_numbers` tells exercises that
differ only in their numbers, which are never joined.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from jobs.kernels import kernel
from jobs.text.folding import folded_points
from jobs.text.masked_numbers import Masked, read_words
from jobs.text.ngrams import gram_hashes
from jobs.text.reading import Hashes
from jobs.text.shingle_sets import distinct

SHINGLE = 5
PERMUTATIONS = 128
RECALL_WEIGHT = 0.9
"""Weight of a missed pair against a useless candidate when datasketch chooses the bands: every candidate is checked
against the shingles themselves, so a useless one costs time, a missed one a duplicate in the corpus."""
BELOW = 0.1
"""The bands are chosen for a threshold this much lower: at 0.8 itself they then bring 99.8% of the pairs together,
against 87% (128 permutations)."""


@dataclass(frozen=True)
class Sketch:
    """What is kept of a text to compare it with others."""

    shingles: Hashes
    """Sorted, each once: 40-bit hashes of word 5-grams; a text of fewer words is one shingle."""
    bands: Hashes
    """One hash a band; texts that share one are candidates. Shape (bands,)."""
    masked: Masked

    @property
    def copies(self) -> int:
        """Equal for texts with the same shingles, wording and numbers: copies of one page; 63 bits."""
        data = self.shingles.tobytes() + b"%d %d" % (self.masked.wording, self.masked.numbers)
        return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True)
class Banding:
    """How a signature is cut: `bands` slices of `rows` values."""

    bands: int
    rows: int

    @classmethod
    @cache
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
    hashes, masked = read_words(folded_points(text))
    shingles = distinct(gram_hashes(hashes, min(SHINGLE, max(1, len(hashes)))))
    bands = _band_hashes(signature(shingles), banding.bands, banding.rows)
    return Sketch(shingles, bands, masked)


def signature(shingles: Hashes) -> npt.NDArray[np.uint32]:
    """MinHash values, shape (PERMUTATIONS,): the share of equal values estimates the Jaccard similarity."""
    return _signature(shingles, _MULTIPLIERS, _OFFSETS)


def _permutations() -> tuple[Hashes, Hashes]:
    """Multipliers (odd) and offsets of the hash family (a x + b) >> 32; fixed, as signatures must agree everywhere."""
    draws = np.random.default_rng(2402_03300).integers(0, 2**63, size=(2, PERMUTATIONS), dtype=np.uint64)
    return draws[0] * np.uint64(2) + np.uint64(1), draws[1]


_MULTIPLIERS, _OFFSETS = _permutations()


@kernel
def _signature(shingles, multipliers, offsets):  # type: ignore[no-untyped-def]
    values = np.full(len(multipliers), 0xFFFFFFFF, np.uint32)
    for shingle in shingles:
        for k in range(len(multipliers)):
            value = np.uint32((shingle * multipliers[k] + offsets[k]) >> np.uint64(32))
            values[k] = min(values[k], value)
    return values


@kernel
def _band_hashes(values, bands, rows):  # type: ignore[no-untyped-def]
    out = np.empty(bands, np.uint64)
    for band in range(bands):
        value = np.uint64(band + 1)
        for k in range(band * rows, (band + 1) * rows):
            value = (value ^ np.uint64(values[k])) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(32)
        out[band] = value
    return out
