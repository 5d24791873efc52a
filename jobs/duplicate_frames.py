"""Duplicates as Spark frames: which page of an address, which pages to compare, how alike they are, which go.

A page is named by its rank (`jobs.duplicates.rank`): a text that sorts best first and ends in the page_id. Nothing that
grows with the crawl is held in the driver: it takes at most EDGES_IN_DRIVER undecided pairs.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jobs.duplicates import COUNTS, FORMULAS_HEAD, RANK_HEAD, bucket_pairs, choose_survivors, last_leaders
from jobs.spark_tables import to_spark

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Batches = Iterator[pa.RecordBatch]

EDGES_IN_DRIVER = 500_000
"""Undecided pairs at which the driver takes over from Spark's rounds: some 100 MB."""
ROUNDS = 30
"""Rounds in Spark at most; a round decides all pages with no undecided better one beside them, so that only a chain of
60 pages, each better than the next, needs more. The driver decides what is left."""

PAIRS = pa.schema([("better", pa.string()), ("worse", pa.string())])
COMPARED = pa.schema([*PAIRS, ("similarity", pa.float64()), ("only_numbers_differ", pa.bool_())])


def rank_column(stands: bool) -> "Column":
    """`jobs.duplicates.rank` of the columns formulas, chars and page_id."""
    from pyspark.sql import functions as f

    def place(name: str) -> "Column":
        return f.lpad((f.lit(COUNTS - 1) - f.col(name)).cast("string"), 10, "0")

    return f.concat(f.lit("0" if stands else "1"), place("formulas"), place("chars"), "page_id")


def page_of(rank: str) -> "Column":
    """The page_id that a rank ends in."""
    from pyspark.sql import functions as f

    return f.expr(f"substring({rank}, {RANK_HEAD + 1})")


def why_it_stays() -> "Column":
    """The rule that put `rank` before `second`, the next of its cluster: most_formulas, longest or smallest_id; unique
    where there is no second."""
    from pyspark.sql import functions as f

    def differ(characters: int) -> "Column":
        return f.substring("rank", 1, characters) != f.substring("second", 1, characters)

    return (
        f.when(f.col("second").isNull(), "unique")
        .when(differ(FORMULAS_HEAD), "most_formulas")
        .when(differ(RANK_HEAD), "longest")
        .otherwise("smallest_id")
    )


def address_winners(pages: "DataFrame") -> "DataFrame":
    """(rank, winner, same_address): of the pages of one canonical address the one fetched last wins, then the smallest
    page_id; `same_address` counts them."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    of_address = Window.partitionBy("address")
    newest = of_address.orderBy(f.col("fetched_at").desc_nulls_last(), "page_id")
    return pages.select(
        "rank",
        f.first("rank").over(newest).alias("winner"),
        f.count("rank").over(of_address).alias("same_address"),
    )


def copy_leaders(pages: "DataFrame") -> "DataFrame":
    """Adds `leader`: the best of the pages with the same shingles and numbers. Only leaders need be compared: their
    copies are like the same pages, and like them."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    return pages.withColumn("leader", f.min("rank").over(Window.partitionBy("copies")))


def candidate_pairs(leaders: "DataFrame", threshold: float) -> "DataFrame":
    """Pairs (better, worse) of pages that share a band and whose sizes allow the threshold, each once. Pages that
    stand are not compared with each other."""
    from pyspark.sql import functions as f

    buckets = leaders.select(f.explode("bands").alias("bucket"), "rank", "size")
    pairs = buckets.repartition("bucket").sortWithinPartitions("bucket", "rank")
    return pairs.mapInArrow(pair_finder(threshold), to_spark(PAIRS)).distinct()


def pair_finder(threshold: float) -> Callable[[Batches], Batches]:
    """What a task does: pair the pages of each bucket. Holds a batch and the leaders of the bucket it ends in."""

    def find_pairs(batches: Batches) -> Batches:
        waiting: pa.RecordBatch | None = None
        for batch in filter(len, batches):
            rows = pa.concat_batches([waiting, batch]) if waiting is not None else batch
            buckets = rows.column("bucket").to_numpy()
            seen = waiting.num_rows if waiting is not None else 0
            better, worse = bucket_pairs(buckets, rows.column("size").to_numpy(), threshold, seen)
            ranks = rows.column("rank")
            found = pa.RecordBatch.from_arrays([ranks.take(pa.array(better)), ranks.take(pa.array(worse))], PAIRS.names)
            yield found.filter(pc.starts_with(found.column("worse"), "1"))
            waiting = rows.take(pa.array(last_leaders(buckets)))

    return find_pairs


def compare(pairs: "DataFrame", signatures: "DataFrame") -> "DataFrame":
    """COMPARED: the exact Jaccard similarity of pairs, and whether they differ in nothing but numbers."""
    from pyspark.sql import functions as f

    for side in ("better", "worse"):
        of_side = signatures.select(
            f.col("rank").alias(side), *(f.col(c).alias(f"{side}_{c}") for c in ("shingles", "wording", "numbers"))
        )
        pairs = pairs.join(of_side, side)
    return pairs.mapInArrow(compare_batches, to_spark(COMPARED))


def compare_batches(batches: Batches) -> Batches:
    """What a task does: compare the shingles of pairs."""
    from jobs.text.shingle_sets import packed_jaccard

    for batch in batches:
        similarity = packed_jaccard(batch.column("better_shingles"), batch.column("worse_shingles"))
        same_wording = pc.equal(batch.column("better_wording"), batch.column("worse_wording"))
        other_numbers = pc.not_equal(batch.column("better_numbers"), batch.column("worse_numbers"))
        apart = pc.and_(same_wording, other_numbers)
        columns = [batch.column("better"), batch.column("worse"), pa.array(similarity), apart]
        yield pa.RecordBatch.from_arrays(columns, schema=COMPARED)


def removed_pages(edges: "DataFrame", edges_in_driver: int = EDGES_IN_DRIVER) -> "tuple[DataFrame, int]":
    """The ranks (column `worse`) of the pages that go, as `choose_survivors` decides, and the rounds it took in Spark.

    A page with no undecided better page beside it stays, and whatever is like it goes; again with what is left.
    """
    undecided = edges.select("better", "worse").persist()
    gone: list[DataFrame] = []
    while undecided.count() > edges_in_driver and len(gone) < ROUNDS:
        worse = undecided.select("worse").distinct()
        heads = undecided.join(worse.withColumnRenamed("worse", "better"), "better", "left_anti")
        goes = heads.select("worse").distinct().persist()
        without = undecided.join(heads.select("better").distinct(), "better", "left_anti")
        without = without.join(goes.withColumnRenamed("worse", "better"), "better", "left_anti")
        rest = without.join(goes, "worse", "left_anti").select("better", "worse").persist()
        rest.count()
        undecided.unpersist()
        undecided = rest
        gone.append(goes)
    last = edges.sparkSession.createDataFrame(pa.table({"worse": removed_here(undecided.toArrow())}))
    undecided.unpersist()
    for goes in gone:
        last = last.unionByName(goes)
    return last, len(gone)


def removed_here(pairs: pa.Table) -> pa.Array:
    """The same decision in this process: columns better and worse -> the ranks that go, sorted."""
    import numpy as np

    ranks = pc.unique(pa.chunked_array([*pairs["better"].chunks, *pairs["worse"].chunks], pa.string()))
    ranks = ranks.take(pc.sort_indices(ranks))
    better, worse = (pc.index_in(pairs[side], ranks).to_numpy().astype(np.int64) for side in PAIRS.names)
    found = choose_survivors(len(ranks), better, worse, np.ones(len(better)))
    return ranks.filter(pa.array(found.joined != np.arange(len(ranks))))


def joined_survivors(edges: "DataFrame", removed: "DataFrame") -> "DataFrame":
    """(worse, better, similarity): the survivor that each page that goes is most like, the best of equals."""
    from pyspark.sql import functions as f

    to_survivors = edges.join(removed.withColumnRenamed("worse", "better"), "better", "left_anti")
    best = f.min(f.struct((-f.col("similarity")).alias("unlike"), "better")).alias("best")
    return to_survivors.groupBy("worse").agg(best).select(
        "worse", f.col("best.better").alias("better"), (-f.col("best.unlike")).alias("similarity")
    )  # fmt: skip
