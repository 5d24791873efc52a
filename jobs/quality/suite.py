"""What is expected of a dataset: rules on its rows, rules on its figures, and how both are measured.

Great Expectations takes ten seconds to import, so a suite names its expectations and `validation` makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from jobs.lake.datasets import Dataset

Severity = Literal["critical", "warning"]
Figures = dict[str, float | int | None]
"""Name -> a number about the whole dataset; None where it does not apply (no formulas, so no recovery)."""


@dataclass(frozen=True)
class Rule:
    """One expectation: Great Expectations' name for it, its arguments, what a failure means for the dataset."""

    expectation: str
    arguments: dict[str, Any]
    meaning: str
    severity: Severity = "critical"

    @property
    def column(self) -> str:
        """The column, or both columns, that it is about."""
        names = [self.arguments[k] for k in ("column", "column_A", "column_B") if k in self.arguments]
        return ", ".join(names)


@dataclass(frozen=True)
class Suite:
    """All that is expected of one dataset."""

    dataset: Dataset
    columns: tuple[str, ...]
    """Columns to read."""
    measure: Callable[[pa.RecordBatch], pa.RecordBatch]
    """The columns as read -> the columns that rules look at; page texts become lengths here."""
    summarise: Callable[[pa.Table], Figures]
    """All measured rows -> figures."""
    row_rules: tuple[Rule, ...]
    figure_rules: tuple[Rule, ...]
    named_by: tuple[str, str] = ("page_id", "url")
    """Two measured columns that tell people which row broke a rule."""
    worst_first: str = ""
    """A measured column: rows stand in its falling order, so that the worst come first among the samples."""
    chosen: str = (
        "those with the smallest page_ids: page_id is a hash, so they are a random sample, and rows of one page_id are "
        "checked together"
    )
    """Which rows are checked where not all are."""
    figure: str = "quality"
    """The figure of the run that holds the result."""


def unique(column: str, meaning: str) -> Rule:
    return Rule("ExpectColumnValuesToBeUnique", {"column": column}, meaning)


def present(column: str, meaning: str) -> Rule:
    return Rule("ExpectColumnValuesToNotBeNull", {"column": column}, meaning)


def matches(column: str, regex: str, meaning: str, severity: Severity = "critical") -> Rule:
    return Rule("ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex}, meaning, severity)


def between(
    column: str, meaning: str, low: float | None = None, high: float | None = None, severity: Severity = "critical"
) -> Rule:
    """Values from `low` to `high`, both included; None leaves a side open."""
    limits = {k: v for k, v in (("min_value", low), ("max_value", high)) if v is not None}
    return Rule("ExpectColumnValuesToBeBetween", {"column": column, **limits}, meaning, severity)


def no_more_than(smaller: str, larger: str, meaning: str) -> Rule:
    """In each row `smaller` <= `larger`."""
    arguments = {"column_A": larger, "column_B": smaller, "or_equal": True}
    return Rule("ExpectColumnPairValuesAToBeGreaterThanB", arguments, meaning)
