"""The pages of all crawls as one Spark frame, a row for each page."""

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from jobs import spark_tables
from jobs.lake.datasets import PAGES, Address
from jobs.removed_pages import without_removed
from jobs.runner import SparkRun

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ORDER = ("fetched_at", "warc_path", "warc_offset")


def pages_of(run: SparkRun, addresses: Sequence[Address], columns: Sequence[str]) -> "DataFrame":
    """The given columns and `crawl` of the pages at these addresses; they are looked up, so not counted as rows in.

    The same payload at the same URL has the same page_id in every crawl: the page as it was fetched last stays. What
    has left (jobs.remove) is not among them.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    wanted = list(dict.fromkeys(["page_id", *columns]))
    read = list(dict.fromkeys([*wanted, "url", "domain", *ORDER]))
    frames = [
        spark_tables.read(run.spark, run.lake, [a], [run.input(a)], read).withColumn("crawl", f.lit(a.part))
        for a in addresses
    ] or [run.spark.createDataFrame([], spark_tables.to_spark(PAGES.schema)).withColumn("crawl", f.lit(""))]
    frame = without_removed(run, reduce(lambda one, other: one.unionByName(other), frames))
    if len(frames) > 1:  # within one crawl jobs.pages leaves each page_id once
        last = Window.partitionBy("page_id").orderBy(f.col("fetched_at").desc_nulls_last(), "crawl", *ORDER[1:])
        frame = frame.withColumn("_row", f.row_number().over(last)).where("_row = 1")
    return frame.select(*wanted, "crawl")
