"""Intervals and curves."""

import pytest

from jobs.report.model_figures import POINTS, thinned, wilson


def test_wilson_agrees_with_published_values() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20 by the score method."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_wilson_mirrors_and_stays_a_share() -> None:
    low, high = wilson(7, 10)
    assert wilson(3, 10) == pytest.approx((1 - high, 1 - low))
    assert wilson(10, 10)[1] == pytest.approx(1)


def test_a_long_curve_is_thinned_to_means() -> None:
    points = [(float(n), float(n % 2)) for n in range(1, 10_001)]
    curve = thinned(points)
    assert len(curve) <= POINTS
    assert curve[-1][0] == 10_000
    assert all(y == pytest.approx(0.5, abs=0.02) for _, y in curve)


def test_a_short_curve_is_kept_as_it_is() -> None:
    points = [(1.0, 3.0), (2.0, 1.0)]
    assert thinned(points) == tuple(points)
    assert thinned([]) == ()
