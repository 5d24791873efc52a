"""Intervals and curves."""

import pyarrow as pa
import pytest

from jobs.lake.catalog import Lake
from jobs.lake.datasets import EVALUATIONS
from jobs.lake.manifest import Provenance
from jobs.report.inputs import Inputs
from jobs.report.model_figures import POINTS, accuracies, thinned, wilson


def test_wilson_agrees_with_published_values() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20 by the score method."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_wilson_mirrors_and_stays_a_share() -> None:
    low, high = wilson(0.7, 10)
    assert wilson(0.3, 10) == pytest.approx((1 - high, 1 - low))
    assert wilson(1.0, 10)[1] == pytest.approx(1)


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


def test_several_answers_to_a_question_do_not_narrow_the_interval(lake: Lake) -> None:
    rows = [
        dict.fromkeys(EVALUATIONS.schema.names, "x")  # type: ignore[union-attr]
        | {"benchmark": "b", "item": str(item), "mode": mode, "correct": item % 2 == 0}
        for mode, answers in (("cot", 1), ("sample", 4))
        for item in range(10)
        for _ in range(answers)
    ]
    address = EVALUATIONS.at("v1", "sft")
    publication = lake.begin(address, Provenance("t", {}, {}, {}))
    assert publication is not None
    publication.write_table("part-00000.parquet", pa.Table.from_pylist(rows, EVALUATIONS.schema))
    once, often = accuracies(Inputs(lake, "v1", {str(address): publication.finish()}))
    assert (once.answers, often.answers) == (10, 40)
    assert (once.questions, once.low, once.high) == (often.questions, often.low, often.high)
