"""What earlier versions of the corpus hold, by their stored signatures: their texts are not read again.

An earlier corpus stays as it is. A record it has seen (same URL, same payload) is unchanged and goes without a look at
its text; a page that is like one that stands there goes too. An address alone decides nothing across versions: the
earlier corpus cannot give up its older copy, so a page that has become another text is new. What has left since
(jobs.remove) stands nowhere: its copies elsewhere may come in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from jobs import spark_tables
from jobs.duplicate_frames import rank_column
from jobs.lake.datasets import DEDUPED, SIGNATURES, Address
from jobs.lake.stage import StageError
from jobs.removed_pages import without_removed
from jobs.runner import SparkRun

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SIGNED_AS = "signed_as"
"""Figure of a SIGNATURES manifest: what must agree for signatures to be compared."""


def earlier_addresses(versions: Sequence[str]) -> list[Address]:
    return [dataset.at(version) for version in versions for dataset in (SIGNATURES, DEDUPED)]


@dataclass(frozen=True)
class EarlierVersions:
    """Frames over the pages of earlier versions; a page_id stands for one record, whatever version it is in."""

    signatures: "DataFrame"
    """SIGNATURES with `rank`, of the pages that stand there."""
    records: "DataFrame"
    """(url, content_digest, cluster, similarity) of every record seen there."""

    @classmethod
    def read(cls, run: SparkRun, versions: Sequence[str], signed_as: str) -> "EarlierVersions":
        """Raises StageError where signatures were made in another way, so that nothing could be compared."""
        from pyspark.sql import Window
        from pyspark.sql import functions as f

        if not versions:
            empty = run.spark.createDataFrame([], spark_tables.to_spark(SIGNATURES.schema))
            decided = run.spark.createDataFrame([], spark_tables.to_spark(DEDUPED.schema))
            nothing = empty.join(decided.drop("url"), "page_id").withColumn("version", f.lit(0))
            of_versions = [nothing.where(f.lit(False))]  # so that the optimiser cuts off whatever is joined to it
        else:
            of_versions = [_version(run, v, n, signed_as) for n, v in enumerate(versions)]
        pages = reduce(lambda some, more: some.unionByName(more), of_versions)
        if len(versions) > 1:
            first = Window.partitionBy("page_id").orderBy("version")
            pages = pages.withColumn("_row", f.row_number().over(first)).where("_row = 1").drop("_row")
        found = f.min(f.struct("version", "page_id", "cluster", "similarity")).alias("found")
        records = pages.groupBy("url", "content_digest").agg(found)
        return cls(
            pages.where("survives").withColumn("rank", rank_column(stands=True)),
            records.select("url", "content_digest", "found.cluster", "found.similarity"),
        )


def _version(run: SparkRun, version: str, number: int, signed_as: str) -> "DataFrame":
    from pyspark.sql import functions as f

    address, decided = SIGNATURES.at(version), DEDUPED.at(version)
    theirs = run.input(address).figures.get(SIGNED_AS)
    if theirs != signed_as:
        raise StageError(
            f"{run.name}: --earlier {version}: {address} was signed as {theirs!r}, this run signs as {signed_as!r} "
            "(threshold, bands, a digest of the hashes); run jobs.dedup for that version again with --replace and this "
            "--threshold, or leave it out"
        )
    every = spark_tables.read(run.spark, run.lake, [address], [run.input(address)])
    columns = ["page_id", "survives", "cluster", "similarity"]
    verdicts = spark_tables.read(run.spark, run.lake, [decided], [run.input(decided)], columns)
    signatures = without_removed(run, every)
    if signatures is not every:  # nor do pages that gave way to one that has left
        gone = every.join(signatures, "page_id", "left_anti").select(f.col("page_id").alias("cluster"))
        verdicts = verdicts.join(gone, "cluster", "left_anti")
    return signatures.join(verdicts, "page_id").withColumn("version", f.lit(number))
