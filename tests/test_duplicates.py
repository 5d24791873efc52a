"""Survivors follow from ranks and edges alone; buckets give every pair that may be alike, and a bounded number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.duplicates import BUCKET_LEADERS, Integers, bucket_pairs, choose_survivors, last_leaders, rank

Edges = dict[tuple[int, int], float]


def chosen(pages: int, edges: Edges) -> tuple[list[int], list[float]]:
    better, worse = (np.array([pair[side] for pair in edges], np.int64) for side in (0, 1))
    found = choose_survivors(pages, better, worse, np.array(list(edges.values()), np.float64))
    return found.joined.tolist(), found.similarity.tolist()


def plainly_chosen(pages: int, edges: Edges) -> list[int]:
    """The rule as it reads."""
    joined: list[int] = []
    for page in range(pages):
        survivors = [o for o in range(page) if (o, page) in edges and joined[o] == o]
        joined.append(min(survivors, key=lambda o: (-edges[o, page], o), default=page))
    return joined


def test_formulas_count_before_length_and_length_before_the_id() -> None:
    best_first = [rank(True, 0, 0, "z"), rank(False, 12, 10, "z"), rank(False, 2, 99, "y"), rank(False, 2, 50, "a"),
                  rank(False, 2, 50, "b")]  # fmt: skip
    assert best_first == sorted(best_first)


def test_nothing_is_chained() -> None:
    assert chosen(4, {(0, 1): 0.85, (1, 2): 0.85, (2, 3): 0.85}) == ([0, 0, 2, 2], [1.0, 0.85, 1.0, 0.85])


def test_a_page_joins_the_survivor_it_is_most_like_and_the_best_of_equals() -> None:
    assert chosen(3, {(0, 2): 0.82, (1, 2): 0.97})[0] == [0, 1, 1]
    assert chosen(3, {(0, 2): 0.9, (1, 2): 0.9})[0] == [0, 1, 0]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Edges]:
    pages = draw(st.integers(1, 12))
    pairs = [(a, b) for b in range(pages) for a in range(b)]
    kept = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return pages, {pair: draw(st.sampled_from([0.8, 0.9, 1.0])) for pair in kept}


@settings(deadline=None)  # the first example compiles kernels
@given(graphs())
def test_survivors_are_those_of_the_rule_as_it_reads(graph: tuple[int, Edges]) -> None:
    assert chosen(*graph)[0] == plainly_chosen(*graph)


def pairs_of(buckets: list[int], sizes: list[int], seen: int = 0) -> set[tuple[int, int]]:
    first, second = bucket_pairs(np.array(buckets, np.int64), np.array(sizes, np.int64), 0.8, seen)
    return set(zip(first.tolist(), second.tolist(), strict=True))


def test_rows_of_a_bucket_are_paired_where_their_sizes_allow_it() -> None:
    assert pairs_of([-5, -5, -5, 7, 7, 9], [10, 8, 7, 5, 5, 5]) == {(0, 1), (1, 2), (3, 4)}


def test_a_large_bucket_is_compared_with_its_best_pages_only() -> None:
    assert len(pairs_of([1] * 1000, [5] * 1000)) == BUCKET_LEADERS * (BUCKET_LEADERS - 1) // 2 + BUCKET_LEADERS * (
        1000 - BUCKET_LEADERS
    )


@pytest.mark.parametrize("cut", [1, 3, 64, 65, 90, 129, 199])
def test_a_bucket_that_comes_in_two_batches_gives_the_same_pairs(cut: int) -> None:
    buckets: Integers = np.array([1] * 3 + [2] * 126 + [3] * 71)
    sizes: Integers = np.full(200, 5)
    whole = set(zip(*(s.tolist() for s in bucket_pairs(buckets, sizes, 0.8)), strict=True))
    first = bucket_pairs(buckets[:cut], sizes[:cut], 0.8)
    waiting = last_leaders(buckets[:cut])
    rows = np.concatenate([waiting, np.arange(cut, 200)])
    later = bucket_pairs(buckets[rows], sizes[rows], 0.8, seen=len(waiting))
    parts = [zip(*(s.tolist() for s in first), strict=True), zip(*(rows[s].tolist() for s in later), strict=True)]
    assert {pair for part in parts for pair in part} == whole
    assert sum(len(s[0]) for s in (first, later)) == len(whole), "no pair comes twice"
