"""Charts stay inside their box and say nothing where there is nothing."""

import math

import pytest

from jobs.report.charts import Interval, Series, histogram, interval_chart, line_chart, nice_steps, short


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.93, 0.99), (-3e-5, 2e-4), (1, 50_000), (7, 8), (-12.5, -0.1)])
def test_steps_are_round_and_cover_the_range(low: float, high: float) -> None:
    steps = nice_steps(low, high)
    assert steps[0] <= low
    assert steps[-1] >= high
    assert 2 <= len(steps) <= 12
    gap = steps[1] - steps[0]
    assert round(gap / 10 ** math.floor(math.log10(gap * 1.000001)), 6) in (1, 2, 5)


def test_a_line_stays_in_its_box_and_skips_what_is_not_finite() -> None:
    chart = line_chart("loss", [Series("loss", ((1, 9.0), (2, math.inf), (3, math.nan), (4, 1.5)))])
    assert chart is not None
    (line,) = chart.lines
    assert len(line.dots) == 2
    for x, y in line.dots:
        assert chart.box.left <= x <= chart.box.right
        assert chart.box.top <= y <= chart.box.bottom


def test_a_constant_line_has_a_place() -> None:
    chart = line_chart("rate", [Series("rate", ((1, 0.0), (2, 0.0)))])
    assert chart is not None
    assert "nan" not in chart.lines[0].path


def test_nothing_to_draw_is_no_chart() -> None:
    assert line_chart("loss", [Series("loss", ())]) is None
    assert line_chart("loss", [Series("loss", ((1, math.nan),))]) is None
    assert histogram("scores", (), 0.5) is None
    assert histogram("scores", (0, 0), 0.5) is None
    assert interval_chart("accuracy", ()) is None


def test_columns_above_the_threshold_are_told_apart() -> None:
    chart = histogram("scores", (100, 10, 1, 0), 0.5)
    assert chart is not None
    assert [c.above for c in chart.columns] == [False, False, True, True]
    heights = [c.height for c in chart.columns]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == 0
    assert chart.cut == pytest.approx((chart.box.left + chart.box.right) / 2)


def test_intervals_keep_their_order_from_low_to_high() -> None:
    chart = interval_chart("accuracy", [Interval("after sft", 0.4, 0.3, 0.5)])
    assert chart is not None
    (row,) = chart.rows
    assert chart.box.left < row.low < row.at < row.high <= chart.box.right


def test_tick_labels_are_short() -> None:
    assert [short(v) for v in (0, 0.25, 1500, 2e6, 4e10)] == ["0", "0.25", "1.5k", "2M", "40G"]
