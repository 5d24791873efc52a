"""python -m jobs.dedup: which mathematical pages are the same page twice (paper 2.1, step 2).

First by address: of one canonical URL the page fetched last stays. Then by text: MinHash brings pages together whose
word 5-grams may agree, the 5-grams themselves decide. With --earlier also against the stored signatures of earlier
versions. A version that goes on from another takes its signatures over and signs what is new. Left out on purpose:
passages that pages share (navigation, quotations).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import runner, spark_tables
from jobs.domain_losses import domain_losses, losing_domains
from jobs.duplicate_frames import (
    address_winners,
    candidate_pairs,
    compare,
    copy_leaders,
    joined_survivors,
    page_of,
    rank_column,
    removed_pages,
    why_it_stays,
)
from jobs.earlier_versions import SIGNED_AS, EarlierVersions, earlier_addresses
from jobs.lake import tables
from jobs.lake.catalog import Lake, Publication
from jobs.lake.datasets import DEDUPED, DOMAIN_LOSSES, MATH_PAGES, PAGES, SIGNATURES, Address, Dataset
from jobs.lake.manifest import Manifest
from jobs.lake.settings import SettingsError
from jobs.lake.stage import Stage, StageError
from jobs.page_frames import pages_of
from jobs.spark_tables import to_spark
from jobs.text.minhash import BELOW, Banding, sketch
from jobs.text.shingle_sets import pack
from jobs.versions import base_of, own_crawls
from jobs.web.urls import canonical_url

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterator[pa.RecordBatch]

PROBE = "Two sets are equal when each element of one is an element of the other. 2026年11月22日, 3.5 = 7/2."
"""Its sketch tells whether two versions of this code sign texts alike."""
NAMED_DOMAINS = 10  # in the log; the table has all


@dataclass(frozen=True)
class Dedup(runner.SparkSettings):
    """Find duplicates among the mathematical pages: by address, then near-duplicates by text."""

    threshold: float = 0.8
    """Jaccard similarity of word 5-grams from which two pages are one."""
    earlier: tuple[str, ...] = ()
    """Versions whose corpora stand: what they hold is not taken again. Their signatures are read, never their texts."""
    most_lost: float = 0.5
    """Share of its pages, 0 to 1, above which a domain's loss is an alarm: logged and reported, nothing stops."""

    def __post_init__(self) -> None:
        if not BELOW < self.threshold <= 1:
            raise SettingsError(f"--threshold {self.threshold}: a Jaccard similarity above {BELOW} and up to 1")
        if not 0 <= self.most_lost <= 1:
            raise SettingsError(f"--most-lost {self.most_lost}: a share of a domain's pages, 0 to 1")
        if self.version in self.earlier:
            raise SettingsError(f"--earlier {self.version}: this run itself writes version {self.version}")


def reads(settings: Dedup, lake: Lake) -> list[Address]:
    base = base_of(lake, settings.version)
    stored = [SIGNATURES.at(base)] if base else []
    crawls = own_crawls(lake, settings.version)
    return [MATH_PAGES.at(settings.version), *crawls, *stored, *earlier_addresses(settings.earlier)]


def writes(settings: Dedup) -> list[Address]:
    return [dataset.at(settings.version) for dataset in (SIGNATURES, DEDUPED, DOMAIN_LOSSES)]


def dedup(settings: Dedup, run: runner.SparkRun) -> None:
    banding = Banding.for_threshold(settings.threshold)
    signed_as = signing(settings.threshold, banding)
    run.figure(SIGNED_AS, signed_as)
    earlier = EarlierVersions.read(run, settings.earlier, signed_as)
    recalled = run.read(MATH_PAGES.at(settings.version), columns=["page_id", "url", "domain", "tokens"])
    stored = stored_signatures(run, settings, signed_as)
    unchanged = write_signatures(run, settings, banding, recalled.select("page_id"), stored, earlier)
    own = written(run, SIGNATURES).withColumn("rank", rank_column(stands=False))
    decided = decide(run, settings, own, earlier).unionByName(unchanged)
    run.write(DEDUPED, decided.join(recalled.select("page_id", "url"), "page_id"), key="page_id")
    run.spark.catalog.clearCache()
    told = domain_losses(written(run, DEDUPED), recalled.drop("url"), earlier.signatures)
    run.write(DOMAIN_LOSSES, told, key="domain")

    reasons = written_reasons(run.output(DEDUPED))
    run.drop("page_missing", run.rows_in - reasons.total())
    run.figure("reasons", dict(sorted(reasons.items())))
    gone = reasons["same_url"] + reasons["near_duplicate"] + reasons["unchanged"]
    run.figure("survivors", reasons.total() - gone)
    run.figure("bands", f"{banding.bands} x {banding.rows}")
    alarm(run, settings.most_lost)


def signing(threshold: float, banding: Banding) -> str:
    """What two runs must share for one to use the signatures of the other."""
    probe = sketch(PROBE, banding)
    digest = sha256(pack(probe.shingles) + probe.bands.tobytes() + b"%d" % probe.copies).hexdigest()[:12]
    return f"{threshold:g} {banding.bands}x{banding.rows} {digest}"


def stored_signatures(run: runner.SparkRun, settings: Dedup, signed_as: str) -> "DataFrame | None":
    """The signatures of the version that this one goes on from, None where it stands alone. Raises StageError where
    they cannot be taken over."""
    base = base_of(run.lake, settings.version)
    if not base:
        return None
    address = SIGNATURES.at(base)
    made = run.input(address)
    if made.figures.get(SIGNED_AS) != signed_as:
        raise StageError(
            f"{run.name}: {address} was signed as {made.figures.get(SIGNED_AS)!r}, this run signs as {signed_as!r}; "
            f"go on with the --threshold of {base}, or build a version that does not go on from it"
        )
    if settings.earlier or made.provenance.config.get("earlier"):
        raise StageError(
            f"{run.name}: {settings.version} goes on from {base}, which holds all pages; --earlier is for versions "
            "that hold only what is new. Choose one of the two ways, for both versions"
        )
    return spark_tables.read(run.spark, run.lake, [address], [made])


def write_signatures(
    run: runner.SparkRun,
    settings: Dedup,
    banding: Banding,
    chosen: "DataFrame",
    stored: "DataFrame | None",
    earlier: EarlierVersions,
) -> "DataFrame":
    """Sign the chosen pages that have no stored signature and write all signatures; returns the pages that needed none,
    as rows of DEDUPED without URL: an earlier version has seen their records."""
    from pyspark.sql import functions as f

    carried = 0
    if stored is not None:
        stored = stored.join(chosen, "page_id", "left_semi")
        carried = stored.count()
        chosen = chosen.join(stored.select("page_id"), "page_id", "left_anti")
    crawls = [a for a in reads(settings, run.lake) if a.dataset is PAGES]
    columns = ["url", "domain", "fetched_at", "formulas_kept", "content_digest", "text"]
    pages = pages_of(run, crawls, columns).join(chosen, "page_id")
    seen = pages_of(run, crawls, ["url", "content_digest"]).join(chosen, "page_id")
    unchanged = seen.join(earlier.records, ["url", "content_digest"]).select(
        "page_id", "cluster", f.lit(False).alias("survives"), "similarity", f.lit("unchanged").alias("reason")
    )  # fmt: skip
    if settings.earlier:
        unchanged = unchanged.persist()
        pages = pages.join(unchanged, "page_id", "left_anti")
    signed = pages.mapInArrow(signer(banding), to_spark(tables.SIGNATURES))
    rows = run.write(SIGNATURES, signed if stored is None else signed.unionByName(stored), key="page_id")
    size = sum(file.bytes for file in run.output(SIGNATURES).files)
    run.figure("signed_pages", rows - carried)
    run.figure("carried_signatures", carried)
    run.figure("signature_bytes", size)
    run.log(f"signed {rows - carried:,} pages, took over {carried:,} signatures, {size / max(rows, 1):,.0f} bytes each")
    return unchanged


def signer(banding: Banding) -> Callable[[Batches], Batches]:
    """What a task does: reduce pages to what comparisons need."""

    def sign(batches: Batches) -> Batches:
        for batch in batches:
            texts, urls = batch.column("text").to_pylist(), batch.column("url").to_pylist()
            found = [sketch(text, banding) for text in texts]
            bands = [band for s in found for band in s.bands.view("int64").tolist()]
            places = range(0, len(bands) + 1, banding.bands)
            columns = {
                **{name: batch.column(name) for name in ("page_id", "url", "domain", "fetched_at", "content_digest")},
                "address": [canonical_url(url) or url for url in urls], "formulas": batch.column("formulas_kept"),
                "chars": list(map(len, texts)), "copies": [s.copies for s in found],
                "wording": [s.masked.wording for s in found], "numbers": [s.masked.numbers for s in found],
                "size": [len(s.shingles) for s in found], "shingles": [pack(s.shingles) for s in found],
                "bands": pa.ListArray.from_arrays(pa.array(places, pa.int32()), pa.array(bands, pa.int64())),
            }  # fmt: skip
            arrays = [pa.array(columns[f.name], f.type) for f in tables.SIGNATURES]
            yield pa.RecordBatch.from_arrays(arrays, names=tables.SIGNATURES.names)

    return sign


def written(run: runner.SparkRun, dataset: Dataset) -> "DataFrame":
    """What this run has just written, before it is published: read back by columns, so that nothing is held."""
    output = run.output(dataset)
    so_far = Manifest(str(output.address), output.provenance, rows=0, size=0, files=tuple(output.files))
    return spark_tables.read(run.spark, run.lake, [output.address], [so_far])


def decide(run: runner.SparkRun, settings: Dedup, own: "DataFrame", earlier: EarlierVersions) -> "DataFrame":
    """Rows of DEDUPED, without URL, for every page with a signature."""
    from pyspark.sql import functions as f

    by_address = address_winners(own.select("rank", "page_id", "address", "fetched_at")).persist()
    won = own.join(by_address.where("rank = winner").select("rank", "same_address"), "rank")
    columns = ["rank", "copies", "size", "bands"]
    standing = earlier.signatures.select(*columns, f.lit(1).alias("same_address"))
    pages = copy_leaders(won.select(*columns, "same_address").unionByName(standing))
    pairs = candidate_pairs(pages.where("rank = leader"), settings.threshold)
    kept = ("rank", "shingles", "wording", "numbers")
    signatures = own.select(*kept).unionByName(earlier.signatures.select(*kept))
    edges = similar(run, pairs, signatures, settings.threshold)
    removed, rounds = removed_pages(edges)
    joined = joined_survivors(edges, removed)
    run.figure("rounds_in_spark", rounds)
    best = with_reasons(pages.where("rank like '1%'").drop("bands", "size"), joined).persist()
    return best.unionByName(older_copies(by_address, best, signatures)).drop("to")


def similar(run: runner.SparkRun, pairs: "DataFrame", signatures: "DataFrame", threshold: float) -> "DataFrame":
    """The pairs that are one page: alike, and not two exercises. Kept for the run; counts what it compared."""
    from pyspark.sql import Observation
    from pyspark.sql import functions as f

    counts = Observation()
    alike = f.col("similarity") >= threshold
    compared = compare(pairs, signatures).observe(
        counts,
        f.count(f.lit(1)).alias("pairs"),
        f.count_if(alike & f.col("only_numbers_differ")).alias("apart"),
    )
    edges = compared.where(alike & ~f.col("only_numbers_differ")).drop("only_numbers_differ").persist()
    found = edges.count()
    run.figure("compared_pairs", counts.get["pairs"])
    run.figure("kept_apart_by_numbers", counts.get["apart"])
    run.figure("similar_pairs", found)
    return edges


def with_reasons(pages: "DataFrame", joined: "DataFrame") -> "DataFrame":
    """Rows of DEDUPED, without URL, for the winners of their addresses: rank, copies' leader and same_address given."""
    from pyspark.sql import functions as f

    of_leader = joined.withColumnRenamed("worse", "leader")
    rows = pages.join(of_leader, "leader", "left").withColumn("to", f.coalesce("better", "leader"))
    second = f.min(f.when(f.col("rank") != f.col("to"), f.col("rank"))).alias("second")
    rows = rows.join(rows.groupBy("to").agg(second), "to")
    stays = f.col("rank") == f.col("to")
    newest = f.col("second").isNull() & (f.col("same_address") > 1)
    return rows.select(
        page_of("rank").alias("page_id"), page_of("to").alias("cluster"), stays.alias("survives"),
        f.coalesce("similarity", f.lit(1.0)).alias("similarity"),
        f.when(~stays, "near_duplicate").when(newest, "newest").otherwise(why_it_stays()).alias("reason"),
        "to",
    )  # fmt: skip


def older_copies(by_address: "DataFrame", best: "DataFrame", signatures: "DataFrame") -> "DataFrame":
    """The same for the pages whose address has a newer one: they follow it."""
    from pyspark.sql import functions as f

    newer = best.select(f.col("page_id").alias("newer"), f.col("to").alias("better"))
    losers = by_address.where("rank != winner").select(f.col("rank").alias("worse"), page_of("winner").alias("newer"))
    compared = compare(losers.join(newer, "newer").select("better", "worse"), signatures)
    return compared.select(
        page_of("worse").alias("page_id"), page_of("better").alias("cluster"), f.lit(False).alias("survives"),
        "similarity", f.lit("same_url").alias("reason"), f.col("better").alias("to"),
    )  # fmt: skip


def written_reasons(publication: Publication) -> Counter[str]:
    """How many pages have each reason, read back from what was written."""
    found: Counter[str] = Counter()
    for file in publication.files:
        with publication.lake.storage.open_input(publication.name(file.name)) as stream:
            found.update(pq.read_table(stream, columns=["reason"])["reason"].to_pylist())
    return found


def alarm(run: runner.SparkRun, most_lost: float) -> None:
    """Tell which domains lost more than the share: in the log, and as a figure for the report."""
    output = run.output(DOMAIN_LOSSES)

    def batches() -> Batches:
        for file in output.files:
            with run.lake.storage.open_input(output.name(file.name)) as stream:
                yield from pq.ParquetFile(stream).iter_batches()

    found = losing_domains(batches(), most_lost)
    for row in found[:NAMED_DOMAINS]:
        run.log(
            f"warning: {row['domain']!r} lost {row['lost']:.0%} of {row['pages']:,} pages: {row['same_url']:,} by "
            f"address, {row['near_duplicate']:,} by text, {row['to_domain_pages']:,} of these for {row['to_domain']!r}"
        )
    if found:
        run.log(f"warning: {len(found):,} domain(s) lost more than {most_lost:.0%}; see {output.address}")
    run.figure("domains_over_most_lost", len(found))
    named = [f"{r['domain']}: {r['lost']:.1%} of {r['pages']:,} pages" for r in found[:NAMED_DOMAINS]]
    run.figure("losing_domains", named)


STAGE = Stage(Dedup, dedup, reads=reads, writes=writes)

if __name__ == "__main__":
    runner.run(STAGE)
