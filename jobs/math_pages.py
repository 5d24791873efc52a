"""The mathematical pages of the last round, each with the round that first found it (paper 2.1, step 5).

    python -m jobs.math_pages
    python -m jobs.math_pages --version v2 --base v1

The last round's classifier learned most, so its pages are the corpus; what only an earlier round kept is not added.
With --base there are no rounds: the version goes on from another one (jobs.refreshed_pages).
"""

from dataclasses import dataclass
from functools import reduce

from jobs import rounds, runner
from jobs.lake.catalog import Lake
from jobs.lake.datasets import MATH_PAGES, PAGES, Address
from jobs.lake.settings import SettingsError
from jobs.lake.stage import Stage
from jobs.refreshed_pages import refreshed_pages, standing
from jobs.runner import SparkRun, SparkSettings
from jobs.selection import ROUND_LIMIT


@dataclass(frozen=True)
class MathPages(SparkSettings):
    """Take the last round's pages as the mathematical ones, or go on from another version's."""

    base: str = ""
    """Version to go on from: its pages, and what its last classifier finds in this version's crawls."""

    def __post_init__(self) -> None:
        if self.base == self.version:
            raise SettingsError(f"--base {self.base}: this run itself writes version {self.version}")


def reads(settings: MathPages, lake: Lake) -> list[Address]:
    if settings.base:
        return [*standing(lake, settings.version, settings.base), *lake.finished(PAGES, settings.version)]
    return rounds.consecutive_rounds(lake, settings.version)


def math_pages(settings: MathPages, run: SparkRun) -> None:
    if settings.base:
        found = refreshed_pages(run, standing(run.lake, settings.version, settings.base), settings.version)
        run.write(MATH_PAGES, found, key="page_id")
        return
    from pyspark.sql import functions as F

    addresses = rounds.consecutive_rounds(run.lake, settings.version)
    frames = [
        run.read(a, columns=["page_id", "url", "domain", "score", "tokens"]).withColumn(
            "round", F.lit(int(a.part)).cast("long")
        )
        for a in addresses
    ]
    seen = reduce(lambda some, more: some.unionByName(more), (f.select("page_id", "round") for f in frames))
    first = seen.groupBy("page_id").agg(F.min("round").alias("round"))
    judge_rounds(run, addresses)
    rows = run.write(MATH_PAGES, frames[-1].drop("round").join(first, "page_id"), key="page_id")
    run.drop("of_earlier_rounds", run.rows_in - rows)


def judge_rounds(run: SparkRun, addresses: list[Address]) -> None:
    """Say whether the rounds came to an end, and record it."""
    saturated = bool(run.input(addresses[-1]).figures.get("saturated"))
    run.figure("rounds", len(addresses))
    run.figure("saturated", saturated)
    if saturated:
        run.log(f"round {len(addresses)} found next to nothing new: the rounds are saturated")
    elif len(addresses) >= ROUND_LIMIT:
        run.log(f"{len(addresses)} rounds done, the paper's number; the last still found new pages")
    else:
        more = f"make recall ROUND={len(addresses) + 1}"
        run.log(f"not saturated after {len(addresses)} rounds: another round would find more ({more})")


STAGE = Stage(MathPages, math_pages, writes=lambda s: [MATH_PAGES.at(s.version)], reads=reads)

if __name__ == "__main__":
    runner.run(STAGE)
