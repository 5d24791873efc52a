"""Which pages are compared, and which page of a set of duplicates stays and why. Pure rules on arrays; `jobs.dedup` and
`benchmarks/dedup.py` bring pages and bands to them.

Pages are numbered or sorted by rank, best first: most formulas in the text, then the longest text, then the smallest
page_id. A page that stands in an earlier corpus ranks before all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.kernels import kernel

BUCKET_LEADERS = 64
"""A page is compared with the best 64 pages of each of its buckets: a page copied a million times costs 64 million
comparisons, not half a million millions. Buckets up to this size are compared in full."""

COUNTS = 10**10  # of formulas and of characters stay below
FORMULAS_HEAD, RANK_HEAD = 11, 21  # characters of a rank up to its formulas, and before the page_id

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def rank(stands: bool, formulas: int, chars: int, page_id: str) -> str:
    """A text that sorts by rank and ends in the page_id; `jobs.duplicate_frames.rank_column` is the same in Spark."""
    return f"{0 if stands else 1}{COUNTS - 1 - formulas:010d}{COUNTS - 1 - chars:010d}{page_id}"


@dataclass(frozen=True)
class Survivors:
    """The outcome for pages numbered by rank; arrays of shape (pages,)."""

    joined: Integers
    """The page that each one joins: itself where it survives."""
    similarity: Numbers
    """To that page, 1 for itself."""


def choose_survivors(pages: int, better: Integers, worse: Integers, similarity: Numbers) -> Survivors:
    """Decide about pages numbered by rank, given their edges: pairs that are alike, better < worse, shape (edges,).

    Pages are taken from best to worst; a page joins the survivor that it is itself most similar to (the best ranked of
    equally similar ones), and survives where it is like none. So nothing is chained: A ~ B ~ C with A unlike C keeps A
    and C where B is not the best, and every page that goes is like one that stays. 24 bytes an edge, 17 a page.
    """
    order = np.lexsort((better, worse))
    joined, best = _choose(pages, better[order], worse[order], similarity[order])
    return Survivors(joined, best)


def bucket_pairs(buckets: Integers, sizes: Integers, threshold: float, seen: int = 0) -> tuple[Integers, Integers]:
    """Pairs of rows to compare, better and worse, shape (pairs,) each; the same pair may come from several buckets.

    Rows are sorted by bucket, within it by rank; `sizes` are their counts of shingles. Two sets can only reach the
    threshold where the smaller has that share of the larger's size, so other pairs never arise. Pairs among the first
    `seen` rows are left out: they came with an earlier call.
    """
    return _bucket_pairs(buckets, sizes, threshold, seen)  # type: ignore[no-any-return]


def last_leaders(buckets: Integers) -> Integers:
    """The rows that a continuation of the last bucket must be compared with: its best BUCKET_LEADERS."""
    first = int(np.searchsorted(buckets, buckets[-1])) if len(buckets) else 0
    return np.arange(first, min(len(buckets), first + BUCKET_LEADERS))


@kernel
def _choose(pages, better, worse, similarity):  # type: ignore[no-untyped-def]
    joined = np.arange(pages)
    best = np.ones(pages, np.float64)
    for e in range(len(better)):  # sorted by worse: what is better than a page was decided before it
        one, other = better[e], worse[e]
        if joined[one] == one and (joined[other] == other or similarity[e] > best[other]):
            joined[other] = one
            best[other] = similarity[e]
    return joined, best


@kernel
def _bucket_pairs(buckets, sizes, threshold, seen):  # type: ignore[no-untyped-def]
    rows = len(buckets)
    found = 0
    first = np.empty(max(16, rows), np.int64)
    second = np.empty(len(first), np.int64)
    begin = 0
    for row in range(rows):
        if buckets[row] != buckets[begin]:
            begin = row
        if row < seen:
            continue
        for leader in range(begin, min(row, begin + BUCKET_LEADERS)):
            small, large = min(sizes[leader], sizes[row]), max(sizes[leader], sizes[row])
            if small < threshold * large:
                continue
            if found == len(first):
                first = np.concatenate((first, np.empty(found, np.int64)))
                second = np.concatenate((second, np.empty(found, np.int64)))
            first[found] = leader
            second[found] = row
            found += 1
    return first[:found].copy(), second[:found].copy()
