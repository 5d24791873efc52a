"""Which domains are mathematical, and which parts of them a person should look at (paper 2.1, step 4).

    python -m jobs.domains --round 1

A domain with more than 10% of its pages recalled is mathematical. Its URL prefixes are listed where their shares
differ, with pages that were not recalled as samples: approved, they join the seed of the next round. Those come first
of which approval should bring most tokens; `python -m jobs.candidates` writes them to a file for people to decide on.

The addresses of one mathematical domain must fit in a worker's memory, about 300 bytes a page.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs import rounds, runner, written_rows
from jobs.domain_shares import Prefix, expected_tokens, is_mathematical, prefix_tree, share_interval
from jobs.lake.catalog import Lake
from jobs.lake.datasets import DOMAINS, RECALLED, Address
from jobs.lake.stage import Stage
from jobs.lake.tables import PREFIX
from jobs.runner import SparkRun, SparkSettings
from jobs.text.normalise import count_tokens

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COUNTED = "page_id string, url string, domain string, tokens long"
PREFIX_LIST = (
    "array<struct<prefix: string, pages: bigint, recalled: bigint, share: double, share_low: double, "
    "share_high: double, missed_tokens: bigint, expected_tokens: bigint, samples: array<string>>>"
)
JUDGED = (
    "domain string, pages long, recalled long, share double, share_low double, share_high double, tokens long, "
    "missed_tokens long, expected_tokens long, mathematical boolean"
)


@dataclass(frozen=True)
class Domains(SparkSettings):
    """Count recalled pages by domain and list the prefixes of mathematical ones."""

    round: int = 1
    """Which round of recall is counted."""
    above_share: float = 0.1
    """A domain with a greater share of its pages recalled is mathematical (paper: 10%)."""
    min_pages: int = 5
    """Domains of fewer pages are never called mathematical: one page would make a share of 100%."""
    prefix_pages: int = 5
    """A prefix below a host is listed only where it holds so many pages."""
    prefix_differs: float = 0.2
    """A prefix is listed only where its share differs so much from that of the one above it, and not by chance."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)


def reads(settings: Domains, lake: Lake) -> list[Address]:
    return [*rounds.crawled_pages(lake, settings.version), RECALLED.at(settings.version, settings.round)]


def domains(settings: Domains, run: SparkRun) -> None:
    from pyspark.sql import functions as F

    run.count_in(rounds.count_pages(run, settings.version))
    pages = rounds.read_pages(run, settings.version, ["page_id", "url", "domain", "text"])
    recalled = run.read(RECALLED.at(settings.version, settings.round), columns=["page_id"]).withColumn(
        "recalled", F.lit(True)
    )
    marked = (
        pages.mapInArrow(count_page_tokens, COUNTED)
        .join(recalled, "page_id", "left")
        .fillna(False, "recalled")
        .persist()  # grouped twice: by domain, then prefixes of the mathematical ones
    )
    counted = count_domains(settings, marked).persist()
    of_mathematical = marked.join(counted.where("mathematical").select("domain"), "domain")
    prefixes = of_mathematical.select("domain", "url", "recalled", "tokens").groupBy("domain").applyInArrow(
        list_prefixes(settings.prefix_pages, settings.prefix_differs), f"domain string, prefixes {PREFIX_LIST}"
    )  # fmt: skip
    frame = counted.join(prefixes, "domain", "left").withColumn(
        "prefixes", F.coalesce("prefixes", F.array().cast(PREFIX_LIST))
    )
    run.write(DOMAINS, frame, key="domain")
    tell(run)


def tell(run: SparkRun) -> None:
    """Counts of domains, mathematical ones and their prefixes, from what was written."""
    domains = mathematical = candidates = 0
    for batch in written_rows.read(run.output(DOMAINS), ["mathematical", "prefixes"]):
        domains += batch.num_rows
        mathematical += pc.sum(batch["mathematical"]).as_py() or 0
        candidates += pc.sum(pc.list_value_length(batch["prefixes"])).as_py() or 0
    run.figure("domains", domains)
    run.figure("mathematical", mathematical)
    run.figure("candidates", candidates)
    run.log(f"{domains:,} domains, {mathematical:,} mathematical, {candidates:,} prefixes to judge")


def count_page_tokens(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pages -> their token counts, without the text."""
    for batch in batches:
        counts = [count_tokens(text) for text in batch.column("text").to_pylist()]
        yield pa.RecordBatch.from_pydict(
            {**{c: batch.column(c) for c in ("page_id", "url", "domain")}, "tokens": pa.array(counts, pa.int64())}
        )


def count_domains(settings: Domains, marked: "DataFrame") -> "DataFrame":
    """One row for each domain, all columns but the prefixes."""
    from pyspark.sql import functions as F

    hit = F.col("recalled")
    counts = marked.groupBy("domain").agg(
        F.count("*").alias("pages"),
        F.count(F.when(hit, 1)).alias("recalled"),
        F.sum(F.when(hit, F.col("tokens")).otherwise(0)).alias("tokens"),
        F.sum(F.when(hit, 0).otherwise(F.col("tokens"))).alias("missed_tokens"),
    )

    # Spark refuses a result whose fields are not nullable, as those of the dataset are.
    schema = pa.schema([pa.field(f.name, f.type) for f in DOMAINS.schema or () if f.name != "prefixes"])

    def judge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([judged(settings, row) for row in batch.to_pylist()], schema)

    return counts.mapInArrow(judge, JUDGED)


def judged(settings: Domains, row: dict[str, Any]) -> dict[str, Any]:
    """A domain's counts with its share, how sure that is, and what it means."""
    pages, recalled = row["pages"], row["recalled"]
    share, (low, high) = recalled / pages, share_interval(recalled, pages)
    return {
        **row, "share": share, "share_low": low, "share_high": high,
        "expected_tokens": expected_tokens(row["missed_tokens"], share),
        "mathematical": is_mathematical(pages, recalled, settings.above_share, settings.min_pages),
    }  # fmt: skip


def list_prefixes(min_pages: int, differs_by: float) -> Callable[[pa.Table], pa.Table]:
    """All pages of one domain -> one row with its listed prefixes."""

    nullable_prefixes = pa.list_(pa.struct([pa.field(f.name, f.type) for f in PREFIX]))

    def listed(pages: pa.Table) -> pa.Table:
        columns = (pages[name].to_pylist() for name in ("url", "recalled", "tokens"))
        found = [listed_prefix(p) for p in prefix_tree(list(zip(*columns, strict=True)), min_pages, differs_by)]
        return pa.table({
            "domain": [pages["domain"][0].as_py()],
            "prefixes": pa.array([found], nullable_prefixes),
        })  # fmt: skip

    return listed


def listed_prefix(prefix: Prefix) -> dict[str, Any]:
    """A prefix as a row of the dataset."""
    low, high = share_interval(prefix.recalled, prefix.pages)
    return {
        "prefix": prefix.prefix, "pages": prefix.pages, "recalled": prefix.recalled, "share": prefix.share,
        "share_low": low, "share_high": high, "missed_tokens": prefix.missed_tokens,
        "expected_tokens": prefix.expected_tokens, "samples": list(prefix.samples),
    }  # fmt: skip


STAGE = Stage(Domains, domains, writes=lambda s: [DOMAINS.at(s.version, s.round)], reads=reads)

if __name__ == "__main__":
    runner.run(STAGE)
