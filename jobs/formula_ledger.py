"""The formula ledger of a crawl: for each domain, the formulas its pages hold and those that were printed, by kind.

Extraction quality as a number for each site: a template that the extractor does not understand shows here as a domain
whose recovery is low, long before anybody reads its pages.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.lake.storage import Storage

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

COLUMNS = ["domain", "formulas_seen", "formulas_kept", "formula_kinds_seen", "formula_kinds", "over_limit"]
TALLY = pa.schema(
    [("domain", pa.string()), ("kind", pa.string())]
    + [(name, pa.int64()) for name in ("pages", "seen", "kept", "over_limit")]
)
TALLY_SPARK = "domain string, kind string, pages long, seen long, kept long, over_limit long"
ALL_KINDS = ""


def formula_ledger(spark: "SparkSession", uri: str, files: Sequence[str], tasks: int) -> "DataFrame":
    """Rows of FORMULA_LEDGER from the Parquet files of a crawl's pages, named below the lake's root `uri`."""
    from pyspark.sql import functions as F

    names = spark.createDataFrame(pa.table({"name": list(files)})).repartition(tasks)
    tallies = names.mapInArrow(tally_files(uri), TALLY_SPARK)
    counts = tallies.groupBy("domain", "kind").agg(
        *(F.sum(name).alias(name) for name in ("pages", "seen", "kept", "over_limit"))
    )

    def kinds(count: str) -> "Column":
        found = F.when((F.col("kind") != ALL_KINDS) & (F.col(count) > 0), F.struct("kind", count))
        return F.map_from_entries(F.array_sort(F.collect_list(found)))

    def total(count: str) -> "Column":
        return F.sum(F.when(F.col("kind") == ALL_KINDS, F.col(count)).otherwise(0))

    ledger = counts.groupBy("domain").agg(
        total("pages").alias("pages"), total("over_limit").alias("pages_over_limit"),
        total("seen").alias("formulas_seen"), total("kept").alias("formulas_kept"),
        kinds("seen").alias("kinds_seen"), kinds("kept").alias("kinds_kept"),
    )  # fmt: skip
    share = F.when(F.col("formulas_seen") > 0, F.col("formulas_kept") / F.col("formulas_seen"))
    return ledger.withColumn("recovery", share)


def tally_files(uri: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does: the tally of each named file of pages, read column by column, never the texts."""

    def tallies(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for name in batch.column("name").to_pylist():
                with storage.open_input(name) as stream:
                    yield from tally(pq.read_table(stream, columns=COLUMNS)).to_batches()

    return tallies


def tally(pages: pa.Table) -> pa.Table:
    """Counts by domain and kind, and by domain with kind ALL_KINDS; columns as TALLY."""
    whole = pa.table({
        "domain": pages["domain"], "kind": pa.array([ALL_KINDS] * len(pages), pa.string()),
        "pages": pa.array([1] * len(pages), pa.int64()), "seen": pages["formulas_seen"],
        "kept": pages["formulas_kept"], "over_limit": pc.cast(pages["over_limit"], pa.int64()),
    })  # fmt: skip
    parts = [whole, _by_kind(pages, "formula_kinds_seen", "seen"), _by_kind(pages, "formula_kinds", "kept")]
    names = ("pages", "seen", "kept", "over_limit")
    sums = pa.concat_tables(p.cast(TALLY) for p in parts).group_by(["domain", "kind"])
    found = sums.aggregate([(name, "sum") for name in names])
    found = found.rename_columns([name.removesuffix("_sum") for name in found.column_names])
    return found.select(TALLY.names).cast(TALLY)


def _by_kind(pages: pa.Table, column: str, count: str) -> pa.Table:
    """A row for each kind of each page; only `count` is not zero."""
    maps = pages[column].combine_chunks()
    maps = maps.chunk(0) if isinstance(maps, pa.ChunkedArray) and maps.num_chunks else maps
    if isinstance(maps, pa.ChunkedArray):
        return TALLY.empty_table()
    lengths = pc.subtract(maps.offsets[1:], maps.offsets[:-1])
    rows = pa.array([row for row, length in enumerate(lengths.to_pylist()) for _ in range(length)], pa.int64())
    zeros = pa.array([0] * len(rows), pa.int64())
    values = dict.fromkeys(("pages", "seen", "kept", "over_limit"), zeros) | {count: maps.items}
    return pa.table({"domain": pages["domain"].combine_chunks().take(rows), "kind": maps.keys, **values})
