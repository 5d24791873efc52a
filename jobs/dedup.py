"""python -m jobs.dedup: which mathematical pages are the same page twice (paper 2.1, step 2).

First by address: of one canonical URL the page fetched last stays. Then by text: MinHash brings pages together whose
word 5-grams may agree, the 5-grams themselves decide. Left out on purpose: passages that pages share (navigation,
quotations), and a scale at which the pairs of near-duplicates outgrow the driver (some ten million).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs import runner
from jobs.duplicates import Candidate, Edge, Verdict, choose_survivors
from jobs.lake.catalog import Lake, Publication
from jobs.lake.datasets import DEDUPED, MATH_PAGES, PAGES, Address
from jobs.lake.settings import SettingsError
from jobs.lake.stage import Stage
from jobs.page_frames import pages_of
from jobs.spark_tables import to_spark
from jobs.text.minhash import BELOW, Banding, jaccard, only_numbers_differ, sketch
from jobs.web.urls import canonical_url

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterator[pa.RecordBatch]

BUCKET_LEADERS = 64
"""A page is compared with the best 64 pages of each of its buckets: a page copied a million times costs 64 million
comparisons, not half a million millions. Buckets up to this size are compared in full."""

SKETCHES = pa.schema([
    ("page_id", pa.string()), ("url", pa.string()), ("address", pa.string()),
    ("fetched_at", pa.timestamp("us", tz="UTC")), ("formulas", pa.int64()), ("chars", pa.int64()),
    ("wording", pa.int64()), ("numbers", pa.int64()), ("shingles", pa.binary()), ("bands", pa.list_(pa.int64())),
])  # fmt: skip
COMPARED = pa.schema([
    ("one", pa.string()), ("one_formulas", pa.int64()), ("one_chars", pa.int64()),
    ("other", pa.string()), ("other_formulas", pa.int64()), ("other_chars", pa.int64()),
    ("similarity", pa.float64()), ("only_numbers_differ", pa.bool_()),
])  # fmt: skip
VERDICTS = pa.schema([
    ("page_id", pa.string()), ("cluster", pa.string()), ("similarity", pa.float64()), ("reason", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class Dedup(runner.SparkSettings):
    """Find duplicates among the mathematical pages: by address, then near-duplicates by text."""

    threshold: float = 0.8
    """Jaccard similarity of word 5-grams from which two pages are one."""

    def __post_init__(self) -> None:
        if not BELOW < self.threshold <= 1:
            raise SettingsError(f"--threshold {self.threshold}: a Jaccard similarity above {BELOW} and up to 1")


def reads(settings: Dedup, lake: Lake) -> list[Address]:
    crawls = lake.finished(PAGES, settings.version) or [PAGES.at(settings.version, "sample")]
    return [MATH_PAGES.at(settings.version), *crawls]


def dedup(settings: Dedup, run: runner.SparkRun) -> None:
    from pyspark.sql import Observation
    from pyspark.sql import functions as f

    banding = Banding.for_threshold(settings.threshold)
    chosen = run.read(MATH_PAGES.at(settings.version), columns=["page_id"])
    crawls = [a for a in reads(settings, run.lake) if a.dataset is PAGES]
    pages = pages_of(run, crawls, ["url", "fetched_at", "formulas_kept", "text"]).join(chosen, "page_id")
    sketches = with_address_winner(pages.mapInArrow(sketcher(banding), to_spark(SKETCHES))).cache()
    winners = sketches.where(f.col("page_id") == f.col("winner"))
    compared = Observation()
    pairs = candidate_pairs(winners).observe(compared, f.count(f.lit(1)).alias("pairs"))
    alike = compare(pairs, winners).where(f"similarity >= {settings.threshold}").toArrow()
    edges = alike.filter(pc.invert(alike["only_numbers_differ"]))
    verdicts = choose_survivors(_edges(edges))
    run.write(DEDUPED, decided(sketches, _verdict_frame(run, verdicts)), key="page_id")
    sketches.unpersist()

    reasons = written_reasons(run.output(DEDUPED))
    run.drop("page_missing", run.rows_in - reasons.total())
    run.figure("reasons", dict(sorted(reasons.items())))
    run.figure("survivors", reasons.total() - reasons["same_url"] - reasons["near_duplicate"])
    run.figure("bands", f"{banding.bands} x {banding.rows}")
    run.figure("compared_pairs", compared.get["pairs"])
    run.figure("kept_apart_by_numbers", alike.num_rows - edges.num_rows)


def written_reasons(publication: Publication) -> Counter[str]:
    """How many pages have each reason, read back from what was written."""
    found: Counter[str] = Counter()
    for file in publication.files:
        with publication.lake.storage.open_input(publication.name(file.name)) as stream:
            found.update(pq.read_table(stream, columns=["reason"])["reason"].to_pylist())
    return found


def sketcher(banding: Banding) -> Callable[[Batches], Batches]:
    """What a task does: reduce pages to what comparisons need."""

    def run_sketches(batches: Batches) -> Batches:
        for batch in batches:
            rows = []
            for page in batch.to_pylist():
                found = sketch(page["text"], banding)
                rows.append({
                    "page_id": page["page_id"], "url": page["url"],
                    "address": canonical_url(page["url"]) or page["url"], "fetched_at": page["fetched_at"],
                    "formulas": page["formulas_kept"], "chars": len(page["text"]),
                    "wording": found.wording, "numbers": found.numbers,
                    "shingles": found.shingles.tobytes(), "bands": found.bands.view("int64"),
                })  # fmt: skip
            yield pa.RecordBatch.from_pylist(rows, SKETCHES)

    return run_sketches


def with_address_winner(sketches: "DataFrame") -> "DataFrame":
    """Adds `winner`: of the pages with one canonical address the one fetched last, then the smallest page_id."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    newest = Window.partitionBy("address").orderBy(f.col("fetched_at").desc_nulls_last(), "page_id")
    return sketches.withColumn("winner", f.first("page_id").over(newest)).withColumn(
        "same_address", f.count("page_id").over(Window.partitionBy("address"))
    )


def candidate_pairs(sketches: "DataFrame") -> "DataFrame":
    """(one, other): pages that share a band, the better ranked first, each pair once."""
    from pyspark.sql import functions as f

    rank = f.struct((-f.col("formulas")).alias("f"), (-f.col("chars")).alias("c"), f.col("page_id"))
    buckets = (
        sketches.select(rank.alias("page"), f.posexplode("bands").alias("band", "hash"))
        .groupBy("band", "hash")
        .agg(f.sort_array(f.collect_list("page")).alias("pages"))
        .where(f.size("pages") > 1)
    )
    return (
        buckets.select(
            f.slice("pages", 1, BUCKET_LEADERS).alias("leaders"), f.posexplode("pages").alias("place", "page")
        )
        .select("place", "page", f.posexplode("leaders").alias("leader_place", "leader"))
        .where("leader_place < place")
        .select(f.col("leader.page_id").alias("one"), f.col("page.page_id").alias("other"))
        .distinct()
    )


def compare(pairs: "DataFrame", sketches: "DataFrame") -> "DataFrame":
    """The exact Jaccard similarity of pairs (one, other), and whether they differ in nothing but numbers."""
    from pyspark.sql import functions as f

    columns = ("formulas", "chars", "wording", "numbers", "shingles")
    for side in ("one", "other"):
        of_side = sketches.select(f.col("page_id").alias(side), *(f.col(c).alias(f"{side}_{c}") for c in columns))
        pairs = pairs.join(of_side, side)
    return pairs.mapInArrow(compare_batches, to_spark(COMPARED))


def compare_batches(batches: Batches) -> Batches:
    """What a task does: compare the shingles of pairs."""
    import numpy as np

    for batch in batches:
        rows = []
        for p in batch.to_pylist():
            one, other = (np.frombuffer(p[f"{s}_shingles"], np.uint64) for s in ("one", "other"))
            rows.append({
                **{name: p[name] for name in COMPARED.names if name in p},
                "similarity": jaccard(one, other),
                "only_numbers_differ": only_numbers_differ(
                    (p["one_wording"], p["other_wording"]), (p["one_numbers"], p["other_numbers"])
                ),
            })  # fmt: skip
        yield pa.RecordBatch.from_pylist(rows, COMPARED)


def decided(sketches: "DataFrame", verdicts: "DataFrame") -> "DataFrame":
    """A row of DEDUPED for every page: its verdict, its address winner's verdict, or none needed."""
    from pyspark.sql import functions as f

    of_winner = verdicts.withColumnRenamed("page_id", "winner")
    joined = sketches.join(of_winner, "winner", "left").withColumn("cluster", f.coalesce("cluster", "winner"))
    won, alone = f.col("page_id") == f.col("winner"), f.coalesce("reason", f.lit("unique"))
    newest = (alone == "unique") & (f.col("same_address") > 1)
    best = joined.where(won).select(
        "page_id", "url", "cluster",
        (f.col("cluster") == f.col("page_id")).alias("survives"),
        f.coalesce("similarity", f.lit(1.0)).alias("similarity"),
        f.when(newest, "newest").otherwise(alone).alias("reason"),
    )  # fmt: skip
    older = joined.where(~won).select(f.col("cluster").alias("one"), f.col("page_id").alias("other"))
    older = compare(older, sketches).select(
        f.col("other").alias("page_id"), f.col("one").alias("cluster"), f.lit(False).alias("survives"), "similarity",
        f.lit("same_url").alias("reason"),
    )  # fmt: skip
    return best.unionByName(older.join(sketches.select("page_id", "url"), "page_id"))


def _edges(table: pa.Table) -> Iterator[Edge]:
    for row in table.to_pylist():
        yield Edge(
            Candidate(row["one"], row["one_formulas"], row["one_chars"]),
            Candidate(row["other"], row["other_formulas"], row["other_chars"]),
            row["similarity"],
        )


def _verdict_frame(run: runner.SparkRun, verdicts: list[Verdict]) -> "DataFrame":
    table = pa.Table.from_pylist([vars(v) for v in verdicts], VERDICTS)
    return run.spark.createDataFrame(table)


STAGE = Stage(Dedup, dedup, reads=reads, writes=lambda settings: [DEDUPED.at(settings.version)])

if __name__ == "__main__":
    runner.run(STAGE)
