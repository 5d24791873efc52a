"""Packed sets come back as they were and compare as sets do, at about half the bytes."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.text.shingle_sets import HASH_BITS, distinct, jaccard, pack, packed_jaccard, unpack

hashes = st.lists(st.integers(0, 2**HASH_BITS - 1) | st.integers(0, 40), max_size=80).map(
    lambda values: np.array(sorted(set(values)), np.uint64)
)


@settings(deadline=None)  # the first example compiles kernels
@given(hashes)
def test_a_set_comes_back_as_it_was(values: np.ndarray) -> None:
    assert np.array_equal(unpack(pack(values)), values)


def test_the_ends_of_the_range_come_back() -> None:
    for values in ([], [0], [2**HASH_BITS - 1], [0, 2**HASH_BITS - 1], list(range(1000))):
        assert unpack(pack(np.array(values, np.uint64))).tolist() == values


@settings(deadline=None)  # the first example compiles kernels
@given(st.lists(st.tuples(hashes, hashes), max_size=6))
def test_packed_sets_compare_as_sets_do(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    ones, others = (pa.array([pack(pair[side]) for pair in pairs], pa.binary()) for side in (0, 1))
    expected = []
    for one, other in pairs:
        a, b = set(one.tolist()), set(other.tolist())
        expected.append(len(a & b) / len(a | b) if a | b else 0.0)
        assert jaccard(one, other) == expected[-1]
    assert packed_jaccard(ones, others).tolist() == expected
    assert packed_jaccard(ones.slice(1), others.slice(1)).tolist() == expected[1:], "a slice of an Arrow array"


def test_500_shingles_take_33_bits_each() -> None:
    values = distinct(np.random.default_rng(1).integers(0, 2**63, 500, dtype=np.uint64) * np.uint64(2))
    assert len(values) == 500 and 8 * len(pack(values)) / 500 < 33.6


def test_distinct_hashes_keep_their_upper_bits() -> None:
    low = 64 - HASH_BITS
    found = distinct(np.array([5 << low, (5 << low) + 1, 3 << low, 2**64 - 1], np.uint64))
    assert found.tolist() == [3, 5, 2**HASH_BITS - 1]
