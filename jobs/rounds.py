"""What recall rounds read: the pages of every crawl, and the rounds before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobs.lake.catalog import Lake
from jobs.lake.datasets import PAGES, RECALLED, Address, Dataset
from jobs.lake.settings import SettingsError
from jobs.lake.stage import StageError
from jobs.page_frames import pages_of
from jobs.runner import SparkRun

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def crawled_pages(lake: Lake, version: str) -> list[Address]:
    """The pages of all finished crawls of a version. Raises StageError where there are none."""
    found = lake.finished(PAGES, version)
    if not found:
        raise StageError(
            f"there are no pages of version {version} under {lake.storage.address('')}; "
            "run 'make crawl' and 'make pages' first"
        )
    return found


def read_pages(run: SparkRun, version: str, columns: Sequence[str]) -> "DataFrame":
    """Every page of all crawls once; not counted as rows in, because some stages read them twice."""
    return pages_of(run, crawled_pages(run.lake, version), columns).select(*columns)


def count_pages(run: SparkRun, version: str) -> int:
    """Pages of all crawls, as their manifests say; the same page in two crawls counts twice."""
    return sum(run.input(a).rows for a in crawled_pages(run.lake, version))


def before(dataset: Dataset, version: str, round_number: int) -> list[Address]:
    """A dataset's address in the round before; none for round 1."""
    return [dataset.at(version, round_number - 1)] if round_number > 1 else []


def all_before(dataset: Dataset, version: str, round_number: int) -> list[Address]:
    """A dataset's addresses in all rounds before, first round first."""
    return [dataset.at(version, n) for n in range(1, round_number)]


def check_round(round_number: int) -> None:
    """Raises SettingsError for a round that cannot be."""
    if round_number < 1:
        raise SettingsError(f"--round {round_number}: rounds count from 1")


def consecutive_rounds(lake: Lake, version: str) -> list[Address]:
    """The recalled pages of rounds 1, 2, ... that are finished and were each made from the one before.

    Raises StageError where a round is missing or was made from a round before that has since been built again.
    """
    found = lake.finished(RECALLED, version)
    if [a.part for a in found] != [str(n) for n in range(1, len(found) + 1)] or not found:
        have = ", ".join(a.part for a in found) or "none"
        raise StageError(
            f"recalled/{version} holds rounds: {have}; they must run from 1 without a gap, so run "
            "'make recall ROUND=N' for the missing ones"
        )
    for earlier, later in zip(found, found[1:], strict=False):
        made, used = lake.find(earlier), lake.find(later)
        if made and used and used.provenance.inputs.get(str(earlier)) != made.fingerprint:
            raise StageError(
                f"{later} was made from another {earlier} than the one that stands there now; "
                f"build it again with '{later.remedy} ARGS=--replace'"
            )
    return found
