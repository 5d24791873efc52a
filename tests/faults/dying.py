"""Spark's Python functions made to die: each kills its worker process at its first batch, as the kernel would when
memory runs out.

A file in the folder of deaths is taken by the attempt that dies there, so that an attempt dies once per function and
the next one lives; `times` files let so many attempts die.
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

Batches = Iterator[pa.RecordBatch]


@dataclass
class Deaths:
    """Where and how often workers die, and how often they did."""

    folder: Path
    times: int = 1
    functions: list[str] = field(default_factory=list)

    def at(self, function: Callable[..., Any]) -> "Place":
        self.functions.append(function.__qualname__)
        return Place(f"{self.folder}/{len(self.functions)}", self.times)

    @property
    def died(self) -> int:
        """Workers that died so far."""
        return len(list(self.folder.iterdir()))


@dataclass(frozen=True)
class Place:
    """A function in which workers die."""

    prefix: str
    times: int

    def die(self) -> None:
        """Kill this process, unless as many as wanted died here before."""
        for number in range(self.times):
            try:
                os.close(os.open(f"{self.prefix}-{number}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)


def dying_batches(function: Callable[[Batches], Batches], place: Place) -> Callable[[Batches], Batches]:
    """The function for mapInArrow; its worker dies when it has worked on a batch and asks for more, or at its end."""

    def dying(batches: Batches) -> Batches:
        def watched() -> Batches:
            for batch in batches:
                yield batch
                place.die()
            place.die()

        yield from function(watched())

    return dying


def dying_group(function: Callable[[pa.Table], pa.Table], place: Place) -> Callable[[pa.Table], pa.Table]:
    """The function for applyInArrow; its worker dies with a finished group in its hands."""

    def dying(rows: pa.Table) -> pa.Table:
        made = function(rows)
        place.die()
        return made

    return dying


def let_workers_die(monkeypatch: pytest.MonkeyPatch, deaths: Deaths) -> None:
    """Every Python function that a stage gives to Spark dies as often as `deaths` says."""
    from pyspark.sql.classic.dataframe import DataFrame
    from pyspark.sql.pandas.group_ops import PandasGroupedOpsMixin

    plain_map, plain_apply = DataFrame.mapInArrow, PandasGroupedOpsMixin.applyInArrow

    def map_in_arrow(self: Any, func: Any, *rest: Any, **named: Any) -> Any:
        return plain_map(self, dying_batches(func, deaths.at(func)), *rest, **named)

    def apply_in_arrow(self: Any, func: Any, *rest: Any, **named: Any) -> Any:
        return plain_apply(self, dying_group(func, deaths.at(func)), *rest, **named)

    monkeypatch.setattr(DataFrame, "mapInArrow", map_in_arrow)
    monkeypatch.setattr(PandasGroupedOpsMixin, "applyInArrow", apply_in_arrow)
