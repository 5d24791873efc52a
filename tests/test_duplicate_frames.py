"""Spark's rounds and the driver take the same decision; ranks are those of the plain rule."""

import numpy as np
import pytest

from jobs.duplicate_frames import EDGES_IN_DRIVER, rank_column, removed_pages
from jobs.duplicates import choose_survivors, rank
from jobs.lake.settings import RunOptions
from jobs.runner import session

pytestmark = pytest.mark.spark


def test_a_rank_is_the_same_in_spark() -> None:
    pages = [(0, 0, "a" * 16), (7, 12345, "b" * 16), (123456, 5000000, "c" * 16)]
    frame = session(RunOptions()).createDataFrame(pages, "formulas long, chars long, page_id string")
    for stands in (True, False):
        found = [row[0] for row in frame.select(rank_column(stands)).collect()]
        assert found == [rank(stands, *page) for page in pages]


def test_rounds_in_spark_end_where_the_driver_ends() -> None:
    random = np.random.default_rng(3)
    pages = 60
    pairs = {(int(a), int(b)) for a, b in np.sort(random.integers(0, pages, (70, 2))) if a != b}
    pairs |= {(i, i + 1) for i in range(40, 49)}  # a chain, best first
    edges = session(RunOptions()).createDataFrame(
        [(f"1{a:03d}", f"1{b:03d}", 0.9) for a, b in pairs], "better string, worse string, similarity double"
    )
    better, worse = (np.array([p[side] for p in sorted(pairs)], np.int64) for side in (0, 1))
    joined = choose_survivors(pages, better, worse, np.ones(len(better))).joined
    expected = {f"1{page:03d}" for page in np.flatnonzero(joined != np.arange(pages))}
    rounds = []
    for limit in (EDGES_IN_DRIVER, 20, 0):
        removed, taken = removed_pages(edges, limit)
        assert sorted(row[0] for row in removed.collect()) == sorted(expected)
        rounds.append(taken)
    assert rounds[0] == 0 < rounds[1] < rounds[2]
