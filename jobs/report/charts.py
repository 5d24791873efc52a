"""Charts as geometry: numbers in, places in pixels and labels out. Templates draw them and escape labels.

All are inline SVG of the report's own: a picture of a plotting library would be ten times the size and not searchable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 5
FEW = 12  # points that are marked one by one
TONES = 4  # colours in style.css


@dataclass(frozen=True)
class Series:
    """A named line: (x, y) points in the order of x."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in pixels."""

    at: float
    label: str


@dataclass(frozen=True)
class Box:
    """The plotting area in pixels, y growing downwards."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Line:
    """A line to draw: an SVG path, dots on its points where they are few, its name, its colour's number."""

    name: str
    path: str
    dots: tuple[tuple[float, float], ...]
    tone: int


@dataclass(frozen=True)
class LineChart:
    title: str
    note: str
    width: int
    height: int
    box: Box
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Column:
    """One bin of a histogram, in pixels; `above` the threshold it has another colour."""

    x: float
    y: float
    width: float
    height: float
    above: bool
    label: str


@dataclass(frozen=True)
class Histogram:
    title: str
    note: str
    width: int
    height: int
    box: Box
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]
    cut: float | None
    """Where the threshold stands, in pixels."""


@dataclass(frozen=True)
class Interval:
    """A value with its interval, as shares from 0 to 1."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class IntervalRow:
    """An interval in pixels."""

    label: str
    value_label: str
    y: float
    at: float
    low: float
    high: float
    tone: int


@dataclass(frozen=True)
class IntervalChart:
    title: str
    note: str
    width: int
    height: int
    box: Box
    x_ticks: tuple[Tick, ...]
    rows: tuple[IntervalRow, ...]


def line_chart(title: str, series: Sequence[Series], note: str = "") -> LineChart | None:
    """Lines over a common x axis of whole numbers (steps, rounds); None where no series has a finite point."""
    finite = [Series(s.name, tuple(p for p in s.points if math.isfinite(p[1]))) for s in series]
    drawn = [s for s in finite if s.points]
    if not drawn:
        return None
    width, height, box = 318, 190, Box(48, 8, 302, 166)
    xs, ys = ([p[axis] for s in drawn for p in s.points] for axis in (0, 1))
    x_low, x_high = _widened(min(xs), max(xs))
    steps = nice_steps(*_widened(min(ys), max(ys)))
    y_low, y_high = min(steps[0], min(ys)), max(steps[-1], max(ys))

    def x_at(value: float) -> float:
        return _round(box.left + (value - x_low) / (x_high - x_low) * (box.right - box.left))

    def y_at(value: float) -> float:
        return _round(box.bottom - (value - y_low) / (y_high - y_low) * (box.bottom - box.top))

    lines = tuple(
        Line(
            name=s.name,
            path="M" + "L".join(f"{x_at(x)} {y_at(y)}" for x, y in s.points),
            dots=tuple((x_at(x), y_at(y)) for x, y in s.points) if len(s.points) <= FEW else (),
            tone=number % TONES,
        )
        for number, s in enumerate(drawn)
    )
    whole = [v for v in nice_steps(x_low, x_high) if x_low <= v <= x_high and float(v).is_integer()]
    x_ticks = tuple(Tick(x_at(v), short(v)) for v in whole)
    return LineChart(title, note, width, height, box, x_ticks, tuple(Tick(y_at(v), short(v)) for v in steps), lines)


def histogram(title: str, counts: Sequence[int], threshold: float | None, note: str = "") -> Histogram | None:
    """Counts in equal bins from 0 to 1 on a logarithmic scale; None where there is nothing to show."""
    if not counts or not any(counts):
        return None
    width, height, box = 318, 180, Box(48, 8, 302, 156)
    step, top = (box.right - box.left) / len(counts), math.log10(max(counts) + 1)

    def y_at(count: float) -> float:
        return _round(box.bottom - math.log10(count + 1) / top * (box.bottom - box.top))

    columns = tuple(
        Column(
            x=_round(box.left + i * step + 0.5),
            y=y_at(count),
            width=_round(max(step - 1, 0.5)),
            height=_round(box.bottom - y_at(count)),
            above=threshold is not None and (i + 0.5) / len(counts) >= threshold,
            label=f"{i / len(counts):.2f} to {(i + 1) / len(counts):.2f}: {count:,}",
        )
        for i, count in enumerate(counts)
    )
    powers = [10**n for n in range(int(math.log10(max(counts))) + 1)]
    x_ticks = tuple(Tick(_round(box.left + v * (box.right - box.left)), f"{v:g}") for v in (0, 0.25, 0.5, 0.75, 1))
    cut = None if threshold is None else _round(box.left + min(max(threshold, 0), 1) * (box.right - box.left))
    y_ticks = tuple(Tick(y_at(p), short(p)) for p in powers)
    return Histogram(title, note, width, height, box, x_ticks, y_ticks, columns, cut)


def interval_chart(title: str, intervals: Sequence[Interval], note: str = "") -> IntervalChart | None:
    """Shares with their intervals, one below the other; None where there are none."""
    if not intervals:
        return None
    row, left = 26, 150
    box = Box(left, 8, 660, 8 + row * len(intervals))
    top = min(1.0, max(0.1, math.ceil(max(i.high for i in intervals) * 10) / 10))

    def x_at(share: float) -> float:
        return _round(box.left + share / top * (box.right - box.left))

    rows = tuple(
        IntervalRow(
            i.label,
            f"{100 * i.value:.1f}%",
            box.top + row * (n + 0.5),
            x_at(i.value),
            x_at(i.low),
            x_at(i.high),
            n % TONES,
        )
        for n, i in enumerate(intervals)
    )
    ticks = tuple(Tick(x_at(v), f"{100 * v:g}%") for v in nice_steps(0, top) if v <= top)
    return IntervalChart(title, note, 740, int(box.bottom) + 24, box, ticks, rows)


def nice_steps(low: float, high: float) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, from at most `low` to at least `high`."""
    raw = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def short(value: float) -> str:
    """A tick's label: 12000 -> 12k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _widened(low: float, high: float) -> tuple[float, float]:
    """A range that has a width: equal ends move apart."""
    if high > low:
        return low, high
    margin = abs(low) * 0.1 or 1.0
    return low - margin, high + margin


def _round(value: float) -> float:
    return round(value, 1)
