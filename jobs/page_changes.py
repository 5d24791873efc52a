"""What differs between two corpora, page by page: rows of CHANGES, from narrow columns of both."""

from typing import TYPE_CHECKING

from jobs import spark_tables
from jobs.lake import tables
from jobs.lake.datasets import CONTAMINATION, CORPUS, DEDUPED, MATH_PAGES, SIGNATURES, Address
from jobs.removed_pages import without_removed
from jobs.runner import SparkRun

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def page_changes(run: SparkRun, before: str, version: str) -> "DataFrame":
    """Rows of CHANGES for every page that only one of the two corpora holds, or that has other words in it.

    Pages are matched by page_id, then by canonical URL; that a text has the same words is read from the signatures.
    """
    from pyspark.sql import functions as f

    old, new = corpus_rows(run, before), corpus_rows(run, version)
    kept = old.join(new.select("page_id", f.col("tokens").alias("now")), "page_id").where("tokens <> now")
    cut = kept.select(
        "page_id", "url", "domain", "crawl", f.lit("changed").alias("change"), f.col("tokens").alias("tokens_before"),
        f.col("now").alias("tokens"), f.col("page_id").alias("page_id_before"),
    )  # fmt: skip
    gone = old.join(new.select("page_id"), "page_id", "left_anti")
    came = new.join(old.select("page_id"), "page_id", "left_anti")
    was = gone.select("address", f.col("page_id").alias("page_id_before"), f.col("tokens").alias("tokens_before"),
                      f.col("copies").alias("copies_before"))  # fmt: skip
    met = came.join(was, "address", "left")
    changed = f.when(f.col("page_id_before").isNull(), "added").when(
        f.col("copies") == f.col("copies_before"), "fetched_again"
    )
    arrived = met.withColumn("change", changed.otherwise("changed")).fillna({"page_id_before": "", "tokens_before": 0})
    left = gone.join(came.select("address"), "address", "left_anti").select(
        "page_id", "url", "domain", "crawl", f.lit("removed").alias("change"), f.col("tokens").alias("tokens_before"),
        f.lit(0).cast("long").alias("tokens"), f.col("page_id").alias("page_id_before"),
    )  # fmt: skip
    columns = left.columns
    stays = arrived.select(*columns).unionByName(cut.select(*columns)).withColumn("reason", f.lit(""))
    return stays.unionByName(with_reasons(run, left, version)).select(*tables.CHANGES.names)


def corpus_rows(run: SparkRun, version: str) -> "DataFrame":
    """The pages of a corpus with canonical URL and a digest of their words, without their texts."""
    corpus = run.read(CORPUS.at(version), columns=["page_id", "url", "domain", "crawl", "tokens"])
    return corpus.join(looked_up(run, SIGNATURES.at(version), ["page_id", "address", "copies"]), "page_id")


def with_reasons(run: SparkRun, gone: "DataFrame", version: str) -> "DataFrame":
    """Why each of these pages is not in the version's corpus: `left` (jobs.remove), what deduplication said of it,
    contaminated, not_recalled, or missing where its text was not found."""
    from pyspark.sql import functions as f

    allowed = without_removed(run, gone).select("page_id", f.lit(True).alias("allowed"))
    verdicts = looked_up(run, DEDUPED.at(version), ["page_id", "survives", "reason"]).withColumnRenamed(
        "reason", "said"
    )
    hits = looked_up(run, CONTAMINATION.at(version), ["page_id"]).distinct().withColumn("hit", f.lit(True))
    recalled = looked_up(run, MATH_PAGES.at(version), ["page_id"]).withColumn("recalled", f.lit(True))
    rows = gone
    for more in (allowed, verdicts, hits, recalled):
        rows = rows.join(more, "page_id", "left")
    reason = (
        f.when(f.col("allowed").isNull(), "left")
        .when(f.col("recalled").isNull(), "not_recalled")
        .when(~f.col("survives"), f.col("said"))
        .when(f.col("hit"), "contaminated")
        .otherwise("missing")
    )
    return rows.select(*gone.columns, reason.alias("reason"))


def looked_up(run: SparkRun, address: Address, columns: list[str]) -> "DataFrame":
    return spark_tables.read(run.spark, run.lake, [address], [run.input(address)], columns)
