"""How many pages each domain lost to duplicates, and which domains lost suspiciously many.

A site that loses most of its pages is either a copy of another, or its addresses or its texts were read wrongly: a
parameter taken for tracking that chooses the page, a template in which only the navigation was extracted.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LEAST_PAGES = 20
"""Domains with fewer pages raise no alarm: of a site of five, three copies of its front page are no sign."""


def domain_losses(decided: "DataFrame", pages: "DataFrame", earlier: "DataFrame") -> "DataFrame":
    """Rows of DOMAIN_LOSSES. `decided`: rows of DEDUPED; `pages`: page_id, domain, tokens of the same pages; `earlier`:
    page_id and domain of pages of earlier versions, which clusters may belong to."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    domains = pages.select("page_id", "domain").unionByName(earlier.select("page_id", "domain"))
    of_cluster = domains.groupBy("page_id").agg(f.min("domain").alias("to")).withColumnRenamed("page_id", "cluster")
    rows = decided.join(pages, "page_id").join(of_cluster, "cluster", "left")
    went = f.col("reason").isin("same_url", "near_duplicate")
    sums = rows.groupBy("domain").agg(
        f.count("page_id").alias("pages"),
        f.count_if("survives").alias("kept"),
        *(f.count_if(f.col("reason") == r).alias(r) for r in ("same_url", "near_duplicate", "unchanged")),
        f.sum("tokens").alias("tokens"),
        f.sum(f.when(went, f.col("tokens")).otherwise(0)).alias("tokens_lost"),
    )
    judged = f.col("pages") - f.col("unchanged")
    sums = sums.withColumn("lost", f.when(judged > 0, (f.col("same_url") + f.col("near_duplicate")) / judged))
    most = Window.partitionBy("domain").orderBy(f.desc("to_domain_pages"), "to_domain")
    copies = rows.where("reason = 'near_duplicate'").groupBy("domain", f.coalesce("to", f.lit("")).alias("to_domain"))
    to = copies.agg(f.count("page_id").alias("to_domain_pages")).withColumn("_row", f.row_number().over(most))
    return sums.join(to.where("_row = 1").drop("_row"), "domain", "left").fillna(
        {"to_domain": "", "to_domain_pages": 0}
    )


def losing_domains(batches: Iterator[pa.RecordBatch], most_lost: float) -> list[dict[str, object]]:
    """Domains of at least LEAST_PAGES pages that lost more than a share, those that lost most pages first."""
    found: list[dict[str, object]] = []
    for batch in batches:
        found += [
            row for row in batch.to_pylist()
            if row["lost"] is not None and row["lost"] > most_lost and row["pages"] - row["unchanged"] >= LEAST_PAGES
        ]  # fmt: skip
    return sorted(found, key=lambda r: (-int(r["same_url"]) - int(r["near_duplicate"]), r["domain"]))  # type: ignore[call-overload]
