"""How often things occur, in the report's order: most frequent first, ties by name."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.settings import JsonValue

TOP = 12


@dataclass(frozen=True)
class Count:
    """How often something occurs, and its share of all."""

    name: str
    count: int
    share: float


def add(counter: Counter[str], column: pa.Array | pa.ChunkedArray) -> None:
    for entry in pc.value_counts(column).to_pylist():
        counter[entry["values"]] += entry["counts"]


def add_sums(counter: Counter[str], names: pa.Array, numbers: pa.Array) -> None:
    """Add the sum of numbers by name."""
    sums = pa.table({"name": names, "number": numbers}).group_by("name").aggregate([("number", "sum")])
    for name, total in zip(sums["name"].to_pylist(), sums["number_sum"].to_pylist(), strict=True):
        counter[name] += total


def top(counter: Counter[str], limit: int = TOP) -> tuple[Count, ...]:
    """The most frequent, ties by name, and the rest as one."""
    total = sum(counter.values()) or 1
    ordered = in_order(counter.items())
    rest = sum(count for _, count in ordered[limit:])
    listed = [Count(name, count, count / total) for name, count in ordered[:limit]]
    return (*listed, Count(f"{len(ordered) - limit:,} others", rest, rest / total)) if rest else tuple(listed)


def in_order(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(items, key=lambda entry: (-entry[1], entry[0]))


def real(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(value: JsonValue) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
